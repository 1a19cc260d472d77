//! Somebody who calls the API: a guest or a signed-in user.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::{Form, Reply};

/// A caller. Paths are relative to `/api/v1`, unless they are whole URLs.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    origin: String,
    token: Option<String>,
    agent: Option<String>,
}

impl Caller {
    pub fn new(http: Client, origin: &str) -> Self {
        Self { http, origin: origin.to_owned(), token: None, agent: None }
    }

    /// The same caller with an access token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller with a browser that says this about itself.
    pub fn with_agent(&self, agent: &str) -> Self {
        Self { agent: Some(agent.to_owned()), ..self.clone() }
    }

    /// The access token, empty for a guest.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A URL outside `/api/v1`.
    pub fn root(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// A request to be completed and sent with [`Self::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http://") { path.to_owned() } else { format!("{}/api/v1{path}", self.origin) };
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(agent) = &self.agent {
            request = request.header("user-agent", agent);
        }
        request
    }

    /// Sends a request and checks the form of the answer.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let request = request.build().expect("a sound request");
        let asked = format!("{} {}", request.method(), request.url());
        let response = self.http.execute(request).await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        Reply { asked, status, headers, body }.checked()
    }

    /// Sends a JSON body with any method.
    pub async fn json(&self, method: Method, path: &str, body: &Value) -> Reply {
        self.send(self.request(method, path).json(body)).await
    }

    /// Sends a form as browsers without JavaScript do.
    pub async fn urlencoded(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(self.request(method, path).form(fields)).await
    }

    /// Sends a form with files.
    pub async fn multipart(&self, method: Method, path: &str, form: Form) -> Reply {
        let request = self.request(method, path).header("content-type", Form::content_type());
        self.send(request.body(form.finished())).await
    }

    /// Sends a request without a body.
    pub async fn call(&self, method: Method, path: &str) -> Reply {
        self.send(self.request(method, path)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path).await
    }

    pub async fn head(&self, path: &str) -> Reply {
        self.call(Method::HEAD, path).await
    }

    pub async fn put(&self, path: &str) -> Reply {
        self.call(Method::PUT, path).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path).await
    }

    /// POST without a body.
    pub async fn push(&self, path: &str) -> Reply {
        self.call(Method::POST, path).await
    }

    /// PATCH without a body.
    pub async fn nudge(&self, path: &str) -> Reply {
        self.call(Method::PATCH, path).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::PATCH, path, body).await
    }
}
