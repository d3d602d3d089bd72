//! Thousands of papers at once: one file for a printer, or a file each in a folder that can be gone on with.
//!
//! A folder has a list of what is done, `manifest.jsonl`: a line is written once its file is whole, so that a run that was
//! stopped goes on where it ended. Files are called by numbers; nobody's name is in them.

use crate::papers;
use anyhow::{Context, anyhow};
use chrono::{DateTime, FixedOffset};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::documents::{Bundle, Document, each};
use reports::fonts::Fonts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const THREADS: usize = 2;
const MANIFEST: &str = "manifest.jsonl";

#[derive(clap::Args)]
pub struct Target {
    /// One file with all of them, for a printer
    #[arg(long, value_name = "FILE", conflicts_with = "folder", required_unless_present = "folder")]
    output: Option<PathBuf>,

    /// A file each, in this folder; what is in it already is not made again
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Where papers go.
pub struct Sink {
    fonts: &'static Fonts,
    kind: Kind,
    bar: ProgressBar,
}

enum Kind {
    Bundle { bundle: Box<Bundle<'static>>, path: PathBuf },
    Folder { path: PathBuf, done: HashSet<String>, manifest: File },
}

impl Target {
    /// `title`: what the one file calls itself.
    pub fn open(&self, title: &str, made: DateTime<FixedOffset>, count: usize) -> anyhow::Result<Sink> {
        let fonts = papers::fonts()?;
        let kind = match (&self.output, &self.folder) {
            (Some(path), _) => Kind::Bundle { bundle: Box::new(Bundle::new(fonts, title, made)?), path: path.clone() },
            (None, Some(path)) => folder(path)?,
            (None, None) => return Err(anyhow!("say where to: --output FILE or --folder FOLDER")),
        };
        let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}");
        Ok(Sink { fonts, kind, bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())) })
    }
}

fn folder(path: &Path) -> anyhow::Result<Kind> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
    let list = path.join(MANIFEST);
    let known = std::fs::read_to_string(&list).unwrap_or_default();
    // A line that was cut off is of a file that is made again.
    let names = known.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let names = names.filter_map(|line| line["file"].as_str().map(str::to_owned));
    let done = names.filter(|name| path.join(name).is_file()).collect();
    let mut manifest = OpenOptions::new().create(true).append(true).open(&list)?;
    if !known.is_empty() && !known.ends_with('\n') {
        writeln!(manifest)?;
    }
    Ok(Kind::Folder { path: path.to_owned(), done, manifest })
}

impl Sink {
    /// Whether the paper of this name is still to be made.
    pub fn wants(&self, name: &str) -> bool {
        match &self.kind {
            Kind::Bundle { .. } => true,
            Kind::Folder { done, .. } => !done.contains(&format!("{name}.pdf")),
        }
    }

    /// Something that needs no paper any more.
    pub fn skip(&self) {
        self.bar.inc(1);
    }

    /// Makes papers; `names` are theirs, in the same order.
    pub fn take<D: Document + Sync>(
        &mut self,
        names: &[String],
        documents: &[D],
        made: DateTime<FixedOffset>,
    ) -> anyhow::Result<()> {
        let bar = self.bar.clone();
        match &mut self.kind {
            Kind::Bundle { bundle, .. } => {
                for (name, document) in names.iter().zip(documents) {
                    bundle.add(document).map_err(|error| refused(name, &error))?;
                    bar.inc(1);
                }
                Ok(())
            }
            Kind::Folder { path, done, manifest } => {
                let keep = |at: usize, file: Result<Vec<u8>, reports::layout::DocumentError>| {
                    let name = names.get(at).cloned().unwrap_or_default();
                    let kept = file.map_err(|error| refused(&name, &error)).and_then(|bytes| keep(path, &name, &bytes));
                    let listed = kept.and_then(|line| Ok(writeln!(manifest, "{line}")?));
                    match listed {
                        Ok(()) => {
                            done.insert(format!("{name}.pdf"));
                            bar.inc(1);
                            ControlFlow::Continue(())
                        }
                        Err(error) => ControlFlow::Break(error),
                    }
                };
                match each(documents, self.fonts, made, THREADS, keep) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(error) => Err(error),
                }
            }
        }
    }

    /// Brings it to its end, and says where all is.
    pub fn finish(self) -> anyhow::Result<PathBuf> {
        self.bar.finish_and_clear();
        match self.kind {
            Kind::Bundle { bundle, path } => {
                let bytes = bundle.finish()?;
                std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
                Ok(path)
            }
            Kind::Folder { path, manifest, .. } => {
                manifest.sync_all()?;
                Ok(path)
            }
        }
    }
}

fn refused(name: &str, error: &reports::layout::DocumentError) -> anyhow::Error {
    let (zh, en) = papers::told(error);
    anyhow!("{name}: {zh} ({en})")
}

/// Writes a file under another name first, so that it is whole once it has its own.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<Value> {
    let file = format!("{name}.pdf");
    let (whole, part) = (folder.join(&file), folder.join(format!("{file}.part")));
    std::fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    std::fs::rename(&part, &whole).with_context(|| format!("cannot write {}", whole.display()))?;
    Ok(json!({ "file": file, "sha256": hex::encode(Sha256::digest(bytes)) }))
}

/// Names that no font can draw, told before anything is issued or printed.
pub fn require<'n>(names: impl Iterator<Item = (&'n str, &'n str)>) -> anyhow::Result<()> {
    let fonts = papers::fonts()?;
    let refused = names.filter_map(|(number, name)| fonts.require(name).err().map(|error| (number, error)));
    let told: Vec<String> = refused.map(|(number, error)| format!("{number}: {error}")).collect();
    if told.is_empty() {
        return Ok(());
    }
    Err(anyhow!("nothing was made: {} names cannot be printed (see --fonts): {}", told.len(), told.join("; ")))
}
