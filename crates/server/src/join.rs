//! Records of one person become one, by hand or because a code or a platform showed it, and can be taken apart again.

use crate::{
    app::App,
    http::customers::{Change, find},
    site::{Item, ItemFact, Refused, question::Question},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use yingda_core::{
    At,
    actor::Actor,
    command::{Act, Command, Envelope},
    engine::Engine,
    event::{Audience, Fact, Subject},
    id::{ConversationId, CustomerId, RecordId},
    proof::Point,
    refusal::Refusal,
};
use yingda_store::{address, customer as rows, customer_merge as merges};
use yingda_wire::http::Customer;

/// So long a merge can be taken back.
pub const UNDO_MS: At = 30 * 24 * 3_600_000;
/// Records that name the same contact point: beyond so many, people have to look anyway.
const MOST: usize = 10;

/// Makes `from` a part of `into`, which takes over what it lacks. Stale when either changed since it was read.
pub async fn merge(
    app: &App,
    by: Actor,
    into: &rows::Customer,
    from: &rows::Customer,
    reason: &str,
) -> Result<(), Refused> {
    let now = app.clock.now();
    let became = into.card.joined(&from.card);
    let directory = app.directory();
    let after = rows::Customer { card: became.clone(), ..into.clone() };
    let note = merges::Merge {
        id: RecordId(app.next_id()),
        kept: into.id,
        gone: from.id,
        reason: reason.to_owned(),
        was: text(&into.card),
        became: text(&became),
        merged_at: now,
        undone_at: None,
    };
    let mut writes = merges::note(&note);
    writes.extend(rows::update(&after, &directory.settings.customers, now));
    writes.extend(rows::merge(from.id, from.version, into.id, now));
    let changed = Change { id: into.id, version: into.version + 1, before: Some(into), after: Some(&after) };
    let gone = Change { id: from.id, version: from.version + 1, before: Some(from), after: None };
    let merged = ItemFact {
        on: Subject::Customer(into.id),
        to: Audience::Staff,
        fact: Fact::CustomersMerged { into: into.id, from: from.id },
        private: None,
    };
    let facts = vec![merged, changed.fact(&directory), gone.fact(&directory)];
    app.site.change(Item::new(by, facts, writes)).await?;
    for conversation in app.site.ask(OpenOf { customer: from.id }).await? {
        tell(app, conversation, into.id).await?;
    }
    Ok(())
}

/// Takes a merge back: what moved and still lies there returns, and the kept one's card loses what it had from the
/// other, apart from what was changed since.
pub async fn undo(app: &App, by: Actor, merge: &merges::Merge) -> Result<(), Refused> {
    let now = app.clock.now();
    let away = |_| Refused::from(Refusal::Unavailable);
    if merge.undone_at.is_some() || now > merge.merged_at + UNDO_MS {
        return Err(Refusal::TooLate.into());
    }
    let kept = rows::get(&app.db, merge.kept).await.map_err(away)?;
    let gone = rows::get(&app.db, merge.gone).await.map_err(away)?;
    let (Some(kept), Some(gone)) = (kept, gone) else { return Err(Refusal::NotFound.into()) };
    // Joined to a third since, or deleted: that comes first.
    if kept.deleted_at.is_some() || gone.merged_into != Some(kept.id) {
        return Err(Refusal::WrongPhase.into());
    }
    let read = |text: &str| serde_json::from_str::<Customer>(text).unwrap_or_else(|_| kept.card.clone());
    let card = kept.card.parted(&read(&merge.was), &read(&merge.became));
    let after = rows::Customer { card, ..kept.clone() };
    let directory = app.directory();
    let mut writes = merges::undo(merge, now);
    writes.extend(rows::update(&after, &directory.settings.customers, now));
    let parted = ItemFact {
        on: Subject::Customer(kept.id),
        to: Audience::Staff,
        fact: Fact::CustomersParted { kept: kept.id, parted: gone.id },
        private: None,
    };
    let changed = Change { id: kept.id, version: kept.version + 1, before: Some(&kept), after: Some(&after) };
    let back = Change { id: gone.id, version: gone.version + 1, before: None, after: Some(&gone) };
    let facts = vec![parted, changed.fact(&directory), back.fact(&directory)];
    app.site.change(Item::new(by, facts, writes)).await?;
    let moved: BTreeSet<_> =
        merges::conversations(&app.db, merge.id).await.map_err(away)?.into_iter().collect();
    for conversation in app.site.ask(OpenOf { customer: kept.id }).await? {
        if moved.contains(&conversation) {
            tell(app, conversation, gone.id).await?;
        }
    }
    Ok(())
}

/// Somebody proved that a contact point is theirs. Whoever else has exactly it on their card is the same person,
/// unless something speaks against it: then people decide. Gives who is left.
pub async fn by_point(app: &App, own: CustomerId, point: Point, label: &str) -> Result<CustomerId, Refused> {
    let away = |_| Refused::from(Refusal::Unavailable);
    let mut known = rows::with(&app.db, point.as_str(), label, MOST).await.map_err(away)?;
    known.dedup_by_key(|it| it.id);
    known.retain(|it| it.id != own);
    let Some(mine) = rows::living(&app.db, own).await.map_err(away)? else { return Ok(own) };
    let [other] = known.as_slice() else { return Ok(own) };
    if differ(&mine, other) {
        return Ok(own);
    }
    into_older(app, &mine, other, point.as_str()).await
}

/// A platform says that the same person writes to another of our accounts. Whoever that is known to be is this
/// customer as well, unless they are two accounts of the company's own site, or people took them apart before.
pub async fn by_union(app: &App, own: CustomerId, union: &str) -> Result<CustomerId, Refused> {
    let away = |_| Refused::from(Refusal::Unavailable);
    let mut known = address::of_union(&app.db, union).await.map_err(away)?;
    known.retain(|id| *id != own);
    let [other] = known.as_slice() else { return Ok(own) };
    let Some(mine) = rows::living(&app.db, own).await.map_err(away)? else { return Ok(own) };
    let Some(other) = rows::living(&app.db, *other).await.map_err(away)? else { return Ok(own) };
    let parted = merges::were_parted(&app.db, own, other.id).await.map_err(away)?;
    if other.id == own || parted || clash(&mine.card.external_id, &other.card.external_id) {
        return Ok(own);
    }
    into_older(app, &mine, &other, "unionid").await
}

/// The older one has the longer history, and others may know its number. Gives who is left.
async fn into_older(
    app: &App,
    mine: &rows::Customer,
    other: &rows::Customer,
    reason: &str,
) -> Result<CustomerId, Refused> {
    let (into, from) = if mine.id < other.id { (mine, other) } else { (other, mine) };
    match merge(app, Actor::System, into, from, reason).await {
        Ok(()) => Ok(into.id),
        // Somebody works on one of them at this moment: it stays a suggestion.
        Err(refused) if refused.refusal == Refusal::Stale => Ok(mine.id),
        Err(refused) => Err(refused),
    }
}

fn clash(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim().to_lowercase(), b.trim().to_lowercase());
    !a.is_empty() && !b.is_empty() && a != b
}

/// Two that have the same number may still be two people of one household, or two accounts of a site.
fn differ(a: &rows::Customer, b: &rows::Customer) -> bool {
    clash(&a.card.name, &b.card.name) || clash(&a.card.external_id, &b.card.external_id)
}

/// What is open lives in memory and is told one by one.
async fn tell(app: &App, conversation: ConversationId, customer: CustomerId) -> Result<(), Refused> {
    let command = Command::Conversation(conversation, Act::LinkCustomer { customer });
    app.site.send(Envelope { actor: Actor::System, origin: None, command }).await.map(drop)
}

/// A customer's open conversations.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenOf {
    customer: CustomerId,
}

impl Question for OpenOf {
    type Answer = Vec<ConversationId>;

    fn answer(self, engine: &Engine, _: At) -> Vec<ConversationId> {
        let of = engine.conversations.values().filter(|it| it.customer == Some(self.customer));
        of.map(|it| it.id).collect()
    }
}

/// Of people who are called alike only so many are looked at.
const MOST_NAMESAKES: usize = 200;

/// Many are called alike: something else has to speak for one person as well.
fn may_be_one(a: &Customer, b: &Customer) -> bool {
    let same = |of: fn(&Customer) -> &String| !of(a).is_empty() && of(a) == of(b);
    let end = |it: &Customer| it.phone.chars().rev().filter(char::is_ascii_digit).take(4).collect::<String>();
    same(|it| &it.company) || same(|it| &it.address) || (end(a).len() == 4 && end(a) == end(b))
}

/// Other records that share a contact point or the company's own id with this one, or sound like it, and what they
/// share.
pub async fn alike(
    app: &App,
    of: CustomerId,
) -> Result<Vec<(rows::Customer, Vec<String>)>, crate::problem::Problem> {
    let own = find(app, of).await?;
    let mut found: Vec<(rows::Customer, Vec<String>)> = vec![];
    for (kind, name, value) in [
        ("phone", "phone", &own.card.phone),
        ("email", "email", &own.card.email),
        ("external", "external_id", &own.card.external_id),
    ] {
        for other in rows::with(&app.db, kind, value, MOST).await? {
            if other.id == own.id {
                continue;
            }
            match found.iter_mut().find(|(it, _)| it.id == other.id) {
                Some((_, shares)) if shares.iter().any(|it| it == name) => {}
                Some((_, shares)) => shares.push(name.to_owned()),
                None => found.push((other, vec![name.to_owned()])),
            }
        }
    }
    for other in rows::sounding(&app.db, &own.card.name, MOST_NAMESAKES).await? {
        let is_new = other.id != own.id && found.iter().all(|(it, _)| it.id != other.id);
        if is_new && may_be_one(&own.card, &other.card) {
            found.push((other, vec!["name".to_owned()]));
        }
    }
    Ok(found)
}

fn text(card: &Customer) -> String {
    serde_json::to_string(card).expect("a card is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_36_namesakes_are_one_only_where_something_else_says_so() {
        let of = |company: &str, phone: &str| Customer {
            name: "张伟".into(),
            company: company.into(),
            phone: phone.into(),
            ..Customer::default()
        };
        assert!(!may_be_one(&of("", "13800001111"), &of("", "13900002222")));
        assert!(may_be_one(&of("应答", ""), &of("应答", "")));
        assert!(may_be_one(&of("", "010-8888-1111"), &of("", "13900001111")));
        assert!(!may_be_one(&of("", "1"), &of("", "1")), "no number to compare");
    }

    #[test]
    fn one_number_of_two_names_or_accounts_does_not_join_them() {
        let of = |name: &str, external: &str| {
            let card = Customer { name: name.into(), external_id: external.into(), ..Customer::default() };
            rows::Customer { card, ..rows::Customer::default() }
        };
        assert!(differ(&of("张三", ""), &of("李四", "")));
        assert!(differ(&of("", "a1"), &of("", "a2")));
        assert!(!differ(&of("张三", ""), &of("", "a2")));
        assert!(!differ(&of("Li Lei", ""), &of(" li lei", "")));
    }
}
