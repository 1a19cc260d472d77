//! `aviary seed`: fills the home that the settings name, which has to be empty, with made-up data.

use std::process::ExitCode;

use aviary_infra::copy::{CopyReport, Limits};
use aviary_infra::seed::{self, Counts, Landmarks, PASSWORD};

use super::bar::Bar;
use super::copy::{home, named};
use crate::config::{SeedSize, Settings};

/// How much is written at once: nobody else waits, and the larger a batch, the fewer pages are written again and again.
const LIMITS: Limits = Limits { rows: 100_000, bytes: 4 << 20 };

/// Seeds, or goes on where an earlier run was stopped. Fails where something else was found in the end than what was made.
pub(super) async fn run(settings: Settings, size: SeedSize, number: u64) -> anyhow::Result<ExitCode> {
    let counts = match size {
        SeedSize::Small => Counts::SMALL,
        SeedSize::Large => Counts::LARGE,
    };
    let home = home(&settings);
    eprintln!("Seeding {}.", named(&home)?);
    let report = seed::seed(&home, counts, number, LIMITS, &Bar::default()).await?;
    println!("{}", told(&report.rows));
    if !report.rows.is_equal() {
        return Ok(ExitCode::FAILURE);
    }
    println!("{}", notes(counts, &report.landmarks));
    Ok(ExitCode::SUCCESS)
}

fn told(rows: &CopyReport) -> String {
    let continued = rows.continued.then(|| "An earlier seeding was continued.".to_owned());
    let tables = rows.tables.iter().filter(|table| table.source > 0 || table.differing > 0);
    let tables = tables.map(|table| format!("  {:<18}{:>12} rows", table.table, table.source));
    continued.into_iter().chain(tables).chain([verdict(rows)]).collect::<Vec<_>>().join("\n")
}

fn verdict(rows: &CopyReport) -> String {
    if rows.is_equal() {
        return "Every row was read again and is as it was made.".to_owned();
    }
    let mut lines = vec![format!("{} rows are not as they were made:", rows.differing())];
    lines.extend(rows.differences.iter().map(|difference| format!("  {difference}")));
    lines.push(format!(
        "Something else changed the home meanwhile. It stays unfinished, and no server opens it: stop every server, {}, \
         and seed again.",
        rows.undo
    ));
    lines.join("\n")
}

fn notes(counts: Counts, landmarks: &Landmarks) -> String {
    format!(
        "Sign in as user1 to user{}, each with the password {PASSWORD}. Let nobody else reach this home.\n\
         What stands out:\n{landmarks}",
        counts.users
    )
}

#[cfg(test)]
mod tests {
    use aviary_infra::copy::{CopyReport, Difference, DifferenceKind, TableReport};

    use super::told;

    #[test]
    fn what_differs_is_told_with_what_to_do() {
        let table = |table, source, differing| TableReport {
            table,
            source,
            target: source - differing,
            differing,
            strange: 0,
            fields: vec![],
        };
        let sound = CopyReport { tables: vec![table("users", 3, 0), table("sessions", 0, 0)], ..CopyReport::default() };
        let said = told(&sound);
        assert!(
            said.starts_with("  users ") && said.contains(" 3 rows") && said.ends_with("as it was made."),
            "{said}"
        );
        assert!(!said.contains("sessions") && !said.contains("continued"), "{said}");

        let missing = Difference { table: "users", key: "0a".to_owned(), kind: DifferenceKind::Missing };
        let broken = CopyReport {
            continued: true,
            tables: vec![table("users", 3, 1)],
            differences: vec![missing],
            undo: "drop the database home".to_owned(),
            ..CopyReport::default()
        };
        let said = told(&broken);
        assert!(said.starts_with("An earlier seeding was continued."), "{said}");
        assert!(said.contains("1 rows are not as they were made:\n  users 0a: missing"), "{said}");
        assert!(said.contains("stop every server, drop the database home, and seed again"), "{said}");
    }
}
