//! Storing files for a row that is about to be written: reserve, store, then the row claims them.
//!
//! Whatever happens in between, the ledger knows the files: a failure makes them due at once, and a crash or a caller
//! that went away leaves them to their reservation's end.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::file::FileKey;
use aviary_domain::media::{ImageRole, PreparedFile, Upload};

use crate::{Chain, Error, Ports};

/// How long storing files and writing their row may take.
const RESERVATION: Duration = Duration::from_hours(1);

impl Ports {
    /// Makes an uploaded image ready to be stored.
    pub(crate) async fn prepare_image(
        &self,
        field: &'static str,
        upload: Box<dyn Upload>,
        role: ImageRole,
    ) -> Result<PreparedFile, Error> {
        self.media.prepare_image(upload, role).await.map_err(|error| Error::of_file(field, error))
    }

    /// A name for a prepared file.
    pub(crate) fn name_file(&self, file: &PreparedFile) -> FileKey {
        FileKey::new(file.format, self.entropy.unguessable())
    }

    /// Stores files under their names and writes the row that owns them. When either fails, the files are due.
    ///
    /// Runs to its end even when the caller goes away half-way, as callers do whose client hangs up: what was begun
    /// ends in a claim or a release, and never only in the reservation's end.
    pub(crate) async fn store_with_row<T: Send + 'static>(
        self: &Arc<Self>,
        files: Vec<(&'static str, PreparedFile, FileKey)>,
        row: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let ports = Arc::clone(self);
        let task = tokio::spawn(async move { ports.store_then_write(files, row).await });
        task.await.map_err(|fault| Error::Internal(fault.into()))?
    }

    async fn store_then_write<T>(
        &self,
        files: Vec<(&'static str, PreparedFile, FileKey)>,
        row: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let keys: Vec<FileKey> = files.iter().map(|(_, _, key)| key.clone()).collect();
        self.store.files.reserve(&keys, self.clock.now().after(RESERVATION)).await?;
        let outcome = async {
            for (field, file, key) in files {
                self.media.keep(file, &key).await.map_err(|error| Error::of_file(field, error))?;
            }
            row.await
        }
        .await;
        if outcome.is_err()
            && let Err(error) = self.store.files.release(&keys, self.clock.now()).await
        {
            // The reservation ends by itself; the files only stay a little longer.
            tracing::warn!(error = %Chain(&error), "files of a failed step stay reserved");
        }
        outcome
    }
}
