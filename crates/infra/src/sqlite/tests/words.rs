//! The word index: it splits where the domain splits, and nothing typed is an operator.

use std::collections::BTreeSet;

use aviary_domain::search::{SearchTier, SearchWords, fold_words};
use aviary_domain::video::VideoScope;
use rusqlite::Connection;

use super::super::migrate;
use super::super::video::words;

fn index() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate::migrate(&mut connection).unwrap();
    connection
}

#[test]
fn every_letter_of_every_script_is_a_word() {
    let connection = index();
    let words: BTreeSet<String> = ('\u{1}'..=char::MAX).flat_map(|c| fold_words(&c.to_string())).collect();
    let text = words.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    connection.execute("INSERT INTO video_words (title, description, scope) VALUES (?1, '', '')", [text]).unwrap();
    connection.execute_batch("CREATE VIRTUAL TABLE terms USING fts5vocab (video_words, row)").unwrap();
    let mut terms = connection.prepare("SELECT term FROM terms").unwrap();
    let terms: BTreeSet<String> = terms.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let lost: Vec<_> = words.symmetric_difference(&terms).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn whatever_is_typed_is_a_sound_question() {
    let connection = index();
    let mut find = connection.prepare("SELECT count(*) FROM video_words WHERE video_words MATCH ?1").unwrap();
    for query in
        ["a\"b", "NEAR(a b)", "a OR b NOT c", "^a", "title:a", "{title}: a", "a* -b +c", "\u{0}a\u{0}", "((", "a'--"]
    {
        let words = SearchWords::parse(query).unwrap();
        for tier in SearchTier::ALL {
            if let Some(expression) = words::tier(tier, VideoScope::Published, &words) {
                assert_eq!(find.query_row([&expression], |row| row.get::<_, i64>(0)), Ok(0), "{expression}");
            }
        }
    }
}
