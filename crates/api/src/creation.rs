//! The answers of requests that create: a new one is remembered under the key of its request, an old one given again.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use aviary_application::Creation;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::envelope::{Answer, created};
use crate::error::ApiError;
use crate::state::AppState;

/// Marks an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// 201 with what was made, now or by an earlier request.
pub(crate) async fn answer<T, V: Serialize>(
    creation: Creation<T>,
    view: impl FnOnce(T) -> V,
    message: &'static str,
    state: &AppState,
) -> Answer {
    match creation {
        Creation::Made { made, note: None } => Ok(created(view(made), message)),
        Creation::Made { made, note: Some(note) } => {
            let data = rendered(&view(made))?;
            state.application.keys.remember(note, data.get().as_bytes()).await;
            Ok(created(data, message))
        }
        Creation::Recalled { made, note } => {
            let data = rendered(&view(made))?;
            state.application.keys.remember(note, data.get().as_bytes()).await;
            Ok(replayed(created(data, message)))
        }
        Creation::Answered { answer, .. } => {
            let data: Box<RawValue> = serde_json::from_slice(&answer).map_err(ApiError::internal)?;
            Ok(replayed(created(data, message)))
        }
    }
}

fn rendered(view: &impl Serialize) -> Result<Box<RawValue>, ApiError> {
    serde_json::value::to_raw_value(view).map_err(ApiError::internal)
}

fn replayed(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    answer
}
