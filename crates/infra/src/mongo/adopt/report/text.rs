//! What a report says to people.

use std::collections::BTreeMap;
use std::fmt;

use super::super::place::aside;
use super::{AdoptionReport, Note, Reason, Stage, Tally};

impl Note {
    fn text(self) -> &'static str {
        match self {
            Self::TokenDropped => "held a refresh token, which was dropped",
            Self::PasswordUnusable => "have a password that is no bcrypt hash, so that nobody can sign in",
            Self::PublishedByDefault => "did not say whether they are published, and are",
            Self::FilmMissing => "name no film",
            Self::ValueSetAside => "held values that could not be taken over, which stand in their legacyValues now",
            Self::ToldMore => "told more than was needed, such as of a file, which was read; all is in legacyValues",
        }
    }
}

impl Tally {
    /// Whether more than one in twenty was not kept: then it is likely that something was not understood.
    fn is_suspicious(&self) -> bool {
        self.quarantined.values().sum::<u64>().saturating_mul(20) > self.read
    }
}

impl fmt::Display for AdoptionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (stage, tally) in &self.stages {
            write!(f, "{}: {} read", stage.title(), tally.read)?;
            if *stage != Stage::Histories {
                write!(f, ", {} kept", tally.kept)?;
                write_quarantined(f, tally.quarantined.iter().map(|(reason, number)| (reason.code(), *number)))?;
            }
            writeln!(f)?;
            if tally.entries_read > 0 {
                write!(f, "  {} entries read, {} kept", tally.entries_read, tally.entries_kept)?;
                let dropped = tally.entries_quarantined.iter().map(|(reason, number)| (reason.code(), *number));
                write_quarantined(f, dropped)?;
                writeln!(f)?;
            }
            if tally.entries_told_more > 0 {
                let number = tally.entries_told_more;
                writeln!(
                    f,
                    "  {number} that are kept told more than is kept of them, and are in quarantine too (toldMore)"
                )?;
            }
            write_fields(f, "malformed", &tally.malformed)?;
            for (note, number) in &tally.notes {
                writeln!(f, "  {number} {}", note.text())?;
            }
            write_fields(f, "set aside", &tally.unread)?;
            write_aftermath(f, *stage, tally)?;
        }
        for name in &self.set_aside {
            writeln!(f, "{name}: set aside as {}", aside(name))?;
        }
        for name in &self.left_alone {
            writeln!(f, "{name}: left alone")?;
        }
        Ok(())
    }
}

fn write_quarantined<'a>(
    f: &mut fmt::Formatter<'_>,
    reasons: impl Iterator<Item = (&'a str, u64)> + Clone,
) -> fmt::Result {
    let sum: u64 = reasons.clone().map(|(_, number)| number).sum();
    if sum == 0 {
        return Ok(());
    }
    let reasons: Vec<String> = reasons.map(|(reason, number)| format!("{reason} {number}")).collect();
    write!(f, ", {sum} moved to quarantine ({})", reasons.join(", "))
}

fn write_fields(f: &mut fmt::Formatter<'_>, what: &str, fields: &BTreeMap<String, u64>) -> fmt::Result {
    if fields.is_empty() {
        return Ok(());
    }
    let fields: Vec<String> = fields.iter().map(|(field, number)| format!("{field} {number}")).collect();
    writeln!(f, "  {what}: {}", fields.join(", "))
}

/// What somebody should look at.
fn write_aftermath(f: &mut fmt::Formatter<'_>, stage: Stage, tally: &Tally) -> fmt::Result {
    if tally.written_meanwhile > 0 {
        let (number, code) = (tally.written_meanwhile, Reason::WrittenMeanwhile.code());
        writeln!(f, "  {number} written by another application meanwhile moved to quarantine ({code})")?;
    }
    if tally.originals_gone > 0 {
        writeln!(f, "  {} are kept whose originals have gone in the meantime", tally.originals_gone)?;
    }
    if stage != Stage::Histories && tally.is_suspicious() {
        let name = stage.collection();
        writeln!(f, "  WARNING: more than 5 % were not kept; look at them in the collection quarantine, where")?;
        writeln!(f, "           \"_id.collection\" is \"{name}\", and keep your backup until then")?;
    }
    Ok(())
}
