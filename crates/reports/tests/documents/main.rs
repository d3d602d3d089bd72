//! What the documents look like and say, and what the spreadsheets made of them hold.

mod certificates;
mod rendering;
mod samples;
mod tables;
