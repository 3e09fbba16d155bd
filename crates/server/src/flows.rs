//! Flows carried out: what the walker asks of the world and is the same by telephone and in a trial.

use crate::{app::App, problem::Problem, speech, tickets};
use std::collections::{BTreeMap, BTreeSet};
use yingda_core::{
    At, calendar,
    config::{FlowGraph, FlowPrompt, FlowQuery},
    fault::{Fault, Wrong},
    flow::{self, Act, Input, Spoken, Turn, Walk},
    lang::Lang,
};
use yingda_store::{ReadError, order, ticket};

/// So many questions in a row no checked flow asks.
const MOST_QUESTIONS: usize = 100;

/// What a walk may look at.
pub struct World<'a> {
    pub app: &'a App,
    /// Dates are told as people there count them.
    pub zone: String,
    pub has_orders: bool,
    pub has_tickets: bool,
}

/// Goes on until the customer is needed.
pub async fn go(world: &World<'_>, graph: &FlowGraph, walk: Walk, input: Input) -> Turn {
    let mut turn = flow::step(graph, walk, input);
    for _ in 0..MOST_QUESTIONS {
        let input = match &turn.act {
            Act::Hours { calendar } => Input::Hours(
                world
                    .app
                    .directory()
                    .calendars
                    .get(calendar)
                    .is_some_and(|it| calendar::is_open(it, world.app.clock.now())),
            ),
            Act::Query { what, number } => {
                let answer = world.look_up(*what, number, turn.walk.lang()).await;
                Input::Answer(answer.unwrap_or_else(|error| {
                    tracing::warn!(%error, "a flow's question found no answer");
                    None
                }))
            }
            _ => break,
        };
        let next = flow::step(graph, turn.walk, input);
        turn.collected.extend(next.collected);
        turn = Turn { collected: turn.collected, ..next };
    }
    turn
}

impl World<'_> {
    async fn look_up(
        &self,
        what: FlowQuery,
        number: &str,
        lang: Lang,
    ) -> Result<Option<BTreeMap<String, String>>, ReadError> {
        let day = |at: At| calendar::date_text(&self.zone, at);
        let db = &self.app.db;
        match what {
            FlowQuery::Order if self.has_orders => {
                let found = match order::with_number(db, number).await? {
                    Some(found) => Some(found),
                    None => order::dialled(db, number).await?,
                };
                Ok(found.map(|it| flow::of_order(&it, lang, day)))
            }
            FlowQuery::Ticket if self.has_tickets => {
                let Some(it) = self.ticket(number).await? else { return Ok(None) };
                let of = tickets::kind_of(self.app, &it).await.ok();
                let state = of.as_ref().and_then(|of| of.state(&it.state)).map_or("", |it| it.name.get(lang));
                Ok(Some(flow::of_ticket(&it, state, day)))
            }
            FlowQuery::Order | FlowQuery::Ticket => Ok(None),
        }
    }

    /// Keys of a telephone are digits: the letters before a serial number are those of one of the kinds.
    async fn ticket(&self, number: &str) -> Result<Option<yingda_core::ticket::Ticket>, ReadError> {
        let db = &self.app.db;
        let is_dialled = number.len() > 8 && number.bytes().all(|it| it.is_ascii_digit());
        if !is_dialled {
            return ticket::with_serial(db, number).await;
        }
        let directory = self.app.directory();
        let prefixes: BTreeSet<&str> = directory.ticket_types.values().map(|of| of.prefix.as_str()).collect();
        let (day, count) = number.split_at(8);
        let mut found = vec![];
        for prefix in prefixes {
            found.extend(ticket::with_serial(db, &format!("{prefix}{day}-{count}")).await?);
        }
        Ok(if found.len() == 1 { found.pop() } else { None })
    }
}

/// What is wrong with a flow, its sounds included.
pub async fn check(app: &App, graph: &FlowGraph) -> Vec<Wrong> {
    let mut wrong = flow::check(graph, &app.directory(), app.speech.is_there());
    for (at, lang, prompt) in prompts(graph) {
        if let Some(file) = lang.of(prompt.zh, prompt.en)
            && let Err(error) = speech::uploaded(app, file).await
        {
            tracing::debug!(%file, error, "a prompt is no sound");
            wrong.push(Wrong { field: at, fault: Fault::NoSound });
        }
    }
    wrong
}

/// Each prompt in each language, with its field.
fn prompts(graph: &FlowGraph) -> Vec<(String, Lang, &FlowPrompt)> {
    let prompts = graph.nodes.iter().filter_map(|(id, node)| Some((id, node.step.prompt()?)));
    let both = prompts.flat_map(|(id, prompt)| {
        [(Lang::Zh, "zh"), (Lang::En, "en")]
            .map(|(lang, name)| (format!("nodes.{id}.prompt.{name}"), lang, prompt))
    });
    both.collect()
}

/// Reads all that is the same for everybody, so that the first caller need not wait for it. What cannot be read is named.
pub async fn read_aloud(app: &App, graph: &FlowGraph) -> Result<(), Problem> {
    let mut wrong = vec![];
    for (at, lang, prompt) in prompts(graph) {
        let text = lang.of(&prompt.text.zh, &prompt.text.en);
        let is_read = lang.of(prompt.zh, prompt.en).is_none() && !text.trim().is_empty();
        if is_read && flow::say::named(text).is_empty() {
            let said = Spoken { audio: None, text: text.clone(), lang, is_fixed: true };
            if let Err(error) = speech::sound(app, &said).await {
                tracing::warn!(error, "a prompt could not be read aloud");
                wrong.push(Wrong { field: at, fault: Fault::Speechless });
            }
        }
    }
    crate::http::records::refuse(wrong)
}
