//! The word index: it splits where the domain splits, and nothing typed is an operator.

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
fn every_letter_of_every_script_is_found() {
    let mut connection = index();
    let transaction = connection.transaction().unwrap();
    let mut insert =
        transaction.prepare("INSERT INTO video_words (rowid, title, description, scope) VALUES (?1, ?2, '', '')").unwrap();
    let letters = || {
        ('\u{1}'..=char::MAX).filter_map(|c| match fold_words(&c.to_string()).as_slice() {
            [word] => Some((u32::from(c), word.clone())),
            _ => None,
        })
    };
    for (number, word) in letters() {
        insert.execute((number, word)).unwrap();
    }
    let mut find =
        transaction.prepare("SELECT 1 FROM video_words WHERE video_words MATCH ?1 AND rowid = ?2").unwrap();
    let lost: Vec<_> =
        letters().filter(|(number, word)| !find.exists((format!("\"{word}\""), number)).unwrap()).collect();
    assert!(lost.is_empty(), "{} lost, such as {:?}", lost.len(), lost.iter().take(20).collect::<Vec<_>>());
}

#[test]
fn whatever_is_typed_is_a_sound_question() {
    let connection = index();
    let mut find = connection.prepare("SELECT count(*) FROM video_words WHERE video_words MATCH ?1").unwrap();
    for query in ["a\"b", "NEAR(a b)", "a OR b NOT c", "^a", "title:a", "{title}: a", "a* -b +c", "\u{0}a\u{0}", "((", "a'--"] {
        let words = SearchWords::parse(query).unwrap();
        for tier in SearchTier::ALL {
            if let Some(expression) = words::tier(tier, VideoScope::Published, &words) {
                assert_eq!(find.query_row([&expression], |row| row.get::<_, i64>(0)), Ok(0), "{expression}");
            }
        }
    }
}
