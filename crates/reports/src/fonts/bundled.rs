//! The fonts inside the program; `fonts/README.md` tells where they are from and how they are made.

use std::io::Read;

use super::FontError;

/// In the order in which [`super::Fonts`] numbers its faces.
pub(super) const PACKED: [&[u8]; 4] = [
    include_bytes!("../../fonts/serif.otf.br"),
    include_bytes!("../../fonts/sans.otf.br"),
    include_bytes!("../../fonts/kai.ttf.br"),
    include_bytes!("../../fonts/rare.otf.br"),
];

pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, FontError> {
    let mut font = Vec::new();
    brotli_decompressor::Decompressor::new(packed, 1 << 16)
        .read_to_end(&mut font)
        .map_err(|_| FontError::Unreadable)?;
    Ok(font)
}
