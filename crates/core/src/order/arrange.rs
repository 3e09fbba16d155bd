//! Exceptions in hand (B-17): somebody reports one, a substitute is offered, and what was agreed is taken down.

use super::{
    Arranged, Deed, Order, OrderException, OrderNews, OrderOffer, OrderSettings, OrderTrouble, Substitute,
    edit::{next, values},
    money, notice, ship,
};
use crate::{
    At,
    actor::Actor,
    event::{Fact, OrderArranged, OrderAsked, OrderOffered, Private},
    fault::{Fault, Faults, Refused},
    id::TicketId,
    lang::Lang,
    refusal::Refusal,
};
use serde::{Deserialize, Serialize};

const MAX_TEXT: usize = 1_000;

/// Something came in between, as a shop, a warehouse or a colleague says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = OrderReport))]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub what: OrderTrouble,
    /// Of which goods; empty for the whole order.
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub text: String,
}

/// What was agreed with the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = OrderArrangement))]
#[serde(deny_unknown_fields)]
pub struct Arrange {
    /// Key of the exception.
    pub exception: String,
    /// Number of the goods that come instead.
    #[serde(default)]
    pub substitute: String,
    /// The new date.
    #[serde(default)]
    pub promised_at: Option<At>,
    /// In cents.
    #[serde(default)]
    pub compensation: i64,
    /// It is sent once more.
    #[serde(default)]
    pub resend: bool,
    /// The customer agreed.
    #[serde(default)]
    pub agreed: bool,
    #[serde(default)]
    pub text: String,
    /// What the customer is told about it; empty: nothing.
    #[serde(default)]
    pub message: String,
}

/// Takes down an exception; nothing where the same was reported before and is not arranged yet.
pub fn report(
    before: &Order,
    said: Report,
    settings: &OrderSettings,
    now: At,
) -> Result<Option<(Order, Vec<Deed>)>, Refused> {
    let mut faults = Faults::default();
    faults.length("text", &said.text, MAX_TEXT);
    let known = said.sku.is_empty() || before.line(&said.sku).is_some();
    faults.unless(known, "sku", Fault::Unknown);
    faults.none()?;
    let open = |it: &&OrderException| it.arranged.is_none() && it.what == said.what && it.sku == said.sku;
    if before.exceptions.iter().any(|it| open(&it)) {
        return Ok(None);
    }
    let base = match (said.what, before.order.promised_at, said.sku.as_str()) {
        // The date that passes is the same delay.
        (OrderTrouble::Delay, Some(promised_at), "") => ship::delay_key(promised_at),
        (what, _, "") => what.as_str().to_owned(),
        (what, _, sku) => format!("{}-{sku}", what.as_str()),
    };
    // What was arranged can happen again.
    let mut key = base.clone();
    let mut n = 2;
    while before.exception(&key).is_some() {
        key = format!("{base}-{n}");
        n += 1;
    }
    let mut after = next(before, now);
    let text = said.text.trim().to_owned();
    let it = OrderException {
        key,
        what: said.what,
        sku: said.sku,
        text,
        since_at: now,
        ..OrderException::default()
    };
    let fact = ship::found(&after, &it);
    if it.what == OrderTrouble::Delay {
        notice::plan(&mut after, it.key.clone(), OrderNews::Delayed, String::new(), settings, now);
    }
    after.exceptions.push(it);
    Ok(Some((after, vec![(fact, None)])))
}

/// An exception has got its case, or there is none for it.
pub fn opened(before: &Order, key: &str, ticket: Option<TicketId>, now: At) -> Option<Order> {
    let mut after = next(before, now);
    let it = after.exceptions.iter_mut().find(|it| it.key == key && it.ticket.is_none())?;
    it.ticket = ticket;
    it.without_ticket = ticket.is_none();
    Some(after)
}

fn open_one<'a>(after: &'a mut Order, key: &str) -> Result<&'a mut OrderException, Refused> {
    let found = after.exceptions.iter_mut().find(|it| it.key == key).ok_or(Refusal::NotFound)?;
    if found.arranged.is_some() {
        return Err(Refusal::Closed.into());
    }
    Ok(found)
}

/// Offers something else to the customer, in these words.
pub fn offer(
    before: &Order,
    key: &str,
    it: &Substitute,
    text: &str,
    by: Actor,
    now: At,
) -> Result<(Order, Vec<Deed>), Refused> {
    let mut faults = Faults::default();
    faults.unless(!text.trim().is_empty(), "text", Fault::Missing);
    faults.length("text", text, MAX_TEXT);
    faults.none()?;
    let mut after = next(before, now);
    let exception = open_one(&mut after, key)?;
    let (sku, name) = (it.sku.clone(), it.name.clone());
    exception.offers.push(OrderOffer { sku, name, offered_at: now, offered_by: by.user() });
    let count = exception.offers.len();
    let fact = Fact::OrderOffered(OrderOffered {
        order: after.id,
        exception: key.to_owned(),
        sku: it.sku.clone(),
        name: it.name.clone(),
    });
    let settings = OrderSettings::default();
    let name = format!("offer-{key}-{count}");
    notice::plan(&mut after, name, OrderNews::Offer, text.trim().to_owned(), &settings, now);
    Ok((after, vec![(fact, None)]))
}

/// Words for an offer, ready to be sent or changed.
pub fn offer_text(order: &Order, what: OrderTrouble, it: &Substitute, lang: Lang) -> String {
    let number = &order.order.number;
    let ordered = order.line(&it.instead_of).map_or("", |line| line.name.as_str());
    let differs: Vec<String> = it
        .differs
        .iter()
        .map(|one| {
            let or_none = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
            match lang {
                Lang::Zh => format!("{}：{} → {}", one.name, or_none(&one.had), or_none(&one.has)),
                Lang::En => format!("{}: {} → {}", one.name, or_none(&one.had), or_none(&one.has)),
            }
        })
        .collect();
    let cents = money(it.difference.abs());
    let (trouble, name) = (what.name(), &it.name);
    match lang {
        Lang::Zh => {
            let price = match it.difference {
                0 => "价格相同".to_owned(),
                1.. => format!("单价高 {cents} 元"),
                _ => format!("单价低 {cents} 元"),
            };
            let differs = if differs.is_empty() {
                String::new()
            } else {
                format!("；不同之处：{}", differs.join("，"))
            };
            format!(
                "您好，您的订单 {number} 中的“{ordered}”{}，很抱歉。我们可以为您换成“{name}”：{price}{differs}。您看可以吗？",
                trouble.zh
            )
        }
        Lang::En => {
            let price = match it.difference {
                0 => "the price is the same".to_owned(),
                1.. => format!("it costs {cents} more"),
                _ => format!("it costs {cents} less"),
            };
            let differs = if differs.is_empty() {
                String::new()
            } else {
                format!("; what differs: {}", differs.join(", "))
            };
            format!(
                "Hello, we are sorry: “{ordered}” of your order {number} is {}. We could send you “{name}” instead: {price}{differs}. Would that suit you?",
                trouble.en
            )
        }
    }
}

/// Takes down what was agreed. With a substitute the order's lines change; with a date so does what is promised.
pub fn arrange(
    before: &Order,
    said: Arrange,
    substitute: Option<&Substitute>,
    by: Actor,
    now: At,
) -> Result<(Order, Vec<Deed>), Refused> {
    let exception = before.exception(&said.exception).ok_or(Refusal::NotFound)?;
    if exception.arranged.is_some() {
        return Err(Refusal::Closed.into());
    }
    let mut faults = Faults::default();
    faults.length("text", &said.text, MAX_TEXT);
    faults.length("message", &said.message, MAX_TEXT);
    faults.range("compensation", said.compensation, 0, 1_000_000_000_000);
    faults.unless(said.substitute.is_empty() || substitute.is_some(), "substitute", Fault::Unknown);
    let is_something = substitute.is_some()
        || said.promised_at.is_some()
        || said.compensation > 0
        || said.resend
        || !said.text.trim().is_empty();
    faults.unless(is_something, "text", Fault::Missing);
    faults.unless(said.promised_at.is_none_or(|at| at > now), "promised_at", Fault::Past);
    // What was promised has passed, and nobody would notice that it does again.
    let needs_date = exception.what == OrderTrouble::Delay && !before.state.is_over();
    faults.unless(!needs_date || said.promised_at.is_some(), "promised_at", Fault::Missing);
    faults.none()?;
    let mut after = next(before, now);
    let exception = open_one(&mut after, &said.exception)?;
    exception.arranged = Some(Arranged {
        arranged_at: now,
        arranged_by: by.user(),
        substitute: said.substitute.clone(),
        promised_at: said.promised_at,
        compensation: said.compensation,
        resend: said.resend,
        text: said.text.trim().to_owned(),
    });
    after.order.promised_at = said.promised_at.or(after.order.promised_at);
    if let Some(it) = substitute
        && let Some(line) = after.order.lines.iter_mut().find(|line| line.sku == it.instead_of)
    {
        let note = format!("{} → {}", line.sku, it.sku);
        line.note = if line.note.is_empty() { note } else { format!("{}; {note}", line.note) };
        (line.sku, line.name) = (it.sku.clone(), it.name.clone());
    }
    let fact = Fact::OrderArranged(OrderArranged {
        order: after.id,
        exception: said.exception.clone(),
        substitute: said.substitute,
        promised_at: said.promised_at,
        compensation: said.compensation,
        resend: said.resend,
        text: said.text.trim().to_owned(),
    });
    if !said.message.trim().is_empty() {
        let key = format!("arranged-{}", said.exception);
        let settings = OrderSettings::default();
        let words = said.message.trim().to_owned();
        notice::plan(&mut after, key, OrderNews::Arranged, words, &settings, now);
    }
    let private = Private::Values { before: values(&before.order), after: values(&after.order) };
    Ok((after, vec![(fact, Some(private))]))
}

/// Asks the customer something about the order, in these words.
pub fn ask(before: &Order, text: &str, now: At) -> Result<(Order, Vec<Deed>), Refused> {
    let mut faults = Faults::default();
    faults.unless(!text.trim().is_empty(), "text", Fault::Missing);
    faults.length("text", text, MAX_TEXT);
    faults.unless(before.order.customer.is_some(), "customer", Fault::Missing);
    faults.none()?;
    let mut after = next(before, now);
    let key = format!("question-{now}");
    let settings = OrderSettings::default();
    notice::plan(&mut after, key, OrderNews::Question, text.trim().to_owned(), &settings, now);
    let fact = Fact::OrderAsked(OrderAsked { order: after.id, text: text.trim().to_owned() });
    Ok((after, vec![(fact, None)]))
}
