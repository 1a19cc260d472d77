//! Bytes that the fake keeps: in files of a folder of its own, in as many parts as they came in.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tempfile::{NamedTempFile, TempPath};

/// How much is read at once for an answer.
const READ: usize = 64 * 1024;

/// One part, in a file that goes with it.
#[derive(Debug)]
pub(crate) struct Part {
    path: TempPath,
    pub(crate) length: u64,
}

/// A part on its way in.
pub(crate) struct PartWriter {
    file: BufWriter<NamedTempFile>,
    length: u64,
}

impl PartWriter {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let file = NamedTempFile::new_in(folder)?;
        Ok(Self { file: BufWriter::with_capacity(256 * 1024, file), length: 0 })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += u64::try_from(bytes.len()).map_err(io::Error::other)?;
        self.file.write_all(bytes)
    }

    pub(crate) fn finish(self) -> io::Result<Part> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Part { path: file.into_temp_path(), length: self.length })
    }
}

/// A whole file.
#[derive(Debug)]
pub(crate) struct Blob {
    parts: Vec<Part>,
}

impl Blob {
    pub(crate) fn new(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    pub(crate) fn length(&self) -> u64 {
        self.parts.iter().map(|part| part.length).sum()
    }

    /// Up to this many of its first bytes.
    pub(crate) fn head(&self, most: u64) -> io::Result<Vec<u8>> {
        let mut head = vec![];
        if let Some(part) = self.parts.first() {
            File::open(&part.path)?.take(most).read_to_end(&mut head)?;
        }
        Ok(head)
    }

    pub(crate) fn all(&self) -> io::Result<Vec<u8>> {
        let mut all = vec![];
        for part in &self.parts {
            File::open(&part.path)?.read_to_end(&mut all)?;
        }
        Ok(all)
    }

    /// These bytes, a piece after the other. The files stay until the stream has gone.
    pub(crate) fn stream(
        self: &Arc<Self>,
        start: u64,
        length: u64,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let reader = Reader { blob: Arc::clone(self), part: 0, skip: start, left: length, open: None };
        stream::unfold(reader, async |mut reader| match reader.next() {
            Ok(piece) if piece.is_empty() => None,
            outcome => Some((outcome, reader)),
        })
    }
}

struct Reader {
    blob: Arc<Blob>,
    part: usize,
    skip: u64,
    left: u64,
    open: Option<File>,
}

impl Reader {
    /// The next piece; empty at the end.
    fn next(&mut self) -> io::Result<Bytes> {
        while self.left > 0 {
            let Some(part) = self.blob.parts.get(self.part) else { break };
            if self.open.is_none() && self.skip < part.length {
                let mut file = File::open(&part.path)?;
                file.seek(SeekFrom::Start(self.skip))?;
                self.skip = 0;
                self.open = Some(file);
            }
            let Some(file) = &mut self.open else {
                self.skip -= part.length;
                self.part += 1;
                continue;
            };
            let mut piece = vec![0; READ.min(usize::try_from(self.left).unwrap_or(READ))];
            let count = file.read(&mut piece)?;
            if count == 0 {
                self.open = None;
                self.part += 1;
                continue;
            }
            piece.truncate(count);
            self.left -= u64::try_from(count).map_err(io::Error::other)?;
            return Ok(piece.into());
        }
        Ok(Bytes::new())
    }
}
