//! A server that plays the router of a sharded cluster as far as the driver looks: it says hello as one, answers what it
//! was told to, and writes down what it was asked.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what no driver sends ends the test")]

use std::io;
use std::sync::{Arc, Mutex};

use mongodb::bson::{Document, doc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A message with a body and sections (`OP_MSG`), which is all that the driver speaks.
const MESSAGE: i32 = 2013;

/// Bytes of a message's head, flags and kind of section.
const HEAD: usize = 16 + 4 + 1;

/// What the driver and its monitors ask by themselves.
const BY_ITSELF: [&str; 4] = ["hello", "isMaster", "endSessions", "ping"];

/// Answers a command.
type Answer = dyn Fn(&Document) -> Document + Send + Sync;

/// A router that runs until it is dropped.
pub(crate) struct Router {
    uri: String,
    asked: Arc<Mutex<Vec<Document>>>,
    accepting: JoinHandle<()>,
}

impl Router {
    /// Starts one that speaks this wire protocol and answers commands so.
    pub(crate) async fn start(wire: i32, answer: impl Fn(&Document) -> Document + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("mongodb://{}/tube", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer): (_, Arc<Answer>) = (asked.clone(), Arc::new(answer));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, wire, noted.clone(), answer.clone()));
            }
        });
        Self { uri, asked, accepting }
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// What was asked since the last call, without what belongs to the connection.
    pub(crate) fn asked(&self) -> Vec<Document> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Ends with the connection.
async fn converse(mut stream: TcpStream, wire: i32, asked: Arc<Mutex<Vec<Document>>>, answer: Arc<Answer>) {
    while let Ok((id, command)) = receive(&mut stream).await {
        let name = command.keys().next().unwrap().clone();
        let reply = if BY_ITSELF.contains(&name.as_str()) {
            hello(wire)
        } else {
            let bare = command.clone().into_iter().filter(|(field, _)| !is_of_the_connection(field));
            asked.lock().unwrap().push(bare.collect());
            answer(&command)
        };
        if send(&mut stream, id, &reply).await.is_err() {
            return;
        }
    }
}

fn is_of_the_connection(field: &str) -> bool {
    field.starts_with('$') || ["lsid", "txnNumber"].contains(&field)
}

fn hello(wire: i32) -> Document {
    doc! {
        "ok": 1, "helloOk": true, "isWritablePrimary": true, "ismaster": true, "msg": "isdbgrid",
        "minWireVersion": 0, "maxWireVersion": wire, "maxBsonObjectSize": 16 << 20, "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000, "logicalSessionTimeoutMinutes": 30, "readOnly": false,
    }
}

/// Takes the body of a message; further sections would follow it, which no command here has.
async fn receive(stream: &mut TcpStream) -> io::Result<(i32, Document)> {
    let length = usize::try_from(stream.read_i32_le().await?).unwrap();
    let mut message = vec![0; length - 4];
    stream.read_exact(&mut message).await?;
    let id = i32::from_le_bytes(message[..4].try_into().unwrap());
    let command = Document::from_reader(&message[HEAD - 4..]).unwrap();
    Ok((id, command))
}

async fn send(stream: &mut TcpStream, to: i32, reply: &Document) -> io::Result<()> {
    let body = mongodb::bson::serialize_to_vec(reply).unwrap();
    let length = i32::try_from(HEAD + body.len()).unwrap();
    let mut message = Vec::new();
    for number in [length, 0, to, MESSAGE, 0] {
        message.extend(number.to_le_bytes());
    }
    message.push(0);
    message.extend(body);
    stream.write_all(&message).await
}
