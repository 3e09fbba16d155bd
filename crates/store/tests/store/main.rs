//! The store's tests: each on SQLite and on PostgreSQL where both can do it.

#[path = "../support/mod.rs"]
mod support;

mod backup;
mod faults;
mod files;
mod leases;
mod lists;
mod migrations;
mod moments;
mod rows;
mod statements;
mod story;
