//! Walks a flow with a customer, step by step. Who carries it out, by telephone or in a chat, tells what came of each
//! step; nothing here waits, looks anything up or knows a line.

mod answer;
mod check;
mod live;
pub mod say;

pub use answer::{of_order, of_ticket};
pub use check::check;
pub(crate) use check::check_draft;

use crate::{
    config::{FlowCase, FlowGraph, FlowNode, FlowPrompt, FlowQuery, FlowStep, FlowTest},
    event::FlowLeft,
    id::*,
    lang::{Lang, Text},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// No checked flow has so many steps between two words of a customer.
const MOST_STEPS: usize = 400;
/// So much of the way is remembered.
const MOST_PATH: usize = 50;
const LONGEST_VALUE: usize = 200;
/// What stands for a value that nobody may see.
pub const HIDDEN: &str = "••••";
/// Where it is kept in which language the customer is spoken to.
pub const LANG: &str = "lang";

/// Where somebody is in a flow, and what is known by then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = FlowWalk))]
pub struct Walk {
    pub at: String,
    pub data: BTreeMap<String, String>,
    /// What was typed of a value so far.
    pub typed: String,
    pub tries: u8,
    pub resolved: bool,
    /// The steps that were reached, the last at the end.
    pub path: Vec<String>,
}

/// What came of the step before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = FlowInput))]
#[serde(tag = "type", content = "of", rename_all = "snake_case")]
pub enum Input {
    Started,
    /// All was said.
    Said,
    Digit(char),
    /// Nothing came for as long as was asked for.
    TimedOut,
    /// What a query found; nothing where there is no such thing.
    Answer(Option<BTreeMap<String, String>>),
    Hours(bool),
    /// Whoever it should have gone to is not there.
    Away,
}

/// What is to be done now; each has its answer as an `Input`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = FlowAct))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Act {
    /// Until `Said`, or a digit ends it.
    Say {
        said: Spoken,
    },
    /// Say it, and hear digits meanwhile; after it `Said`.
    Ask {
        said: Spoken,
    },
    /// Hear digits: `TimedOut` after so long without one.
    Listen {
        wait_s: u16,
    },
    /// Keep what they say: until a digit, or `TimedOut` after so long.
    Record {
        most_s: u16,
    },
    Hours {
        calendar: CalendarId,
    },
    Query {
        what: FlowQuery,
        number: String,
    },
    /// The flow is over.
    Queue {
        queue: QueueId,
        every_s: u16,
    },
    /// The flow is over, unless they are `Away`.
    Transfer {
        agent: UserId,
    },
    HangUp,
}

/// A sound, or words that are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Spoken {
    pub audio: Option<FileId>,
    pub text: String,
    pub lang: Lang,
    /// The words are the same for everybody.
    pub is_fixed: bool,
}

/// What the customer told, for whoever serves them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Collected {
    pub key: String,
    pub label: Text,
    pub value: String,
}

/// How a flow was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = FlowEnd))]
#[serde(rename_all = "snake_case")]
pub enum End {
    Queue(QueueId),
    Agent(UserId),
    /// The flow itself had nothing more.
    HungUp,
    /// The customer went.
    Gone,
}

/// What a conversation is told of its flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    Entered { flow: FlowId, version: i64 },
    Collected(Collected),
    Left(Box<FlowLeft>),
}

/// One turn of a walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = FlowTurn))]
pub struct Turn {
    pub walk: Walk,
    pub act: Act,
    pub collected: Vec<Collected>,
}

impl Walk {
    /// Before the first step; `data` is what is known of the customer already.
    pub fn new(data: BTreeMap<String, String>) -> Self {
        Self { data, ..Self::default() }
    }

    pub fn lang(&self) -> Lang {
        match self.data.get(LANG) {
            Some(lang) => Lang::of_tag(lang),
            None => Lang::Zh,
        }
    }

    /// How it was left here.
    pub fn left(&self, end: End) -> News {
        News::Left(Box::new(FlowLeft {
            end,
            step: self.at.clone(),
            resolved: self.resolved,
            lang: self.lang(),
            path: self.path.clone(),
        }))
    }

    /// The words of a prompt with its values, in the customer's language.
    fn spoken(&self, prompt: &FlowPrompt) -> Spoken {
        let lang = self.lang();
        let (first, second) = match lang {
            Lang::Zh => (prompt.zh, prompt.en),
            Lang::En => (prompt.en, prompt.zh),
        };
        let has_words = !lang.of(&prompt.text.zh, &prompt.text.en).trim().is_empty();
        // Words in the right language are better than a sound in the other.
        let audio = first.or(second.filter(|_| !has_words));
        let text = say::fill(prompt.text.get(lang), &self.data, lang);
        let is_fixed = say::named(prompt.text.get(lang)).is_empty();
        Spoken { audio, text, lang, is_fixed }
    }
}

/// Goes on from where the walk is, as far as it goes without the world.
pub fn step(graph: &FlowGraph, walk: Walk, input: Input) -> Turn {
    let mut machine = Machine { graph, walk, collected: vec![] };
    let act = machine.take(input);
    Turn { walk: machine.walk, act, collected: machine.collected }
}

struct Machine<'a> {
    graph: &'a FlowGraph,
    walk: Walk,
    collected: Vec<Collected>,
}

impl<'a> Machine<'a> {
    fn take(&mut self, input: Input) -> Act {
        if input == Input::Started {
            return self.enter(&self.graph.start);
        }
        let graph: &'a FlowGraph = self.graph;
        let Some(node) = graph.nodes.get(&self.walk.at) else { return Act::HangUp };
        match (&node.step, input) {
            (FlowStep::Menu { wait_s, .. } | FlowStep::Collect { wait_s, .. }, Input::Said) => {
                Act::Listen { wait_s: *wait_s }
            }
            (FlowStep::Menu { options, .. }, Input::Digit(digit)) => match options.get(&digit.to_string()) {
                Some(to) => self.enter(to),
                None => self.again(node),
            },
            (FlowStep::Menu { .. }, Input::TimedOut) => self.again(node),
            (FlowStep::Collect { wait_s, most, .. }, Input::Digit(digit)) => match digit {
                '#' => self.typed(node),
                '*' => {
                    self.walk.typed.clear();
                    Act::Listen { wait_s: *wait_s }
                }
                digit => {
                    self.walk.typed.push(digit);
                    if self.walk.typed.len() >= usize::from(*most) {
                        return self.typed(node);
                    }
                    Act::Listen { wait_s: *wait_s }
                }
            },
            (FlowStep::Collect { .. }, Input::TimedOut) => self.typed(node),
            (FlowStep::Say { to, .. }, Input::Said) => self.enter(to),
            (FlowStep::Say { to, .. }, Input::Digit(digit)) => self.skip(to, digit),
            (FlowStep::Hours { open, closed, .. }, Input::Hours(is_open)) => {
                self.enter(if is_open { open } else { closed })
            }
            (FlowStep::Query { found, missing, .. }, Input::Answer(answer)) => match answer {
                Some(values) => {
                    self.walk.data.extend(values);
                    self.enter(found)
                }
                None => self.enter(missing),
            },
            (FlowStep::Transfer { away, .. }, Input::Away) => self.enter(away),
            (FlowStep::Queue { queue, every_s, .. }, Input::Said | Input::Digit(_)) => {
                Act::Queue { queue: *queue, every_s: *every_s }
            }
            (FlowStep::Voicemail { most_s, to, .. }, Input::Said | Input::Digit(_) | Input::TimedOut) => {
                // The first of them ends the prompt, the second one what was kept.
                if self.walk.tries > 0 {
                    return self.enter(to);
                }
                self.walk.tries = 1;
                Act::Record { most_s: *most_s }
            }
            (FlowStep::HangUp { .. }, Input::Said | Input::Digit(_)) => Act::HangUp,
            // What comes too late changes nothing: whatever runs goes on.
            (FlowStep::Menu { wait_s, .. } | FlowStep::Collect { wait_s, .. }, _) => {
                Act::Listen { wait_s: *wait_s }
            }
            (_, _) => self.arrive(node).unwrap_or(Act::HangUp),
        }
    }

    /// Who knows the menu need not hear what comes before it.
    fn skip(&mut self, first: &'a str, digit: char) -> Act {
        let graph: &'a FlowGraph = self.graph;
        let mut next = first;
        for _ in 0..MOST_STEPS {
            let act = self.enter(next);
            match graph.nodes.get(&self.walk.at).map(|node| &node.step) {
                Some(FlowStep::Say { to, .. }) => next = to,
                Some(FlowStep::Menu { .. } | FlowStep::Collect { .. }) => {
                    return self.take(Input::Digit(digit));
                }
                _ => return act,
            }
        }
        Act::HangUp
    }

    /// Enters steps until one of them needs the world.
    fn enter(&mut self, first: &str) -> Act {
        let graph: &'a FlowGraph = self.graph;
        let mut next = first.to_owned();
        for _ in 0..MOST_STEPS {
            self.walk.at = next;
            self.walk.typed.clear();
            self.walk.tries = 0;
            let Some(node) = graph.nodes.get(&self.walk.at) else { return Act::HangUp };
            self.walk.resolved |= node.resolved;
            if self.walk.path.len() < MOST_PATH {
                self.walk.path.push(self.walk.at.clone());
            }
            next = match &node.step {
                FlowStep::Condition { cases, to } => {
                    let case = cases.iter().find(|it| self.holds(it));
                    case.map_or(to, |it| &it.to).clone()
                }
                FlowStep::Set { key, value, to } => {
                    self.walk.data.insert(key.clone(), value.clone());
                    to.clone()
                }
                FlowStep::Say { prompt, to } if prompt.is_empty() => to.clone(),
                _ => return self.arrive(node).unwrap_or(Act::HangUp),
            };
        }
        Act::HangUp
    }

    /// What a step that needs the world wants of it.
    fn arrive(&self, node: &FlowNode) -> Option<Act> {
        Some(match &node.step {
            FlowStep::Menu { prompt, .. } | FlowStep::Collect { prompt, .. } => {
                Act::Ask { said: self.walk.spoken(prompt) }
            }
            FlowStep::Say { prompt, .. } | FlowStep::Voicemail { prompt, .. } => {
                Act::Say { said: self.walk.spoken(prompt) }
            }
            FlowStep::Queue { prompt, .. } | FlowStep::HangUp { prompt } if !prompt.is_empty() => {
                Act::Say { said: self.walk.spoken(prompt) }
            }
            FlowStep::Queue { queue, every_s, .. } => Act::Queue { queue: *queue, every_s: *every_s },
            FlowStep::HangUp { .. } => Act::HangUp,
            FlowStep::Hours { calendar, .. } => Act::Hours { calendar: *calendar },
            FlowStep::Query { what, number, .. } => {
                let number = self.walk.data.get(number).cloned().unwrap_or_default();
                Act::Query { what: *what, number }
            }
            FlowStep::Transfer { agent, .. } => Act::Transfer { agent: *agent },
            FlowStep::Condition { .. } | FlowStep::Set { .. } => return None,
        })
    }

    /// Nothing that fits came: the step is repeated, or given up.
    fn again(&mut self, node: &FlowNode) -> Act {
        let (FlowStep::Menu { tries, failed, .. } | FlowStep::Collect { tries, failed, .. }) = &node.step
        else {
            return Act::HangUp;
        };
        self.walk.typed.clear();
        self.walk.tries = self.walk.tries.saturating_add(1);
        if self.walk.tries >= *tries {
            return self.enter(failed);
        }
        self.arrive(node).unwrap_or(Act::HangUp)
    }

    /// The value is whole, if it is long enough.
    fn typed(&mut self, node: &FlowNode) -> Act {
        let FlowStep::Collect { key, label, least, secret, to, .. } = &node.step else { return Act::HangUp };
        if self.walk.typed.len() < usize::from(*least).max(1) {
            return self.again(node);
        }
        let mut value = std::mem::take(&mut self.walk.typed);
        value.truncate(LONGEST_VALUE);
        let shown = if *secret { HIDDEN.to_owned() } else { value.clone() };
        self.collected.push(Collected { key: key.clone(), label: label.clone(), value: shown });
        self.walk.data.insert(key.clone(), value);
        self.enter(to)
    }

    fn holds(&self, case: &FlowCase) -> bool {
        let value = self.walk.data.get(&case.key).map_or("", String::as_str);
        let numbers = || Some((value.trim().parse::<f64>().ok()?, case.value.trim().parse::<f64>().ok()?));
        match case.is {
            FlowTest::Equals => value == case.value,
            FlowTest::Begins => value.starts_with(&case.value),
            FlowTest::AtLeast => numbers().is_some_and(|(it, bound)| it >= bound),
            FlowTest::AtMost => numbers().is_some_and(|(it, bound)| it <= bound),
            FlowTest::Known => !value.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests;
