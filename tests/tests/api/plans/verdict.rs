//! What is wrong with a plan, as `explain` tells it.

use mongodb::bson::{Bson, Document};

/// The faults of a plan. `sorts_bounded_matches`: the query may sort in memory what it has limited before.
pub fn of_plan(explained: &Document, sorts_bounded_matches: bool) -> Vec<&'static str> {
    let mut faults = vec![];
    look(explained, &mut faults);
    if sorts_bounded_matches {
        faults.retain(|fault| *fault != SORT);
    }
    faults.sort_unstable();
    faults.dedup();
    faults
}

const SCAN: &str = "a collection scan";
const SORT: &str = "a sort in memory";
const JOIN: &str = "a join without an index";

fn look(part: &Document, faults: &mut Vec<&'static str>) {
    for (name, value) in part {
        match (name.as_str(), value) {
            // The command itself, plans that lost, and how a join is written, whose pipeline is explained by itself.
            ("command" | "rejectedPlans" | "pipeline", _) => {}
            ("stage", Bson::String(stage)) if stage == "COLLSCAN" => faults.push(SCAN),
            ("stage", Bson::String(stage)) if stage == "SORT" => faults.push(SORT),
            // A stage of a pipeline that no index took over.
            ("$sort", Bson::Document(_)) => faults.push(SORT),
            // How a join without a pipeline of its own is done.
            ("strategy", Bson::String(strategy))
                if strategy != "IndexedLoopJoin" && strategy != "NonExistentForeignCollection" =>
            {
                faults.push(JOIN);
            }
            ("collectionScans", scans) if number(scans) > 0 => faults.push(JOIN),
            (_, value) => look_into(value, faults),
        }
    }
}

fn look_into(value: &Bson, faults: &mut Vec<&'static str>) {
    match value {
        Bson::Document(part) => look(part, faults),
        Bson::Array(parts) => parts.iter().for_each(|part| look_into(part, faults)),
        _ => {}
    }
}

/// A whole number of whichever type.
pub fn number(value: &Bson) -> i64 {
    match value {
        Bson::Int32(value) => (*value).into(),
        Bson::Int64(value) => *value,
        Bson::Double(value) => format!("{value:.0}").parse().expect("a number"),
        other => panic!("not a number: {other}"),
    }
}
