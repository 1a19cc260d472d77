//! The comparison at the end: both sides are read in the order of their keys, and every row is compared with its twin.

use std::cmp::Ordering;
use std::vec;

use super::CopyError;
use super::home::{Home, Limits, Reading, Rows, Strange};
use super::record::Record;
use super::report::{CopyReport, Difference, DifferenceKind, TableReport};
use super::table::Table;
use crate::progress::{Progress, Unwatched};

/// Compares a table on both sides and takes what it finds into the report.
pub(super) async fn compare(
    source: &dyn Home,
    target: &dyn Home,
    table: &'static Table,
    limits: Limits,
    progress: &dyn Progress,
    report: &mut CopyReport,
) -> Result<(), CopyError> {
    progress.begin(&format!("comparing {}", table.name), Some(source.count(table).await?));
    let reading = || Reading { table, order: table.key, after: None, limits };
    let (mut ours, mut theirs) = (Walk::new(source.read(reading())), Walk::new(target.read(reading())));
    let (mut one, mut two) = (ours.next(progress).await?, theirs.next(&Unwatched).await?);
    let mut differing = 0;
    loop {
        let order = match (&one, &two) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(two)) => one.key(table.key).order(&two.key(table.key)),
        };
        let found = match order {
            Ordering::Less => one.as_ref().map(|row| (row, DifferenceKind::Missing)),
            Ordering::Greater => two.as_ref().map(|row| (row, DifferenceKind::Surplus)),
            Ordering::Equal => one.as_ref().zip(two.as_ref()).and_then(|(one, two)| {
                let columns = changed(table, one, two);
                (!columns.is_empty()).then_some((one, DifferenceKind::Changed(columns)))
            }),
        };
        if let Some((row, kind)) = found {
            differing += 1;
            report.differ(Difference { table: table.name, key: row.key(table.key).to_string(), kind });
        }
        if order.is_le() {
            one = ours.next(progress).await?;
        }
        if order.is_ge() {
            two = theirs.next(&Unwatched).await?;
        }
    }
    progress.finish();
    report.tables.push(TableReport {
        table: table.name,
        source: ours.seen,
        target: theirs.seen,
        differing,
        strange: ours.strange.documents,
        fields: ours.strange.fields.into_iter().collect(),
    });
    Ok(())
}

/// The columns in which two rows differ.
fn changed(table: &Table, one: &Record, two: &Record) -> Vec<&'static str> {
    let columns = table.columns.iter().enumerate();
    columns.filter(|(number, _)| one.value(*number) != two.value(*number)).map(|(_, column)| column.name).collect()
}

/// The rows of a table one after the other.
struct Walk {
    rows: Rows,
    batch: vec::IntoIter<Record>,
    ended: bool,
    seen: u64,
    strange: Strange,
}

impl Walk {
    fn new(rows: Rows) -> Self {
        Self { rows, batch: Vec::new().into_iter(), ended: false, seen: 0, strange: Strange::default() }
    }

    async fn next(&mut self, progress: &dyn Progress) -> Result<Option<Record>, CopyError> {
        loop {
            if let Some(record) = self.batch.next() {
                self.seen += 1;
                return Ok(Some(record));
            }
            let batch = if self.ended { None } else { self.rows.next().await? };
            let Some(batch) = batch else {
                self.ended = true;
                return Ok(None);
            };
            progress.advance(u64::try_from(batch.records.len()).unwrap_or(u64::MAX));
            self.strange.add(batch.strange);
            self.batch = batch.records.into_iter();
        }
    }
}
