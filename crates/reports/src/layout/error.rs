/// Why a document cannot be made. Each kind is the fault of the data that it was to be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// No font has these characters. `docs/DOCUMENTS.md` tells how to add one.
    #[error("no font has {}", named(characters))]
    NoGlyph { characters: Vec<char> },
    /// A template names a field that the data does not have.
    #[error("the template names {{{field}}}, and the fields are {}", known.join(", "))]
    UnknownField { field: String, known: Vec<String> },
    /// A template has a brace that is not closed or not opened. Lines count from 1.
    #[error("line {line} of the template has a brace without its other half; write {{{{ or }}}} for a brace itself")]
    Brace { line: usize },
    /// What a QR code is to say is longer than one holds.
    #[error("{bytes} bytes are more than a QR code holds")]
    LongCode { bytes: usize },
    /// A picture is neither PNG nor JPEG, or damaged.
    #[error("the picture is neither PNG nor JPEG, or it is damaged: {detail}")]
    Picture { detail: String },
    /// A text is longer than the place for it.
    #[error("{what} does not fit into its place")]
    TooLong { what: &'static str },
    /// A table has a row with more or fewer cells than it has columns. Rows count from 1.
    #[error("row {row} has {cells} cells, and the table has {columns} columns")]
    RowWidth { row: usize, cells: usize, columns: usize },
    /// The file could not be written in its format.
    #[error("the {format} file cannot be written: {detail}")]
    Write { format: &'static str, detail: String },
}

fn named(characters: &[char]) -> String {
    let named: Vec<_> =
        characters.iter().map(|&character| format!("{character} (U+{:04X})", u32::from(character))).collect();
    named.join(", ")
}
