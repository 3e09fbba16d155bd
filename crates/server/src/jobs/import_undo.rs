//! A whole table of customers is taken back: a piece at a time, each with its progress in one transaction, so that a
//! restart goes on where it was.

use crate::{http::customers::Change, jobs::Duty, problem::Problem, site::Item};
use std::collections::HashMap;
use yingda_core::{At, actor::Actor, id::CustomerId, refusal::Refusal};
use yingda_store::{
    customer::{self, Customer},
    customer_import::{Import, Undone},
    customer_import_undo::{self as rows, Done},
};

/// So long after its end an import can be taken back.
pub const WITHIN_MS: At = 30 * 24 * 3_600_000;
const PIECE: usize = 200;
/// Somebody edited one of the customers in the same moment: so often the piece is decided anew.
const TRIES: usize = 5;

pub async fn take_back(duty: &Duty, import: &Import) -> Result<(), Problem> {
    let mut after = import.undo_after;
    let mut tries = 0;
    loop {
        let piece = rows::piece(&duty.db, import.id, after, PIECE).await?;
        let Some(last) = piece.last().map(|it| it.customer) else { break };
        if store(duty, import, after, last, &piece).await? {
            (after, tries) = (last, 0);
            continue;
        }
        tries += 1;
        if tries == TRIES {
            return Err(Refusal::Busy.into());
        }
    }
    duty.keep(vec![rows::end(import.id)]).await?;
    Ok(())
}

/// What becomes of one customer.
enum Fate {
    Gone,
    AsBefore(Box<Customer>),
    Stays(&'static str),
    /// There is nobody any more.
    Nobody,
}

fn fate(done: &Done, now: Option<&Customer>, is_used: bool) -> Fate {
    let Some(now) = now.filter(|it| it.deleted_at.is_none()) else { return Fate::Nobody };
    match &done.was {
        _ if now.version != done.version => Fate::Stays("changed"),
        None if is_used => Fate::Stays("used"),
        None => Fate::Gone,
        Some(was) => Fate::AsBefore(Box::new(Customer {
            card: was.card.clone(),
            checked_at: was.checked_at,
            ..now.clone()
        })),
    }
}

/// False where somebody was quicker with one of them.
async fn store(
    duty: &Duty,
    import: &Import,
    from: CustomerId,
    to: CustomerId,
    piece: &[Done],
) -> Result<bool, Problem> {
    let now = duty.app.clock.now();
    let directory = duty.app.directory();
    let settings = &directory.settings.customers;
    let found = customer::of_ids(&duty.db, piece.iter().map(|it| it.customer)).await?;
    let found: HashMap<CustomerId, Customer> = found.into_iter().map(|it| (it.id, it)).collect();
    let made = piece.iter().filter(|it| it.was.is_none()).map(|it| it.customer);
    let in_use = rows::in_use(&duty.db, made).await?;
    let (mut facts, mut writes, mut did) = (vec![], vec![], Undone::default());
    for done in piece {
        let before = found.get(&done.customer);
        let change = |after| Change { id: done.customer, version: done.version + 1, before, after };
        match fate(done, before, in_use.contains(&done.customer)) {
            Fate::Gone => {
                facts.push(change(None).fact(&directory));
                writes.push(customer::delete(done.customer, done.version, now));
                did.taken_back += 1;
            }
            Fate::AsBefore(after) => {
                facts.push(change(Some(&after)).fact(&directory));
                writes.extend(customer::update(&after, settings, now));
                did.restored += 1;
            }
            Fate::Stays(why) => {
                writes.push(rows::keep(import.id, done.customer, why));
                did.kept += 1;
            }
            Fate::Nobody => {}
        }
    }
    writes.push(rows::advance(import.id, from, to, did));
    if facts.is_empty() {
        return Ok(duty.keep(writes).await?);
    }
    let by = import.undone_by.map_or(Actor::System, |id| Actor::User { id });
    match duty.app.site.change(Item::new(by, facts, writes)).await {
        Ok(_) => Ok(true),
        Err(refused) if refused.refusal == Refusal::Stale => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}
