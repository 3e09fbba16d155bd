//! What came in becomes what a customer says: one row after another from each sender, many senders at once.

use super::{
    ARRIVED, acquaint, fetching,
    heard::{Heard, Message},
    outreach,
    say::say,
    suspect,
};
use crate::jobs::Duty;
use futures_util::{StreamExt, stream};
use std::{collections::BTreeMap, time::Duration};
use yingda_core::{
    At,
    actor::Actor,
    command::{Act, Command, Envelope, Sent},
    conversation::Content,
    engine::Refused,
    event::Delivery,
    id::*,
    medium::Medium,
    outreach::is_stop,
    refusal::Refusal,
};
use yingda_store::{
    Batch, CommitError, ReadError, Statement,
    address::{self, Address},
    inbound::{self, Inbound},
    outbound, outreach as opt_outs, visitor,
};

const BATCH: usize = 512;
/// So many senders' messages are on their way into conversations at once.
const AT_ONCE: usize = 64;
/// What comes by channels is said from this tab: a visitor's own tabs are drawn at random.
pub(super) const TAB: Tab = Tab(u32::MAX);
/// Tries before something is given up and shown to people: with the pauses between them about an hour.
const ATTEMPTS: u32 = 20;
const FIRST_PAUSE_MS: At = 500;
const LONGEST_PAUSE_MS: At = 300_000;

pub async fn run(duty: &Duty) {
    loop {
        let pause = match round(duty).await {
            Ok(true) => continue,
            Ok(false) => next(duty).await,
            Err(error) => {
                tracing::warn!(%error, "what came in waits for the store");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = ARRIVED.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Until something is due, or another node may have taken something in without our hearing of it.
async fn next(duty: &Duty) -> Duration {
    let longest: At = if duty.app.cluster.is_some() { 2_000 } else { 60_000 };
    let due_at = inbound::next_at(&duty.db).await.ok().flatten();
    let wait_ms = due_at.map_or(longest, |at| (at - duty.app.clock.now()).clamp(1, longest));
    Duration::from_millis(wait_ms as u64)
}

/// Takes what is due. False when nothing was.
async fn round(duty: &Duty) -> Result<bool, ReadError> {
    let due = inbound::due(&duty.db, duty.app.clock.now(), BATCH).await?;
    if due.is_empty() {
        return Ok(false);
    }
    let due: Vec<Item> = due.into_iter().map(Item::read).collect();
    let known = introduce(duty, &due).await?;
    let mut senders: BTreeMap<(ChannelId, String), Vec<Item>> = BTreeMap::new();
    for item in due {
        senders.entry((item.row.channel, item.row.term.clone())).or_default().push(item);
    }
    let known = &known;
    let outcomes: Vec<Vec<Statement>> = stream::iter(senders)
        .map(|(sender, items)| async move {
            let mut outcomes = vec![];
            for Item { row, heard } in items {
                let end = match heard {
                    Ok(heard) => handle(duty, known.get(&sender), &row, heard, &mut outcomes).await,
                    Err(error) => End::Dead(format!("what was kept cannot be read: {error}")),
                };
                let goes_on = !matches!(end, End::Again(_) | End::Fetching);
                outcomes.extend(written(duty, &row, end));
                if !goes_on {
                    break;
                }
            }
            outcomes
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    commit(duty, outcomes.into_iter().flatten().collect()).await?;
    Ok(true)
}

/// A row with what it holds.
struct Item {
    row: Inbound,
    heard: Result<Heard, serde_json::Error>,
}

impl Item {
    fn read(row: Inbound) -> Self {
        let heard = serde_json::from_str(&row.body);
        Self { row, heard }
    }
}

/// Senders by channel and term, each with the numbers of its messages in this round.
type Known = BTreeMap<(ChannelId, String), (Address, BTreeMap<RecordId, u32>)>;

/// Finds or makes the visitor behind each sender, and numbers the messages: one commit for all.
async fn introduce(duty: &Duty, due: &[Item]) -> Result<Known, ReadError> {
    let (mut known, mut statements) = (Known::new(), vec![]);
    for Item { row, heard } in due {
        // Receipts come from nobody.
        let Ok(Heard::Message(message)) = heard else { continue };
        let sender = (row.channel, row.term.clone());
        if !known.contains_key(&sender) {
            let found = address::get(&duty.db, row.channel, &row.term).await?;
            let address = found.unwrap_or_else(|| meet(duty, row, message, &mut statements));
            known.insert(sender.clone(), (address, BTreeMap::new()));
        }
        let Some((address, numbers)) = known.get_mut(&sender) else { continue };
        let n = match row.n {
            Some(n) => n,
            None => {
                address.last_n += 1;
                statements.push(address::numbered(row.channel, &row.term, address.last_n, row.received_at));
                statements.push(inbound::number(row.id, address.last_n));
                address.last_n
            }
        };
        numbers.insert(row.id, n);
    }
    commit(duty, statements).await?;
    Ok(known)
}

/// Somebody writes for the first time.
fn meet(duty: &Duty, row: &Inbound, message: &Message, statements: &mut Vec<Statement>) -> Address {
    let id = VisitorId(duty.app.next_id());
    let label = if message.label.is_empty() { row.term.clone() } else { message.label.clone() };
    let name = if message.name.is_empty() { label.clone() } else { message.name.clone() };
    statements.push(visitor::seen(&visitor::Visitor {
        id,
        name,
        lang: message.lang.unwrap_or_default(),
        first_seen_at: row.received_at,
        last_seen_at: row.received_at,
        ..visitor::Visitor::default()
    }));
    statements.push(address::insert(row.channel, &row.term, id, &label));
    Address { channel: row.channel, term: row.term.clone(), visitor: id, label, last_n: 0, heard_at: None }
}

/// What became of a row.
pub(super) enum End {
    Done(Option<ConversationId>),
    /// It rests until what the platform keeps of it is here.
    Fetching,
    Again(String),
    Dead(String),
}

pub(super) fn written(duty: &Duty, row: &Inbound, end: End) -> Option<Statement> {
    let now = duty.app.clock.now();
    let statement = match end {
        End::Fetching => return None,
        End::Done(conversation) => inbound::done(row.id, conversation, now),
        End::Again(error) if row.attempts + 1 < ATTEMPTS => {
            let pause_ms = (FIRST_PAUSE_MS << row.attempts.min(16)).min(LONGEST_PAUSE_MS);
            inbound::retry(row.id, now + pause_ms, &error)
        }
        End::Again(error) | End::Dead(error) => inbound::dead(row.id, &error, now),
    };
    Some(statement)
}

/// What it leaves to be written down goes with the round's outcomes.
async fn handle(
    duty: &Duty,
    sender: Option<&(Address, BTreeMap<RecordId, u32>)>,
    row: &Inbound,
    heard: Heard,
    outcomes: &mut Vec<Statement>,
) -> End {
    match heard {
        Heard::Receipt { outside_id, state, reason } => {
            receipt(duty, row, &outside_id, state, reason, outcomes).await
        }
        Heard::Message(message) => {
            let Some((address, numbers)) = sender else { return End::Dead("it has no sender".into()) };
            let Some(n) = numbers.get(&row.id) else { return End::Dead("it has no number".into()) };
            if message.media.is_some() {
                let begun = fetching::begin(duty, row, *message).await;
                return begun.map_or_else(|error| End::Again(error.to_string()), |()| End::Fetching);
            }
            outcomes.extend(heed(duty, row, &message));
            let (is_wechat, union) = (is_wechat(duty, row.channel), message.union.clone());
            let origin = Sent { tab: TAB, n: *n, base: *n };
            match say(&duty.app, &duty.db, address, origin, *message).await {
                Ok(said) => {
                    if let Some(begun) = said.conversation.filter(|_| said.is_new && is_wechat) {
                        acquaint::begin(duty, address, begun, union);
                    }
                    End::Done(said.conversation)
                }
                Err(refused) => match refused.refusal {
                    Refusal::Unavailable | Refusal::Busy | Refusal::DiskFull | Refusal::Gap => {
                        End::Again(crate::sentences::refusal(refused.refusal, yingda_core::lang::Lang::En))
                    }
                    other => End::Dead(crate::sentences::refusal(other, yingda_core::lang::Lang::En)),
                },
            }
        }
    }
}

fn is_wechat(duty: &Duty, channel: ChannelId) -> bool {
    let directory = duty.app.directory();
    directory.channels.get(&channel).is_some_and(|it| it.setup.medium() == Medium::Wechat)
}

/// Whoever asks for no more batches gets none from here on.
fn heed(duty: &Duty, row: &Inbound, message: &Message) -> Option<Statement> {
    let directory = duty.app.directory();
    let rules = outreach::rules(directory.channels.get(&row.channel)?)?;
    let Some(Content::Text { text }) = &message.content else { return None };
    is_stop(rules, text).then(|| opt_outs::opt_out("phone", &row.term, text.trim(), duty.app.clock.now()))
}

/// The other side told what became of a message of ours.
async fn receipt(
    duty: &Duty,
    row: &Inbound,
    outside_id: &str,
    state: Delivery,
    reason: String,
    outcomes: &mut Vec<Statement>,
) -> End {
    let found = match outbound::outside(&duty.db, row.channel, outside_id).await {
        Ok(Some(found)) => found,
        // Its sending may not have been written down yet.
        Ok(None) if row.attempts < 6 => return End::Again("no message is known by this name".into()),
        Ok(None) => return End::Dead("no message is known by this name".into()),
        Err(error) => return End::Again(error.to_string()),
    };
    // An earlier state that arrives late changes nothing.
    if found.state == "delivered" || (state == Delivery::Sent && found.state == "sent") {
        return End::Done(found.conversation);
    }
    outcomes.push(outbound::receipt(found.id, state, &reason));
    if state == Delivery::Failed
        && let Err(problem) = suspect::mark(duty, row.channel, &found, &reason).await
    {
        tracing::warn!(code = ?problem.code, "a number that is not reached could not be marked");
    }
    let Some(conversation) = found.conversation else { return End::Done(None) };
    match tell(duty, conversation, found.id as u64, state, reason).await {
        Ok(()) => End::Done(Some(conversation)),
        Err(refused) if refused.refusal == Refusal::Unavailable => End::Again("the site is away".into()),
        Err(_) => End::Done(Some(conversation)),
    }
}

/// Lets the conversation know what became of a message.
pub(super) async fn tell(
    duty: &Duty,
    conversation: ConversationId,
    message: u64,
    state: Delivery,
    reason: String,
) -> Result<(), Refused> {
    let command = Command::Conversation(conversation, Act::Delivered { message, state, reason });
    duty.app.site.send(Envelope { actor: Actor::System, origin: None, command }).await.map(drop)
}

async fn commit(duty: &Duty, statements: Vec<Statement>) -> Result<(), ReadError> {
    if statements.is_empty() {
        return Ok(());
    }
    match duty.db.commit(Batch { statements, ..Batch::default() }).await {
        // Another node was here first: what it wrote is read next time.
        Err(CommitError::Stale { .. }) => Err(ReadError::Unavailable("another node was here first".into())),
        other => Ok(other?),
    }
}
