//! Orders on their way through: rows are read, core decides, the site's loop stores what happened. An exception opens a
//! ticket of its own, and what is arranged moves that ticket on.

use crate::{
    app::App,
    problem::{Code, Problem},
    site::{Item, ItemFact},
    tickets,
};
use std::collections::{BTreeMap, VecDeque};
use yingda_core::{
    At,
    actor::Actor,
    calendar,
    config::{FieldShape, TicketMeasure, TicketState, TicketType},
    directory::Directory,
    event::{Audience, Subject},
    fault::Refused,
    form,
    id::*,
    lang::Lang,
    order::{
        self, Arrange, Deed, NewShipment, Order, OrderDraft, OrderException, OrderItem, OrderSettings,
        Report, Substitute,
    },
    refusal::Refusal,
    ticket::{NewTicket, Ticket, TicketAct},
};
use yingda_store::{Statement, customer, order as rows, product};

const TRIES: usize = 8;

/// What core makes of an order as it is now; nothing where nothing is new.
type Decided = Result<Option<(Order, Vec<Deed>)>, Refused>;

/// An order by its id or by the shop's number.
pub async fn find(app: &App, name: &str) -> Result<Order, Problem> {
    if let Ok(id) = name.parse::<RecordId>()
        && let Some(found) = rows::get(&app.db, id).await?
    {
        return Ok(found);
    }
    rows::with_number(&app.db, name).await?.ok_or_else(Problem::not_found)
}

/// A new order. Who it is for is looked up where the shop does not say.
pub async fn create(app: &App, by: Actor, draft: OrderDraft, id: RecordId) -> Result<Order, Problem> {
    if let Some(known) = rows::get(&app.db, id).await? {
        return Ok(known);
    }
    let draft = OrderDraft { customer: customer_of(app, &draft).await?, ..draft };
    let (made, deeds) =
        order::create(draft, id, app.clock.now(), &app.directory()).map_err(tickets::problem)?;
    match app.site.change(Item::new(by, said(made.id, deeds), vec![rows::insert(&made)])).await {
        Ok(_) => {
            crate::jobs::orders::WAKE.notify_one();
            Ok(made)
        }
        Err(refused) if refused.refusal == Refusal::NameTaken => {
            // The same request came twice at once, or another order has the number.
            let known = rows::get(&app.db, id).await?;
            known.ok_or_else(|| {
                Problem::field("number", "已有这个订单号。", "There is such an order already.")
            })
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Changes what the shop says of an order, based on a version.
pub async fn change(
    app: &App,
    by: Actor,
    before: &Order,
    draft: OrderDraft,
) -> Result<Result<Order, Order>, Problem> {
    // Who had it keeps it, also once their card is deleted; where nobody had it, somebody may be found now.
    let customer = match (draft.customer, before.order.customer) {
        (None, Some(_)) => None,
        (now, known) if now == known && known.is_some() => known,
        _ => customer_of(app, &draft).await?,
    };
    let draft = OrderDraft { customer, ..draft };
    let decided =
        order::change(before, draft, app.clock.now(), &app.directory()).map_err(tickets::problem)?;
    let Some((after, deeds)) = decided else { return Ok(Ok(before.clone())) };
    match app.site.change(Item::new(by, said(after.id, deeds), vec![rows::update(&after)])).await {
        Ok(_) => {
            crate::jobs::orders::WAKE.notify_one();
            Ok(Ok(after))
        }
        Err(refused) if refused.refusal == Refusal::Stale => {
            Ok(Err(rows::get(&app.db, before.id).await?.ok_or_else(Problem::not_found)?))
        }
        Err(refused) if refused.refusal == Refusal::NameTaken => {
            Err(Problem::field("number", "已有这个订单号。", "There is such an order already."))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// What a shop's order became here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    New,
    Changed,
    Same,
}

/// Takes an order as a shop tells it: a new one, or what became of a known one.
pub async fn put(app: &App, by: Actor, draft: OrderDraft) -> Result<(Order, Put), Problem> {
    for _ in 0..TRIES {
        let Some(before) = rows::with_number(&app.db, &draft.number).await? else {
            let id = RecordId(app.next_id());
            match create(app, by, draft.clone(), id).await {
                Ok(made) => return Ok((made, Put::New)),
                // Somebody brought the same order in this moment.
                Err(_) if rows::with_number(&app.db, &draft.number).await?.is_some() => continue,
                Err(problem) => return Err(problem),
            }
        };
        // A shop that does not know our customers takes nobody away.
        let customer = draft.customer.or(before.order.customer);
        let draft = OrderDraft { customer, ..draft.clone() };
        if let Ok(after) = change(app, by, &before, draft).await? {
            let what = if after.version == before.version { Put::Same } else { Put::Changed };
            return Ok((after, what));
        }
    }
    Err(Refusal::Busy.into())
}

/// Who is named, or the one customer who has this id or number.
async fn customer_of(app: &App, draft: &OrderDraft) -> Result<Option<CustomerId>, Problem> {
    if let Some(id) = draft.customer {
        let found = customer::living(&app.db, id).await?;
        let unknown = || Problem::field("customer", "客户不存在或已删除。", "There is no such customer.");
        return Ok(Some(found.ok_or_else(unknown)?.id));
    }
    for (kind, value) in [("external", &draft.customer_external_id), ("phone", &draft.receiver.phone)] {
        if let [only] = &customer::with(&app.db, kind, value, 2).await?[..] {
            return Ok(Some(only.id));
        }
    }
    Ok(None)
}

/// Lets core decide on an order as it is now, until nobody else was quicker.
pub async fn decide(
    app: &App,
    by: Actor,
    id: RecordId,
    also: &[Statement],
    how: impl Fn(&Order, At, &OrderSettings) -> Decided,
) -> Result<Order, Problem> {
    for _ in 0..TRIES {
        let before = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
        let decided = how(&before, app.clock.now(), &app.settings().orders).map_err(tickets::problem)?;
        let Some((after, deeds)) = decided else { return Ok(before) };
        let mut writes = vec![rows::update(&after)];
        writes.extend_from_slice(also);
        match app.site.change(Item::new(by, said(id, deeds), writes)).await {
            Ok(_) => {
                crate::jobs::orders::WAKE.notify_one();
                return Ok(after);
            }
            Err(refused) if refused.refusal == Refusal::Stale => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Refusal::Busy.into())
}

pub async fn ship(app: &App, by: Actor, id: RecordId, new: NewShipment) -> Result<Order, Problem> {
    decide(app, by, id, &[], |it, now, settings| order::ship(it, new.clone(), settings, now)).await
}

pub async fn confirm(
    app: &App,
    by: Actor,
    id: RecordId,
    item: OrderItem,
    yes: bool,
    how: &str,
) -> Result<Order, Problem> {
    decide(app, by, id, &[], |it, now, _| order::confirm(it, item, yes, how, by, now).map(Some)).await
}

pub async fn ask(app: &App, by: Actor, id: RecordId, text: &str) -> Result<Order, Problem> {
    decide(app, by, id, &[], |it, now, _| order::ask(it, text, now).map(Some)).await
}

pub async fn report(app: &App, by: Actor, id: RecordId, said: Report) -> Result<Order, Problem> {
    decide(app, by, id, &[], |it, now, settings| order::report(it, said.clone(), settings, now)).await
}

/// What may come instead of what an exception is about.
pub async fn substitutes(
    app: &App,
    it: &Order,
    exception: &OrderException,
) -> Result<Vec<Substitute>, Problem> {
    let mut all = vec![];
    let about = |sku: &str| exception.sku.is_empty() || exception.sku == sku;
    for line in it.order.lines.iter().filter(|line| about(&line.sku)) {
        let Some(ordered) = product::with_sku(&app.db, &line.sku).await? else { continue };
        let others = product::of_skus(&app.db, &ordered.product.substitutes).await?;
        all.extend(order::substitutes(line, &ordered.product, &others));
    }
    Ok(all)
}

async fn substitute(app: &App, it: &Order, key: &str, sku: &str) -> Result<Option<Substitute>, Problem> {
    if sku.is_empty() {
        return Ok(None);
    }
    let exception = it.exception(key).ok_or_else(Problem::not_found)?;
    Ok(substitutes(app, it, exception).await?.into_iter().find(|one| one.sku == sku))
}

/// Offers something else to the customer. The ticket notes what they were told, and goes on as far as it can.
pub async fn offer(
    app: &App,
    by: Actor,
    id: RecordId,
    key: &str,
    sku: &str,
    text: &str,
) -> Result<Order, Problem> {
    let before = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    let unknown = || Problem::field("sku", "不在替代商品之列。", "Is none of the substitutes.");
    let it = substitute(app, &before, key, sku).await?.ok_or_else(unknown)?;
    let offered =
        decide(app, by, id, &[], |order, now, _| order::offer(order, key, &it, text, by, now).map(Some))
            .await?;
    if let Some(ticket) = offered.exception(key).and_then(|it| it.ticket) {
        let told = TicketAct::Note { text: text.trim().to_owned(), files: vec![], told: true };
        let values = BTreeMap::from([("substitute", format!("{} {}：{}", it.sku, it.name, text.trim()))]);
        let done = match tickets::act(app, by, ticket, told).await {
            Ok(_) => {
                walk(
                    app,
                    by,
                    ticket,
                    |state| state.phase == yingda_core::config::TicketPhase::Waiting,
                    values,
                )
                .await
            }
            Err(problem) => Err(problem),
        };
        // The offer is made; whoever works on the ticket moves it where it asks for more.
        match done {
            Err(problem) if problem.is_ours() => return Err(problem),
            _ => {}
        }
    }
    Ok(offered)
}

/// Takes down what was agreed, and moves the ticket to where that is done. What the ticket still asks for comes back as
/// wrong fields, and nothing is taken down then.
pub async fn arrange(app: &App, by: Actor, id: RecordId, said: Arrange) -> Result<Order, Problem> {
    let before = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    let key = &said.exception;
    let it = substitute(app, &before, key, &said.substitute).await?;
    let now = app.clock.now();
    order::arrange(&before, said.clone(), it.as_ref(), by, now).map_err(tickets::problem)?;
    if let Some(ticket) = before.exception(key).and_then(|it| it.ticket) {
        let line = before.order.line.or_else(|| app.directory().lines.keys().next().copied());
        let zone = app.directory().zone(line.unwrap_or_default()).to_owned();
        let mut values = BTreeMap::new();
        if let Some(at) = said.promised_at {
            values.insert("new_date", calendar::date_text(&zone, at));
        }
        if said.compensation > 0 {
            values.insert("compensation", order::money(said.compensation));
        }
        if said.agreed {
            values.insert("agreed", "yes".to_owned());
        }
        if let Some(it) = &it {
            values.insert("substitute", format!("{} {}", it.sku, it.name));
        }
        match walk(app, by, ticket, |state| state.confirmed, values).await {
            // Somebody else's ticket stays theirs.
            Err(problem)
                if !matches!(problem.code, Code::Refused(Refusal::NotFound | Refusal::Forbidden)) =>
            {
                return Err(problem);
            }
            _ => {}
        }
    }
    decide(app, by, id, &[], |order, now, _| {
        order::arrange(order, said.clone(), it.as_ref(), by, now).map(Some)
    })
    .await
}

/// Leads a ticket by the fewest moves to a state; the answers that its kind has come with the first of them. It stops
/// where a move waits for somebody's approval.
async fn walk(
    app: &App,
    by: Actor,
    id: TicketId,
    is_goal: impl Fn(&TicketState) -> bool,
    values: BTreeMap<&str, String>,
) -> Result<(), Problem> {
    let ticket = tickets::find(app, by, id).await?;
    let of = tickets::kind_of(app, &ticket).await?;
    let mut values = fitting(&of, &ticket, values);
    for way in path(&of, &ticket.state, is_goal) {
        let to = of.moves.iter().find(|it| it.key == way).map(|it| it.to.clone());
        let values = std::mem::take(&mut values);
        let act = TicketAct::Move { way, values, reason: String::new(), force: false };
        let after = tickets::act(app, by, id, act).await?;
        if Some(after.state) != to {
            return Ok(());
        }
    }
    Ok(())
}

/// Those answers for which the kind has a field that is asked of this ticket.
fn fitting(of: &TicketType, ticket: &Ticket, given: BTreeMap<&str, String>) -> BTreeMap<String, String> {
    let fits = |key: &str| of.field(key).is_some_and(|field| form::applies(field, &ticket.values));
    given.into_iter().filter(|(key, _)| fits(key)).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The keys of the fewest moves that lead from a state to one that is wanted; none where it is there, or no way leads.
fn path(of: &TicketType, from: &str, is_goal: impl Fn(&TicketState) -> bool) -> Vec<String> {
    let mut open = VecDeque::from([(from.to_owned(), vec![])]);
    let mut seen = vec![from.to_owned()];
    while let Some((state, ways)) = open.pop_front() {
        if of.state(&state).is_some_and(&is_goal) {
            return ways;
        }
        for way in of.ways(&state) {
            // What is closed is not opened again on the way.
            let is_closed =
                of.state(&way.to).is_some_and(|it| it.phase == yingda_core::config::TicketPhase::Closed);
            let leads = !is_closed || of.state(&way.to).is_some_and(&is_goal);
            if leads && !seen.contains(&way.to) {
                seen.push(way.to.clone());
                let mut ways: Vec<String> = ways.clone();
                ways.push(way.key.clone());
                open.push_back((way.to.clone(), ways));
            }
        }
    }
    vec![]
}

/// The kind of ticket that exceptions open: as the settings say, or the first one that counts as it.
fn kind(directory: &Directory) -> Option<TicketTypeId> {
    let usable = |id: &TicketTypeId| directory.ticket_types.get(id).is_some_and(|it| !it.retired);
    let counts = |of: &TicketType| of.counts_as == Some(TicketMeasure::OrderException);
    let chosen = directory.settings.orders.exception.filter(usable);
    chosen.or_else(|| {
        directory.ticket_types.iter().find(|(id, of)| counts(of) && usable(id)).map(|(id, _)| *id)
    })
}

/// Opens the case of an exception: one, however often this is tried.
pub async fn open_ticket(app: &App, it: &Order, exception: &OrderException) -> Result<(), Problem> {
    let directory = app.directory();
    let key = &exception.key;
    let opened = match kind(&directory) {
        None => None,
        Some(of) => {
            let name = format!("{}\n{key}", it.id);
            let [a, b, c, d, e, f, g, ..] = app.secrets.mac("order-exception", name.as_bytes());
            let request = (u64::from_be_bytes([0, a, b, c, d, e, f, g]) >> 4) as i64;
            let new = case(&directory.ticket_types[&of], of, it, exception, &directory);
            match tickets::open(app, Actor::System, new, Some(request)).await {
                Ok(ticket) => Some(ticket.id),
                Err(problem) if problem.is_ours() => return Err(problem),
                Err(problem) => {
                    tracing::warn!(code = ?problem.code, order = %it.id, "an order's exception has no ticket");
                    None
                }
            }
        }
    };
    let link: Vec<Statement> = opened.map(|ticket| rows::link(ticket, it.id)).into_iter().collect();
    decide(app, Actor::System, it.id, &link, |it, now, _| {
        Ok(order::opened(it, key, opened, now).map(|after| (after, vec![])))
    })
    .await?;
    Ok(())
}

/// A ticket about an exception. What its kind asks for is filled in by the names that the shipped packs use.
fn case(
    of: &TicketType,
    id: TicketTypeId,
    it: &Order,
    exception: &OrderException,
    directory: &Directory,
) -> NewTicket {
    let named = it.line(&exception.sku).or(it.order.lines.first());
    let goods = named.map_or("", |line| line.name.as_str());
    let what = exception.what.name();
    let title: String =
        format!("{} {}：{goods}", it.order.number, what.get(Lang::Zh)).chars().take(200).collect();
    let told = if exception.text.is_empty() { &title } else { &exception.text };
    let mut values = of.told_by(&title, told);
    if of.field("order_no").is_some() {
        values.insert("order_no".into(), it.order.number.clone());
    }
    if let Some(field) = of.field("exception").filter(|it| it.shape == FieldShape::Choice) {
        let own = field.options.iter().find(|option| option.key == exception.what.as_str());
        let other = own.or_else(|| field.options.iter().find(|option| option.key == "other"));
        // A kind that knows no such exception gets the last one of its list, where the odd ones stand.
        if let Some(option) = other.or(field.options.last().filter(|_| field.required)) {
            values.insert("exception".into(), option.key.clone());
        }
    }
    NewTicket {
        of: id,
        title,
        line: it.order.line.filter(|line| directory.lines.contains_key(line)),
        customer: it.order.customer,
        values,
        ..NewTicket::default()
    }
}

/// It stands in the history of the order.
pub fn said(id: RecordId, deeds: Vec<Deed>) -> Vec<ItemFact> {
    let told = |(fact, private): Deed| ItemFact {
        on: Subject::Record(id),
        to: Audience::Staff,
        fact,
        private: private.map(Box::new),
    };
    deeds.into_iter().map(told).collect()
}
