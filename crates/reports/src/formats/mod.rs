//! Tables as files for programs: workbooks, CSV, and pages for a browser.

pub mod csv;
pub mod html;
pub mod xlsx;
