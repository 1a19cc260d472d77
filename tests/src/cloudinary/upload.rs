//! Uploading: a whole file, or a part of one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Refusal;
use super::asset::{Asset, Place, Resource, judge, merge};
use super::blob::{Blob, Part};
use super::chunk::{Range, Session, Step};
use super::form::Form;
use super::parameter::Parameters;
use super::shared::{Shared, State};
use super::signature;
use super::work::{Eager, notify};

const KNOWN: [&str; 13] = [
    "public_id",
    "type",
    "overwrite",
    "invalidate",
    "allowed_formats",
    "eager",
    "eager_async",
    "eager_notification_url",
    "notification_url",
    "unique_filename",
    "use_filename",
    "tags",
    "context",
];

/// The most that one call may bring; more must come in parts.
const LARGEST_CALL: u64 = 100 * 1024 * 1024;

/// Takes a file or a part; `resource` is `None` for `auto`.
pub(crate) fn upload(
    shared: &Arc<Shared>,
    resource: Option<Resource>,
    range: Option<&Range>,
    form: Form,
) -> Result<Value, Refusal> {
    let mut state = shared.state();
    let parameters = Parameters::authorize(form.parameters, &KNOWN, &shared.account, state.now())?;
    let public_id = match parameters.get("public_id") {
        Some(_) => parameters.public_id("public_id")?.to_owned(),
        None => state.dice.token()[..20].to_owned(),
    };
    parameters.delivery("type")?;
    let part = form.file.ok_or_else(|| Refusal::missing("file"))?;
    let Some(range) = range else {
        if part.length > LARGEST_CALL {
            let message = format!("File size too large. Got {}. Maximum is {LARGEST_CALL}.", part.length);
            return Err(Refusal::new(413, message));
        }
        return keep(shared, &mut state, resource, &parameters, public_id, Blob::new(vec![part]))
            .map(|(_, shown)| shown);
    };
    chunk(shared, &mut state, resource, range, &parameters, public_id, part)
}

fn chunk(
    shared: &Arc<Shared>,
    state: &mut State,
    resource: Option<Resource>,
    range: &Range,
    parameters: &Parameters,
    public_id: String,
    part: Part,
) -> Result<Value, Refusal> {
    // A first part without a public id gets one that the others cannot know.
    let target = (parameters.required("public_id")?.to_owned(), parameters.delivery("type")?.name().to_owned());
    let step = match state.sessions.get_mut(&range.id) {
        Some(session) => session.take(range, part, &target)?,
        None => {
            let mut session = Session::new(target.clone(), range.total);
            let step = session.take(range, part, &target)?;
            state.sessions.insert(range.id.clone(), session);
            step
        }
    };
    match step {
        Step::Waiting => Ok(json!({ "done": false, "bytes": range.end, "kind": "upload", "public_id": public_id })),
        Step::Again(place) => {
            let asset = state.assets.get(&place).ok_or_else(|| Refusal::not_found(&place.public_id))?;
            let mut shown = asset.shown(&place, &shared.account, state.lean);
            sign(&mut shown, shared);
            merge(&mut shown, json!({ "done": true }));
            Ok(shown)
        }
        Step::Whole(blob) => match keep(shared, state, resource, parameters, public_id, blob) {
            Ok((place, mut shown)) => {
                if let Some(session) = state.sessions.get_mut(&range.id) {
                    session.finish(place);
                }
                merge(&mut shown, json!({ "done": true }));
                Ok(shown)
            }
            Err(refusal) => {
                state.sessions.remove(&range.id);
                Err(refusal)
            }
        },
    }
}

/// Judges and keeps a whole file.
fn keep(
    shared: &Arc<Shared>,
    state: &mut State,
    resource: Option<Resource>,
    parameters: &Parameters,
    public_id: String,
    blob: Blob,
) -> Result<(Place, Value), Refusal> {
    let judged = judge(&blob, resource, state.film)?;
    let (resource, format) = (judged.resource, judged.format);
    if let Some(allowed) = parameters.get("allowed_formats")
        && !allowed.split(',').any(|allowed| allowed.trim() == format)
    {
        let kind = if resource == Resource::Video { "Video" } else { "Image" };
        return Err(Refusal::new(400, format!("{kind} file format {format} not allowed")));
    }
    let eager = Eager::read(parameters, resource)?;
    let place = Place { resource, delivery: parameters.delivery("type")?, public_id };
    if !parameters.flag("overwrite", true)?
        && let Some(existing) = state.assets.get(&place)
    {
        let mut shown = existing.shown(&place, &shared.account, state.lean);
        sign(&mut shown, shared);
        merge(&mut shown, json!({ "existing": true }));
        return Ok((place, shown));
    }
    if parameters.flag("invalidate", false)? {
        state.invalidate(&place);
    }
    let asset = Asset::new(state, &judged, blob);
    let mut shown = asset.shown(&place, &shared.account, state.lean);
    sign(&mut shown, shared);
    state.assets.insert(place.clone(), asset);
    if let Some(eager) = eager {
        merge(&mut shown, eager.begin(shared, state, &place));
    }
    notify(shared, state, parameters, "upload", &shown);
    Ok((place, shown))
}

/// Puts the account's signature under an answer.
pub(crate) fn sign(shown: &mut Value, shared: &Shared) {
    let public_id = shown["public_id"].as_str().unwrap_or_default();
    let version = shown["version"].as_u64().unwrap_or_default();
    let signature = signature::of_answer(public_id, version, &shared.account.secret, shared.account.algorithm);
    merge(shown, json!({ "signature": signature }));
}
