//! The dispatcher against a slow and obvious one, on random plans. `PLAN=n` runs one plan, `PLANS=n` so many.

use super::{
    CAPACITY, Dispatcher, Match, Members, QueueRules, Seat, Waiting,
    class::{levels_after, next_step},
    share,
};
use crate::{
    At,
    agent::AgentState,
    config::{Need, Relax, Strategy},
    conversation::Prefer,
    id::{ConversationId, QueueId, SkillId, UserId},
    medium::Medium,
    why::Exclusion,
};
use std::collections::BTreeMap;

/// Everything in plain maps; every question is answered by asking everyone.
#[derive(Default)]
struct Plain {
    now: At,
    aging_ms: i64,
    queues: BTreeMap<QueueId, (QueueRules, UserId)>,
    seats: BTreeMap<UserId, Seat>,
    waiting: BTreeMap<ConversationId, Waiting>,
}

impl Plain {
    fn rank(&self, it: &Waiting) -> (i64, ConversationId) {
        (it.since_at - i64::from(it.priority) * self.aging_ms, it.conversation)
    }

    fn serves(&self, queue: QueueId, agent: UserId) -> bool {
        self.queues.get(&queue).is_some_and(|(rules, _)| match &rules.members {
            Members::All => true,
            Members::Users(users) => users.contains(&agent),
        })
    }

    fn has_skills(&self, it: &Waiting, seat: &Seat) -> bool {
        let (levels, _) = levels_after(&it.needs, self.now - it.since_at);
        levels.iter().all(|(skill, level)| seat.level(*skill) >= *level)
    }

    fn exclusion(&self, it: &Waiting, agent: UserId) -> Option<Exclusion> {
        let Some(seat) = self.seats.get(&agent) else { return Some(Exclusion::Offline) };
        if !self.serves(it.queue, agent) {
            return Some(Exclusion::NotServing);
        }
        if !self.has_skills(it, seat) {
            return Some(Exclusion::LacksSkill);
        }
        match seat.state {
            AgentState::Offline => return Some(Exclusion::Offline),
            AgentState::NotReady => return Some(Exclusion::NotReady),
            AgentState::Ready => {}
        }
        let limit = seat.limits[it.medium as usize];
        if seat.no_new || limit == 0 || seat.media_off.contains(&it.medium) {
            return Some(Exclusion::MediumOff);
        }
        if seat.offered {
            return Some(Exclusion::Offered);
        }
        let full =
            seat.used[it.medium as usize] >= limit || seat.load + share(limit, it.weight_pct) > CAPACITY;
        if full {
            return Some(Exclusion::Full);
        }
        if it.refused_by.contains(&agent) {
            return Some(Exclusion::Declined);
        }
        it.prefer.is_some_and(|prefer| prefer.agent != agent).then_some(Exclusion::KeptForLast)
    }

    /// A preference ends when its time is over, or as soon as its agent could not take the contact.
    fn settle(&mut self) {
        let ended: Vec<ConversationId> = self
            .waiting
            .values()
            .filter(|it| {
                it.prefer.is_some_and(|prefer| {
                    let holds = self.seats.get(&prefer.agent).is_some_and(|seat| {
                        seat.state != AgentState::Offline
                            && seat.limits[it.medium as usize] > 0
                            && self.has_skills(it, seat)
                    });
                    prefer.until_at <= self.now
                        || !holds
                        || !self.serves(it.queue, prefer.agent)
                        || it.refused_by.contains(&prefer.agent)
                })
            })
            .map(|it| it.conversation)
            .collect();
        for id in ended {
            self.waiting.get_mut(&id).unwrap().prefer = None;
        }
    }

    fn next(&mut self) -> Option<(ConversationId, UserId, Vec<UserId>)> {
        let mut contacts: Vec<&Waiting> = self.waiting.values().collect();
        contacts.sort_by_key(|it| self.rank(it));
        for it in contacts {
            let mut free: Vec<&Seat> =
                self.seats.values().filter(|seat| self.exclusion(it, seat.agent).is_none()).collect();
            let Some((rules, turn)) = self.queues.get(&it.queue) else { continue };
            let levels = levels_after(&it.needs, self.now - it.since_at).0;
            free.sort_by_key(|seat| match rules.strategy {
                Strategy::LongestIdle => (0, seat.idle_since_at, seat.agent),
                Strategy::LeastLoaded => (i64::from(seat.load), seat.idle_since_at, seat.agent),
                Strategy::RoundRobin => (i64::from(seat.agent <= *turn), 0, seat.agent),
                Strategy::HighestSkill => {
                    let sum: i64 = levels.iter().map(|(skill, _)| i64::from(seat.level(*skill))).sum();
                    (-sum, seat.idle_since_at, seat.agent)
                }
            });
            if let Some(best) = free.first() {
                let (id, agent) = (it.conversation, best.agent);
                let all = free.iter().map(|seat| seat.agent).collect();
                if rules.strategy == Strategy::RoundRobin && it.prefer.is_none() {
                    let queue = it.queue;
                    self.queues.get_mut(&queue).unwrap().1 = agent;
                }
                return Some((id, agent, all));
            }
        }
        None
    }

    fn deadline(&self) -> Option<At> {
        let relaxing = self.waiting.values().filter_map(|it| next_step(&it.needs, it.since_at, self.now));
        let prefers = self.waiting.values().filter_map(|it| it.prefer.map(|prefer| prefer.until_at));
        relaxing.chain(prefers).min()
    }

    fn order(&self, queue: QueueId) -> Vec<ConversationId> {
        let mut contacts: Vec<&Waiting> = self.waiting.values().filter(|it| it.queue == queue).collect();
        contacts.sort_by_key(|it| self.rank(it));
        contacts.into_iter().map(|it| it.conversation).collect()
    }
}

struct Plan {
    seed: u64,
    plain: Plain,
    acd: Dispatcher,
    agents: i64,
    next_contact: i64,
    /// What each agent holds, to give back.
    held: Vec<(UserId, Medium, u16)>,
    /// Offers that may be declined.
    offers: Vec<(Waiting, UserId)>,
    assigned: u32,
}

const MEDIA: [Medium; 3] = [Medium::Chat, Medium::Voice, Medium::Mail];
const QUEUES: u64 = 4;

impl Plan {
    fn new(plan: u64) -> Self {
        let mut it = Self {
            seed: plan.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995,
            plain: Plain::default(),
            acd: Dispatcher::new(),
            agents: 0,
            next_contact: 1,
            held: vec![],
            offers: vec![],
            assigned: 0,
        };
        // Some plans have more seats than one word of bits.
        it.agents = if plan.is_multiple_of(50) { 70 } else { 1 + it.roll(6) as i64 };
        it.aging();
        for queue in 0..QUEUES {
            it.queue(QueueId(queue as i64));
        }
        for agent in 0..it.agents {
            it.seat(UserId(agent));
        }
        it
    }

    fn roll(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.roll(of.len() as u64) as usize]) }
    }

    fn aging(&mut self) {
        self.plain.aging_ms = [0, 1_000, 30_000][self.roll(3) as usize];
        self.acd.set_aging(self.plain.aging_ms);
    }

    fn queue(&mut self, id: QueueId) {
        let strategies =
            [Strategy::LongestIdle, Strategy::LeastLoaded, Strategy::RoundRobin, Strategy::HighestSkill];
        let strategy = strategies[self.roll(4) as usize];
        let members = if self.roll(2) == 0 {
            Members::All
        } else {
            // Some members never have a seat.
            Members::Users((0..self.agents + 2).filter(|_| self.roll(2) == 0).map(UserId).collect())
        };
        let rules = QueueRules { strategy, members };
        let turn = self.plain.queues.get(&id).map_or(UserId(i64::MIN), |(_, turn)| *turn);
        self.acd.set_queue(id, rules.clone());
        self.plain.queues.insert(id, (rules, turn));
    }

    fn seat(&mut self, agent: UserId) {
        let mut seat = self.plain.seats.get(&agent).cloned().unwrap_or(Seat::new(agent));
        seat.state = match self.roll(8) {
            0 => AgentState::Offline,
            1 => AgentState::NotReady,
            _ => AgentState::Ready,
        };
        if self.roll(3) == 0 {
            seat.skills = (0..3).map(|skill| (SkillId(skill), self.roll(6) as u8)).collect();
        }
        if self.roll(3) == 0 {
            for medium in MEDIA {
                seat.limits[medium as usize] = self.roll(4) as u8;
            }
            let held: Vec<_> = self.held.iter().filter(|(by, ..)| *by == agent).copied().collect();
            (seat.used, seat.load) = ([0; Medium::ALL.len()], 0);
            for (_, medium, weight) in held {
                seat.hold(medium, weight);
            }
        }
        seat.media_off = MEDIA.into_iter().filter(|_| self.roll(6) == 0).collect();
        seat.no_new = self.roll(10) == 0;
        seat.offered = self.roll(10) == 0;
        self.acd.set_seat(seat.clone());
        self.plain.seats.insert(agent, seat);
    }

    fn contact(&mut self) {
        let since_at = self.plain.now - if self.roll(3) == 0 { self.roll(60_000) as i64 } else { 0 };
        let needs = (0..self.roll(3))
            .map(|_| Need {
                skill: SkillId(self.roll(3) as i64),
                level: 1 + self.roll(5) as u8,
                relax: (0..self.roll(3))
                    .map(|_| Relax { after_s: self.roll(60) as u32, level: self.roll(5) as u8 })
                    .collect(),
            })
            .collect();
        let prefer = (self.roll(3) == 0).then(|| Prefer {
            agent: UserId(self.roll(self.agents as u64 + 1) as i64),
            until_at: self.plain.now + self.roll(30_000) as i64,
        });
        let waiting = Waiting {
            conversation: ConversationId(self.next_contact),
            queue: QueueId(self.roll(QUEUES) as i64),
            medium: MEDIA[self.roll(3) as usize],
            priority: [50, 50, 50, 80, 1][self.roll(5) as usize],
            since_at,
            needs,
            prefer,
            refused_by: (0..self.roll(6) / 4).map(|_| UserId(self.roll(self.agents as u64) as i64)).collect(),
            weight_pct: [100, 100, 50, 200][self.roll(4) as usize],
        };
        self.next_contact += 1;
        self.enqueue(waiting);
    }

    fn enqueue(&mut self, waiting: Waiting) {
        self.acd.enqueue(waiting.clone(), self.plain.now);
        self.plain.waiting.insert(waiting.conversation, waiting);
    }

    fn step(&mut self) {
        let waiting: Vec<ConversationId> = self.plain.waiting.keys().copied().collect();
        match self.roll(20) {
            0..=7 => self.contact(),
            8..=10 => {
                if let Some(held) = self.any(&self.held.clone()) {
                    let at = self.held.iter().position(|it| *it == held).unwrap();
                    self.held.remove(at);
                    self.give_back(held);
                }
            }
            11..=12 => {
                let agent = UserId(self.roll(self.agents as u64) as i64);
                self.seat(agent);
            }
            13..=14 => {
                let step = [1_000, 5_000, 20_000][self.roll(3) as usize];
                self.plain.now += self.roll(step) as i64;
                self.acd.advance(self.plain.now);
            }
            15 => {
                if let Some(id) = self.any(&waiting) {
                    assert!(self.acd.remove(id));
                    self.plain.waiting.remove(&id);
                }
            }
            16 => {
                if let Some(id) = self.any(&waiting) {
                    let agent = UserId(self.roll(self.agents as u64) as i64);
                    self.acd.refuse(id, agent);
                    self.plain.waiting.get_mut(&id).unwrap().refused_by.push(agent);
                }
            }
            17 => {
                if let Some((mut waiting, agent)) = self.offers.pop() {
                    // Declined: back to its place, never to the same agent.
                    let held = (agent, waiting.medium, waiting.weight_pct);
                    if let Some(at) = self.held.iter().position(|it| *it == held) {
                        self.held.remove(at);
                        self.give_back(held);
                        waiting.refused_by.push(agent);
                        self.enqueue(waiting);
                    }
                }
            }
            18 => match self.roll(4) {
                0 => self.aging(),
                1 => {
                    let queue = QueueId(self.roll(QUEUES) as i64);
                    self.queue(queue);
                }
                2 => {
                    let agent = UserId(self.roll(self.agents as u64) as i64);
                    self.acd.drop_seat(agent);
                    self.plain.seats.remove(&agent);
                    self.held.retain(|(by, ..)| *by != agent);
                }
                _ => {
                    let queue = QueueId(self.roll(QUEUES) as i64);
                    self.acd.drop_queue(queue);
                    self.plain.queues.remove(&queue);
                    self.plain.waiting.retain(|_, it| it.queue != queue);
                }
            },
            _ => {
                let agent = UserId(self.roll(self.agents as u64) as i64);
                let offered = self.roll(2) == 0;
                self.acd.set_offered(agent, offered);
                if let Some(seat) = self.plain.seats.get_mut(&agent) {
                    seat.offered = offered;
                }
            }
        }
        self.plain.settle();
    }

    fn give_back(&mut self, (agent, medium, weight): (UserId, Medium, u16)) {
        self.acd.give_back(agent, medium, weight, self.plain.now);
        if let Some(seat) = self.plain.seats.get_mut(&agent) {
            seat.give_back(medium, weight);
            seat.idle_since_at = self.plain.now;
        }
    }

    /// Gives out all that can be given out, one by one as the plain one would.
    fn drain(&mut self) {
        while let Some(found) = self.acd.next(self.plain.now) {
            self.check_match(&found);
            let waiting = self.plain.waiting.remove(&found.conversation).unwrap();
            assert!(self.acd.remove(found.conversation));
            self.acd.take(found.agent, found.medium, found.weight_pct, self.plain.now);
            let seat = self.plain.seats.get_mut(&found.agent).unwrap();
            seat.hold(found.medium, found.weight_pct);
            seat.idle_since_at = self.plain.now;
            assert!(seat.load <= CAPACITY, "capacity holds");
            assert!(seat.used[found.medium as usize] <= seat.limits[found.medium as usize], "limits hold");
            self.held.push((found.agent, found.medium, found.weight_pct));
            if self.roll(3) == 0 {
                self.offers.push((waiting, found.agent));
            }
            self.assigned += 1;
        }
        assert_eq!(self.plain.next(), None, "nobody waits beside a free eligible agent");
        for (agent, seat) in &self.plain.seats {
            assert_eq!(self.acd.seat(*agent), Some(seat));
        }
    }

    fn check_match(&mut self, found: &Match) {
        let it = self.plain.waiting[&found.conversation].clone();
        // Before the plain one chooses: its round robin moves on with the choice.
        let reasons: Vec<Exclusion> =
            self.plain.queues.get(&it.queue).map_or(vec![], |(rules, _)| match &rules.members {
                Members::All => {
                    self.plain.seats.keys().filter_map(|agent| self.plain.exclusion(&it, *agent)).collect()
                }
                Members::Users(users) => {
                    users.iter().filter_map(|agent| self.plain.exclusion(&it, *agent)).collect()
                }
            });
        let (conversation, agent, free) = self.plain.next().expect("the plain one finds somebody too");
        assert_eq!(
            (found.conversation, found.agent),
            (conversation, agent),
            "the first contact, the best agent"
        );
        let why = &found.why;
        let named: Vec<UserId> = why.candidates.iter().map(|candidate| candidate.agent).collect();
        assert_eq!(named, free[..free.len().min(8)], "candidates best first");
        assert_eq!(why.candidate_count as usize, free.len());
        let mut counted: BTreeMap<Exclusion, u32> = BTreeMap::new();
        reasons.into_iter().for_each(|reason| *counted.entry(reason).or_default() += 1);
        let told: BTreeMap<Exclusion, u32> = why.excluded.iter().map(|it| (it.reason, it.count)).collect();
        assert_eq!(told, counted, "who else and why not");
    }

    fn check_places(&mut self) {
        for queue in (0..QUEUES).map(|queue| QueueId(queue as i64)) {
            let order = self.plain.order(queue);
            assert_eq!(self.acd.order(queue, usize::MAX).collect::<Vec<_>>(), order);
            for (before, id) in order.iter().enumerate() {
                assert_eq!(self.acd.position(*id), Some(before as u32 + 1));
            }
            let longest =
                self.plain.waiting.values().filter(|it| it.queue == queue).map(|it| it.since_at).min();
            let told = self.acd.waiting_in(queue);
            assert_eq!((told.count as usize, told.longest_since_at), (order.len(), longest));
        }
        assert_eq!(self.acd.next_deadline(), self.plain.deadline());
        for it in self.plain.waiting.values() {
            assert_eq!(self.acd.waiting(it.conversation), Some(it));
            for agent in (0..self.agents).map(UserId) {
                let answer = self.acd.eligible(it.conversation, agent).err();
                assert_eq!(answer, self.plain.exclusion(it, agent));
            }
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn it_decides_as_the_plain_one_on_random_plans() {
    let plans = match (number("PLAN"), number("PLANS")) {
        (Some(one), _) => one..one + 1,
        (None, count) => 0..count.unwrap_or(2_000),
    };
    let mut assigned = 0;
    for number in plans {
        let run = std::panic::catch_unwind(|| {
            let mut plan = Plan::new(number);
            for step in 0..80 {
                plan.step();
                // Sometimes several things change before anyone asks.
                if plan.roll(3) > 0 {
                    plan.drain();
                }
                if step % 20 == 0 {
                    plan.check_places();
                }
            }
            plan.assigned
        });
        assigned += run.unwrap_or_else(|_| panic!("replay with PLAN={number}"));
    }
    assert!(assigned > 0, "plans in which nobody is given anything prove nothing");
}
