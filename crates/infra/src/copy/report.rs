//! What a copy tells at its end.

use std::fmt;

use super::home::Totals;

/// The table of the counts of the whole home.
const TOTALS: &str = "totals";

/// How many differences a report spells out.
const SHOWN: usize = 20;

/// How many files of a kind a report names.
const NAMED: usize = 10;

/// What came of a copy.
#[derive(Debug, Default)]
pub struct CopyReport {
    /// Whether it continued one that was interrupted.
    pub continued: bool,
    /// Each table, in the order in which they were copied.
    pub tables: Vec<TableReport>,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// The files, where they had to move to another folder.
    pub files: Option<FilesReport>,
    /// The files, where they had to move to a media store far away.
    pub uploads: Option<UploadsReport>,
    /// Collections that were not copied because they are none of ours, and about how many documents each has.
    pub strangers: Vec<(String, u64)>,
    /// How a target that differs is got rid of, as a part of a sentence.
    pub undo: String,
}

impl CopyReport {
    /// Whether both sides hold the same.
    pub fn is_equal(&self) -> bool {
        self.differing() == 0
    }

    /// How many rows and files are not the same on both sides.
    pub fn differing(&self) -> u64 {
        let rows: u64 = self.tables.iter().map(|table| table.differing).sum();
        let lost = self.uploads.as_ref().map_or(0, |uploads| uploads.lost.count);
        rows + lost + self.files.as_ref().map_or(0, |files| files.differing)
    }

    /// Whether, besides, every file came to the media store that it had to come to.
    pub fn is_whole(&self) -> bool {
        self.is_equal() && self.uploads.as_ref().is_none_or(UploadsReport::is_whole)
    }

    /// The counts of the whole home are told like rows of a table.
    pub(super) fn compare_totals(&mut self, source: Totals, target: Totals) {
        let pairs = [
            ("published_videos", source.published_videos, target.published_videos),
            ("tweets", source.tweets, target.tweets),
        ];
        let wrong: Vec<_> = pairs.iter().filter(|(_, source, target)| source != target).collect();
        for (name, ..) in &wrong {
            let kind = DifferenceKind::Changed(vec!["value"]);
            self.differ(Difference { table: TOTALS, key: (*name).to_owned(), kind });
        }
        let rows = u64::try_from(pairs.len()).unwrap_or(u64::MAX);
        let differing = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
        let (strange, fields) = (0, Vec::new());
        self.tables.push(TableReport { table: TOTALS, source: rows, target: rows, differing, strange, fields });
    }

    pub(super) fn differ(&mut self, difference: Difference) {
        if self.differences.len() < SHOWN {
            self.differences.push(difference);
        }
    }
}

/// A table on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// Its name.
    pub table: &'static str,
    /// How many rows the source has.
    pub source: u64,
    /// How many rows the target has.
    pub target: u64,
    /// How many are missing, too many, or not the same.
    pub differing: u64,
    /// How many documents of the source have fields that are none of ours and stay behind.
    pub strange: u64,
    /// The first names of such fields.
    pub fields: Vec<String>,
}

/// The stored files that rows name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilesReport {
    /// How many there are.
    pub named: u64,
    /// How many of them were copied now; the rest was there.
    pub copied: u64,
    /// How many bytes were copied now.
    pub bytes: u64,
    /// Those that the source does not have either.
    pub absent: Names,
    /// How many are missing in the target or of another size.
    pub differing: u64,
    /// How the folders of both homes lie to each other.
    pub layout: Layout,
}

impl FilesReport {
    /// Whether the folder that they were copied from is of no more use.
    pub fn is_source_spare(&self) -> bool {
        self.layout == Layout::Apart && self.absent.count == 0 && self.differing == 0
    }
}

/// The stored files that rows name, at a media store far away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadsReport {
    /// How many there are.
    pub named: u64,
    /// How many of them were uploaded now.
    pub uploaded: u64,
    /// How many bytes were uploaded now.
    pub bytes: u64,
    /// How many are there, of the size that they have here where both are known.
    pub found: u64,
    /// Those that are neither there nor here.
    pub absent: Names,
    /// Those that the store does not take, with the reason; they are here alone.
    pub refused: Names,
    /// Those that have another size there.
    pub resized: Names,
    /// Those that were uploaded and are not there.
    pub lost: Names,
}

impl UploadsReport {
    /// Whether every file is there as it is here.
    pub fn is_whole(&self) -> bool {
        [&self.absent, &self.refused, &self.resized, &self.lost].iter().all(|names| names.count == 0)
    }
}

/// Some files, of which the first are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<String>,
}

impl Names {
    pub(super) fn add(&mut self, name: String) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(name);
        }
    }
}

/// How two folders lie to each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// It is one folder.
    One,
    /// One lies in the other, or they have a folder in common.
    #[default]
    Entwined,
    /// They have nothing in common.
    Apart,
}

/// Something that is not the same on both sides. Never shows a value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In which table; `files` for a file.
    pub table: &'static str,
    /// Which row or file.
    pub key: String,
    /// What differs.
    pub kind: DifferenceKind,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The target does not have it.
    Missing,
    /// Only the target has it.
    Surplus,
    /// These columns are not the same.
    Changed(Vec<&'static str>),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, kind } = self;
        match kind {
            DifferenceKind::Missing => write!(f, "{table} {key}: missing in the target"),
            DifferenceKind::Surplus => write!(f, "{table} {key}: only in the target"),
            DifferenceKind::Changed(columns) => write!(f, "{table} {key}: not the same: {}", columns.join(", ")),
        }
    }
}
