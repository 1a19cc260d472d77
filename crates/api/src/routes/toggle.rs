//! What turns into its opposite each time it is asked for, and how that goes with an `Idempotency-Key`: it is refused,
//! because whoever trusts in it would send again and turn back what they did.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use aviary_application::IdempotencyKey;
use utoipa::openapi::OpenApi;

use super::PREFIX;
use crate::error::{ApiError, OffendingField};
use crate::extract::has_key;

/// Each toggle (all are POST), and the path whose `PUT` and `DELETE` do the same in a way that may be repeated.
const TOGGLES: [(&str, &str); 4] = [
    ("/likes/toggle/v/{videoId}", "/likes/v/{videoId}"),
    ("/likes/toggle/c/{commentId}", "/likes/c/{commentId}"),
    ("/likes/toggle/t/{tweetId}", "/likes/t/{tweetId}"),
    ("/subscriptions/c/{channelId}", "/subscriptions/c/{channelId}"),
];

/// The toggles, ready to be matched.
pub(crate) struct Toggles(Vec<(ResourceDef, &'static str)>);

impl Toggles {
    /// All of them.
    pub(crate) fn new() -> Self {
        Self(TOGGLES.map(|(toggle, repeatable)| (ResourceDef::new(format!("{PREFIX}{toggle}")), repeatable)).into())
    }

    /// The path to use with a key instead of this one; `None` when this is no toggle.
    fn instead_of(&self, method: &Method, path: &str) -> Option<&'static str> {
        let mut toggles = self.0.iter().filter(|_| *method == Method::POST);
        toggles.find(|(toggle, _)| toggle.is_match(path)).map(|(_, repeatable)| *repeatable)
    }
}

/// Refuses a toggle that has a key; everything else passes.
pub(crate) async fn refuse_keys<B: MessageBody + 'static>(
    toggles: web::Data<Toggles>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    // The path as the router reads it, with percent sequences decoded.
    let instead = toggles.instead_of(request.method(), request.match_info().as_str());
    match instead.filter(|_| has_key(request.request())) {
        Some(repeatable) => Ok(request.error_response(refusal(repeatable)).map_into_right_body()),
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

fn refusal(repeatable: &str) -> ApiError {
    let message = format!("is not taken by a toggle; PUT and DELETE of {repeatable} may be repeated without one");
    ApiError::invalid(vec![OffendingField { field: IdempotencyKey::HEADER.into(), message: message.into() }])
}

/// Tells the readers of the description.
pub(crate) fn describe(document: &mut OpenApi) {
    for (toggle, repeatable) in TOGGLES {
        let item = document.paths.paths.get_mut(&format!("{PREFIX}{toggle}"));
        if let Some(operation) = item.and_then(|item| item.post.as_mut()) {
            operation.description = Some(format!(
                "With an `{}` it is refused (400), because it undoes what it did when it is sent again: \
                 `PUT` and `DELETE` of `{repeatable}` may be repeated.",
                IdempotencyKey::HEADER
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
        let instead = |method, path: &str| toggles.instead_of(&method, &format!("/api/v1{path}"));
        assert_eq!(instead(Method::POST, "/likes/toggle/c/x"), Some("/likes/c/{commentId}"));
        assert_eq!(instead(Method::POST, "/subscriptions/c/x"), Some("/subscriptions/c/{channelId}"));
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            assert_eq!(instead(method, "/subscriptions/c/x"), None);
        }
        assert_eq!(instead(Method::POST, "/comments/x"), None);
        assert_eq!(instead(Method::POST, "/likes/toggle/c/x/y"), None);
    }
}
