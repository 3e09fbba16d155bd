//! Who a visitor says to be, and what the site vouches for.
//!
//! A site that signs its customers' ids joins them to their customer here. What a visitor types into a form proves
//! nothing: it makes a new customer where none is known by it, and never opens an existing one; staff do that.

use crate::{
    app::App,
    http::customers::learn,
    problem::Problem,
    site::{Item, ItemFact},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use yingda_core::{
    actor::Actor,
    customer::Customer,
    event::{Audience, Fact, Private, Subject},
    id::*,
    proof::Point,
};
use yingda_store::{ReadError, customer, visitor};
use yingda_wire::frame::Identity;

/// What a site signs its customers' ids with, one for each widget.
pub fn widget_secret(app: &App, widget: WidgetId) -> String {
    hex::encode(app.secrets.mac("widget-identity", widget.to_string().as_bytes()))
}

/// Whether the site vouches: hex HMAC-SHA-256 of the id under the widget's secret.
pub fn is_vouched(app: &App, widget: WidgetId, identity: &Identity) -> bool {
    let Ok(given) = hex::decode(&identity.hmac) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(widget_secret(app, widget).as_bytes()) else {
        return false;
    };
    mac.update(identity.id.as_bytes());
    !identity.id.is_empty() && mac.verify_slice(&given).is_ok()
}

/// The customer of a vouched identity, made when it is new.
pub async fn vouched(app: &App, by: VisitorId, identity: &Identity) -> Result<Option<CustomerId>, ReadError> {
    let known = customer::with(&app.db, "external", &identity.id, 1).await?.pop();
    let id = match known {
        Some(known) => {
            app.site.ride(visitor::link(by, known.id)).await;
            Some(known.id)
        }
        None => {
            let mut fresh = fresh(app, &identity.name, &identity.phone, &identity.email);
            fresh.card.external_id = short(&identity.id, 100);
            make(app, by, fresh).await
        }
    };
    Ok(id)
}

/// A customer made of a form's answers, where nobody is known by them.
pub async fn introduced(
    app: &App,
    by: VisitorId,
    personal: &BTreeMap<String, String>,
) -> Result<Option<CustomerId>, ReadError> {
    let text = |key: &str| personal.get(key).map(|value| value.trim()).unwrap_or_default();
    let (name, phone, email) = (text("name"), text("phone"), text("email"));
    if !name.is_empty() {
        app.site.ride(visitor::name(by, &short(name, 100))).await;
    }
    if phone.is_empty() && email.is_empty() {
        return Ok(None);
    }
    let is_known = !customer::with(&app.db, "phone", phone, 1).await?.is_empty()
        || !customer::with(&app.db, "email", email, 1).await?.is_empty();
    if is_known {
        return Ok(None);
    }
    Ok(make(app, by, fresh(app, name, phone, email)).await)
}

/// The customer behind somebody who writes by a channel: the one who is known by that address, or a new one. Where
/// several are known by it, or the sender is shown to be another, staff decide.
pub async fn reached(
    app: &App,
    visitor: VisitorId,
    message: &crate::channels::heard::Message,
) -> Result<Option<CustomerId>, ReadError> {
    if let Some(known) = visitor::get(&app.db, visitor).await?.and_then(|it| it.customer) {
        return Ok(customer::living(&app.db, known).await?.map(|it| it.id));
    }
    let (phone, email) = (message.phone.trim(), message.email.trim());
    if message.is_forged || (phone.is_empty() && email.is_empty()) {
        return Ok(None);
    }
    let mut known = customer::with(&app.db, "phone", phone, 2).await?;
    known.extend(customer::with(&app.db, "email", email, 2).await?);
    known.dedup_by_key(|it| it.id);
    match known.as_slice() {
        [] => Ok(make(app, visitor, fresh(app, &message.name, phone, email)).await),
        [one] => {
            app.site.ride(visitor::link(visitor, one.id)).await;
            Ok(Some(one.id))
        }
        _ => Ok(None),
    }
}

/// Who a contact point that was just proven belongs to: the one customer who is known by it, or a new one; nobody
/// where several are.
pub async fn proven(
    app: &App,
    visitor: VisitorId,
    point: Point,
    label: &str,
) -> Result<Option<CustomerId>, ReadError> {
    let mut known = customer::with(&app.db, point.as_str(), label, 2).await?;
    known.dedup_by_key(|it| it.id);
    match known.as_slice() {
        [one] => Ok(Some(one.id)),
        [] => {
            let name = visitor::get(&app.db, visitor).await?.map(|it| it.name).unwrap_or_default();
            let (phone, email) = if point == Point::Phone { (label, "") } else { ("", label) };
            Ok(make(app, visitor, fresh(app, &name, phone, email)).await)
        }
        _ => Ok(None),
    }
}

/// A customer of whom nothing but a name is known.
pub async fn named(app: &App, visitor: VisitorId, name: &str) -> Option<CustomerId> {
    make(app, visitor, fresh(app, name, "", "")).await
}

/// A card without a number gets the one that was proven.
pub async fn complete(app: &App, id: CustomerId, point: Point, label: &str) -> Result<(), Problem> {
    let Some(before) = customer::living(&app.db, id).await? else { return Ok(()) };
    let mut after = before.clone();
    let field = if point == Point::Phone { &mut after.card.phone } else { &mut after.card.email };
    if !field.is_empty() {
        return Ok(());
    }
    *field = label.to_owned();
    Ok(learn(app, &before, &after).await?)
}

fn fresh(app: &App, name: &str, phone: &str, email: &str) -> customer::Customer {
    let now = app.clock.now();
    let card = Customer {
        name: short(name, 100),
        phone: short(phone, 40),
        email: short(email, 254),
        ..Customer::default()
    };
    customer::Customer::new(CustomerId(app.next_id()), card, now)
}

async fn make(app: &App, by: VisitorId, fresh: customer::Customer) -> Option<CustomerId> {
    let id = fresh.id;
    let values =
        serde_json::json!({ "name": fresh.card.name, "phone": fresh.card.phone, "email": fresh.card.email });
    let mut writes = customer::insert(&fresh, &app.directory().settings.customers, app.clock.now());
    writes.push(visitor::link(by, id));
    let fact = ItemFact {
        on: Subject::Customer(id),
        to: Audience::Staff,
        fact: Fact::CustomerChanged { customer: id, version: 1, deleted: false },
        private: Some(Box::new(Private::Values { before: None, after: Some(values) })),
    };
    let by = Actor::Visitor { id: by };
    match app.site.change(Item::new(by, vec![fact], writes)).await {
        Ok(_) => Some(id),
        Err(refused) => {
            // The contact goes on without: serving comes before filing.
            tracing::warn!(refusal = ?refused.refusal, "a visitor's customer was not stored");
            None
        }
    }
}

fn short(text: &str, most: usize) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(most).collect()
}
