//! The roles that ship with the product follow it: what a new release lets people do, their roles may do after an upgrade.
//! A role that somebody changed stays as it is, and one that somebody deleted stays away.

use crate::{http::records, jobs::Duty, problem::Problem, tasks};
use std::{collections::BTreeSet, time::Duration};
use tokio::task::JoinHandle;
use yingda_core::{
    actor::Actor,
    config::{Record, RecordKind, Role},
    event::{Fact, Subject},
    id::RecordId,
    refusal::Refusal,
    roles::default_roles,
};
use yingda_store::{
    event::{self, Part},
    record,
};

const RETRY: Duration = Duration::from_secs(5);
/// Nobody has more roles than that.
const MOST: usize = 1_000;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("shipped", async move {
        while let Err(problem) = renew(&duty).await {
            tracing::warn!(code = ?problem.code, "the shipped roles wait for the store");
            tokio::time::sleep(RETRY).await;
        }
    })
}

async fn renew(duty: &Duty) -> Result<(), Problem> {
    let list = async |deleted| record::list(&duty.db, RecordKind::Role, "", deleted, None, MOST).await;
    let (living, gone) = (list(false).await?.items, list(true).await?.items);
    // Before the first administrator there is nothing to renew.
    if living.is_empty() {
        return Ok(());
    }
    let code = |it: &record::StoredRecord| match &it.record {
        Record::Role(role) => role.code.clone(),
        _ => String::new(),
    };
    let known: BTreeSet<String> = living.iter().chain(&gone).map(code).collect();
    for before in living {
        let Record::Role(role) = &before.record else { continue };
        let Some(fresh) = default_roles().into_iter().find(|it| it.code == role.code) else { continue };
        let after = Role { name: role.name.clone(), ..fresh };
        if after == *role || is_edited(duty, before.id).await? {
            continue;
        }
        tracing::info!(role = %after.code, "a shipped role follows this release");
        kept(records::replace(&duty.app, Actor::System, before, Record::Role(after), vec![]).await)?;
    }
    for fresh in default_roles().into_iter().filter(|it| !known.contains(&it.code)) {
        let id = RecordId(duty.app.next_id());
        kept(records::add(&duty.app, Actor::System, id, Record::Role(fresh), vec![]).await)?;
    }
    Ok(())
}

/// Whether a person changed it last; what the product itself wrote, it may write anew.
async fn is_edited(duty: &Duty, role: RecordId) -> Result<bool, Problem> {
    let last = event::of_subject(&duty.db, Subject::Record(role), Part::Latest, 1, false).await?;
    let is_by_hand = |event: &yingda_core::event::Event| {
        matches!(event.by, Actor::User { .. } | Actor::Api { .. })
            && matches!(event.fact, Fact::RecordChanged { version: 2.., .. })
    };
    Ok(last.iter().filter_map(event::StoredEvent::event).any(|it| is_by_hand(&it)))
}

/// Somebody who works on it at this moment is no fault.
fn kept(done: Result<(), Problem>) -> Result<(), Problem> {
    match done {
        Err(problem) if problem.code == Refusal::Stale.into() => Ok(()),
        done => done,
    }
}
