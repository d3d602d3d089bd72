//! What all files share that are made on demand: papers, registers, lists.

use crate::api::call::Call;
use crate::api::error::{Code, Problem};
use crate::papers::{Format, told, unknown_fields};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING};
use actix_web::web;
use chrono::{DateTime, FixedOffset};
use reports::documents::table::Table;
use reports::documents::{Document, pdf};
use reports::formats::csv::csv;
use reports::formats::html::html;
use reports::formats::xlsx::xlsx;
use reports::layout::DocumentError;

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        if matches!(error, DocumentError::Write { .. } | DocumentError::RowWidth { .. }) {
            return Problem::internal(error);
        }
        let (zh, en) = told(&error);
        Problem::new(Code::Unprintable).detail(zh, en)
    }
}

/// Makes a PDF file, apart from the threads that answer.
pub async fn print<O, A, I, D>(
    call: &Call<O, A, I>,
    document: D,
    made: DateTime<FixedOffset>,
) -> Result<Vec<u8>, Problem>
where
    D: Document + Send + 'static,
{
    let press = call.press().clone();
    let made = web::block(move || match press.fonts() {
        Ok(fonts) => pdf(&document, fonts, made).map_err(Problem::from),
        Err(error) => Err(Problem::internal(format!("{error:#}"))),
    });
    made.await.map_err(Problem::internal)?
}

/// A table as a file of any form.
pub async fn sheet<O, A, I>(
    call: &Call<O, A, I>,
    table: Table,
    format: Format,
    name: &str,
    made: DateTime<FixedOffset>,
) -> Result<HttpResponse, Problem> {
    let bytes = match format {
        Format::Pdf => print(call, table, made).await?,
        Format::Xlsx => web::block(move || xlsx(&table, made)).await.map_err(Problem::internal)??,
        Format::Csv => csv(&table)?,
        Format::Html => html(&table)?.into_bytes(),
    };
    Ok(handed(name, format, bytes))
}

/// 422, with every field of a text that nobody knows.
pub fn refuse_unknown_fields(text: &str, known: &[&str]) -> Result<(), Problem> {
    let unknown = unknown_fields(text, known)?;
    if unknown.is_empty() {
        return Ok(());
    }
    let zh = format!("没有这些栏目：{}；有：{}", unknown.join("、"), known.join("、"));
    let en = format!("no such fields: {}; there are {}", unknown.join(", "), known.join(", "));
    Err(Problem::invalid_value("/text", "unknown_field", &zh, &en))
}

/// A page to be shown, or a file to be kept.
pub fn handed(name: &str, format: Format, bytes: Vec<u8>) -> HttpResponse {
    match format {
        Format::Html => HttpResponse::Ok().content_type(format.content_type()).body(bytes),
        _ => attachment(&format!("{name}.{}", format.extension()), format.content_type(), bytes),
    }
}

/// A file to be kept. Names are made of numbers and words of this program: nobody's name is in them.
pub fn attachment(name: &str, kind: &str, bytes: Vec<u8>) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    if !kind.starts_with("text/") {
        // It is packed already.
        answer.insert_header((CONTENT_ENCODING, "identity"));
    }
    answer.content_type(kind.to_owned()).body(bytes)
}
