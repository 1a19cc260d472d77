//! Removes in bounded steps what deleted videos, comments and tweets left. Every step takes rows and what they
//! counted together, so that all counts are exact after each, and starts again from what is still there.

use aviary_domain::id::RawId;
use rusqlite::{Connection, params};

use crate::sqlite::error::SqlError;
use crate::sqlite::like;
use crate::sqlite::row::{all, execute, first, integer};

/// Removes at most `limit` rows of one table that refer to a deleted thing, and answers how many.
type Step = fn(c: &Connection, target: &RawId, limit: usize) -> Result<usize, SqlError>;

/// What a deleted video leaves. All these refer to its row, which can therefore go only after them.
const VIDEO_STEPS: [Step; 5] = [
    |c, target, limit| remove_likes(c, like::VIDEO, target, limit),
    remove_comments,
    remove_entries,
    remove_history,
    remove_views,
];

/// Removes about `limit` rows and answers how many; 0 only when nothing is queued.
pub(super) fn purge(c: &Connection, limit: usize) -> Result<usize, SqlError> {
    let limit = limit.max(1);
    let mut removed = 0;
    while removed < limit {
        let sql = "SELECT kind, target FROM purge_queue ORDER BY kind, target LIMIT 1";
        let Some((kind, target)) = first(c, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))? else { break };
        removed += purge_target(c, kind, &target, limit - removed)?;
    }
    Ok(removed)
}

/// Removes at most `limit` rows that the target left, and once none remain its place in the queue.
fn purge_target(c: &Connection, kind: i64, target: &RawId, limit: usize) -> Result<usize, SqlError> {
    let mut removed = 0;
    if kind == like::VIDEO {
        for step in VIDEO_STEPS {
            removed += step(c, target, limit - removed)?;
            if removed >= limit {
                return Ok(removed);
            }
        }
        removed += execute(c, "DELETE FROM videos WHERE id = ?1 AND state = 2", [target])?;
    } else {
        removed += remove_likes(c, kind, target, limit)?;
        if removed >= limit {
            return Ok(removed);
        }
    }
    Ok(removed + execute(c, "DELETE FROM purge_queue WHERE kind = ?1 AND target = ?2", params![kind, target])?)
}

fn remove_likes(c: &Connection, kind: i64, target: &RawId, limit: usize) -> Result<usize, SqlError> {
    execute(
        c,
        "DELETE FROM likes WHERE kind = ?1 AND target = ?2 AND liked_by IN
             (SELECT liked_by FROM likes WHERE kind = ?1 AND target = ?2 LIMIT ?3)",
        params![kind, target, integer(limit)],
    )
}

/// Each comment goes together with what its likes counted for its author; the likes themselves are queued.
fn remove_comments(c: &Connection, target: &RawId, limit: usize) -> Result<usize, SqlError> {
    let sql = "SELECT id, owner, likes_count FROM comments WHERE video = ?1 LIMIT ?2";
    let comments = all(c, sql, params![target, integer(limit)], |row| {
        Ok((row.get::<_, RawId>(0)?, row.get::<_, RawId>(1)?, row.get::<_, i64>(2)?))
    })?;
    for (id, owner, likes) in &comments {
        like::change_received(c, owner, -likes)?;
        like::leave_to_purge(c, like::COMMENT, id)?;
        execute(c, "DELETE FROM comments WHERE id = ?1", [id])?;
    }
    Ok(comments.len())
}

/// A playlist holds a video at most once, so each one picked loses exactly one entry.
fn remove_entries(c: &Connection, target: &RawId, limit: usize) -> Result<usize, SqlError> {
    execute(
        c,
        "UPDATE playlists SET entries = entries - 1 WHERE id IN
             (SELECT playlist FROM playlist_videos WHERE video = ?1 ORDER BY playlist LIMIT ?2)",
        params![target, integer(limit)],
    )?;
    execute(
        c,
        "DELETE FROM playlist_videos WHERE video = ?1 AND playlist IN
             (SELECT playlist FROM playlist_videos WHERE video = ?1 ORDER BY playlist LIMIT ?2)",
        params![target, integer(limit)],
    )
}

fn remove_history(c: &Connection, target: &RawId, limit: usize) -> Result<usize, SqlError> {
    execute(
        c,
        "DELETE FROM history WHERE video = ?1 AND user IN (SELECT user FROM history WHERE video = ?1 LIMIT ?2)",
        params![target, integer(limit)],
    )
}

fn remove_views(c: &Connection, target: &RawId, limit: usize) -> Result<usize, SqlError> {
    execute(
        c,
        "DELETE FROM views WHERE video = ?1 AND viewer IN (SELECT viewer FROM views WHERE video = ?1 LIMIT ?2)",
        params![target, integer(limit)],
    )
}
