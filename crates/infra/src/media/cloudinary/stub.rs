//! A server for tests that answers as it is told and notes what it was asked. It checks nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Path and query.
    pub path: String,
    pub headers: BTreeMap<String, String>,
    /// The fields of a form, without the file.
    pub fields: BTreeMap<String, String>,
    /// How many bytes the file of a form has.
    pub file: Option<usize>,
}

impl Asked {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What is answered.
pub(super) enum Told {
    Answer(u16, String),
    /// The same with a header line.
    With(u16, &'static str, String),
    /// The connection ends.
    Nothing,
}

pub(super) fn json(value: &Value) -> Told {
    Told::Answer(200, value.to_string())
}

pub(super) struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: AbortHandle,
}

impl Stub {
    pub(super) async fn start(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (Arc::clone(&asked), Arc::new(answer));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &noted, &*answer).await });
            }
        });
        Self { url, asked, server: server.abort_handle() }
    }

    /// What was asked so far, each with the last part of its path.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// From now on nobody is there.
    pub(super) fn stop(&self) {
        self.server.abort();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, noted: &Mutex<Vec<Asked>>, answer: &(dyn Fn(&Asked) -> Told + Send + Sync)) {
    let Some(asked) = read(&mut stream).await else { return };
    noted.lock().unwrap().push(asked.clone());
    let (status, header, body) = match answer(&asked) {
        Told::Nothing => return,
        Told::Answer(status, body) => (status, "x-request-id: r-1", body),
        Told::With(status, header, body) => (status, header, body),
    };
    let head =
        format!("HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let mut more = async |bytes: &mut Vec<u8>| match stream.read(&mut buffer).await {
        Ok(0) | Err(_) => None,
        Ok(n) => {
            bytes.extend_from_slice(&buffer[..n]);
            Some(())
        }
    };
    let head = loop {
        more(&mut bytes).await?;
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break bytes.drain(..end + 4).collect::<Vec<_>>();
        }
    };
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<_, _> =
        lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < length {
        more(&mut bytes).await?;
    }
    let (mut fields, mut file) = (BTreeMap::new(), None);
    let boundary = headers.get("content-type").and_then(|value| value.split("boundary=").nth(1));
    if let Some(boundary) = boundary {
        for (name, value) in parts(&bytes, boundary) {
            match name.as_str() {
                "file" => file = Some(value.len()),
                _ => assert!(fields.insert(name, String::from_utf8(value.to_vec()).unwrap()).is_none(), "once each"),
            }
        }
    }
    Some(Asked { path, headers, fields, file })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    // The first byte is looked for fast, because files are long.
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| *byte == what[0])?;
        if bytes[at..].starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// The parts of a multipart form: names and contents.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<(String, &'a [u8])> {
    let (line, mut rest, mut found) = (format!("\r\n--{boundary}"), body, Vec::new());
    while let Some(end_of_head) = find(rest, b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&rest[..end_of_head]).into_owned();
        let content = &rest[end_of_head + 4..];
        let end = find(content, line.as_bytes()).expect("a closed part");
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a name");
        found.push((name.to_owned(), &content[..end]));
        rest = &content[end + 2..];
    }
    found
}
