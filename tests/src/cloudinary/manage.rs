//! What is done to assets that are there: destroy, rename, explicit.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Refusal;
use super::asset::{Place, Resource, Streaming, merge};
use super::form::Form;
use super::parameter::Parameters;
use super::shared::Shared;
use super::upload::sign;
use super::work::{Eager, notify};

/// Removes an asset. The wrong resource or type finds nothing, which is no failure.
pub(crate) fn destroy(shared: &Arc<Shared>, resource: Resource, form: Form) -> Result<Value, Refusal> {
    const KNOWN: [&str; 4] = ["public_id", "type", "invalidate", "notification_url"];
    let mut state = shared.state();
    let parameters = Parameters::authorize(form.parameters, &KNOWN, &shared.account, state.now())?;
    let public_id = parameters.public_id("public_id")?.to_owned();
    let place = Place { resource, delivery: parameters.delivery("type")?, public_id };
    let invalidate = parameters.flag("invalidate", false)?;
    if state.assets.remove(&place).is_none() {
        return Ok(json!({ "result": "not found" }));
    }
    if invalidate {
        state.invalidate(&place);
    }
    notify(shared, &mut state, &parameters, "delete", &json!({ "public_id": place.public_id }));
    Ok(json!({ "result": "ok" }))
}

/// Gives an asset another public id or type. What was derived from it goes.
pub(crate) fn rename(shared: &Arc<Shared>, resource: Resource, form: Form) -> Result<Value, Refusal> {
    const KNOWN: [&str; 7] =
        ["from_public_id", "to_public_id", "type", "to_type", "overwrite", "invalidate", "notification_url"];
    let mut state = shared.state();
    let parameters = Parameters::authorize(form.parameters, &KNOWN, &shared.account, state.now())?;
    let from_type = parameters.delivery("type")?;
    let to_type = if parameters.get("to_type").is_some() { parameters.delivery("to_type")? } else { from_type };
    let from = Place { resource, delivery: from_type, public_id: parameters.public_id("from_public_id")?.to_owned() };
    let to = Place { resource, delivery: to_type, public_id: parameters.public_id("to_public_id")?.to_owned() };
    let (overwrite, invalidate) = (parameters.flag("overwrite", false)?, parameters.flag("invalidate", false)?);
    if !state.assets.contains_key(&from) {
        return Err(Refusal::not_found(&from.public_id));
    }
    if from == to || (state.assets.contains_key(&to) && !overwrite) {
        return Err(Refusal::new(400, format!("to_public_id({}) already exists", to.public_id)));
    }
    if invalidate {
        state.invalidate(&from);
        state.invalidate(&to);
    }
    let version = state.next_version();
    let Some(mut asset) = state.assets.remove(&from) else { return Err(Refusal::not_found(&from.public_id)) };
    asset.version = version;
    if !state.keeps_derived {
        (asset.streaming, asset.batch) = (Streaming::Unasked, None);
    }
    let mut shown = asset.shown(&to, &shared.account, state.lean);
    sign(&mut shown, shared);
    state.assets.insert(to, asset);
    notify(shared, &mut state, &parameters, "rename", &shown);
    Ok(shown)
}

/// Shows an asset, and has work done on it.
pub(crate) fn explicit(shared: &Arc<Shared>, resource: Resource, form: Form) -> Result<Value, Refusal> {
    const KNOWN: [&str; 10] = [
        "public_id",
        "type",
        "eager",
        "eager_async",
        "eager_notification_url",
        "notification_url",
        "invalidate",
        "overwrite",
        "tags",
        "context",
    ];
    let mut state = shared.state();
    let parameters = Parameters::authorize(form.parameters, &KNOWN, &shared.account, state.now())?;
    let public_id = parameters.public_id("public_id")?.to_owned();
    // Unlike the others, this call has no default: it also knows types that are not stored here.
    parameters.required("type")?;
    let place = Place { resource, delivery: parameters.delivery("type")?, public_id };
    let eager = Eager::read(&parameters, resource)?;
    let Some(asset) = state.assets.get(&place) else { return Err(Refusal::not_found(&place.public_id)) };
    let mut shown = asset.shown(&place, &shared.account, state.lean);
    sign(&mut shown, shared);
    if parameters.flag("invalidate", false)? {
        state.invalidate(&place);
    }
    if let Some(eager) = eager {
        merge(&mut shown, eager.begin(shared, &mut state, &place));
    }
    notify(shared, &mut state, &parameters, "explicit", &shown);
    Ok(shown)
}
