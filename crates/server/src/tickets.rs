//! Tickets on their way through: rows are read, core decides, the site's loop stores what happened.

use crate::{
    app::App,
    problem::Problem,
    site::{Item, ItemFact},
};
use std::sync::Arc;
use yingda_core::{
    access::Action,
    actor::Actor,
    calendar,
    config::TicketType,
    consent,
    directory::Directory,
    event::{Audience, Fact, Subject, TicketNews},
    fault::{Refused, Wrong},
    id::*,
    refusal::Refusal,
    ticket::{self, Decided, NewTicket, Scene, Ticket, TicketAct},
};
use yingda_store::{Statement, consent as consent_rows, customer, file, ticket as rows};

/// Two who do something to one ticket in the same moment: so often the slower one decides anew.
const TRIES: usize = 8;
/// Two who open tickets in the same moment want the same number.
const SERIAL_TRIES: usize = 50;

/// The version of a kind on which a ticket runs.
pub async fn kind_at(app: &App, id: TicketTypeId, version: i64) -> Result<Arc<TicketType>, Problem> {
    if let Some(known) = app.ticket_kinds.get(id, version) {
        return Ok(known);
    }
    let found = rows::type_at(&app.db, id, version).await?;
    let found =
        found.ok_or_else(|| Problem::broken("a kind of ticket is missing", format!("{id} v{version}")))?;
    Ok(app.ticket_kinds.put(id, version, found))
}

pub async fn kind_of(app: &App, it: &Ticket) -> Result<Arc<TicketType>, Problem> {
    kind_at(app, it.of, it.of_version).await
}

/// A ticket that the actor may read.
pub async fn find(app: &App, actor: Actor, id: TicketId) -> Result<Ticket, Problem> {
    let found = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    if !ticket::may(&app.directory(), actor, Action::TicketRead, &found) {
        return Err(Problem::not_found());
    }
    Ok(found)
}

/// Opens a ticket under the next number of its kind's day. The same `request` opens one, however often it comes.
pub async fn open(app: &App, by: Actor, new: NewTicket, request: Option<i64>) -> Result<Ticket, Problem> {
    open_with(app, by, new, request, &[]).await
}

/// Opens a ticket, and writes something else in the same transaction.
pub async fn open_with(
    app: &App,
    by: Actor,
    new: NewTicket,
    request: Option<i64>,
    also: &[Statement],
) -> Result<Ticket, Problem> {
    if let Some(known) = opened(app, request).await? {
        return Ok(known);
    }
    let directory = app.directory();
    let id = TicketId(app.next_id());
    let unknown = || Problem::field("of", "不存在或已停用。", "Does not exist, or is retired.");
    let version = app.ticket_kinds.latest(new.of, &app.db).await?.ok_or_else(unknown)?;
    let of = kind_at(app, new.of, version).await?;
    if let Some(parent) = new.parent {
        // Whoever works on a ticket may give parts of it away.
        let above = find(app, by, parent).await?;
        if !ticket::may(&directory, by, Action::TicketWrite, &above) {
            return Err(Refusal::Forbidden.into());
        }
    }
    let now = app.clock.now();
    let line = new.line.or_else(|| directory.lines.keys().next().copied()).unwrap_or_default();
    let day = calendar::date_text(directory.zone(line), now).replace('-', "");
    let series = format!("{}{day}-", of.prefix);
    for _ in 0..SERIAL_TRIES {
        let serial = app.ticket_kinds.serial(&series, &app.db).await?;
        let scene = Scene { directory: &directory, of: &of, by, now, open_tasks: 0, consents: &[] };
        let decided = ticket::open(new.clone(), id, serial, version, scene).map_err(problem)?;
        let mut writes = rows::insert(&decided.ticket, &of, &directory, request);
        writes.extend_from_slice(also);
        let mut whole = item(by, &decided, writes, &directory);
        for other in &new.links {
            let step = decide(app, by, *other, TicketAct::Link { ticket: id, on: true }, &directory).await?;
            add(&mut whole, by, &step, &directory);
        }
        match app.site.change(whole).await {
            Ok(_) => {
                crate::jobs::clocks::WAKE.notify_one();
                return Ok(decided.ticket);
            }
            Err(refused) if refused.refusal == Refusal::NameTaken => {
                // The number, or this very request, came twice.
                if let Some(known) = opened(app, request).await? {
                    return Ok(known);
                }
                app.ticket_kinds.forget_series(&series);
            }
            // Somebody works on one that it is linked with.
            Err(refused) if refused.refusal == Refusal::Stale && !new.links.is_empty() => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Refusal::Busy.into())
}

async fn opened(app: &App, request: Option<i64>) -> Result<Option<Ticket>, Problem> {
    match request {
        Some(request) => Ok(rows::with_request(&app.db, request).await?),
        None => Ok(None),
    }
}

/// Does something with a ticket, on whatever it is by then: acts of several people meet without loss, and only a
/// change of the same field is a conflict.
pub async fn act(app: &App, by: Actor, id: TicketId, act: TicketAct) -> Result<Ticket, Problem> {
    act_with(app, by, id, act, &[]).await
}

/// Does something with a ticket, and writes something else in the same transaction.
pub async fn act_with(
    app: &App,
    by: Actor,
    id: TicketId,
    act: TicketAct,
    also: &[Statement],
) -> Result<Ticket, Problem> {
    for _ in 0..TRIES {
        if let TicketAct::Link { ticket, .. } = &act {
            find(app, by, *ticket).await?;
        }
        let directory = app.directory();
        let step = decide(app, by, id, act.clone(), &directory).await?;
        let mut whole = Item::new(by, vec![], also.to_vec());
        add(&mut whole, by, &step, &directory);
        if let TicketAct::Merge { into, on: true } = &act {
            add(&mut whole, by, &absorb(app, by, *into, &step.before, &directory).await?, &directory);
        }
        if changed(app, whole).await? {
            crate::jobs::clocks::WAKE.notify_one();
            // Given away, it is shown once to who may see it no more.
            return Ok(step.decided.ticket);
        }
    }
    Err(Refusal::Busy.into())
}

/// What an act makes of a ticket as it is now.
async fn decide(
    app: &App,
    by: Actor,
    id: TicketId,
    act: TicketAct,
    directory: &Directory,
) -> Result<Step, Problem> {
    let before = find(app, by, id).await?;
    let of = kind_of(app, &before).await?;
    let open_tasks = rows::open_tasks(&app.db, id).await?;
    let consents = consents(app, &before, &of).await?;
    let scene = Scene { directory, of: &of, by, now: app.clock.now(), open_tasks, consents: &consents };
    match ticket::act(&before, act, scene) {
        Ok(decided) => Ok(Step { before, decided, of }),
        Err(Refused::Refusal(Refusal::Stale)) => Err(Problem::stale(before)),
        Err(refused) => Err(problem(refused)),
    }
}

/// To what the ticket's customer agrees, where some way asks for it.
async fn consents(app: &App, it: &Ticket, of: &TicketType) -> Result<Vec<String>, Problem> {
    let Some(customer) = it.customer.filter(|_| of.moves.iter().any(|way| !way.consents.is_empty())) else {
        return Ok(vec![]);
    };
    // Who became a part of somebody agrees as that one.
    let customer = customer::living(&app.db, customer).await?.map_or(customer, |it| it.id);
    Ok(consent::given(&consent_rows::of(&app.db, customer, consent::MOST).await?, None))
}

/// What becomes of the ticket in which another's matter goes on.
async fn absorb(
    app: &App,
    by: Actor,
    into: TicketId,
    other: &Ticket,
    directory: &Directory,
) -> Result<Step, Problem> {
    let before = find(app, by, into).await?;
    let of = kind_of(app, &before).await?;
    let scene = Scene { directory, of: &of, by, now: app.clock.now(), open_tasks: 0, consents: &[] };
    let decided = ticket::absorb(&before, other, scene).map_err(problem)?;
    Ok(Step { before, decided, of })
}

/// Stores what was decided, in one transaction; false when somebody was quicker with one of them.
pub async fn store(app: &App, by: Actor, steps: &[Step], directory: &Directory) -> Result<bool, Problem> {
    store_with(app, by, steps, directory, vec![]).await
}

/// The same, and something else in that transaction.
pub async fn store_with(
    app: &App,
    by: Actor,
    steps: &[Step],
    directory: &Directory,
    also: Vec<Statement>,
) -> Result<bool, Problem> {
    let mut whole = Item::new(by, vec![], also);
    steps.iter().for_each(|step| add(&mut whole, by, step, directory));
    changed(app, whole).await
}

fn add(whole: &mut Item, by: Actor, step: &Step, directory: &Directory) {
    let writes = rows::update(&step.before, &step.decided.ticket, &step.of, directory);
    let one = item(by, &step.decided, writes, directory);
    whole.facts.extend(one.facts);
    whole.writes.extend(one.writes);
    whole.readers.extend(one.readers);
}

async fn changed(app: &App, whole: Item) -> Result<bool, Problem> {
    match app.site.change(whole).await {
        Ok(_) => Ok(true),
        Err(refused) if refused.refusal == Refusal::Stale => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

/// What was decided on one ticket.
pub struct Step {
    pub before: Ticket,
    pub decided: Decided,
    pub of: Arc<TicketType>,
}

/// What happened to a ticket, for the log, for those who see it, and for those whom it concerns.
fn item(by: Actor, decided: &Decided, mut writes: Vec<Statement>, directory: &Directory) -> Item {
    let it = &decided.ticket;
    let on = Subject::Ticket(it.id);
    let mut facts: Vec<ItemFact> = decided
        .facts
        .iter()
        .map(|(fact, private)| ItemFact {
            on,
            to: Audience::Staff,
            fact: fact.clone(),
            private: private.clone().map(Box::new),
        })
        .collect();
    if let Some(what) = decided.facts.iter().rev().find_map(|(fact, _)| news(fact)) {
        facts.extend(decided.tells.iter().map(|user| ItemFact {
            on: Subject::User(*user),
            to: Audience::Staff,
            fact: Fact::TicketTold {
                ticket: it.id,
                serial: it.serial.clone(),
                title: it.title.clone(),
                what,
            },
            private: None,
        }));
    }
    let attached = decided.facts.iter().flat_map(|(fact, _)| match fact {
        Fact::TicketNoted { files, .. } => files.as_slice(),
        _ => &[],
    });
    writes.extend(attached.map(|id| file::attach_to_ticket(*id, it.id)));
    Item { readers: vec![(it.id, readers(it, directory))], ..Item::new(by, facts, writes) }
}

/// Staff who may read it, so that their lists move by themselves.
fn readers(it: &Ticket, directory: &Directory) -> Vec<UserId> {
    let may = |id: &&UserId| ticket::may(directory, Actor::User { id: **id }, Action::TicketRead, it);
    directory.users.keys().filter(may).copied().collect()
}

/// What there is to say to those whom a fact concerns.
fn news(fact: &Fact) -> Option<TicketNews> {
    Some(match fact {
        Fact::TicketOpened { .. } | Fact::TicketAssigned { .. } => TicketNews::Assigned,
        Fact::TicketMoved { .. } => TicketNews::Moved,
        Fact::TicketNoted { .. } => TicketNews::Noted,
        Fact::TicketUrged { .. } => TicketNews::Urged,
        Fact::TicketApprovalAsked { .. } => TicketNews::ApprovalAsked,
        Fact::TicketApprovalAnswered { .. } => TicketNews::ApprovalAnswered,
        Fact::TicketWatched { .. } => TicketNews::Watched,
        Fact::TicketClockRang { late: true, .. } => TicketNews::Late,
        Fact::TicketClockRang { .. } => TicketNews::Reminder,
        _ => return None,
    })
}

/// A refusal of core as a problem, each wrong field by its name.
pub fn problem(refused: Refused) -> Problem {
    match refused {
        Refused::Refusal(refusal) => refusal.into(),
        Refused::Wrong(wrong_fields) => wrong(&wrong_fields),
    }
}

pub fn wrong(wrong: &[Wrong]) -> Problem {
    wrong.iter().fold(Problem::new(Refusal::BadValue), |problem, it| {
        let text = it.fault.text();
        problem.and_field(it.field.clone(), text.zh, text.en)
    })
}
