//! What everything in this process writes into its log, on all threads.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use tracing_subscriber::fmt::MakeWriter;

/// Everything that was logged since somebody first listened.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    log
});

/// Listens from now on.
pub(super) fn listen() -> &'static Log {
    &LOG
}

impl Log {
    pub(super) fn length(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The lines that hold one of these.
    pub(super) fn leaks(&self, words: &[String]) -> Vec<String> {
        let written = self.0.lock().unwrap();
        let text = String::from_utf8_lossy(&written);
        let holds = |line: &&str| words.iter().any(|word| line.contains(word.as_str()));
        text.lines().filter(holds).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
