//! Events become bytes once: what is stored, chained and sent is the same.

use crate::random;
use bytes::Bytes;
use yingda_core::{
    At,
    chain::{self, Hash, Header},
    engine::Output,
    event::{Event, Fact, Subject},
    log::Routed,
};
use yingda_store::{
    AgentWrite, Batch, ConversationWrite, EventRow, Statement,
    event::{actor_code, subject_code},
    file, outbound,
};

/// A committed event as the hub needs it.
#[derive(Debug)]
pub struct Frame {
    pub routed: Routed,
    pub bytes: Bytes,
}

pub struct Encoder {
    /// The chain's hash after the last commit, and after what is being committed.
    head: Hash,
    next: Hash,
    /// Random bytes drawn ahead.
    salts: Vec<u8>,
}

const SALT: usize = 16;
/// So many salts are drawn at a time.
const DRAW: usize = 256;

impl Encoder {
    pub fn new(head: Hash) -> Self {
        Self { head, next: head, salts: vec![] }
    }

    pub fn committed(&mut self) {
        self.head = self.next;
    }

    pub fn rolled_back(&mut self) {
        self.next = self.head;
    }

    /// Makes rows and frames of what the engine decided. `riders` are rows that go along.
    pub fn batch(&mut self, output: Output, mut riders: Vec<Statement>, now: At) -> (Batch, Vec<Frame>) {
        riders.extend(output.effects.into_iter().flat_map(|effect| outbound::effect(effect, now)));
        let mut rows = Vec::with_capacity(output.events.len());
        let mut frames = Vec::with_capacity(output.events.len());
        let mut sources = vec![];
        for routed in output.events {
            let salt = self.salt();
            let event = &routed.event;
            if let (Subject::Conversation(id), Fact::ConversationStarted { source, .. }) =
                (event.on, &event.fact)
            {
                sources.push((id, source.clone()));
            }
            // From here on the file is for those who may read the conversation.
            if let (Subject::Conversation(id), Fact::MessagePosted { content, .. }) = (event.on, &event.fact)
            {
                riders.extend(content.files().into_iter().map(|file| file::attach(file, id)));
            }
            if let (Subject::Conversation(id), Fact::CallRecorded(it)) = (event.on, &event.fact) {
                riders.push(file::attach(it.file, id));
            }
            let bytes = frame(event);
            rows.push(self.row(event, routed.prev, bytes.clone(), salt));
            frames.push(Frame { routed, bytes });
        }
        let conversations = output.conversations.into_iter().map(|state| {
            // A live state is plain data: writing it as JSON cannot fail.
            let live = serde_json::to_string(&state).expect("a conversation is JSON");
            let source = sources.iter().find(|(id, _)| *id == state.id).map(|(_, source)| source.clone());
            ConversationWrite { live, source, state }
        });
        let batch = Batch {
            events: rows,
            conversations: conversations.collect(),
            pulses: output.pulses,
            agents: output.agents.into_iter().map(|agent| AgentWrite { agent }).collect(),
            statements: riders,
        };
        (batch, frames)
    }

    fn salt(&mut self) -> [u8; SALT] {
        if self.salts.is_empty() {
            self.salts.extend(random::bytes::<{ SALT * DRAW }>());
        }
        let mut salt = [0; SALT];
        let rest = self.salts.len() - SALT;
        salt.copy_from_slice(&self.salts[rest..]);
        self.salts.truncate(rest);
        salt
    }

    fn row(&mut self, event: &Event, prev: u64, body: Bytes, salt: [u8; SALT]) -> EventRow {
        let (on_kind, on_id) = subject_code(event.on);
        let (actor_kind, actor_id) = actor_code(event.by);
        let audience = match event.to {
            yingda_core::event::Audience::Customer => 0,
            yingda_core::event::Audience::Staff => 1,
        };
        // The private part is plain data as well.
        let private =
            event.private.as_ref().map(|it| serde_json::to_string(it).expect("a private part is JSON"));
        let kind = event.fact.kind();
        let header = Header {
            site: 1,
            seq: event.seq,
            at: event.at,
            on_kind,
            on_id,
            kind,
            actor_kind,
            actor_id,
            audience,
        };
        let digest = chain::digest(&salt, &body, private.as_deref());
        self.next = chain::link(&self.next, header, &digest);
        EventRow {
            seq: event.seq,
            at: event.at,
            on_kind,
            on_id,
            kind,
            audited: event.fact.is_audited(),
            actor_kind,
            actor_id,
            audience,
            body,
            private,
            salt,
            digest,
            hash: self.next,
            prev,
        }
    }
}

/// The event's frame: `{"t":"event",` and the event's own members.
pub fn frame(event: &Event) -> Bytes {
    const HEAD: &[u8] = br#"{"t":"event""#;
    let mut bytes = Vec::with_capacity(384);
    bytes.extend_from_slice(HEAD);
    // Writing plain data to memory cannot fail.
    serde_json::to_writer(&mut bytes, event).expect("an event is JSON");
    bytes[HEAD.len()] = b',';
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use yingda_core::{actor::Actor, conversation::Content, event::*, id::*};
    use yingda_wire::frame::ServerFrame;

    #[test]
    fn a_frame_reads_back_as_its_event() {
        let event = Event {
            seq: 7,
            at: 5,
            on: Subject::Conversation(ConversationId(9)),
            by: Actor::Visitor { id: VisitorId(3) },
            to: Audience::Customer,
            from: Some(Origin { tab: Tab(4), n: 2 }),
            fact: Fact::MessagePosted {
                content: Content::Text { text: "你好".into() },
                author: Author::Person,
                leaves_at: None,
            },
            private: None,
        };
        let bytes = frame(&event);
        let ServerFrame::Event(read) = serde_json::from_slice(&bytes).unwrap() else {
            panic!("another frame")
        };
        assert_eq!(read, event);
    }
}
