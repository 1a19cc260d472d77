//! `aviary copy`: moves the home that the settings name to another one, compares both, and says what is left to do.

use std::path::Path;
use std::process::ExitCode;

use aviary_infra::copy::{
    self, CopyReport, FilesReport, HomePlace, Layout, Limits, Media, MediaFolders, Names, TableReport,
};
use aviary_infra::mongo;
use secrecy::{ExposeSecret, SecretString};

use super::bar::Bar;
use super::{MISCONFIGURED, database_name, upload};
use crate::config::Settings;

/// Copies, or goes on where an earlier run was stopped. Fails where both sides are not the same in the end.
pub(super) async fn run(settings: Settings, to: SecretString) -> anyhow::Result<ExitCode> {
    let target = match target(to.expose_secret().trim()) {
        Ok(target) => target,
        Err(mistake) => {
            eprintln!("aviary: --to {mistake}");
            return Ok(ExitCode::from(MISCONFIGURED));
        }
    };
    let source = home(&settings);
    eprintln!("Copying {} to {}.", named(&source)?, named(&target)?);
    if settings.mongodb_uri.is_some() {
        eprintln!("Every server of this database has to be stopped: changes made meanwhile are not copied.");
    }
    let media = match &settings.cloudinary {
        Some(account) => Some(Media::Uploads(upload::uploads(&settings, account)?)),
        None => media(&settings, &target),
    };
    let report = copy::copy(&source, &target, media.as_ref(), Limits::default(), &Bar::default()).await?;
    println!("{}", told(&report));
    if !report.is_equal() {
        return Ok(ExitCode::FAILURE);
    }
    for note in notes(&settings, &target, &report) {
        println!("{note}");
    }
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The home that the settings name.
pub(super) fn home(settings: &Settings) -> HomePlace {
    match &settings.mongodb_uri {
        None => HomePlace::Folder(settings.data_dir.clone()),
        Some(uri) => HomePlace::MongoDb(uri.expose_secret().to_owned()),
    }
}

/// What was typed, or what is wrong with it. The name of a database is never guessed: what is there would be taken for
/// the target.
fn target(text: &str) -> Result<HomePlace, String> {
    if text.starts_with("mongodb://") || text.starts_with("mongodb+srv://") {
        return match mongo::named_database(text) {
            Ok(Some(_)) => Ok(HomePlace::MongoDb(text.to_owned())),
            Ok(None) => Err("has to name the database: mongodb://host/name".to_owned()),
            Err(error) => Err(format!("is no target: {error}")),
        };
    }
    if text.is_empty() || text.contains("://") {
        return Err("names a folder, or a database as mongodb://…/name or mongodb+srv://…/name".to_owned());
    }
    Ok(HomePlace::Folder(text.into()))
}

/// A place as people call it, without the rest of its URI.
pub(super) fn named(place: &HomePlace) -> anyhow::Result<String> {
    match place {
        HomePlace::Folder(folder) => Ok(format!("the folder {}", folder.display())),
        HomePlace::MongoDb(uri) => Ok(format!("the database {}", database_name(uri)?)),
    }
}

/// Files have to move where they lie in the data folder and another data folder is to be the home. From one database to
/// another they are of no concern: the folder need not even be mounted here, since both databases know it by its id.
fn media(settings: &Settings, target: &HomePlace) -> Option<Media> {
    let from = settings.media_dir.clone();
    match target {
        HomePlace::Folder(to) if is_in_data_folder(settings) => {
            Some(Media::Moves(MediaFolders { from, to: to.join("media") }))
        }
        HomePlace::MongoDb(_) if settings.mongodb_uri.is_some() => None,
        _ => Some(Media::Stays(from)),
    }
}

fn is_in_data_folder(settings: &Settings) -> bool {
    settings.media_dir == settings.data_dir.join("media")
}

fn told(report: &CopyReport) -> String {
    let mut lines = Vec::new();
    if report.continued {
        lines.push("An earlier copy was continued.".to_owned());
    }
    for table in &report.tables {
        lines.push(format!("  {:<18}{:>12} rows{}", table.table, table.source, remark(table)));
    }
    lines.extend(report.files.as_ref().map(files));
    lines.extend(report.uploads.as_ref().map(upload::told));
    for (name, documents) in &report.strangers {
        lines.push(format!("  {name} was not copied: it is no part of a home ({documents} documents)"));
    }
    lines.push(verdict(report));
    lines.join("\n")
}

fn remark(table: &TableReport) -> String {
    let differing =
        (table.differing > 0).then(|| format!(", {} in the target, {} not the same", table.target, table.differing));
    let strange = (table.strange > 0).then(|| {
        let fields = table.fields.join(", ");
        format!(", {} with fields that are not Aviary's and were not copied: {fields}", table.strange)
    });
    differing.into_iter().chain(strange).collect()
}

fn files(files: &FilesReport) -> String {
    let FilesReport { named, copied, bytes, absent, differing, .. } = files;
    let first = format!("  {:<18}{named:>12} named by rows, {copied} copied now ({bytes} bytes)", "files");
    let lacking = (absent.count > 0).then(|| format!(", {} missing in the source already", absent.count));
    let differing = (*differing > 0).then(|| format!(", {differing} not the same"));
    let missing = absent.first.iter().map(|key| format!("\n    missing: {key}"));
    [Some(first), lacking, differing].into_iter().flatten().chain(missing).collect()
}

fn verdict(report: &CopyReport) -> String {
    if report.is_equal() {
        return "Both homes were compared row by row and hold the same.".to_owned();
    }
    let mut lines = vec![format!("{} rows or files are not the same on both sides:", report.differing())];
    lines.extend(report.differences.iter().map(|difference| format!("  {difference}")));
    let shown = u64::try_from(report.differences.len()).unwrap_or(u64::MAX);
    if report.differing() > shown {
        lines.push(format!("  and {} more", report.differing() - shown));
    }
    lines.push(format!(
        "Something changed one side meanwhile. The target stays an unfinished copy, which no server opens: stop every \
         server, {}, and copy again.",
        report.undo
    ));
    lines.join("\n")
}

/// What the person has to do before the new home is served. Names files, never what is in them.
fn notes(settings: &Settings, target: &HomePlace, report: &CopyReport) -> Vec<String> {
    let mut notes = vec![session_note(settings, target), media_note(settings, target, report)];
    let is_kept = settings.mongodb_uri.is_some() && matches!(target, HomePlace::MongoDb(_));
    if !is_kept && !matches!((&settings.mongodb_uri, target), (None, HomePlace::Folder(_))) {
        notes.push("Guests are known by another key there: who watches again may be counted once more.".to_owned());
    }
    notes
}

fn session_note(settings: &Settings, target: &HomePlace) -> String {
    let tokens = &settings.tokens;
    let secrets = [
        ("ACCESS_TOKEN_SECRET", tokens.access_secret.is_some(), "access-token.secret"),
        ("REFRESH_TOKEN_SECRET", tokens.refresh_secret.is_some(), "refresh-token.secret"),
    ];
    let data = &settings.data_dir;
    let (embedded, folder) = match target {
        HomePlace::Folder(folder) if settings.mongodb_uri.is_none() => (true, folder.as_path()),
        _ => (false, Path::new("")),
    };
    let mut steps: Vec<String> = secrets
        .into_iter()
        .map(|(variable, is_set, file)| match (is_set, embedded) {
            (true, _) => format!("{variable} stays as it is set now"),
            (false, true) => copied(data, folder, file),
            (false, false) => format!("{variable} is set to what {} holds", data.join(file).display()),
        })
        .collect();
    if embedded {
        steps.push(copied(data, folder, "viewer-salt.secret"));
    }
    format!("Whoever is signed in stays so if {}.", steps.join(", and "))
}

fn copied(from: &Path, to: &Path, file: &str) -> String {
    format!("{} is copied to {}", from.join(file).display(), to.display())
}

/// A folder is called superfluous only where every file that it should have was found in the other one.
fn media_note(settings: &Settings, target: &HomePlace, report: &CopyReport) -> String {
    if let Some(uploads) = &report.uploads {
        return upload::note(settings, uploads);
    }
    let media = settings.media_dir.display();
    let (HomePlace::Folder(to), Some(files)) = (target, &report.files) else {
        return format!(
            "The files stay where they are: MEDIA_DIR has to name {media}, or the place that you move or mount it to as \
             a whole, on every server."
        );
    };
    let there = to.join("media");
    let there = there.display();
    match files {
        FilesReport { layout: Layout::One, .. } => format!("The files stay in {there}, which both homes use."),
        FilesReport { named: 0, .. } => "There were no files to copy.".to_owned(),
        files if files.is_source_spare() => format!("The files are in {there} now; {media} can be removed."),
        FilesReport { absent: Names { count: 0, .. }, .. } => {
            format!("The files are in {there} now. Keep {media}: the two folders have files in common.")
        }
        _ => format!("The files that were found are in {there} now. Keep {media} until the missing ones are found."),
    }
}

#[cfg(test)]
mod tests {
    use aviary_infra::copy::{
        CopyReport, Difference, DifferenceKind, FilesReport, HomePlace, Layout, Media, Names, TableReport,
    };

    use super::{media, media_note, named, notes, target, told};
    use crate::config::{Options, Settings};

    fn settings(data_dir: &str, change: impl FnOnce(&mut Options)) -> Settings {
        let mut options = Options { data_dir: Some(data_dir.to_owned()), ..Options::default() };
        change(&mut options);
        options.resolve().unwrap()
    }

    #[test]
    fn a_target_is_a_folder_or_a_database() {
        assert!(matches!(target("mongodb://db/home"), Ok(HomePlace::MongoDb(_))));
        assert!(matches!(target("mongodb+srv://db.example.org/home"), Ok(HomePlace::MongoDb(_))));
        assert!(matches!(target("./elsewhere"), Ok(HomePlace::Folder(_))));
        for text in ["", "mysql://ada:secret@db/home", "mongodb://ada:secret@db", "mongodb://ada:secret@db/?tls=true"] {
            let mistake = target(text).unwrap_err();
            assert!(mistake.contains("/name") && !mistake.contains("secret"), "{text}: {mistake}");
        }
    }

    #[test]
    fn a_place_is_named_without_its_password() {
        let database = target("mongodb://ada:secret@db/home?tls=true").unwrap();
        assert_eq!(named(&database).unwrap(), "the database home");
        let unnamed = HomePlace::MongoDb("mongodb://ada:secret@db".to_owned());
        assert_eq!(named(&unnamed).unwrap(), "the database aviary");
    }

    #[test]
    fn a_folder_of_media_is_called_superfluous_only_when_every_file_is_in_another_one() {
        let (own, new) = (settings("old", |_| {}), target("new").unwrap());
        let whole = FilesReport { named: 3, layout: Layout::Apart, ..FilesReport::default() };
        let absent = Names { count: 1, first: vec!["videos/a.mp4".to_owned()] };
        let lacking = FilesReport { absent, ..whole.clone() };
        for (files, expected) in [
            (whole.clone(), "The files are in new/media now; old/media can be removed."),
            (lacking.clone(), "Keep old/media until"),
            (FilesReport { layout: Layout::Entwined, ..whole.clone() }, "Keep old/media: "),
            (FilesReport { layout: Layout::One, ..whole.clone() }, "The files stay in new/media"),
            (FilesReport { layout: Layout::One, ..lacking.clone() }, "The files stay in new/media"),
            (FilesReport { layout: Layout::Apart, ..FilesReport::default() }, "no files"),
        ] {
            let spare = files == whole;
            let report = CopyReport { files: Some(files), ..CopyReport::default() };
            let note = media_note(&own, &new, &report);
            assert!(note.contains(expected) && note.contains("can be removed") == spare, "{note}");
        }
        let told = told(&CopyReport { files: Some(lacking), ..CopyReport::default() });
        assert!(told.contains("1 missing in the source already\n    missing: videos/a.mp4"), "{told}");
    }

    #[test]
    fn files_move_from_one_data_folder_to_another_alone() {
        let (folder, database) = (target("new").unwrap(), target("mongodb://db/home").unwrap());
        let own = settings("old", |_| {});
        let Some(Media::Moves(folders)) = media(&own, &folder) else { panic!("its files move") };
        assert_eq!((folders.from.to_str(), folders.to.to_str()), (Some("old/media"), Some("new/media")));
        let stays = |settings: &Settings, target| match media(settings, target) {
            Some(Media::Stays(folder)) => folder.to_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(stays(&own, &database), "old/media");
        let shared = settings("old", |options| options.media_dir = Some("shared".to_owned()));
        assert_eq!(stays(&shared, &folder), "shared");
        assert_eq!(stays(&shared, &database), "shared");
    }

    #[test]
    fn between_databases_nobody_asks_for_the_files() {
        let database = target("mongodb://db/other").unwrap();
        let there = settings("old", |options| {
            options.mongodb_uri = Some("mongodb://db/home".into());
            options.access_token_secret = Some("0123456789abcdef0123456789abcdef".into());
            options.refresh_token_secret = Some("0123456789abcdef0123456789abcdef".into());
        });
        assert!(media(&there, &database).is_none());
    }

    #[test]
    fn the_notes_name_the_files_of_secrets_that_were_not_given() {
        let own = settings("old", |_| {});
        let report = CopyReport::default();
        let there = notes(&own, &target("mongodb://db/home").unwrap(), &report).join("\n");
        assert!(there.contains("ACCESS_TOKEN_SECRET is set to what old/access-token.secret holds"), "{there}");
        assert!(there.contains("MEDIA_DIR has to name old/media"), "{there}");
        assert!(there.contains("Guests"), "{there}");
        let beside = notes(&own, &target("new").unwrap(), &report).join("\n");
        assert!(beside.contains("old/viewer-salt.secret is copied to new"), "{beside}");
        assert!(!beside.contains("Guests"), "{beside}");
        let secret = "0123456789abcdef0123456789abcdef";
        let back = settings("old", |options| {
            options.mongodb_uri = Some("mongodb://db/home".into());
            options.access_token_secret = Some(secret.into());
            options.refresh_token_secret = Some(secret.into());
        });
        let back = notes(&back, &target("new").unwrap(), &report).join("\n");
        assert!(back.contains("REFRESH_TOKEN_SECRET stays as it is set now"), "{back}");
        assert!(!back.contains(secret), "{back}");
    }

    #[test]
    fn differences_are_told_with_what_to_do() {
        let table = TableReport { table: "users", source: 3, target: 2, differing: 1, strange: 0, fields: vec![] };
        let missing = Difference { table: "users", key: "0a".to_owned(), kind: DifferenceKind::Missing };
        let undo = "drop the database home".to_owned();
        let report = CopyReport { tables: vec![table], differences: vec![missing], undo, ..CopyReport::default() };
        let told = told(&report);
        assert!(told.contains("1 rows or files are not the same"), "{told}");
        assert!(told.contains("users 0a: missing in the target"), "{told}");
        assert!(told.contains("stop every server, drop the database home, and copy again"), "{told}");
    }
}
