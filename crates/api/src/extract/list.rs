//! Query strings, and the part of a list that they ask for.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use aviary_application::ListParams;
use utoipa::IntoParams;

use super::urlencoded;
use crate::error::{ApiError, Code};

/// The query string by name. A blank value counts as absent, because forms send their empty fields along.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// The value of a parameter; of several the first one.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        value.filter(|value| !value.trim().is_empty()).cloned()
    }

    /// Which part of a list is asked for.
    pub(crate) fn list(&self) -> ListParams {
        ListParams { page: self.text("page"), limit: self.text("limit"), cursor: self.text("cursor") }
    }
}

impl FromRequest for Query {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = urlencoded::pairs(request.query_string().as_bytes());
        ready(pairs.map(Self).ok_or_else(|| ApiError::new(Code::MalformedQuery, "The query string must be in UTF-8")))
    }
}

/// Which part of a list is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The page, counted from 1; reaches the first 100,000 items.
    #[param(value_type = Option<u64>, minimum = 1)]
    page: Option<String>,
    /// How many items a page holds.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Continues after the item that `nextCursor` or `X-Next-Cursor` named, however deep. Goes before `page`.
    cursor: Option<String>,
}

impl From<ListQuery> for ListParams {
    fn from(query: ListQuery) -> Self {
        Self { page: query.page, limit: query.limit, cursor: query.cursor }
    }
}

impl FromRequest for ListQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = Query::from_request(request, payload).into_inner().map(|query| query.list());
        ready(query.map(|part| Self { page: part.page, limit: part.limit, cursor: part.cursor }))
    }
}
