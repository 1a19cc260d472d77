//! `aviary media check`: compares the rows with the stored files, both ways, and puts in order what differs.

use std::process::ExitCode;

use aviary_application::{Application, CheckStep, MediaReport};
use aviary_domain::file::{FileOwner, OwnedFile};
use aviary_infra::progress::Progress;

use super::bar::Bar;
use crate::config::Settings;
use crate::server::{self, Home};
use crate::telemetry;

/// Reports what differs; with `fix` puts it in order, removes what has to go, and looks again. Fails while something
/// differs. The report goes to standard output, progress to standard error.
pub(super) async fn check(settings: Settings, fix: bool) -> anyhow::Result<ExitCode> {
    telemetry::init(settings.log_format);
    let home = Home::open_beside(&settings).await?.with_noted_media(&settings).await?;
    let (place, store) = (place(&settings), home.store.clone());
    let application = tokio::task::spawn_blocking(move || server::application(&settings, store)).await??;
    eprintln!("The files are in {place}.");
    let mut report = look(&application, fix).await?;
    println!("{}", told(&report));
    if fix && !report.is_clean() && !report.is_empty_store {
        sweep(&application).await?;
        report = look(&application, false).await?;
        println!("After that:\n{}", told(&report));
    }
    home.close().await?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the settings name, without its secret.
fn place(settings: &Settings) -> String {
    match &settings.cloudinary {
        Some(account) => account.to_string(),
        None => format!("the folder {}", settings.media_dir.display()),
    }
}

async fn look(application: &Application, fix: bool) -> anyhow::Result<MediaReport> {
    let bar = Bar::default();
    let watcher = |step: CheckStep| match step {
        CheckStep::Begin(part) => bar.begin(part, None),
        CheckStep::Advance(items) => bar.advance(items),
        CheckStep::Finish => bar.finish(),
    };
    Ok(application.media_check.run(fix, &watcher).await?)
}

/// Removes what is due. What cannot be removed now is left to the sweeper of a server.
async fn sweep(application: &Application) -> anyhow::Result<()> {
    while application.sweeper.run_once().await?.files > 0 {}
    Ok(())
}

fn told(report: &MediaReport) -> String {
    let MediaReport { files, owned, orphans, missing, lost, given_up, is_empty_store } = report;
    let mut lines = vec![format!("Files that are stored: {files}; that rows name: {owned}.")];
    let orphan = |name: &aviary_domain::file::FileKey| name.name().to_owned();
    list(&mut lines, orphans.count, "stored without an owner", orphans.examples.iter().map(orphan));
    list(&mut lines, missing.count, "missing", missing.examples.iter().map(owned_file));
    let tried = |file: &aviary_domain::file::DueFile| format!("{}, tried {} times", file.key.name(), file.attempts);
    list(&mut lines, given_up.count, "to be removed and given up", given_up.examples.iter().map(tried));
    if *lost > 0 {
        lines.push(format!("{lost} videos are known to have failed because their film is missing."));
    }
    if *is_empty_store {
        lines.push("Nothing at all is stored: this looks like another place than that of the files.".to_owned());
    }
    if report.is_clean() {
        lines.push("Rows and stored files agree.".to_owned());
    }
    lines.join("\n")
}

fn owned_file(file: &OwnedFile) -> String {
    let owner = match file.owner {
        FileOwner::Avatar(user) => format!("avatar of the user {user}"),
        FileOwner::Cover(user) => format!("cover image of the user {user}"),
        FileOwner::Film(video) => format!("film of the video {video}"),
        FileOwner::Still(video) => format!("thumbnail of the video {video}"),
    };
    format!("{}, {owner}", file.key.name())
}

fn list(lines: &mut Vec<String>, count: u64, what: &str, examples: impl Iterator<Item = String>) {
    match count {
        0 => return,
        1 => lines.push(format!("1 file is {what}:")),
        many => lines.push(format!("{many} files are {what}:")),
    }
    let before = lines.len();
    lines.extend(examples.map(|example| format!("  {example}")));
    let shown = u64::try_from(lines.len() - before).unwrap_or(u64::MAX);
    if count > shown {
        lines.push(format!("  and {} more", count - shown));
    }
}

#[cfg(test)]
mod tests {
    use aviary_application::{Findings, MediaReport};
    use aviary_domain::Id;
    use aviary_domain::file::{DueFile, FileFormat, FileKey, FileOwner, OwnedFile};

    use super::told;

    #[test]
    fn a_report_says_how_many_and_which() {
        let key = FileKey::new(FileFormat::Mp4, [7; 16]).marked("u1");
        let owner = FileOwner::Film(Id::from_bytes([1; 12]));
        let report = MediaReport {
            files: 3,
            owned: 2,
            orphans: Findings { count: 5, examples: vec![key.clone(), key.clone()] },
            missing: Findings { count: 1, examples: vec![OwnedFile { key: key.clone(), owner }] },
            lost: 4,
            given_up: Findings { count: 1, examples: vec![DueFile { key, attempts: 178 }] },
            is_empty_store: false,
        };
        let name = format!("videos/{}.mp4", "07".repeat(16));
        let expected = format!(
            "Files that are stored: 3; that rows name: 2.\n\
             5 files are stored without an owner:\n  {name}\n  {name}\n  and 3 more\n\
             1 file is missing:\n  {name}, film of the video {}\n\
             1 file is to be removed and given up:\n  {name}, tried 178 times\n\
             4 videos are known to have failed because their film is missing.",
            "01".repeat(12)
        );
        assert_eq!(told(&report), expected);
        let clean = told(&MediaReport { files: 1, owned: 1, ..MediaReport::default() });
        assert_eq!(clean, "Files that are stored: 1; that rows name: 1.\nRows and stored files agree.");
    }
}
