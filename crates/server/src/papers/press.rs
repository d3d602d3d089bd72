//! What papers are printed with: the fonts, and the address under which they can be verified.

use anyhow::Context;
use chrono::{DateTime, FixedOffset, Utc};
use reports::fonts::Fonts;
use reports::layout::DocumentError;
use scheme::certificates::CertificateError;
use scheme::config::Scheme;
use std::path::PathBuf;
use std::sync::OnceLock;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Printing {
    /// Address under which anybody reaches this server, such as `https://aixin.example.cn`: certificates say it, and their QR
    /// codes lead there. Without it they have no QR code
    #[arg(long, value_name = "URL", env = "AIXIN_PUBLIC_URL")]
    public_url: Option<String>,

    /// Fonts for characters that those inside the program lack: files or folders, with `:` between them
    #[arg(long, value_name = "PATHS", env = "AIXIN_FONTS", value_delimiter = ':')]
    fonts: Vec<PathBuf>,
}

/// What papers are printed with. Fonts are unpacked when the first paper needs them.
#[derive(Debug, Clone, Default)]
pub struct Press {
    public_url: Option<String>,
}

impl Press {
    /// Fails when an address or a font that was named cannot be used.
    pub fn new(printing: &Printing) -> anyhow::Result<Press> {
        if !printing.fonts.is_empty() {
            fonts(&printing.fonts)?;
        }
        Ok(Press { public_url: printing.public_url.as_deref().map(address).transpose()? })
    }

    /// Takes a tenth of a second for the first time.
    pub fn fonts(&self) -> anyhow::Result<&'static Fonts> {
        fonts(&[])
    }

    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref()
    }
}

/// The fonts of this process: those that the program carries, and those that were added before anything was printed.
pub(super) fn fonts(added: &[PathBuf]) -> anyhow::Result<&'static Fonts> {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    if let Some(fonts) = FONTS.get() {
        return Ok(fonts);
    }
    let mut fonts = Fonts::bundled().context("the fonts inside the program are damaged")?;
    for path in added {
        fonts.add_path(path).with_context(|| format!("cannot use the font {}", path.display()))?;
    }
    Ok(FONTS.get_or_init(|| fonts))
}

/// Without a slash at its end.
fn address(text: &str) -> anyhow::Result<String> {
    let url = reqwest::Url::parse(text.trim()).context("the public address is no address")?;
    anyhow::ensure!(
        ["http", "https"].contains(&url.scheme()) && url.host().is_some() && url.query().is_none(),
        "the public address must be like https://aixin.example.cn"
    );
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A moment as the clock on the wall of the scheme shows it.
pub fn local(config: &Scheme, moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    moment.with_timezone(&config.time_zone).fixed_offset()
}

/// Why something cannot be printed, in both languages.
pub fn told(error: &DocumentError) -> (String, String) {
    let zh = match error {
        DocumentError::NoGlyph { characters } => {
            let named: Vec<String> =
                characters.iter().map(|letter| format!("{letter}（U+{:04X}）", u32::from(*letter))).collect();
            format!("没有字体能显示 {}，请按 DOCUMENTS.md 添加字体", named.join("、"))
        }
        DocumentError::UnknownField { field, known } => {
            format!("模板中的 {{{field}}} 不是已有的栏目；有：{}", known.join("、"))
        }
        DocumentError::Brace { line } => format!("模板第 {line} 行的大括号不成对"),
        DocumentError::LongCode { .. } => "二维码的内容过长".to_owned(),
        DocumentError::Picture { .. } => "图片不是 PNG 或 JPEG，或已损坏".to_owned(),
        DocumentError::TooLong { .. } => "文字太长，放不下".to_owned(),
        DocumentError::RowWidth { .. } | DocumentError::Write { .. } => "文件无法生成".to_owned(),
    };
    (zh, error.to_string())
}

pub fn unprintable(error: &DocumentError) -> CertificateError {
    let (zh, en) = told(error);
    CertificateError::Unprintable { zh, en }
}
