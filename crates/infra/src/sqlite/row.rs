//! How values look in rows: ids as twelve bytes, times as milliseconds, counts as signed integers.

use aviary_domain::file::FileKey;
use aviary_domain::id::RawId;
use aviary_domain::user::{FullName, UserCard, Username};
use aviary_domain::{Id, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::error::SqlError;

pub(crate) use crate::gain::integer;

/// The columns that [`user_card`] reads, of a row of `users` called `u`.
pub(crate) const USER_CARD: &str = "u.id, u.username, u.full_name, u.avatar";

/// The id in a column.
pub(crate) fn id_from<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Id<T>> {
    row.get::<_, RawId>(column).map(Id::from_bytes)
}

/// The id in a column that may be empty.
pub(crate) fn optional_id_from<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Id<T>>> {
    Ok(row.get::<_, Option<RawId>>(column)?.map(Id::from_bytes))
}

/// The instant in a column.
pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// The file key in a column.
pub(crate) fn key(row: &Row<'_>, column: usize) -> rusqlite::Result<FileKey> {
    row.get(column).map(FileKey::from_stored)
}

/// The count in a column.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}

/// The user card in the columns of [`USER_CARD`], which start at `offset`.
pub(crate) fn user_card(row: &Row<'_>, offset: usize) -> rusqlite::Result<UserCard> {
    Ok(UserCard {
        id: id_from(row, offset)?,
        username: Username::fold(row.get_ref(offset + 1)?.as_str()?),
        full_name: FullName::from_stored(row.get(offset + 2)?),
        avatar: key(row, offset + 3)?,
    })
}

/// The first row of a query, if it has one.
pub(crate) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, SqlError> {
    Ok(connection.prepare_cached(sql)?.query_row(params, read).optional()?)
}

/// All rows of a query.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, SqlError> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Runs a statement and tells how many rows it changed.
pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, SqlError> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}
