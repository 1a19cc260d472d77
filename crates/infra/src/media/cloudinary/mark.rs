//! What a key of ours remembers of a file at Cloudinary, so that its URL can be named without asking. Only this adapter
//! reads or writes marks.

use std::fmt;

use aviary_domain::file::FileFormat;
use aviary_domain::media::Access;

/// The mark of a key: `u1712345678h` is a public film of that version whose HLS playlist is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Under which delivery type it lies: `u` for public, `a` for private.
    pub access: Access,
    /// Cloudinary's version, which is in every URL.
    pub version: u64,
    /// Whether the HLS playlist is made: `h`.
    pub hls: bool,
    /// For a derived still the format of its film, without which the film's public id cannot be told.
    pub film: Option<FileFormat>,
}

impl Mark {
    /// The mark of a file that was just stored, for everybody to fetch.
    pub(super) fn stored(version: u64) -> Self {
        Self::stored_for(Access::Public, version)
    }

    /// The mark of a file that was just stored, for those to fetch.
    pub(super) fn stored_for(access: Access, version: u64) -> Self {
        Self { access, version, hls: false, film: None }
    }

    /// Reads a mark; `None` for what this adapter did not write.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let access = match text.chars().next()? {
            'u' => Access::Public,
            'a' => Access::Private,
            _ => return None,
        };
        let rest = text.get(1..)?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let version = rest.get(..digits)?.parse().ok()?;
        let rest = rest.get(digits..)?;
        let (hls, ending) = rest.strip_prefix('h').map_or((false, rest), |ending| (true, ending));
        let film = match ending {
            "" => None,
            ending => Some(FileFormat::ALL.into_iter().find(|format| format.extension() == ending)?),
        };
        Some(Self { access, version, hls, film })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Public => 'u',
            Access::Private => 'a',
        };
        let hls = if self.hls { "h" } else { "" };
        write!(f, "{access}{}{hls}{}", self.version, self.film.map_or("", FileFormat::extension))
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::file::FileFormat;
    use aviary_domain::media::Access;
    use proptest::prelude::*;

    use super::Mark;

    #[test]
    fn a_mark_reads_as_it_is_described() {
        let ready = Mark { hls: true, ..Mark::stored(1_712_345_678) };
        assert_eq!(ready.to_string(), "u1712345678h");
        let poster = Mark { access: Access::Private, film: Some(FileFormat::Mov), ..Mark::stored(12) };
        assert_eq!(poster.to_string(), "a12mov");
    }

    #[test]
    fn other_marks_are_none_of_ours() {
        for text in ["", "u", "x12", "12", "u12x", "uh", "u12hh", "u12 ", "u-12", "u99999999999999999999", "é"] {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_mark_is_read_back(
            private: bool,
            version: u64,
            hls: bool,
            film in prop::option::of(prop::sample::select(FileFormat::ALL.to_vec())),
        ) {
            let access = if private { Access::Private } else { Access::Public };
            let mark = Mark { access, version, hls, film };
            prop_assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        }

        #[test]
        fn nothing_is_read_wrongly(text: String) {
            if let Some(mark) = Mark::parse(&text) {
                // Leading zeros apart, a text that is read is the one that would be written.
                prop_assert!(text.len() >= mark.to_string().len());
            }
        }
    }
}
