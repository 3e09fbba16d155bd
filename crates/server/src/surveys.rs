//! Surveys on their way: somebody is asked by the door that they came by, answers once, and a low score opens a ticket.

use crate::{
    app::App,
    channels::{heard, reach},
    problem::Problem,
    site::{Item, ItemFact},
    tickets,
};
use std::sync::Arc;
use yingda_core::{
    actor::Actor,
    command::{Act, Command, Envelope, Sent},
    config::Survey,
    conversation::{Content, Conversation},
    event::{Audience, Author, Fact, Subject},
    id::*,
    lang::Lang,
    medium::Medium,
    refusal::Refusal,
    survey::{self, Answers, SurveyAsk, Via},
    ticket::{NewTicket, Ticket},
};
use yingda_store::{Statement, conversation, customer, outbound, outreach, survey as rows, visitor};

/// What stands in a link: the invitation, sealed with the installation's key, so that nothing secret is stored.
pub fn token(app: &App, id: RecordId) -> String {
    app.secrets.sealed_id("survey", id)
}

/// The invitation that a link names, unless it is forged.
pub fn read_token(app: &App, token: &str) -> Option<RecordId> {
    app.secrets.read_sealed_id("survey", token)
}

/// A page's whole address, as it stands in messages.
pub fn address(app: &App, path: &str) -> String {
    format!("{}{path}", app.config.base_url(app.config.listen))
}

pub fn link(app: &App, id: RecordId) -> String {
    address(app, &format!("/s/{}", token(app, id)))
}

pub fn find(app: &App, id: SurveyId) -> Result<Arc<Survey>, Problem> {
    app.directory().surveys.get(&id).cloned().ok_or_else(Problem::not_found)
}

/// An invitation about a conversation that is not stored yet.
pub fn about_conversation(app: &App, id: SurveyId, it: &Survey, of: &Conversation, via: Via) -> SurveyAsk {
    let now = app.clock.now();
    SurveyAsk {
        id: RecordId(app.next_id()),
        survey: id,
        via,
        conversation: Some(of.id),
        customer: of.customer,
        visitor: Some(of.visitor),
        agent: of.agent.or(of.last_agent),
        queue: of.queue,
        line: Some(of.line),
        medium: Some(of.medium),
        lang: of.lang,
        asked_at: now,
        expires_at: survey::expires_at(it, now),
        ..SurveyAsk::default()
    }
}

pub fn about_ticket(app: &App, id: SurveyId, it: &Survey, of: &Ticket, lang: Lang) -> SurveyAsk {
    let now = app.clock.now();
    SurveyAsk {
        id: RecordId(app.next_id()),
        survey: id,
        via: Via::Agent,
        conversation: of.conversation,
        ticket: Some(of.id),
        customer: of.customer,
        agent: of.owner,
        line: Some(of.line),
        lang,
        asked_at: now,
        expires_at: survey::expires_at(it, now),
        ..SurveyAsk::default()
    }
}

/// Somebody is asked.
pub async fn keep(app: &App, by: Actor, ask: &SurveyAsk, mut also: Vec<Statement>) -> Result<(), Problem> {
    let fact = Fact::SurveySent {
        ask: ask.id,
        survey: ask.survey,
        via: ask.via,
        conversation: ask.conversation,
        ticket: ask.ticket,
        agent: ask.agent,
    };
    also.insert(0, rows::insert(ask));
    let remind_at = app.directory().surveys.get(&ask.survey).and_then(|it| survey::remind_at(it, ask));
    also.extend(remind_at.map(|at| rows::remind_at(ask.id, at)));
    app.site.change(Item::new(by, vec![said(ask, fact)], also)).await?;
    Ok(())
}

/// It stands in the history of its ticket, where it has one.
fn said(ask: &SurveyAsk, fact: Fact) -> ItemFact {
    let on = ask.ticket.map_or(Subject::Record(ask.id), Subject::Ticket);
    ItemFact { on, to: Audience::Staff, fact, private: None }
}

/// The words that bring the link, said in a conversation. The same invitation is said once, however often it is tried.
pub async fn say(app: &App, by: Actor, ask: &SurveyAsk, of: ConversationId) -> Result<(), Problem> {
    post(app, by, ask, of, false).await
}

async fn post(app: &App, by: Actor, ask: &SurveyAsk, of: ConversationId, again: bool) -> Result<(), Problem> {
    let text = words(app, ask, again);
    let act = Act::Post { content: Content::Text { text }, author: Author::Automatic };
    let n = 1 + u32::from(again);
    let origin = Some(Sent { tab: Tab((ask.id.0 ^ (ask.id.0 >> 32)) as u32), n, base: n });
    app.site.send(Envelope { actor: by, origin, command: Command::Conversation(of, act) }).await?;
    Ok(())
}

/// Reminds somebody who has not answered, once: where they talk with us, else by SMS; nowhere else.
pub async fn remind(app: &App, ask: &SurveyAsk) -> Result<(), Problem> {
    let is_over = ask.answered_at.is_some() || !survey::may_answer(ask, app.clock.now());
    let mut writes = vec![rows::reminded(ask.id)];
    if !is_over && find(app, ask.survey).is_ok_and(|it| !it.retired) {
        let talk = match ask.conversation {
            Some(id) => conversation::get(&app.db, id).await?.filter(|it| it.closed_at.is_none()),
            None => None,
        };
        match talk {
            Some(talk) if is_opted_out(app, &talk).await? => {}
            Some(talk) => post(app, Actor::System, ask, talk.id, true).await?,
            None => match sms(app, ask, true).await {
                Err(problem) if problem.code == Refusal::OptedOut.into() => {}
                sent => writes.extend(sent?),
            },
        }
    }
    match app.site.change(Item::new(Actor::System, vec![], writes)).await {
        Err(refused) if refused.refusal != Refusal::Stale => Err(refused.into()),
        _ => {
            left(app).await;
            Ok(())
        }
    }
}

fn words(app: &App, ask: &SurveyAsk, again: bool) -> String {
    let (link, settings) = (link(app, ask.id), app.settings());
    let company = settings.company.get(ask.lang);
    match ask.lang {
        Lang::Zh if again => format!("【{company}】还想听听您的意见，只要一分钟：{link}"),
        Lang::En if again => {
            format!("{company}: we would still like to hear from you, it takes a minute: {link}")
        }
        Lang::Zh => format!("【{company}】请花一分钟评价我们的服务：{link}"),
        Lang::En => format!("{company}: please take a minute to rate our service: {link}"),
    }
}

/// What sends the link by SMS, under the rules for messages that nobody asked for; nothing where no SMS can go.
pub async fn by_sms(app: &App, ask: &SurveyAsk) -> Result<Vec<Statement>, Problem> {
    sms(app, ask, false).await
}

async fn sms(app: &App, ask: &SurveyAsk, again: bool) -> Result<Vec<Statement>, Problem> {
    let Some(id) = ask.customer else { return Ok(vec![]) };
    let directory = app.directory();
    let sms = |channel: &yingda_core::config::Channel| {
        channel.enabled && channel.setup.sends() && channel.setup.medium() == Medium::Sms
    };
    let Some((channel, setup)) = directory.channels.iter().find(|(_, it)| sms(it)) else { return Ok(vec![]) };
    let Some(found) = customer::living(&app.db, id).await? else { return Ok(vec![]) };
    let Some(to) = reach::of_customer(*channel, setup, &found, &[]) else { return Ok(vec![]) };
    if reach::is_out(&app.db, Medium::Sms, &to).await? {
        return Err(Refusal::OptedOut.into());
    }
    let number = yingda_core::phone::normal(&to);
    let (now, batch) = (app.clock.now(), RecordId(ask.survey.0));
    let mut writes = vec![];
    // All that a survey sends is one batch: how it went stands where batches stand.
    if outreach::get(&app.db, batch).await?.is_none() {
        let name = find(app, ask.survey)?.name.get(Lang::Zh).to_owned();
        let body = String::new();
        writes.push(outreach::insert(&outreach::Batch {
            id: batch,
            channel: *channel,
            name,
            body,
            purpose: String::new(),
            author: None,
            created_at: now,
        }));
    }
    let row = RecordId(app.next_id());
    writes.push(outbound::loose(row, *channel, &number, &words(app, ask, again), Some(batch), now, now));
    Ok(writes)
}

pub async fn left(app: &App) {
    heard::stir(app).await;
}

/// Whether somebody who wants no unasked messages would get one by this conversation's door.
pub async fn is_opted_out(app: &App, of: &Conversation) -> Result<bool, Problem> {
    if !matches!(of.medium, Medium::Sms | Medium::Mail) {
        return Ok(false);
    }
    let mut ends = vec![];
    if let Some(known) = visitor::get(&app.db, of.visitor).await? {
        let customer = of.customer.or(known.customer);
        if let Some(id) = customer
            && let Some(customer) = customer::living(&app.db, id).await?
        {
            ends.push(if of.medium == Medium::Sms { customer.card.phone } else { customer.card.email });
        }
    }
    let labels = yingda_store::address::of_visitor(&app.db, of.visitor).await?;
    ends.extend(labels.into_iter().map(|it| it.label));
    for end in ends.into_iter().filter(|end| !end.is_empty()) {
        if reach::is_out(&app.db, of.medium, &end).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes an answer; false when there was one before.
pub async fn answer(app: &App, ask: &SurveyAsk, it: &Survey, answers: &Answers) -> Result<bool, Problem> {
    let after = survey::answered(ask, it, answers, app.clock.now());
    // Whoever came by the open link stands in no row before.
    let write = if ask.via == Via::Open { rows::insert(&after) } else { rows::answer(&after) };
    let fact = Fact::SurveyAnswered {
        ask: after.id,
        survey: after.survey,
        conversation: after.conversation,
        ticket: after.ticket,
        csat: after.csat,
        nps: after.nps,
        ces: after.ces,
    };
    let by = after.visitor.map_or(Actor::System, |id| Actor::Visitor { id });
    match app.site.change(Item::new(by, vec![said(&after, fact)], vec![write])).await {
        Ok(_) => Ok(true),
        Err(refused) if matches!(refused.refusal, Refusal::Stale | Refusal::NameTaken) => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

/// The ticket that a low score opens: one for each answer, however often this is tried.
pub async fn follow_up(app: &App, ask: &SurveyAsk) -> Result<(), Problem> {
    let directory = app.directory();
    let Some(it) = directory.surveys.get(&ask.survey).filter(|it| survey::is_low(it, &ask.answers)) else {
        return Ok(());
    };
    let Some(low) = &it.low else { return Ok(()) };
    let Some(of) = directory.ticket_types.get(&low.ticket) else { return Ok(()) };
    let score = ask.answers.get(&low.question).map_or("", String::as_str);
    let title = format!("{}：{score}", it.name.get(Lang::Zh));
    let told = told(it, &ask.answers);
    let values = of.told_by(&title, &told);
    let new = NewTicket {
        of: low.ticket,
        title: title.chars().take(200).collect(),
        line: ask.line.filter(|line| directory.lines.contains_key(line)),
        customer: ask.customer,
        conversation: ask.conversation,
        values,
        ..NewTicket::default()
    };
    let opened = tickets::open(app, Actor::System, new, Some(ask.id.0)).await?;
    tracing::info!(ticket = %opened.serial, "a low score opened a ticket");
    Ok(())
}

/// Questions and answers, a line each, for people who read it.
fn told(it: &Survey, answers: &Answers) -> String {
    let line = |(key, value): (&String, &String)| {
        let (key, row) = key.split_once('.').unwrap_or((key, ""));
        let question = it.question(key);
        let label = |options: &[yingda_core::config::Choice], key: &str| {
            options
                .iter()
                .find(|it| it.key == key)
                .map_or(key.to_owned(), |it| it.label.get(Lang::Zh).to_owned())
        };
        let asked = question.map_or(key, |it| it.text.get(Lang::Zh));
        let said: Vec<String> = match question {
            Some(it) if it.shape != yingda_core::config::QuestionShape::Text => {
                value.split(',').map(|value| label(&it.options, value)).collect()
            }
            _ => vec![value.clone()],
        };
        let row = match question.filter(|_| !row.is_empty()) {
            Some(it) => format!("（{}）", label(&it.rows, row)),
            None => String::new(),
        };
        format!("{asked}{row}：{}", said.join("、"))
    };
    let text: String = answers.iter().map(line).collect::<Vec<_>>().join("\n");
    text.chars().take(4_000).collect()
}
