//! Letters on paper: text laid out on A4 pages as PDF, with the signs that are used embedded, Chinese and Latin alike.
//!
//! Invariants of this crate: no I/O and no clock; the same letter gives the same bytes; what is printed can be read
//! back out of the file as text.

mod font;
mod letter;
mod lines;

pub use font::{Font, NoFont};
pub use letter::{Letter, Unprintable};
