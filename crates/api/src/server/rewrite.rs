//! What happens to a request before it is routed: slashes are tidied, old paths become new ones, and HEAD is served
//! as GET without its body, so that it works wherever GET does.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, Uri, header};
use actix_web::middleware::Next;
use bytes::Bytes;

use crate::routes::alias;

/// Rewrites a request and passes it on.
pub(super) async fn rewrite<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, Bodiless>>, actix_web::Error> {
    if let Some(path) = new_path(request.method(), request.path()) {
        set_path(&mut request, &path);
    }
    let head = request.method() == Method::HEAD;
    if head {
        request.head_mut().method = Method::GET;
        // RFC 9110 defines ranges for GET alone.
        request.headers_mut().remove(header::RANGE);
    }
    let response = next.call(request).await?;
    Ok(response.map_body(
        |_, body| {
            if head { EitherBody::right(Bodiless(body.size())) } else { EitherBody::left(body) }
        },
    ))
}

fn new_path(method: &Method, path: &str) -> Option<String> {
    let tidy = tidy_slashes(path);
    alias::canonical(method, tidy.as_deref().unwrap_or(path)).or(tidy)
}

/// `//videos///x/` becomes `/videos/x`; `None` when nothing is to be changed.
fn tidy_slashes(path: &str) -> Option<String> {
    let untidy = path.contains("//") || (path.len() > 1 && path.ends_with('/'));
    untidy.then(|| {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let tidy = segments.fold(String::with_capacity(path.len()), |tidy, segment| tidy + "/" + segment);
        if tidy.is_empty() { "/".to_owned() } else { tidy }
    })
}

fn set_path(request: &mut ServiceRequest, path: &str) {
    let text = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    let Ok(path_and_query) = PathAndQuery::try_from(text) else { return };
    parts.path_and_query = Some(path_and_query);
    let Ok(uri) = Uri::from_parts(parts) else { return };
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
}

/// The announcement of a body that is not sent: its length, and nothing else. The body itself is never asked for a
/// byte, so that HEAD on a large file reads nothing.
pub(super) struct Bodiless(BodySize);

impl MessageBody for Bodiless {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::{new_path, tidy_slashes};

    #[test]
    fn slashes_are_tidied() {
        assert_eq!(tidy_slashes("//a///b/").as_deref(), Some("/a/b"));
        assert_eq!(tidy_slashes("/a/").as_deref(), Some("/a"));
        assert_eq!(tidy_slashes("//").as_deref(), Some("/"));
        assert_eq!(tidy_slashes("/"), None);
        assert_eq!(tidy_slashes("/a/b"), None);
    }

    #[test]
    fn old_paths_are_found_with_untidy_slashes_too() {
        let path = new_path(&Method::PATCH, "/api/v1//users/update-avatar/");
        assert_eq!(path.as_deref(), Some("/api/v1/users/avatar"));
    }
}
