//! Runs the stories: a few words a command, and what came of it as text.

use super::{Dispatcher, Match, Members, QueueRules, Seat, Waiting};
use crate::{
    agent::AgentState,
    config::{Need, Relax, Strategy},
    conversation::Prefer,
    id::{ConversationId, QueueId, SkillId, UserId},
    medium::Medium,
};
use std::collections::BTreeMap;

#[derive(Default)]
struct Story {
    acd: Dispatcher,
    now_s: i64,
    given: BTreeMap<ConversationId, (Waiting, UserId)>,
}

pub(super) fn check(story: &str) {
    let mut it = Story::default();
    let mut told = vec![];
    let lines: Vec<&str> = story.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for line in lines.iter().filter(|line| !line.starts_with('>')) {
        told.push((*line).to_string());
        told.extend(it.run(line).into_iter().map(|line| format!("> {line}")));
    }
    assert_eq!(told.join("\n"), lines.join("\n"));
}

/// A word of serde's, such as `longest_idle`.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap_or_else(|_| panic!("no such word: {text}"))
}

fn name(it: impl serde::Serialize) -> String {
    serde_json::to_value(it).unwrap().as_str().unwrap().to_string()
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

fn users(text: &str) -> Vec<UserId> {
    text.split(',').map(|id| UserId(number(id))).collect()
}

fn pair(text: &str, by: char) -> (i64, i64) {
    let (left, right) = text.split_once(by).unwrap_or_else(|| panic!("not a pair: {text}"));
    (number(left), number(right))
}

impl Story {
    fn run(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let now = self.now_s * 1_000;
        let contact = || ConversationId(number(words[1]));
        match words[0] {
            "aging" => self.acd.set_aging(number(words[1]) * 1_000),
            "at" => {
                self.now_s = number(words[1]);
                self.acd.advance(self.now_s * 1_000);
            }
            "queue" => {
                let members =
                    if words.get(3) == Some(&"of") { Members::Users(users(words[4])) } else { Members::All };
                let strategy: Strategy = word(words[2]);
                self.acd.set_queue(QueueId(number(words[1])), QueueRules { strategy, members });
            }
            "agent" => self.agent(UserId(number(words[1])), &words[2..]),
            "contact" => self.contact(contact(), &words[2..]),
            "give" => return self.give(),
            "done" => {
                let weight = words.get(3).map_or(100, |weight| number(weight) as u16);
                self.acd.give_back(UserId(number(words[1])), word(words[2]), weight, now);
            }
            "decline" => {
                let (mut waiting, agent) = self.given.remove(&contact()).unwrap();
                self.acd.give_back(agent, waiting.medium, waiting.weight_pct, now);
                waiting.refused_by.push(agent);
                self.acd.enqueue(waiting, now);
            }
            "leave" => assert!(self.acd.remove(contact())),
            "refuse" => self.acd.refuse(contact(), UserId(number(words[2]))),
            "place" => return vec![format!("{:?}", self.acd.position(contact()).unwrap())],
            "why" => {
                let answer = self.acd.eligible(contact(), UserId(number(words[2])));
                return vec![answer.map_or_else(name, |()| "may take it".into())];
            }
            "order" => {
                let queue = QueueId(number(words[1]));
                let order: Vec<String> = self.acd.order(queue, 9).map(|id| id.to_string()).collect();
                return vec![order.join(" ")];
            }
            "deadline" => {
                return vec![self.acd.next_deadline().map_or("none".into(), |at| (at / 1_000).to_string())];
            }
            other => panic!("no such command: {other}"),
        }
        vec![]
    }

    fn agent(&mut self, id: UserId, words: &[&str]) {
        let fresh = Seat { state: AgentState::Ready, ..Seat::new(id) };
        let mut seat = self.acd.seat(id).cloned().unwrap_or(fresh);
        for it in words {
            match it.split_once('=') {
                Some(("idle", seconds)) => seat.idle_since_at = (self.now_s - number(seconds)) * 1_000,
                Some(("skills", skills)) => {
                    let skills = skills.split(',').map(|skill| pair(skill, ':'));
                    seat.skills = skills.map(|(skill, level)| (SkillId(skill), level as u8)).collect();
                }
                Some(("off", medium)) => seat.media_off = [word(medium)].into_iter().collect(),
                Some((medium, limit)) => seat.limits[word::<Medium>(medium) as usize] = number(limit) as u8,
                None if *it == "no_new" => seat.no_new = true,
                None if *it == "ringing" => seat.offered = true,
                None => seat.state = word(it),
            }
        }
        self.acd.set_seat(seat);
    }

    fn contact(&mut self, conversation: ConversationId, words: &[&str]) {
        let now = self.now_s * 1_000;
        let mut waiting =
            Waiting { conversation, since_at: now, priority: 50, weight_pct: 100, ..Waiting::default() };
        for it in words {
            match it.split_once('=') {
                Some(("queue", queue)) => waiting.queue = QueueId(number(queue)),
                Some(("prio", priority)) => waiting.priority = number(priority) as u8,
                Some(("since", seconds)) => waiting.since_at = number(seconds) * 1_000,
                Some(("weight", weight)) => waiting.weight_pct = number(weight) as u16,
                Some(("prefer", prefer)) => {
                    let (agent, seconds) = pair(prefer, '/');
                    waiting.prefer = Some(Prefer { agent: UserId(agent), until_at: now + seconds * 1_000 });
                }
                Some(("need", need)) => {
                    let mut steps = need.split('/');
                    let (skill, level) = pair(steps.next().unwrap(), ':');
                    let relax = steps.map(|step| pair(step, ':'));
                    let relax =
                        relax.map(|(after_s, level)| Relax { after_s: after_s as u32, level: level as u8 });
                    let relax = relax.collect();
                    waiting.needs.push(Need { skill: SkillId(skill), level: level as u8, relax });
                }
                Some(_) => panic!("no such word: {it}"),
                None => waiting.medium = word(it),
            }
        }
        self.acd.enqueue(waiting, now);
    }

    fn give(&mut self) -> Vec<String> {
        let now = self.now_s * 1_000;
        let mut told = vec![];
        while let Some(found) = self.acd.next(now) {
            told.push(tell(&found));
            let waiting = self.acd.waiting(found.conversation).cloned().unwrap();
            self.given.insert(found.conversation, (waiting, found.agent));
            self.acd.remove(found.conversation);
            self.acd.take(found.agent, found.medium, found.weight_pct, now);
        }
        if told.is_empty() { vec!["nobody".into()] } else { told }
    }
}

fn tell(found: &Match) -> String {
    let why = &found.why;
    let in_seconds = why.strategy == Some(Strategy::LongestIdle) || why.strategy.is_none();
    let candidates: Vec<String> = why
        .candidates
        .iter()
        .map(|it| format!("{}({})", it.agent, if in_seconds { it.measure / 1_000 } else { it.measure }))
        .collect();
    let mut told =
        format!("{} to {} {} of {}", found.conversation, found.agent, name(why.cause), candidates.join(" "));
    for excluded in &why.excluded {
        let agents: Vec<String> = excluded.agents.iter().map(UserId::to_string).collect();
        told += &format!(", {} {}", name(excluded.reason), agents.join(" "));
    }
    told
}
