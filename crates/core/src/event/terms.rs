//! What facts are made of, from everywhere in this crate.

pub(super) use crate::{
    At,
    agent::AgentState,
    call,
    config::{RecordKind, TicketPhase},
    conversation::{Content, Place, Source},
    id::*,
    lang::Lang,
    medium::Medium,
    proof::{CodeFault, Point},
    refusal::Refusal,
    register::Book,
    survey::Via,
};
pub(super) use serde::{Deserialize, Serialize};
pub(super) use smallvec::SmallVec;
pub(super) use std::collections::BTreeMap;
