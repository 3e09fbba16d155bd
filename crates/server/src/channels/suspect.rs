//! A number or an address that messages do not reach is marked on its customer's card, until somebody puts it right
//! (B-39).

use crate::{http::customers::learn, jobs::Duty, problem::Problem};
use yingda_core::{id::ChannelId, medium::Medium, proof::Point};
use yingda_store::{address, customer, outbound::Outbound};

/// Marks what a message could not be delivered to. Of several customers who have it, each is marked.
pub async fn mark(duty: &Duty, channel: ChannelId, lost: &Outbound, reason: &str) -> Result<(), Problem> {
    let app = &duty.app;
    let directory = app.directory();
    let point = match directory.channels.get(&channel).map(|it| it.setup.medium()) {
        Some(Medium::Sms) => Point::Phone,
        Some(Medium::Mail) => Point::Email,
        _ => return Ok(()),
    };
    let reached = match (&lost.term, lost.visitor) {
        (Some(term), _) => Some(term.clone()),
        (None, Some(visitor)) => {
            let known = address::of_visitor(&duty.db, visitor).await?;
            known.into_iter().find(|it| it.channel == channel).map(|it| it.label)
        }
        (None, None) => None,
    };
    let Some(term) = reached.as_deref().and_then(|it| point.term(it)) else { return Ok(()) };
    // A mail goes to several, and its bounce names the one whom it does not reach.
    if point == Point::Email && !reason.to_lowercase().contains(&term) {
        return Ok(());
    }
    const MOST: usize = 5;
    for before in customer::with(&duty.db, point.as_str(), &term, MOST).await? {
        let on_card = if point == Point::Phone { &before.card.phone } else { &before.card.email };
        let is_marked = before.suspect.iter().any(|it| it == point.as_str());
        // A further number has no mark of its own.
        if is_marked || point.term(on_card).as_ref() != Some(&term) {
            continue;
        }
        let mut after = before.clone();
        after.suspect.push(point.as_str().to_owned());
        learn(app, &before, &after).await?;
    }
    Ok(())
}
