use std::sync::Arc;

use krilla::image::Image;

use super::DocumentError;

/// A picture, read once and drawn on any number of pages.
#[derive(Clone, Debug)]
pub struct Picture(pub(super) Image);

impl Picture {
    /// Reads a PNG or JPEG file.
    ///
    /// # Errors
    /// [`DocumentError::Picture`]
    pub fn read(bytes: Vec<u8>) -> Result<Self, DocumentError> {
        let is_png = bytes.starts_with(b"\x89PNG\r\n\x1a\n");
        let data: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(bytes);
        // PDF/A forbids to ask viewers to smooth pictures.
        let image = match is_png {
            true => Image::from_png(data.into(), false),
            false => Image::from_jpeg(data.into(), false),
        };
        image.map(Self).map_err(|detail| DocumentError::Picture { detail })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.0.size()
    }
}
