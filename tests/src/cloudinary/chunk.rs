//! Large files in parts: one id for all, in order, none but the last small, and the same part as often as it takes.

use hyper::HeaderMap;

use super::answer::Refusal;
use super::asset::Place;
use super::blob::{Blob, Part};

/// What every part but the last must exceed.
pub(crate) const SMALLEST: u64 = 5 * 1024 * 1024;

/// Which bytes of which file a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) id: String,
    pub(crate) start: u64,
    /// Behind its last byte.
    pub(crate) end: u64,
    pub(crate) total: u64,
}

impl Range {
    /// Reads the headers; `None` for a file that comes whole.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let text = |name| headers.get(name).and_then(|value: &hyper::header::HeaderValue| value.to_str().ok());
        let Some(range) = text("content-range") else { return Ok(None) };
        let refused = || Refusal::new(400, format!("Invalid Content-Range header - {range}"));
        let (bytes, total) = range.strip_prefix("bytes ").and_then(|rest| rest.split_once('/')).ok_or_else(refused)?;
        let (start, last) = bytes.split_once('-').ok_or_else(refused)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| refused());
        let (start, last, total) = (number(start)?, number(last)?, number(total)?);
        if last < start || last >= total {
            return Err(refused());
        }
        let id = text("x-unique-upload-id").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Refusal::new(400, "Missing X-Unique-Upload-Id header"))?;
        Ok(Some(Self { id: id.to_owned(), start, end: last + 1, total }))
    }

    pub(crate) fn is_last(&self) -> bool {
        self.end == self.total
    }
}

/// A file of which not all parts have come.
pub(crate) struct Session {
    target: (String, String),
    total: u64,
    parts: Vec<Part>,
    /// Where the part began that came last.
    last_start: u64,
    received: u64,
    /// What became of it when it was whole.
    finished: Option<Place>,
}

/// What a part leads to.
#[derive(Debug)]
pub(crate) enum Step {
    /// More are to come.
    Waiting,
    /// The file is whole.
    Whole(Blob),
    /// It was whole already, and lies here.
    Again(Place),
}

impl Session {
    /// Begins with the first part; `target` is what all parts must agree about.
    pub(crate) fn new(target: (String, String), total: u64) -> Self {
        Self { target, total, parts: vec![], last_start: 0, received: 0, finished: None }
    }

    /// Takes a part. One that came before is taken again, in the place of the first.
    pub(crate) fn take(&mut self, range: &Range, part: Part, target: &(String, String)) -> Result<Step, Refusal> {
        if part.length != range.end - range.start {
            return Err(Refusal::new(400, "The part is not as long as its Content-Range says"));
        }
        if !range.is_last() && part.length <= SMALLEST {
            return Err(Refusal::new(400, "All parts except EOF-chunk must be larger than 5mb"));
        }
        if *target != self.target || range.total != self.total {
            return Err(Refusal::new(400, "The part belongs to another upload"));
        }
        let again = !self.parts.is_empty() || self.finished.is_some();
        if again && range.start == self.last_start && range.end == self.received {
            if let Some(place) = &self.finished {
                return Ok(Step::Again(place.clone()));
            }
            self.parts.pop();
        } else if range.start != self.received || self.finished.is_some() {
            let message = format!("Parts must come in order: {} bytes came, not {}", self.received, range.start);
            return Err(Refusal::new(400, message));
        }
        self.parts.push(part);
        (self.last_start, self.received) = (range.start, range.end);
        Ok(if range.is_last() { Step::Whole(Blob::new(std::mem::take(&mut self.parts))) } else { Step::Waiting })
    }

    pub(crate) fn finish(&mut self, place: Place) {
        self.finished = Some(place);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished.is_some()
    }

    /// How many bytes wait here for the rest of their file.
    pub(crate) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.length).sum()
    }
}
