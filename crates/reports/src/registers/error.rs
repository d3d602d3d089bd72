//! Why a register cannot be read at all.

use super::{LARGEST_FILE_BYTES, MOST_ROWS};

/// Why a register cannot be read at all. `Display` is the sentence in English.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    #[error("the file has {bytes} bytes, and at most {LARGEST_FILE_BYTES} are read")]
    TooLarge { bytes: usize },
    #[error("the file is empty")]
    Empty,
    #[error(
        "the file is an old .xls or .et workbook or has a password: save it as .xlsx without a password, or as CSV"
    )]
    OldOrEncryptedWorkbook,
    #[error("the workbook is damaged or is no workbook: {detail}")]
    Unreadable { detail: String },
    #[error("the workbook unpacks to more than a register can hold")]
    TooMuchContent,
    #[error("the register has more than {MOST_ROWS} rows")]
    TooManyRows,
    #[error(
        "the workbook counts its days from 1904: switch that option off in Excel, check the dates, and save it again"
    )]
    DatesFrom1904,
    #[error("no row of headers was found among the first rows")]
    HeaderNotFound,
    #[error("the register has no column for: {}", columns.join(", "))]
    MissingColumns { columns: Vec<&'static str> },
    #[error("these columns mean the same, so that none can be chosen: {}", columns.join(", "))]
    DuplicateColumns { columns: Vec<String> },
    #[error("several sheets hold a register ({}): save each as a file of its own", sheets.join(", "))]
    SeveralSheets { sheets: Vec<String> },
    #[error("a quotation mark opened in row {line} is never closed")]
    UnclosedQuote { line: u32 },
}

impl RegisterError {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "file_too_large",
            Self::Empty => "file_empty",
            Self::OldOrEncryptedWorkbook => "old_or_encrypted_workbook",
            Self::Unreadable { .. } => "unreadable_workbook",
            Self::TooMuchContent => "too_much_content",
            Self::TooManyRows => "too_many_rows",
            Self::DatesFrom1904 => "dates_from_1904",
            Self::HeaderNotFound => "header_not_found",
            Self::MissingColumns { .. } => "missing_columns",
            Self::DuplicateColumns { .. } => "duplicate_columns",
            Self::SeveralSheets { .. } => "several_sheets",
            Self::UnclosedQuote { .. } => "unclosed_quote",
        }
    }

    /// The sentence in Chinese.
    pub fn message_zh(&self) -> String {
        match self {
            Self::TooLarge { bytes } => {
                format!("文件有 {bytes} 字节，最多只能读取 {LARGEST_FILE_BYTES} 字节")
            }
            Self::Empty => "文件是空的".to_owned(),
            Self::OldOrEncryptedWorkbook => {
                "这是旧版 .xls 或 .et 表格，或者设有密码：请去掉密码，另存为 .xlsx 或 CSV".to_owned()
            }
            Self::Unreadable { detail } => format!("表格文件已损坏，或者不是表格文件：{detail}"),
            Self::TooMuchContent => "表格解压后的内容过大，不像是登记表".to_owned(),
            Self::TooManyRows => format!("登记表超过 {MOST_ROWS} 行"),
            Self::DatesFrom1904 => "表格使用 1904 日期系统：请在 Excel 选项中关闭，核对日期后重新保存".to_owned(),
            Self::HeaderNotFound => "在前几行中没有找到表头".to_owned(),
            Self::MissingColumns { columns } => format!("登记表缺少以下列：{}", columns.join("、")),
            Self::DuplicateColumns { columns } => {
                format!("以下几列含义相同，无法确定用哪一列：{}", columns.join("、"))
            }
            Self::SeveralSheets { sheets } => {
                format!("有多个工作表都是登记表（{}），请分别另存为单独的文件", sheets.join("、"))
            }
            Self::UnclosedQuote { line } => format!("第 {line} 行开始的引号没有结束"),
        }
    }
}
