//! Long commands show how far they are: as a bar on a terminal, else as one line when a part begins and one when it ends.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aviary_infra::progress::Progress;
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

/// How often a bar moves while nothing is told.
const TICK: Duration = Duration::from_millis(200);

/// Shows progress on standard error, so that reports on standard output can be kept.
pub(super) struct Bar {
    on_terminal: bool,
    part: Mutex<Part>,
}

#[derive(Default)]
struct Part {
    name: String,
    done: u64,
    bytes: u64,
    bar: Option<ProgressBar>,
}

impl Default for Bar {
    fn default() -> Self {
        Self { on_terminal: std::io::stderr().is_terminal(), part: Mutex::default() }
    }
}

impl Progress for Bar {
    fn begin(&self, part: &str, items: Option<u64>) {
        let bar = self.on_terminal.then(|| drawn(part, items));
        if !self.on_terminal {
            match items {
                Some(items) => eprintln!("{part}: about {items} …"),
                None => eprintln!("{part} …"),
            }
        }
        *self.part.lock().unwrap_or_else(PoisonError::into_inner) =
            Part { name: part.to_owned(), bar, ..Part::default() };
    }

    fn advance(&self, items: u64) {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        part.done = part.done.saturating_add(items);
        if let Some(bar) = &part.bar {
            bar.inc(items);
        }
    }

    fn carry(&self, bytes: u64) {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        part.bytes = part.bytes.saturating_add(bytes);
        if let Some(bar) = &part.bar {
            bar.set_message(format!("{} ({})", part.name, DecimalBytes(part.bytes)));
        }
    }

    fn finish(&self) {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        match part.bar.take() {
            Some(bar) => bar.finish_and_clear(),
            None if part.done == 0 => eprintln!("{}: done", part.name),
            None if part.bytes > 0 => eprintln!("{}: {} done, {}", part.name, part.done, DecimalBytes(part.bytes)),
            None => eprintln!("{}: {} done", part.name, part.done),
        }
    }
}

fn drawn(part: &str, items: Option<u64>) -> ProgressBar {
    let (bar, template) = match items {
        Some(items) => (ProgressBar::new(items), "{msg:28} {bar:30} {pos}/{len}  {per_sec}  {eta} left"),
        None => (ProgressBar::new_spinner(), "{msg:24} {spinner} {pos}  {per_sec}"),
    };
    // A template that cannot be read would only cost the looks.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(part.to_owned());
    bar.enable_steady_tick(TICK);
    bar
}
