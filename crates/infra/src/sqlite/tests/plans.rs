//! Query plans: no list reads or sorts more than it returns.

use aviary_domain::Id;
use aviary_domain::page::SortDirection;
use aviary_domain::video::{VideoScope, VideoSort};

use super::super::database::Database;
use super::super::{comment, file, history, like, media_task, playlist, subscription, ticket, tweet, video};
use super::fresh;

/// The steps of a statement's plan, one a line.
fn plan(database: &Database, sql: &str) -> String {
    database
        .read(|c| {
            let mut statement = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            // Without values for the parameters: the plan does not depend on them.
            let mut rows = statement.raw_query();
            let mut steps = Vec::new();
            while let Some(row) = rows.next()? {
                steps.push(row.get::<_, String>(3)?);
            }
            Ok(steps.join("\n"))
        })
        .unwrap()
}

fn every_list() -> Vec<String> {
    let owner = Id::from_bytes([7; 12]);
    let scopes = [VideoScope::Published, VideoScope::PublishedBy(owner), VideoScope::AllOf(owner)];
    let sorts = [VideoSort::CreatedAt, VideoSort::Views, VideoSort::Duration, VideoSort::Title, VideoSort::Likes];
    let mut lists = vec![history::list_sql()];
    for scope in scopes {
        for sort in sorts {
            for direction in [SortDirection::Ascending, SortDirection::Descending] {
                for continued in [false, true] {
                    lists.push(video::list::list_sql(scope, video::list::Sorting { sort, direction }, continued));
                }
            }
        }
    }
    lists
}

#[tokio::test]
async fn what_is_looked_up_or_due_is_found_by_an_index_in_its_order() {
    let (_folder, store) = fresh();
    let processing = video::files::processing_sql();
    let queries = [
        media_task::DUE,
        file::DUE,
        file::GIVEN_UP,
        file::LIST,
        ticket::OPEN,
        file::owned::USERS,
        file::owned::VIDEOS,
        video::files::HIDDEN,
        processing.as_str(),
    ];
    for sql in queries {
        let plan = plan(&store.database, sql);
        println!("{sql}\n{plan}\n");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        let by_name = [video::files::HIDDEN, &processing].contains(&sql);
        assert!(!by_name || plan.contains("INDEX videos_hidden_by_file (file>? AND file<?)"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn lists_walk_an_index_in_its_own_order() {
    let (_folder, store) = fresh();
    for sql in every_list() {
        let plan = plan(&store.database, &sql);
        println!("{sql}\n{plan}\n");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn lists_newest_first_are_searched_in_an_index_of_their_order() {
    let (_folder, store) = fresh();
    let lists = [
        &comment::LIST,
        &tweet::LIST,
        &tweet::LIST_BY,
        &like::LIKED_VIDEOS,
        &subscription::SUBSCRIBERS,
        &subscription::CHANNELS,
        &playlist::LIST_BY,
        &playlist::VIDEOS,
        &playlist::TOTALS,
    ];
    for sql in lists {
        let plan = plan(&store.database, sql);
        assert!(plan.contains("SEARCH"), "{}\n{plan}", **sql);
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{}\n{plan}", **sql);
    }
}
