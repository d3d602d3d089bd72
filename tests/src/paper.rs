//! PDF files as readers see them, by poppler's tools.

use std::io::Write;
use std::process::Command;

/// The text that can be searched and copied, without spaces and line ends, which depend on where lines were broken.
///
/// # Panics
///
/// When it is no PDF file, or poppler is not installed.
pub fn letters(pdf: &[u8]) -> String {
    poppler("pdftotext", &["-layout", "-enc", "UTF-8"], pdf).chars().filter(|letter| !letter.is_whitespace()).collect()
}

/// How many pages it has.
///
/// # Panics
///
/// As [`letters`].
pub fn pages(pdf: &[u8]) -> usize {
    let told = poppler("pdfinfo", &[], pdf);
    let count = told.lines().find_map(|line| line.strip_prefix("Pages:"));
    count.and_then(|count| count.trim().parse().ok()).expect("pdfinfo says how many pages there are")
}

fn poppler(program: &str, options: &[&str], pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(pdf).expect("it can be written");
    let mut command = Command::new(program);
    command.args(options).arg(file.path());
    if program == "pdftotext" {
        command.arg("-");
    }
    let output = command.output().expect("poppler is installed: `tests/run` does so");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
