//! Pictures of rewards. What is kept is drawn anew from what was sent: without the place and the time that cameras write
//! into their files, turned upright, and no larger than screens need.

use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};
use std::io::Cursor;

/// Bytes of what may be sent.
pub const PICTURE_BYTES_MAX: usize = 8 << 20;
/// Pixels on a side, of what may be sent.
const SIDE_MAX: u32 = 10_000;
/// Pixels of what may be sent: four bytes each are 160 MiB.
const PIXELS_MAX: u64 = 40_000_000;
/// Pixels on the longer side, of what is kept.
const KEPT_SIDE: u32 = 1600;
const THUMBNAIL_SIDE: u32 = 320;
const QUALITY: u8 = 85;

/// A picture that is kept, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// SHA-256 of its content, in hex.
    pub digest: String,
    pub media_type: String,
    pub width: i64,
    pub height: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("it is neither JPEG nor PNG nor WebP")]
    UnknownType,
    #[error("it has more than {PIXELS_MAX} pixels")]
    TooLarge,
    #[error("it cannot be read as a picture")]
    Damaged,
    #[error("there is no picture {digest:?}")]
    PictureNotFound { digest: String },
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// A picture as it is kept.
struct Drawn {
    picture: Picture,
    content: Vec<u8>,
    thumbnail: Vec<u8>,
}

/// Keeps a picture. The same again is answered with the same, and `true`.
pub async fn add(
    scheme: &OpenScheme,
    sent: Vec<u8>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Picture, bool), PictureError> {
    let drawn = tokio::task::spawn_blocking(move || draw(&sent)).await.map_err(|_| PictureError::Damaged)??;
    let mut tx = scheme.db.begin_write().await?;
    let rows = tx
        .query(
            "INSERT INTO pictures (book, digest, media_type, width, height, content, thumbnail, added_by, added_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(drawn.picture.digest.clone())
        .bind(drawn.picture.media_type.clone())
        .bind(drawn.picture.width)
        .bind(drawn.picture.height)
        .bind(drawn.content)
        .bind(drawn.thumbnail)
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    Ok((drawn.picture, rows == 0))
}

/// The media type and the bytes of a picture.
pub async fn content(scheme: &OpenScheme, digest: &str) -> Result<(String, Vec<u8>), PictureError> {
    let row: Option<(String, Vec<u8>)> = scheme
        .db
        .query("SELECT media_type, content FROM pictures WHERE book = $1 AND digest = $2")
        .bind(scheme.book.number())
        .bind(digest.to_owned())
        .fetch_optional()
        .await?;
    row.ok_or_else(|| PictureError::PictureNotFound { digest: digest.to_owned() })
}

/// The small form of a picture: a JPEG.
pub async fn thumbnail(scheme: &OpenScheme, digest: &str) -> Result<Vec<u8>, PictureError> {
    let row: Option<(Vec<u8>,)> = scheme
        .db
        .query("SELECT thumbnail FROM pictures WHERE book = $1 AND digest = $2")
        .bind(scheme.book.number())
        .bind(digest.to_owned())
        .fetch_optional()
        .await?;
    row.map(|(bytes,)| bytes).ok_or_else(|| PictureError::PictureNotFound { digest: digest.to_owned() })
}

/// What kind it is, its bytes say, and not its name. A picture that says of itself that it is huge is not unpacked.
fn draw(sent: &[u8]) -> Result<Drawn, PictureError> {
    let mut reader =
        ImageReader::new(Cursor::new(sent)).with_guessed_format().map_err(|_| PictureError::UnknownType)?;
    let format = reader.format().ok_or(PictureError::UnknownType)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(PictureError::UnknownType);
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
    limits.max_alloc = Some(PIXELS_MAX * 8);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(PictureError::TooLarge);
    }
    let orientation = decoder.orientation().map_err(refused)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(refused)?;
    image.apply_orientation(orientation);
    if image.width().max(image.height()) > KEPT_SIDE {
        image = image.thumbnail(KEPT_SIDE, KEPT_SIDE);
    }
    let (media_type, content) = match image.color().has_alpha() {
        true => ("image/png", png(&image)?),
        false => ("image/jpeg", jpeg(&image)?),
    };
    let thumbnail = jpeg(&image.thumbnail(THUMBNAIL_SIDE, THUMBNAIL_SIDE))?;
    let picture = Picture {
        digest: hex::encode(Sha256::digest(&content)),
        media_type: media_type.to_owned(),
        width: image.width().into(),
        height: image.height().into(),
    };
    Ok(Drawn { picture, content, thumbnail })
}

fn jpeg(image: &DynamicImage) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&on_white(image)).map_err(refused)?;
    Ok(bytes)
}

fn png(image: &DynamicImage) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::new();
    let image = DynamicImage::ImageRgba8(image.to_rgba8());
    image.write_with_encoder(PngEncoder::new(&mut bytes)).map_err(refused)?;
    Ok(bytes)
}

/// A JPEG has no holes to look through.
fn on_white(image: &DynamicImage) -> image::RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let source = image.to_rgba8();
    image::RgbImage::from_fn(source.width(), source.height(), |x, y| {
        let [red, green, blue, alpha] = source.get_pixel(x, y).0;
        let over_white = |part: u8| {
            let mixed = u32::from(part) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over_white(red), over_white(green), over_white(blue)])
    })
}

fn refused(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooLarge,
        ImageError::Unsupported(_) => PictureError::UnknownType,
        _ => PictureError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};

    fn sent(width: u32, height: u32, alpha: u8, format: ImageFormat) -> Vec<u8> {
        let image = RgbaImage::from_pixel(width, height, Rgba([200, 30, 30, alpha]));
        let image = DynamicImage::ImageRgba8(image);
        let image = if alpha == 255 { DynamicImage::ImageRgb8(image.to_rgb8()) } else { image };
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("a picture");
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_kept_no_larger_than_screens_need_and_the_same_gets_the_same_digest() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let drawn = draw(&sent(2000, 500, 255, format)).expect("a picture");
            assert_eq!((drawn.picture.width, drawn.picture.height), (1600, 400), "{format:?}");
            assert_eq!(drawn.picture.media_type, "image/jpeg");
            let again = draw(&sent(2000, 500, 255, format)).expect("a picture");
            assert_eq!(again.picture, drawn.picture);
            let small = image::load_from_memory(&drawn.thumbnail).expect("a thumbnail");
            assert_eq!((small.width(), small.height()), (320, 80));
        }
        let through = draw(&sent(40, 40, 0, ImageFormat::Png)).expect("a picture");
        assert_eq!(through.picture.media_type, "image/png");
        let small = image::load_from_memory(&through.thumbnail).expect("a thumbnail").to_rgb8();
        assert!(small.get_pixel(5, 5).0.iter().all(|part| *part > 250), "white, where it was see-through");
    }

    #[test]
    fn what_is_no_picture_or_a_bomb_is_refused() {
        assert!(matches!(draw(b"GIF89a\x01\x00\x01\x00"), Err(PictureError::UnknownType)));
        assert!(matches!(draw(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), Err(PictureError::UnknownType)));
        assert!(matches!(draw(b""), Err(PictureError::UnknownType)));
        let mut cut = sent(100, 100, 255, ImageFormat::Png);
        cut.truncate(60);
        assert!(matches!(draw(&cut), Err(PictureError::Damaged)));
        // Some bytes that say that they are 60 000 by 60 000 pixels.
        let mut bomb = sent(10, 10, 255, ImageFormat::Png);
        bomb.splice(16..24, [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        let crc = crc32(&bomb[12..29]);
        bomb.splice(29..33, crc.to_be_bytes());
        assert!(matches!(draw(&bomb), Err(PictureError::TooLarge)));
        let mut wide = sent(10, 10, 255, ImageFormat::Png);
        wide.splice(16..24, [0, 0, 0x26, 0xAC, 0, 0, 0x26, 0xAC]);
        let crc = crc32(&wide[12..29]);
        wide.splice(29..33, crc.to_be_bytes());
        assert!(matches!(draw(&wide), Err(PictureError::TooLarge)), "9900 by 9900 pixels are too many");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
        })
    }
}
