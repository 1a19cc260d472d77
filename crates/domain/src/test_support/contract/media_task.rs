//! Rules of the tasks that videos make whose files need something done by the media store.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::check::{CROWD, assert_conflict};
use super::video_status::statuses;
use crate::file::FileFormat;
use crate::test_support::fixture::{at, far_future, file_key, next_id, still, title, video};
use crate::test_support::seed;
use crate::video::{MediaTask, Settlement, StatusChange, TASK_DELAY, Video, VideoChange, VideoStatus};
use crate::{Id, Store, Timestamp};

const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);

async fn due(store: &Store, now: Timestamp) -> Vec<MediaTask> {
    store.media_tasks.due(now, 1000).await.unwrap()
}

/// The videos that have a task, whenever it is due.
async fn waiting(store: &Store) -> Vec<Id<Video>> {
    let mut videos: Vec<_> = due(store, far_future()).await.into_iter().map(|task| task.video).collect();
    videos.sort();
    videos
}

/// The only task that there is.
async fn only(store: &Store) -> MediaTask {
    let tasks = due(store, far_future()).await;
    let [task] = tasks.as_slice() else { panic!("one task is expected: {tasks:?}") };
    *task
}

async fn toggle(store: &Store, video: Id<Video>, now: Timestamp) {
    store.videos.toggle_published(video, now).await.unwrap().unwrap();
}

async fn settle(store: &Store, video: Id<Video>, from: VideoStatus, to: VideoStatus, now: Timestamp) {
    let said = Settlement { status: Some(StatusChange { from, to }), ..Settlement::default() };
    store.videos.settle(video, &said, now).await.unwrap().unwrap();
}

/// Makes tasks by publishing new videos, each at its own time.
async fn tasks_at(store: &Store, seconds: &[i64]) -> Vec<Id<Video>> {
    let owner = seed::user(store).await;
    let mut videos = Vec::new();
    for second in seconds {
        let video = seed::hidden_video(store, owner.id).await;
        toggle(store, video.id, at(*second)).await;
        videos.push(video.id);
    }
    videos
}

pub async fn a_new_video_that_is_ready_makes_no_task(store: Store) {
    let owner = seed::user(&store).await;
    seed::video(&store, owner.id).await;
    seed::hidden_video(&store, owner.id).await;
    assert_eq!(waiting(&store).await, []);
}

pub async fn a_new_video_that_is_not_ready_makes_one_that_is_due_after_a_while(store: Store) {
    let owner = seed::user(&store).await;
    let unready = statuses().into_iter().filter(|status| *status != VideoStatus::Ready);
    for (status, second) in unready.zip([10, 5]) {
        for is_published in [true, false] {
            let video = Video { status: status.clone(), is_published, created_at: at(second), ..video(owner.id) };
            seed::upload(&store, &video).await;
            let time = at(second).after(TASK_DELAY);
            assert_eq!(due(&store, time.before(MILLISECOND)).await, [], "{status:?}");
            let tasks = due(&store, time).await;
            assert_eq!(tasks.iter().map(|task| (task.video, task.attempts)).collect::<Vec<_>>(), [(video.id, 0)]);
            store.media_tasks.done(&tasks[0]).await.unwrap();
        }
    }
}

pub async fn toggling_publication_makes_one_that_is_due_at_once(store: Store) {
    let owner = seed::user(&store).await;
    for status in statuses() {
        let video = seed::upload(&store, &Video { status: status.clone(), ..video(owner.id) }).await;
        for second in [10, 20] {
            toggle(&store, video.id, at(second)).await;
            assert_eq!(due(&store, at(second).before(MILLISECOND)).await, [], "{status:?}");
            let tasks = due(&store, at(second)).await;
            assert_eq!(tasks.iter().map(|task| (task.video, task.attempts)).collect::<Vec<_>>(), [(video.id, 0)]);
            store.media_tasks.done(&tasks[0]).await.unwrap();
        }
    }
}

pub async fn working_on_a_video_again_makes_one_that_is_due_at_once(store: Store) {
    let owner = seed::user(&store).await;
    for status in statuses() {
        let video = seed::upload(&store, &Video { status: status.clone(), ..video(owner.id) }).await;
        for task in due(&store, far_future()).await {
            store.media_tasks.done(&task).await.unwrap();
        }
        settle(&store, video.id, status.clone(), VideoStatus::Processing, at(10)).await;
        assert_eq!(due(&store, at(10).before(MILLISECOND)).await, [], "from {status:?}");
        let tasks = due(&store, at(10)).await;
        assert_eq!(tasks.iter().map(|task| (task.video, task.attempts)).collect::<Vec<_>>(), [(video.id, 0)]);
        store.media_tasks.done(&tasks[0]).await.unwrap();
    }
}

pub async fn a_new_still_of_a_video_that_not_everybody_sees_makes_one_that_is_due_at_once(store: Store) {
    let owner = seed::user(&store).await;
    for status in statuses() {
        for is_published in [true, false] {
            let video = Video { status: status.clone(), is_published, ..video(owner.id) };
            seed::upload(&store, &video).await;
            for task in due(&store, far_future()).await {
                store.media_tasks.done(&task).await.unwrap();
            }
            let thumbnail = file_key(FileFormat::Png);
            seed::reserve(&store, std::slice::from_ref(&thumbnail)).await;
            let change = VideoChange { thumbnail: Some(still(&thumbnail)), ..VideoChange::default() };
            store.videos.update(video.id, &change, at(10)).await.unwrap().unwrap();
            assert_eq!(due(&store, at(10).before(MILLISECOND)).await, []);
            let tasks: Vec<_> = due(&store, at(10)).await.into_iter().map(|task| (task.video, task.attempts)).collect();
            let expected = if video.is_public() { vec![] } else { vec![(video.id, 0)] };
            assert_eq!(tasks, expected, "{status:?}, wanted: {is_published}");
        }
    }
}

pub async fn no_other_step_makes_one_or_takes_one_away(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    let task = only(&store).await;
    let change = VideoChange { title: Some(title("Another film")), ..VideoChange::default() };
    let mut status = VideoStatus::Processing;
    for next in [VideoStatus::Failed(String::new()), VideoStatus::Ready, VideoStatus::Failed(String::new())] {
        settle(&store, video.id, status.clone(), next.clone(), at(10)).await;
        store.videos.update(video.id, &change, at(10)).await.unwrap().unwrap();
        assert_eq!(only(&store).await, task, "after {status:?} to {next:?}");
        status = next;
    }
    let key = Settlement { film: Some((video.file.clone(), video.file.marked("u1"))), ..Settlement::default() };
    store.videos.settle(video.id, &key, at(10)).await.unwrap().unwrap();
    assert_eq!(only(&store).await, task);
    store.media_tasks.done(&task).await.unwrap();
    settle(&store, video.id, status.clone(), VideoStatus::Ready, at(10)).await;
    store.videos.update(video.id, &change, at(10)).await.unwrap().unwrap();
    assert_eq!(waiting(&store).await, []);
}

pub async fn a_deleted_video_takes_its_task_along(store: Store) {
    let owner = seed::user(&store).await;
    let [gone, kept] = [seed::processing_video(&store, owner.id).await, seed::processing_video(&store, owner.id).await];
    assert!(store.videos.delete(gone.id, at(10)).await.unwrap());
    assert_eq!(waiting(&store).await, [kept.id]);
}

pub async fn a_step_that_is_refused_makes_none(store: Store) {
    let owner = seed::user(&store).await;
    let video = Video { status: VideoStatus::Processing, ..video(owner.id) };
    assert_conflict(store.videos.create(&video, None, None).await, "file");
    assert_eq!(store.videos.toggle_published(next_id(), at(1)).await.unwrap(), None);
    let ready = seed::video(&store, owner.id).await;
    settle(&store, ready.id, VideoStatus::Failed(String::new()), VideoStatus::Processing, at(1)).await;
    assert_eq!(waiting(&store).await, []);
}

pub async fn tasks_come_longest_due_first_and_no_more_than_asked_for(store: Store) {
    let videos = tasks_at(&store, &[30, 10, 40, 20]).await;
    let order = async |now, limit| {
        let tasks = store.media_tasks.due(now, limit).await.unwrap();
        tasks.into_iter().map(|task| task.video).collect::<Vec<_>>()
    };
    assert_eq!(order(at(30), 100).await, [videos[1], videos[3], videos[0]]);
    assert_eq!(order(at(30), 2).await, [videos[1], videos[3]]);
    assert_eq!(order(at(30), 0).await, []);
    assert_eq!(order(at(9), 100).await, []);
    assert_eq!(order(at(40), 100).await.len(), 4, "asking takes nothing away");
}

pub async fn a_video_has_one_task_at_most_and_a_need_renews_it(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    let first = only(&store).await;
    store.media_tasks.postpone(&first, at(500)).await.unwrap();
    store.media_tasks.postpone(&first, at(900)).await.unwrap();
    let postponed = only(&store).await;
    assert_eq!((postponed.attempts, postponed.is_renewed), (2, false));
    toggle(&store, video.id, at(10)).await;
    let second = only(&store).await;
    assert_eq!((second.video, second.attempts, second.is_renewed), (video.id, 0, true), "no attempt is counted");
    assert_eq!(due(&store, at(10)).await, [second], "due at once");
    store.media_tasks.postpone(&second, at(900)).await.unwrap();
    settle(&store, video.id, VideoStatus::Processing, VideoStatus::Processing, at(20)).await;
    let third = only(&store).await;
    assert_eq!((due(&store, at(20)).await, third.attempts, third.is_renewed), (vec![third], 0, true));
    let stamps = BTreeSet::from([first.stamp, second.stamp, third.stamp]);
    assert_eq!(stamps.len(), 3, "each version has a stamp of its own");
}

pub async fn a_postponed_task_is_due_later_with_one_more_attempt(store: Store) {
    let videos = tasks_at(&store, &[10, 15]).await;
    let mut task = due(&store, at(10)).await[0];
    for (attempts, until) in [(1, at(20)), (2, at(30))] {
        store.media_tasks.postpone(&task, until).await.unwrap();
        let before = due(&store, until.before(MILLISECOND)).await;
        assert_eq!(before.iter().map(|task| task.video).collect::<Vec<_>>(), [videos[1]]);
        let tasks = due(&store, until).await;
        assert_eq!(tasks.iter().map(|task| task.video).collect::<Vec<_>>(), [videos[1], videos[0]]);
        assert_eq!((tasks[0].attempts, tasks[1].attempts), (0, attempts));
        task = tasks[1];
    }
    store.media_tasks.postpone(&task, Timestamp::NEVER).await.unwrap();
    assert_eq!(waiting(&store).await, [videos[1]], "one that is put off for good does not come");
}

pub async fn a_task_that_is_done_is_gone_and_no_other(store: Store) {
    let videos = tasks_at(&store, &[10, 20]).await;
    let task = due(&store, at(10)).await[0];
    for _ in 0..2 {
        store.media_tasks.done(&task).await.unwrap();
        store.media_tasks.postpone(&task, at(1)).await.unwrap();
        assert_eq!(waiting(&store).await, [videos[1]], "what is gone is neither done nor postponed");
    }
}

pub async fn a_task_that_was_renewed_meanwhile_is_left_alone(store: Store) {
    let videos = tasks_at(&store, &[10]).await;
    let old = only(&store).await;
    toggle(&store, videos[0], at(20)).await;
    let renewed = only(&store).await;
    store.media_tasks.done(&old).await.unwrap();
    assert_eq!(due(&store, at(20)).await, [renewed], "still to be done");
    store.media_tasks.postpone(&old, at(900)).await.unwrap();
    assert_eq!(due(&store, at(20)).await, [renewed], "still due, no attempt counted");
}

pub async fn a_task_that_was_done_and_made_again_is_another_one(store: Store) {
    let videos = tasks_at(&store, &[10]).await;
    let old = only(&store).await;
    store.media_tasks.done(&old).await.unwrap();
    toggle(&store, videos[0], at(10)).await;
    let new = only(&store).await;
    assert_ne!(new.stamp, old.stamp);
    assert!(!new.is_renewed, "nobody has begun");
    store.media_tasks.done(&old).await.unwrap();
    store.media_tasks.postpone(&old, at(900)).await.unwrap();
    assert_eq!(due(&store, at(10)).await, [new], "who worked on the old one does not know what is new");
}

pub async fn of_many_needs_at_once_one_task_remains(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let toggles = join_all((0..CROWD).map(|_| store.videos.toggle_published(video.id, at(5)))).await;
    assert!(toggles.into_iter().all(|toggled| toggled.unwrap().is_some()));
    let task = only(&store).await;
    assert_eq!((task.video, task.attempts), (video.id, 0));
    assert_eq!(due(&store, at(5)).await, [task]);
}

pub async fn a_need_that_races_the_end_of_a_task_is_not_lost(store: Store) {
    let owner = seed::user(&store).await;
    let videos = join_all((0..CROWD).map(|_| seed::processing_video(&store, owner.id))).await;
    let tasks = due(&store, far_future()).await;
    let races = videos.iter().zip(&tasks).enumerate().map(async |(turn, (video, _))| {
        let task = tasks.iter().find(|task| task.video == video.id).expect("each has a task");
        let (toggle, done) = (store.videos.toggle_published(video.id, at(5)), store.media_tasks.done(task));
        if turn % 2 == 0 {
            let (toggled, done) = futures_util::future::join(toggle, done).await;
            (toggled.unwrap().unwrap(), done.unwrap())
        } else {
            let (done, toggled) = futures_util::future::join(done, toggle).await;
            (toggled.unwrap().unwrap(), done.unwrap())
        }
    });
    join_all(races).await;
    let mut expected: Vec<_> = videos.iter().map(|video| video.id).collect();
    expected.sort();
    let mut found: Vec<_> = due(&store, at(5)).await.into_iter().map(|task| task.video).collect();
    found.sort();
    assert_eq!(found, expected, "each toggle came after the task that was done, or made a new one");
}
