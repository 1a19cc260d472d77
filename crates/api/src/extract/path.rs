//! Things that stand in the path.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use aviary_domain::Id;

use crate::error::{ApiError, Code};

/// The id that the path names.
pub(crate) struct PathId<T>(pub(crate) Id<T>);

/// The two ids that the path names, in its order.
pub(crate) struct PathIds<A, B>(pub(crate) Id<A>, pub(crate) Id<B>);

/// The text that the path names, percent sequences decoded.
pub(crate) struct PathText(pub(crate) String);

/// The dynamic segment at this place, with its name.
fn segment(request: &HttpRequest, place: usize) -> Result<(&str, &str), ApiError> {
    request.match_info().iter().nth(place).ok_or_else(|| ApiError::internal("the route has too few segments"))
}

fn id<T>(request: &HttpRequest, place: usize) -> Result<Id<T>, ApiError> {
    let (name, text) = segment(request, place)?;
    Id::parse(text).map_err(|error| {
        let message = error.message().to_owned();
        ApiError::new(Code::InvalidId, format!("{name} {message}")).with_field(name.to_owned(), message)
    })
}

impl<T> FromRequest for PathId<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request, 0).map(Self))
    }
}

impl<A, B> FromRequest for PathIds<A, B> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request, 0).and_then(|first| Ok(Self(first, id(request, 1)?))))
    }
}

impl FromRequest for PathText {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let malformed = |_| ApiError::new(Code::BadRequest, "The path must be in UTF-8");
        let text = web::Path::<String>::from_request(request, payload).into_inner();
        ready(text.map(|text| Self(text.into_inner())).map_err(malformed))
    }
}
