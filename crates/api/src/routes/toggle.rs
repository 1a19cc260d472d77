//! What turns into its opposite each time it is asked for, and how that goes with an `Idempotency-Key`: it is refused,
//! because whoever trusts in it would send again and turn back what they did.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use aviary_application::IdempotencyKey;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

use super::PREFIX;
use crate::error::{ApiError, OffendingField};
use crate::extract::has_key;

/// A request that turns something into its opposite.
struct Toggle {
    method: Method,
    path: &'static str,
    /// The path whose `PUT` and `DELETE` do the same in a way that may be repeated, where there is one.
    repeatable: Option<&'static str>,
}

const fn toggle(method: Method, path: &'static str, repeatable: Option<&'static str>) -> Toggle {
    Toggle { method, path, repeatable }
}

const TOGGLES: [Toggle; 5] = [
    toggle(Method::POST, "/likes/toggle/v/{videoId}", Some("/likes/v/{videoId}")),
    toggle(Method::POST, "/likes/toggle/c/{commentId}", Some("/likes/c/{commentId}")),
    toggle(Method::POST, "/likes/toggle/t/{tweetId}", Some("/likes/t/{tweetId}")),
    toggle(Method::POST, "/subscriptions/c/{channelId}", Some("/subscriptions/c/{channelId}")),
    toggle(Method::PATCH, "/videos/toggle/publish/{videoId}", None),
];

impl Toggle {
    fn operation<'a>(&self, document: &'a mut OpenApi) -> Option<&'a mut Operation> {
        let item = document.paths.paths.get_mut(&format!("{PREFIX}{}", self.path))?;
        let operation = if self.method == Method::PATCH { &mut item.patch } else { &mut item.post };
        operation.as_mut()
    }

    /// What to do in place of sending it with a key, as the rest of a sentence.
    fn instead(&self, quote: &str) -> String {
        match self.repeatable {
            Some(path) => format!("{quote}PUT{quote} and {quote}DELETE{quote} of {quote}{path}{quote} may be repeated"),
            None => format!("look at {quote}isPublished{quote} of the video before it is sent again"),
        }
    }
}

/// The toggles, ready to be matched.
pub(crate) struct Toggles(Vec<(ResourceDef, Toggle)>);

impl Toggles {
    /// All of them.
    pub(crate) fn new() -> Self {
        let ready = |toggle: Toggle| (ResourceDef::new(format!("{PREFIX}{}", toggle.path)), toggle);
        Self(TOGGLES.map(ready).into())
    }

    /// The toggle that is asked for; `None` when it is none.
    fn find(&self, method: &Method, path: &str) -> Option<&Toggle> {
        let mut toggles = self.0.iter().filter(|(_, toggle)| toggle.method == *method);
        toggles.find(|(pattern, _)| pattern.is_match(path)).map(|(_, toggle)| toggle)
    }
}

/// Refuses a toggle that has a key; everything else passes.
pub(crate) async fn refuse_keys<B: MessageBody + 'static>(
    toggles: web::Data<Toggles>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    // The path as the router reads it, with percent sequences decoded.
    let toggle = toggles.find(request.method(), request.match_info().as_str());
    match toggle.filter(|_| has_key(request.request())).map(refusal) {
        Some(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

fn refusal(toggle: &Toggle) -> ApiError {
    let message = format!("is not taken by a toggle; {} without one", toggle.instead(""));
    ApiError::invalid(vec![OffendingField { field: IdempotencyKey::HEADER.into(), message: message.into() }])
}

/// Tells the readers of the description.
pub(crate) fn describe(document: &mut OpenApi) {
    for toggle in TOGGLES {
        if let Some(operation) = toggle.operation(document) {
            operation.description = Some(format!(
                "With an `{}` it is refused (400), because it undoes what it did when it is sent again: {}.",
                IdempotencyKey::HEADER,
                toggle.instead("`")
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::Toggles;

    #[test]
    fn toggles_are_told_from_what_may_be_repeated() {
        let toggles = Toggles::new();
        let find = |method, path: &str| toggles.find(&method, &format!("/api/v1{path}"));
        let instead = |method, path| find(method, path).and_then(|toggle| toggle.repeatable);
        assert_eq!(instead(Method::POST, "/likes/toggle/c/x"), Some("/likes/c/{commentId}"));
        assert_eq!(instead(Method::POST, "/subscriptions/c/x"), Some("/subscriptions/c/{channelId}"));
        assert!(find(Method::PATCH, "/videos/toggle/publish/x").is_some());
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(find(method, "/subscriptions/c/x").is_none());
        }
        for path in ["/videos/x", "/videos/toggle/publish/x/y", "/playlist/add/x/y", "/likes/toggle/c/x"] {
            assert!(find(Method::PATCH, path).is_none(), "{path}");
        }
        for path in ["/comments/x", "/likes/toggle/c/x/y", "/videos/toggle/publish/x"] {
            assert!(find(Method::POST, path).is_none(), "{path}");
        }
    }
}
