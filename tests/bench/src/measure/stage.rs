//! What measuring takes: the homes of one kind, their floors, the load generator.

use anyhow::Context;

use crate::client::Client;
use crate::floor::{self, FloorProcess};
use crate::home::{HomeKind, Subject};
use crate::load::{Job, Wrk};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::request::Request;
use crate::workload::Floor;

/// How many requests a floor is rehearsed with: enough for each of its workers to get some.
const REHEARSED: usize = 256;

/// Everything is running.
pub(crate) struct Stage<'a> {
    /// What was asked for.
    pub(crate) plan: &'a Plan,
    /// Sends the load.
    pub(crate) wrk: &'a Wrk,
    /// Tells how far it is.
    pub(crate) progress: &'a Progress,
    /// Which homes.
    pub(crate) kind: HomeKind,
    /// The homes, by size.
    pub(crate) subjects: Vec<Subject>,
    /// The floors.
    pub(crate) floors: FloorProcess,
}

impl Stage<'_> {
    /// Asks the floors for a little, so that nothing is done for the first time when they are measured.
    pub(crate) async fn rehearse_floors(&self) -> anyhow::Result<()> {
        let client = Client::new(&self.floors.base);
        for floor in [Floor::Constant, Floor::Read, Floor::Write] {
            let requests = self.floor_requests(floor, 1);
            let some: Vec<Request> = requests.iter().cycle().take(REHEARSED).cloned().collect();
            client.rehearse(&some).await.context("the floors do not work")?;
        }
        Ok(())
    }

    /// The load on a floor of these homes that is answered with so many bytes; `None` where the bench has none of the kind.
    pub(super) fn floor_job(&self, floor: Floor, bytes: usize, clients: usize) -> anyhow::Result<Option<Job>> {
        match self.floor_requests(floor, bytes) {
            none if none.is_empty() => Ok(None),
            requests => self.wrk.job("floor", &requests, clients).context("the floor cannot be asked").map(Some),
        }
    }

    fn floor_requests(&self, floor: Floor, bytes: usize) -> Vec<Request> {
        match (floor, self.kind) {
            (Floor::None | Floor::Spread, _) => vec![],
            (Floor::Constant, _) => vec![Request::get(format!("/constant/{bytes}"))],
            (Floor::Read, HomeKind::Embedded) => reads("row", bytes),
            (Floor::Read, HomeKind::MongoDb) => reads("document", bytes),
            (Floor::Write, HomeKind::Embedded) => vec![Request::post("/row")],
            (Floor::Write, HomeKind::MongoDb) => vec![Request::post("/document")],
        }
    }
}

/// All rows, one after the other.
fn reads(noun: &str, bytes: usize) -> Vec<Request> {
    (0..floor::ROWS).map(|number| Request::get(format!("/{noun}/{number}/{bytes}"))).collect()
}
