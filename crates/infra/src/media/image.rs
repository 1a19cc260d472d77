//! Images: decoded within limits, turned upright, scaled down and encoded anew, so that nothing of the upload
//! survives but its picture. Everything here blocks.

use std::io::Cursor;
use std::path::Path;

use aviary_domain::file::FileFormat;
use aviary_domain::media::{ImageRole, MediaError};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::error::LimitErrorKind;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits};

use super::jpeg;

/// The longest side of an image that is decoded, in pixels.
const LONGEST_SIDE: u32 = 8192;
/// The most pixels of an image that is decoded: what cameras of telephones take, and some.
const MOST_PIXELS: u64 = 48 * 1024 * 1024;
/// The most memory that decoding may take, in bytes.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;
/// The quality of JPEG files we write, of 100.
const QUALITY: u8 = 85;

/// How much memory decoding and scaling take for each pixel, in bytes: four, twice.
const BYTES_A_PIXEL: u64 = 8;

/// How much memory it takes to make an image of ours out of a file, in MiB; judged by its header alone, so that it can
/// be asked before. A file that is no image takes next to none.
pub(super) fn mebibytes(path: &Path) -> u32 {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let size = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    let pixels = size.map_or(0, |(width, height)| u64::from(width).saturating_mul(u64::from(height)));
    u32::try_from(pixels.saturating_mul(BYTES_A_PIXEL).div_ceil(1024 * 1024)).unwrap_or(u32::MAX)
}

/// An image of our own making.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) format: FileFormat,
}

/// Makes an image of ours out of an uploaded one.
pub(super) fn reencode(bytes: &[u8], role: ImageRole) -> Result<Encoded, MediaError> {
    let source = sniff(bytes)?;
    let (image, orientation) = decode(bytes, source)?;
    let longest = role.longest_side();
    let mut image = shrink(image, longest);
    image.apply_orientation(orientation);
    encode(&image, source).map_err(|cause| MediaError::Backend(cause.into()))
}

/// The type, told by the first bytes.
fn sniff(bytes: &[u8]) -> Result<ImageFormat, MediaError> {
    if bytes.is_empty() {
        return Err(unreadable("the image file is empty"));
    }
    match infer::get(bytes).map(|kind| kind.mime_type()) {
        Some("image/jpeg") => Ok(ImageFormat::Jpeg),
        Some("image/png") => Ok(ImageFormat::Png),
        Some("image/webp") => Ok(ImageFormat::WebP),
        Some("image/gif") => Ok(ImageFormat::Gif),
        _ => Err(MediaError::UnsupportedType("the file is not a JPEG, PNG, WebP or GIF image".to_owned())),
    }
}

fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), MediaError> {
    if format == ImageFormat::Jpeg {
        match jpeg::judge(bytes) {
            jpeg::Verdict::Complete => {}
            jpeg::Verdict::Truncated => return Err(incomplete()),
            jpeg::Verdict::TooManyScans => return Err(unreadable("the image is encoded in too many scans")),
        }
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width).saturating_mul(u64::from(height)) > MOST_PIXELS {
        return Err(too_large());
    }
    limits.reserve(decoder.total_bytes()).map_err(refusal)?;
    // A damaged note about the orientation is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    Ok((image, orientation))
}

/// Scales down to a longest side. What is far larger is halved in a cheap way first: the good one needs sixteen bytes
/// for each pixel of a row on the way.
fn shrink(mut image: DynamicImage, longest: u32) -> DynamicImage {
    let side = image.width().max(image.height());
    let near = longest.saturating_mul(2);
    // Assigned, not shadowed: each step frees the picture that it replaces.
    if side > near {
        image = image.thumbnail(near, near);
    }
    if side > longest {
        image = image.resize(longest, longest, FilterType::CatmullRom);
    }
    image
}

/// JPEG stays JPEG, PNG and GIF become PNG; WebP becomes JPEG unless something shines through it.
fn encode(image: &DynamicImage, source: ImageFormat) -> ImageResult<Encoded> {
    let transparent = source != ImageFormat::Jpeg && is_transparent(image);
    let format = match source {
        ImageFormat::Jpeg => FileFormat::Jpeg,
        ImageFormat::WebP if !transparent => FileFormat::Jpeg,
        _ => FileFormat::Png,
    };
    let image =
        if transparent { DynamicImage::ImageRgba8(image.to_rgba8()) } else { DynamicImage::ImageRgb8(image.to_rgb8()) };
    let mut bytes = Vec::new();
    if format == FileFormat::Jpeg {
        image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    } else {
        image.write_with_encoder(PngEncoder::new(&mut bytes))?;
    }
    Ok(Encoded { bytes, format })
}

fn is_transparent(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.to_rgba8().pixels().any(|image::Rgba([_, _, _, alpha])| *alpha != u8::MAX)
}

fn refusal(cause: ImageError) -> MediaError {
    tracing::debug!(%cause, "an image was refused");
    match cause {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::DimensionError | LimitErrorKind::InsufficientMemory => too_large(),
            _ => unreadable("the image needs more than can be decoded here"),
        },
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => incomplete(),
        ImageError::Unsupported(_) => unreadable("the image uses a variant of its format that cannot be read"),
        _ => unreadable("the image is damaged"),
    }
}

fn too_large() -> MediaError {
    unreadable("the image is too large: at most 8192 pixels a side and 48 megapixels")
}

fn incomplete() -> MediaError {
    unreadable("the image is incomplete: its end is missing")
}

fn unreadable(reason: &str) -> MediaError {
    MediaError::Unreadable(reason.to_owned())
}

#[cfg(test)]
mod tests;
