//! Clients of the driver. A connection belongs to the runtime on which it was opened: used from another one, every answer
//! wakes two threads instead of one. So each worker, which is a runtime of one thread, has a client of its own.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use mongodb::error::Error;
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use tokio::runtime::{Handle, Id, RuntimeFlavor};

use super::questions::Questions;

/// The clients of one database.
pub(super) struct Clients {
    options: ClientOptions,
    first: Here,
    /// The runtime on which the first client was made.
    home: Handle,
    others: RwLock<HashMap<Id, Here>>,
}

/// What a runtime has of its own; clones share it.
#[derive(Clone)]
pub(super) struct Here {
    /// The database by the client of this runtime.
    pub(super) database: Database,
    /// What is being asked on this runtime.
    pub(super) questions: Arc<Questions>,
}

impl Here {
    fn new(database: Database) -> Self {
        Self { database, questions: Arc::default() }
    }
}

impl Clients {
    /// Clients with these options, for the database of this name. Nothing is connected yet.
    pub(super) fn new(options: ClientOptions, name: &str) -> Result<Self, Error> {
        let first = Here::new(Client::with_options(options.clone())?.database(name));
        let home = Handle::current();
        Ok(Self { options, first, home, others: RwLock::default() })
    }

    /// The database by the client that was made first.
    pub(super) fn first(&self) -> &Database {
        &self.first.database
    }

    /// The runtime on which the first client was made.
    pub(super) fn home(&self) -> Handle {
        self.home.clone()
    }

    /// What the runtime that calls has of its own.
    pub(super) fn here(&self) -> Here {
        let Ok(runtime) = Handle::try_current() else { return self.first.clone() };
        let id = runtime.id();
        if self.home.id() == id || runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return self.first.clone();
        }
        let known = self.others.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        known.unwrap_or_else(|| self.another(id))
    }

    fn another(&self, runtime: Id) -> Here {
        // The same options made the first one.
        let Ok(client) = Client::with_options(self.options.clone()) else { return self.first.clone() };
        let here = Here::new(client.database(self.first.database.name()));
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        others.entry(runtime).or_insert(here).clone()
    }

    /// Ends them. Those of workers end with their runtimes, which by then are over; the first one waits for what was
    /// begun.
    pub(super) async fn shutdown(&self) {
        self.others.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.first.database.client().clone().shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::runtime::Builder;

    use super::*;

    fn on_a_thread_of_its_own<T: Send>(ask: impl Fn() -> T + Send + Sync) -> (T, T) {
        let ask = || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { (ask(), ask()) })
        };
        thread::scope(|scope| scope.spawn(ask).join().unwrap())
    }

    #[tokio::test]
    async fn each_runtime_of_one_thread_has_a_client_and_keeps_it() {
        let options = ClientOptions::parse("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1").await.unwrap();
        let clients = Clients::new(options, "some").unwrap();
        // The driver tells clients apart by nothing but where they lie.
        let known = || clients.others.read().unwrap().len();
        assert_eq!(clients.here().database.name(), "some");
        assert_eq!(known(), 0);
        on_a_thread_of_its_own(|| clients.here().database.name().to_owned());
        assert_eq!(known(), 1);
        on_a_thread_of_its_own(|| clients.here().database.name().to_owned());
        assert_eq!(known(), 2);
        clients.shutdown().await;
        assert_eq!(known(), 0);
    }
}
