//! What is never stored, from node to node: typing, places in a queue, who browses, invitations by hand.

use super::bus::{Bus, LARGEST};
use crate::hub::Hub;
use async_nats::Subscriber;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use yingda_core::{At, actor::Actor, id::*};
use yingda_wire::{
    frame::{LiveVisitor, ServerFrame},
    http::NodeFigures,
};

const QUEUE: usize = 8_192;
const BATCH: usize = 256;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Gossip {
    Typing {
        by: Actor,
        conversation: ConversationId,
        on: bool,
        preview: String,
    },
    ToVisitor(VisitorId, ServerFrame),
    ToWidget(WidgetId, ServerFrame),
    Seen(Box<LiveVisitor>),
    Left(VisitorId),
    Invited {
        by: UserId,
        visitor: VisitorId,
        frame: ServerFrame,
        now_at: At,
    },
    Answered(VisitorId),
    /// How the node is doing that says so.
    Figures(Box<NodeFigures>),
    /// A node is new, or was cut off: who browses where?
    WhoIsThere,
}

/// The hub's way to the other nodes. What does not fit is lost, as words in the air are.
#[derive(Clone)]
pub struct Mouth(mpsc::Sender<Gossip>);

impl Mouth {
    pub fn new() -> (Self, Ear) {
        let (mouth, ear) = mpsc::channel(QUEUE);
        (Self(mouth), Ear(ear))
    }

    pub fn say(&self, gossip: Gossip) {
        // Full: nobody is owed what is never stored.
        let _ = self.0.try_send(gossip);
    }
}

pub struct Ear(mpsc::Receiver<Gossip>);

impl Ear {
    /// Carries words out and in as long as the process lives.
    pub async fn run(self, bus: Bus, node: i64, mut heard: Subscriber, hub: Hub) {
        let Ear(mut said) = self;
        let mut connections = bus.connections();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                count = said.recv_many(&mut batch, BATCH) => if count == 0 { return },
                message = heard.next() => match message {
                    Some(message) => {
                        let words = message.payload.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                        for word in words {
                            match serde_json::from_slice::<(i64, Gossip)>(word) {
                                Ok((from, gossip)) => hub.hear(from, gossip),
                                // A newer node says more than this one understands.
                                Err(error) => tracing::debug!(%error, "gossip that is not understood"),
                            }
                        }
                    }
                    None => return,
                },
                changed = connections.changed() => if changed.is_ok() { batch.push(Gossip::WhoIsThere) },
            }
            if !bus.is_up() {
                batch.clear();
                continue;
            }
            let mut text = vec![];
            for gossip in batch.drain(..) {
                // Plain data: writing it to memory cannot fail.
                serde_json::to_writer(&mut text, &(node, gossip)).expect("gossip is JSON");
                text.push(b'\n');
                if text.len() > LARGEST {
                    publish(&bus, std::mem::take(&mut text)).await;
                }
            }
            publish(&bus, text).await;
        }
    }
}

async fn publish(bus: &Bus, text: Vec<u8>) {
    if !text.is_empty()
        && let Err(error) = bus.client.publish(bus.gossip(), text.into()).await
    {
        tracing::debug!(%error, "gossip was not taken");
    }
}
