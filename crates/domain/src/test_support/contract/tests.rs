//! No rule is left out of the list by which every adapter runs them.

use std::collections::BTreeSet;

const LIST: &str = include_str!("../contract.rs");
const SOURCES: &[(&str, &str)] = &[
    ("user", include_str!("user.rs")),
    ("session", include_str!("session.rs")),
    ("video", include_str!("video.rs")),
    ("video_status", include_str!("video_status.rs")),
    ("unready", include_str!("unready.rs")),
    ("media_site", include_str!("media_site.rs")),
    ("media_task", include_str!("media_task.rs")),
    ("quota", include_str!("quota.rs")),
    ("ticket", include_str!("ticket.rs")),
    ("video_list", include_str!("video_list.rs")),
    ("search", include_str!("search.rs")),
    ("watch", include_str!("watch.rs")),
    ("deletion", include_str!("deletion.rs")),
    ("comment", include_str!("comment.rs")),
    ("tweet", include_str!("tweet.rs")),
    ("like", include_str!("like.rs")),
    ("subscription", include_str!("subscription.rs")),
    ("playlist", include_str!("playlist.rs")),
    ("playlist_video", include_str!("playlist_video.rs")),
    ("history", include_str!("history.rs")),
    ("dashboard", include_str!("dashboard.rs")),
    ("file", include_str!("file.rs")),
    ("file_access", include_str!("file_access.rs")),
    ("file_name", include_str!("file_name.rs")),
    ("file_owner", include_str!("file_owner.rs")),
    ("idempotency", include_str!("idempotency.rs")),
    ("lease", include_str!("lease.rs")),
    ("maintenance", include_str!("maintenance.rs")),
    ("storm", include_str!("storm.rs")),
    ("together", include_str!("together.rs")),
];

#[test]
fn every_rule_is_in_the_list() {
    let defined = SOURCES.iter().flat_map(|(noun, source)| {
        let names = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next());
        names.map(move |name| (*noun, name))
    });
    let mut noun = "";
    let mut listed = BTreeSet::new();
    let list = LIST.lines().map(str::trim).skip_while(|line| !line.starts_with("macro_rules!"));
    for line in list.take_while(|line| *line != "};") {
        if let Some(rest) = line.strip_prefix("$crate::contract_of_a_noun! { $fresh, ") {
            noun = rest.trim_end_matches(':');
        } else if let Some(name) = line.strip_suffix(',') {
            listed.insert((noun, name));
        }
    }
    assert_eq!(defined.collect::<BTreeSet<_>>(), listed);
}
