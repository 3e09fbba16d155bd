//! A week at the shop: agents come and go, visitors arrive, wait, talk, rate; all in simulated time through the real
//! engine.

use super::{
    book::Book,
    dice::Dice,
    pack::{Pack, Side, Talk},
    roster,
    shop::Regular,
};
use crate::site::encode::Frame;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};
use yingda_core::{
    At,
    actor::Actor,
    agent::AgentState,
    command::{Act, AgentAct, Command, Start, VisitorAct},
    config::Colour,
    conversation::{Content, Phase, Place, Source},
    event::{Author, Fact, OfferEnd},
    id::*,
    medium::Medium,
};
use yingda_store::{CommitError, Statement, consult, visitor};

pub const DAY_MS: i64 = 86_400_000;
pub const MINUTE_MS: i64 = 60_000;
const WIDGET: WidgetId = WidgetId(2_000_001);
const FORM: FormId = FormId(1_000_501);
const INVITATION: InvitationId = InvitationId(1_000_801);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Agent(UserId, Duty),
    Arrive { regular: usize, talk: usize },
    Speak(usize),
    LosePatience(usize),
    Finish(usize),
    Rate(usize),
    WrapUp(usize),
    Accept(usize, UserId),
}

/// What the roster makes an agent do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    Come,
    Meal,
    Rest,
    Back,
    Go,
    Resume,
}

/// A visitor in a conversation.
struct Guest {
    regular: usize,
    talk: usize,
    id: ConversationId,
    /// The next line of the talk.
    line: usize,
    /// How many words the agents have said.
    answers: usize,
    segment: u16,
    product: String,
    order: String,
    days: i64,
    waited_long: bool,
    done: bool,
}

pub struct Week<'a> {
    pub book: &'a mut Book,
    pub pack: &'a Pack,
    pub dice: &'a mut Dice,
    pub regulars: Vec<Regular>,
    guests: Vec<Guest>,
    by_conversation: BTreeMap<ConversationId, usize>,
    /// Who served a visitor last, and when.
    served: BTreeMap<VisitorId, (UserId, At)>,
    visits: BTreeMap<VisitorId, i64>,
    steps: BinaryHeap<Reverse<(At, u64, Step)>>,
    count: u64,
}

impl<'a> Week<'a> {
    pub fn new(book: &'a mut Book, pack: &'a Pack, dice: &'a mut Dice, regulars: Vec<Regular>) -> Week<'a> {
        Week {
            book,
            pack,
            dice,
            regulars,
            guests: vec![],
            by_conversation: BTreeMap::new(),
            served: BTreeMap::new(),
            visits: BTreeMap::new(),
            steps: BinaryHeap::new(),
            count: 0,
        }
    }

    pub fn plan(&mut self, at: At, step: Step) {
        self.count += 1;
        self.steps.push(Reverse((at, self.count, step)));
    }

    /// Plays what is planned from `from` to `until`, then lets everybody go home.
    pub async fn play(&mut self, from: At, until: At) -> Result<(), CommitError> {
        roster::plan(self, from, until);
        while let Some(Reverse((at, _, step))) = self.steps.pop() {
            if at > until {
                break;
            }
            self.tick(at).await?;
            self.step(at, step).await?;
        }
        self.go_home(until).await?;
        self.book.flush().await
    }

    /// Fires the engine's own timers up to an instant.
    async fn tick(&mut self, until: At) -> Result<(), CommitError> {
        let mut last = 0;
        while let Some(due_at) = self.book.engine.next_deadline().filter(|due_at| *due_at <= until) {
            // A deadline that stays is kept by something that this instant does not move.
            if due_at <= last {
                break;
            }
            last = due_at;
            self.run(due_at, Actor::System, Command::Tick, vec![]).await?;
        }
        Ok(())
    }

    /// One command; what it causes is planned. A refusal is a part of life: false.
    async fn run(
        &mut self,
        now: At,
        actor: Actor,
        command: Command,
        rows: Vec<Statement>,
    ) -> Result<bool, CommitError> {
        let Ok(frames) = self.book.run(now, actor, command, rows).await? else { return Ok(false) };
        for frame in frames {
            self.react(now, &frame);
        }
        Ok(true)
    }

    async fn act(&mut self, now: At, actor: Actor, guest: usize, act: Act) -> Result<bool, CommitError> {
        let id = self.guests[guest].id;
        self.run(now, actor, Command::Conversation(id, act), vec![]).await
    }

    fn react(&mut self, now: At, frame: &Frame) {
        let event = &frame.routed.event;
        let Some(guest) = event.on.conversation().and_then(|id| self.by_conversation.get(&id).copied())
        else {
            return;
        };
        match &event.fact {
            Fact::Offered { agent, .. } if self.dice.chance(88) => {
                let at = now + self.dice.between(3_000, 11_000);
                self.plan(at, Step::Accept(guest, *agent));
            }
            Fact::OfferEnded { agent, end: OfferEnd::TimedOut, .. } => {
                let at = now + self.dice.between(MINUTE_MS, 3 * MINUTE_MS);
                self.plan(at, Step::Agent(*agent, Duty::Resume));
            }
            Fact::Assigned { agent, segment, waited_ms, .. } => {
                let it = &mut self.guests[guest];
                it.segment = *segment;
                it.waited_long |= *waited_ms > 60_000;
                self.served.insert(self.regulars[it.regular].visitor, (*agent, now));
                let at = now + self.dice.between(4_000, 22_000);
                self.plan(at, Step::Speak(guest));
            }
            Fact::WrapUpStarted { .. } => {
                self.guests[guest].done = true;
                let happy = if self.guests[guest].waited_long { 35 } else { 58 };
                if self.dice.chance(happy) {
                    let at = now + self.dice.between(3_000, 14_000);
                    self.plan(at, Step::Rate(guest));
                }
                let at = now + self.dice.between(16_000, 55_000);
                self.plan(at, Step::WrapUp(guest));
            }
            _ => {}
        }
    }

    async fn step(&mut self, now: At, step: Step) -> Result<(), CommitError> {
        match step {
            Step::Agent(agent, act) => self.agent(now, agent, act).await,
            Step::Arrive { regular, talk } => self.arrive(now, regular, talk).await,
            Step::Speak(guest) => self.speak(now, guest).await,
            Step::LosePatience(guest) => {
                if matches!(self.phase(guest), Some(Phase::Waiting | Phase::Offered)) {
                    let visitor = self.visitor(guest);
                    self.act(now, visitor, guest, Act::Close).await?;
                }
                Ok(())
            }
            Step::Finish(guest) => self.finish(now, guest).await,
            Step::Rate(guest) => self.rate(now, guest).await,
            Step::WrapUp(guest) => self.wrap_up(now, guest).await,
            Step::Accept(guest, agent) => {
                self.act(now, Actor::User { id: agent }, guest, Act::Accept).await.map(drop)
            }
        }
    }

    async fn agent(&mut self, now: At, agent: UserId, act: Duty) -> Result<(), CommitError> {
        let set = |state, reason: &str| AgentAct::SetState { state, reason: reason.into() };
        let act = match act {
            Duty::Come => {
                let by = Actor::System;
                self.run(now, by, Command::Agent(agent, AgentAct::Connected), vec![]).await?;
                set(AgentState::Ready, "")
            }
            Duty::Meal => set(AgentState::NotReady, "meal"),
            Duty::Rest => set(AgentState::NotReady, "break"),
            Duty::Back => set(AgentState::Ready, ""),
            Duty::Resume => AgentAct::Resume { medium: Medium::Chat },
            Duty::Go => {
                let busy = self.book.engine.agents.get(&agent).is_some_and(|it| !it.holds.is_empty());
                if busy {
                    // The last contacts are finished first.
                    let hold = AgentAct::NoNew { on: true };
                    self.run(now, Actor::User { id: agent }, Command::Agent(agent, hold), vec![]).await?;
                    self.plan(now + MINUTE_MS, Step::Agent(agent, Duty::Go));
                    return Ok(());
                }
                set(AgentState::Offline, "")
            }
        };
        self.run(now, Actor::User { id: agent }, Command::Agent(agent, act), vec![]).await?;
        Ok(())
    }

    async fn arrive(&mut self, now: At, regular: usize, talk_no: usize) -> Result<(), CommitError> {
        let it = self.regulars[regular].clone();
        if self.book.engine.by_visitor.contains_key(&it.visitor) {
            return Ok(());
        }
        let (pack, by) = (self.pack, Actor::Visitor { id: it.visitor });
        let talk = &pack.talks[talk_no];
        let from = self.dice.pick(&pack.sources);
        let came_at = now - self.dice.between(40_000, 400_000);
        let visits = self.visits.entry(it.visitor).and_modify(|n| *n += 1).or_insert(1);
        let mut rows = vec![visitor::seen(&visitor::Visitor {
            id: it.visitor,
            widget: Some(WIDGET),
            customer: Some(it.customer.id),
            name: it.customer.card.name.clone(),
            lang: it.lang,
            first_seen_at: came_at,
            last_seen_at: now,
            visits: *visits,
            ip: format!("192.0.2.{}", regular % 250 + 1),
            browser: if regular.is_multiple_of(3) { "Chrome 130 / Windows" } else { "Safari / iPhone" }
                .into(),
            landing: from.landing.clone(),
            referrer: from.referrer.clone(),
            campaign: from.campaign.clone(),
            ..visitor::Visitor::default()
        })];
        for (n, (url, title)) in
            [(&from.landing, "云栖优选"), (&talk.page, &*talk.page_title)].into_iter().enumerate()
        {
            rows.push(visitor::viewed(&visitor::PageView {
                visitor: it.visitor,
                at: came_at + n as i64 * 20_000,
                url: url.clone(),
                title: title.into(),
                referrer: if n == 0 { from.referrer.clone() } else { from.landing.clone() },
            }));
        }
        if *visits == 1 {
            rows.push(visitor::accept_notice(it.visitor, 1, false, now));
            let accept = VisitorAct::AcceptNotice { widget: WIDGET, version: 1, guardian: false };
            self.run(now, by, Command::Visitor(it.visitor, accept), std::mem::take(&mut rows)).await?;
        }
        if talk.page.contains("price") && self.dice.chance(70) {
            let invitation = Some(INVITATION);
            let variant = regular.is_multiple_of(2);
            let shown = VisitorAct::InvitationShown { invitation, variant, page: talk.page.clone() };
            let answered = VisitorAct::InvitationAnswered {
                invitation,
                accepted: self.dice.chance(if variant { 60 } else { 40 }),
            };
            for act in [shown, answered] {
                self.run(now, by, Command::Visitor(it.visitor, act), std::mem::take(&mut rows)).await?;
            }
        }
        let guest = Guest {
            regular,
            talk: talk_no,
            id: ConversationId::default(),
            line: 1,
            answers: 0,
            segment: 0,
            product: match it.lang {
                yingda_core::lang::Lang::Zh => self.dice.pick(&pack.products),
                yingda_core::lang::Lang::En => self.dice.pick(&pack.products_en),
            }
            .clone(),
            order: format!("YQ{}{:05}", 2611, self.dice.between(10_000, 99_999)),
            days: self.dice.between(2, 6),
            waited_long: false,
            done: false,
        };
        let queue =
            if it.customer.card.vip && talk.queue.0 == 1_000_401 { QueueId(1_000_403) } else { talk.queue };
        let start = Start {
            visitor: it.visitor,
            customer: Some(it.customer.id),
            medium: Medium::Chat,
            widget: Some(WIDGET),
            line: LineId(1_000_101),
            queue,
            lang: talk.lang,
            vip: it.customer.card.vip,
            source: Source {
                page: talk.page.clone(),
                page_title: talk.page_title.clone(),
                landing: from.landing.clone(),
                referrer: from.referrer.clone(),
                campaign: from.campaign.clone(),
            },
            last_agent: self.served.get(&it.visitor).copied(),
            content: Some(Content::Text { text: guest.say(talk, 0) }),
            ..Start::default()
        };
        let frames = match self.book.run(now, by, Command::Start(Box::new(start)), rows).await? {
            Ok(frames) => frames,
            Err(_) => return Ok(()),
        };
        let Some(id) = self.book.engine.by_visitor.get(&it.visitor).copied() else { return Ok(()) };
        let number = self.guests.len();
        self.guests.push(Guest { id, ..guest });
        self.by_conversation.insert(id, number);
        for frame in frames {
            self.react(now, &frame);
        }
        let hasty = self.dice.chance(15);
        let patience =
            if hasty { self.dice.between(2_000, 20_000) } else { self.dice.between(45_000, 260_000) };
        self.plan(now + patience, Step::LosePatience(number));
        Ok(())
    }

    async fn speak(&mut self, now: At, guest: usize) -> Result<(), CommitError> {
        if self.phase(guest) != Some(Phase::Active) {
            return Ok(());
        }
        let pack = self.pack;
        let talk = &pack.talks[self.guests[guest].talk];
        let Some(line) = talk.lines.get(self.guests[guest].line) else {
            let at = now + self.dice.between(6_000, 50_000);
            self.plan(at, Step::Finish(guest));
            return Ok(());
        };
        let text = self.guests[guest].say(talk, self.guests[guest].line);
        let content = Content::Text { text };
        match line.0 {
            Side::Visitor => {
                let visitor = self.visitor(guest);
                self.act(now, visitor, guest, Act::Post { content, author: Author::Person }).await?;
            }
            Side::Agent => {
                let Some(agent) = self.agent_of(guest) else { return Ok(()) };
                let author = if self.dice.chance(30) { Author::Suggestion } else { Author::Person };
                let ms = self.dice.between(4_000, 30_000);
                self.act(now, agent, guest, Act::Focus { ms }).await?;
                self.act(now, agent, guest, Act::Post { content, author }).await?;
                self.guests[guest].answers += 1;
                if self.dice.chance(5) {
                    let text = self.dice.pick(&pack.notes).clone();
                    self.act(now, agent, guest, Act::Note { text, mentions: Default::default() }).await?;
                }
            }
        }
        self.guests[guest].line += 1;
        let here = &self.guests[guest];
        let transfer = talk.transfer.as_ref().filter(|it| it.after == here.answers && line.0 == Side::Agent);
        if let Some(transfer) = transfer
            && let Some(agent) = self.agent_of(guest)
        {
            let act = Act::Transfer {
                to: Place::Queue(transfer.queue),
                note: "客户要办退货，请接手。".into(),
            };
            self.act(now, agent, guest, act).await?;
            let at = now + self.dice.between(90_000, 300_000);
            self.plan(at, Step::LosePatience(guest));
            return Ok(());
        }
        // Some visitors simply stop answering.
        let gone =
            talk.lines.get(here.line).is_some_and(|next| next.0 == Side::Visitor) && self.dice.chance(2);
        if !gone {
            let pause = match talk.lines.get(self.guests[guest].line).map(|next| next.0) {
                Some(Side::Agent) => self.dice.between(8_000, 55_000),
                _ => self.dice.between(7_000, 80_000),
            };
            self.plan(now + pause, Step::Speak(guest));
        }
        Ok(())
    }

    async fn finish(&mut self, now: At, guest: usize) -> Result<(), CommitError> {
        if self.phase(guest) != Some(Phase::Active) {
            return Ok(());
        }
        let by = if self.dice.chance(72) { self.agent_of(guest) } else { Some(self.visitor(guest)) };
        if let Some(by) = by {
            self.act(now, by, guest, Act::Close).await?;
        }
        Ok(())
    }

    async fn rate(&mut self, now: At, guest: usize) -> Result<(), CommitError> {
        let (visitor, pack) = (self.visitor(guest), self.pack);
        let unhappy =
            self.guests[guest].waited_long || pack.talks[self.guests[guest].talk].category == "complaint";
        let score = match self.dice.between(1, 100) + if unhappy { 35 } else { 0 } {
            ..=62 => 5,
            63..=92 => 4,
            93..=110 => 3,
            111..=122 => 2,
            _ => 1,
        };
        let comment = match self.dice.chance(35) {
            true if score >= 4 => self.dice.pick(&pack.praise).clone(),
            true => self.dice.pick(&pack.blame).clone(),
            false => String::new(),
        };
        self.act(now, visitor, guest, Act::Rate { score, comment }).await.map(drop)
    }

    /// Tags, the consultation record, a follow-up where one was promised.
    async fn wrap_up(&mut self, now: At, guest: usize) -> Result<(), CommitError> {
        if self.phase(guest) != Some(Phase::WrapUp) {
            return Ok(());
        }
        let Some(by) = self.agent_of(guest) else { return Ok(()) };
        let talk = &self.pack.talks[self.guests[guest].talk];
        for tag in &talk.tags {
            self.act(now, by, guest, Act::Tag { tag: *tag }).await?;
        }
        if talk.category == "complaint" {
            let flag = Act::Flag { colour: Colour::Red, text: "投诉，48 小时内电话回复".into() };
            self.act(now, by, guest, flag).await?;
        }
        if talk.result == "follow" {
            let follow = Act::FollowUp { at: Some(now + DAY_MS), text: self.guests[guest].fill(&talk.need) };
            self.act(now, by, guest, follow).await?;
        }
        if self.dice.chance(93) {
            self.save_record(now, by, guest).await?;
        }
        self.act(now, by, guest, Act::EndWrapUp).await.map(drop)
    }

    async fn save_record(&mut self, now: At, by: Actor, guest: usize) -> Result<(), CommitError> {
        let it = &self.guests[guest];
        let talk = &self.pack.talks[it.talk];
        let values: BTreeMap<String, String> = [
            ("category", talk.category.clone()),
            ("order_no", if talk.need.contains("{o}") { it.order.clone() } else { String::new() }),
            ("need", it.fill(&talk.need)),
            ("result", talk.result.clone()),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let row = consult::put(&consult::Consult {
            conversation: it.id,
            form: FORM,
            version: 0,
            values: values.clone(),
            complete: true,
            agent: by.user(),
            updated_at: now,
        });
        let after = serde_json::to_value(&values).expect("a map of texts has a JSON form");
        let act = Act::RecordSaved { form: FORM, complete: true, before: None, after };
        self.run(now, by, Command::Conversation(it.id, act), vec![row]).await.map(drop)
    }

    /// The end of the history: what is still open is closed, and everybody signs out.
    async fn go_home(&mut self, now: At) -> Result<(), CommitError> {
        self.tick(now).await?;
        for guest in 0..self.guests.len() {
            let visitor = self.visitor(guest);
            if let Some(Phase::Waiting | Phase::Offered | Phase::Active) = self.phase(guest) {
                self.act(now, visitor, guest, Act::Close).await?;
            }
            if self.phase(guest) == Some(Phase::WrapUp) {
                self.wrap_up(now, guest).await?;
            }
        }
        for agent in roster::AGENTS {
            let off = AgentAct::SetState { state: AgentState::Offline, reason: String::new() };
            let there = self.book.engine.agents.get(&agent).is_some_and(|it| it.state != AgentState::Offline);
            if there {
                self.run(now, Actor::User { id: agent }, Command::Agent(agent, off), vec![]).await?;
            }
        }
        Ok(())
    }

    pub fn conversations(&self) -> usize {
        self.guests.len()
    }

    fn phase(&self, guest: usize) -> Option<Phase> {
        self.book.engine.conversations.get(&self.guests[guest].id).map(|it| it.phase)
    }

    fn agent_of(&self, guest: usize) -> Option<Actor> {
        let id = self.book.engine.conversations.get(&self.guests[guest].id)?.agent?;
        Some(Actor::User { id })
    }

    fn visitor(&self, guest: usize) -> Actor {
        Actor::Visitor { id: self.regulars[self.guests[guest].regular].visitor }
    }
}

impl Guest {
    fn say(&self, talk: &Talk, line: usize) -> String {
        self.fill(&talk.lines[line].1)
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{p}", &self.product).replace("{o}", &self.order).replace("{d}", &self.days.to_string())
    }
}
