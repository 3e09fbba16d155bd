//! Who somebody is whom only a platform knows: it is asked when a conversation has begun, beside it, so that a platform
//! that hangs keeps nobody waiting. One person behind several of a company's accounts becomes one customer.

use super::{connector, wechat::Person};
use crate::{identify, jobs::Duty, join, site::Refused, tasks};
use tokio::sync::Semaphore;
use yingda_core::{
    actor::Actor,
    command::{Act, Command, Envelope},
    id::*,
    refusal::Refusal,
};
use yingda_store::{Batch, ReadError, address, address::Address, customer, visitor};

/// So many are asked about at once.
static TURNS: Semaphore = Semaphore::const_new(8);

/// Begins to ask, unless it is known or was just told.
pub fn begin(duty: &Duty, address: &Address, conversation: ConversationId, told: String) {
    let (duty, address) = (duty.clone(), address.clone());
    tasks::start("acquaint", async move {
        if let Err(refused) = acquaint(&duty, &address, conversation, told).await {
            // The conversation goes on without; the next one asks again.
            tracing::warn!(refusal = ?refused.refusal, channel = address.channel.0, "who writes stays unknown");
        }
    });
}

async fn acquaint(
    duty: &Duty,
    address: &Address,
    conversation: ConversationId,
    told: String,
) -> Result<(), Refused> {
    let app = &duty.app;
    let away = |_: ReadError| Refused::from(Refusal::Unavailable);
    let known = address::union(&duty.db, address.channel, &address.term).await.map_err(away)?;
    let person = match known {
        Some(union) => Person { union, ..Person::default() },
        None if !told.is_empty() => Person { union: told, ..Person::default() },
        None => {
            let _turn = TURNS.acquire().await;
            match connector::who(duty, address).await {
                Ok(person) => person,
                Err(error) => {
                    tracing::info!(
                        channel = address.channel.0,
                        ?error,
                        "the platform does not tell who writes"
                    );
                    return Ok(());
                }
            }
        }
    };
    if person.union.is_empty() {
        return Ok(());
    }
    let mut statements = vec![address::put_union(address.channel, &address.term, &person.union)];
    if !person.name.is_empty() {
        statements.push(visitor::name(address.visitor, &person.name));
    }
    duty.db.commit(Batch { statements, ..Batch::default() }).await.map_err(|it| away(it.into()))?;
    let own = match visitor::get(&duty.db, address.visitor).await.map_err(away)?.and_then(|it| it.customer) {
        Some(own) => customer::living(&duty.db, own).await.map_err(away)?.map(|it| it.id),
        None => None,
    };
    let own = match own {
        Some(own) => own,
        None => {
            let name = if person.name.is_empty() { &address.label } else { &person.name };
            let Some(own) = identify::named(app, address.visitor, name).await else { return Ok(()) };
            link(duty, conversation, own).await?;
            own
        }
    };
    join::by_union(app, own, &person.union).await.map(drop)
}

/// The conversation is this customer's. It may have ended meanwhile.
async fn link(duty: &Duty, conversation: ConversationId, customer: CustomerId) -> Result<(), Refused> {
    let command = Command::Conversation(conversation, Act::LinkCustomer { customer });
    duty.app.site.send(Envelope { actor: Actor::System, origin: None, command }).await.map(drop)
}
