//! Orders and goods of the shop: some on their way, some there, one without a street, and those about which cases run.

use super::{
    book::Book,
    pack::{Bought, Pack, Stop},
    shop::Regular,
};
use yingda_core::{
    At,
    actor::Actor,
    event::{Fact, Private, ProductChanged, Subject},
    id::*,
    order::{self, Arranged, NewShipment, NoticeText, OrderSettings, Receiver, ShipmentEvent, StoredProduct},
    ticket::Ticket,
};
use yingda_store::{CommitError, Statement, order as rows, product};

const HOUR_MS: At = 3_600_000;

/// What was told then was told: nothing of it leaves today.
fn quiet() -> OrderSettings {
    let off = NoticeText::default;
    OrderSettings {
        exception: None,
        shipped: off(),
        out_for_delivery: off(),
        delivered: off(),
        delayed: off(),
    }
}

pub async fn fill(
    book: &mut Book,
    pack: &Pack,
    regulars: &[Regular],
    cases: &[Ticket],
    now: At,
) -> Result<(), CommitError> {
    for product in &pack.goods {
        let id = RecordId(book.engine.fresh_id(now));
        let stored = StoredProduct { id, version: 1, product: product.clone(), updated_at: now };
        let (sku, name) = (product.sku.clone(), product.name.clone());
        let fact = Fact::ProductChanged(ProductChanged { product: id, version: 1, sku, name });
        let private = Private::Values { before: None, after: serde_json::to_value(product).ok() };
        let writes = vec![product::insert(&stored)];
        book.note(now, Actor::System, Subject::Record(id), fact, Some(private), writes).await?;
    }
    for (n, bought) in pack.orders.iter().enumerate() {
        let number = &bought.order.number;
        let case = cases.iter().find(|it| it.values.get("order_no") == Some(number));
        // Regulars of the week take turns, so that the same ones have an order after every change of the data.
        let whose =
            case.and_then(|it| it.customer).and_then(|id| regulars.iter().find(|it| it.customer.id == id));
        let whose = whose.unwrap_or(&regulars[20 + n * 7]);
        enter(book, bought, whose, case, now).await?;
    }
    book.flush().await
}

async fn enter(
    book: &mut Book,
    bought: &Bought,
    whose: &Regular,
    case: Option<&Ticket>,
    now: At,
) -> Result<(), CommitError> {
    let id = RecordId(book.engine.fresh_id(now));
    let settings = quiet();
    let card = &whose.customer.card;
    let draft = order::OrderDraft {
        customer: Some(whose.customer.id),
        customer_external_id: card.external_id.clone(),
        line: whose.customer.line,
        placed_at: now - bought.hours * HOUR_MS,
        promised_at: Some(now + bought.due_hours * HOUR_MS),
        receiver: Receiver {
            name: card.name.clone(),
            phone: card.phone.clone(),
            address: bought.address.clone(),
        },
        ..bought.order.clone()
    };
    let directory = book.engine.directory.clone();
    let (mut it, mut deeds) = order::create(draft, id, now, &directory).expect("the demo's orders are sound");
    if let Some(parcel) = &bought.shipment {
        let stop = |stop: &Stop| ShipmentEvent {
            id: String::new(),
            what: stop.what,
            happened_at: now - stop.hours * HOUR_MS,
            place: stop.place.clone(),
        };
        let (carrier, tracking) = (parcel.carrier.clone(), parcel.tracking.clone());
        let new =
            NewShipment { carrier, tracking, eta: None, events: parcel.events.iter().map(stop).collect() };
        let shipped = order::ship(&it, new, &settings, now).expect("the demo's parcels are sound");
        let (after, more) = shipped.expect("a parcel is news");
        it = after;
        deeds.extend(more);
    }
    if let Some(said) = &bought.exception {
        let reported =
            order::report(&it, said.clone(), &settings, now).expect("the demo's exceptions are sound");
        if let Some((after, more)) = reported {
            it = after;
            deeds.extend(more);
        }
    }
    let mut writes: Vec<Statement> = vec![];
    for exception in &mut it.exceptions {
        exception.ticket = case.map(|it| it.id);
        exception.without_ticket = case.is_none();
        if let Some(case) = case {
            exception.since_at = exception.since_at.min(case.received_at);
            exception.arranged = arranged(case);
            writes.push(rows::link(case.id, id));
        }
    }
    // Of one log, each deed stands for itself; the row is the last of them.
    it.version = 1;
    writes.push(rows::insert(&it));
    for (fact, private) in deeds {
        book.note(now, Actor::System, Subject::Record(id), fact, private, std::mem::take(&mut writes))
            .await?;
    }
    Ok(())
}

/// What was agreed, where the case is closed.
fn arranged(case: &Ticket) -> Option<Arranged> {
    let arranged_at = case.closed_at?;
    let text = case.title.clone();
    Some(Arranged { arranged_at, arranged_by: case.owner, resend: true, text, ..Arranged::default() })
}
