//! What people do with leads, and what time does.

use super::{Lead, LeadDeed, LeadLevel, LeadNews, LeadStatus, Validity, next, reclaim_at};
use crate::{
    At,
    actor::Actor,
    directory::Directory,
    fault::{Fault, Faults, Refused, Shape},
    form::{self, is_email, is_phone},
    id::*,
    refusal::Refusal,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const LONGEST_LINE: usize = 500;
const LONGEST_ANSWER: usize = 8_000;
const LONGEST_NOTE: usize = 2_000;

/// Somebody who may become a customer, as staff write it down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NewLead {
    pub name: String,
    pub phone: String,
    pub email: String,
    /// What they want.
    pub message: String,
    pub area: String,
    pub level: Option<LeadLevel>,
    pub customer: Option<CustomerId>,
    /// Who follows it up; absent: whoever's turn it is.
    pub owner: Option<UserId>,
}

/// What one does with a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum LeadAct {
    /// Follows it up from now on.
    Take,
    Give {
        user: UserId,
    },
    /// Gives it back; where leads are handed out the next one gets it.
    Release {
        reason: String,
    },
    /// Writes down a contact and what came of it.
    Contact {
        text: String,
    },
    Done {
        #[serde(default)]
        answer: String,
    },
    Reopen,
    Judge {
        level: Option<LeadLevel>,
        validity: Validity,
        #[serde(default)]
        area: String,
    },
    /// Says which customer it is.
    Belongs {
        customer: Option<CustomerId>,
    },
}

/// What is decided on.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub directory: &'a Directory,
    pub by: Actor,
    pub now: At,
}

/// One thing that happened to a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    pub what: LeadDeed,
    /// Who got it or lost it.
    pub person: Option<UserId>,
    pub text: String,
}

/// A lead as it is after, what happened, and who is told of it.
#[derive(Debug, PartialEq)]
pub struct Decided {
    pub lead: Lead,
    pub deeds: Vec<Deed>,
    pub told: Vec<(UserId, LeadNews)>,
}

/// A lead that staff write down. `lead` has its id, its business line, and what is known of its customer.
pub fn open(new: NewLead, lead: Lead, scene: Scene) -> Result<Decided, Refused> {
    let Scene { directory, now, .. } = scene;
    let mut faults = Faults::default();
    let [name, phone, email, message] =
        [&new.name, &new.phone, &new.email, &new.message].map(|text| text.trim().to_owned());
    let is_named = [&name, &phone, &email].iter().any(|text| !text.is_empty());
    faults.unless(is_named, "name", Fault::Nameless);
    faults.length("name", &name, LONGEST_LINE);
    faults.shape(phone.is_empty() || is_phone(&phone), "phone", Shape::Phone);
    faults.shape(email.is_empty() || is_email(&email), "email", Shape::Email);
    faults.length("phone", &phone, LONGEST_LINE);
    faults.length("email", &email, LONGEST_LINE);
    faults.length("message", &message, LONGEST_ANSWER);
    check_area(&mut faults, &new.area, directory);
    faults.unless(new.owner.is_none_or(|id| works(id, directory)), "owner", Fault::Unknown);
    faults.none()?;
    let fields = [("name", &name), ("phone", &phone), ("email", &email), ("message", &message)];
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let fields = fields.map(|(key, value)| (key.to_owned(), value.clone())).collect::<BTreeMap<_, _>>();
    let area = if new.area.is_empty() { lead.area.clone() } else { new.area };
    let level = new.level;
    let (created_at, updated_at) = (now, now);
    let lead = Lead { version: 1, name, phone, email, fields, area, level, created_at, updated_at, ..lead };
    let mut decided = Decided { lead, deeds: vec![], told: vec![] };
    if let Some(owner) = new.owner {
        decided.give(owner, scene);
    }
    Ok(decided)
}

/// Does something with a lead.
pub fn act(before: &Lead, act: LeadAct, scene: Scene) -> Result<Decided, Refused> {
    let mut done = Decided::of(before, scene);
    match act {
        LeadAct::Take => done.give(scene.by.user().ok_or(Refusal::Forbidden)?, scene),
        LeadAct::Give { user } if works(user, scene.directory) => done.give(user, scene),
        LeadAct::Give { .. } => return Err(Refused::field("user", Fault::Unknown)),
        LeadAct::Release { .. } if before.owner.is_none() => return Err(Refusal::WrongPhase.into()),
        LeadAct::Release { reason } => done.take_back(LeadDeed::Released, written(&reason, "reason")?),
        LeadAct::Contact { text } => done.contact(written(&text, "text")?, scene),
        LeadAct::Done { answer } => done.finish(answer, scene)?,
        LeadAct::Reopen => done.reopen(scene),
        LeadAct::Judge { level, validity, area } => {
            let mut faults = Faults::default();
            check_area(&mut faults, &area, scene.directory);
            faults.none()?;
            (done.lead.level, done.lead.validity, done.lead.area) = (level, validity, area);
        }
        LeadAct::Belongs { customer } => done.lead.customer = customer,
    }
    Ok(done)
}

/// Brings a lead to a status, whatever it takes, and keeps the answer.
pub fn bring(before: &Lead, to: LeadStatus, answer: String, scene: Scene) -> Result<Decided, Refused> {
    if answer.chars().count() > LONGEST_ANSWER {
        return Err(Refusal::TooLong.into());
    }
    let mut done = Decided::of(before, scene);
    match (to, scene.by.user()) {
        (LeadStatus::New, _) if before.owner.is_some() => done.take_back(LeadDeed::Released, String::new()),
        (LeadStatus::Claimed, _) if before.status == LeadStatus::Done => done.reopen(scene),
        (LeadStatus::Claimed, Some(user)) if before.owner.is_none() => done.give(user, scene),
        (LeadStatus::Done, _) => done.finish(answer.clone(), scene)?,
        (to, _) => done.lead.status = to,
    }
    done.lead.answer = answer;
    Ok(done)
}

/// Takes a lead from who did not write in time.
pub fn reclaim(before: &Lead, scene: Scene) -> Decided {
    let mut done = Decided::of(before, scene);
    done.take_back(LeadDeed::Reclaimed, String::new());
    done.told.extend(before.owner.map(|user| (user, LeadNews::Reclaimed)));
    done
}

impl Decided {
    /// A lead of which nothing is decided yet.
    pub fn of(before: &Lead, scene: Scene) -> Decided {
        let lead = Lead { version: before.version + 1, updated_at: scene.now, ..before.clone() };
        Decided { lead, deeds: vec![], told: vec![] }
    }

    /// Goes to whoever's turn it is after `last`, except who lost it before; false where nobody is left.
    pub fn pass_on(&mut self, last: Option<UserId>, mut lost: BTreeSet<UserId>, scene: Scene) -> bool {
        lost.extend(self.deeds.iter().filter_map(|deed| deed.person));
        let settings = &scene.directory.settings.leads;
        let next = next(settings, &self.lead.area, last, &lost, scene.directory);
        next.into_iter().for_each(|user| self.give(user, scene));
        next.is_some()
    }

    fn did(&mut self, what: LeadDeed, person: Option<UserId>, text: String) {
        self.deeds.push(Deed { what, person, text });
    }

    fn give(&mut self, to: UserId, scene: Scene) {
        let lead = &mut self.lead;
        (lead.owner, lead.given_at, lead.touched_at) = (Some(to), Some(scene.now), None);
        lead.status = LeadStatus::Claimed;
        lead.reclaim_at = reclaim_at(&scene.directory.settings.leads, scene.now, None);
        self.did(LeadDeed::Given, Some(to), String::new());
        // Nobody is told of what they did themselves.
        if scene.by.user() != Some(to) {
            self.told.push((to, LeadNews::Given));
        }
    }

    fn take_back(&mut self, what: LeadDeed, why: String) {
        let lost = self.lead.owner.take();
        self.lead.status = LeadStatus::New;
        self.lead.reclaim_at = None;
        self.did(what, lost, why);
    }

    fn contact(&mut self, text: String, scene: Scene) {
        let lead = &mut self.lead;
        lead.touched_at = Some(scene.now);
        if let Some(given_at) = lead.given_at.filter(|_| lead.owner.is_some()) {
            lead.reclaim_at = reclaim_at(&scene.directory.settings.leads, given_at, lead.touched_at);
        }
        self.did(LeadDeed::Contact, None, text);
    }

    fn finish(&mut self, answer: String, scene: Scene) -> Result<(), Refused> {
        if answer.chars().count() > LONGEST_ANSWER {
            return Err(Refusal::TooLong.into());
        }
        let lead = &mut self.lead;
        lead.owner = lead.owner.or(scene.by.user());
        lead.status = LeadStatus::Done;
        lead.reclaim_at = None;
        lead.answer.clone_from(&answer);
        self.did(LeadDeed::Done, None, answer);
        Ok(())
    }

    fn reopen(&mut self, scene: Scene) {
        let lead = &mut self.lead;
        lead.status = if lead.owner.is_some() { LeadStatus::Claimed } else { LeadStatus::New };
        let settings = &scene.directory.settings.leads;
        lead.reclaim_at = lead.owner.and_then(|_| reclaim_at(settings, scene.now, None));
        self.did(LeadDeed::Reopened, None, String::new());
    }
}

fn works(user: UserId, directory: &Directory) -> bool {
    directory.users.get(&user).is_some_and(|it| !it.disabled)
}

fn check_area(faults: &mut Faults, area: &str, directory: &Directory) {
    let areas = &directory.settings.customers.areas;
    faults.unless(area.is_empty() || form::choice(areas, area).is_some(), "area", Fault::Unknown);
}

/// What has to be said, in so many words.
fn written(text: &str, field: &str) -> Result<String, Refused> {
    match text.trim() {
        "" => Err(Refused::field(field, Fault::Missing)),
        text if text.chars().count() > LONGEST_NOTE => Err(Refusal::TooLong.into()),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Settings, User},
        lead::{LeadPerson, LeadSettings},
    };
    use std::sync::Arc;

    const MINUTE_MS: At = 60_000;
    const ANNA: UserId = UserId(1);
    const BERT: UserId = UserId(2);

    fn house() -> Directory {
        let mut house = Directory::default();
        let people = [ANNA, BERT].map(|user| {
            house.users.insert(user, Arc::new(User::default()));
            LeadPerson { user, areas: vec![] }
        });
        let leads = LeadSettings { people: people.into(), first_min: 30, again_min: 60 };
        house.settings = Settings { leads, ..Settings::default() }.into();
        house
    }

    fn scene(house: &Directory, by: UserId, now: At) -> Scene<'_> {
        Scene { directory: house, by: Actor::User { id: by }, now }
    }

    fn whats(decided: &Decided) -> Vec<(LeadDeed, Option<UserId>)> {
        decided.deeds.iter().map(|it| (it.what, it.person)).collect()
    }

    #[test]
    fn b_46_who_wrote_nothing_loses_it_to_the_next_and_both_are_told() {
        let house = house();
        let given = act(&Lead::default(), LeadAct::Give { user: ANNA }, scene(&house, BERT, 0)).unwrap();
        assert_eq!(
            (given.lead.reclaim_at, given.told),
            (Some(30 * MINUTE_MS), vec![(ANNA, LeadNews::Given)])
        );
        let clock = Scene { directory: &house, by: Actor::System, now: 31 * MINUTE_MS };
        let mut taken = reclaim(&given.lead, clock);
        assert!(taken.pass_on(Some(ANNA), BTreeSet::new(), clock));
        assert_eq!(whats(&taken), [(LeadDeed::Reclaimed, Some(ANNA)), (LeadDeed::Given, Some(BERT))]);
        assert_eq!(taken.told, [(ANNA, LeadNews::Reclaimed), (BERT, LeadNews::Given)]);
        let mut again = reclaim(&taken.lead, clock);
        assert!(!again.pass_on(Some(BERT), [ANNA].into(), clock), "all had their chance");
        assert_eq!(
            (again.lead.status, again.lead.owner, again.lead.reclaim_at),
            (LeadStatus::New, None, None)
        );
    }

    #[test]
    fn b_46_a_contact_buys_time_and_what_is_done_is_not_taken_back() {
        let house = house();
        let taken = act(&Lead::default(), LeadAct::Take, scene(&house, ANNA, 0)).unwrap();
        assert_eq!(taken.told, [], "nobody is told of what they did themselves");
        let contact = LeadAct::Contact { text: " 已通话 ".into() };
        let touched = act(&taken.lead, contact, scene(&house, ANNA, MINUTE_MS)).unwrap();
        assert_eq!(touched.lead.reclaim_at, Some(61 * MINUTE_MS));
        assert_eq!(touched.deeds[0].text, "已通话");
        let done =
            act(&touched.lead, LeadAct::Done { answer: "已办卡".into() }, scene(&house, ANNA, 0)).unwrap();
        assert_eq!((done.lead.status, done.lead.reclaim_at), (LeadStatus::Done, None));
        let reopened = act(&done.lead, LeadAct::Reopen, scene(&house, BERT, 0)).unwrap();
        assert_eq!((reopened.lead.status, reopened.lead.owner), (LeadStatus::Claimed, Some(ANNA)));
    }

    #[test]
    fn b_46_what_is_wrong_is_named_where_it_stands() {
        let house = house();
        let here = scene(&house, ANNA, 0);
        let wrong = |refused: Refused| match refused {
            Refused::Wrong(wrong) => wrong.into_iter().map(|it| it.field).collect::<Vec<_>>(),
            Refused::Refusal(refusal) => vec![format!("{refusal:?}")],
        };
        let new = NewLead {
            email: "nothing".into(),
            area: "moon".into(),
            owner: Some(UserId(9)),
            ..NewLead::default()
        };
        assert_eq!(wrong(open(new, Lead::default(), here).unwrap_err()), ["email", "area", "owner"]);
        let nobody = NewLead { message: "想办卡".into(), ..NewLead::default() };
        assert_eq!(wrong(open(nobody, Lead::default(), here).unwrap_err()), ["name"]);
        let lead = Lead { owner: Some(ANNA), ..Lead::default() };
        for (it, field) in [
            (LeadAct::Release { reason: " ".into() }, "reason"),
            (LeadAct::Contact { text: String::new() }, "text"),
            (LeadAct::Give { user: UserId(9) }, "user"),
        ] {
            assert_eq!(wrong(act(&lead, it, here).unwrap_err()), [field]);
        }
        let free = act(&Lead::default(), LeadAct::Release { reason: "x".into() }, here);
        assert_eq!(wrong(free.unwrap_err()), ["WrongPhase"]);
    }

    #[test]
    fn a_program_claims_a_lead_for_nobody_as_it_always_did() {
        let house = house();
        let by = Actor::Api { id: ApiKeyId(1) };
        let program = Scene { directory: &house, by, now: 0 };
        let claimed = bring(&Lead::default(), LeadStatus::Claimed, "稍后回复".into(), program).unwrap();
        assert_eq!((claimed.lead.status, claimed.lead.owner), (LeadStatus::Claimed, None));
        assert_eq!(claimed.lead.answer, "稍后回复");
        let lead = Lead { owner: Some(ANNA), status: LeadStatus::Claimed, ..Lead::default() };
        let back = bring(&lead, LeadStatus::New, String::new(), scene(&house, ANNA, 0)).unwrap();
        assert_eq!((back.lead.status, back.lead.owner), (LeadStatus::New, None));
    }
}
