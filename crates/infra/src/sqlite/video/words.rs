//! The word index: what of a video is indexed, and how a search is put to the index without letting operators in.

use aviary_domain::Id;
use aviary_domain::search::{SearchTier, SearchWords, fold_words};
use aviary_domain::user::User;
use aviary_domain::video::{Video, VideoScope};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, params};

use super::super::error::SqlError;
use super::super::row::execute;

/// The token in the scope column of videos that their owners alone see; owners' tokens look different. They are the few:
/// taking them away from what was found costs less than keeping to all the others.
const HIDDEN: &str = "hidden";

/// Indexes a video anew under its row number.
pub(super) fn set(c: &Connection, seq: i64, video: &Video) -> Result<(), SqlError> {
    put(c, seq, video.owner, video.is_public(), [video.title.as_str(), video.description.as_str()])
}

/// Indexes the title and description of a video under its row number.
pub(in crate::sqlite) fn put(
    c: &Connection,
    seq: i64,
    owner: Id<User>,
    is_public: bool,
    texts: [&str; 2],
) -> Result<(), SqlError> {
    const SQL: &str = "INSERT OR REPLACE INTO video_words (rowid, title, description, scope) VALUES (?1, ?2, ?3, ?4)";
    let mut scope = owner_token(owner);
    if !is_public {
        scope = format!("{scope} {HIDDEN}");
    }
    let [title, description] = texts.map(indexed);
    execute(c, SQL, params![seq, title, description, scope]).map(drop)
}

/// Takes a video out of the index.
pub(super) fn remove(c: &Connection, seq: i64) -> Result<(), SqlError> {
    execute(c, "DELETE FROM video_words WHERE rowid = ?1", [seq]).map(drop)
}

/// The folded words of a text, with nothing but a space to split them at.
fn indexed(text: &str) -> String {
    fold_words(text).join(" ")
}

/// Teaches a connection `folded(text)`: the text as it is indexed, for the step that indexes stored videos anew.
pub(in crate::sqlite) fn teach(c: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    c.create_scalar_function("folded", 1, flags, |context| Ok(indexed(context.get_raw(0).as_str()?)))
}

fn owner_token(owner: Id<User>) -> String {
    format!("o{owner}")
}

/// The index expression for everything that matches; `None` when there are no words, which nothing matches.
pub(super) fn anywhere(scope: VideoScope, words: &SearchWords) -> Option<String> {
    matching(SearchTier::Anywhere, words).map(|matching| within(scope, &matching))
}

/// The index expression for the matches of a tier that are in no better one; `None` when there can be none.
pub(crate) fn tier(tier: SearchTier, scope: VideoScope, words: &SearchWords) -> Option<String> {
    let matching_tier = matching(tier, words)?;
    let better = match tier {
        SearchTier::TitlePhrase => None,
        // A single word is a phrase.
        SearchTier::TitleWords if words.words().len() < 2 => return None,
        SearchTier::TitleWords => matching(SearchTier::TitlePhrase, words),
        SearchTier::Anywhere => matching(SearchTier::TitleWords, words),
    };
    let expression = within(scope, &matching_tier);
    Some(better.map_or(expression.clone(), |better| format!("({expression}) NOT {better}")))
}

/// What of the matches lies in a scope.
fn within(scope: VideoScope, matching: &str) -> String {
    let of = |owner| format!("{{scope}} : \"{}\" AND {matching}", owner_token(owner));
    let shown = |found: &str| format!("({found}) NOT {{scope}} : \"{HIDDEN}\"");
    match scope {
        VideoScope::Published => shown(matching),
        VideoScope::PublishedBy(owner) => shown(&of(owner)),
        VideoScope::AllOf(owner) => of(owner),
    }
}

/// What the words must do in a tier. Folded words hold letters and digits alone, so quotes make each one a string
/// that is nothing else to the index; the star is the only operator, and ours.
fn matching(tier: SearchTier, words: &SearchWords) -> Option<String> {
    let words = words.words();
    if words.is_empty() {
        return None;
    }
    let all = || words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" AND ");
    Some(match tier {
        SearchTier::TitlePhrase => format!("{{title}} : \"{}\"*", words.join(" ")),
        SearchTier::TitleWords => format!("{{title}} : ({}*)", all()),
        SearchTier::Anywhere => format!("{{title description}} : ({}*)", all()),
    })
}
