//! Fans committed events out to every socket that may see them, and carries what is never stored.
//!
//! A socket whose queue is full is dropped and resumes; nobody else waits for it.

mod figures;
mod floor;
mod presence;
mod queue;

use crate::{
    cluster::gossip::{Gossip, Mouth},
    site::{Done, Refused, encode::Frame},
    tasks,
};
use bytes::Bytes;
pub use floor::View;
use hashbrown::{HashMap, HashSet};
use presence::Presence;
pub use queue::Frames;
use queue::{Feed, queue};
use smallvec::SmallVec;
use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use yingda_core::{
    At,
    actor::Actor,
    directory::Directory,
    event::{Audience, Event, Fact},
    id::*,
    lang::Lang,
    log::Route,
};
use yingda_wire::{
    frame::{LiveVisitor, ServerFrame},
    http::NodeFigures,
};

/// Frames that wait for one visitor's socket, and for one console's, which hears of a whole floor.
const VISITOR_QUEUE: usize = 256;
const STAFF_QUEUE: usize = 4_096;
/// Changes among those who browse are told together.
const VISITORS_PACE: Duration = Duration::from_secs(1);
/// An invitation by hand waits so long for its answer.
const INVITE_MS: At = 15 * 60_000;

/// In the list of who browses where: on this node.
const HERE: i64 = -1;

pub type SocketKey = u64;

/// A frame on its way to a socket. `seq` is 0 for what is not an event.
#[derive(Clone, Debug)]
pub struct Out {
    pub seq: u64,
    pub bytes: Bytes,
}

#[derive(Clone, Default)]
pub struct Hub {
    inner: Arc<Mutex<Inner>>,
    /// The way to other nodes, where there are any.
    mouth: Option<Mouth>,
}

#[derive(Default)]
struct Inner {
    next: SocketKey,
    sockets: HashMap<SocketKey, Socket>,
    visitors: HashMap<VisitorId, SmallVec<[SocketKey; 1]>>,
    users: HashMap<UserId, SmallVec<[SocketKey; 2]>>,
    watchers: HashMap<ConversationId, SmallVec<[SocketKey; 2]>>,
    /// All consoles, for what concerns queues and agents.
    consoles: HashSet<SocketKey>,
    /// Who takes part in an open conversation, for what is never stored.
    parts: HashMap<ConversationId, Part>,
    presence: Presence,
    /// Who asked a visitor to talk, so that the answer reaches them.
    invites: HashMap<VisitorId, (UserId, At)>,
    /// Who carries calls is told what becomes of conversations.
    telephone: Option<UnboundedSender<Event>>,
    /// How each node is doing, by its own word.
    figures: HashMap<i64, NodeFigures>,
}

/// A conversation's people.
#[derive(Clone, Debug, Default)]
struct Part {
    visitor: VisitorId,
    users: SmallVec<[UserId; 1]>,
}

struct Socket {
    feed: Feed,
    lang: Lang,
    who: Who,
}

enum Who {
    Visitor { visitor: VisitorId, widget: WidgetId },
    Staff(Box<Staff>),
}

struct Staff {
    user: UserId,
    session: [u8; 32],
    view: View,
    watches: SmallVec<[ConversationId; 2]>,
}

impl Hub {
    /// Starts to tell consoles of who browses.
    pub fn new(mouth: Option<Mouth>) -> Self {
        let hub = Self { inner: Arc::default(), mouth };
        tasks::start("visitors", hub.clone().tell_of_visitors());
        hub
    }

    fn say(&self, gossip: impl FnOnce() -> Gossip) {
        if let Some(mouth) = &self.mouth {
            mouth.say(gossip());
        }
    }

    /// What another node's hub said.
    pub fn hear(&self, from: i64, gossip: Gossip) {
        match gossip {
            Gossip::Typing { by, conversation, on, preview } => {
                self.show_typing(by, conversation, on, preview);
            }
            Gossip::ToVisitor(visitor, frame) => self.show_visitor(visitor, &frame),
            Gossip::ToWidget(widget, frame) => self.show_widget(widget, &frame),
            Gossip::Seen(visitor) => self.lock().presence.see(from, *visitor),
            Gossip::Left(visitor) => self.lock().presence.gone(visitor),
            Gossip::Invited { by, visitor, frame, now_at } => {
                let mut inner = self.lock();
                inner.invited(by, visitor, now_at);
                if let Some(keys) = inner.visitors.get(&visitor).cloned() {
                    inner.send_all(&keys, Out::of(&frame));
                }
            }
            Gossip::Figures(figures) => drop(self.lock().figures.insert(from, *figures)),
            Gossip::Answered(visitor) => drop(self.lock().invites.remove(&visitor)),
            Gossip::WhoIsThere => {
                for visitor in self.lock().presence.own() {
                    self.say(|| Gossip::Seen(Box::new(visitor)));
                }
            }
        }
    }

    /// Only these nodes are there: who browsed on others has left.
    pub fn nodes(&self, there: &[i64]) {
        let mut inner = self.lock();
        inner.presence.keep(there);
        inner.keep_figures(there);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What happens to conversations, for who carries their calls.
    pub fn telephone(&self) -> UnboundedReceiver<Event> {
        let (sender, receiver) = unbounded_channel();
        self.lock().telephone = Some(sender);
        receiver
    }

    // ── sockets come and go ──

    pub fn join_visitor(&self, visitor: VisitorId, widget: WidgetId, lang: Lang) -> (SocketKey, Frames) {
        let mut inner = self.lock();
        let (key, frames) = inner.add(lang, Who::Visitor { visitor, widget });
        inner.visitors.entry(visitor).or_default().push(key);
        (key, frames)
    }

    /// A console's socket; true when it is the user's first.
    pub fn join_staff(
        &self,
        user: UserId,
        session: [u8; 32],
        lang: Lang,
        directory: &Directory,
    ) -> (SocketKey, Frames, bool) {
        let view = View::of(directory, user);
        let mut inner = self.lock();
        let staff = Staff { user, session, view, watches: SmallVec::new() };
        let (key, frames) = inner.add(lang, Who::Staff(Box::new(staff)));
        let keys = inner.users.entry(user).or_default();
        keys.push(key);
        let first = keys.len() == 1;
        inner.consoles.insert(key);
        (key, frames, first)
    }

    /// The socket is gone. For a user's last one the user is given back.
    pub fn leave(&self, key: SocketKey) -> Option<UserId> {
        let (last_of, left) = self.lock().remove(key);
        if let Some(visitor) = left {
            self.say(|| Gossip::Left(visitor));
        }
        last_of
    }

    /// Ends some sockets, so that their clients connect elsewhere. False when there are none left.
    pub fn send_away(&self, most: usize) -> bool {
        let mut inner = self.lock();
        let open = inner.sockets.values_mut().filter(|socket| !socket.feed.is_over());
        let ended = open.take(most).map(|socket| socket.feed.end()).count();
        ended > 0
    }

    pub fn sockets(&self) -> usize {
        self.lock().sockets.len()
    }

    pub fn connected_users(&self) -> Vec<UserId> {
        let mut users: Vec<_> = self.lock().users.keys().copied().collect();
        users.sort_unstable();
        users
    }

    /// The configuration or the live state is another: who may see what is computed anew, and every console asks for its
    /// desk again.
    pub fn refresh(&self, directory: &Directory) {
        let mut inner = self.lock();
        let mut changed = vec![];
        for (key, socket) in &mut inner.sockets {
            if let Who::Staff(staff) = &mut socket.who {
                staff.view = View::of(directory, staff.user);
                changed.push(*key);
            }
        }
        inner.send_all(&changed, Out::of(&ServerFrame::Reload));
    }

    /// Ends a user's sockets: those of one session, or all when none is named.
    pub fn sign_out(&self, user: UserId, session: Option<[u8; 32]>, reason: &str) {
        let mut inner = self.lock();
        let keys: Vec<_> = inner.users.get(&user).map(|keys| keys.to_vec()).unwrap_or_default();
        let ended: Vec<_> = keys
            .into_iter()
            .filter(|key| match inner.sockets.get(key).map(|socket| &socket.who) {
                Some(Who::Staff(staff)) => session.is_none_or(|session| staff.session == session),
                _ => false,
            })
            .collect();
        inner.send_all(&ended, Out::of(&ServerFrame::SignedOut { reason: reason.into() }));
    }

    // ── events ──

    /// Sends committed events, in order, to all who may see them.
    pub fn publish(&self, frames: &[Frame]) {
        let mut inner = self.lock();
        for frame in frames {
            let event = &frame.routed.event;
            inner.publish(event.seq, &frame.routed.route, &frame.bytes, Some(event));
        }
    }

    /// Sends an event that another node has committed. Without `event` it changes nothing of what is kept here.
    pub fn publish_one(&self, seq: u64, route: &Route, bytes: Bytes, event: Option<&Event>) {
        self.lock().publish(seq, route, &bytes, event);
    }

    /// Sends an event that did not arrive in time, as far as this hub knows whom it concerns.
    pub fn publish_missed(&self, event: &Event, bytes: Bytes) {
        let mut inner = self.lock();
        let conversation = event.on.conversation();
        let part = conversation.and_then(|id| inner.parts.get(&id)).cloned().unwrap_or_default();
        let is_for_visitor = event.to == Audience::Customer && part.visitor != VisitorId::default();
        let route = Route {
            visitor: is_for_visitor.then_some(part.visitor),
            users: part.users.iter().copied().collect(),
            conversation,
            ..Route::default()
        };
        inner.publish(event.seq, &route, &bytes, Some(event));
    }

    /// Answers a socket's command, unless its own event does.
    pub fn answer(
        &self,
        to: SocketKey,
        n: u32,
        conversation: Option<ConversationId>,
        result: Result<Done, Refused>,
        own_event: bool,
    ) {
        let mut inner = self.lock();
        let Some(socket) = inner.sockets.get(&to) else { return };
        let frame = match result {
            Ok(_) if own_event => return,
            Ok(done) => {
                ServerFrame::Done { n, conversation: done.conversation.or(conversation), seq: done.seq }
            }
            Err(refused) => ServerFrame::Refused {
                n,
                conversation,
                code: refused.refusal,
                message: crate::sentences::refusal(refused.refusal, socket.lang),
                expected: refused.expected,
            },
        };
        inner.send(to, Out::of(&frame));
    }

    pub fn to_visitor(&self, visitor: VisitorId, frame: &ServerFrame) {
        self.show_visitor(visitor, frame);
        self.say(|| Gossip::ToVisitor(visitor, frame.clone()));
    }

    fn show_visitor(&self, visitor: VisitorId, frame: &ServerFrame) {
        let mut inner = self.lock();
        if let Some(keys) = inner.visitors.get(&visitor).cloned() {
            inner.send_all(&keys, Out::of(frame));
        }
    }

    /// To everyone who has this widget open.
    pub fn to_widget(&self, widget: WidgetId, frame: &ServerFrame) {
        self.show_widget(widget, frame);
        self.say(|| Gossip::ToWidget(widget, frame.clone()));
    }

    fn show_widget(&self, widget: WidgetId, frame: &ServerFrame) {
        let mut inner = self.lock();
        let on_it = |socket: &Socket| matches!(socket.who, Who::Visitor { widget: it, .. } if it == widget);
        let keys: Vec<_> =
            inner.sockets.iter().filter(|(_, socket)| on_it(socket)).map(|(key, _)| *key).collect();
        inner.send_all(&keys, Out::of(frame));
    }

    /// Also receive a conversation's events, or no longer. Whether one may is checked before.
    pub fn watch(&self, key: SocketKey, conversation: ConversationId, on: bool) {
        const MOST: usize = 50;
        let mut inner = self.lock();
        let Some(Socket { who: Who::Staff(staff), .. }) = inner.sockets.get_mut(&key) else { return };
        staff.watches.retain(|it| *it != conversation);
        if on && staff.watches.len() < MOST {
            staff.watches.push(conversation);
        }
        let watchers = inner.watchers.entry(conversation).or_default();
        watchers.retain(|it| *it != key);
        if on {
            watchers.push(key);
        } else if watchers.is_empty() {
            inner.watchers.remove(&conversation);
        }
    }

    /// A conversation's people, as a rebuild or a snapshot knows them.
    pub fn know(
        &self,
        conversation: ConversationId,
        visitor: VisitorId,
        users: impl IntoIterator<Item = UserId>,
    ) {
        self.lock().parts.insert(conversation, Part { visitor, users: users.into_iter().collect() });
    }

    /// Someone types. Customers see staff type and the other way round; unsent words go to staff only.
    pub fn typing(&self, by: Actor, conversation: ConversationId, on: bool, preview: String) {
        self.say(|| Gossip::Typing { by, conversation, on, preview: preview.clone() });
        self.show_typing(by, conversation, on, preview);
    }

    fn show_typing(&self, by: Actor, conversation: ConversationId, on: bool, preview: String) {
        let mut inner = self.lock();
        let Some(part) = inner.parts.get(&conversation).cloned() else { return };
        let mut keys: SmallVec<[SocketKey; 4]> = SmallVec::new();
        match by {
            Actor::Visitor { id } if id != part.visitor => return,
            Actor::Visitor { .. } => {
                keys.extend(part.users.iter().filter_map(|user| inner.users.get(user)).flatten().copied());
                keys.extend(inner.watchers.get(&conversation).into_iter().flatten().copied());
            }
            Actor::User { id } if part.users.contains(&id) => {
                keys.extend(inner.visitors.get(&part.visitor).into_iter().flatten().copied());
            }
            _ => return,
        }
        let preview = if matches!(by, Actor::Visitor { .. }) { preview } else { String::new() };
        inner.send_all(&keys, Out::of(&ServerFrame::Typing { conversation, by, on, preview }));
    }

    /// A member of staff speaks first; false when the visitor is gone.
    pub fn invite(&self, by: UserId, visitor: VisitorId, frame: &ServerFrame, now: At) -> bool {
        let mut inner = self.lock();
        let keys = inner.visitors.get(&visitor).cloned();
        if keys.is_none() && inner.presence.get(visitor).is_none() {
            return false;
        }
        inner.invited(by, visitor, now);
        inner.send_all(&keys.unwrap_or_default(), Out::of(frame));
        drop(inner);
        self.say(|| Gossip::Invited { by, visitor, frame: frame.clone(), now_at: now });
        true
    }

    /// Who invited this visitor, once.
    pub fn take_invite(&self, visitor: VisitorId, now: At) -> Option<UserId> {
        let (by, until_at) = self.lock().invites.remove(&visitor)?;
        self.say(|| Gossip::Answered(visitor));
        (until_at > now).then_some(by)
    }

    // ── who browses ──

    /// The visitor looks at a page; consoles that may see visitors learn of it with the next flush.
    pub fn browse(&self, visitor: LiveVisitor) {
        self.say(|| Gossip::Seen(Box::new(visitor.clone())));
        self.lock().presence.see(HERE, visitor);
    }

    pub fn live_visitors(&self) -> Vec<LiveVisitor> {
        self.lock().presence.all()
    }

    pub fn live_visitor(&self, visitor: VisitorId) -> Option<LiveVisitor> {
        self.lock().presence.get(visitor)
    }

    /// Tells consoles every second who came, moved on and left.
    pub async fn tell_of_visitors(self) {
        let mut pace = tokio::time::interval(VISITORS_PACE);
        loop {
            pace.tick().await;
            self.flush_visitors();
        }
    }

    /// Sends what changed among the visitors since the last time.
    fn flush_visitors(&self) {
        let mut inner = self.lock();
        let Some(frame) = inner.presence.changes() else { return };
        let keys: Vec<_> = inner
            .sockets
            .iter()
            .filter(|(_, socket)| matches!(&socket.who, Who::Staff(staff) if staff.view.visitors))
            .map(|(key, _)| *key)
            .collect();
        inner.send_all(&keys, Out::of(&frame));
    }
}

impl Out {
    pub fn of(frame: &ServerFrame) -> Self {
        // A frame is plain data: writing it as JSON cannot fail.
        Self { seq: 0, bytes: serde_json::to_vec(frame).expect("a frame is JSON").into() }
    }
}

impl Inner {
    fn add(&mut self, lang: Lang, who: Who) -> (SocketKey, Frames) {
        let (feed, frames) = queue();
        self.next += 1;
        self.sockets.insert(self.next, Socket { feed, lang, who });
        (self.next, frames)
    }

    fn invited(&mut self, by: UserId, visitor: VisitorId, now: At) {
        self.invites.retain(|_, (_, until_at)| *until_at > now);
        self.invites.insert(visitor, (by, now + INVITE_MS));
    }

    /// The user whose last console this was, and the visitor whose last page.
    fn remove(&mut self, key: SocketKey) -> (Option<UserId>, Option<VisitorId>) {
        let Some(socket) = self.sockets.remove(&key) else { return (None, None) };
        match socket.who {
            Who::Visitor { visitor, .. } => {
                if let Some(keys) = self.visitors.get_mut(&visitor) {
                    keys.retain(|it| *it != key);
                    if keys.is_empty() {
                        self.visitors.remove(&visitor);
                        self.presence.gone(visitor);
                        return (None, Some(visitor));
                    }
                }
                (None, None)
            }
            Who::Staff(staff) => {
                self.consoles.remove(&key);
                for conversation in staff.watches {
                    if let Some(keys) = self.watchers.get_mut(&conversation) {
                        keys.retain(|it| *it != key);
                        if keys.is_empty() {
                            self.watchers.remove(&conversation);
                        }
                    }
                }
                let Some(keys) = self.users.get_mut(&staff.user) else { return (None, None) };
                keys.retain(|it| *it != key);
                if !keys.is_empty() {
                    return (None, None);
                }
                self.users.remove(&staff.user);
                (Some(staff.user), None)
            }
        }
    }

    fn send(&mut self, key: SocketKey, out: Out) {
        let Some(socket) = self.sockets.get(&key) else { return };
        let most = match socket.who {
            Who::Visitor { .. } => VISITOR_QUEUE,
            Who::Staff(_) => STAFF_QUEUE,
        };
        if !socket.feed.push(out, most) {
            // Its task sees the queue end, closes, and leaves by itself; the client resumes.
            tracing::info!(socket = key, most, "a socket does not take what is sent, and is let go");
            socket.feed.end();
        }
    }

    fn send_all(&mut self, keys: &[SocketKey], out: Out) {
        for key in keys {
            self.send(*key, out.clone());
        }
    }

    fn publish(&mut self, seq: u64, route: &Route, bytes: &Bytes, event: Option<&Event>) {
        if let Some(event) = event {
            self.follow(event, route);
            if let Some(telephone) = &self.telephone
                && matches!(
                    event.fact,
                    Fact::Assigned { .. } | Fact::SegmentEnded { .. } | Fact::ConversationClosed { .. }
                )
            {
                let _ = telephone.send(event.clone());
            }
        }
        let out = Out { seq, bytes: bytes.clone() };
        if let Some(visitor) = route.visitor
            && let Some(keys) = self.visitors.get(&visitor).cloned()
        {
            self.send_all(&keys, out.clone());
        }
        let mut staff: SmallVec<[SocketKey; 8]> = SmallVec::new();
        for user in &route.users {
            staff.extend(self.users.get(user).into_iter().flatten().copied());
        }
        if let Some(id) = route.conversation {
            staff.extend(self.watchers.get(&id).into_iter().flatten().copied());
        }
        if route.queue.is_some() || route.agent.is_some() {
            staff.extend(self.consoles.iter().copied().filter(|key| {
                match self.sockets.get(key).map(|it| &it.who) {
                    Some(Who::Staff(it)) => it.view.sees(route.queue, route.agent),
                    _ => false,
                }
            }));
        }
        staff.sort_unstable();
        staff.dedup();
        self.send_all(&staff, out);
    }

    /// Keeps who takes part in each open conversation.
    fn follow(&mut self, event: &Event, route: &Route) {
        let Some(id) = event.on.conversation() else { return };
        match &event.fact {
            Fact::ConversationStarted { visitor, .. } => {
                self.parts.insert(id, Part { visitor: *visitor, users: SmallVec::new() });
                self.presence.talks(*visitor, Some(id));
            }
            Fact::Assigned { agent, .. } | Fact::GuestJoined { agent, .. } => {
                let visitor = route.visitor;
                let part = self.parts.entry(id).or_default();
                if let Some(visitor) = visitor {
                    part.visitor = visitor;
                }
                if !part.users.contains(agent) {
                    part.users.push(*agent);
                }
            }
            Fact::SegmentEnded { agent, .. } | Fact::GuestLeft { agent } => {
                if let Some(part) = self.parts.get_mut(&id) {
                    part.users.retain(|it| it != agent);
                }
            }
            Fact::ConversationClosed { .. } => {
                if let Some(part) = self.parts.remove(&id) {
                    self.presence.talks(part.visitor, None);
                }
            }
            _ => {}
        }
    }
}
