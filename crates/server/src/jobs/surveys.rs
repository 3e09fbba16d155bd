//! What surveys do by themselves: who is drawn is asked when a conversation has ended, and a low score opens a ticket.
//! Each follows the log from a position of its own, so that a stop forgets nobody; an invitation about a conversation is
//! there once, and so is the ticket of an answer, so that nothing happens twice.

use crate::{jobs::Duty, problem::Problem, surveys, tasks};
use std::time::Duration;
use tokio::task::JoinHandle;
use yingda_core::{
    actor::Actor,
    config::Survey,
    conversation::Conversation,
    event::{CloseReason, Fact},
    id::{ConversationId, SurveyId},
    refusal::Refusal,
    survey::{self, Via},
};
use yingda_store::{
    Batch, CommitError, ReadError, conversation,
    event::{self as events, StoredEvent},
    reader, survey as rows,
};

const BATCH: usize = 200;
const PACE: Duration = Duration::from_secs(1);
/// Days pass also where nothing happens.
const REMIND_PACE: Duration = Duration::from_secs(60);
/// What each reader follows.
const CLOSED: (&str, &str) = ("surveys_closed", "conversation_closed");
const ANSWERED: (&str, &str) = ("surveys_answered", "survey_answered");

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("surveys", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    let mut position = duty.app.site.position();
    loop {
        for of in [CLOSED, ANSWERED] {
            if let Err(problem) = follow(duty, of).await {
                tracing::warn!(code = ?problem.code, reader = of.0, "surveys wait");
            }
        }
        if let Err(problem) = remind(duty).await {
            tracing::warn!(code = ?problem.code, "reminders of surveys wait");
        }
        tokio::time::sleep(PACE).await;
        tokio::select! {
            moved = position.changed() => if moved.is_err() { return },
            () = tokio::time::sleep(REMIND_PACE) => {}
        }
    }
}

/// Reminds who was asked days ago and has not answered.
async fn remind(duty: &Duty) -> Result<(), Problem> {
    loop {
        let due = rows::to_remind(&duty.db, duty.app.clock.now(), BATCH).await?;
        for ask in &due {
            surveys::remind(&duty.app, ask).await?;
        }
        if due.len() < BATCH {
            return Ok(());
        }
    }
}

async fn follow(duty: &Duty, (reader, kind): (&str, &str)) -> Result<(), Problem> {
    let Some(mut reached) = reader::reached(&duty.db, reader).await? else {
        // What happened before surveys were known is asked about by nobody.
        let head = events::head(&duty.db).await?.map_or(0, |(seq, _)| seq);
        return commit(duty, reader::begin(reader, head)).await;
    };
    loop {
        let found = events::of_kind_since(&duty.db, kind, reached, BATCH).await?;
        let Some(last) = found.last().map(|it| it.seq) else { return Ok(()) };
        for event in &found {
            match step(duty, event).await {
                // It can never be done: the next one is not kept waiting.
                Err(problem) if !problem.is_ours() => {
                    tracing::warn!(code = ?problem.code, seq = event.seq, "a survey was not followed up");
                }
                done => done?,
            }
        }
        commit(duty, reader::advance(reader, reached, last)).await?;
        reached = last;
    }
}

async fn step(duty: &Duty, stored: &StoredEvent) -> Result<(), Problem> {
    match stored.event().map(|event| event.fact) {
        Some(Fact::ConversationClosed {
            reason: CloseReason::Ended | CloseReason::Idle,
            agent: Some(_),
            ..
        }) => ended(duty, ConversationId(stored.on_id)).await,
        Some(Fact::SurveyAnswered { ask, .. }) => match rows::get(&duty.db, ask).await? {
            Some(ask) => surveys::follow_up(&duty.app, &ask).await,
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Asks about a conversation by the first survey that draws it.
async fn ended(duty: &Duty, id: ConversationId) -> Result<(), Problem> {
    let directory = duty.app.directory();
    if directory.surveys.values().all(|it| it.after_close.is_none()) {
        return Ok(());
    }
    let Some(of) = conversation::get(&duty.db, id).await? else { return Ok(()) };
    let draws = |(survey, it): &(&SurveyId, &std::sync::Arc<Survey>)| {
        survey::is_drawn(**survey, it, id, of.medium, of.queue)
    };
    let Some((survey, it)) = directory.surveys.iter().find(draws) else { return Ok(()) };
    ask(duty, *survey, it, &of).await
}

async fn ask(duty: &Duty, id: SurveyId, it: &Survey, of: &Conversation) -> Result<(), Problem> {
    let app = &duty.app;
    let ask = match rows::about(&duty.db, id, of.id).await? {
        // It was stored, and perhaps not said, when the server stopped.
        Some(ask) => ask,
        None => {
            let last = rows::last_asked_at(&duty.db, of.customer, of.visitor).await?;
            if !survey::is_rested(it, last, app.clock.now()) || surveys::is_opted_out(app, of).await? {
                return Ok(());
            }
            let ask = surveys::about_conversation(app, id, it, of, Via::Closed);
            surveys::keep(app, Actor::System, &ask, vec![]).await?;
            ask
        }
    };
    if ask.answered_at.is_some() {
        return Ok(());
    }
    match surveys::say(app, Actor::System, &ask, of.id).await {
        // Where it can be said no more, the customer finds it elsewhere.
        Err(problem) if problem.code == Refusal::Closed.into() => Ok(()),
        done => done,
    }
}

async fn commit(duty: &Duty, statement: yingda_store::Statement) -> Result<(), Problem> {
    match duty.db.commit(Batch { statements: vec![statement], ..Batch::default() }).await {
        // Another node was here first.
        Ok(()) | Err(CommitError::Stale { .. }) => Ok(()),
        Err(error) => Err(ReadError::from(error).into()),
    }
}
