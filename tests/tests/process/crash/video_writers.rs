//! Writers of videos: uploads, new stills, new titles, deletes, and visits that count as views.

use std::sync::Arc;

use reqwest::multipart::Form;
use serde_json::json;

use super::account_writers::{key, replaced};
use super::journal::{Fact, Known, Slot};
use super::world::{Outcome, Person, World};
use crate::account::{file, publication, text};

/// Videos that stay, so that counts on them grow through every kill.
pub(crate) async fn first_videos(world: &World, owner: &Person) {
    for number in 0..2 {
        let outcome = upload(world, owner, &format!("{}'s lasting film {number}", owner.name), true).await;
        assert!(outcome.is_some(), "a first film could not be uploaded: {:?}", world.journal().faults);
    }
}

/// Uploads, changes and deletes videos of its own.
pub(crate) async fn uploader(world: Arc<World>, me: Person) {
    let mut mine: Vec<(String, Option<Fact>)> = vec![];
    let mut number = 0;
    while world.goes_on().await {
        number += 1;
        if mine.len() > 1 {
            let (id, _) = mine.remove(0);
            delete(&world, &me, &id).await;
        } else if let Some(id) = upload(&world, &me, &format!("{}'s film {number}", me.name), number % 3 > 0).await {
            mine.push((id, None));
        }
        if let Some((id, still)) = mine.last_mut() {
            replace_still(&world, &me, id, still).await;
            let title = json!({ "title": format!("{}'s film {number}, new cut", me.name) });
            let edit =
                world.send_as(&me, "edit", |http, api| http.patch(format!("{api}/videos/{id}")).json(&title)).await;
            if let Outcome::Refused(status) = edit {
                world.fault(format!("the owner's edit of {id} was refused: {status}"));
            }
        }
    }
}

/// Publishes a film with a still of its own, or has one taken from it; the id once that is acknowledged.
async fn upload(world: &World, me: &Person, title: &str, with_still: bool) -> Option<String> {
    let mut form = publication(title).part("videoFile", file("f.mp4", world.film.clone()));
    if with_still {
        form = form.part("thumbnail", file("t.png", world.avatar.clone()));
    }
    match world.send_as(me, "upload", |http, api| http.post(format!("{api}/videos")).multipart(form)).await {
        Outcome::Done(data) => {
            let id = text(&data, "_id");
            let video = Fact::Video { id: id.clone() };
            world.journal().note(&video, Known::Present);
            world.offer(video);
            Some(id)
        }
        Outcome::Lost => {
            world.journal().lost_texts.insert(title.to_owned());
            None
        }
        Outcome::Refused(_) | Outcome::Unsent => None,
    }
}

async fn replace_still(world: &World, me: &Person, id: &str, current: &mut Option<Fact>) {
    let form = Form::new().part("thumbnail", file("t.png", world.avatar.clone()));
    let outcome =
        world.send_as(me, "thumbnail", |http, api| http.patch(format!("{api}/videos/{id}")).multipart(form)).await;
    replaced(world, &outcome, current, |data| Fact::Picture {
        slot: Slot::Thumbnail,
        owner: id.to_owned(),
        key: key(data, "thumbnail"),
    });
}

/// Deletes; when the answer is lost, it asks again half of the time and leaves the rest as it may be.
async fn delete(world: &World, me: &Person, id: &str) {
    let video = Fact::Video { id: id.to_owned() };
    let mut was_lost = false;
    loop {
        let outcome = world.send_as(me, "delete video", |http, api| http.delete(format!("{api}/videos/{id}"))).await;
        match outcome {
            Outcome::Done(_) => world.journal().note(&video, Known::Absent),
            Outcome::Refused(404) if was_lost => world.journal().note(&video, Known::Absent),
            Outcome::Refused(status) => world.fault(format!("the owner's delete of {id} was refused: {status}")),
            Outcome::Unsent => continue,
            Outcome::Lost => {
                world.journal().note(&video, Known::Unknown);
                was_lost = true;
                if world.dice(2) == 0 {
                    continue;
                }
            }
        }
        return world.withdraw(&video);
    }
}

/// Opens videos' pages, as itself and as ever new guests.
pub(crate) async fn watcher(world: Arc<World>, me: Person) {
    let mut guest = 0;
    while world.goes_on().await {
        let Some(video) = world.pick(|target| matches!(target, Fact::Video { .. })) else { continue };
        let Fact::Video { id } = &video else { continue };
        let (viewer, outcome) = if world.dice(3) == 0 {
            let visit = world.send_as(&me, "watch", |http, api| http.get(format!("{api}/videos/{id}")));
            (me.id.clone(), visit.await)
        } else {
            guest += 1;
            let agent = format!("guest/{guest}");
            let visit = world
                .send("guest watch", |http, api| http.get(format!("{api}/videos/{id}")).header("user-agent", &agent));
            (agent.clone(), visit.await)
        };
        let visit = Fact::Visit { user: me.id.clone(), video: id.clone() };
        let is_me = viewer == me.id;
        let mut journal = world.journal();
        match outcome {
            Outcome::Done(data) => {
                journal.watched(id, &viewer, true);
                let (least, most) = journal.view_bounds(id);
                let shown = data["views"].as_u64().and_then(|views| usize::try_from(views).ok());
                if shown.is_none_or(|views| views < least || views > most) {
                    journal.faults.push(format!("{id} shows {shown:?} views after {least} to {most} visits"));
                }
                if is_me {
                    journal.note(&visit, Known::Present);
                }
            }
            Outcome::Lost => {
                journal.watched(id, &viewer, false);
                if is_me {
                    journal.lost(&visit, Some(true));
                }
            }
            Outcome::Refused(404) => {
                drop(journal);
                world.saw_gone(&video);
            }
            Outcome::Refused(_) | Outcome::Unsent => {}
        }
    }
}
