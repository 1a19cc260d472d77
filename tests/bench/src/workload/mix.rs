//! A day in the life of the server: nine of ten requests read.

use super::{read, search, write};
use crate::cast::Cast;
use crate::request::Request;

/// How often the round of ten is gone through, each time with other videos and people.
const ROUNDS: usize = 400;

pub(super) fn mix(cast: &Cast) -> Vec<Request> {
    let mut guest = read::detail(cast).into_iter().cycle();
    let mut member = read::visits(cast).into_iter().cycle();
    let mut list = read::list(cast).into_iter().chain(read::list_cursor(cast)).cycle();
    let mut comments = read::comments(cast).into_iter().cycle();
    let people = read::tweets(cast).into_iter().zip(read::history(cast)).flat_map(<[Request; 2]>::from);
    let finds =
        search::two(cast).into_iter().zip(read::channel(cast).into_iter().cycle()).flat_map(<[Request; 2]>::from);
    let (mut people, mut finds) = (people.cycle(), finds.cycle());
    let writes = write::like(cast).into_iter().zip(write::comment(cast)).flat_map(<[Request; 2]>::from);
    let mut writes = writes.cycle();
    let round = |_| {
        let looks = [guest.next(), list.next(), member.next(), comments.next(), guest.next()];
        let more = [people.next(), member.next(), finds.next(), guest.next(), writes.next()];
        looks.into_iter().chain(more).flatten().collect::<Vec<_>>()
    };
    (0..ROUNDS).flat_map(round).collect()
}
