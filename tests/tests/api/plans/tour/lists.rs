//! Every list: first page, a later page, and on from a cursor; by guests, by its owner and by somebody else.

use aviary_tests::{Caller, Reply};

use super::{Tour, WORDS};

impl Tour<'_> {
    pub(super) async fn walk_lists(&self) {
        let (ada, video) = (self.ada.id.as_str(), self.video.as_str());
        for caller in [&self.guest, &*self.ada, &*self.bob] {
            self.pages(caller, "/tweets", &[], "?").await;
            self.pages(caller, "/tweets/user/{userId}", &[ada], "?").await;
            self.pages(caller, "/comments/{videoId}", &[video], "?").await;
            self.pages(caller, "/subscriptions/c/{channelId}", &[ada], "?").await;
            self.pages(caller, "/subscriptions/u/{subscriberId}", &[ada], "?").await;
            self.pages(caller, "/playlist/user/{userId}", &[ada], "?").await;
            self.pages(caller, "/playlist/{playlistId}", &[&self.playlist], "?").await;
            self.videos(caller).await;
        }
        for caller in [&*self.ada, &*self.bob] {
            self.pages(caller, "/likes/videos", &[], "?").await;
            self.pages(caller, "/users/history", &[], "?").await;
            self.pages(caller, "/dashboard/videos", &[], "?").await;
        }
    }

    /// Of everybody, of one's own and of somebody else; all of them, or by one word, by two, by the beginning of one, and by
    /// one that is longer than what is indexed; in every order.
    async fn videos(&self, caller: &Caller) {
        let orders = ["createdAt", "views", "duration", "title", "likesCount"];
        let orders = orders.iter().flat_map(|sort| ["asc", "desc"].map(|way| format!("&sortBy={sort}&sortType={way}")));
        let orders: Vec<String> = orders.chain([String::new()]).collect();
        let owners = [String::new(), format!("&userId={}", self.ada.id)];
        let long = "a".repeat(20);
        for words in ["", "fox", WORDS, "over the h", &long] {
            for owner in &owners {
                for order in &orders {
                    self.pages(caller, "/videos", &[], &format!("?query={words}{owner}{order}")).await;
                }
            }
        }
    }

    async fn pages(&self, caller: &Caller, route: &'static str, ids: &[&str], query: &str) {
        let first = self.get(caller, route, ids, &format!("{query}&limit=10")).await;
        self.get(caller, route, ids, &format!("{query}&limit=10&page=4")).await;
        let mut next = next(&first);
        for _ in 0..2 {
            let Some(cursor) = next else { break };
            let page = self.get(caller, route, ids, &format!("{query}&limit=10&cursor={cursor}")).await;
            next = self::next(&page);
        }
    }
}

/// Where a list goes on.
fn next(reply: &Reply) -> Option<String> {
    let in_body = reply.json()["data"]["nextCursor"].as_str().map(str::to_owned);
    in_body.or_else(|| Some(reply.header("x-next-cursor").to_owned()).filter(|cursor| !cursor.is_empty()))
}
