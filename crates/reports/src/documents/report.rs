//! Several tables as one paper, workbook, list or page: statistics, statements.

use super::Document;
use super::table::Table;
use crate::fonts::Fonts;
use crate::layout::{DocumentError, Sheet};

/// Tables under one title. In a workbook each has a sheet with its title as the name, and all charts stand on the last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub title: String,
    pub tables: Vec<Table>,
}

impl Document for Report {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let mut sheets = Vec::new();
        for table in &self.tables {
            sheets.extend(table.sheets(fonts)?);
        }
        Ok(sheets)
    }
}
