//! A replica set of several servers on loopback, for tests of what happens when some of them die.

use std::io::{BufRead, BufReader, Write};
use std::process::ChildStdout;
use std::time::Duration;

use mongodb::Database;
use mongodb::bson::{Document, doc};

use crate::mongod::{Process, admin, initiate};

/// States of a member, as MongoDB numbers them.
const PRIMARY: i32 = 1;
const SECONDARY: i32 = 2;

/// How long a member may take to tell how it is.
const ANSWER: Duration = Duration::from_millis(700);

/// Several servers that are one replica set, each of which can be killed, frozen and started again.
pub struct ReplicaSet {
    members: Vec<Member>,
}

struct Member {
    process: Process,
    /// What the watch over the process says.
    answers: BufReader<ChildStdout>,
    admin: Database,
}

impl ReplicaSet {
    /// Starts this many servers of its own.
    pub async fn launch(members: usize) -> Result<Self, String> {
        let start = |_| Process::start(&["--replSet", "tests"]);
        let processes: Vec<Process> = (0..members).map(start).collect::<Result<_, _>>()?;
        initiate(&processes.iter().collect::<Vec<_>>()).await?;
        let mut members = Vec::with_capacity(members);
        for mut process in processes {
            let answers = BufReader::new(process.watch.stdout.take().ok_or("the watch has no voice")?);
            members.push(Member { admin: admin(process.port).await, answers, process });
        }
        Ok(Self { members })
    }

    /// Its URI, without a database.
    pub fn uri(&self) -> String {
        let hosts: Vec<_> = self.members.iter().map(|member| format!("127.0.0.1:{}", member.process.port)).collect();
        format!("mongodb://{}/?replicaSet=tests", hosts.join(","))
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub fn kill(&mut self, member: usize) {
        self.members[member].order("KILL");
    }

    /// Starts a killed server over the data that it left.
    pub fn start(&mut self, member: usize) {
        self.members[member].order("start");
    }

    /// SIGSTOP: its connections stay, and nobody answers.
    pub fn freeze(&mut self, member: usize) {
        self.members[member].order("STOP");
    }

    /// SIGCONT: it goes on as if no time had passed.
    pub fn thaw(&mut self, member: usize) {
        self.members[member].order("CONT");
    }

    /// Which member is the primary, and in which term; of several that take themselves for it, the latest.
    pub async fn primary(&self) -> Option<(usize, i64)> {
        let mut latest = None;
        for (place, member) in self.members.iter().enumerate() {
            let Some(status) = member.status().await else { continue };
            let term = status.get_i64("term").unwrap_or_default();
            if state(&status) == Some(PRIMARY) && latest.is_none_or(|(_, known)| known < term) {
                latest = Some((place, term));
            }
        }
        latest
    }

    /// Whether every member is up, and follows the primary or is it.
    pub async fn is_whole(&self) -> bool {
        for member in &self.members {
            let state = member.status().await.as_ref().and_then(state);
            if !matches!(state, Some(PRIMARY | SECONDARY)) {
                return false;
            }
        }
        self.primary().await.is_some()
    }
}

impl Member {
    /// Returns once it is done.
    fn order(&mut self, order: &str) {
        let orders = self.process.watch.stdin.as_mut().expect("a pipe");
        writeln!(orders, "{order}").expect("the watch listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the watch answers");
        assert_eq!(answer, "done\n", "{order}");
    }

    /// What it says of the set; `None` while it does not answer.
    async fn status(&self) -> Option<Document> {
        let asked = self.admin.run_command(doc! { "replSetGetStatus": 1 });
        // One that is frozen holds the connection and says nothing.
        tokio::time::timeout(ANSWER, asked.into_future()).await.ok()?.ok()
    }
}

fn state(status: &Document) -> Option<i32> {
    status.get_i32("myState").ok()
}
