//! On the owner of a site: the other nodes' calls go into the loop, in the order in which they arrive.

use super::{
    call::{Answer, Call, Calls},
    link::{Link, To},
};
use crate::{
    app::Shared,
    site::{Ask, Reply},
    trace::{Kind, Span},
};
use async_nats::Subscriber;
use futures_util::StreamExt;
use std::sync::Arc;
use yingda_core::{command::Envelope, refusal::Refusal};

/// Until nobody listens any more.
pub async fn serve(app: Shared, link: Link, mut calls: Subscriber) {
    while let Some(message) = calls.next().await {
        let Ok(calls) = serde_json::from_slice::<Calls>(&message.payload) else {
            tracing::error!("calls of another node could not be read");
            continue;
        };
        if calls.until_at < app.clock.now() {
            tracing::warn!(node = calls.node, calls = calls.calls.len(), "calls that arrived too late");
            continue;
        }
        for (id, text) in calls.calls {
            let above = calls.traces.iter().find(|(of, _)| *of == id).and_then(|(_, text)| text.parse().ok());
            let span = above.map(|above| Arc::new(Span::below(&app.tracer, above, "call", Kind::Consumer)));
            let trace = span.as_ref().map(|span| hex::encode(span.place.trace));
            let to = To { link: link.clone(), node: calls.node, id, _span: span };
            let call = match serde_json::from_str::<Call>(text.get()) {
                Ok(call) => call,
                Err(error) => {
                    // Another version may say what this one does not understand.
                    tracing::error!(%error, node = calls.node, trace, "a call could not be read");
                    to.answer(Answer::Done(Err(Refusal::Unavailable.into()), false));
                    continue;
                }
            };
            tracing::debug!(node = calls.node, trace, "a call of another node");
            let is_over = app.site.give(ask(call, to.clone(), calls.node)).await.is_err();
            if is_over {
                to.answer(Answer::Done(Err(Refusal::Unavailable.into()), false));
            }
        }
    }
}

fn ask(call: Call, to: To, node: i64) -> Ask {
    match call {
        Call::Command(actor, origin, order) => {
            Ask::Command(Envelope { actor, origin, command: order.command() }, Reply::Far(to))
        }
        Call::Change(item) => Ask::Change(item, Reply::Far(to)),
        Call::Ask(question) => Ask::Read(Box::new(move |engine, now| {
            to.answer(Answer::Told(question.answer(engine, now)));
        })),
        Call::Ride(statement) => Ask::Ride(statement),
        Call::Here(users) => Ask::Here { node, users },
    }
}
