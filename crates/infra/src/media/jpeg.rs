//! A walk over the markers of a JPEG file. The decoder paints what is missing grey and reads any number of scans;
//! this tells both beforehand.

/// More scans than any camera or program writes; each costs a pass over the whole picture.
const MOST_SCANS: usize = 100;

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

/// What the markers say about a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It runs from its start to its end.
    Complete,
    /// It ends before its end marker.
    Truncated,
    /// It would be decoded over and over.
    TooManyScans,
}

pub(super) fn judge(bytes: &[u8]) -> Verdict {
    let mut rest = bytes;
    let mut scans = 0;
    while let Some((marker, after)) = next_marker(rest) {
        rest = match marker {
            END => return Verdict::Complete,
            // Markers without a length: start, the restarts within a scan, and one for temporary use.
            START | 0x01 | 0xd0..=0xd7 => after,
            _ => {
                scans += usize::from(marker == SCAN);
                if scans > MOST_SCANS {
                    return Verdict::TooManyScans;
                }
                match segment(after) {
                    Some(next) => next,
                    None => return Verdict::Truncated,
                }
            }
        };
    }
    Verdict::Truncated
}

/// The next marker and what follows it. Picture data is skipped: a 0xff in it is followed by a zero.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes;
    loop {
        let at = rest.iter().position(|byte| *byte == 0xff)?;
        rest = rest.get(at + 1..)?;
        match rest.split_first()? {
            (0x00, after) => rest = after,
            // Any number of 0xff may stand before a marker.
            (0xff, _) => {}
            (marker, after) => return Some((*marker, after)),
        }
    }
}

/// What follows a segment, whose length stands in its first two bytes and counts them.
fn segment(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes(*bytes.first_chunk()?));
    bytes.get(length.max(2)..)
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};

    const HEAD: [u8; 8] = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0xff, 0xd9];
    const SCAN: [u8; 9] = [0xff, 0xda, 0, 2, 1, 0xff, 0, 0xff, 0xd3];

    #[test]
    fn the_end_counts_only_where_it_ends_the_picture() {
        let whole = [&HEAD[..], &SCAN, &[5, 0xff, 0xff, 0xd9], b"trailer"].concat();
        assert_eq!(judge(&whole), Verdict::Complete);
        for cut in 0..whole.len() - b"trailer".len() {
            assert_eq!(judge(&whole[..cut]), Verdict::Truncated, "cut at {cut}");
        }
    }

    #[test]
    fn scans_without_number_are_refused() {
        let scans = SCAN.repeat(101);
        assert_eq!(judge(&[&HEAD[..], &scans, &[0xff, 0xd9]].concat()), Verdict::TooManyScans);
    }
}
