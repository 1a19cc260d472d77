//! The facts as a home that can be copied: the rows of every table in the order of their keys, from any place on.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use aviary_domain::media::site::MediaSite;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::rows;
use super::world::World;
use crate::copy::CopyError;
use crate::copy::home::{Batch, Home, Read, Reading, Rows, Source, Totals};
use crate::copy::table::Table;

/// A home that is nowhere but in the rules by which it is made.
pub(super) struct Seed(pub(super) Arc<World>);

#[async_trait]
impl Home for Seed {
    fn name(&self) -> String {
        "the seed".to_owned()
    }

    async fn count(&self, table: &'static Table) -> Result<u64, CopyError> {
        Ok(rows::count(&self.0, table.name).into())
    }

    fn read(&self, reading: Reading) -> Rows {
        let (sender, rows) = Rows::channel();
        let world = Arc::clone(&self.0);
        spawn_blocking(move || {
            // Nobody listens any more where it cannot be sent.
            if send(&world, &reading, &sender) {
                drop(sender.blocking_send(Ok(None)));
            }
        });
        rows
    }

    async fn totals(&self) -> Result<Totals, CopyError> {
        let tweets = rows::count(&self.0, "tweets").into();
        Ok(Totals { published_videos: self.0.published(), tweets })
    }
}

#[async_trait]
impl Source for Seed {
    async fn purge(&self) -> Result<u64, CopyError> {
        Ok(0)
    }

    async fn strangers(&self) -> Result<Vec<(String, u64)>, CopyError> {
        Ok(Vec::new())
    }

    async fn media(&self) -> Result<Option<String>, CopyError> {
        Ok(None)
    }

    async fn site(&self) -> Result<Option<MediaSite>, CopyError> {
        Ok(None)
    }

    async fn check_site(&self, _own: &MediaSite) -> Result<(), CopyError> {
        Ok(())
    }

    async fn check_media(&self, _folder: &Path) -> Result<(), CopyError> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<(), CopyError> {
        Ok(())
    }
}

/// Makes the rows and sends them in batches; whether anybody still listens.
fn send(world: &World, reading: &Reading, sender: &mpsc::Sender<Read>) -> bool {
    let mut batch = Batch::default();
    for number in first(world, reading)..rows::count(world, reading.table.name) {
        batch.records.reserve(if batch.records.is_empty() { reading.limits.rows } else { 0 });
        if let Some(row) = rows::row(world, reading.table.name, number) {
            batch.push(row);
        }
        if batch.is_full(reading.limits) && sender.blocking_send(Ok(Some(std::mem::take(&mut batch)))).is_err() {
            return false;
        }
    }
    batch.records.is_empty() || sender.blocking_send(Ok(Some(batch))).is_ok()
}

/// The number of the row with which a reading begins. Rows ascend by every order that is asked for.
fn first(world: &World, reading: &Reading) -> u32 {
    let Some(after) = &reading.after else { return 0 };
    let (mut low, mut high) = (0, rows::count(world, reading.table.name));
    while low < high {
        let middle = low + (high - low) / 2;
        let row = rows::row(world, reading.table.name, middle);
        if row.is_some_and(|row| row.key(reading.order).order(after).is_le()) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
