//! Who belongs to a segment (B-37). Conditions are those of rules; what only segments ask is a customer's history.

use crate::{
    At,
    config::{Condition, Segment},
    directory::Directory,
    fault::{Fault, Faults},
    id::*,
    rule::{self, Client, Seen},
};

const DAY_MS: At = 86_400_000;
/// What happened longer ago is not counted.
pub(crate) const LONGEST_DAYS: i64 = 3_660;

/// When a customer was in contact, as far back as any segment looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub now: At,
    pub known_at: At,
    pub last_contact_at: Option<At>,
    pub contacts: Vec<At>,
    pub tickets: Vec<(TicketTypeId, At)>,
}

impl History {
    /// The number that a condition asks for.
    pub(crate) fn count(&self, condition: &Condition) -> i64 {
        use crate::config::Aspect::*;
        let since = self.now - At::from(condition.days) * DAY_MS;
        let days = |at: At| (self.now - at).max(0) / DAY_MS;
        match condition.what {
            Silent => days(self.last_contact_at.unwrap_or(self.known_at)),
            Known => days(self.known_at),
            Contacts => self.contacts.iter().filter(|at| **at > since).count() as i64,
            _ => {
                let of_kind = |of: TicketTypeId| condition.of.is_none_or(|it| it == of);
                self.tickets.iter().filter(|(of, at)| *at > since && of_kind(*of)).count() as i64
            }
        }
    }
}

/// The segments to which a customer belongs. Segments that ask for segments see those of the last time.
pub fn segments_of(client: Client, directory: &Directory) -> Vec<RecordId> {
    let seen = Seen { customer: Some(client), ..Seen::default() };
    let belongs = |it: &Segment| rule::hold(&it.conditions, it.any, seen);
    directory.segments.iter().filter(|(_, it)| belongs(it)).map(|(id, _)| *id).collect()
}

/// How many days back the segments look at what happened.
pub fn farthest_days(directory: &Directory) -> u16 {
    let conditions = directory.segments.values().flat_map(|it| &it.conditions);
    conditions.filter(|it| it.what.is_history()).map(|it| it.days).max().unwrap_or_default()
}

/// Whether a segment that somebody wrote can be.
pub(crate) fn check(it: &Segment, directory: &Directory, faults: &mut Faults) {
    faults.length("note", &it.note, 500);
    faults.unless(!it.conditions.is_empty(), "conditions", Fault::Missing);
    rule::check_conditions(&it.conditions, rule::fits_customer, directory, faults);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Aspect, Test},
        customer::Customer,
        lang::Text,
    };
    use std::sync::Arc;

    const NOW: At = 1_000 * DAY_MS;

    fn condition(what: Aspect, test: Test, value: &str, days: u16) -> Condition {
        Condition { what, test, values: vec![value.into()], days, ..Condition::default() }
    }

    fn one(conditions: Vec<Condition>) -> Directory {
        let mut directory = Directory::default();
        let segment = Segment { name: Text::new("甲", "A"), conditions, ..Segment::default() };
        directory.segments.insert(RecordId(1), Arc::new(segment));
        directory
    }

    fn is_in(directory: &Directory, card: &Customer, history: &History) -> bool {
        let client = Client { card, line: None, segments: &[], history: Some(history) };
        segments_of(client, directory) == [RecordId(1)]
    }

    #[test]
    fn b_37_the_silent_are_those_without_contact_for_days() {
        let directory = one(vec![condition(Aspect::Silent, Test::Above, "90", 0)]);
        let card = Customer::default();
        let history =
            |last_contact_at| History { now: NOW, known_at: 0, last_contact_at, ..History::default() };
        assert!(is_in(&directory, &card, &history(Some(NOW - 91 * DAY_MS))));
        assert!(!is_in(&directory, &card, &history(Some(NOW - 90 * DAY_MS))), "90 days are not more than 90");
        assert!(
            is_in(&directory, &card, &history(None)),
            "who never was in contact is silent since they are known"
        );
        let new = History { now: NOW, known_at: NOW - DAY_MS, ..History::default() };
        assert!(!is_in(&directory, &card, &new));
    }

    #[test]
    fn b_37_frequent_complainers_are_counted_by_kind_and_span() {
        let mut asked = condition(Aspect::Tickets, Test::Above, "2", 30);
        asked.of = Some(TicketTypeId(7));
        let directory = one(vec![asked, condition(Aspect::Vip, Test::Is, "yes", 0)]);
        assert_eq!(farthest_days(&directory), 30);
        let vip = Customer { vip: true, ..Customer::default() };
        let complaints = |days: &[i64]| History {
            now: NOW,
            tickets: days.iter().map(|ago| (TicketTypeId(7), NOW - ago * DAY_MS)).collect(),
            ..History::default()
        };
        assert!(is_in(&directory, &vip, &complaints(&[1, 2, 29])));
        assert!(!is_in(&directory, &vip, &complaints(&[1, 2, 31])), "one of three is too long ago");
        assert!(
            !is_in(&directory, &Customer::default(), &complaints(&[1, 2, 29])),
            "all conditions must hold"
        );
        let mut others = complaints(&[1, 2, 29]);
        others.tickets[0].0 = TicketTypeId(8);
        assert!(!is_in(&directory, &vip, &others), "another kind does not count");
    }
}
