//! The floors: tiny servers that do one thing, as fast as this machine lets it be done. Each route is the least that a
//! workload of Aviary could cost.
//!
//! They run in a process of their own, as Aviary does, with as many workers and the same HTTP server.

mod process;
mod rows;
mod sqlite;
mod store;
mod writer;

use std::io::{self, Write};
use std::net::TcpListener;
use std::path::PathBuf;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use clap::Args;

pub(crate) use process::FloorProcess;
pub(crate) use rows::ROWS;

use sqlite::Reader;
use store::Client;
use writer::Writer;

/// The largest answer that a floor gives, in bytes.
const LARGEST: usize = 1 << 20;

/// Where the floors keep what they read and write.
#[derive(Args, Clone)]
pub(crate) struct FloorOptions {
    /// The SQLite database, which is made anew.
    #[arg(long)]
    sqlite: PathBuf,
    /// A MongoDB with a database that is made anew; without it there are no floors for MongoDB.
    #[arg(long)]
    mongodb: Option<String>,
}

/// What the floors answer with: as many bytes as were asked for.
struct Filler(Bytes);

impl Filler {
    fn answer(&self, bytes: usize) -> HttpResponse {
        let body = self.0.slice(..bytes.min(self.0.len()));
        HttpResponse::Ok().content_type("application/json").body(body)
    }
}

/// Serves the floors on a free port of this machine, which is told on standard output, until it is ended.
pub(crate) async fn serve(options: FloorOptions) -> anyhow::Result<()> {
    let writer = Data::new(rows::fill_sqlite(&options.sqlite).and_then(Writer::start)?);
    if let Some(uri) = &options.mongodb {
        rows::fill_mongodb(&store::open(uri).await?).await?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen")?;
    writeln!(io::stdout(), "{}", listener.local_addr()?.port())?;
    let filler = Data::new(Filler(Bytes::from(vec![b'x'; LARGEST])));
    let factory = move || {
        let (file, uri) = (options.sqlite.clone(), options.mongodb.clone());
        App::new()
            .app_data(filler.clone())
            .app_data(writer.clone())
            // One connection and one client for each worker, made on its thread.
            .data_factory(move || std::future::ready(Reader::open(&file)))
            .data_factory(move || Client::open(uri.clone()))
            .route("/constant/{bytes}", web::get().to(constant))
            .route("/row/{number}/{bytes}", web::get().to(row))
            .route("/document/{number}/{bytes}", web::get().to(document))
            .route("/row", web::post().to(insert_row))
            .route("/document", web::post().to(insert_document))
    };
    HttpServer::new(factory).workers(workers()).listen(listener)?.run().await.context("the floors ended")
}

/// As many as Aviary has by default: one for each core.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Floor (a): an answer, and nothing else.
async fn constant(bytes: web::Path<usize>, filler: Data<Filler>) -> HttpResponse {
    filler.answer(*bytes)
}

/// Floor (c): one row by its key, read on the worker's own connection, on the thread that answers.
async fn row(path: web::Path<(usize, usize)>, reader: Data<Reader>, filler: Data<Filler>) -> HttpResponse {
    let (number, bytes) = path.into_inner();
    match reader.row(number) {
        Ok(true) => filler.answer(bytes),
        Ok(false) => HttpResponse::NotFound().finish(),
        Err(error) => failed(&error),
    }
}

/// Floor (b): one document by its id, as the driver has it, with the worker's own client.
async fn document(path: web::Path<(usize, usize)>, client: Data<Client>, filler: Data<Filler>) -> HttpResponse {
    let (number, bytes) = path.into_inner();
    match client.document(number).await {
        Ok(true) => filler.answer(bytes),
        Ok(false) => HttpResponse::NotFound().finish(),
        Err(error) => failed(&error),
    }
}

/// Floor (d) embedded: one row, synced to disk together with those of other requests.
async fn insert_row(writer: Data<Writer>, filler: Data<Filler>) -> HttpResponse {
    match writer.insert().await {
        Ok(()) => filler.answer(rows::TEXT_BYTES),
        Err(error) => failed(&error),
    }
}

/// Floor (d) on MongoDB: one document, in the journals of a majority.
async fn insert_document(client: Data<Client>, filler: Data<Filler>) -> HttpResponse {
    match client.insert().await {
        Ok(()) => filler.answer(rows::TEXT_BYTES),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> HttpResponse {
    HttpResponse::InternalServerError().body(format!("{error:#}\n"))
}
