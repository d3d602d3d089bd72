//! Thousands of documents at once.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, FixedOffset};

use crate::fonts::Fonts;
use crate::layout::DocumentError;
use crate::layout::pdf::PdfFile;

use super::{Document, pdf};

/// Many documents in one PDF file, for a printer. Only the pages that were added are kept, packed; the
/// documents themselves may come from a stream.
pub struct Bundle<'f> {
    fonts: &'f Fonts,
    file: PdfFile<'f>,
    pages: usize,
}

impl<'f> Bundle<'f> {
    /// # Errors
    /// [`DocumentError::Write`]
    pub fn new(fonts: &'f Fonts, title: &str, made: DateTime<FixedOffset>) -> Result<Self, DocumentError> {
        Ok(Self { fonts, file: PdfFile::new(fonts, title, made)?, pages: 0 })
    }

    /// Adds a document, and says how many pages there are now. One that cannot be made leaves nothing
    /// behind, and the others can be added all the same.
    ///
    /// # Errors
    /// [`DocumentError`]
    pub fn add<D>(&mut self, document: &D) -> Result<usize, DocumentError>
    where
        D: Document + ?Sized,
    {
        let sheets = document.sheets(self.fonts)?;
        for sheet in &sheets {
            self.file.add(sheet)?;
        }
        self.pages += sheets.len();
        Ok(self.pages)
    }

    /// The file.
    ///
    /// # Errors
    /// [`DocumentError::Write`]
    pub fn finish(self) -> Result<Vec<u8>, DocumentError> {
        self.file.finish()
    }
}

/// Makes each document a file of its own, with this many threads, and hands each over as soon as it is
/// made: `done` is told its place in the list and its bytes, and says whether to go on. Nothing is kept
/// between two documents, so one that stopped after some of them goes on with those that are left.
///
/// `done` is called by one thread at a time; the documents come in the order in which they get ready.
pub fn each<D, B>(
    documents: &[D],
    fonts: &Fonts,
    made: DateTime<FixedOffset>,
    threads: usize,
    done: impl FnMut(usize, Result<Vec<u8>, DocumentError>) -> ControlFlow<B> + Send,
) -> ControlFlow<B>
where
    D: Document + Sync,
    B: Send,
{
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let state = Mutex::new((done, ControlFlow::Continue(())));
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(document) = documents.get(at) else { return };
            let file = pdf(document, fonts, made);
            // Poisoned only when `done` has panicked, which goes on to the caller when the threads end.
            let Ok(mut state) = state.lock() else { return };
            if state.1.is_break() {
                return;
            }
            if let ControlFlow::Break(reason) = (state.0)(at, file) {
                state.1 = ControlFlow::Break(reason);
                stopped.store(true, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    state.into_inner().map_or(ControlFlow::Continue(()), |(_, flow)| flow)
}
