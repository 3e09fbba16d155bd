//! Where a customer can be reached, and whether they want to be.

use super::{mail, wechat};
use crate::app::App;
use yingda_core::{
    At,
    config::{Channel, Setup},
    form::is_email,
    id::*,
    medium::Medium,
    phone,
};
use yingda_store::{
    Batch, Db, ReadError,
    address::{self, Address},
    customer::{self, Customer},
    outreach,
    visitor::{self, Visitor},
};

/// An end, new or known, at which a message may arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub term: String,
    /// As people read it.
    pub label: String,
    /// Whose end it is, where they wrote by it before.
    pub known: Option<Address>,
}

/// The kind and term under which an opt-out from a medium is kept; none where nobody can write unasked.
pub fn opt_out_key(medium: Medium, address: &str) -> Option<(&'static str, String)> {
    match medium {
        Medium::Sms => Some(("phone", phone::normal(address))),
        Medium::Mail => Some(("email", address.trim().to_lowercase())),
        _ => None,
    }
}

pub async fn is_out(db: &Db, medium: Medium, address: &str) -> Result<bool, ReadError> {
    match opt_out_key(medium, address) {
        Some((kind, term)) => Ok(outreach::opted_out(db, kind, &term).await?.is_some()),
        None => Ok(false),
    }
}

/// Who is behind an end: somebody new where nobody was yet. Of two who find it empty at once the first stays.
pub async fn meet(
    db: &Db,
    channel: ChannelId,
    term: &str,
    label: &str,
    fresh: &Visitor,
) -> Result<VisitorId, ReadError> {
    if let Some(known) = address::get(db, channel, term).await? {
        return Ok(known.visitor);
    }
    let statements = vec![visitor::seen(fresh), address::insert(channel, term, fresh.id, label)];
    db.commit(Batch { statements, ..Batch::default() }).await?;
    let kept = address::get(db, channel, term).await?;
    Ok(kept.map_or(fresh.id, |it| it.visitor))
}

/// An end of a channel by what somebody typed; none when it is no address of its kind, or when the platform only
/// takes messages to those who wrote before.
pub async fn end_of(app: &App, id: ChannelId, channel: &Channel, to: &str) -> Result<Option<End>, ReadError> {
    let to = to.trim();
    match &channel.setup {
        // Every mail that begins something is a thread of its own.
        Setup::Mail(_) if is_email(to) => {
            let term = mail::fresh_thread();
            Ok(Some(End { term, label: to.to_owned(), known: None }))
        }
        Setup::SmsHttp(_) | Setup::Smpp(_) => {
            let term = phone::normal(to);
            if !(5..=16).contains(&term.len()) {
                return Ok(None);
            }
            let known = address::get(&app.db, id, &term).await?;
            Ok(Some(End { term, label: to.to_owned(), known }))
        }
        Setup::Wechat(_) | Setup::Wecom(_) | Setup::Platform(_) => {
            let known = address::get(&app.db, id, to).await?;
            Ok(known.map(|known| End {
                term: known.term.clone(),
                label: known.label.clone(),
                known: Some(known),
            }))
        }
        // Whoever is known has a portal.
        Setup::SiteMail => {
            let Ok(customer) = to.parse() else { return Ok(None) };
            let Some(customer) = customer::living(&app.db, customer).await? else { return Ok(None) };
            let term = customer.id.to_string();
            let known = address::get(&app.db, id, &term).await?;
            Ok(Some(End { term, label: customer.card.name, known }))
        }
        Setup::Mail(_) | Setup::Letter(_) | Setup::Walkin | Setup::Phone(_) | Setup::Site(_) => Ok(None),
    }
}

/// Where a channel reaches this customer: their mail, their number, or the end at which they last wrote.
pub fn of_customer(
    id: ChannelId,
    channel: &Channel,
    customer: &Customer,
    ends: &[Address],
) -> Option<String> {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|it| !it.is_empty());
    match channel.setup.medium() {
        Medium::Mail => some(&customer.card.email),
        Medium::Sms => some(&customer.card.phone),
        Medium::SiteMail => Some(customer.id.to_string()),
        _ => ends.iter().find(|it| it.channel == id).map(|it| it.term.clone()),
    }
}

/// Until when the platform takes a message after the customer's last word; none where it always does.
pub fn open_until(channel: &Channel, heard_at: Option<At>) -> Option<At> {
    match channel.setup {
        Setup::Wechat(_) | Setup::Wecom(_) => Some(heard_at.unwrap_or_default() + wechat::WINDOW_MS),
        _ => None,
    }
}
