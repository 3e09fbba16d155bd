//! The shop as it stands on its first morning: its records, its people and their passwords, its customers.

use super::{
    book::Book,
    cases,
    dice::Dice,
    pack::{Entry, Pack},
};
use crate::{http::records::kept_version, passwords};
use yingda_core::{
    At,
    actor::Actor,
    command::Command,
    config::{Record, TicketMeasure},
    customer::{Customer, CustomerSettings},
    event::{Fact, Private, Subject},
    id::*,
    lang::Lang,
    roles,
};
use yingda_store::{
    CommitError, Statement, credential, customer, record,
    sound::{sort_key, sound},
};

/// What everybody in the demo signs in with.
pub const PASSWORD: &str = "yingda-demo";
const CUSTOMERS: usize = 200;
/// The team that answers about orders.
const DESK: TeamId = TeamId(1_000_112);
/// Shipped roles stand in the demo from this id on, in the order of their codes.
const FIRST_ROLE: i64 = 1_000_011;

/// A customer with the browser that comes back.
#[derive(Clone, Debug)]
pub struct Regular {
    pub customer: customer::Customer,
    pub visitor: VisitorId,
    pub lang: Lang,
}

pub async fn open(
    book: &mut Book,
    pack: &Pack,
    dice: &mut Dice,
    now: At,
) -> Result<Vec<Regular>, CommitError> {
    let roles = roles::default_roles();
    let codes: Vec<String> = roles.iter().map(|role| role.code.clone()).collect();
    for (n, role) in roles.into_iter().enumerate() {
        put(book, RecordId(FIRST_ROLE + n as i64), Record::Role(role), vec![], now).await?;
    }
    for Entry { id, roles, record } in &pack.records {
        let mut record = record.clone();
        let mut rows = vec![];
        if let Record::User(user) = &mut record {
            let has =
                |code: &String| codes.iter().position(|it| it == code).expect("the pack names shipped roles");
            user.roles = roles.iter().map(|code| RoleId(FIRST_ROLE + has(code) as i64)).collect();
            rows.push(credential::insert(UserId(id.0), &user.login, &passwords::hash(PASSWORD), now));
        }
        if let Record::Flow(flow) = &mut record
            && let Some(live) = &mut flow.live
        {
            live.published_at = now;
        }
        put(book, *id, record, rows, now).await?;
    }
    for (id, key, mut record) in cases::records() {
        let mark = cases::mark(id, &key, &record);
        // What orders open by themselves lies with the desk, as its cases do.
        if let Record::TicketType(kind) = &mut record
            && kind.counts_as == Some(TicketMeasure::OrderException)
        {
            kind.team = Some(DESK);
        }
        put(book, id, record, vec![mark], now).await?;
    }
    let mut regulars = Vec::with_capacity(CUSTOMERS);
    for n in 0..CUSTOMERS {
        let regular = regular(book, pack, dice, n, now);
        let version = 1;
        let fact = Fact::CustomerChanged { customer: regular.customer.id, version, deleted: false };
        let rows = customer::insert(&regular.customer, &CustomerSettings::default(), now);
        let on = Subject::Customer(regular.customer.id);
        book.note(now, Actor::System, on, fact, None, rows).await?;
        regulars.push(regular);
    }
    Ok(regulars)
}

async fn put(
    book: &mut Book,
    id: RecordId,
    it: Record,
    mut rows: Vec<Statement>,
    now: At,
) -> Result<(), CommitError> {
    let kind = it.kind();
    let name = it.name().get(Lang::Zh).to_owned();
    rows.push(record::insert(id, &it, &sort_key(&name), now));
    rows.extend(kept_version(id, 1, &it));
    let fact = Fact::RecordChanged { record: kind, id, version: 1, name, deleted: false };
    let private = Private::Change { before: None, after: Some(Box::new(it.clone())) };
    book.note(now, Actor::System, Subject::Record(id), fact, Some(private), rows).await?;
    let configure = Command::Configure { kind, id, record: Some(Box::new(it)) };
    let done = book.run(now, Actor::System, configure, vec![]).await?;
    assert!(done.is_ok(), "the engine takes every committed record");
    Ok(())
}

fn regular(book: &mut Book, pack: &Pack, dice: &mut Dice, n: usize, now: At) -> Regular {
    let foreign = pack.foreign.get(n);
    let name = match foreign {
        Some(name) => name.clone(),
        None => format!("{}{}", dice.pick(&pack.surnames), dice.pick(&pack.given)),
    };
    let mail = format!("{}{n}@mail.example", sound(&name).replace(|c: char| !c.is_ascii_alphanumeric(), ""));
    let vip = dice.chance(12);
    let card = Customer {
        name,
        // No area of China has the code 000: nobody can be rung up by mistake.
        phone: format!("000-5550-{:04}", n + 1),
        email: mail,
        address: if foreign.is_some() { String::new() } else { dice.pick(&pack.cities).clone() },
        vip,
        note: if vip { "老会员，优先安排。".into() } else { String::new() },
        external_id: format!("C{:05}", 10_001 + n),
        ..Customer::default()
    };
    let id = CustomerId(book.engine.fresh_id(now));
    let line = Some(LineId(1_000_101));
    let customer = customer::Customer { line, ..customer::Customer::new(id, card, now) };
    let visitor = VisitorId(book.engine.fresh_id(now));
    Regular { customer, visitor, lang: if foreign.is_some() { Lang::En } else { Lang::Zh } }
}
