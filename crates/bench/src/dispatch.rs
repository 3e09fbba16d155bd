//! How many assignments a second the dispatcher decides, in this process, on one thread.
//!
//! The mix: 20 queues of chat, telephone and mail, each served by three teams of a twentieth of the agents; 30 skills,
//! needs of which half relax in two steps, VIPs, customers who prefer their last agent, all four strategies, and offers
//! that are declined. Time goes on by 30 ms a contact, so all that can relax does while it waits. An assignment's
//! measured cost is all of it: a contact arrives, an agent ends another, the choice with its *why*, its application.

use crate::{Result, clock, spread::rounded};
use clap::Args;
use serde_json::{Value, json};
use std::hint::black_box;
use yingda_core::{
    acd::{CAPACITY, Dispatcher, Match, Members, QueueRules, Seat, Waiting},
    agent::AgentState,
    config::{Need, Relax, Strategy},
    conversation::Prefer,
    id::{ConversationId, QueueId, SkillId, UserId},
    medium::Medium,
};

#[derive(Args, Clone, Debug)]
pub struct Dispatch {
    #[arg(long, default_value_t = 2_000)]
    agents: u32,
    /// So many wait all the time: each one who is served is followed by another.
    #[arg(long, default_value_t = 100_000)]
    waiting: u32,
    #[arg(long, default_value_t = 1_000_000)]
    assignments: u32,
}

const QUEUES: u64 = 20;
const SKILLS: u64 = 30;
const STEP_MS: i64 = 30;

impl Dispatch {
    pub fn run(self) -> Result<Value> {
        let mut floor = Floor::new(u64::from(self.agents));

        let start = clock::now();
        for _ in 0..self.waiting {
            floor.arrive();
        }
        let enqueued_per_s = per_second(self.waiting, start);
        floor.give_out(false);

        let start = clock::now();
        let before = floor.assigned;
        while floor.assigned - before < self.assignments {
            floor.finish_one();
            floor.give_out(true);
        }
        let assignments_per_s = per_second(floor.assigned - before, start);
        let left = floor.waiting();
        if left < self.waiting / 2 {
            return Err(format!("only {left} still wait: the mix was not what it claims to be").into());
        }
        floor.check_capacity()?;

        // The other way round: agents wait for contacts, and each choice is among many.
        let mut quiet = Floor::new(u64::from(self.agents));
        let start = clock::now();
        while quiet.assigned < self.assignments / 4 {
            quiet.arrive();
            quiet.give_out(false);
            if quiet.held.len() > self.agents as usize {
                quiet.finish_one();
            }
        }
        let quiet_assignments_per_s = per_second(quiet.assigned, start);

        Ok(json!({
            "assignments_per_s": assignments_per_s,
            "quiet_assignments_per_s": quiet_assignments_per_s,
            "enqueued_per_s": enqueued_per_s,
            "agents": self.agents,
            "waiting": left,
            "candidates_mean": rounded(quiet.candidates as f64 / f64::from(quiet.assigned.max(1))),
        }))
    }
}

fn per_second(count: u32, start: std::time::Instant) -> u64 {
    (f64::from(count) / (clock::ms_since(start) / 1_000.0)) as u64
}

struct Floor {
    acd: Dispatcher,
    dice: Dice,
    agents: u64,
    queues: Vec<Kind>,
    now: i64,
    contacts: i64,
    held: Vec<(UserId, Medium, u16)>,
    assigned: u32,
    /// How many agents there were to choose from, over all choices.
    candidates: u64,
}

/// What contacts of one queue have in common.
struct Kind {
    medium: Medium,
    priority: u8,
    weight_pct: u16,
    need: Option<Need>,
}

impl Floor {
    fn new(agents: u64) -> Self {
        let strategies =
            [Strategy::LongestIdle, Strategy::LeastLoaded, Strategy::RoundRobin, Strategy::HighestSkill];
        let mut acd = Dispatcher::new();
        let mut dice = Dice(42);
        acd.set_aging(30_000);
        let mut queues = vec![];
        for queue in 0..QUEUES {
            // Agent n belongs to team n modulo 20; three teams serve each queue.
            let teams = [queue, (queue + 1) % QUEUES, (queue + 7) % QUEUES];
            let members = (0..agents).filter(|agent| teams.contains(&(agent % QUEUES)));
            let members = Members::Users(members.map(|agent| UserId(agent as i64)).collect());
            let strategy = strategies[queue as usize % 4];
            acd.set_queue(QueueId(queue as i64), QueueRules { strategy, members });
            queues.push(Kind {
                medium: [Medium::Chat, Medium::Chat, Medium::Chat, Medium::Voice, Medium::Mail]
                    [queue as usize % 5],
                priority: [40, 50, 60][queue as usize % 3],
                weight_pct: [100, 100, 150][queue as usize % 3],
                need: (queue % 2 == 0).then(|| need(queue, 3, queue % 4 == 0)),
            });
        }
        for agent in 0..agents {
            let mut seat = Seat::new(UserId(agent as i64));
            seat.state = AgentState::Ready;
            // What the team's queues ask for, at some level, and two more.
            let skills = [agent % QUEUES, (agent + 19) % QUEUES, dice.below(SKILLS), dice.below(SKILLS)];
            seat.skills =
                skills.into_iter().map(|skill| (SkillId(skill as i64), 1 + dice.below(5) as u8)).collect();
            acd.set_seat(seat);
        }
        Self { acd, dice, agents, queues, now: 0, contacts: 0, held: vec![], assigned: 0, candidates: 0 }
    }

    fn arrive(&mut self) {
        self.now += STEP_MS;
        let queue = self.dice.below(QUEUES);
        let kind = &self.queues[queue as usize];
        let vip = if self.dice.one_in(10) { 20 } else { 0 };
        let own = self.dice.one_in(3);
        let own = own.then(|| need(QUEUES + self.dice.below(SKILLS - QUEUES), 2, self.dice.one_in(2)));
        let prefer = self.dice.one_in(20).then(|| Prefer {
            agent: UserId(self.dice.below(self.agents) as i64),
            until_at: self.now + 20_000,
        });
        let waiting = Waiting {
            conversation: ConversationId(self.contacts),
            queue: QueueId(queue as i64),
            medium: kind.medium,
            priority: kind.priority + vip,
            since_at: self.now,
            needs: kind.need.iter().cloned().chain(own).collect(),
            prefer,
            refused_by: [].into_iter().collect(),
            weight_pct: kind.weight_pct,
        };
        self.contacts += 1;
        self.acd.enqueue(waiting, self.now);
    }

    /// An agent, whoever it is, ends one contact.
    fn finish_one(&mut self) {
        let at = self.dice.below(self.held.len() as u64) as usize;
        let (agent, medium, weight_pct) = self.held.swap_remove(at);
        self.acd.give_back(agent, medium, weight_pct, self.now);
    }

    /// Gives out all that can be given out; with `refill` another contact arrives for each.
    fn give_out(&mut self, refill: bool) {
        while let Some(found) = self.acd.next(self.now) {
            let declined = self.dice.one_in(50);
            let waiting = if declined { self.acd.waiting(found.conversation).cloned() } else { None };
            self.apply(&found);
            if let Some(mut waiting) = waiting {
                self.acd.give_back(found.agent, found.medium, found.weight_pct, self.now);
                waiting.refused_by.push(found.agent);
                self.acd.enqueue(waiting, self.now);
                continue;
            }
            self.candidates += u64::from(found.why.candidate_count);
            black_box(&found.why);
            self.held.push((found.agent, found.medium, found.weight_pct));
            self.assigned += 1;
            if refill {
                self.arrive();
            }
        }
    }

    fn apply(&mut self, found: &Match) {
        self.acd.remove(found.conversation);
        self.acd.take(found.agent, found.medium, found.weight_pct, self.now);
    }

    fn waiting(&self) -> u32 {
        (0..QUEUES).map(|queue| self.acd.waiting_in(QueueId(queue as i64)).count).sum()
    }

    fn check_capacity(&self) -> Result<()> {
        let seats = (0..self.agents).filter_map(|agent| self.acd.seat(UserId(agent as i64)));
        match seats.into_iter().find(|seat| seat.load > CAPACITY) {
            Some(seat) => Err(format!("{} has a load of {}", seat.agent, seat.load).into()),
            None => Ok(()),
        }
    }
}

/// A need that may be satisfied with less after half a minute, and dropped after a minute.
fn need(skill: u64, level: u8, relaxes: bool) -> Need {
    let steps = [Relax { after_s: 30, level: 1 }, Relax { after_s: 60, level: 0 }];
    let relax = if relaxes { steps.to_vec() } else { vec![] };
    Need { skill: SkillId(skill as i64), level, relax }
}

/// The same throws in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}
