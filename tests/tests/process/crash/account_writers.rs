//! Writers of accounts: registrations, pictures, devices that sign in, go on and sign out.

use std::sync::Arc;

use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::journal::{Device, Fact, Known, Slot};
use super::world::{Outcome, Person, World};
use crate::account::{PASSWORD, file, registration, text};

/// The key of a stored file within its URL.
pub(crate) fn key(value: &Value, field: &str) -> String {
    let url = text(value, field);
    let (_, key) = url.split_once("/media/").unwrap_or_else(|| panic!("`{field}` is {url}"));
    key.to_owned()
}

/// Registers one account after the other. When an answer is lost, it asks again: the account is made once.
pub(crate) async fn registrar(world: Arc<World>) {
    let mut number = 0;
    while world.goes_on().await {
        number += 1;
        let name = format!("guest{number}");
        let user = Fact::User { name: name.clone() };
        match register(&world, &name).await {
            Outcome::Done(data) => {
                let avatar = Fact::Picture { slot: Slot::Avatar, owner: text(&data, "_id"), key: key(&data, "avatar") };
                let mut journal = world.journal();
                journal.note(&user, Known::Present);
                journal.note(&avatar, Known::Present);
            }
            Outcome::Lost => {
                let again = register(&world, &name).await;
                let is_there = matches!(again, Outcome::Done(_) | Outcome::Refused(409));
                world.journal().note(&user, if is_there { Known::Present } else { Known::Unknown });
            }
            Outcome::Unsent => {}
            Outcome::Refused(status) => world.fault(format!("the fresh name {name} was refused: {status}")),
        }
    }
}

async fn register(world: &World, name: &str) -> Outcome {
    let mut form = registration(name).part("avatar", file("a.png", world.avatar.clone()));
    if world.dice(3) == 0 {
        form = form.part("coverImage", file("c.png", world.avatar.clone()));
    }
    world.send("register", |http, api| http.post(format!("{api}/users/register")).multipart(form)).await
}

/// Replaces the same two pictures again and again.
pub(crate) async fn painter(world: Arc<World>, me: Person) {
    let mut current: [Option<Fact>; 2] = [None, None];
    while world.goes_on().await {
        let slot = if world.dice(2) == 0 { Slot::Avatar } else { Slot::Cover };
        let (kind, path, field) = match slot {
            Slot::Avatar => ("avatar", "avatar", "avatar"),
            _ => ("cover", "cover-image", "coverImage"),
        };
        let form = Form::new().part(field, file("p.png", world.avatar.clone()));
        let outcome =
            world.send_as(&me, kind, |http, api| http.patch(format!("{api}/users/{path}")).multipart(form)).await;
        replaced(&world, &outcome, &mut current[usize::from(slot == Slot::Cover)], |data| Fact::Picture {
            slot,
            owner: me.id.clone(),
            key: key(data, field),
        });
    }
}

/// Notes which picture a row has now.
pub(crate) fn replaced(
    world: &World,
    outcome: &Outcome,
    current: &mut Option<Fact>,
    read: impl FnOnce(&Value) -> Fact,
) {
    let mut journal = world.journal();
    match outcome {
        Outcome::Done(data) => {
            if let Some(old) = current.take() {
                journal.note(&old, Known::Absent);
            }
            journal.note(current.insert(read(data)), Known::Present);
        }
        Outcome::Lost => {
            if let Some(old) = current {
                journal.note(old, Known::Unknown);
            }
        }
        Outcome::Refused(_) | Outcome::Unsent => {}
    }
}

/// Signs in, goes on with refresh tokens for a while, and sometimes signs out.
pub(crate) async fn devices(world: Arc<World>, me: Person) {
    while world.goes_on().await {
        let login = json!({ "username": me.name, "password": PASSWORD });
        let outcome = world.send("login", |http, api| http.post(format!("{api}/users/login")).json(&login)).await;
        let Outcome::Done(data) = outcome else { continue };
        let index = {
            let mut journal = world.journal();
            journal.devices.push(Device {
                access: text(&data, "accessToken"),
                refresh: text(&data, "refreshToken"),
                state: Known::Present,
            });
            journal.devices.len() - 1
        };
        for _ in 0..world.dice(4) {
            refresh(&world, index).await;
        }
        if world.dice(2) == 0 {
            log_out(&world, index).await;
        }
    }
}

/// A refresh token whose answer was lost can be presented again.
async fn refresh(world: &World, device: usize) {
    let token = world.journal().devices[device].refresh.clone();
    let body = json!({ "refreshToken": token });
    let outcome = world.send("refresh", |http, api| http.post(format!("{api}/users/refresh-token")).json(&body)).await;
    if let Outcome::Done(data) = outcome {
        let mut journal = world.journal();
        let device = &mut journal.devices[device];
        device.access = text(&data, "accessToken");
        device.refresh = text(&data, "refreshToken");
    }
}

async fn log_out(world: &World, device: usize) {
    let token = world.journal().devices[device].access.clone();
    let outcome = world.send("logout", |http, api| http.post(format!("{api}/users/logout")).bearer_auth(&token)).await;
    let mut journal = world.journal();
    match outcome {
        Outcome::Done(_) => journal.devices[device].state = Known::Absent,
        Outcome::Lost => journal.devices[device].state = Known::Unknown,
        Outcome::Refused(_) | Outcome::Unsent => {}
    }
}
