//! PDF files as a person sees them: pictures of their pages, and their text, by poppler's tools.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset};
use reports::documents::{Document, pdf};
use reports::fonts::Fonts;

pub static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::bundled().expect("the bundled fonts"));

/// Of the pictures that are compared. Enough to see a line that moved by half a millimetre.
const DOTS_PER_INCH: &str = "60";

/// How different a dot may be (of 255), and how many in a thousand may be more different than that:
/// poppler draws the edges of letters a little differently from version to version.
const SAME_DOT: u8 = 36;
const OTHER_DOTS: usize = 1;

pub fn made() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-22T09:30:00+08:00").expect("a time")
}

/// A document as a file in the folder of the tests, where a person can look at it.
pub fn file<D: Document + ?Sized>(name: &str, document: &D) -> PathBuf {
    keep(name, &pdf(document, &FONTS, made()).expect(name))
}

pub fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pdf"));
    std::fs::write(&path, bytes).expect("the folder of the tests can be written to");
    path
}

/// The text that can be searched and copied.
pub fn text(path: &Path) -> String {
    let arguments = ["-layout", "-enc", "UTF-8"].map(Into::into);
    let output = poppler("pdftotext", &[&arguments[..], &[path.into(), "-".into()]].concat());
    String::from_utf8(output).expect("UTF-8")
}

/// The same without spaces and line ends, which depend on where the lines were broken.
pub fn letters(path: &Path) -> String {
    text(path).chars().filter(|character| !character.is_whitespace()).collect()
}

pub fn pages(path: &Path) -> usize {
    let output = String::from_utf8(poppler("pdfinfo", &[path.into()])).expect("UTF-8");
    let count = output.lines().find_map(|line| line.strip_prefix("Pages:"));
    count.and_then(|count| count.trim().parse().ok()).expect("pdfinfo says how many pages there are")
}

/// Compares a page with its picture in `golden/`. With `UPDATE=1` the picture is made anew: look at it.
pub fn looks_as_before(path: &Path, page: usize) {
    let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
    let seen = path.with_file_name(format!("{name}-{page}.png"));
    let number = page.to_string();
    let arguments = ["-png", "-gray", "-singlefile", "-r", DOTS_PER_INCH, "-f", &number, "-l", &number];
    let mut arguments: Vec<_> = arguments.iter().map(Into::into).collect();
    arguments.extend([path.into(), seen.with_extension("").into()]);
    poppler("pdftoppm", &arguments);

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/golden");
    let golden = folder.join(seen.file_name().expect("a name"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::copy(&seen, &golden).expect("the picture can be kept");
    }
    let (seen_size, seen_dots) = dots(&seen);
    let (golden_size, golden_dots) = dots(&golden);
    assert_eq!(seen_size, golden_size, "{name}: page {page} has another size");
    let pairs = seen_dots.iter().zip(&golden_dots);
    let others = pairs.filter(|(one, other)| one.abs_diff(**other) > SAME_DOT).count();
    let allowed = golden_dots.len() * OTHER_DOTS / 1000;
    assert!(
        others <= allowed,
        "{name}: page {page} differs in {others} dots, and {allowed} may; compare {} with {}, \
         and run with UPDATE=1 if the new one is right",
        seen.display(),
        golden.display()
    );
}

fn dots(path: &Path) -> ((u32, u32), Vec<u8>) {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("a PNG");
    let mut dots = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut dots).expect("a picture");
    (reader.info().size(), dots)
}

fn poppler(program: &str, arguments: &[std::ffi::OsString]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; install poppler-utils"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Width and height of the first page in whole points.
pub fn paper(path: &Path) -> (i64, i64) {
    let output = String::from_utf8(poppler("pdfinfo", &[path.into()])).expect("UTF-8");
    let size = output.lines().find_map(|line| line.strip_prefix("Page size:")).expect("pdfinfo says the size");
    let mut numbers =
        size.split_whitespace().filter_map(|word| word.parse::<f64>().ok()).map(|points| points.round() as i64);
    (numbers.next().expect("a width"), numbers.next().expect("a height"))
}

/// A line for each font of a file: its name, and whether it is embedded, a subset, and mapped to Unicode.
pub fn embedded_fonts(path: &Path) -> Vec<String> {
    let output = String::from_utf8(poppler("pdffonts", &[path.into()])).expect("UTF-8");
    output.lines().skip(2).map(str::to_owned).collect()
}
