//! Leads (B-46): messages left while nobody was there (留言) and people who may become customers. Who gets one, until when
//! they have to write, and when it is taken back.

mod acts;

pub use acts::{Decided, Deed, LeadAct, NewLead, Scene, act, bring, open, reclaim};

use crate::{
    At,
    directory::Directory,
    fault::{Fault, Faults},
    form,
    id::*,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const MINUTE_MS: At = 60_000;
const LONGEST_MIN: i64 = 366 * 24 * 60;

/// How leads are handed out, as the settings say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LeadSettings {
    /// These get new leads in turns; where there are none, whoever wants one takes it.
    pub people: Vec<LeadPerson>,
    /// Within so many minutes they write down a first contact, else the lead goes to the next; 0: it stays.
    pub first_min: u32,
    /// And so many minutes after the last contact the next one, until it is done; 0: any time.
    pub again_min: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LeadPerson {
    pub user: UserId,
    /// Only leads of these areas; empty: of all.
    pub areas: Vec<String>,
}

/// Somebody who has to be followed up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lead {
    pub id: RecordId,
    pub line: LineId,
    pub version: i64,
    /// 0 where it was written down by staff.
    pub widget: WidgetId,
    pub visitor: Option<VisitorId>,
    pub customer: Option<CustomerId>,
    pub name: String,
    pub phone: String,
    pub email: String,
    /// All that was filled in, by the form's keys.
    pub fields: BTreeMap<String, String>,
    pub status: LeadStatus,
    pub owner: Option<UserId>,
    pub answer: String,
    pub created_at: At,
    pub updated_at: At,
    pub area: String,
    pub level: Option<LeadLevel>,
    pub validity: Validity,
    pub given_at: Option<At>,
    /// The last contact that the owner wrote down.
    pub touched_at: Option<At>,
    pub reclaim_at: Option<At>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    #[default]
    New,
    Claimed,
    Done,
}

/// Whether a lead is worth something, as whoever follows it up found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    #[default]
    Open,
    Valid,
    Invalid,
}

/// How interested they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeadLevel {
    High,
    Middle,
    Low,
}

/// What happened to a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeadDeed {
    /// Somebody was in contact, and wrote what came of it.
    Contact,
    /// `person` has it now.
    Given,
    /// It was taken from `person`, who did not write in time.
    Reclaimed,
    /// `person` gave it back.
    Released,
    Done,
    Reopened,
}

/// What somebody is told of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeadNews {
    Given,
    Reclaimed,
}

/// Who gets a lead of this area: after the one who got the last, whoever has not lost it before; nobody where all had
/// their chance. `last` got the last lead that was given.
pub fn next(
    settings: &LeadSettings,
    area: &str,
    last: Option<UserId>,
    lost: &BTreeSet<UserId>,
    directory: &Directory,
) -> Option<UserId> {
    let people = &settings.people;
    let start = people.iter().position(|it| Some(it.user) == last).map_or(0, |n| n + 1);
    let fits = |it: &&LeadPerson| {
        let works = directory.users.get(&it.user).is_some_and(|user| !user.disabled);
        let is_theirs = it.areas.is_empty() || it.areas.iter().any(|own| own == area);
        works && is_theirs && !lost.contains(&it.user)
    };
    let turns = || people.iter().cycle().skip(start).take(people.len()).filter(fits);
    // Whoever looks after the area goes before who takes any.
    turns().find(|it| !it.areas.is_empty()).or_else(|| turns().next()).map(|it| it.user)
}

/// Until when the owner has to write, where one has to.
pub fn reclaim_at(settings: &LeadSettings, given_at: At, touched_at: Option<At>) -> Option<At> {
    let (from, minutes) = match touched_at {
        Some(at) => (at, settings.again_min),
        None => (given_at, settings.first_min),
    };
    (minutes > 0).then(|| from + At::from(minutes) * MINUTE_MS)
}

/// Whether the settings' leads can be as they are said.
pub(crate) fn check_settings(
    it: &LeadSettings,
    areas: &[crate::config::Choice],
    directory: &Directory,
    faults: &mut Faults,
) {
    faults.unless(it.people.len() <= 200, "leads.people", Fault::TooMany(200));
    let mut seen = BTreeSet::new();
    for (n, person) in it.people.iter().enumerate() {
        let at = format!("leads.people.{n}.user");
        faults.unless(directory.users.contains_key(&person.user), &at, Fault::Unknown);
        faults.unless(seen.insert(person.user), at, Fault::Taken);
        let known = person.areas.iter().all(|area| form::choice(areas, area).is_some());
        faults.unless(known, format!("leads.people.{n}.areas"), Fault::Unknown);
    }
    faults.range("leads.first_min", it.first_min, 0, LONGEST_MIN);
    faults.range("leads.again_min", it.again_min, 0, LONGEST_MIN);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::User;
    use std::sync::Arc;

    fn house(people: &[(i64, &[&str])]) -> (LeadSettings, Directory) {
        let mut directory = Directory::default();
        let people = people.iter().map(|(user, areas)| {
            directory.users.insert(UserId(*user), Arc::new(User::default()));
            LeadPerson { user: UserId(*user), areas: areas.iter().map(|it| it.to_string()).collect() }
        });
        let people = people.collect();
        (LeadSettings { people, first_min: 30, again_min: 60 }, directory)
    }

    #[test]
    fn b_46_leads_go_round_and_an_area_has_its_own_people() {
        let (settings, directory) = house(&[(1, &[]), (2, &["north"]), (3, &[])]);
        let give = |area: &str, last: Option<i64>, lost: &[i64]| {
            let lost = lost.iter().map(|id| UserId(*id)).collect();
            next(&settings, area, last.map(UserId), &lost, &directory).map(|id| id.0)
        };
        assert_eq!(give("", None, &[]), Some(1));
        assert_eq!(give("", Some(1), &[]), Some(3), "the second only takes leads of the north");
        assert_eq!(give("", Some(3), &[]), Some(1));
        assert_eq!(give("north", Some(1), &[]), Some(2));
        assert_eq!(give("north", Some(3), &[2]), Some(1), "who lost it does not get it again");
        assert_eq!(give("", Some(1), &[1, 3]), None);
    }

    #[test]
    fn b_46_nobody_gets_a_lead_who_does_not_work_here_any_more() {
        let (settings, mut directory) = house(&[(1, &[]), (2, &[])]);
        directory.users.insert(UserId(1), Arc::new(User { disabled: true, ..User::default() }));
        assert_eq!(next(&settings, "", None, &BTreeSet::new(), &directory), Some(UserId(2)));
    }

    #[test]
    fn b_46_a_contact_gives_more_time() {
        let (settings, _) = house(&[]);
        assert_eq!(reclaim_at(&settings, 0, None), Some(30 * MINUTE_MS));
        assert_eq!(reclaim_at(&settings, 0, Some(MINUTE_MS)), Some(61 * MINUTE_MS));
        assert_eq!(reclaim_at(&LeadSettings::default(), 0, None), None);
    }
}
