//! The runtime of the servers, and waiting for it from the runtimes of tests.

use std::sync::LazyLock;
use std::sync::mpsc::{self, Receiver};

use tokio::runtime::{Builder, Runtime};

/// Where all servers of this process run, so that one outlives the test that started it until it has stopped.
pub(crate) static HOST: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime for the servers")
});

/// Starts work there. The answer can be waited for on any thread that is none of its own.
pub(crate) fn begin<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Receiver<T> {
    let (done, answer) = mpsc::channel();
    HOST.spawn(async move {
        // Nobody may be waiting any more.
        let _ = done.send(work.await);
    });
    answer
}

/// Does work there and waits for it, blocking the thread.
pub(crate) fn wait_for<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    begin(work).recv().expect("no panic")
}
