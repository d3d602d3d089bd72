//! What the documents look like and say, and what the spreadsheets made of them hold.

mod batches;
mod certificates;
mod fonts;
mod hostile;
mod papers;
mod rare;
mod rendering;
mod samples;
mod tables;
