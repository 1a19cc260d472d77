//! The comparison at the end: both sides are read in the order of their keys, and every row is compared with its twin.

use std::cmp::Ordering;
use std::vec;

use aviary_domain::file::FileKey;

use super::CopyError;
use super::home::{Home, Limits, Reading, Rows, SINCE_EVER, Strange};
use super::record::{Record, Value};
use super::report::{CopyReport, Difference, DifferenceKind, TableReport};
use super::table::{Kind, Table};
use crate::progress::{Progress, Unwatched};

/// Compares a table on both sides and takes what it finds into the report. Where files moved to a media store far away, the
/// target may know them by other keys, and have the tasks that come of that.
pub(super) async fn compare(
    source: &dyn Home,
    target: &dyn Home,
    table: &'static Table,
    moved: bool,
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
            Ordering::Greater => {
                let surplus = two.as_ref().filter(|row| !(moved && is_of_move(table, row)));
                surplus.map(|row| (row, DifferenceKind::Surplus))
            }
            Ordering::Equal => one.as_ref().zip(two.as_ref()).and_then(|(one, two)| {
                let columns = changed(table, one, two, moved);
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
fn changed(table: &Table, one: &Record, two: &Record, moved: bool) -> Vec<&'static str> {
    let columns = table.columns.iter().enumerate();
    let differing = columns.filter(|(number, column)| {
        let (one, two) = (one.value(*number), two.value(*number));
        one != two && !(moved && column.kind == Kind::File && is_same_file(one, two))
    });
    differing.map(|(_, column)| column.name).collect()
}

/// Whether two keys name one file, which a media store far away has by now.
fn is_same_file(one: &Value, two: &Value) -> bool {
    let (Value::Text(one), Value::Text(two)) = (one, two) else { return false };
    let [one, two] = [one, two].map(|key| FileKey::from_stored(key.clone()));
    one.mark().is_none() && two.mark().is_some() && one.name() == two.name()
}

/// Whether a row is a task that came of a file's new key.
fn is_of_move(table: &Table, row: &Record) -> bool {
    let is = |name, expected| table.column(name).is_some_and(|column| *row.value(column) == Value::Integer(expected));
    table.is("media_tasks") && is("due_at", SINCE_EVER) && is("attempts", 0)
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

#[cfg(test)]
mod tests {
    use super::{Record, SINCE_EVER, Table, Value, changed, is_of_move};

    const NAME: &str = "videos/0123456789abcdef0123456789abcdef.mp4";

    /// The columns that are told when only the film's key differs.
    fn told(one: &str, two: &str, moved: bool) -> Vec<&'static str> {
        let videos = Table::find("videos").unwrap();
        let row = |key: &str| {
            let is_film = |name: &str| name == "file";
            let value = |name| if is_film(name) { Value::Text(key.to_owned()) } else { Value::Integer(1) };
            Record(videos.columns.iter().map(|column| value(column.name)).collect())
        };
        changed(videos, &row(one), &row(two), moved)
    }

    #[test]
    fn only_a_mark_that_came_by_the_move_is_the_same_key() {
        let (marked, other) = (format!("{NAME}#u1"), NAME.replace("0123", "3210"));
        assert!(told(NAME, &marked, true).is_empty() && told(&marked, &marked, false).is_empty());
        for (one, two, moved) in [
            (NAME, marked.as_str(), false),
            (marked.as_str(), NAME, true),
            (marked.as_str(), &format!("{NAME}#u2"), true),
            (NAME, &format!("{other}#u1"), true),
            (NAME, &other, true),
        ] {
            assert_eq!(told(one, two, moved), ["file"], "{one} {two} {moved}");
        }
    }

    #[test]
    fn only_tasks_of_the_move_are_let_pass() {
        let tasks = Table::find("media_tasks").unwrap();
        let task = |due, attempts| Record(vec![Value::Id([1; 12]), Value::Integer(due), Value::Integer(attempts)]);
        assert!(is_of_move(tasks, &task(SINCE_EVER, 0)));
        assert!(!is_of_move(tasks, &task(SINCE_EVER, 1)) && !is_of_move(tasks, &task(1, 0)));
        assert!(!is_of_move(Table::find("file_ledger").unwrap(), &task(SINCE_EVER, 0)));
    }
}
