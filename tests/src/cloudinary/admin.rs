//! The Admin API: lists of assets, and one of them. It asks for key and secret themselves, and not too often.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::asset::{Delivery, Place, Resource};
use super::shared::{Shared, State};

/// How many assets a list shows at once: without being asked, and at the most.
const PAGE: usize = 10;
const LARGEST_PAGE: usize = 500;

/// Checks who asks, and counts the call.
fn authorize(shared: &Shared, state: &mut State, headers: &HeaderMap) -> Result<(), Refusal> {
    let account = &shared.account;
    let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", account.key, account.secret)));
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    if given != Some(&expected) {
        return Err(Refusal::new(401, "Invalid credentials"));
    }
    if let Some(left) = &mut state.admin_calls {
        *left = left
            .checked_sub(1)
            .ok_or_else(|| Refusal::new(420, "Rate Limit Exceeded. Limit of api operations reached."))?;
    }
    Ok(())
}

/// A part of the list of all assets of a resource type and a delivery type, by public id.
pub(crate) fn list(
    shared: &Shared,
    headers: &HeaderMap,
    resource: Resource,
    delivery: Delivery,
    query: &[(String, String)],
) -> Result<Value, Refusal> {
    let mut state = shared.state();
    authorize(shared, &mut state, headers)?;
    let (mut prefix, mut size, mut from) = ("", PAGE, None);
    for (name, value) in query {
        match name.as_str() {
            "prefix" => prefix = value,
            "max_results" => {
                let asked = value.parse().ok().filter(|asked| (1..=LARGEST_PAGE).contains(asked));
                size = asked.ok_or_else(|| Refusal::new(400, format!("Invalid value for max_results {value}")))?;
            }
            "next_cursor" => {
                let place = state.cursors.get(value).cloned();
                from = Some(place.ok_or_else(|| Refusal::new(400, "Invalid value for next_cursor"))?);
            }
            _ => return Err(Refusal::new(400, format!("Unknown parameter - {name}"))),
        }
    }
    let listed = state.assets.iter().filter(|(place, _)| {
        place.resource == resource
            && place.delivery == delivery
            && place.public_id.starts_with(prefix)
            && from.as_ref().is_none_or(|from| *place > from)
    });
    let part: Vec<_> = listed.take(size + 1).collect();
    let last = (part.len() > size).then(|| part[size - 1].0.clone());
    let shown: Vec<_> =
        part.iter().take(size).map(|(place, asset)| asset.shown(place, &shared.account, false)).collect();
    let mut answer = json!({ "resources": shown });
    if let Some(last) = last {
        let cursor = state.dice.token();
        super::asset::merge(&mut answer, json!({ "next_cursor": cursor }));
        state.cursors.insert(cursor, last);
    }
    Ok(answer)
}

/// One asset.
pub(crate) fn look(
    shared: &Shared,
    headers: &HeaderMap,
    place: &Place,
    query: &[(String, String)],
) -> Result<Value, Refusal> {
    let mut state = shared.state();
    authorize(shared, &mut state, headers)?;
    if let Some((name, _)) = query.iter().find(|(name, _)| name != "media_metadata") {
        return Err(Refusal::new(400, format!("Unknown parameter - {name}")));
    }
    let asset = state.assets.get(place).ok_or_else(|| Refusal::not_found(&place.public_id))?;
    Ok(asset.shown(place, &shared.account, false))
}

/// Whether anybody is there.
pub(crate) fn ping(shared: &Shared, headers: &HeaderMap) -> Result<Value, Refusal> {
    authorize(shared, &mut shared.state(), headers)?;
    Ok(json!({ "status": "ok" }))
}
