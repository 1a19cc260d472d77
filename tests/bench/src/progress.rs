//! How far the bench is, on standard error: a bar with the time that is left on a terminal, else a line now and then.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the bar moves while nothing is told.
const TICK: Duration = Duration::from_millis(500);

/// Tells how far the bench is.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    steps: u64,
    done: AtomicU64,
}

impl Progress {
    /// A bench of so many measurements.
    pub(crate) fn new(steps: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden());
            // A template that cannot be read would only cost the looks.
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed}, {eta} left  {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { bar, steps, done: AtomicU64::new(0) }
    }

    /// Something begins that is no measurement.
    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) if !bar.is_hidden() => bar.println(text),
            _ => eprintln!("{text}"),
        }
    }

    /// Somebody else shows progress until the next measurement.
    pub(crate) fn pause(&self) {
        if let Some(bar) = &self.bar {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// A workload begins.
    pub(crate) fn begin(&self, text: String) {
        match &self.bar {
            Some(bar) => {
                if bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                bar.set_message(text);
            }
            None => eprintln!("[{}/{}] {text}", self.done.load(Ordering::Relaxed), self.steps),
        }
    }

    /// One measurement is done.
    pub(crate) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// One measurement more than was foreseen.
    pub(crate) fn one_more(&self) {
        if let Some(bar) = &self.bar {
            bar.inc_length(1);
        }
    }

    /// The end.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
