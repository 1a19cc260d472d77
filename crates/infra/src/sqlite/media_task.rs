//! Videos whose files need something done, in SQLite. The jobs that make the need make the task, through `make`.

use async_trait::async_trait;
use aviary_domain::video::{MediaTask, MediaTasks, Video};
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::Database;
use super::error::SqlError;
use super::row::{all, count, execute, id_from, integer};

/// The tasks whose time has come by ?1, at most ?2.
pub(super) const DUE: &str =
    "SELECT video, attempts, seq, times_made > 1 FROM media_tasks WHERE due_at <= ?1 ORDER BY due_at, video LIMIT ?2";

/// The tasks in SQLite.
pub struct SqliteMediaTasks {
    database: Database,
}

impl SqliteMediaTasks {
    /// The tasks of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl MediaTasks for SqliteMediaTasks {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<MediaTask>, StoreError> {
        self.database.read(|c| {
            all(c, DUE, params![now.millis(), integer(limit)], |row| {
                Ok(MediaTask {
                    video: id_from(row, 0)?,
                    attempts: row.get(1)?,
                    is_renewed: row.get(3)?,
                    stamp: count(row, 2)?,
                })
            })
        })
    }

    async fn postpone(&self, task: &MediaTask, until: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE media_tasks SET due_at = ?2, attempts = attempts + 1 WHERE seq = ?1";
        let values = (integer(task.stamp), until.millis());
        self.database.write(move |c| execute(c, SQL, values).map(drop)).await
    }

    async fn done(&self, task: &MediaTask) -> Result<(), StoreError> {
        let stamp = integer(task.stamp);
        self.database.write(move |c| execute(c, "DELETE FROM media_tasks WHERE seq = ?1", [stamp]).map(drop)).await
    }
}

/// Makes a task for a video; one that is there gives way to it.
pub(super) fn make(c: &Connection, video: Id<Video>, due: Timestamp) -> Result<(), SqlError> {
    const SQL: &str = "INSERT OR REPLACE INTO media_tasks (video, due_at, times_made)
         VALUES (?1, ?2, 1 + coalesce((SELECT times_made FROM media_tasks WHERE video = ?1), 0))";
    execute(c, SQL, params![video.bytes(), due.millis()]).map(drop)
}

/// Takes away what was to be done for a video that is deleted.
pub(super) fn forget(c: &Connection, video: Id<Video>) -> Result<(), SqlError> {
    execute(c, "DELETE FROM media_tasks WHERE video = ?1", [video.bytes()]).map(drop)
}
