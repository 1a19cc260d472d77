//! Leases in SQLite: of use where several tasks of the one process that owns the file take turns.

use std::time::Duration;

use async_trait::async_trait;
use aviary_domain::StoreError;
use aviary_domain::lease::Leases;
use rusqlite::params;

use super::Database;
use super::row::{execute, integer};

/// The present as SQLite knows it, in milliseconds.
macro_rules! present {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

/// The leases in SQLite.
pub struct SqliteLeases {
    database: Database,
}

impl SqliteLeases {
    /// The leases of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Leases for SqliteLeases {
    async fn acquire(&self, name: &str, holder: &str, life: Duration) -> Result<bool, StoreError> {
        const SQL: &str = concat!(
            "INSERT INTO leases (name, holder, ends_at) VALUES (?1, ?2, ",
            present!(),
            " + ?3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends_at = excluded.ends_at
             WHERE holder = excluded.holder OR ends_at <= ",
            present!()
        );
        let (name, holder, life) = (name.to_owned(), holder.to_owned(), integer(life.as_millis()));
        self.database.write(move |c| Ok(execute(c, SQL, params![name, holder, life])? > 0)).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM leases WHERE name = ?1 AND holder = ?2";
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.database.write(move |c| execute(c, SQL, params![name, holder]).map(drop)).await
    }
}
