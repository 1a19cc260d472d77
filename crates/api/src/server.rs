//! The composition root: opens the adapters, builds the application over them, and serves it.
//!
//! Nothing here is global: any number of servers can run in one process, each over its own data folder.

mod compose;
mod cors;
mod frame;
mod home;
mod rewrite;
mod sweep;
mod tidy;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use aviary_application::Application;
use aviary_domain::Store;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::AppExt;

use crate::config::{CorsOrigins, Settings};
use crate::openapi;
use crate::routes::toggle::{Toggles, refuse_keys};
use crate::routes::{self, RouteTable};
use crate::state::AppState;
use crate::telemetry::RequestSpan;

pub(crate) use compose::application;
pub(crate) use home::Home;

/// The longest wait for a request's head, and for a connection to close once it was told to.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);

/// A server that runs until it is told to stop.
pub struct RunningServer {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    sweeper: sweep::SweepTask,
    _tidy: tidy::TidyTask,
    home: Home,
    state: web::Data<AppState>,
    /// How long what runs may go on after the stop.
    patience: Duration,
}

/// Opens everything and starts to serve. Answers once connections are accepted.
pub async fn start(settings: Settings) -> anyhow::Result<RunningServer> {
    // The port is taken before the data folder is touched: a port in use must not migrate anything.
    let listener = TcpListener::bind((settings.host.as_str(), settings.port))
        .with_context(|| format!("cannot listen on {}:{}", settings.host, settings.port))?;
    let address = listener.local_addr().context("cannot tell the address of the listener")?;
    if settings.public_url.is_none() && address.ip().is_unspecified() {
        tracing::warn!("PUBLIC_URL is not set: links to files say localhost, which leads nowhere on other machines");
    }
    let opening = settings.clone();
    home::migrate(&settings).await?;
    let home = Home::open(&settings).await?.with_media(&settings).await?;
    let store = home.store.clone();
    let state = tokio::task::spawn_blocking(move || compose::build(&opening, address.port(), store)).await??;
    let state = web::Data::new(state);
    let server = serve(listener, state.clone(), &settings).context("cannot serve the listener")?;
    let sweeper = sweep::SweepTask::start(state.application.sweeper.clone(), state.entropy.clone());
    let tidy = tidy::TidyTask::start(state.local.clone());
    let (handle, serving) = (server.handle(), tokio::spawn(server));
    Ok(RunningServer {
        address,
        handle,
        serving,
        sweeper,
        _tidy: tidy,
        home,
        state,
        patience: settings.shutdown_timeout,
    })
}

impl RunningServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of the URLs that it hands out, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.state.base_url
    }

    /// The use cases that it serves.
    pub fn application(&self) -> &Application {
        &self.state.application
    }

    /// The store that it serves from.
    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// Returns when the server ends by itself, which it should not.
    pub async fn failed(&mut self) -> anyhow::Result<()> {
        (&mut self.serving).await.context("the server task ended with a fault")?.context("the server failed")
    }

    /// Accepts no more connections, lets running requests and the sweeper finish up to the configured time, gives the
    /// leases back and closes the store.
    pub async fn stop(self) -> anyhow::Result<()> {
        let told = Instant::now();
        self.handle.stop(true).await;
        if !self.serving.is_finished() {
            self.serving.await.context("the server task ended with a fault")?.context("the server failed")?;
        }
        // After the last request, whose garbage goes too if there is time, and until which somebody stores files here.
        self.sweeper.stop(self.patience.saturating_sub(told.elapsed())).await;
        self.state.application.sweeper.rest().await;
        self.home.close().await
    }
}

/// The actix server. Layers run from the last `wrap` inwards: the request is rewritten, then gets its span and id,
/// then its frame, then the rules for other origins, then those for keys, then its route.
fn serve(listener: TcpListener, state: web::Data<AppState>, settings: &Settings) -> io::Result<Server> {
    let document = openapi::document(&state.base_url);
    let table = web::Data::new(RouteTable::of(&document));
    let document = web::Data::new(document);
    let toggles = web::Data::new(Toggles::new());
    let factory = move || {
        // The pages come first: one of them lies under the prefix that the described routes take whole.
        let app = App::new().configure(routes::pages).into_utoipa_app().configure(routes::described);
        let (app, _) = app.split_for_parts();
        app.app_data(state.clone())
            .app_data(table.clone())
            .app_data(document.clone())
            .app_data(toggles.clone())
            .default_service(web::to(routes::unrouted))
            .wrap(from_fn(refuse_keys))
            .wrap(Condition::new(state.cors != CorsOrigins::Nobody, cors::rules(&state.cors)))
            .wrap(from_fn(frame::frame))
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(rewrite::rewrite))
    };
    let server = HttpServer::new(factory)
        .workers(settings.workers)
        .client_request_timeout(HEAD_PATIENCE)
        .client_disconnect_timeout(HEAD_PATIENCE)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
