//! What passes by itself is overcome; what does not is told at once, and nobody is told how the provider put it.

use std::time::{Duration, Instant};

use aviary_domain::file::FileKey;
use aviary_domain::media::{Access, MediaError, Progress, Rendition};
use aviary_tests::cloudinary::{FakeCloudinary, Fault, Op, PROVIDER_WORDS};

use super::log::Log;
use crate::film::film;
use crate::home::{Home, impatient, name, now, whole_text};

/// What the provider's words and our secrets look like.
fn leaks(home: &Home, text: &str) -> Vec<String> {
    let account = home.fake().account();
    let shown = [PROVIDER_WORDS, "String to sign", "Invalid Signature", account.secret.as_str(), account.key.as_str()];
    shown.into_iter().filter(|words| text.contains(words)).map(str::to_owned).collect()
}

/// The whole life of a film, asking the provider everything that it can be asked.
async fn live(home: &Home) -> Result<(), MediaError> {
    let key = home.media.keep(home.film(&film(1000)).await, &name(1)).await?;
    let closed = home.upkeep.set_access(&key, Access::Private).await?.expect("it is there");
    home.upkeep.reprocess(&closed).await?;
    let film_is = home.upkeep.progress(&closed).await?;
    assert!(!matches!(film_is, Progress::Failed(_)), "{film_is:?}");
    home.direct.inspect(&name(1)).await?;
    assert!(home.inventory.holds(&closed).await?);
    let mut from = None;
    loop {
        let part = home.inventory.list(from).await?;
        from = part.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(home.fetch_signed(&closed, Rendition::Film).await, Some(film(1000)));
    home.upkeep.remove(&closed).await?;
    assert!(!home.inventory.holds(&closed).await?);
    Ok(())
}

#[tokio::test]
async fn whatever_passes_is_overcome_wherever_it_happens() {
    for fault in Fault::PASSING {
        for op in [Op::Upload, Op::Destroy, Op::Rename, Op::Explicit, Op::List] {
            let home = Home::cloudinary();
            home.fake().next(op, fault);
            live(&home).await.unwrap_or_else(|error| panic!("{op:?} {fault:?}: {}", whole_text(&error)));
            let calls = home.fake().calls();
            assert!(calls.iter().any(|call| call.op == op && call.fault == Some(fault)), "{op:?} is asked");
            assert_eq!(home.fake().assets(), [], "{op:?} {fault:?}");
            assert_eq!(home.in_spool(), 0, "{op:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_playlist_is_asked_for_again_where_asking_failed() {
    for fault in Fault::PASSING {
        let home = Home::cloudinary();
        let key = home.keep_film(1, &film(1000)).await;
        home.fake().next(Op::Fetch, fault);
        home.ready(&key).await;
    }
}

#[tokio::test]
async fn what_does_not_pass_is_told_at_once_and_in_our_own_words() {
    for status in [400, 401, 403, 404, 409] {
        let home = Home::cloudinary();
        let log = Log::capture();
        home.fake().always(&[Op::Upload, Op::Destroy], Fault::Status(status, None));
        let begun = Instant::now();
        for outcome in [
            home.media.keep(home.film(&film(1000)).await, &name(1)).await.map(|_| ()),
            home.upkeep.remove(&name(1)).await,
        ] {
            // That there is nothing to remove is no failure, however it is said.
            let Err(error) = outcome else { continue };
            assert!(matches!(error, MediaError::Backend(_)), "{status}: {error:?}");
            assert_eq!(leaks(&home, &whole_text(&error)), Vec::<String>::new(), "{status}");
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{status} is not tried again");
        assert_eq!(home.fake().count(Op::Upload), 1, "{status}");
        assert_eq!(leaks(&home, &log.text()), Vec::<String>::new(), "{status}");
        assert_eq!(home.in_spool(), 0);
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_without_what_was_signed() {
    let fake = FakeCloudinary::start();
    let home = Home::at(fake, |settings| settings.secret = "another-secret-of-this-test".to_owned().into());
    let log = Log::capture();
    let outcome = home.media.keep(home.film(&film(1000)).await, &name(1)).await;
    let Err(error @ MediaError::Backend(_)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(home.fake().calls()[0].status, Some(401));
    for text in [whole_text(&error), log.text()] {
        assert_eq!(leaks(&home, &text), Vec::<String>::new(), "{text}");
        assert!(!text.contains("another-secret-of-this-test") && !text.contains("timestamp="), "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_is_signed_by_somebody_else_is_not_believed() {
    let home = Home::cloudinary();
    home.fake().next(Op::Upload, Fault::WrongSignature);
    let outcome = home.media.keep(home.film(&film(1000)).await, &name(1)).await;
    assert!(matches!(outcome, Err(MediaError::Backend(_))), "{outcome:?}");
    // Whoever reserved the name has it removed, if it is there.
    assert_eq!(home.fake().assets().len(), 1);
    home.upkeep.remove(&name(1)).await.expect("removed");
    assert_eq!(home.fake().assets(), []);
}

#[tokio::test]
async fn failures_are_told_with_what_the_provider_calls_the_request() {
    let home = Home::at(FakeCloudinary::start(), impatient);
    let log = Log::capture();
    home.fake().always(&[Op::Upload], Fault::Status(500, None));
    let outcome = home.media.keep(home.film(&film(1000)).await, &name(1)).await;
    let Err(error @ MediaError::Unavailable(_)) = outcome else { panic!("{outcome:?}") };
    let text = whole_text(&error) + &log.text();
    assert!(text.contains("500"), "{text}");
    assert_eq!(leaks(&home, &text), Vec::<String>::new(), "{text}");
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let home = Home::at(FakeCloudinary::start(), impatient);
    let key = home.keep_film(1, &film(1000)).await;
    home.fake().always(&Op::ALL, Fault::Hang);
    let waited = async |what: &str, begun: Instant| {
        assert!(begun.elapsed() < Duration::from_secs(6), "{what} took {:?}", begun.elapsed());
    };
    let begun = Instant::now();
    assert!(matches!(home.upkeep.remove(&key).await, Err(MediaError::Unavailable(_))));
    waited("remove", begun).await;
    let home = Home::at(FakeCloudinary::start(), impatient);
    home.fake().always(&Op::ALL, Fault::Hang);
    let begun = Instant::now();
    let file = home.film(&film(1000)).await;
    let outcome = home.media.keep(file, &name(2)).await;
    assert!(matches!(outcome, Err(MediaError::Unavailable(_))), "{outcome:?}");
    waited("keep", begun).await;
    assert_eq!(home.in_spool(), 0);
}

#[tokio::test]
async fn a_lost_answer_leaves_one_file() {
    for _ in 0..3 {
        let home = Home::cloudinary();
        home.fake().next(Op::Upload, Fault::DropAnswer);
        home.fake().next(Op::Upload, Fault::DropInAnswer);
        let key = home.keep_film(1, &film(1000)).await;
        assert_eq!(home.fake().assets().len(), 1);
        assert_eq!(home.fetch_plain(&key, Rendition::Film).await, Some(film(1000)));
    }
}

/// The row is told the truth although the store did more than it could say.
#[tokio::test]
async fn access_is_settled_after_lost_answers() {
    let home = Home::cloudinary();
    let key = home.keep_film(1, &film(1000)).await;
    let mut known: FileKey = key;
    for (fault, access) in [
        (Fault::DropAnswer, Access::Private),
        (Fault::DropInAnswer, Access::Public),
        (Fault::DropAtOnce, Access::Private),
        (Fault::Status(420, None), Access::Public),
    ] {
        home.fake().next(Op::Rename, fault);
        known = home.set_access(&known, access).await;
        assert!(home.upkeep.has_access(&known, access));
        assert_eq!(home.fetch_signed(&known, Rendition::Film).await, Some(film(1000)), "{fault:?}");
    }
}

#[tokio::test]
async fn a_ticket_costs_no_call() {
    let home = Home::cloudinary();
    home.fake().refuse_connections();
    home.direct.sign(&name(1), 1000, now()).await.expect("a ticket");
    assert_eq!(home.fake().calls().len(), 0);
}
