//! The rules of Yingda: who gets which contact, what a conversation may do, who may see it.
//!
//! Invariants of this crate: it performs no I/O, reads no clock, rolls no dice and starts no task.
//! Time and identities are arguments. The same commands at the same instants give the same events.

pub mod access;
pub mod acd;
pub mod actor;
pub mod agent;
pub mod calendar;
pub mod call;
pub mod chain;
pub mod command;
pub mod config;
pub mod consent;
pub mod conversation;
pub mod customer;
pub mod deeds;
pub mod directory;
pub mod effect;
pub mod engine;
pub mod event;
pub mod fact;
pub mod fault;
pub mod figures;
pub mod flow;
pub mod form;
pub mod id;
pub mod lang;
pub mod lead;
pub mod lifecycle;
pub mod log;
pub mod mail;
pub mod mask;
pub mod medium;
pub mod order;
pub mod outreach;
pub mod phone;
pub mod plan;
pub mod promise;
pub mod proof;
pub mod pulse;
pub mod record;
pub mod refusal;
pub mod register;
pub mod roles;
pub mod routing;
pub mod rule;
pub mod rule_run;
pub mod segment;
pub mod sites;
pub mod survey;
pub mod ticket;
pub mod timers;
mod turn;
pub mod view;
pub mod wait;
pub mod why;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
pub type At = i64;
