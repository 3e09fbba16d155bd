//! Tickets as they stand on a Monday morning: new, in hand, waiting, closed, late. Core decides on each as it would on
//! a real one.

use super::{
    book::Book,
    dice::Dice,
    pack::{Case, Pack},
    shop::Regular,
};
use crate::packs;
use std::{collections::BTreeMap, sync::Arc};
use yingda_core::{
    At,
    actor::Actor,
    calendar,
    config::{Record, TicketType},
    event::Subject,
    id::*,
    ticket::{self, Decided, NewTicket, Scene, Ticket, TicketAct},
};
use yingda_store::{CommitError, pack as brought, ticket as rows};

/// The shipped pack's records stand in the demo from this id on, in their order.
const FIRST: i64 = 1_002_001;
const PACK: &str = "e-commerce";
const HOUR_MS: At = 3_600_000;
/// Who does what nobody is named for.
const DESK: UserId = UserId(1_000_211);

/// The records of the shop's template pack under fixed ids.
pub fn records() -> Vec<(RecordId, String, Record)> {
    let pack = packs::named(PACK).expect("the shop's pack is shipped");
    let ids: BTreeMap<String, RecordId> =
        pack.items.iter().zip(FIRST..).map(|(item, id)| (item.key.clone(), RecordId(id))).collect();
    let record = |item: &packs::Item| packs::record_of(item, &ids).expect("a shipped pack is read by a test");
    pack.items.iter().map(|item| (ids[&item.key], item.key.clone(), record(item))).collect()
}

/// What the pack brought is known, so that installing it again changes nothing.
pub fn mark(id: RecordId, key: &str, it: &Record) -> yingda_store::Statement {
    brought::put(PACK, &packs::brought(key, id, it))
}

/// All at the end of the history: the log's instants never fall back, though the matters were raised earlier.
pub async fn open(
    book: &mut Book,
    pack: &Pack,
    dice: &mut Dice,
    regulars: &[Regular],
    now: At,
) -> Result<Vec<Ticket>, CommitError> {
    let mut opened = vec![];
    for (n, case) in pack.cases.iter().enumerate() {
        let customer = dice.pick(regulars).customer.id;
        let (id, _, _) =
            records().into_iter().find(|(_, key, _)| *key == case.kind).expect("the pack has this kind");
        let of: Arc<TicketType> = book.engine.directory.ticket_types[&id.into()].clone();
        opened.push(Desk { book, of: &of, now }.run(case, TicketTypeId::from(id), customer, n + 1).await?);
    }
    book.flush().await?;
    Ok(opened)
}

struct Desk<'a> {
    book: &'a mut Book,
    of: &'a TicketType,
    now: At,
}

impl Desk<'_> {
    async fn run(
        mut self,
        case: &Case,
        of: TicketTypeId,
        customer: CustomerId,
        n: usize,
    ) -> Result<Ticket, CommitError> {
        let received_at = self.now - case.hours * HOUR_MS;
        let new = NewTicket {
            of,
            title: case.title.clone(),
            severity: case.severity,
            team: Some(case.team),
            owner: case.owner,
            customer: Some(customer),
            values: case.values.clone(),
            received_at: Some(received_at),
            ..NewTicket::default()
        };
        let day = calendar::date_text("Asia/Shanghai", received_at).replace('-', "");
        let serial = format!("{}{day}-{n:05}", self.of.prefix);
        let id = TicketId(self.book.engine.fresh_id(self.now));
        let by = Actor::User { id: case.owner.unwrap_or(DESK) };
        let decided =
            ticket::open(new, id, serial, 1, self.scene(by)).expect("the pack's cases fit its kinds");
        let writes = rows::insert(&decided.ticket, self.of, &self.book.engine.directory, None);
        let mut ticket = self.keep(by, decided, writes).await?;
        for step in &case.moves {
            let (way, values, reason) = (step.way.clone(), step.values.clone(), step.reason.clone());
            let by = Actor::User { id: step.by };
            let act = TicketAct::Move { way, values, reason, force: false };
            let decided = ticket::act(&ticket, act, self.scene(by)).expect("the pack's moves are open");
            let writes = rows::update(&ticket, &decided.ticket, self.of, &self.book.engine.directory);
            ticket = self.keep(by, decided, writes).await?;
        }
        Ok(ticket)
    }

    fn scene(&self, by: Actor) -> Scene<'_> {
        Scene {
            directory: &self.book.engine.directory,
            of: self.of,
            by,
            now: self.now,
            open_tasks: 0,
            consents: &[],
        }
    }

    async fn keep(
        &mut self,
        by: Actor,
        decided: Decided,
        mut writes: Vec<yingda_store::Statement>,
    ) -> Result<Ticket, CommitError> {
        let on = Subject::Ticket(decided.ticket.id);
        for (fact, private) in decided.facts {
            self.book.note(self.now, by, on, fact, private, std::mem::take(&mut writes)).await?;
        }
        Ok(decided.ticket)
    }
}
