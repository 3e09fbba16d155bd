//! Where a channel's messages find its session: each channel has one, in the task that keeps it.

use crate::channels::connector::Failure;
use rusmpp::pdus::SubmitSm;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use yingda_core::id::ChannelId;

/// A session that just ended is usually back at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message that wants to leave, and who waits for the answer.
pub struct Request {
    pub message: SubmitSm,
    pub reply: oneshot::Sender<Result<Answer, Failure>>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u32,
    /// The server's name for the message.
    pub name: String,
}

/// How a channel's session stands.
#[derive(Clone, Debug)]
pub enum Line {
    Bound(mpsc::Sender<Request>),
    /// And why.
    Away(String),
}

static LINES: Mutex<BTreeMap<ChannelId, watch::Sender<Line>>> = Mutex::new(BTreeMap::new());

fn fresh() -> watch::Sender<Line> {
    watch::Sender::new(Line::Away("the session has not begun yet".into()))
}

fn of(id: ChannelId) -> watch::Sender<Line> {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.entry(id).or_insert_with(fresh).clone()
}

/// Held by the task that keeps the session: when it ends, so does the line.
#[derive(Debug)]
pub struct Keeper(watch::Sender<Line>);

impl Keeper {
    /// A line of its own: a former keeper's last word does not end it.
    pub fn of(id: ChannelId) -> Self {
        let line = fresh();
        LINES.lock().unwrap_or_else(PoisonError::into_inner).insert(id, line.clone());
        Self(line)
    }

    pub fn is(&self, line: Line) {
        self.0.send_replace(line);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.is(Line::Away("the session was ended here".into()));
    }
}

pub fn is_bound(id: ChannelId) -> bool {
    matches!(&*of(id).borrow(), Line::Bound(_))
}

/// Sends one message, or a part of one, and waits for the server's answer.
pub async fn submit(id: ChannelId, message: SubmitSm) -> Result<Answer, Failure> {
    let mut line = of(id).subscribe();
    // Whichever way the wait ends, what the line is then decides.
    let _ =
        timeout(PATIENCE, line.wait_for(|line| matches!(line, Line::Bound(_)))).await.map(|it| it.map(drop));
    let line = line.borrow().clone();
    let requests = match line {
        Line::Bound(requests) => requests,
        Line::Away(why) => return Err(Failure::Down(why)),
    };
    let (reply, answer) = oneshot::channel();
    if requests.send(Request { message, reply }).await.is_err() {
        return Err(Failure::Down("the session ended".into()));
    }
    // Whether the server took it nobody knows: it is sent again, under the same reference.
    answer
        .await
        .unwrap_or_else(|_| Err(Failure::Later("the session ended before the server answered".into())))
}
