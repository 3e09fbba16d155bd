//! Rows for tests: a log whose chain is real.

use std::collections::BTreeMap;
use yingda_core::{
    chain::{self, Header},
    conversation::{Conversation, Phase},
    id::*,
    pulse::Pulse,
};
use yingda_store::{Batch, ConversationWrite, EventRow};

pub const DAY: i64 = 1_795_305_600_000;

/// The event after `before`, about a conversation.
pub fn event(before: Option<&EventRow>, kind: &'static str, conversation: i64) -> EventRow {
    let seq = before.map_or(1, |it| it.seq + 1);
    let prev = before.map_or([0; 32], |it| it.hash);
    let body = format!("{{\"seq\":{seq},\"kind\":\"{kind}\",\"text\":\"你好 \\u0000 'x'\"}}");
    let salt = [seq as u8; 16];
    let private = seq.is_multiple_of(3).then(|| format!("{{\"why\":{seq}}}"));
    let digest = chain::digest(&salt, body.as_bytes(), private.as_deref());
    let at = DAY + seq as i64 * 1000;
    let header = Header {
        site: 1,
        seq,
        at,
        on_kind: 1,
        on_id: conversation,
        kind,
        actor_kind: 3,
        actor_id: 7,
        audience: (seq % 2) as i16,
    };
    EventRow {
        seq,
        at,
        on_kind: 1,
        on_id: conversation,
        kind,
        audited: kind != "message_posted",
        actor_kind: 3,
        actor_id: 7,
        audience: (seq % 2) as i16,
        body: body.into(),
        private,
        salt,
        digest,
        hash: chain::link(&prev, header, &digest),
        // `events` gives each of five conversations its turn.
        prev: (1..seq).rev().find(|it| turn(*it) == conversation).unwrap_or(0),
    }
}

fn turn(seq: u64) -> i64 {
    (seq as i64 - 1) % 5 + 1
}

/// So many events after `before`, on conversations 1 to 5 in turn.
pub fn events(before: Option<&EventRow>, count: usize, kind: &'static str) -> Vec<EventRow> {
    let mut all: Vec<EventRow> = Vec::with_capacity(count);
    for _ in 0..count {
        let last = all.last().or(before);
        let conversation = turn(last.map_or(0, |it| it.seq) + 1);
        let next = event(last, kind, conversation);
        all.push(next);
    }
    all
}

pub fn batch(events: Vec<EventRow>) -> Batch {
    let last = |it: &EventRow| Pulse {
        conversation: ConversationId(it.on_id),
        last_seq: it.seq,
        ..Pulse::default()
    };
    // Of each conversation one, the last.
    let pulses: BTreeMap<_, _> = events.iter().map(|it| (it.on_id, last(it))).collect();
    Batch { events, pulses: pulses.into_values().collect(), ..Batch::default() }
}

pub fn conversation(id: i64) -> Conversation {
    Conversation {
        id: ConversationId(id),
        visitor: VisitorId(1000 + id),
        line: LineId(3),
        queue: Some(QueueId(40)),
        phase: Phase::Waiting,
        started_at: DAY + id,
        last_at: DAY + id,
        last_seq: 1,
        preview: format!("第 {id} 句"),
        ..Conversation::default()
    }
}

pub fn write(state: &Conversation) -> ConversationWrite {
    let live = serde_json::to_string(state).expect("live state has a JSON form");
    ConversationWrite { state: state.clone(), live, source: None }
}
