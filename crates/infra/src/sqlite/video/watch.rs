//! Visits: what a viewer sees, whether the visit counts as a view, and what becomes of the watch history.

use std::sync::LazyLock;

use aviary_domain::Id;
use aviary_domain::user::User;
use aviary_domain::video::{HISTORY_PRECISION, Video, VideoDetail, Viewer, Visit};
use rusqlite::{Connection, Row, params};

use super::super::error::SqlError;
use super::super::row::{count, execute, first, id_from, integer};
use super::super::video_row::{VIDEO_CARD, VIDEO_CARD_FROM, VIDEO_CARD_WIDTH, video_card, visible_to};

/// What a look at the page finds.
pub(super) enum Looked {
    /// The viewer may not see the video.
    Absent,
    /// This visit changes nothing.
    Settled(Box<VideoDetail>),
    /// A view is to be counted or the history to be changed; this is the page without either.
    Due(Box<VideoDetail>),
}

/// Looks without changing anything.
pub(super) fn look(c: &Connection, visit: &Visit) -> Result<Looked, SqlError> {
    let Some(detail) = detail(c, visit)? else {
        return Ok(Looked::Absent);
    };
    let due = is_view_due(c, visit, &detail.card.video)? || history_time(c, visit)?.is_some();
    let detail = Box::new(detail);
    Ok(if due { Looked::Due(detail) } else { Looked::Settled(detail) })
}

/// Counts the view and moves the history entry, each if it is still due, and answers with the page.
pub(super) fn enter(c: &Connection, visit: &Visit) -> Result<Option<VideoDetail>, SqlError> {
    let Some(mut detail) = detail(c, visit)? else {
        return Ok(None);
    };
    if is_view_due(c, visit, &detail.card.video)? {
        count_view(c, visit, detail.card.video.owner)?;
        detail.card.video.views += 1;
    }
    if let (Some(user), Some(time)) = (visit.viewer.user(), history_time(c, visit)?) {
        const SQL: &str = "INSERT INTO history (user, video, watched_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (user, video) DO UPDATE SET watched_at = excluded.watched_at";
        execute(c, SQL, params![user.bytes(), visit.video.bytes(), time])?;
    }
    Ok(Some(detail))
}

/// The page of a video (?1) as a viewer (?2) sees it.
static DETAIL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIDEO_CARD}, u.subscribers_count,
             EXISTS (SELECT 1 FROM subscriptions s WHERE s.channel = v.owner AND s.subscriber = ?2),
             EXISTS (SELECT 1 FROM likes l WHERE l.kind = 1 AND l.target = v.id AND l.liked_by = ?2)
         FROM {VIDEO_CARD_FROM} WHERE v.id = ?1 AND {}",
        visible_to("?2")
    )
});

fn detail(c: &Connection, visit: &Visit) -> Result<Option<VideoDetail>, SqlError> {
    let viewer = visit.viewer.user().map(|user| user.bytes());
    first(c, &DETAIL, params![visit.video.bytes(), viewer], read_detail)
}

fn read_detail(row: &Row<'_>) -> rusqlite::Result<VideoDetail> {
    Ok(VideoDetail {
        card: video_card(row, 0)?,
        subscribers_count: count(row, VIDEO_CARD_WIDTH)?,
        is_subscribed: row.get(VIDEO_CARD_WIDTH + 1)?,
        is_liked: row.get(VIDEO_CARD_WIDTH + 2)?,
    })
}

/// Whether the visitor is not the owner and was not counted within the window.
fn is_view_due(c: &Connection, visit: &Visit, video: &Video) -> Result<bool, SqlError> {
    const SQL: &str = "SELECT counted_at FROM views WHERE video = ?1 AND viewer = ?2";
    if visit.viewer.user() == Some(video.owner) {
        return Ok(false);
    }
    let counted: Option<i64> = first(c, SQL, params![video.id.bytes(), viewer_key(visit.viewer)], |row| row.get(0))?;
    let window = integer(visit.window.as_millis());
    Ok(counted.is_none_or(|counted| visit.now.millis().saturating_sub(counted) >= window))
}

fn count_view(c: &Connection, visit: &Visit, owner: Id<User>) -> Result<(), SqlError> {
    const REMEMBER: &str = "INSERT INTO views (video, viewer, counted_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (video, viewer) DO UPDATE SET counted_at = excluded.counted_at";
    let video = visit.video.bytes();
    execute(c, REMEMBER, params![video, viewer_key(visit.viewer), visit.now.millis()])?;
    execute(c, "UPDATE videos SET views = views + 1 WHERE id = ?1", [video])?;
    execute(c, "UPDATE users SET views_received = views_received + 1 WHERE id = ?1", [owner.bytes()])?;
    Ok(())
}

/// The time to enter into the viewer's history, or `None` when nothing is to be entered: for a guest, and while the
/// video stands in front and was entered a moment ago.
fn history_time(c: &Connection, visit: &Visit) -> Result<Option<i64>, SqlError> {
    const SQL: &str =
        "SELECT video, watched_at FROM history WHERE user = ?1 ORDER BY watched_at DESC, video DESC LIMIT 1";
    let now = visit.now.millis();
    let Some(user) = visit.viewer.user() else {
        return Ok(None);
    };
    let newest = first(c, SQL, [user.bytes()], |row| Ok((id_from::<Video>(row, 0)?, row.get::<_, i64>(1)?)))?;
    Ok(match newest {
        None => Some(now),
        Some((video, time)) if video == visit.video => {
            (now.saturating_sub(time) >= integer(HISTORY_PRECISION.as_millis())).then_some(now)
        }
        // In front even if the clock went back, or the two were opened in the same millisecond.
        Some((_, time)) => Some(now.max(time.saturating_add(1))),
    })
}

/// Users and guests share a column: their keys differ in length.
fn viewer_key(viewer: Viewer) -> Vec<u8> {
    match viewer {
        Viewer::User(id) => id.bytes().to_vec(),
        Viewer::Guest(key) => key.0.to_vec(),
    }
}
