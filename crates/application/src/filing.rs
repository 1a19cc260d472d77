//! Storing files for a row that is about to be written: reserve, store, then the row claims them.
//!
//! Whatever happens in between, the ledger knows the files: a failure makes them due, and a crash leaves them to their
//! reservation's end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aviary_domain::file::FileKey;
use aviary_domain::media::{ImageRole, PreparedFile, Upload};

use crate::{Chain, Error, Ports};

/// How long a reservation lasts; while a large film is on its way to the store, it is put off again and again.
pub(crate) const RESERVATION: Duration = Duration::from_hours(1);
/// How often it is put off: as often as it takes for two that fail to do no harm.
const PROLONGED_EVERY: Duration = Duration::from_mins(15);
/// How long a file that could not be stored stays in the ledger before it is due: a store that is slow or out of reach may
/// store what it was sent when its sender has long given up, and what is removed before that would stay for ever.
const LINGER: Duration = Duration::from_secs(30);

/// A file that is ready to be stored.
pub(crate) struct NewFile {
    /// The field in which it came.
    pub(crate) field: &'static str,
    /// The file.
    pub(crate) file: PreparedFile,
    /// The name under which it is to be stored.
    pub(crate) name: FileKey,
}

/// The keys that stored files are known by from now on.
pub(crate) struct Kept(Vec<FileKey>);

impl Kept {
    /// The key of the file of this name.
    pub(crate) fn key(&self, name: &FileKey) -> FileKey {
        self.0.iter().find(|key| key.name() == name.name()).unwrap_or(name).clone()
    }
}

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

    /// Gives a prepared file its name.
    pub(crate) fn name_file(&self, field: &'static str, file: PreparedFile) -> NewFile {
        let name = FileKey::new(file.format, self.entropy.unguessable());
        NewFile { field, file, name }
    }

    /// Stores files under their names and writes the row that owns them, under the keys that they got. When the row is not
    /// written, the files are due at once; when they could not be stored, a little later.
    ///
    /// Runs to its end even when the caller goes away half-way, as callers do whose client hangs up: what was begun
    /// ends in a claim or a release, and never only in the reservation's end.
    pub(crate) async fn store_with_row<T, R>(
        self: &Arc<Self>,
        files: Vec<NewFile>,
        row: impl FnOnce(Kept) -> R + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        R: Future<Output = Result<T, Error>> + Send,
    {
        let ports = Arc::clone(self);
        let task = tokio::spawn(async move { ports.store_then_write(files, row).await });
        task.await.map_err(|fault| Error::Internal(fault.into()))?
    }

    async fn store_then_write<T, R: Future<Output = Result<T, Error>>>(
        &self,
        files: Vec<NewFile>,
        row: impl FnOnce(Kept) -> R,
    ) -> Result<T, Error> {
        let names: Vec<FileKey> = files.iter().map(|file| file.name.clone()).collect();
        if !names.is_empty() {
            self.store.files.reserve(&names, self.clock.now().after(RESERVATION)).await?;
        }
        let kept = match self.keep(files, &names).await {
            Ok(kept) => kept,
            Err(error) => {
                self.give_up(&names).await;
                return Err(error);
            }
        };
        let outcome = row(kept).await;
        if outcome.is_err() {
            self.release(&names).await;
        }
        outcome
    }

    /// Sees to the end of files that could not be stored. No row was written for them, so they are entered anew, which also
    /// holds when their reservation ended meanwhile and the ledger has forgotten them.
    async fn give_up(&self, names: &[FileKey]) {
        if let Err(error) = self.store.files.reserve(names, self.clock.now().after(LINGER)).await {
            tracing::warn!(error = %Chain(&error), "files that could not be stored stay reserved");
        }
    }

    /// Makes files due that no row will own. Where that fails, their reservation ends by itself: they only stay a
    /// little longer.
    pub(crate) async fn release(&self, names: &[FileKey]) {
        if names.is_empty() {
            return;
        }
        if let Err(error) = self.store.files.release(names, self.clock.now()).await {
            tracing::warn!(error = %Chain(&error), "files of a failed step stay reserved");
        }
    }

    /// Stores files, and sees to it that their reservations do not end meanwhile.
    async fn keep(&self, files: Vec<NewFile>, names: &[FileKey]) -> Result<Kept, Error> {
        let storing = async {
            let mut kept = Vec::with_capacity(files.len());
            for NewFile { field, file, name } in files {
                let key = self.media.keep(file, &name).await.map_err(|error| Error::of_file(field, error))?;
                kept.push(key);
            }
            Ok(Kept(kept))
        };
        self.while_reserved(names, storing).await
    }

    async fn while_reserved<T>(
        &self,
        names: &[FileKey],
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                outcome = &mut work => return outcome,
                () = tokio::time::sleep(PROLONGED_EVERY) => self.prolong(names).await?,
            }
        }
    }

    async fn prolong(&self, names: &[FileKey]) -> Result<(), Error> {
        for name in names {
            let now = self.clock.now();
            match self.store.files.prolong(name, now, now.after(RESERVATION)).await {
                Ok(true) => {}
                Ok(false) => {
                    let lost = format!("the reservation of {name} ended while it was being stored");
                    return Err(Error::Unavailable(lost.into()));
                }
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a reservation could not be put off");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
