//! HTTP of the fake: which call it is, what goes wrong with it, and how a connection ends that must not end well.

use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use super::answer::{Body, Dropped, Refusal, broken_off, object, trouble};
use super::asset::{Delivery, Place, Resource};
use super::chunk::Range;
use super::fault::{Fault, Op};
use super::form::{self, Form, Unread};
use super::shared::{Call, Shared};
use super::work::{self, Job};
use super::{admin, deliver, manage, upload};

/// Serves until it is told to stop. Everything runs on this one thread, beside the runtimes of whoever calls.
pub(crate) fn run(
    listener: StdListener,
    shared: Arc<Shared>,
    jobs: UnboundedReceiver<Job>,
    stop: oneshot::Receiver<Infallible>,
) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::from_std(listener).expect("a listener");
        tokio::task::spawn_local(work::run(Arc::clone(&shared), jobs));
        tokio::select! {
            // Nothing is ever sent: the other end goes.
            _ = stop => {}
            () = accept(listener, shared) => {}
        }
    });
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if shared.state().faults.refuses {
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| handle(Arc::clone(&shared), request));
            // Ends that were asked for are no news.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// What is asked.
#[derive(Debug)]
enum Route {
    Upload(Option<Resource>),
    Destroy(Resource),
    Rename(Resource),
    Explicit(Resource),
    List(Resource, Delivery),
    Look(Place),
    Ping,
    /// The path below the cloud's name.
    Fetch(String),
    Preflight,
    Unknown,
}

impl Route {
    fn of(request: &Request<Incoming>, cloud: &str) -> Self {
        Self::find(request.method(), request.uri().path(), cloud).unwrap_or(Self::Unknown)
    }

    fn find(method: &Method, path: &str, cloud: &str) -> Option<Self> {
        let mut path = path.strip_prefix('/')?;
        let api = path.strip_prefix("v1_1/");
        path = api.unwrap_or(path).strip_prefix(cloud)?.strip_prefix('/')?;
        if api.is_some() && method == Method::GET && path == "ping" {
            return Some(Self::Ping);
        }
        let (first, rest) = path.split_once('/')?;
        Some(match (api.is_some(), method, first, rest) {
            (true, &Method::OPTIONS, ..) => Self::Preflight,
            (true, &Method::POST, "auto", "upload") => Self::Upload(None),
            (true, &Method::POST, resource, "upload") => Self::Upload(Some(Resource::parse(resource)?)),
            (true, &Method::POST, resource, "destroy") => Self::Destroy(Resource::parse(resource)?),
            (true, &Method::POST, resource, "rename") => Self::Rename(Resource::parse(resource)?),
            (true, &Method::POST, resource, "explicit") => Self::Explicit(Resource::parse(resource)?),
            (true, &Method::GET, "resources", rest) => {
                let mut pieces = rest.splitn(3, '/');
                let resource = Resource::parse(pieces.next()?)?;
                let delivery = Delivery::parse(pieces.next()?)?;
                match pieces.next() {
                    None | Some("") => Self::List(resource, delivery),
                    Some(id) => Self::Look(Place { resource, delivery, public_id: id.replace("%2F", "/") }),
                }
            }
            (false, &Method::GET | &Method::HEAD, ..) => Self::Fetch(path.to_owned()),
            _ => return None,
        })
    }

    fn op(&self, headers: &HeaderMap) -> Op {
        match self {
            Self::Upload(_) if headers.contains_key("content-range") => Op::Chunk,
            Self::Upload(_) => Op::Upload,
            Self::Destroy(_) => Op::Destroy,
            Self::Rename(_) => Op::Rename,
            Self::Explicit(_) => Op::Explicit,
            Self::List(..) => Op::List,
            Self::Look(_) => Op::Look,
            Self::Ping => Op::Ping,
            Self::Fetch(_) => Op::Fetch,
            Self::Preflight | Self::Unknown => Op::Other,
        }
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let route = Route::of(&request, &shared.account.cloud);
    let op = route.op(request.headers());
    let asked = format!("{} {}", request.method(), request.uri().path());
    let (fault, request_id) = {
        let state = &mut *shared.state();
        (state.faults.pick(op, &mut state.dice), state.dice.token())
    };
    let mut outcome = serve(&shared, route, request, fault).await;
    if let Ok(answer) = &mut outcome {
        let id = request_id.parse().expect("hexadecimal digits");
        answer.headers_mut().insert("x-request-id", id);
    }
    let status = outcome.as_ref().ok().map(|answer| answer.status().as_u16());
    shared.state().calls.push(Call { op, asked, status, fault });
    outcome
}

/// Answers, unless something is to go wrong.
async fn serve(
    shared: &Arc<Shared>,
    route: Route,
    request: Request<Incoming>,
    fault: Option<Fault>,
) -> Result<Response<Body>, Dropped> {
    let sends = request.method() == Method::POST;
    match fault {
        Some(Fault::Slow(pause)) => tokio::time::sleep(pause).await,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status(status, retry_after)) => {
            form::drain(request).await?;
            return Ok(trouble(status, retry_after));
        }
        Some(Fault::DropAtOnce) => return Err(Dropped),
        Some(Fault::DropInBody) if !sends => return Err(Dropped),
        _ => {}
    }
    let answer = match answer(shared, route, request, fault).await {
        Ok(answer) => answer,
        Err(Unread::Refused(refusal)) => refusal.answer(),
        Err(Unread::Dropped) => return Err(Dropped),
    };
    match fault {
        Some(Fault::DropAnswer) => Err(Dropped),
        Some(Fault::DropInAnswer) => Ok(broken_off(answer)),
        _ => Ok(answer),
    }
}

async fn answer(
    shared: &Arc<Shared>,
    route: Route,
    request: Request<Incoming>,
    fault: Option<Fault>,
) -> Result<Response<Body>, Unread> {
    let halfway = fault == Some(Fault::DropInBody);
    let (folder, headers) = (shared.folder(), request.headers().clone());
    let changed = match route {
        Route::Upload(resource) => {
            let form = form::read(request, folder, halfway).await?;
            let range = Range::read(&headers)?;
            upload::upload(shared, resource, range.as_ref(), form)
        }
        Route::Destroy(resource) => manage::destroy(shared, resource, small(request, shared, halfway).await?),
        Route::Rename(resource) => manage::rename(shared, resource, small(request, shared, halfway).await?),
        Route::Explicit(resource) => manage::explicit(shared, resource, small(request, shared, halfway).await?),
        Route::List(resource, delivery) => admin::list(shared, &headers, resource, delivery, &query(&request)?),
        Route::Look(place) => admin::look(shared, &headers, &place, &query(&request)?),
        Route::Ping => admin::ping(shared, &headers),
        Route::Fetch(path) => return Ok(deliver::deliver(shared, request.method(), &path, &headers)?),
        Route::Preflight => Ok(Value::Null),
        Route::Unknown => {
            form::drain(request).await?;
            Err(unknown())
        }
    };
    let mut shown = changed?;
    if fault == Some(Fault::WrongSignature) && shown.get("signature").is_some() {
        shown["signature"] = Value::from("0".repeat(40));
    }
    Ok(object(&shown))
}

/// The parameters in a request's URL.
fn query(request: &Request<Incoming>) -> Result<Vec<(String, String)>, Refusal> {
    let asked = reqwest::Url::parse(&format!("http://fake{}", request.uri())).map_err(|_| unknown())?;
    Ok(asked.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

fn unknown() -> Refusal {
    Refusal::new(404, "Not found")
}

/// A form without a file.
async fn small(request: Request<Incoming>, shared: &Shared, halfway: bool) -> Result<Form, Unread> {
    let form = form::read(request, shared.folder(), halfway).await?;
    if form.file.is_some() { Err(Refusal::new(400, "Unknown parameter - file").into()) } else { Ok(form) }
}
