//! Measuring: floor, home, floor, home, in turn, until the rounds agree.

mod outcome;
mod stage;

use anyhow::Context;

use crate::home::Subject;
use crate::load::{Job, Reading};
use crate::request::Request;
use crate::workload::{self, Floor, Work, Workload};

pub(crate) use outcome::{FloorOutcome, Outcome};
pub(crate) use stage::Stage;

/// How many of the requests that change something are rehearsed: those that only read all are.
const REHEARSED_WRITES: usize = 4;

/// Measures a workload in every home of the stage. While the rounds do not agree there are more of them, up to twice as
/// many; the outcomes tell how far they agree in the end.
pub(crate) async fn workload(stage: &Stage<'_>, workload: &Workload) -> anyhow::Result<Vec<Outcome>> {
    let mut runs = Vec::new();
    for subject in &stage.subjects {
        let prepared = prepare(stage, subject, workload).await;
        runs.push(prepared.with_context(|| format!("{}, {}, {}", workload.name, stage.kind, subject.size))?);
    }
    // One floor for all sizes; who likes many videos does so in each home.
    let shared = match runs.first() {
        Some(run) => stage.floor_job(workload.floor, run.answer_bytes, workload.clients)?,
        None => None,
    };
    let (enough, most) = (stage.plan.rounds, stage.plan.rounds * 2);
    for round in 0..most {
        if round >= enough {
            if runs.iter().all(|run| run.outcome(stage, workload).is_some_and(|o| o.agrees(stage.plan.spread))) {
                break;
            }
            stage.progress.one_more();
        }
        let floor = match &shared {
            Some(job) => Some(stage.wrk.run(&stage.floors.base, job).await.context("the floor failed")?),
            None => None,
        };
        for (run, subject) in runs.iter_mut().zip(&stage.subjects) {
            let once = run.once(stage, subject, workload, floor).await;
            once.with_context(|| format!("{}, {}, {}", workload.name, stage.kind, subject.size))?;
        }
        stage.progress.step();
    }
    let outcomes = runs.iter().map(|run| run.outcome(stage, workload).context("nothing was measured"));
    outcomes.collect()
}

/// Measures one of the floors alone.
pub(crate) async fn floor(stage: &Stage<'_>, floor: Floor, title: String) -> anyhow::Result<Option<FloorOutcome>> {
    const BYTES: usize = 1_000;
    const CLIENTS: usize = 32;
    let Some(job) = stage.floor_job(floor, BYTES, CLIENTS)? else { return Ok(None) };
    let mut readings = Vec::new();
    for _ in 0..stage.plan.rounds {
        readings.push(stage.wrk.run(&stage.floors.base, &job).await.context("the floor failed")?);
        stage.progress.step();
    }
    Ok(FloorOutcome::of(stage.kind, title, &readings))
}

/// A workload in one home, while it is measured.
struct Run {
    size: crate::home::Size,
    job: Job,
    spread: Option<Job>,
    answer_bytes: usize,
    readings: Vec<Reading>,
    floors: Vec<Reading>,
}

/// Rehearses what is to be measured, so that it is known to work and nothing is done for the first time.
async fn prepare(stage: &Stage<'_>, subject: &Subject, workload: &Workload) -> anyhow::Result<Run> {
    let requests = (workload.requests)(&subject.cast);
    let (reads, writes): (Vec<_>, Vec<_>) = requests.iter().cloned().partition(|request| request.method == "GET");
    let rehearsed: Vec<Request> = reads.into_iter().chain(writes.into_iter().take(REHEARSED_WRITES)).collect();
    let client = subject.client();
    let answer_bytes = client.rehearse(&rehearsed).await?;
    let name = |kind: &str| format!("{}-{}-{kind}", workload.name, subject.size);
    let job = stage.wrk.job(&name("home"), &requests, workload.clients)?.longer(workload.times);
    let spread = match workload.floor {
        Floor::Spread => {
            let likes = (workload::LIKE.requests)(&subject.cast);
            Some(stage.wrk.job(&name("floor"), &likes, workload.clients)?)
        }
        _ => None,
    };
    Ok(Run { size: subject.size, job, spread, answer_bytes, readings: vec![], floors: vec![] })
}

impl Run {
    /// One round, right after that of the floor.
    async fn once(
        &mut self,
        stage: &Stage<'_>,
        subject: &Subject,
        workload: &Workload,
        floor: Option<Reading>,
    ) -> anyhow::Result<()> {
        let base = &subject.server.base;
        if let Some(spread) = &self.spread {
            self.floors.push(stage.wrk.run(base, spread).await?);
        }
        self.floors.extend(floor);
        if workload.work == Work::Refresh {
            let tokens = refresh_requests(subject, workload).await?;
            self.job = stage.wrk.refresh_job("refresh-tokens", &tokens, workload.clients)?;
        }
        self.readings.push(stage.wrk.run(base, &self.job).await?);
        Ok(())
    }

    fn outcome(&self, stage: &Stage<'_>, workload: &Workload) -> Option<Outcome> {
        Outcome::of(stage.kind, self.size, workload, self.answer_bytes, &self.readings, &self.floors)
    }
}

/// Signs people in for one round of exchanging their tokens.
async fn refresh_requests(subject: &Subject, workload: &Workload) -> anyhow::Result<Vec<Request>> {
    let logins = (workload.requests)(&subject.cast);
    let tokens: Vec<crate::client::Tokens> = subject.client().ask_all(&logins).await?;
    let path = "/api/v1/users/refresh-token";
    let exchange = |token: &str| Request::post(path).with(&serde_json::json!({ "refreshToken": token }));
    Ok(tokens.iter().map(|tokens| exchange(&tokens.refresh_token)).collect())
}
