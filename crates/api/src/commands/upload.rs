//! `aviary media upload`: the files of a home that stays where it is move to the Cloudinary account; and what a copy that
//! uploads files says of them.

use std::process::ExitCode;
use std::sync::Arc;

use aviary_infra::copy::{self, Limits, Names, Uploads, UploadsReport};
use aviary_infra::media::cloudinary::{CloudinaryDepot, CloudinarySettings};
use aviary_infra::system::SystemClock;

use super::MISCONFIGURED;
use super::bar::Bar;
use super::copy::{home, named};
use crate::config::Settings;

/// Uploads, or goes on where an earlier run was stopped. Fails where a file is not at the account in the end.
pub(super) async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let Some(account) = &settings.cloudinary else {
        eprintln!("aviary: CLOUDINARY_URL has to name the account that is to have the files");
        return Ok(ExitCode::from(MISCONFIGURED));
    };
    let (home, uploads) = (home(&settings), uploads(&settings, account)?);
    eprintln!("Uploading the files of {} to {}.", named(&home)?, uploads.to);
    if settings.mongodb_uri.is_some() {
        eprintln!("Every server of this database has to be stopped: it would not know what changes meanwhile.");
    }
    let report = copy::upload(&home, &uploads, Limits::default(), &Bar::default()).await?;
    println!("{}", told(&report));
    println!("{}", note(&settings, &report));
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// From the media folder of the settings to this account. Nobody is to be told that its work on films is done: servers ask.
pub(super) fn uploads(settings: &Settings, account: &CloudinarySettings) -> anyhow::Result<Uploads> {
    let to = CloudinaryDepot::new(account.clone(), Arc::new(SystemClock))?;
    Ok(Uploads { from: settings.media_dir.clone(), to: Arc::new(to) })
}

/// What became of the files.
pub(super) fn told(report: &UploadsReport) -> String {
    let UploadsReport { named, uploaded, bytes, absent, refused, resized, lost, .. } = report;
    let first = format!("  {:<18}{named:>12} named by rows, {uploaded} uploaded now ({bytes} bytes)", "files");
    let kinds = [
        ("missing in the source already", absent),
        ("not taken by the account", refused),
        ("of another size at the account", resized),
        ("uploaded and not there", lost),
    ];
    [first].into_iter().chain(kinds.into_iter().filter_map(|(what, names)| list(what, names))).collect()
}

fn list(what: &str, names: &Names) -> Option<String> {
    let shown: Vec<_> = names.first.iter().map(|name| format!("\n    {name}")).collect();
    (names.count > 0).then(|| format!("\n  {} {what}:{}", names.count, shown.concat()))
}

/// What the person has to know before the home is served.
pub(super) fn note(settings: &Settings, report: &UploadsReport) -> String {
    let media = settings.media_dir.display();
    let account = "The files are at the Cloudinary account, which every server has to be given";
    if report.is_whole() {
        return format!("{account}. Nothing was removed from {media}; it can be, once the old home is given up.");
    }
    format!(
        "{account}. Keep {media}, and have MEDIA_DIR name it: what is not at the account is served from there. Then \
         `aviary media upload` tries again, and tells what is still missing."
    )
}

#[cfg(test)]
mod tests {
    use aviary_infra::copy::{CopyReport, Names, UploadsReport};

    use super::{note, told};
    use crate::config::Options;

    #[test]
    fn what_is_not_at_the_account_is_told_and_its_folder_kept() {
        let settings = Options { data_dir: Some("old".to_owned()), ..Options::default() }.resolve().unwrap();
        let whole = UploadsReport { named: 3, uploaded: 2, bytes: 77, found: 3, ..UploadsReport::default() };
        assert_eq!(told(&whole), "  files                        3 named by rows, 2 uploaded now (77 bytes)");
        assert!(note(&settings, &whole).contains("Nothing was removed from old/media; it can be"));
        let missing = Names { count: 2, first: vec!["videos/a.mp4".to_owned()] };
        for part in [
            UploadsReport { absent: missing.clone(), ..whole.clone() },
            UploadsReport { refused: missing.clone(), ..whole.clone() },
            UploadsReport { resized: missing.clone(), ..whole.clone() },
            UploadsReport { lost: missing.clone(), ..whole.clone() },
        ] {
            assert!(told(&part).contains("\n  2 ") && told(&part).ends_with(":\n    videos/a.mp4"), "{}", told(&part));
            assert!(note(&settings, &part).contains("Keep old/media"));
            let is_lost = part.lost.count > 0;
            let report = CopyReport { uploads: Some(part), ..CopyReport::default() };
            assert_eq!((report.is_whole(), report.is_equal()), (false, !is_lost));
        }
    }
}
