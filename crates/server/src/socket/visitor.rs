//! A visitor's connection.

use super::{
    SILENCE, bad,
    line::{Heard, Line},
    problem, welcome,
};
use crate::{
    app::Shared,
    http::client::Client,
    hub::{Frames, SocketKey},
    limits::Door,
    problem::Code,
    trace,
};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use yingda_core::{
    actor::Actor,
    command::{Act, Command, Envelope, Sent, Start, VisitorAct},
    config::{FieldShape, Widget},
    conversation::Source,
    id::*,
    lang::{Lang, Text},
    medium::Medium,
    refusal::Refusal,
};
use yingda_wire::{
    frame::{ClientFrame, DoFrame, Hello, LiveVisitor, PageFrame, ServerFrame, StartFrame},
    http::{InvitationRule, VisitorConfig},
};

pub struct Visitor {
    pub id: VisitorId,
    pub tab: Tab,
    pub widget: WidgetId,
    pub lang: Lang,
    pub customer: Option<CustomerId>,
    /// The conversation that was open or last at the hello.
    pub conversation: Option<ConversationId>,
    pub returning: bool,
    pub vip: bool,
    pub source: Box<Source>,
    /// Source and pages may be kept: the site asks nobody, or the visitor agreed.
    pub may_follow: bool,
}

pub async fn serve(app: Shared, line: Line, client: Client, hello: Box<Hello>) {
    let lang = hello.lang.unwrap_or(client.lang);
    if app.limits.pass(Door::Hello, client.ip, app.clock.now()).is_err() {
        return refuse(line, problem(Code::TooManyRequests, lang)).await;
    }
    let opened = Box::pin(welcome::open(&app, hello, client.ip, lang)).await;
    let (visitor, key, queue, first) = match opened {
        Ok(opened) => opened,
        Err(refused) => return refuse(line, refused).await,
    };
    let mut talk = Talk { app: app.clone(), key, visitor };
    talk.run(line, queue, first).await;
    app.hub.leave(key);
}

fn refuse(mut line: Line, frame: ServerFrame) -> BoxFuture<'static, ()> {
    Box::pin(async move { line.say(&frame).await })
}

struct Talk {
    app: Shared,
    key: SocketKey,
    visitor: Visitor,
}

impl Talk {
    async fn run(&mut self, mut line: Line, mut queue: Frames, first: welcome::First) {
        let seen = first.seq;
        let mut out = vec![first.frame];
        if !line.send(&mut out).await {
            return;
        }
        loop {
            // Most connections are silent most of the time: a silent one keeps no room for frames.
            out = Vec::new();
            let heard = tokio::select! {
                biased;
                count = queue.take(&mut out, 64) => {
                    // Events up to the welcome's position were in it.
                    out.retain(|out| out.seq == 0 || out.seq > seen);
                    if count == 0 || !line.send(&mut out).await {
                        return Box::pin(line.close()).await;
                    }
                    continue;
                }
                heard = tokio::time::timeout(SILENCE, line.hear()) => heard,
            };
            let reply = match heard {
                Ok(Some(Heard::Text(text))) => Box::pin(self.hear(&text)).await,
                Ok(Some(Heard::Other)) => Some(bad("Frames are text.")),
                Ok(None) | Err(_) => return,
            };
            if let Some(reply) = reply {
                Box::pin(line.say(&reply)).await;
            }
        }
    }

    /// Handles one frame; the answer to what did not go to the engine.
    async fn hear(&mut self, text: &str) -> Option<ServerFrame> {
        let frame = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => return Some(bad(&error.to_string())),
        };
        match frame {
            ClientFrame::Do(frame) => {
                let app = self.app.clone();
                trace::command(&app, "do", self.act(frame)).await
            }
            ClientFrame::Start(frame) => {
                let app = self.app.clone();
                Box::pin(trace::command(&app, "start", self.start(frame))).await
            }
            ClientFrame::Visitor(frame) => {
                if let VisitorAct::AcceptNotice { version, guardian, .. } = frame.act {
                    let now = self.app.clock.now();
                    let row = yingda_store::visitor::accept_notice(self.visitor.id, version, guardian, now);
                    self.app.site.ride(row).await;
                }
                let command = Command::Visitor(self.visitor.id, frame.act);
                trace::command(&self.app, "visitor", async { self.post(command, None, frame.n, None) }).await
            }
            ClientFrame::Typing(frame) => {
                let shown = self.widget().is_some_and(|widget| widget.sneak_preview);
                let preview = if shown { frame.preview.chars().take(500).collect() } else { String::new() };
                let by = Actor::Visitor { id: self.visitor.id };
                self.app.hub.typing(by, frame.conversation, frame.on, preview);
                None
            }
            ClientFrame::Page(page) => {
                if self.visitor.may_follow {
                    Box::pin(self.browse(page)).await;
                }
                None
            }
            ClientFrame::Consent { on, source } => {
                let waits = self.widget().is_some_and(|widget| widget.wait_for_consent);
                self.visitor.may_follow = on || !waits;
                *self.visitor.source = if on { welcome::whence(&source) } else { Source::default() };
                None
            }
            ClientFrame::Ping { id } => {
                Some(ServerFrame::Pong { id, seq: *self.app.site.position().borrow() })
            }
            _ => Some(bad("This frame is not for visitors.")),
        }
    }

    fn widget(&self) -> Option<std::sync::Arc<Widget>> {
        self.app.directory().widgets.get(&self.visitor.widget).cloned()
    }

    fn post(
        &self,
        command: Command,
        origin: Option<Sent>,
        n: u32,
        conversation: Option<ConversationId>,
    ) -> Option<ServerFrame> {
        let envelope = Envelope { actor: Actor::Visitor { id: self.visitor.id }, origin, command };
        let refused = self.app.site.post(envelope, self.key, n, conversation).err()?;
        Some(refusal(refused, n, conversation, self.visitor.lang))
    }

    async fn act(&mut self, frame: DoFrame) -> Option<ServerFrame> {
        let DoFrame { conversation, n, base, act } = frame;
        if let Act::Recall { message } = act {
            let by = Actor::Visitor { id: self.visitor.id };
            if let Err(refused) = Box::pin(crate::recall::check(&self.app, by, conversation, message)).await {
                return Some(refusal(refused, n, Some(conversation), self.visitor.lang));
            }
        }
        let origin = Sent { tab: self.visitor.tab, n, base };
        self.post(Command::Conversation(conversation, act), Some(origin), n, Some(conversation))
    }

    async fn start(&mut self, frame: StartFrame) -> Option<ServerFrame> {
        let Some(widget) = self.widget() else {
            return Some(refusal(Refusal::NotFound, frame.n, None, self.visitor.lang));
        };
        let topic = frame.topic.and_then(|index| widget.topics.get(usize::from(index)));
        let (fields, personal) = split_fields(&widget, frame.fields);
        if self.visitor.customer.is_none() && !personal.is_empty() {
            let introduced = crate::identify::introduced(&self.app, self.visitor.id, &personal).await;
            self.visitor.customer = introduced.unwrap_or_default();
        }
        let start = Start {
            visitor: self.visitor.id,
            customer: self.visitor.customer,
            medium: Medium::Chat,
            widget: Some(self.visitor.widget),
            channel: None,
            line: widget.line,
            queue: topic.map_or(widget.queue, |topic| topic.queue),
            needs: topic.map(|topic| topic.needs.clone()).unwrap_or_default(),
            lang: self.visitor.lang,
            vip: self.visitor.vip,
            source: (*self.visitor.source).clone(),
            fields,
            last_agent: welcome::last_agent(&self.app, &self.visitor).await,
            previous: self.visitor.conversation,
            personal,
            content: frame.content,
            agent: self.app.hub.take_invite(self.visitor.id, self.app.clock.now()),
            in_flow: false,
            reserved: false,
        };
        let origin = Sent { tab: self.visitor.tab, n: frame.n, base: frame.base };
        self.post(Command::Start(Box::new(start)), Some(origin), frame.n, None)
    }

    async fn browse(&mut self, page: PageFrame) {
        let now = self.app.clock.now();
        let page = PageFrame {
            url: short(&page.url, 1_000),
            title: short(&page.title, 200),
            referrer: short(&page.referrer, 1_000),
        };
        let row = yingda_store::visitor::viewed(&yingda_store::visitor::PageView {
            visitor: self.visitor.id,
            at: now,
            url: page.url.clone(),
            title: page.title.clone(),
            referrer: page.referrer.clone(),
        });
        self.app.site.ride(row).await;
        let before = self.app.hub.live_visitor(self.visitor.id);
        self.app.hub.browse(LiveVisitor {
            visitor: self.visitor.id,
            customer: self.visitor.customer,
            name: before.as_ref().map(|it| it.name.clone()).unwrap_or_default(),
            widget: self.visitor.widget,
            since_at: before.as_ref().map_or(now, |it| it.since_at),
            pages: before.as_ref().map_or(0, |it| it.pages) + 1,
            referrer: before.as_ref().map_or_else(|| page.referrer.clone(), |it| it.referrer.clone()),
            returning: self.visitor.returning,
            conversation: before.and_then(|it| it.conversation),
            lang: self.visitor.lang,
            page,
            page_at: now,
        });
    }
}

pub(super) fn refusal(
    refused: Refusal,
    n: u32,
    conversation: Option<ConversationId>,
    lang: Lang,
) -> ServerFrame {
    let message = crate::sentences::refusal(refused, lang);
    ServerFrame::Refused { n, conversation, code: refused, message, expected: None }
}

pub(super) fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Answers of the pre-chat form, apart from those that name a person.
fn split_fields(
    widget: &Widget,
    fields: BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    const MOST: usize = 30;
    let is_personal = |key: &str| {
        let shape = widget.pre_chat.iter().find(|field| field.key == key).map(|field| field.shape);
        matches!(shape, Some(FieldShape::Phone | FieldShape::Email)) || key == "name"
    };
    let known = |key: &str| widget.pre_chat.iter().any(|field| field.key == key);
    fields
        .into_iter()
        .filter(|(key, value)| known(key) && !value.trim().is_empty())
        .take(MOST)
        .map(|(key, value)| (key, short(&value, 500)))
        .partition(|(key, _)| !is_personal(key))
}

/// What a widget may know about itself.
pub fn widget_config(app: &crate::app::App, id: WidgetId) -> Option<VisitorConfig> {
    let directory = app.directory();
    let widget = directory.widgets.get(&id)?;
    let invitations = directory.invitations.iter().filter(|(_, it)| it.enabled && it.widget == id);
    Some(VisitorConfig {
        company: directory.settings.company.clone(),
        title: widget.title.clone(),
        welcome: widget.welcome.clone(),
        accent: widget.accent.clone(),
        position: widget.position,
        topics: widget.topics.clone(),
        pre_chat: widget.pre_chat.clone(),
        offline_form: widget.offline_form.clone(),
        quick_questions: widget.quick_questions.clone(),
        notice: widget.notice.clone(),
        notice_version: widget.notice_version,
        ask_guardian: widget.ask_guardian,
        wait_for_consent: widget.wait_for_consent,
        sneak_preview: widget.sneak_preview,
        ask_rating: widget.ask_rating,
        allow_files: widget.allow_files,
        languages: widget.languages.clone(),
        // Who is on duty stands in the live state: the welcome adds it.
        team: vec![],
        max_file: app.config.limits.upload_bytes() as u64,
        invitations: invitations
            .map(|(id, it)| InvitationRule {
                id: *id,
                page_contains: it.page_contains.clone(),
                dwell_s: it.dwell_s,
                source_contains: it.source_contains.clone(),
                returning: it.returning,
                only_staffed: it.only_staffed,
                text: it.text.clone(),
                variant: Some(it.variant.clone()).filter(|text: &Text| !text.is_empty()),
                cap_hours: it.cap_hours,
            })
            .collect(),
    })
}
