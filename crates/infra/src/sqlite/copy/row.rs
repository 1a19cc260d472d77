//! Rows of a copy as SQL reads and writes them.

use aviary_domain::Id;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use super::super::error::SqlError;
use super::super::video::words;
use super::super::video_row::VISIBLE;
use crate::copy::home::{KeyChange, Reading, SINCE_EVER};
use crate::copy::record::{Record, Value};
use crate::copy::table::{Column, Kind, Table};

/// The query of a reading, whose parameters [`start`] gives.
pub(super) fn select(reading: &Reading) -> String {
    let table = reading.table;
    let columns: Vec<&str> = table.columns.iter().map(Column::selected).collect();
    let order: Vec<String> = table.ordered(reading.order).flat_map(terms).collect();
    let (columns, order, name) = (columns.join(", "), order.join(", "), table.name);
    let after = match start(reading).len() {
        0 => String::new(),
        values => {
            let values: Vec<String> = (1..=values).map(|number| format!("?{number}")).collect();
            format!(" WHERE ({order}) > ({})", values.join(", "))
        }
    };
    format!("SELECT {columns} FROM {name}{after} ORDER BY {order}")
}

/// By what a column orders; shorter binaries come first.
fn terms(column: &Column) -> Vec<String> {
    let name = column.name.to_owned();
    if column.kind == Kind::Bytes { vec![format!("length({name})"), name] } else { vec![name] }
}

/// The values after which a reading begins, one for each term of its order.
pub(super) fn start(reading: &Reading) -> Vec<Sql> {
    let after = reading.after.iter().flat_map(|after| &after.0);
    let terms = after.flat_map(|value| match value {
        Value::Bytes(bytes) => vec![Sql::Integer(i64::try_from(bytes.len()).unwrap_or(i64::MAX)), sql(value)],
        _ => vec![sql(value)],
    });
    terms.collect()
}

/// The row that a query gave.
pub(super) fn record(table: &Table, row: &Row<'_>) -> rusqlite::Result<Record> {
    let columns = table.columns.iter().enumerate();
    let values = columns.map(|(number, column)| {
        let value = match column.kind {
            Kind::Id => row.get::<_, Option<_>>(number)?.map(Value::Id),
            Kind::Time | Kind::Integer | Kind::Flag => row.get::<_, Option<_>>(number)?.map(Value::Integer),
            Kind::Real => row.get::<_, Option<_>>(number)?.map(Value::Real),
            Kind::Text | Kind::File => row.get::<_, Option<_>>(number)?.map(Value::Text),
            Kind::Bytes => row.get::<_, Option<_>>(number)?.map(Value::Bytes),
        };
        Ok(value.unwrap_or(Value::Null))
    });
    values.collect::<rusqlite::Result<_>>().map(Record)
}

/// Adds a row, and the words of a video.
pub(super) fn insert(connection: &Connection, table: &Table, record: &Record) -> rusqlite::Result<()> {
    let statement = table.insert.map_or_else(|| insertion(table), str::to_owned);
    connection.prepare_cached(&statement)?.execute(params_from_iter(record.0.iter().map(sql)))?;
    if table.is("videos") { index(connection, table, record) } else { Ok(()) }
}

/// Notes the new key of a file where the row has the old one, and the task that comes of a film's.
pub(super) fn change_key(connection: &Connection, change: &KeyChange) -> rusqlite::Result<()> {
    const TASK: &str = "INSERT OR IGNORE INTO media_tasks (video, due_at, attempts) VALUES (?1, ?2, 0)";
    let KeyChange { table, column, row, from, to } = change;
    let (table, column) = (table.name, column.name);
    let update = format!("UPDATE {table} SET {column} = ?3 WHERE id = ?1 AND {column} = ?2");
    let changed = connection.prepare_cached(&update)?.execute((sql(row), from.as_str(), to.as_str()))?;
    if changed > 0 && to.is_film() {
        connection.prepare_cached(TASK)?.execute((sql(row), SINCE_EVER))?;
    }
    Ok(())
}

fn insertion(table: &Table) -> String {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let values: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", table.name, columns.join(", "), values.join(", "))
}

fn index(connection: &Connection, table: &Table, video: &Record) -> rusqlite::Result<()> {
    let value = |name| table.column(name).map_or(&Value::Null, |column| video.value(column));
    let text = |name| match value(name) {
        Value::Text(text) => text.as_str(),
        _ => "",
    };
    let Value::Id(owner) = value("owner") else { return Ok(()) };
    let is_public = *value("state") == Value::Integer(VISIBLE);
    let texts = [text("title"), text("description")];
    let put = words::put(connection, connection.last_insert_rowid(), Id::from_bytes(*owner), is_public, texts);
    put.map_err(|error| match error {
        SqlError::Sqlite(error) => error,
        SqlError::Store(error) => rusqlite::Error::ToSqlConversionFailure(error.into()),
    })
}

fn sql(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Id(id) => Sql::Blob(id.to_vec()),
        Value::Integer(number) => Sql::Integer(*number),
        Value::Real(number) => Sql::Real(*number),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Bytes(bytes) => Sql::Blob(bytes.clone()),
    }
}
