//! What may go wrong at the fake, on demand: once, always, or at random.

use std::collections::VecDeque;
use std::time::Duration;

use super::dice::Dice;

/// What is asked of the fake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// A whole file in one call.
    Upload,
    /// A part of a large file.
    Chunk,
    Destroy,
    Rename,
    Explicit,
    /// The Admin API's list.
    List,
    /// The Admin API's view of one asset.
    Look,
    /// Whether anybody answers.
    Ping,
    /// What everybody fetches.
    Fetch,
    /// Nothing that is known here.
    Other,
}

impl Op {
    /// Everything that a client may ask.
    pub const ALL: [Self; 9] = [
        Self::Upload,
        Self::Chunk,
        Self::Destroy,
        Self::Rename,
        Self::Explicit,
        Self::List,
        Self::Look,
        Self::Ping,
        Self::Fetch,
    ];
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// All is done as it should be, later.
    Slow(Duration),
    /// Nothing is ever answered.
    Hang,
    /// Nothing is done, and this status answered, with `Retry-After` in seconds if it is given.
    Status(u16, Option<u64>),
    /// The connection ends before the body is read.
    DropAtOnce,
    /// The connection ends in the middle of the body.
    DropInBody,
    /// All is done, and the connection ends without an answer.
    DropAnswer,
    /// All is done, and the connection ends in the middle of the answer.
    DropInAnswer,
    /// All is done, and the answer's signature is not ours.
    WrongSignature,
}

impl Fault {
    /// Everything that passes by itself and that may be hoped to go better when tried again.
    pub const PASSING: [Self; 11] = [
        Self::Slow(Duration::from_millis(150)),
        Self::Status(420, None),
        Self::Status(429, Some(1)),
        Self::Status(429, None),
        Self::Status(500, None),
        Self::Status(502, None),
        Self::Status(503, None),
        Self::DropAtOnce,
        Self::DropInBody,
        Self::DropAnswer,
        Self::DropInAnswer,
    ];
}

/// What is to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Each once, in this order.
    next: VecDeque<(Op, Fault)>,
    /// Every time.
    always: Vec<(Op, Fault)>,
    /// At random: how often, and what.
    weather: Option<(f64, Vec<Fault>)>,
    /// No connection is taken.
    pub(crate) refuses: bool,
}

impl Faults {
    pub(crate) fn push(&mut self, op: Op, fault: Fault) {
        self.next.push_back((op, fault));
    }

    pub(crate) fn hold(&mut self, ops: &[Op], fault: Fault) {
        self.always.extend(ops.iter().map(|op| (*op, fault)));
    }

    pub(crate) fn storm(&mut self, rate: f64, faults: &[Fault]) {
        self.weather = Some((rate, faults.to_vec()));
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What goes wrong with this call, if anything.
    pub(crate) fn pick(&mut self, op: Op, dice: &mut Dice) -> Option<Fault> {
        if let Some(place) = self.next.iter().position(|(planned, _)| *planned == op) {
            return self.next.remove(place).map(|(_, fault)| fault);
        }
        if let Some((_, fault)) = self.always.iter().find(|(held, _)| *held == op) {
            return Some(*fault);
        }
        let (rate, faults) = self.weather.as_ref()?;
        (!faults.is_empty() && dice.happens(*rate)).then(|| faults[dice.below(faults.len())])
    }
}
