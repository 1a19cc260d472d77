//! Files that lie about what they are, or that hurt who reads them.

use image::ImageFormat;

use super::picture;

/// A PNG whose header promises 60,000 × 60,000 pixels: 10 GB once decoded.
pub fn huge_png() -> Vec<u8> {
    let side = 60_000_u32.to_be_bytes();
    let header = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
    // An empty zlib stream.
    let data = [0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01];
    let signature = b"\x89PNG\r\n\x1a\n".to_vec();
    [signature, chunk(b"IHDR", &header), chunk(b"IDAT", &data), chunk(b"IEND", &[])].concat()
}

/// A GIF of a few bytes that promises 65,535 × 65,535 pixels.
pub fn bomb_gif() -> Vec<u8> {
    let screen = b"GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff";
    let frame = b"\x2c\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02\x44\x01\x00\x3b";
    [&screen[..], frame].concat()
}

/// An SVG with a script.
pub const SVG: &[u8] =
    b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

/// A web page.
pub const HTML: &[u8] = b"<!DOCTYPE html><html><body><script>alert(document.cookie)</script></body></html>";

/// Something that is a GIF to a careless reader and a script to a browser.
pub const GIF_SCRIPT: &[u8] = b"GIF89a/*\x00\x00\x00\x00\x00*/=1;alert(1)//;";

/// A playlist that asks the reader to open other files of this machine.
pub const HLS: &[u8] = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";

/// What a script behind a picture says; it must not be in what is stored.
pub const SECOND_FACE: &[u8] = b"<script>alert('second face')</script>";

/// A sound PNG with a script behind its end.
pub fn png_with_script() -> Vec<u8> {
    [&picture(ImageFormat::Png, 20, 20, 3), SECOND_FACE].concat()
}

/// What the metadata of [`jpeg_with_place`] says; it must not be in what is stored.
pub const PLACE: &[u8] = b"GPS 52.5200 N 13.4050 E";

/// A sound JPEG whose metadata tells where it was taken.
pub fn jpeg_with_place() -> Vec<u8> {
    let jpeg = picture(ImageFormat::Jpeg, 20, 20, 3);
    let text = [b"Exif\0\0", PLACE].concat();
    let length = u16::try_from(text.len() + 2).expect("a short text").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &text, &jpeg[2..]].concat()
}

/// The beginning of an MP4 and then a box that claims to be eight exabytes long.
pub fn huge_box() -> Vec<u8> {
    let mut bytes = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom".to_vec();
    bytes.extend_from_slice(b"\x00\x00\x00\x01moov\x7f\xff\xff\xff\xff\xff\xff\xff");
    bytes.extend_from_slice(&[0; 64]);
    bytes
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a short chunk").to_be_bytes();
    let checked = [&kind[..], data].concat();
    [&length[..], &checked, &crc32(&checked).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
