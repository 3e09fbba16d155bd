//! Stores for tests.

pub use yingda_peers::{Postgres as Server, Scratch};
