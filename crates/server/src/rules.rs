//! Rules at work: what an event is about is read, core says whether a rule holds, and what it asks for is done as
//! anybody's deed is, with the run's row in the same transaction: so each has one effect, whatever crashes.

use crate::{
    app::App,
    channels::{heard, template::fill},
    http::customers::Change,
    problem::Problem,
    site::{Item, ItemFact},
    tickets,
};
use std::sync::Arc;
use yingda_core::{
    At,
    actor::Actor,
    config::{Bond, EscalateTo, RuleAct, RuleEvent, TicketType},
    conversation::Conversation,
    directory::Directory,
    event::{Audience, Event, Fact, Subject},
    id::*,
    lang::{Lang, Text},
    phone,
    refusal::Refusal,
    rule::{self, Answer, Client, Seen},
    rule_run::{RuleRun, RunState},
    ticket::{NewTicket, Ticket, TicketAct},
};
use yingda_store::{
    Batch, Db, ReadError, conversation, customer, outbound, outreach, promise, rule_run as rows, survey,
    ticket,
};

/// What an event is about, with all that rules look at.
#[derive(Debug)]
pub struct Sight {
    pub on: Subject,
    pub ticket: Option<(Ticket, Arc<TicketType>)>,
    pub conversation: Option<Conversation>,
    pub customer: Option<customer::Customer>,
    rating: Option<u8>,
    answer: Option<Answer>,
    state: Option<String>,
    near: Option<(String, i16)>,
}

impl Sight {
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            ticket: self.ticket.as_ref().map(|(ticket, of)| (ticket, &**of)),
            conversation: self.conversation.as_ref(),
            customer: self.customer.as_ref().map(|it| Client {
                card: &it.card,
                line: it.line,
                segments: &it.segments,
                history: None,
            }),
            rating: self.rating,
            answer: self.answer,
            state: self.state.as_deref(),
            near: self.near.as_ref().map(|(field, days)| (field.as_str(), *days)),
        }
    }

    /// What the event is to rules.
    pub fn events(&self, fact: &Fact) -> Vec<RuleEvent> {
        rule::events(fact, self.ticket.as_ref().map(|(_, of)| &**of))
    }

    /// What the texts of a rule may name.
    fn fill(&self, text: &str) -> String {
        let ticket = self.ticket.as_ref().map(|(ticket, _)| ticket);
        let name = |key: &str| match key {
            "customer" => Some(self.customer.as_ref().map(|it| it.card.name.clone()).unwrap_or_default()),
            "serial" => Some(ticket.map(|it| it.serial.clone()).unwrap_or_default()),
            "title" => Some(ticket.map(|it| it.title.clone()).unwrap_or_default()),
            _ => None,
        };
        fill(text, name).trim().to_owned()
    }
}

/// Reads what an event is about; nothing where it is gone.
pub async fn look(app: &App, event: &Event) -> Result<Option<Sight>, Problem> {
    let state = match &event.fact {
        Fact::TicketMoved { to, .. } => Some(to.clone()),
        Fact::TicketOpened { state, .. } => Some(state.clone()),
        _ => None,
    };
    let rating = match &event.fact {
        Fact::Rated { score, .. } => Some(*score),
        _ => None,
    };
    let near = match &event.fact {
        Fact::TicketDateNear(it) => Some((it.field.clone(), it.days)),
        _ => None,
    };
    let answer = match event.fact {
        Fact::SurveyAnswered { survey, csat, nps, ces, .. } => Some(Answer { survey, csat, nps, ces }),
        _ => None,
    };
    // A promise of no ticket is that of its conversation, and so is an answer.
    let on = match &event.fact {
        Fact::PromiseRang { promise: id, .. } => match promise::get(&app.db, *id).await? {
            Some(it) => match (it.ticket, it.conversation, it.customer) {
                (Some(id), ..) => Subject::Ticket(id),
                (_, Some(id), _) => Subject::Conversation(id),
                (_, _, Some(id)) => Subject::Customer(id),
                _ => return Ok(None),
            },
            None => return Ok(None),
        },
        Fact::SurveyAnswered { ask, .. } => match survey::get(&app.db, *ask).await? {
            Some(it) => match (it.ticket, it.conversation, it.customer) {
                (Some(id), ..) => Subject::Ticket(id),
                (_, Some(id), _) => Subject::Conversation(id),
                (_, _, Some(id)) => Subject::Customer(id),
                _ => return Ok(None),
            },
            None => return Ok(None),
        },
        _ => event.on,
    };
    Ok(around(app, on).await?.map(|sight| Sight { rating, answer, state, near, ..sight }))
}

/// A thing as it is now, with whom and what it belongs to.
pub async fn around(app: &App, on: Subject) -> Result<Option<Sight>, Problem> {
    let (ticket, conversation, customer) = (None, None, None);
    let (rating, answer, state, near) = (None, None, None, None);
    let mut sight = Sight { on, ticket, conversation, customer, rating, answer, state, near };
    let of_customer = match on {
        Subject::Ticket(id) => {
            let Some(found) = ticket::get(&app.db, id).await? else { return Ok(None) };
            if let Some(id) = found.conversation {
                sight.conversation = conversation::get(&app.db, id).await?;
            }
            let (of, customer) = (tickets::kind_of(app, &found).await?, found.customer);
            sight.ticket = Some((found, of));
            customer
        }
        Subject::Conversation(id) => {
            let Some(found) = conversation::get(&app.db, id).await? else { return Ok(None) };
            sight.conversation.insert(found).customer
        }
        Subject::Customer(id) => Some(id),
        _ => return Ok(None),
    };
    if let Some(id) = of_customer {
        sight.customer = customer::living(&app.db, id).await?;
    }
    Ok(Some(sight))
}

/// Ways in which a step ends without an effect.
const OFF: (&str, &str) = ("规则已停用或删除。", "The rule was switched off or deleted.");
const GONE: (&str, &str) = ("对象已不存在。", "What it is about is gone.");
const SO_ALREADY: (&str, &str) = ("已是如此，不用再做。", "It was so already.");
const NOBODY: (&str, &str) = ("没有可通知的人。", "There is nobody to tell.");
const NO_CUSTOMER: (&str, &str) = ("没有客户。", "There is no customer.");
const NO_NUMBER: (&str, &str) = ("客户没有手机号码。", "The customer has no telephone number.");

fn text((zh, en): (&str, &str)) -> Text {
    Text::new(zh, en)
}

/// How a run looks when it has ended.
fn ended(run: &RuleRun, state: RunState, outcome: Option<Text>, now: At) -> RuleRun {
    RuleRun { state, outcome, ended_at: Some(now), ..run.clone() }
}

/// Does what is due, and tells what became of it where the deed itself could not.
pub async fn carry_out(app: &App, db: &Db, run: RuleRun) -> Result<(), ReadError> {
    let now = app.clock.now();
    let after = match attempt(app, db, &run).await {
        Ok(None) => return Ok(()),
        Ok(Some(after)) => after,
        // The row was written by whoever did it before a crash, or somebody works on the same ticket: seen next time.
        Err(problem) if is_passing(&problem) && run.attempts < 12 => {
            let pause_ms = 1_000_i64 << run.attempts.min(10);
            RuleRun { attempts: run.attempts + 1, due_at: now + pause_ms, ..run.clone() }
        }
        Err(problem) => {
            let outcome = Text::new(problem.sentence(Lang::Zh), problem.sentence(Lang::En));
            ended(&run, RunState::Failed, Some(outcome), now)
        }
    };
    keep(db, vec![rows::update(&after)]).await
}

fn is_passing(problem: &Problem) -> bool {
    problem.is_ours() || matches!(problem.code, crate::problem::Code::Refused(Refusal::Stale))
}

/// Rows of its own, without a deed.
pub async fn keep(db: &Db, statements: Vec<yingda_store::Statement>) -> Result<(), ReadError> {
    match db.commit(Batch { statements, ..Batch::default() }).await {
        Ok(()) | Err(yingda_store::CommitError::Stale { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Nothing is left to write where the deed wrote it with itself.
async fn attempt(app: &App, db: &Db, run: &RuleRun) -> Result<Option<RuleRun>, Problem> {
    let (now, directory) = (app.clock.now(), app.directory());
    let skipped = |why| Ok(Some(ended(run, RunState::Skipped, Some(text(why)), now)));
    let Some(rule) = directory.rules.get(&run.rule).filter(|rule| rule.enabled) else { return skipped(OFF) };
    let Some(sight) = around(app, run.on).await? else { return skipped(GONE) };
    let ticket = sight.ticket.as_ref().map(|(ticket, _)| ticket);
    let by = Actor::Rule { id: run.rule, run: run.id };
    let done = RuleRun { ticket: ticket.map(|it| it.id), ..ended(run, RunState::Done, None, now) };
    let act = match &run.does {
        RuleAct::OpenTicket { .. } => return open(app, by, run, &sight, done).await,
        RuleAct::Tell { to, text } => {
            let users = concerned(to, &sight, &directory);
            if users.is_empty() {
                return skipped(NOBODY);
            }
            let words = sight.fill(text);
            let facts = users.into_iter().map(|user| ItemFact {
                on: Subject::User(user),
                to: Audience::Staff,
                fact: Fact::RuleTold {
                    rule: run.rule,
                    ticket: ticket.map(|it| it.id),
                    conversation: sight.conversation.as_ref().map(|it| it.id),
                    text: words.clone(),
                },
                private: None,
            });
            app.site.change(Item::new(by, facts.collect(), vec![rows::update(&done)])).await?;
            return Ok(None);
        }
        RuleAct::Tag { tag } => {
            let Some(before) = sight.customer.as_ref() else { return skipped(NO_CUSTOMER) };
            if before.card.tags.contains(tag) {
                return skipped(SO_ALREADY);
            }
            let mut after = before.clone();
            after.card.tags.push(*tag);
            let change = Change {
                id: before.id,
                version: before.version + 1,
                before: Some(before),
                after: Some(&after),
            };
            let mut writes = customer::update(&after, &directory.settings.customers, now);
            writes.push(rows::update(&done));
            app.site.change(Item::new(by, vec![change.fact(&directory)], writes)).await?;
            return Ok(None);
        }
        RuleAct::Message { channel, text } => {
            let Some(customer) = sight.customer.as_ref() else { return skipped(NO_CUSTOMER) };
            let number = phone::normal(&customer.card.phone);
            if number.is_empty() {
                return skipped(NO_NUMBER);
            }
            // All that one rule sends stands together, where it can be looked up and stopped.
            let batch = outreach::Batch {
                id: RecordId(run.rule.0),
                channel: *channel,
                name: rule.name.zh.clone(),
                body: text.clone(),
                purpose: String::new(),
                author: None,
                created_at: now,
            };
            let id = RecordId(app.next_id());
            let words = sight.fill(text);
            let message = outbound::loose(id, *channel, &number, &words, Some(batch.id), now, now);
            keep(db, vec![rows::update(&done), outreach::insert_once(&batch), message]).await?;
            heard::stir(app).await;
            return Ok(None);
        }
        RuleAct::Assign { team, owner } => TicketAct::Assign { team: *team, owner: *owner },
        RuleAct::Severity { severity } => edit(Some(*severity), None),
        RuleAct::Field { field, value } => edit(None, Some((field.clone(), sight.fill(value)))),
        RuleAct::Watch { user } => {
            if ticket.is_some_and(|it| it.watchers.contains(user)) {
                return skipped(SO_ALREADY);
            }
            TicketAct::Watch { user: *user, on: true }
        }
        RuleAct::Note { text } => TicketAct::Note { text: sight.fill(text), files: vec![], told: false },
    };
    let Some(ticket) = ticket else { return skipped(GONE) };
    match tickets::act_with(app, by, ticket.id, act, &[rows::update(&done)]).await {
        Ok(_) => Ok(None),
        Err(problem) if matches!(problem.code, crate::problem::Code::Refused(Refusal::Empty)) => {
            skipped(SO_ALREADY)
        }
        Err(problem) => Err(problem),
    }
}

fn edit(severity: Option<u8>, value: Option<(String, String)>) -> TicketAct {
    let values = value.into_iter().collect();
    TicketAct::Edit {
        title: None,
        severity,
        customer: None,
        received_at: None,
        values,
        was: Default::default(),
    }
}

async fn open(
    app: &App,
    by: Actor,
    run: &RuleRun,
    sight: &Sight,
    done: RuleRun,
) -> Result<Option<RuleRun>, Problem> {
    let RuleAct::OpenTicket { of, title, bond, team, owner, severity, values } = &run.does else {
        return Ok(None);
    };
    let origin = sight.ticket.as_ref().map(|(ticket, _)| ticket);
    let title: String = sight.fill(title).chars().take(200).collect();
    let new = NewTicket {
        of: *of,
        title,
        line: origin.map(|it| it.line).or(sight.conversation.as_ref().map(|it| it.line)),
        severity: *severity,
        team: *team,
        owner: *owner,
        customer: sight.customer.as_ref().map(|it| it.id),
        conversation: sight.conversation.as_ref().map(|it| it.id),
        parent: origin.filter(|_| *bond == Bond::Task).map(|it| it.id),
        links: origin.filter(|_| *bond == Bond::Link).map(|it| it.id).into_iter().collect(),
        values: values.iter().map(|(key, value)| (key.clone(), sight.fill(value))).collect(),
        received_at: None,
    };
    // What it opened is looked up by the run: known again after a crash, and named in the log.
    let opened = tickets::open_with(app, by, new, Some(run.id.0), &[]).await?;
    Ok(Some(RuleRun { ticket: Some(opened.id), ..done }))
}

/// Whom a rule tells: for a conversation, its agent and their leaders.
fn concerned(to: &[EscalateTo], sight: &Sight, directory: &Directory) -> Vec<UserId> {
    let talk = |it: &Conversation| {
        let owner = it.agent.or(it.last_agent);
        Ticket { owner, team: owner.and_then(|id| directory.users.get(&id)?.team), ..Ticket::default() }
    };
    let of = match (&sight.ticket, &sight.conversation) {
        (Some((ticket, _)), _) => ticket.clone(),
        (None, Some(conversation)) => talk(conversation),
        (None, None) => Ticket::default(),
    };
    let is_of_nobody =
        |to: &EscalateTo| !matches!(to, EscalateTo::User(_)) && of.owner.is_none() && of.team.is_none();
    let mut users: Vec<UserId> =
        to.iter().filter(|to| !is_of_nobody(to)).flat_map(|to| of.concerned(*to, directory)).collect();
    users.sort_unstable();
    users.dedup();
    users
}
