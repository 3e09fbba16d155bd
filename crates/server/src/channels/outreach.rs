//! What is checked when a message of a batch leaves: not when it was planned, as people change their minds in between.

use super::{connector::Failure, reach};
use crate::jobs::Duty;
use yingda_core::{
    At,
    config::{Channel, Setup, SmsRules},
    consent,
    id::{ChannelId, RecordId},
    medium::Medium,
    outreach::quiet_until,
};
use yingda_store::{ReadError, consent as consents, customer, outreach as rows};

const DAY_MS: At = 24 * 3_600_000;

/// A channel's rules for batches, where it has any.
pub fn rules(channel: &Channel) -> Option<&SmsRules> {
    match &channel.setup {
        Setup::SmsHttp(it) => Some(&it.rules),
        Setup::Smpp(it) => Some(&it.rules),
        _ => None,
    }
}

pub async fn check(
    duty: &Duty,
    id: ChannelId,
    channel: &Channel,
    batch: RecordId,
    term: &str,
) -> Result<(), Failure> {
    let later = |error: ReadError| Failure::Later(error.to_string());
    let Some(rules) = rules(channel) else { return Ok(()) };
    let now = duty.app.clock.now();
    if reach::is_out(&duty.db, channel.setup.medium(), term).await.map_err(later)? {
        return Err(Failure::Never("the customer opted out".into()));
    }
    let purpose = rows::get(&duty.db, batch).await.map_err(later)?.map(|it| it.purpose).unwrap_or_default();
    if !purpose.is_empty() && !agrees(duty, channel.setup.medium(), term, &purpose).await.map_err(later)? {
        return Err(Failure::Never(format!("the customer has not agreed to “{purpose}”")));
    }
    let directory = duty.app.directory();
    let line = directory.queues.get(&channel.queue).map(|queue| queue.line).unwrap_or_default();
    if let Some(until_at) = quiet_until(rules, directory.zone(line), now) {
        return Err(Failure::Rests(until_at, "quiet hours".into()));
    }
    if rules.per_number_a_day > 0 {
        let lately = rows::lately(&duty.db, id, term, now - DAY_MS).await.map_err(later)?;
        if lately >= i64::from(rules.per_number_a_day) {
            return Err(Failure::Never(format!("the number got {lately} messages within a day")));
        }
    }
    Ok(())
}

/// Whether somebody whose number it is agrees to the purpose by this way.
async fn agrees(duty: &Duty, medium: Medium, term: &str, purpose: &str) -> Result<bool, ReadError> {
    for customer in customer::with(&duty.db, "phone", term, 10).await? {
        let said = consents::of(&duty.db, customer.id, consent::MOST).await?;
        if consent::given(&said, Some(medium)).iter().any(|it| it == purpose) {
            return Ok(true);
        }
    }
    Ok(false)
}
