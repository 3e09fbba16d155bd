//! A visitor's first answer: who they are, what the widget looks like, what was said so far.

use super::{
    bad, final_problem, problem,
    visitor::{Visitor, short, widget_config},
};
use crate::{
    app::App,
    hub::{Frames, Out, SocketKey},
    identify,
    problem::Code,
    site::question::Question,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use yingda_core::{
    At,
    agent::AgentState,
    config::BanWhat,
    conversation::{Conversation, Phase, Source},
    engine::Engine,
    event::Persona,
    id::*,
    lang::Lang,
};
use yingda_store::{ReadError, conversation, customer, event, visitor};
use yingda_wire::{
    frame::{Hello, LEVEL, ServerFrame, VisitorConversation, Welcome},
    http::VisitorConfig,
};

/// So many events come with the welcome; older ones by HTTP.
const EVENTS: usize = 50;

pub struct First {
    pub frame: Out,
    /// Events up to here are in it.
    pub seq: u64,
}

type Opened = (Visitor, SocketKey, Frames, First);

pub async fn open(app: &App, hello: Box<Hello>, ip: IpAddr, lang: Lang) -> Result<Opened, ServerFrame> {
    let Some(config) = widget_config(app, hello.widget) else {
        return Err(bad("There is no such widget."));
    };
    let known = hello.token.as_deref().and_then(|token| app.secrets.read_visitor_token(token));
    let id = known.unwrap_or_else(|| VisitorId(app.next_id()));
    let now = app.clock.now();
    if is_banned(app, id, ip, now) {
        return Err(final_problem(Code::Refused(yingda_core::refusal::Refusal::Banned), lang));
    }
    let away = |error: ReadError| {
        tracing::warn!(%error, "a visitor could not be welcomed");
        problem(Code::Refused(yingda_core::refusal::Refusal::Unavailable), lang)
    };
    let stored = match known {
        Some(id) => visitor::get(&app.db, id).await.map_err(away)?,
        None => None,
    };
    let may_follow = hello.consent || !config.wait_for_consent;
    let source = if may_follow { whence(&hello.source) } else { Source::default() };
    let seen = visitor::Visitor {
        id,
        widget: Some(hello.widget),
        customer: None,
        name: String::new(),
        lang,
        first_seen_at: now,
        last_seen_at: now,
        visits: 1,
        notice_version: 0,
        notice_at: None,
        guardian: false,
        ip: ip.to_string(),
        browser: String::new(),
        landing: source.landing.clone(),
        referrer: source.referrer.clone(),
        campaign: source.campaign.clone(),
    };
    app.site.ride(visitor::seen(&seen)).await;
    let mut me = Visitor {
        id,
        tab: hello.tab,
        widget: hello.widget,
        lang,
        customer: stored.as_ref().and_then(|it| it.customer),
        conversation: None,
        returning: stored.is_some(),
        vip: false,
        source: Box::new(source),
        may_follow,
    };
    if let Some(identity) = &hello.identity
        && identify::is_vouched(app, hello.widget, identity)
    {
        me.customer = identify::vouched(app, id, identity).await.map_err(away)?;
    } else if app.directory().widgets.get(&hello.widget).is_some_and(|widget| widget.require_identity) {
        return Err(problem(Code::BadToken, lang));
    }
    if let Some(customer) = me.customer {
        me.vip = customer::get(&app.db, customer).await.map_err(away)?.is_some_and(|it| it.card.vip);
    }
    // Listen first, then read: what happens between is in the queue, and known by its position.
    let (key, queue) = app.hub.join_visitor(id, hello.widget, lang);
    match first(app, &mut me, hello, config, stored.map_or(0, |it| it.notice_version), now).await {
        Ok(first) => Ok((me, key, queue, first)),
        Err(error) => {
            app.hub.leave(key);
            Err(away(error))
        }
    }
}

/// Where the visitor came from, as far as it is kept.
pub(super) fn whence(source: &Source) -> Source {
    Source {
        page: short(&source.page, 1_000),
        page_title: short(&source.page_title, 200),
        landing: short(&source.landing, 1_000),
        referrer: short(&source.referrer, 1_000),
        campaign: short(&source.campaign, 200),
    }
}

async fn first(
    app: &App,
    me: &mut Visitor,
    hello: Box<Hello>,
    config: VisitorConfig,
    notice_version: u32,
    now: At,
) -> Result<First, ReadError> {
    let (id, widget) = (me.id, me.widget);
    let live = app.site.ask(VisitorNow { visitor: id, widget }).await;
    let live = live.map_err(|_| ReadError::Unavailable("the site's loop is away".into()))?;
    let mut open = live.conversation;
    if open.is_none() && me.returning {
        let reopen_ms = i64::from(app.settings().reopen_hours) * 3_600_000;
        let last = conversation::of_visitor(&app.db, id, 1).await?.pop();
        open = last.filter(|it| it.merged_into.is_none() && it.closed_at.unwrap_or(now) + reopen_ms > now);
    }
    let mut events = vec![];
    let mut more = false;
    if let Some(conversation) = &open {
        me.conversation = Some(conversation.id);
        let page = match hello.after {
            Some(after) => event::Part::After(after),
            None => event::Part::Before(live.seq + 1),
        };
        let found = event::of_conversation(&app.db, conversation.id, page, EVENTS + 1, true).await?;
        more = found.len() > EVENTS;
        let read = found.into_iter().filter(|it| it.seq <= live.seq).filter_map(|it| it.event());
        events = read.collect();
        if more {
            match hello.after {
                // Too much was missed: the latest instead, and the rest on demand.
                Some(_) => events.truncate(EVENTS),
                None => drop(events.remove(0)),
            }
        }
    }
    let agent = open.as_ref().and_then(|it| it.agent);
    let frame = ServerFrame::Welcome(Box::new(Welcome {
        visitor: id,
        token: app.secrets.visitor_token(id),
        level: LEVEL,
        seq: live.seq,
        now_at: now,
        config: VisitorConfig { team: live.team, ..config },
        staffed: live.staffed,
        conversation: open.map(|it| VisitorConversation {
            id: it.id,
            phase: it.phase,
            read_by_staff: it.read_by_staff,
            agent: agent.and(live.persona),
            rating: it.rating,
            position: live.place.map(|(position, _)| position),
            wait_s: live.place.and_then(|(_, wait_s)| wait_s),
        }),
        events,
        more,
        notice_version,
    }));
    Ok(First { frame: Out::of(&frame), seq: live.seq })
}

/// What the engine knows of a visitor.
#[derive(Debug, Serialize, Deserialize)]
pub struct VisitorNow {
    visitor: VisitorId,
    widget: WidgetId,
}

#[derive(Serialize, Deserialize)]
pub struct Live {
    seq: u64,
    staffed: bool,
    conversation: Option<Conversation>,
    place: Option<(u32, Option<u32>)>,
    persona: Option<Persona>,
    team: Vec<Persona>,
}

impl Question for VisitorNow {
    type Answer = Live;

    fn answer(self, engine: &Engine, now: At) -> Live {
        let Self { visitor, widget } = self;
        let conversation = engine.by_visitor.get(&visitor).and_then(|id| engine.conversations.get(id));
        let queue = engine.directory.widgets.get(&widget).map(|widget| widget.queue);
        let staffed = queue.is_some_and(|queue| engine.is_staffed(queue, now));
        let team = queue.filter(|_| staffed).map(|queue| faces(engine, queue)).unwrap_or_default();
        Live {
            seq: engine.seq(),
            staffed,
            team,
            place: conversation
                .filter(|it| matches!(it.phase, Phase::Waiting | Phase::Offered))
                .and_then(|it| engine.place(it.id, now)),
            persona: conversation.and_then(|it| it.agent).map(|agent| engine.persona(agent)),
            conversation: conversation.map(|it| (**it).clone()),
        }
    }
}

/// Some of those who would answer now, as customers know them.
fn faces(engine: &Engine, queue: QueueId) -> Vec<Persona> {
    const MOST: usize = 3;
    let Some(queue) = engine.directory.queues.get(&queue) else { return vec![] };
    let on_duty = engine.agents.values().filter(|agent| {
        agent.state == AgentState::Ready
            && agent.gone_at.is_none()
            && engine.directory.serves(agent.id, queue)
    });
    on_duty.take(MOST).map(|agent| engine.persona(agent.id)).collect()
}

fn is_banned(app: &App, visitor: VisitorId, ip: IpAddr, now: At) -> bool {
    let (visitor, ip) = (visitor.to_string(), ip.to_string());
    app.directory().bans.values().any(|ban| {
        let hit = match ban.what {
            BanWhat::Visitor => ban.value == visitor,
            BanWhat::Ip => ban.value == ip,
        };
        hit && ban.until_at.is_none_or(|until_at| until_at > now)
    })
}

/// Who served this visitor or customer last.
pub async fn last_agent(app: &App, visitor: &Visitor) -> Option<(UserId, At)> {
    if !visitor.returning && visitor.conversation.is_none() {
        return None;
    }
    match conversation::last_agent_of(&app.db, visitor.id, visitor.customer).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "the last agent could not be looked up");
            None
        }
    }
}
