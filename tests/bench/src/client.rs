//! Single requests to a server, to get to know its home and to rehearse what is measured.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::request::Request;

/// How many requests are on their way at once.
const AT_ONCE: usize = 16;

/// How long a connection is kept for another request.
const IDLE: Duration = Duration::from_secs(2);

/// Speaks to one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

/// What every answer of Aviary comes in.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

/// The tokens of a session.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    /// For requests.
    pub(crate) access_token: String,
    /// For the next pair.
    pub(crate) refresh_token: String,
}

impl Client {
    /// A client of the server at this address, which has no slash at its end.
    pub(crate) fn new(base: &str) -> Self {
        // A server closes what is idle for five seconds: a request must not be on its way just then.
        let http = reqwest::Client::builder().pool_idle_timeout(IDLE).build().unwrap_or_default();
        Self { http, base: base.to_owned() }
    }

    /// What a request is answered with.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> anyhow::Result<T> {
        let answer = self.send(request).await?.bytes().await?;
        let read: Envelope<T> = serde_json::from_slice(&answer).with_context(|| unexpected(request))?;
        Ok(read.data)
    }

    /// Sends requests, some at once, and answers in their order.
    pub(crate) async fn ask_all<T: DeserializeOwned>(&self, requests: &[Request]) -> anyhow::Result<Vec<T>> {
        stream::iter(requests).map(|request| self.ask(request)).buffered(AT_ONCE).try_collect().await
    }

    /// Sends requests, some at once, each of which has to succeed; tells how many bytes the answers had on average.
    pub(crate) async fn rehearse(&self, requests: &[Request]) -> anyhow::Result<usize> {
        let length = async |request| anyhow::Ok(self.send(request).await?.bytes().await?.len());
        let lengths: Vec<usize> = stream::iter(requests).map(length).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(lengths.iter().sum::<usize>() / lengths.len().max(1))
    }

    /// Signs somebody in.
    pub(crate) async fn log_in(&self, username: &str, password: &str) -> anyhow::Result<Tokens> {
        self.ask(&login(username, password)).await
    }

    /// Sends a request, which has to succeed.
    async fn send(&self, request: &Request) -> anyhow::Result<Response> {
        let Request { method, path, token, body } = request;
        let mut builder = self.http.request(Method::from_bytes(method.as_bytes())?, format!("{}{path}", self.base));
        if let Some(token) = token {
            builder = builder.bearer_auth(token);
        }
        if let Some(body) = body {
            builder = builder.header("content-type", "application/json").body(body.clone());
        }
        let answer = builder.send().await.with_context(|| unexpected(request))?;
        let status = answer.status();
        if !status.is_success() {
            let said = answer.text().await.unwrap_or_default();
            bail!("{}: {status} {said}", unexpected(request));
        }
        Ok(answer)
    }
}

/// The request with which somebody signs in.
pub(crate) fn login(username: &str, password: &str) -> Request {
    Request::post("/api/v1/users/login").with(&json!({ "username": username, "password": password }))
}

fn unexpected(request: &Request) -> impl fmt::Display + Send + Sync + 'static {
    format!("{} {} is not answered as it should be", request.method, request.path)
}
