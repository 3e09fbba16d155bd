//! What is wrong with a flow, each fault at its step. What passes always comes to an end, whoever is silent.

use super::{LANG, say};
use crate::{
    config::{FlowGraph, FlowNode, FlowPrompt, FlowStep},
    directory::Directory,
    fault::{Fault, Faults, Shape, Wrong},
    form::is_key,
};
use std::collections::{BTreeMap, BTreeSet};

pub const MOST_NODES: usize = 200;
/// Values that every walk knows from its beginning.
pub const GIVEN: [&str; 5] = ["caller", "dialled", "customer", "vip", LANG];

/// `can_speak` says whether words are read aloud: else each prompt needs its sound.
pub fn check(graph: &FlowGraph, directory: &Directory, can_speak: bool) -> Vec<Wrong> {
    let mut faults = Faults::default();
    if graph.start.is_empty() {
        faults.add("start", Fault::Missing);
    } else if !graph.nodes.contains_key(&graph.start) {
        faults.add("start", Fault::Unknown);
    }
    faults.unless(graph.nodes.len() <= MOST_NODES, "nodes", Fault::TooMany(MOST_NODES));
    let reached =
        from(graph, [graph.start.as_str()], |node| node.step.asked().into_iter().chain(node.step.silent()));
    let on = On { graph, directory, can_speak, known: known(graph), secret: secret(graph) };
    for (id, node) in &graph.nodes {
        let at = |field: &str| format!("nodes.{id}.{field}");
        faults.shape(is_key(id), at("key"), Shape::Key);
        faults.length(at("label"), &node.label, 100);
        for (field, to) in node.step.asked().into_iter().chain(node.step.silent()) {
            if to.is_empty() {
                faults.add(at(&field), Fault::DeadEnd);
            } else if !graph.nodes.contains_key(to) {
                faults.add(at(&field), Fault::Unknown);
            }
        }
        if graph.nodes.contains_key(&graph.start) {
            faults.unless(reached.contains(id.as_str()), at("key"), Fault::NoWay);
        }
        let next = node.step.silent();
        let ahead = from(graph, next.iter().map(|(_, to)| *to), |node| node.step.silent());
        faults.unless(!ahead.contains(id.as_str()), at("key"), Fault::Circling);
        on.step(id, node, &mut faults);
    }
    faults.0
}

/// A draft may be anything, within bounds.
pub fn check_draft(graph: &FlowGraph, faults: &mut Faults) {
    faults.unless(graph.nodes.len() <= MOST_NODES, "draft.nodes", Fault::TooMany(MOST_NODES));
    for (id, node) in &graph.nodes {
        let at = |field: &str| format!("draft.nodes.{id}.{field}");
        faults.shape(is_key(id), at("key"), Shape::Key);
        faults.length(at("label"), &node.label, 100);
        if let Some(prompt) = node.step.prompt() {
            faults.text(&at("prompt.text"), &prompt.text, 1_000);
        }
    }
}

/// The steps that one comes to from some, by some of the ways.
fn from<'a, W: IntoIterator<Item = (String, &'a str)>>(
    graph: &'a FlowGraph,
    first: impl IntoIterator<Item = &'a str>,
    ways: impl Fn(&'a FlowNode) -> W,
) -> BTreeSet<&'a str> {
    let mut met = BTreeSet::new();
    let mut open: Vec<&str> = first.into_iter().collect();
    while let Some(id) = open.pop() {
        if let Some(node) = graph.nodes.get(id)
            && met.insert(id)
        {
            open.extend(ways(node).into_iter().map(|(_, to)| to));
        }
    }
    met
}

fn known(graph: &FlowGraph) -> BTreeSet<&str> {
    let mut known = BTreeSet::from(GIVEN);
    for node in graph.nodes.values() {
        match &node.step {
            FlowStep::Collect { key, .. } | FlowStep::Set { key, .. } => drop(known.insert(key)),
            FlowStep::Query { what, .. } => known.extend(what.gives()),
            _ => {}
        }
    }
    known
}

fn secret(graph: &FlowGraph) -> BTreeSet<&str> {
    let keys = graph.nodes.values().filter_map(|node| match &node.step {
        FlowStep::Collect { key, secret: true, .. } => Some(key.as_str()),
        _ => None,
    });
    keys.collect()
}

struct On<'a> {
    graph: &'a FlowGraph,
    directory: &'a Directory,
    can_speak: bool,
    known: BTreeSet<&'a str>,
    secret: BTreeSet<&'a str>,
}

impl On<'_> {
    fn step(&self, id: &str, node: &FlowNode, faults: &mut Faults) {
        let at = |field: &str| format!("nodes.{id}.{field}");
        let waits = |wait_s: u16, tries: u8, faults: &mut Faults| {
            faults.range(&at("wait_s"), wait_s, 1, 60);
            faults.range(&at("tries"), tries, 1, 9);
        };
        match &node.step {
            FlowStep::Menu { prompt, options, wait_s, tries, .. } => {
                self.needed(&at("prompt"), prompt, faults);
                faults.unless(!options.is_empty(), at("options"), Fault::Missing);
                for key in options.keys() {
                    let is_one =
                        key.len() == 1 && key.chars().all(|it| it.is_ascii_digit() || "*#".contains(it));
                    faults.shape(is_one, at(&format!("options.{key}")), Shape::Choice);
                }
                waits(*wait_s, *tries, faults);
            }
            FlowStep::Say { prompt, .. } => self.needed(&at("prompt"), prompt, faults),
            FlowStep::Collect { prompt, key, label, least, most, wait_s, tries, .. } => {
                self.needed(&at("prompt"), prompt, faults);
                self.own_key(&at("key"), key, faults);
                faults.needed_text(&at("label"), label, 100);
                faults.range(&at("most"), *most, 1, 40);
                faults.range(&at("least"), *least, 1, (*most).max(1).into());
                waits(*wait_s, *tries, faults);
            }
            FlowStep::Condition { cases, .. } => {
                faults.unless(!cases.is_empty(), at("cases"), Fault::Missing);
                faults.unless(cases.len() <= 20, at("cases"), Fault::TooMany(20));
                for (n, case) in cases.iter().enumerate() {
                    self.value(&at(&format!("cases.{n}.key")), &case.key, faults);
                    faults.length(at(&format!("cases.{n}.value")), &case.value, 100);
                }
            }
            FlowStep::Hours { calendar, .. } => {
                let known = self.directory.calendars.contains_key(calendar);
                faults.unless(known, at("calendar"), Fault::Unknown);
            }
            FlowStep::Voicemail { prompt, most_s, .. } => {
                self.needed(&at("prompt"), prompt, faults);
                faults.range(&at("most_s"), *most_s, 5, 600);
            }
            FlowStep::Query { number, .. } => self.value(&at("number"), number, faults),
            FlowStep::Set { key, value, .. } => {
                if key == LANG {
                    faults.shape(matches!(value.as_str(), "zh" | "en"), at("value"), Shape::Choice);
                } else {
                    self.own_key(&at("key"), key, faults);
                }
                faults.length(at("value"), value, 100);
            }
            FlowStep::Queue { queue, prompt, every_s } => {
                faults.unless(self.directory.queues.contains_key(queue), at("queue"), Fault::Unknown);
                self.prompt(&at("prompt"), prompt, faults);
                faults.unless(
                    *every_s == 0 || (10..=600).contains(every_s),
                    at("every_s"),
                    Fault::Outside(10, 600),
                );
                faults.unless(*every_s == 0 || self.can_speak, at("every_s"), Fault::Speechless);
            }
            FlowStep::Transfer { agent, .. } => {
                let known = self.directory.users.get(agent).is_some_and(|user| !user.disabled);
                faults.unless(known, at("agent"), Fault::Unknown);
            }
            FlowStep::HangUp { prompt } => self.prompt(&at("prompt"), prompt, faults),
        }
    }

    fn own_key(&self, at: &str, key: &str, faults: &mut Faults) {
        faults.shape(is_key(key), at, Shape::Key);
        let given = GIVEN.contains(&key);
        let found =
            self.graph.nodes.values().any(
                |node| matches!(&node.step, FlowStep::Query { what, .. } if what.gives().contains(&key)),
            );
        faults.unless(!given && !found, at, Fault::Taken);
    }

    fn value(&self, at: &str, key: &str, faults: &mut Faults) {
        faults.unless(!key.is_empty(), at, Fault::Missing);
        faults.unless(key.is_empty() || self.known.contains(key), at, Fault::Unknown);
    }

    fn needed(&self, at: &str, prompt: &FlowPrompt, faults: &mut Faults) {
        faults.unless(!prompt.is_empty(), at, Fault::Missing);
        self.prompt(at, prompt, faults);
    }

    fn prompt(&self, at: &str, prompt: &FlowPrompt, faults: &mut Faults) {
        faults.text(&format!("{at}.text"), &prompt.text, 1_000);
        for (lang, text, file) in [("zh", &prompt.text.zh, prompt.zh), ("en", &prompt.text.en, prompt.en)] {
            let read = file.is_none() && !text.trim().is_empty();
            faults.unless(!read || self.can_speak, format!("{at}.{lang}"), Fault::Speechless);
            let mut named = BTreeMap::new();
            for (key, form) in say::named(text) {
                named.insert(key, form);
            }
            for (key, form) in named {
                let field = || format!("{at}.text.{lang}");
                faults.unless(self.known.contains(key), field(), Fault::Unknown);
                faults.unless(!self.secret.contains(key), field(), Fault::SecretSaid);
                faults.shape(form.is_empty() || say::Form::parse(form).is_some(), field(), Shape::SpokenForm);
            }
        }
    }
}
