//! Values on their way into a statement, and columns on their way out.

use crate::ReadError;
use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// An argument of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Null,
    Int(i64),
    Real(f64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

macro_rules! from {
    ($($from:ty => |$it:ident| $value:expr),* $(,)?) => {$(
        impl From<$from> for Value { fn from($it: $from) -> Self { $value } }
    )*};
}

from! {
    i64 => |it| Value::Int(it),
    i16 => |it| Value::Int(it.into()),
    i32 => |it| Value::Int(it.into()),
    u8 => |it| Value::Int(it.into()),
    u16 => |it| Value::Int(it.into()),
    u32 => |it| Value::Int(it.into()),
    // Positions and sizes stay far below 2^63.
    u64 => |it| Value::Int(it as i64),
    f64 => |it| Value::Real(it),
    bool => |it| Value::Bool(it),
    String => |it| Value::Text(it),
    &str => |it| Value::Text(it.to_owned()),
    Vec<u8> => |it| Value::Bytes(it),
    &[u8] => |it| Value::Bytes(it.to_vec()),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(it: Option<T>) -> Self {
        it.map_or(Value::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(it) => ValueRef::Integer(*it),
            Value::Real(it) => ValueRef::Real(*it),
            Value::Bool(it) => ValueRef::Integer((*it).into()),
            Value::Text(it) => ValueRef::Text(it.as_bytes()),
            Value::Bytes(it) => ValueRef::Blob(it),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(it) => it.to_sql_checked(ty, out),
            Value::Real(it) => it.to_sql_checked(ty, out),
            Value::Bool(it) => it.to_sql_checked(ty, out),
            Value::Text(it) => without_nul(it).to_sql_checked(ty, out),
            Value::Bytes(it) => it.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// PostgreSQL's text holds every sign but this one, and people paste anything.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// `args![a, b]` makes the arguments of a statement.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}
pub(crate) use args;

/// A row of either engine, read by position.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    pub(crate) fn get<T>(&self, index: usize) -> Result<T, ReadError>
    where
        T: rusqlite::types::FromSql + for<'r> tokio_postgres::types::FromSql<'r>,
    {
        match self {
            Row::Sqlite(row) => Ok(row.get(index)?),
            Row::Postgres(row) => Ok(row.try_get(index)?),
        }
    }

    /// A column that holds JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, index: usize) -> Result<T, ReadError> {
        let text: String = self.get(index)?;
        serde_json::from_str(&text).map_err(|error| {
            ReadError::Failed(format!("column {index} holds JSON that does not fit: {error}"))
        })
    }

    /// A column that holds the plain name of a unit variant, such as a medium.
    pub(crate) fn word<T: serde::de::DeserializeOwned>(&self, index: usize) -> Result<T, ReadError> {
        let text: String = self.get(index)?;
        parse_word(&text)
    }
}

/// The name serde gives a unit variant: what such a column stores.
pub(crate) fn word(of: impl serde::Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(text)) => text,
        other => unreachable!("only enums of plain names are stored as words, not {other:?}"),
    }
}

pub(crate) fn parse_word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text))
        .map_err(|error| ReadError::Failed(format!("`{text}` is not a known word: {error}")))
}
