//! What comes out of images of every kind, and what does not come in.

use std::io::Cursor;

use aviary_domain::file::FileFormat;
use aviary_domain::media::{ImageRole, MediaError};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::{Encoded, reencode};

/// Red on the left half, blue on the right.
fn halves(width: u32, height: u32) -> DynamicImage {
    let half = |x| if x < width / 2 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, _| half(x)))
}

fn see_through() -> DynamicImage {
    DynamicImage::ImageRgba8(RgbaImage::from_pixel(20, 10, Rgba([10, 200, 30, 128])))
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG with an EXIF segment that says "turn me" and where it was taken.
fn from_a_camera(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0]);
    exif.extend(b"\x01\x0e\0\x02\0\0\0\x10\0\0\0\x26\0\0\0\0GPS 51.5N 0.12W\0");
    let mut bytes = file(&halves(64, 32), ImageFormat::Jpeg);
    let size = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    bytes.splice(2..2, [&[0xff, 0xe1][..], &size, &exif].concat());
    bytes
}

fn good(bytes: &[u8], role: ImageRole) -> (FileFormat, DynamicImage) {
    let Encoded { bytes, format } = reencode(bytes, role).unwrap_or_else(|refusal| panic!("{refusal}"));
    (format, image::load_from_memory(&bytes).unwrap())
}

fn refused(bytes: &[u8]) -> MediaError {
    reencode(bytes, ImageRole::Avatar).err().unwrap()
}

#[test]
fn each_format_becomes_the_one_that_suits_it() {
    for (image, from, to) in [
        (halves(40, 20), ImageFormat::Jpeg, FileFormat::Jpeg),
        (halves(40, 20), ImageFormat::Png, FileFormat::Png),
        (halves(40, 20), ImageFormat::Gif, FileFormat::Png),
        (halves(40, 20), ImageFormat::WebP, FileFormat::Jpeg),
        (see_through(), ImageFormat::WebP, FileFormat::Png),
        (see_through(), ImageFormat::Png, FileFormat::Png),
    ] {
        let (format, out) = good(&file(&image, from), ImageRole::Avatar);
        assert_eq!(format, to, "{from:?}");
        assert_eq!((out.width(), out.height()), (image.width(), image.height()), "{from:?}");
        assert_eq!(out.color().has_alpha(), from != ImageFormat::Jpeg && image.color().has_alpha(), "{from:?}");
    }
}

#[test]
fn large_images_shrink_to_their_role_and_small_ones_stay() {
    for (role, width, expected) in [
        (ImageRole::Avatar, 3000, (1024, 205)),
        (ImageRole::Cover, 3000, (2560, 512)),
        (ImageRole::Thumbnail, 3000, (1920, 384)),
        (ImageRole::Cover, 500, (500, 100)),
    ] {
        let (_, out) = good(&file(&halves(width, width / 5), ImageFormat::Jpeg), role);
        assert_eq!((out.width(), out.height()), expected);
    }
    let (_, thin) = good(&file(&halves(8000, 1), ImageFormat::Png), ImageRole::Avatar);
    assert_eq!((thin.width(), thin.height()), (1024, 1));
}

#[test]
fn a_turned_photo_stands_upright_and_its_notes_are_gone() {
    let camera = from_a_camera(6);
    assert!(camera.windows(3).any(|bytes| bytes == b"GPS"));
    let encoded = reencode(&camera, ImageRole::Avatar).unwrap_or_else(|refusal| panic!("{refusal}"));
    for word in [&b"GPS"[..], b"Exif"] {
        assert!(!encoded.bytes.windows(word.len()).any(|bytes| bytes == word));
    }
    let upright = image::load_from_memory(&encoded.bytes).unwrap().to_rgb8();
    assert_eq!(upright.dimensions(), (32, 64));
    // Turned by a quarter to the right, left becomes top.
    assert!(upright.get_pixel(16, 4).0[0] > 200 && upright.get_pixel(16, 60).0[2] > 200);
}

#[test]
fn deep_and_grey_pictures_come_out_plain() {
    let deep = DynamicImage::ImageRgb16(halves(16, 16).to_rgb16());
    let (format, out) = good(&file(&deep, ImageFormat::Png), ImageRole::Avatar);
    assert_eq!((format, out.color()), (FileFormat::Png, image::ColorType::Rgb8));
    let grey = DynamicImage::ImageLuma8(halves(16, 16).to_luma8());
    let (format, _) = good(&file(&grey, ImageFormat::Jpeg), ImageRole::Avatar);
    assert_eq!(format, FileFormat::Jpeg);
}

#[test]
fn a_cut_image_is_refused_not_half_grey() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let noise = DynamicImage::ImageRgb8(RgbImage::from_fn(120, 90, |x, y| {
            Rgb([x * y, x * 31 + y, x ^ (y * 7)].map(|value| value.to_le_bytes()[0]))
        }));
        let whole = file(&noise, format);
        for share in [3, 5, 7, 9] {
            let cut = &whole[..whole.len() * share / 10];
            let refusal = refused(cut);
            assert!(matches!(refusal, MediaError::Unreadable(_)), "{format:?} at {share}: {refusal}");
        }
    }
}

#[test]
fn what_is_no_image_is_no_accepted_type() {
    assert!(matches!(refused(b""), MediaError::Unreadable(_)));
    for bytes in
        [&b"hello"[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BM\0\0\0\0", b"II*\0\x08\0\0\0\0\0\0", &[0; 99]]
    {
        assert!(matches!(refused(bytes), MediaError::UnsupportedType(_)), "{bytes:?}");
    }
}

#[test]
fn a_small_file_with_a_huge_picture_is_refused_before_it_is_decoded() {
    let mut png = file(&halves(8, 8), ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(refused(&png).to_string().contains("too large"), "{}", refused(&png));
    let wide = file(&halves(8193, 1), ImageFormat::Png);
    assert!(refused(&wide).to_string().contains("too large"));
    let many = file(&DynamicImage::new_luma8(8000, 7000), ImageFormat::Png);
    assert!(refused(&many).to_string().contains("too large"));
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
