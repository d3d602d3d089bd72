//! Fonts from files, for characters that those inside the program lack.

use std::path::{Path, PathBuf};

use skrifa::raw::FileRef;
use skrifa::string::StringId;
use skrifa::{FontRef, MetadataProvider};

use super::{FontError, Fonts};

impl Fonts {
    /// Adds the font in a file, or all fonts in a folder and the folders in it, in the order of their
    /// names. Of what is in a folder, files that are no fonts are passed over.
    ///
    /// This is the one place of this crate that reads files: it is called once, at the start.
    ///
    /// # Errors
    /// [`FontError::File`], or [`FontError::Unreadable`] for a file that was named itself.
    pub fn add_path(&mut self, path: &Path) -> Result<(), FontError> {
        if !path.is_dir() {
            return self.add(std::fs::read(path).map_err(|source| unreadable(path, source))?);
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(|source| unreadable(path, source))? {
            entries.push(entry.map_err(|source| unreadable(path, source))?.path());
        }
        entries.sort();
        for entry in entries {
            if !entry.is_dir() && !is_font(&entry) {
                continue;
            }
            match self.add_path(&entry) {
                Err(FontError::Unreadable) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> FontError {
    FontError::File { path: PathBuf::from(path), source }
}

fn is_font(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["ttf", "otf", "ttc", "otc"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// In Noto's collections each country has a face of its own, told apart by the end of its name. The
/// same character is drawn differently in each.
pub(super) fn mainland_face(bytes: &[u8]) -> u32 {
    let Ok(FileRef::Collection(collection)) = FileRef::new(bytes) else { return 0 };
    (0..collection.len())
        .find(|&index| collection.get(index).is_ok_and(|font| family_names(&font).any(|name| name.ends_with(" SC"))))
        .unwrap_or(0)
}

fn family_names<'a>(font: &FontRef<'a>) -> impl Iterator<Item = String> + use<'a> {
    font.localized_strings(StringId::FAMILY_NAME).map(|name| name.chars().collect())
}
