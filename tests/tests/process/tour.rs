//! The README's tour with curl, block by block, as a reader would paste it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::server::Home;
use crate::tools::{announce, eventually, have, run};
use crate::{facts, folder};

const SECTION: &str = "## Five minutes with curl";
/// Where the README says that the server listens.
const BASE: &str = "http://localhost:8000";
const SWEEP: Duration = Duration::from_secs(60);

/// Stands in front of curl: the answer goes on unchanged, its status is written down, and a failure ends the tour.
/// `id` closes its end of the pipe early, hence the file in between.
const GUARD: &str = r#"
set -euo pipefail
curl() {
    local answer status
    answer=$(mktemp answer.XXXXXX)
    command curl -w '%{stderr}%{http_code}\n' "$@" >"$answer" 2>>statuses || { cat statuses >&2; return 1; }
    status=$(tail -n 1 statuses)
    if [[ $status != 2?? ]] || grep -q '"success":false' "$answer"; then
        echo "curl $*: $status" >&2
        cat "$answer" >&2
        return 1
    fi
    cat "$answer"
}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_of_the_readme_works_and_leaves_nothing() {
    if !have("tour", &["bash", "curl", "ffmpeg", "ffprobe"]) {
        return;
    }
    let blocks = shell_blocks(&section(&readme()));
    let calls: usize = blocks.iter().map(|block| block.matches("curl -").count()).sum();
    assert!(blocks.len() >= 5 && calls >= 10, "the tour is shorter than it was: {blocks:#?}");

    let home = Home::new();
    let server = home.start().await;
    let folder = home.path().join("reader");
    std::fs::create_dir(&folder).unwrap();
    let script = format!("{GUARD}\n{}", blocks.join("\n")).replace(BASE, &server.base);
    assert!(script.contains(&server.base), "the tour speaks to {BASE}");
    let said = run(Command::new("bash").arg("-c").arg(&script).current_dir(&folder));

    let statuses = std::fs::read_to_string(folder.join("statuses")).unwrap();
    let statuses: Vec<&str> = statuses.lines().collect();
    assert_eq!(statuses.len(), calls, "each curl of the tour has to be reached: {statuses:?}\n{said}");
    assert_eq!(statuses.iter().filter(|status| **status == "206").count(), 1, "one answer is a range: {statuses:?}");
    assert_eq!(said.matches("HTTP/1.1 206").count(), 1, "the reader sees the range: {said}");
    assert_is_range(&folder);
    announce(&format!("tour: {} blocks, {calls} requests, all answered as they should be", blocks.len()));

    eventually("the sweeper is done", SWEEP, async || facts::is_settled(&home).await.then_some(())).await;
    server.stop().await;
    assert_only_the_person_is_left(&home).await;
}

/// What a player would have got is what lies at that place of the film.
fn assert_is_range(folder: &Path) {
    let film = std::fs::read(folder.join("film.mp4")).unwrap();
    let part = std::fs::read(folder.join("part.bin")).unwrap();
    assert!(part == film[1000..2000], "the range holds other bytes than the film");
}

async fn assert_only_the_person_is_left(home: &Home) {
    let store = facts::open(home).await;
    for table in ["videos", "comments", "likes", "playlist_videos", "history", "views", "video_words_docsize"] {
        assert_eq!(facts::number(&store, &format!("SELECT count(*) FROM {table}")), 0, "rows of {table} are left");
    }
    let avatar: String = store.query_row("SELECT avatar FROM users", [], |row| row.get(0)).unwrap();
    let files: Vec<String> = folder::stored_keys(&home.media()).into_iter().collect();
    assert_eq!(files, [avatar], "the avatar alone is left");
    assert_eq!(facts::contradictions(home, &store), Vec::<String>::new());
}

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    std::fs::read_to_string(path).unwrap()
}

fn section(readme: &str) -> String {
    let (_, rest) = readme.split_once(SECTION).unwrap_or_else(|| panic!("the README has no section `{SECTION}`"));
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

fn shell_blocks(text: &str) -> Vec<String> {
    let blocks = text.split("\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap_or_default().to_owned()).collect()
}
