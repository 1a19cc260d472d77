//! The files that lie in the store, in 17 bytes each: the 16 that tell them apart, and one for the format and a mark.

use aviary_domain::file::{FileFormat, FileKey};

/// The bytes of a file: its number, then its format with the mark.
type Entry = [u8; 17];
/// The bit of the last byte that says that a file has an owner or an end.
const MARK: u8 = 0x80;

/// Files, and which of them have an owner or an end.
#[derive(Default)]
pub(super) struct KnownFiles {
    entries: Vec<Entry>,
}

impl KnownFiles {
    /// Adds a file of our own; others are passed over.
    pub(super) fn add(&mut self, name: &FileKey) {
        let format = FileFormat::ALL.iter().position(|format| name.format() == Some(*format));
        if let (Some(number), Some(format)) = (number_of(name), format.and_then(|place| u8::try_from(place).ok())) {
            let mut entry = [format; 17];
            entry.iter_mut().zip(number).for_each(|(byte, digit)| *byte = digit);
            self.entries.push(entry);
        }
    }

    /// To be called once after all were added: a file may have been added twice.
    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup_by_key(|entry| number_in(entry));
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }

    /// Notes that a file has an owner or an end; `false` when it is not among the files. The format does not matter: a
    /// store may spell it in another way.
    pub(super) fn mark(&mut self, key: &FileKey) -> bool {
        let Some(number) = number_of(key) else { return false };
        let Ok(place) = self.entries.binary_search_by(|entry| number_in(entry).cmp(&number)) else { return false };
        if let Some([.., last]) = self.entries.get_mut(place) {
            *last |= MARK;
        }
        true
    }

    /// The files that have neither.
    pub(super) fn unmarked(&self) -> impl Iterator<Item = FileKey> + '_ {
        self.entries.iter().filter_map(|entry| {
            let [number @ .., format] = entry;
            // A marked one has no format of this number.
            FileFormat::ALL.get(usize::from(*format)).map(|format| FileKey::new(*format, *number))
        })
    }
}

fn number_in(entry: &Entry) -> [u8; 16] {
    let [number @ .., _] = *entry;
    number
}

fn number_of(key: &FileKey) -> Option<[u8; 16]> {
    u128::from_str_radix(key.stem()?, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use aviary_domain::file::{FileFormat, FileKey};

    use super::{Entry, KnownFiles};

    #[test]
    fn what_was_marked_is_not_told_and_the_rest_is_told_once() {
        assert_eq!(size_of::<Entry>(), 17);
        let key = |number: u8, format| FileKey::new(format, [number; 16]);
        let mut known = KnownFiles::default();
        for name in
            [key(9, FileFormat::Mkv), key(200, FileFormat::Jpeg), key(9, FileFormat::Mkv), key(4, FileFormat::Mov)]
        {
            known.add(&name);
        }
        known.add(&FileKey::from_stored("https://a.example/b.mp4".into()));
        known.sort();
        assert_eq!(known.count(), 3);
        assert!(known.mark(&key(200, FileFormat::Png).marked("u1")), "whatever its mark and format");
        assert!(known.mark(&key(200, FileFormat::Jpeg)), "twice");
        assert!(!known.mark(&key(5, FileFormat::Jpeg)));
        assert_eq!(known.unmarked().collect::<Vec<_>>(), [key(4, FileFormat::Mov), key(9, FileFormat::Mkv)]);
    }
}
