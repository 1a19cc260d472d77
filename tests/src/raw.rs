//! HTTP written by hand, for requests that no library would send.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Reply;

/// Sends these bytes, then reads until the server closes or says no more for a while.
pub async fn exchange(address: std::net::SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("connect");
    // The server may answer and close before it has read everything: that is an answer too.
    let _ = stream.write_all(request).await;
    let mut answer = vec![];
    let mut buffer = [0; 16 * 1024];
    loop {
        match tokio::time::timeout(Duration::from_secs(8), stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) | Err(_) => return answer,
            Ok(Ok(count)) => answer.extend_from_slice(&buffer[..count]),
        }
        if is_whole(&answer) {
            return answer;
        }
    }
}

/// Whether all of an answer has arrived that says how long it is.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() >= end + 4 + length)
}

/// Sends a request with `Connection: close` and reads the one answer; it is checked like every answer.
pub async fn ask(address: std::net::SocketAddr, head: &str, body: &[u8]) -> Reply {
    let mut request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
    if !head.to_ascii_lowercase().contains("content-length") && !body.is_empty() {
        request.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body);
    let asked = head.lines().next().unwrap_or_default().to_owned();
    parse(asked, &exchange(address, &request).await).checked()
}

/// Reads an answer whose body is not chunked, or is.
pub fn parse(asked: String, answer: &[u8]) -> Reply {
    let shown = String::from_utf8_lossy(answer);
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("{asked}: no answer: {shown:?}"));
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status line");
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("a header");
        let name = HeaderName::try_from(name).expect("a header name");
        headers.append(name, HeaderValue::try_from(value.trim()).expect("a header value"));
    }
    let mut body = answer[end + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        body = unchunked(&body);
    }
    Reply { asked, status, headers, body: body.into() }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = vec![];
    while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).expect("a size"), 16).expect("a size");
        body = &body[end + 2..];
        if size == 0 || body.len() < size {
            break;
        }
        whole.extend_from_slice(&body[..size]);
        body = &body[(size + 2).min(body.len())..];
    }
    whole
}
