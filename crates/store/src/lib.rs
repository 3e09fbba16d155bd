//! SQL, migrations, SQLite and PostgreSQL.
//!
//! Invariants of this crate: one text of SQL for both engines, with values always bound; a commit is one
//! transaction; bytes of an event come back as they were given; nothing is hard-deleted that people made.

mod batch;
mod db;
mod error;
mod page;
mod postgres;
mod site;
mod sql;
mod sqlite;
mod value;

pub mod agent;
pub mod conversation;
pub mod event;
pub mod fact;
pub mod reader;
pub mod record;

pub use batch::{AgentWrite, Batch, ConversationWrite, EventRow, Statement};
pub use db::Db;
pub use error::{CommitError, ReadError};
pub use value::Value;

/// One page of a list; `next` goes back as the cursor of the following one.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}
