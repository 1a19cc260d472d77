//! What the server sends to its database, told by the database's profiler: commands, and what they cost.

use std::fmt;

use futures_util::TryStreamExt;
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};

use super::crowd::CROWD;
use super::verdict::number;

/// The name by which the server's connections are known.
const SERVER: &str = "aviary";

/// Room for all that a tour makes the server send.
const ROOM: u64 = 256 << 20;

/// What a command may look at whatever it gives, for each document that it gives, and for each that it changes. A list
/// joins a few documents to each one, and walks past hidden ones in chunks of 32. A crowd is more than that.
const FREE: i64 = 100;
const EACH_READ: i64 = 10;
const EACH_WRITTEN: i64 = 2;

/// The fields of a command that belong to how it was sent; what is explained runs alone.
const SENDING: [&str; 15] = [
    "lsid",
    "$clusterTime",
    "$db",
    "txnNumber",
    "txnRetryCounter",
    "autocommit",
    "startTransaction",
    "readConcern",
    "writeConcern",
    "$readPreference",
    "stmtId",
    "stmtIds",
    "apiVersion",
    "maxTimeMS",
    "$$comment",
];

/// A running profiler.
pub struct Profiler {
    database: Database,
}

impl Profiler {
    /// From now on everything is noted.
    pub async fn start(database: &Database) -> Self {
        database.create_collection("system.profile").capped(true).size(ROOM).await.expect("room for a profile");
        database.run_command(doc! { "profile": 2, "slowms": 0 }).await.expect("a profiler");
        Self { database: database.clone() }
    }

    /// What the server sent since then.
    pub async fn stop(self) -> Vec<Operation> {
        self.database.run_command(doc! { "profile": 0 }).await.expect("a profiler");
        let profile = self.database.collection::<Document>("system.profile");
        let size = self.database.run_command(doc! { "collStats": "system.profile" }).await.expect("its size");
        assert!(number(size.get("size").expect("a size")) < i64::try_from(ROOM).expect("a size") * 9 / 10, "{size}");
        let sent = profile.find(doc! { "appName": SERVER }).sort(doc! { "$natural": 1 }).await.expect("a profile");
        let sent: Vec<Document> = sent.try_collect().await.expect("a profile");
        sent.into_iter().map(Operation::read).collect()
    }
}

/// A command that the server sent.
pub struct Operation {
    entry: Document,
}

impl Operation {
    pub fn read(entry: Document) -> Self {
        assert!(entry.get_document("command").is_ok_and(|command| !command.contains_key("$truncated")), "{entry}");
        Self { entry }
    }

    fn kind(&self) -> &str {
        self.entry.get_str("op").expect("a kind of operation")
    }

    /// The command; where a cursor goes on, that which opened it.
    fn sent(&self) -> &Document {
        let opening = self.entry.get_document("originatingCommand");
        opening.or_else(|_| self.entry.get_document("command")).expect("a command")
    }

    fn collection(&self) -> &str {
        let (_, collection) = self.entry.get_str("ns").expect("a name").split_once('.').expect("a collection");
        collection
    }

    fn number(&self, field: &str) -> i64 {
        self.entry.get(field).map_or(0, number)
    }

    /// Whether there is a plan for it: what only adds documents needs none.
    pub fn is_planned(&self) -> bool {
        self.kind() != "insert"
    }

    /// Whether running it again changes nothing.
    pub fn is_read(&self) -> bool {
        self.sent().contains_key("find") || self.sent().contains_key("aggregate")
    }

    /// What is wrong with how it ran.
    pub fn faults(&self) -> Vec<String> {
        if !self.is_planned() {
            return vec![];
        }
        let mut faults = vec![];
        let summary = self.entry.get_str("planSummary").unwrap_or_default();
        if summary.contains("COLLSCAN") {
            faults.push(format!("ran as a scan: {self}"));
        }
        if self.entry.get_bool("hasSortStage").unwrap_or_default() && !self.sorts_bounded_matches() {
            faults.push(format!("sorted in memory: {self}"));
        }
        let examined = self.number("keysExamined").max(self.number("docsExamined"));
        let (given, written) = (self.number("nreturned"), self.number("nMatched") + self.number("ndeleted"));
        let allowed = FREE + EACH_READ * given + EACH_WRITTEN * written + self.skipped() + self.matches();
        if examined > allowed {
            faults.push(format!("looked at {examined} to give {given} and write {written}, by {summary}: {self}"));
        }
        faults
    }

    /// Whether it sorts what it limited before: searches do that whose result is sorted by an attribute, over the
    /// newest ten thousand matches.
    pub fn sorts_bounded_matches(&self) -> bool {
        let stages = self.stages();
        let limit = stages.iter().position(|stage| stage.get("$limit").is_some_and(|limit| number(limit) <= 10_000));
        let sorts: Vec<usize> = (0..stages.len()).filter(|place| stages[*place].contains_key("$sort")).collect();
        matches!((sorts.as_slice(), limit), ([first, second], Some(limit)) if *first < limit && limit < *second)
    }

    /// How much lies before the page that it asks for.
    fn skipped(&self) -> i64 {
        self.stages().iter().filter_map(|stage| stage.get("$skip")).map(number).sum()
    }

    /// How many documents hold the words that it searches for, at the most: some searches look at all of them, to
    /// count or to sort them.
    fn matches(&self) -> i64 {
        let hint = self.sent().get_document("hint").ok();
        let searches = hint.is_some_and(|hint| hint.keys().any(|field| field.to_lowercase().ends_with("prefixes")));
        if searches { i64::try_from(2 * CROWD + 10).expect("a count") } else { 0 }
    }

    fn stages(&self) -> Vec<&Document> {
        let stages = self.sent().get_array("pipeline").map(Vec::as_slice).unwrap_or_default();
        stages.iter().filter_map(Bson::as_document).collect()
    }

    /// The command as `explain` takes it.
    pub fn command(&self) -> Document {
        let mut own = self.sent().clone();
        for field in SENDING {
            own.remove(field);
        }
        match self.kind() {
            "update" => doc! { "update": self.collection(), "updates": [own] },
            "remove" => doc! { "delete": self.collection(), "deletes": [own] },
            "query" | "command" | "getmore" => own,
            other => panic!("an operation of a new kind, {other}: {}", self.entry),
        }
    }

    /// The pipelines of the joins and unions in it, each as a command of its own: `explain` of the whole tells only what they
    /// cost.
    pub fn joins(&self) -> Vec<Document> {
        let mut joins = vec![];
        gather_joins(&self.stages(), &mut joins);
        joins
    }

    /// The command without its values.
    pub fn shape(&self) -> String {
        format!("{} {}", self.collection(), shape(&Bson::Document(self.command())))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.shape())
    }
}

fn gather_joins(stages: &[&Document], joins: &mut Vec<Document>) {
    for join in stages.iter().filter_map(|stage| stage.get_document("$lookup").ok()) {
        let own = join.get_array("pipeline").map(Vec::as_slice).unwrap_or_default();
        let mut pipeline = own.to_vec();
        if let Ok(field) = join.get_str("foreignField") {
            // Whichever document it is joined to: its field is compared like this.
            pipeline.insert(0, doc! { "$match": { field: ObjectId::from_bytes([0; 12]) } }.into());
        }
        joins.push(
            doc! { "aggregate": join.get_str("from").expect("a collection"), "pipeline": pipeline, "cursor": {} },
        );
        gather_joins(&own.iter().filter_map(Bson::as_document).collect::<Vec<_>>(), joins);
    }
    for union in stages.iter().filter_map(|stage| stage.get_document("$unionWith").ok()) {
        let pipeline = union.get_array("pipeline").expect("a pipeline");
        joins.push(
            doc! { "aggregate": union.get_str("coll").expect("a collection"), "pipeline": pipeline, "cursor": {} },
        );
    }
}

/// Names, directions and numbers of stages stay; what a caller gives is left out, and lists of it count as one.
fn shape(value: &Bson) -> String {
    match value {
        Bson::Document(document) => {
            let fields = document.iter().map(|(name, value)| format!("{name}: {}", shape(value)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        Bson::Array(items) => {
            let mut shapes: Vec<String> = items.iter().map(shape).collect();
            shapes.dedup();
            format!("[{}]", shapes.join(", "))
        }
        Bson::Boolean(_) | Bson::Int32(_) => value.to_string(),
        Bson::String(text) if text.starts_with('$') && !text.starts_with("$2") => text.clone(),
        other => format!("{:?}", other.element_type()),
    }
}
