//! What all files share that are made on demand: papers, registers, lists.

use crate::api::call::Call;
use crate::api::error::{Code, Problem};
use crate::papers::told;
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
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// In which form something is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Pdf,
    Xlsx,
    Csv,
    Html,
}

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
    match format {
        Format::Pdf => Ok(attachment(&format!("{name}.pdf"), "application/pdf", print(call, table, made).await?)),
        Format::Xlsx => {
            let bytes = web::block(move || xlsx(&table, made)).await.map_err(Problem::internal)??;
            let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            Ok(attachment(&format!("{name}.xlsx"), kind, bytes))
        }
        Format::Csv => Ok(attachment(&format!("{name}.csv"), "text/csv; charset=utf-8", csv(&table)?)),
        Format::Html => Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html(&table)?)),
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
