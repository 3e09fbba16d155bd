//! Frames, HTTP bodies and error codes, written once. `cargo xtask codegen` makes the TypeScript types of them.

pub mod frame;
pub mod http;
pub mod problem;
pub mod schema;
