//! How far an upload is: a bar on a terminal, else a line when it is over.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows one upload on standard error.
#[derive(Clone)]
pub(crate) struct Progress {
    name: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn begin(name: String, bytes: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = "{msg:40} {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(bytes).with_style(style).with_message(name.clone())
        });
        Self { name, bar }
    }

    pub(crate) fn advance(&self, bytes: usize) {
        if let Some(bar) = &self.bar {
            bar.inc(u64::try_from(bytes).unwrap_or_default());
        }
    }

    pub(crate) fn end(self, time: Duration) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("{}: {:.2} s", self.name, time.as_secs_f64());
    }
}
