//! The gateway: every way by which messages come in and replies go out, apart from the product's own chat.
//!
//! What comes in is a durable row before the other side is told so, and becomes a command of the conversation it
//! belongs to (`intake`). What goes out is a row in the same commit as the message (`core/effect.rs`), and leaves by
//! its channel's own task (`sender`), so that one that hangs holds up nobody else.

mod acquaint;
pub mod attach;
mod breaker;
pub mod connector;
mod fetching;
pub mod heard;
mod intake;
pub mod keys;
pub mod mail;
pub mod outreach;
pub mod phone;
pub mod platform;
pub mod reach;
pub mod say;
mod sender;
pub mod sites;
mod smpp;
mod sms;
pub mod sms_http;
pub mod standing;
mod suspect;
pub mod template;
pub mod wechat;
mod wire;

pub use mail::lmtp;

use crate::{jobs::Duty, tasks};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{config::Channel, id::ChannelId};

/// Something was stored that has to leave.
pub static LEAVING: Notify = Notify::const_new();
/// Something came in, or was sent on its way again by hand.
pub static ARRIVED: Notify = Notify::const_new();

/// Tasks of one channel, as it was configured; they stop when this is dropped.
struct Running {
    channel: Arc<Channel>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

pub fn start(duty: Duty) -> Vec<JoinHandle<()>> {
    let own = duty.clone();
    vec![
        tasks::start("intake", async move {
            tokio::select! {
                () = intake::run(&own) => {}
                () = tasks::stopping() => {}
            }
        }),
        tasks::start("channels", async move {
            tokio::select! {
                () = keep(&duty) => {}
                () = tasks::stopping() => {}
            }
        }),
    ]
}

/// Each channel's tasks run as long as it is switched on and stays as it is.
async fn keep(duty: &Duty) {
    let mut running: BTreeMap<ChannelId, Running> = BTreeMap::new();
    let mut latest = duty.app.directory.follow();
    loop {
        let directory = latest.borrow_and_update().clone();
        let now = |id: &ChannelId| directory.channels.get(id).filter(|it| it.enabled);
        running.retain(|id, it| now(id).is_some_and(|now| Arc::ptr_eq(now, &it.channel)));
        for (id, channel) in directory.channels.iter().filter(|(_, it)| it.enabled) {
            running.entry(*id).or_insert_with(|| run(duty, *id, channel));
        }
        if latest.changed().await.is_err() {
            return;
        }
    }
}

fn run(duty: &Duty, id: ChannelId, channel: &Arc<Channel>) -> Running {
    let mut tasks = vec![];
    if channel.setup.sends() {
        let (duty, channel) = (duty.clone(), channel.clone());
        tasks.push(tasks::start("sender", async move { sender::run(&duty, id, &channel).await }));
    }
    if let Some(listening) = connector::listen(duty, id, channel) {
        tasks.push(tasks::start("receiver", listening));
    }
    Running { channel: channel.clone(), tasks }
}
