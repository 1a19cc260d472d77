//! How far long work has come, told to whoever watches it. Says nothing about how that is shown.

/// Watches long work. The parts of the work come one after the other.
pub trait Progress: Send + Sync {
    /// A part of the work begins, of about so many items; `None` where nobody knows.
    fn begin(&self, part: &str, items: Option<u64>);

    /// So many more items of the part are done.
    fn advance(&self, items: u64);

    /// So many more bytes went along with them.
    fn carry(&self, _bytes: u64) {}

    /// The part is done.
    fn finish(&self);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _part: &str, _items: Option<u64>) {}
    fn advance(&self, _items: u64) {}
    fn finish(&self) {}
}
