//! SQL, migrations, SQLite and PostgreSQL.
//!
//! Invariants of this crate: one text of SQL for both engines, with values always bound; a commit is one
//! transaction; bytes of an event come back as they were given; nothing is hard-deleted that people made.

mod batch;
mod conversation_list;
mod db;
mod error;
mod page;
mod postgres;
mod site;
mod sql;
mod sqlite;
mod tls;
mod value;
mod walk;

pub mod address;
pub mod agent;
pub mod api_key;
pub mod backup;
pub mod channel;
pub mod consent;
pub mod consult;
pub mod conversation;
pub mod credential;
pub mod customer;
pub mod customer_import;
pub mod customer_import_undo;
pub mod customer_list;
pub mod customer_merge;
pub mod duplicate;
pub mod event;
pub mod fact;
pub mod file;
pub mod flow;
pub mod idempotency;
pub mod inbound;
pub mod lead;
pub mod lease;
pub mod order;
pub mod outbound;
pub mod outreach;
pub mod pack;
pub mod plan;
pub mod portal;
pub mod preference;
pub mod product;
pub mod promise;
pub mod proof;
mod pulse;
pub mod reader;
pub mod record;
pub mod register;
pub mod relation;
pub mod rule_run;
pub mod segment;
pub mod session;
pub mod shared_view;
pub mod sms_part;
pub mod sound;
pub mod survey;
pub mod ticket;
pub mod ticket_list;
pub mod ticket_migration;
pub mod visitor;
pub mod webhook;

pub use batch::{AgentWrite, Batch, ConversationWrite, EventRow, Statement};
pub use db::{Db, level};
pub use error::{CommitError, ReadError};
pub use value::Value;

/// One page of a list; `next` goes back as the cursor of the following one.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Every statement of this crate with its noun and name, so that a test can prepare each on both engines.
#[doc(hidden)]
pub fn statements() -> Vec<(&'static str, &'static str, &'static str)> {
    let nouns = [
        ("address", address::ALL),
        ("agent", agent::ALL),
        ("api_key", api_key::ALL),
        ("channel", channel::ALL),
        ("consent", consent::ALL),
        ("consult", consult::ALL),
        ("conversation", conversation::ALL),
        ("conversation_list", conversation_list::ALL),
        ("credential", credential::ALL),
        ("customer", customer::ALL),
        ("customer_merge", customer_merge::ALL),
        ("duplicate", duplicate::ALL),
        ("event", event::ALL),
        ("fact", fact::ALL),
        ("file", file::ALL),
        ("flow", flow::ALL),
        ("idempotency", idempotency::ALL),
        ("inbound", inbound::ALL),
        ("lead", lead::ALL),
        ("relation", relation::ALL),
        ("segment", segment::ALL),
        ("outbound", outbound::ALL),
        ("outreach", outreach::ALL),
        ("pack", pack::ALL),
        ("portal", portal::ALL),
        ("plan", plan::ALL),
        ("preference", preference::ALL),
        ("order", order::ALL),
        ("product", product::ALL),
        ("promise", promise::ALL),
        ("proof", proof::ALL),
        ("pulse", pulse::ALL),
        ("reader", reader::ALL),
        ("record", record::ALL),
        ("register", register::ALL),
        ("rule_run", rule_run::ALL),
        ("session", session::ALL),
        ("shared_view", shared_view::ALL),
        ("site", site::ALL),
        ("sms_part", sms_part::ALL),
        ("survey", survey::ALL),
        ("ticket", ticket::ALL),
        ("ticket_list", ticket_list::ALL),
        ("ticket_migration", ticket_migration::ALL),
        ("customer_import", customer_import::ALL),
        ("customer_import_undo", customer_import_undo::ALL),
        ("customer_list", customer_list::ALL),
        ("visitor", visitor::ALL),
        ("walk", walk::ALL),
        ("webhook", webhook::ALL),
    ];
    nouns.iter().flat_map(|(noun, all)| all.iter().map(|(name, sql)| (*noun, *name, *sql))).collect()
}

/// The exceptions that only PostgreSQL knows.
#[doc(hidden)]
pub fn postgres_statements() -> Vec<(&'static str, &'static str, &'static str)> {
    let nouns = [("postgres", postgres::ALL), ("lease", lease::ALL)];
    nouns.iter().flat_map(|(noun, all)| all.iter().map(|(name, sql)| (*noun, *name, *sql))).collect()
}
