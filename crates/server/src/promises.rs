//! Promises on their way through: rows are read, core decides, the site's loop stores what happened.

use crate::{
    app::App,
    problem::Problem,
    site::{Item, ItemFact},
    tickets,
};
use yingda_core::{
    At,
    actor::Actor,
    directory::Directory,
    event::{Audience, Fact, Subject},
    id::*,
    promise::{self, NewPromise, Promise, PromiseAct},
    refusal::Refusal,
};
use yingda_store::promise as rows;

const TRIES: usize = 8;

pub async fn make(app: &App, by: Actor, new: NewPromise, id: RecordId) -> Result<Promise, Problem> {
    if let Some(known) = rows::get(&app.db, id).await? {
        return Ok(known);
    }
    if let Some(ticket) = new.ticket {
        tickets::find(app, by, ticket).await?;
    }
    let directory = app.directory();
    let made = promise::make(new, id, by, app.clock.now(), &directory);
    let (promise, fact) = made.map_err(tickets::problem)?;
    let item = Item::new(by, vec![said(&promise, fact)], vec![rows::insert(&promise)]);
    match app.site.change(item).await {
        Ok(_) => {}
        // The same request came twice at once.
        Err(refused) if refused.refusal == Refusal::NameTaken => {}
        Err(refused) => return Err(refused.into()),
    }
    crate::jobs::clocks::WAKE.notify_one();
    Ok(rows::get(&app.db, id).await?.unwrap_or(promise))
}

pub async fn act(app: &App, by: Actor, id: RecordId, act: PromiseAct) -> Result<Promise, Problem> {
    for _ in 0..TRIES {
        let before = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
        let directory = app.directory();
        let done = promise::act(&before, act.clone(), by, app.clock.now(), &directory);
        let (after, fact) = done.map_err(tickets::problem)?;
        let item = Item::new(by, vec![said(&after, fact)], vec![rows::update(&after)]);
        match app.site.change(item).await {
            Ok(_) => {
                crate::jobs::clocks::WAKE.notify_one();
                return Ok(after);
            }
            Err(refused) if refused.refusal == Refusal::Stale => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Refusal::Busy.into())
}

/// Lets a promise say what is due; false when somebody was quicker.
pub async fn ring(app: &App, before: &Promise, now: At, directory: &Directory) -> Result<bool, Problem> {
    let Some((after, fact, told)) = promise::ring(before, now, directory) else { return Ok(true) };
    let late = after.late;
    let told = told.into_iter().map(|user| ItemFact {
        on: Subject::User(user),
        to: Audience::Staff,
        fact: Fact::PromiseTold {
            promise: after.id,
            ticket: after.ticket,
            conversation: after.conversation,
            text: after.text.clone(),
            due_at: after.due_at,
            late,
        },
        private: None,
    });
    let facts = std::iter::once(said(&after, fact)).chain(told).collect();
    match app.site.change(Item::new(Actor::System, facts, vec![rows::update(&after)])).await {
        Ok(_) => Ok(true),
        Err(refused) if refused.refusal == Refusal::Stale => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

/// It stands in the history of its ticket, where it has one.
fn said(it: &Promise, fact: Fact) -> ItemFact {
    let on = it.ticket.map_or(Subject::Record(it.id), Subject::Ticket);
    ItemFact { on, to: Audience::Staff, fact, private: None }
}
