//! Transformations: which ones are known, and pictures made by them.

use std::io::Cursor;

use bytes::Bytes;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::answer::Refusal;

/// What a transformation asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Transformation {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) crop: Option<String>,
    /// A streaming profile (`sp_…`).
    pub(crate) profile: Option<String>,
}

impl Transformation {
    /// Reads components; one that is not known here is refused.
    pub(crate) fn read(components: &[&str]) -> Result<Self, Refusal> {
        let mut read = Self::default();
        for part in components.iter().flat_map(|component| component.split(',')) {
            let refused = || Refusal::new(400, format!("Invalid transformation component - {part}"));
            let (name, value) = part.split_once('_').filter(|(_, value)| !value.is_empty()).ok_or_else(refused)?;
            let number = || value.parse().ok().filter(|number| (1..=5000).contains(number)).ok_or_else(refused);
            match name {
                "w" => read.width = Some(number()?),
                "h" => read.height = Some(number()?),
                "c" if ["fill", "limit", "fit", "scale", "thumb"].contains(&value) => {
                    read.crop = Some(value.to_owned())
                }
                "sp" => read.profile = Some(value.to_owned()),
                "so" if value == "auto" || value.parse::<f64>().is_ok() => {}
                "g" | "q" | "f" => {}
                _ => return Err(refused()),
            }
        }
        if read.profile.is_some() && components.len() != 1 {
            return Err(Refusal::new(400, "sp must be in a component of its own"));
        }
        Ok(read)
    }

    /// Makes the picture out of the bytes of another.
    pub(crate) fn of_picture(&self, bytes: &[u8], format: ImageFormat) -> Result<Bytes, Refusal> {
        let picture = image::load_from_memory(bytes).map_err(|_| Refusal::new(400, "Invalid image file"))?;
        let (width, height) = (picture.width(), picture.height());
        let (asked_width, asked_height) = (self.width.unwrap_or(width), self.height.unwrap_or(height));
        let made = match self.crop.as_deref() {
            None if self.width.is_none() && self.height.is_none() => picture,
            Some("fill" | "thumb") => picture.resize_to_fill(asked_width, asked_height, FilterType::Triangle),
            Some("limit") if width <= asked_width && height <= asked_height => picture,
            Some("limit" | "fit") => {
                let [w, h] = [self.width.unwrap_or(u32::MAX), self.height.unwrap_or(u32::MAX)];
                picture.resize(w, h, FilterType::Triangle)
            }
            _ => picture.resize_exact(asked_width, asked_height, FilterType::Triangle),
        };
        encode(&made, format)
    }

    /// A still out of a film, which nobody here looks into: a pattern of the size that was asked for.
    pub(crate) fn of_film(&self, film: (u32, u32), format: ImageFormat) -> Result<Bytes, Refusal> {
        let (width, height) = (self.width.unwrap_or(film.0), self.height.unwrap_or(film.1));
        let pixels = RgbImage::from_fn(width, height, |x, y| {
            let [x, y] = [x, y].map(|n| u8::try_from(n % 256).unwrap_or_default());
            Rgb([x, y, 128])
        });
        encode(&DynamicImage::ImageRgb8(pixels), format)
    }
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Result<Bytes, Refusal> {
    let mut bytes = Cursor::new(vec![]);
    let opaque = DynamicImage::ImageRgb8(picture.to_rgb8());
    let picture = if format == ImageFormat::Jpeg { &opaque } else { picture };
    picture.write_to(&mut bytes, format).map_err(|_| Refusal::new(400, "Invalid image file"))?;
    Ok(bytes.into_inner().into())
}
