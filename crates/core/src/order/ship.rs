//! Where an order is (B-16): what carriers say of its shipments, in whatever order and however often they say it, and
//! what of that is an exception (B-17).

use super::{
    Deed, Order, OrderException, OrderSettings, OrderState, OrderTrouble,
    edit::next,
    notice::{self, OrderNews},
};
use crate::{
    At,
    event::{Fact, OrderChanged, OrderExceptionFound, ShipmentReported},
    fault::{Fault, Faults, Refused},
};
use serde::{Deserialize, Serialize};

const MAX_SHIPMENTS: usize = 50;
const MAX_EVENTS: usize = 200;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Shipment {
    pub carrier: String,
    pub tracking: String,
    /// When the carrier expects it to be there.
    pub eta: Option<At>,
    /// The earliest first.
    pub events: Vec<ShipmentEvent>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ShipmentEvent {
    /// The carrier's id of it: the same one again is the same event. Without one, what and when tell it apart.
    #[serde(default)]
    pub id: String,
    pub what: ShipmentWhat,
    /// Absent: now.
    #[serde(default)]
    pub happened_at: At,
    #[serde(default)]
    pub place: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ShipmentWhat {
    #[default]
    Packed,
    Shipped,
    InTransit,
    Delayed,
    OutForDelivery,
    Delivered,
    Refused,
    Lost,
    Damaged,
    Returned,
}

impl ShipmentWhat {
    fn trouble(self) -> Option<OrderTrouble> {
        match self {
            ShipmentWhat::Delayed => Some(OrderTrouble::Delay),
            ShipmentWhat::Refused => Some(OrderTrouble::Refused),
            ShipmentWhat::Lost => Some(OrderTrouble::Lost),
            ShipmentWhat::Damaged => Some(OrderTrouble::Damaged),
            _ => None,
        }
    }

    fn news(self) -> Option<OrderNews> {
        match self {
            ShipmentWhat::Shipped => Some(OrderNews::Shipped),
            ShipmentWhat::OutForDelivery => Some(OrderNews::OutForDelivery),
            ShipmentWhat::Delivered => Some(OrderNews::Delivered),
            _ => None,
        }
    }
}

/// What a shop or a carrier says of a shipment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewShipment {
    #[serde(default)]
    pub carrier: String,
    pub tracking: String,
    #[serde(default)]
    pub eta: Option<At>,
    #[serde(default)]
    pub events: Vec<ShipmentEvent>,
}

impl Shipment {
    pub fn latest(&self) -> Option<&ShipmentEvent> {
        self.events.last()
    }

    fn state(&self) -> OrderState {
        match self.latest().map(|it| it.what) {
            None | Some(ShipmentWhat::Packed) => OrderState::Confirmed,
            Some(ShipmentWhat::Delivered) => OrderState::Delivered,
            Some(ShipmentWhat::Returned) => OrderState::Returned,
            Some(_) => OrderState::Shipped,
        }
    }
}

/// Where an order is by what the shop says and by all of its shipments: the slowest of them counts.
pub(super) fn state_of(it: &Order) -> OrderState {
    let said = it.order.state;
    let on_the_way = it.shipments.iter().any(|shipment| shipment.state() >= OrderState::Shipped);
    let all = it.shipments.iter().map(Shipment::state).min().unwrap_or_default();
    let shipped = if on_the_way { all.max(OrderState::Shipped) } else { all };
    said.max(shipped)
}

/// The name of a delay: an order that got another date can be late once more.
pub(super) fn delay_key(promised_at: At) -> String {
    format!("delay-{promised_at}")
}

/// What is wrong with an order now and is not on it yet.
pub fn exceptions(it: &Order, now: At) -> Vec<OrderException> {
    let mut found = vec![];
    let mut add = |key: String, what, text: String, since_at| {
        let is_known = it.exception(&key).is_some();
        if !is_known && found.iter().all(|other: &OrderException| other.key != key) {
            found.push(OrderException { key, what, text, since_at, ..OrderException::default() });
        }
    };
    for shipment in &it.shipments {
        for event in &shipment.events {
            let Some(what) = event.what.trouble() else { continue };
            // A delay that a carrier tells of and the date that passes are one.
            let key = match (what, it.order.promised_at) {
                (OrderTrouble::Delay, Some(promised_at)) => delay_key(promised_at),
                _ => format!("{}-{}", what.as_str(), shipment.tracking),
            };
            // What was late and has got another date since is over.
            let is_past = what == OrderTrouble::Delay
                && it.exceptions.iter().any(|known| {
                    known.what == what
                        && known.arranged.as_ref().is_some_and(|it| it.arranged_at >= event.happened_at)
                });
            let is_there = what == OrderTrouble::Delay && it.state.is_over();
            if !is_past && !is_there {
                add(key, what, event.place.clone(), event.happened_at);
            }
        }
    }
    if let Some(promised_at) = it.order.promised_at.filter(|_| !it.state.is_over()) {
        let expected_at = it.shipments.iter().filter_map(|it| it.eta).max().unwrap_or(promised_at);
        if promised_at <= now || expected_at > promised_at {
            add(delay_key(promised_at), OrderTrouble::Delay, String::new(), promised_at.min(now));
        }
    }
    found
}

/// Takes down what a carrier says; nothing where all of it was known.
pub fn ship(
    before: &Order,
    new: NewShipment,
    settings: &OrderSettings,
    now: At,
) -> Result<Option<(Order, Vec<Deed>)>, Refused> {
    let mut faults = Faults::default();
    let tracking = new.tracking.trim().to_owned();
    faults.unless(!tracking.is_empty(), "tracking", Fault::Missing);
    faults.length("tracking", &tracking, 64);
    faults.length("carrier", &new.carrier, 64);
    faults.unless(new.events.len() <= MAX_EVENTS, "events", Fault::TooMany(MAX_EVENTS));
    for (n, event) in new.events.iter().enumerate() {
        faults.length(format!("events.{n}.id"), &event.id, 100);
        faults.length(format!("events.{n}.place"), &event.place, 200);
    }
    let at = before.shipments.iter().position(|it| it.tracking == tracking);
    let is_full = at.is_none() && before.shipments.len() >= MAX_SHIPMENTS;
    faults.unless(!is_full, "tracking", Fault::TooMany(MAX_SHIPMENTS));
    faults.none()?;
    let mut after = next(before, now);
    let at = at.unwrap_or_else(|| {
        after.shipments.push(Shipment { tracking: tracking.clone(), ..Shipment::default() });
        after.shipments.len() - 1
    });
    let shipment = &mut after.shipments[at];
    if !new.carrier.trim().is_empty() {
        shipment.carrier = new.carrier.trim().to_owned();
    }
    shipment.eta = new.eta.or(shipment.eta);
    let mut fresh = vec![];
    for mut event in new.events {
        // Without an id or an instant, the same words again are the same event.
        if event.id.is_empty() {
            let moment = if event.happened_at == 0 { String::new() } else { event.happened_at.to_string() };
            event.id = format!("{}@{moment}", what_word(event.what));
        }
        if event.happened_at == 0 {
            event.happened_at = now;
        }
        if shipment.events.iter().all(|it| it.id != event.id) && shipment.events.len() < MAX_EVENTS {
            shipment.events.push(event.clone());
            fresh.push(event);
        }
    }
    // The carrier's clock tells the order; of one instant, what comes later in a parcel's life.
    shipment.events.sort_by_key(|it| (it.happened_at, it.what));
    if after.shipments == before.shipments {
        return Ok(None);
    }
    after.state = state_of(&after);
    let carrier = after.shipments[at].carrier.clone();
    let mut deeds: Vec<Deed> = fresh
        .iter()
        .map(|event| {
            let fact = Fact::ShipmentReported(ShipmentReported {
                order: after.id,
                carrier: carrier.clone(),
                tracking: tracking.clone(),
                what: event.what,
                happened_at: event.happened_at,
                place: event.place.clone(),
            });
            (fact, None)
        })
        .collect();
    if deeds.is_empty() {
        let (order, version, number) = (after.id, after.version, after.order.number.clone());
        let fields = vec!["shipments".to_owned()];
        deeds.push((
            Fact::OrderChanged(OrderChanged {
                order,
                version,
                number,
                customer: after.order.customer,
                fields,
            }),
            None,
        ));
    }
    for event in &fresh {
        // Where a parcel was before it got to where it is is no news.
        let is_latest = after.shipments[at].events.last().is_some_and(|it| it.id == event.id);
        if let Some(what) = event.what.news().filter(|_| is_latest) {
            let key = format!("{}-{tracking}", what.as_str());
            notice::plan(&mut after, key, what, String::new(), settings, now);
        }
    }
    deeds.extend(find(&mut after, settings, now));
    Ok(Some((after, deeds)))
}

/// Puts on an order what is wrong with it by now.
pub(super) fn find(after: &mut Order, settings: &OrderSettings, now: At) -> Vec<Deed> {
    let mut deeds = vec![];
    for exception in exceptions(after, now) {
        deeds.push((found(after, &exception), None));
        if exception.what == OrderTrouble::Delay {
            notice::plan(after, exception.key.clone(), OrderNews::Delayed, String::new(), settings, now);
        }
        after.exceptions.push(exception);
    }
    deeds
}

pub(super) fn found(it: &Order, exception: &OrderException) -> Fact {
    Fact::OrderExceptionFound(OrderExceptionFound {
        order: it.id,
        number: it.order.number.clone(),
        exception: exception.key.clone(),
        what: exception.what,
        sku: exception.sku.clone(),
        text: exception.text.clone(),
    })
}

/// What time says of an order; nothing where there is nothing new.
pub fn overdue(before: &Order, settings: &OrderSettings, now: At) -> Option<(Order, Vec<Deed>)> {
    let mut after = next(before, now);
    let deeds = find(&mut after, settings, now);
    (!deeds.is_empty()).then_some((after, deeds))
}

fn what_word(what: ShipmentWhat) -> String {
    serde_json::to_value(what).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}
