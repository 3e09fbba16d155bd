//! Facts and metric formulas: what happened, as rows that can be counted, and the printed rules that count them.
//!
//! Invariants of this crate: it performs no I/O and reads no clock. Facts come from events alone, so that every
//! figure can be computed again from the log.

pub mod indicator;
pub mod metric;
pub mod project;
pub mod report;
pub mod survey;
pub mod table;
pub mod tally;
pub mod xlsx;
