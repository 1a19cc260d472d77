//! Counts of the whole store, each spread over several documents so that those who add at once do not meet.

use aviary_domain::StoreError;
use mongodb::bson::{Bson, Document, doc};

use super::access::Access;
use super::collection::TOTALS;
use super::document::Fields;
use super::error::TxError;

/// Over how many documents a count is spread. A share can be negative; only their sum is a count.
const SHARES: u8 = 64;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Total {
    /// Published videos.
    PublishedVideos,
    /// Tweets.
    Tweets,
}

impl Total {
    pub(crate) const ALL: [Self; 2] = [Self::PublishedVideos, Self::Tweets];

    fn name(self) -> &'static str {
        match self {
            Self::PublishedVideos => "published",
            Self::Tweets => "tweets",
        }
    }

    /// The ids of the documents that share the count.
    pub(crate) fn shares(self) -> Vec<String> {
        (0..SHARES).map(|share| self.share(share)).collect()
    }

    fn share(self, share: u8) -> String {
        format!("{}:{share}", self.name())
    }

    /// Changes the count.
    pub(crate) async fn change(self, access: &Access, change: i64) -> Result<(), TxError> {
        if change == 0 {
            return Ok(());
        }
        access.will_change_totals();
        let share = doc! { "_id": self.share(access.lane() % SHARES) };
        if access.update(TOTALS, share, doc! { "$inc": { "value": change } }).await? {
            Ok(())
        } else {
            Err(StoreError::backend("a share of a total is missing").into())
        }
    }

    /// The sum of the shares, whatever its sign.
    pub(crate) async fn stored(self, access: &Access) -> Result<i64, TxError> {
        let pipeline = vec![
            doc! { "$match": { "_id": { "$in": self.shares() } } },
            doc! { "$group": { "_id": Bson::Null, "value": { "$sum": "$value" } } },
        ];
        let sums = access.aggregate(TOTALS, pipeline).await?;
        let sum = sums.first().ok_or_else(|| StoreError::backend("the shares of a total are missing"))?;
        Ok(sum.whole("value")?)
    }

    /// The count, which is remembered for a moment; nothing where it drifted below that.
    pub(crate) async fn read(self, access: &Access) -> Result<u64, TxError> {
        let known = &access.known().totals;
        if let Some(count) = known.get(&self) {
            return Ok(count);
        }
        let asked = known.before();
        // Not as it was when a snapshot was taken, which may have been before a change that is forgotten already.
        let count = u64::try_from(self.stored(&access.outside()).await?).unwrap_or_default();
        known.keep(asked, &self, count);
        Ok(count)
    }
}

/// All shares at zero, as a fresh database has them.
pub(super) fn beginnings() -> Vec<Document> {
    let shares = Total::ALL.into_iter().flat_map(Total::shares);
    shares.map(|share| doc! { "_id": share, "value": 0_i64 }).collect()
}
