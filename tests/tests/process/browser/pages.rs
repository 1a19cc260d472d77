//! A web server for the test's own pages, on an origin other than the server's.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Pages by path. They go with the value.
pub(crate) struct Pages {
    /// `http://127.0.0.1:<port>`: for a browser another site than `localhost`.
    pub(crate) base: String,
    serving: JoinHandle<()>,
}

impl Pages {
    pub(crate) async fn serve(pages: BTreeMap<&'static str, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let pages = Arc::new(pages);
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, pages.clone()));
            }
        });
        Self { base, serving }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut socket: TcpStream, pages: Arc<BTreeMap<&'static str, String>>) -> std::io::Result<()> {
    let mut request = vec![];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if socket.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split_whitespace().nth(1).unwrap_or_default();
    let (status, page) = pages.get(path).map_or(("404 Not Found", ""), |page| ("200 OK", page.as_str()));
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        page.len()
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(page.as_bytes()).await
}
