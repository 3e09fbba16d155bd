//! Who works when, and when visitors come.

use super::week::{DAY_MS, Duty, MINUTE_MS, Step, Week};
use yingda_core::{At, id::UserId, lang::Lang};

pub const AGENTS: [UserId; 6] = [
    UserId(1_000_211),
    UserId(1_000_212),
    UserId(1_000_213),
    UserId(1_000_214),
    UserId(1_000_215),
    UserId(1_000_216),
];
const HOUR_MS: i64 = 3_600_000;
/// The shop's zone, which knows no summer time, lies eight hours ahead.
const ZONE_MS: i64 = 8 * HOUR_MS;
/// Places in `AGENTS` of the teams for pre-sales and after-sales.
const TEAMS: [[usize; 3]; 2] = [[0, 2, 4], [1, 3, 5]];

/// How many visitors come in each hour from 0:00.
const ARRIVALS: [i64; 24] = [1, 0, 0, 0, 0, 0, 0, 1, 1, 4, 5, 4, 3, 3, 4, 5, 4, 3, 3, 4, 6, 3, 2, 1];
/// Live shows bring a rush: minute of the day, length in minutes, visitors.
const RUSHES: [(i64, i64, i64); 2] = [(10 * 60 + 30, 6, 12), (20 * 60 + 10, 8, 17)];

/// Midnight before an instant, in the shop's zone.
pub fn midnight(at: At) -> At {
    (at + ZONE_MS).div_euclid(DAY_MS) * DAY_MS - ZONE_MS
}

pub fn plan(week: &mut Week<'_>, from: At, until: At) {
    // The last visitors come early enough to be served.
    let doors = until - 20 * MINUTE_MS;
    let (first, last) = (midnight(from), midnight(until));
    for (day, start) in (0..).map(|day| (day, first + day * DAY_MS)).take_while(|(_, start)| *start <= last) {
        staff(week, day, start, from);
        for (hour, count) in ARRIVALS.into_iter().enumerate() {
            for _ in 0..count {
                let at = start + hour as i64 * HOUR_MS + week.dice.between(0, HOUR_MS - 1);
                arrival(week, at, from, doors, day);
            }
        }
        for (minute, length, count) in RUSHES {
            for _ in 0..count {
                let at = start + minute * MINUTE_MS + week.dice.between(0, length * MINUTE_MS);
                arrival(week, at, from, doors, day);
            }
        }
    }
}

/// Every two days a team changes places: one comes early, one late, and the third takes turns with the other team's
/// third in working by night.
fn place(team: usize, day: i64, place: i64) -> usize {
    TEAMS[team][(day.div_euclid(2) + place).rem_euclid(3) as usize]
}

/// Which team is there by night, and who.
fn by_night(day: i64) -> (usize, usize) {
    let team = day.rem_euclid(2) as usize;
    (team, place(team, day, 2))
}

fn staff(week: &mut Week<'_>, day: i64, start: At, from: At) {
    let mut works = |agent: usize, come: i64, go: i64| {
        shift(week, AGENTS[agent], start + come * HOUR_MS, start + go * HOUR_MS, from);
    };
    for team in 0..TEAMS.len() {
        works(place(team, day, 0), 9, 18);
        works(place(team, day, 1), 12, 21);
    }
    works(by_night(day).1, 21, 33);
    // After-sales' third works before the night; pre-sales' third rests after it.
    if day.rem_euclid(2) == 0 {
        works(place(1, day, 2), 10, 21);
    }
    if day == 0 {
        // The night before the first day has somebody on duty too.
        works(by_night(-1).1, 0, 9);
    }
}

fn shift(week: &mut Week<'_>, agent: UserId, come: At, go: At, from: At) {
    if go <= from {
        return;
    }
    let come = come.max(from) + week.dice.between(-4, 5).max(0) * MINUTE_MS;
    week.plan(come, Step::Agent(agent, Duty::Come));
    let meal = come + (3 * 60 + week.dice.between(0, 60)) * MINUTE_MS;
    let rest = come + (6 * 60 + week.dice.between(0, 40)) * MINUTE_MS;
    for (at, duty, minutes) in [(meal, Duty::Meal, 35), (rest, Duty::Rest, 12)] {
        let back = at + minutes * MINUTE_MS;
        if back < go {
            week.plan(at, Step::Agent(agent, duty));
            week.plan(back, Step::Agent(agent, Duty::Back));
        }
    }
    let go = go + week.dice.between(0, 6) * MINUTE_MS;
    week.plan(go, Step::Agent(agent, Duty::Go));
}

/// A visitor comes, with a matter that somebody on duty can handle.
fn arrival(week: &mut Week<'_>, at: At, from: At, doors: At, day: i64) {
    if !(from..doors).contains(&at) {
        return;
    }
    let regular = week.dice.between(0, week.regulars.len() as i64 - 1) as usize;
    let english = week.regulars[regular].lang == Lang::En;
    let hour = (at - midnight(at)) / HOUR_MS;
    let on_duty = match hour {
        9..21 => None,
        21.. => Some(by_night(day).0),
        _ => Some(by_night(day - 1).0),
    };
    // By night one person is there, and only for what that team does.
    let queue = on_duty.map(|team| if team == 0 { 1_000_401 } else { 1_000_402 });
    let fits = |talk: &super::pack::Talk| {
        (talk.lang == Lang::En) == english
            && queue.is_none_or(|queue| talk.queue.0 == queue && talk.transfer.is_none())
    };
    let fitting: Vec<(usize, u32)> = week
        .pack
        .talks
        .iter()
        .enumerate()
        .filter(|(_, talk)| fits(talk))
        .map(|(n, talk)| (n, talk.weight))
        .collect();
    let all: i64 = fitting.iter().map(|(_, weight)| i64::from(*weight)).sum();
    if all == 0 {
        return;
    }
    let mut left = week.dice.between(1, all);
    for (talk, weight) in fitting {
        left -= i64::from(weight);
        if left <= 0 {
            return week.plan(at, Step::Arrive { regular, talk });
        }
    }
}
