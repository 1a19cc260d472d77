//! The numbered steps from one version of the shape to the next: commands that can each be repeated, kept as files.

use std::collections::BTreeMap;

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};

use super::super::OpenError;

/// Every step in order. The number of the last one applied is the version of the database.
pub(crate) const STEPS: [Step; 3] = [
    Step { name: "0001_initial", commands: include_str!("../../../../../migrations/mongodb/0001_initial.json") },
    Step { name: "0002_many_nodes", commands: include_str!("../../../../../migrations/mongodb/0002_many_nodes.json") },
    Step {
        name: "0003_life_of_files",
        commands: include_str!("../../../../../migrations/mongodb/0003_life_of_files.json"),
    },
];

/// One step.
pub(crate) struct Step {
    /// The name of its file.
    pub(crate) name: &'static str,
    commands: &'static str,
}

impl Step {
    /// Its commands, in their order.
    pub(crate) fn commands(&self) -> Result<Vec<Command>, OpenError> {
        let documents: Vec<Document> = serde_json::from_str(self.commands).map_err(|error| self.unreadable(error))?;
        let commands = documents.into_iter().map(|document| {
            Command::parse(document).ok_or_else(|| self.unreadable("a command is none of those that steps may have"))
        });
        commands.collect()
    }

    fn unreadable(&self, cause: impl std::fmt::Display) -> OpenError {
        OpenError::Driver(Error::custom(format!("the step {} cannot be read: {cause}", self.name)))
    }
}

/// A command that changes the shape, and may be repeated by whoever does not know whether it was done.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    change: Change,
    document: Document,
}

/// What a command changes.
#[derive(Debug, Clone)]
enum Change {
    Create { collection: String },
    CreateIndexes { collection: String, indexes: Vec<Document> },
    DropIndex { collection: String, index: String },
    Merge,
}

/// The server's codes for what is there already, and for what is gone already.
const NAMESPACE_EXISTS: i32 = 48;
const NAMESPACE_NOT_FOUND: i32 = 26;
const INDEX_NOT_FOUND: i32 = 27;

impl Command {
    fn parse(document: Document) -> Option<Self> {
        let (name, collection) = document.iter().next()?;
        let collection = collection.as_str()?.to_owned();
        let change = match name.as_str() {
            "create" => Change::Create { collection },
            "createIndexes" => {
                let indexes = document.get_array("indexes").ok()?.iter();
                let indexes = indexes.map(|index| Bson::as_document(index).cloned()).collect::<Option<_>>()?;
                Change::CreateIndexes { collection, indexes }
            }
            "dropIndexes" => Change::DropIndex { collection, index: document.get_str("index").ok()?.to_owned() },
            // What is there stays there: a pipeline that ends by changing fields of documents.
            "aggregate" => {
                let last = document.get_array("pipeline").ok()?.last()?.as_document()?;
                let merge = last.get_document("$merge").ok()?;
                merge.get_str("whenNotMatched").is_ok_and(|fate| fate == "discard").then_some(Change::Merge)?
            }
            _ => return None,
        };
        Some(Self { change, document })
    }

    /// Does it, unless it was done.
    pub(crate) async fn run(&self, database: &Database) -> Result<(), OpenError> {
        match database.run_command(self.document.clone()).await {
            Err(error) if self.was_done(&error) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }

    fn was_done(&self, refusal: &Error) -> bool {
        let ErrorKind::Command(refusal) = refusal.kind.as_ref() else { return false };
        match self.change {
            Change::Create { .. } => refusal.code == NAMESPACE_EXISTS,
            // The same index may be made again; another one of its name is a mistake.
            Change::CreateIndexes { .. } | Change::Merge => false,
            Change::DropIndex { .. } => [NAMESPACE_NOT_FOUND, INDEX_NOT_FOUND].contains(&refusal.code),
        }
    }
}

/// Every collection with its indexes, as documents for `createIndexes`.
pub(crate) type Shape = BTreeMap<String, Vec<Document>>;

/// What these steps together leave.
pub(crate) fn shape(steps: &[Step]) -> Result<Shape, OpenError> {
    let mut shape = Shape::new();
    for step in steps {
        for command in step.commands()? {
            match command.change {
                Change::Create { collection } => drop(shape.entry(collection).or_default()),
                Change::CreateIndexes { collection, indexes } => shape.entry(collection).or_default().extend(indexes),
                Change::DropIndex { collection, index } => {
                    let is_other = |kept: &Document| kept.get_str("name").is_ok_and(|name| name != index);
                    shape.entry(collection).or_default().retain(is_other);
                }
                Change::Merge => {}
            }
        }
    }
    Ok(shape)
}

/// The command that makes a collection with its indexes. A majority of the members has to have them: were it all, which is what
/// MongoDB takes for granted, one that is down would keep indexes of filled collections waiting until it is back.
pub(crate) fn making(collection: String, indexes: Vec<Document>) -> Command {
    if indexes.is_empty() {
        let document = doc! { "create": &collection };
        return Command { change: Change::Create { collection }, document };
    }
    let document = doc! { "createIndexes": &collection, "indexes": &indexes, "commitQuorum": "majority" };
    Command { change: Change::CreateIndexes { collection, indexes }, document }
}

/// The command that drops an index.
pub(crate) fn dropping(collection: &str, index: &str) -> Command {
    let document = doc! { "dropIndexes": collection, "index": index };
    Command { change: Change::DropIndex { collection: collection.to_owned(), index: index.to_owned() }, document }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::super::schema::VERSION;
    use super::{Command, STEPS, Step, shape};
    use mongodb::bson::doc;

    #[test]
    fn steps_are_numbered_in_order_up_to_the_version() {
        for (number, step) in (1..).zip(&STEPS) {
            assert!(step.name.starts_with(&format!("{number:04}_")), "{}", step.name);
            assert!(!step.commands().unwrap().is_empty(), "{}", step.name);
        }
        assert_eq!(i64::try_from(STEPS.len()), Ok(VERSION));
    }

    #[test]
    fn no_index_is_made_twice_and_each_is_named_after_its_key() {
        for (collection, indexes) in shape(&STEPS).unwrap() {
            let mut names = HashSet::new();
            for index in indexes {
                let key = index.get_document("key").unwrap().iter();
                let name = key.map(|(field, order)| format!("{field}_{order}")).collect::<Vec<_>>().join("_");
                assert_eq!(index.get_str("name").unwrap(), name, "{collection}");
                assert!(names.insert(name), "{collection}: {index}");
            }
        }
    }

    #[test]
    fn later_steps_add_to_what_earlier_ones_made_and_take_from_it() {
        let steps = [
            Step { name: "one", commands: r#"[{"createIndexes": "a", "indexes": [{"name": "x"}, {"name": "y"}]}]"# },
            Step { name: "two", commands: r#"[{"create": "b"}, {"dropIndexes": "a", "index": "x"}]"# },
            Step { name: "three", commands: r#"[{"createIndexes": "b", "indexes": [{"name": "z"}]}]"# },
        ];
        let expected = [("a".to_owned(), vec![doc! { "name": "y" }]), ("b".to_owned(), vec![doc! { "name": "z" }])];
        assert_eq!(shape(&steps).unwrap(), expected.into());
    }

    #[test]
    fn what_no_step_may_do_is_refused() {
        for commands in ["{}", r#"[{"drop": "a"}]"#, r#"[{"create": 1}]"#, r#"[{"dropIndexes": "a", "index": ["x"]}]"#]
        {
            assert!(Step { name: "bad", commands }.commands().is_err(), "{commands}");
        }
        assert!(Command::parse(doc! {}).is_none());
    }
}
