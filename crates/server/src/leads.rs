//! What is done with a lead, by people and by the clock: the row, what is written down of it and who is told, in one
//! transaction.

use crate::{
    app::App,
    problem::Problem,
    site::{Item, ItemFact, Refused},
};
use yingda_core::{
    At,
    actor::Actor,
    directory::Directory,
    event::{Audience, Fact, LeadChanged, LeadTold, Private, Subject},
    id::*,
    lead::{self, LeadDeed, LeadNews},
    refusal::Refusal,
};
use yingda_store::lead::{self as rows, Lead, LeadNote};
use yingda_wire::http::LeadAct;

/// A lead before and after, and what is to be said of it.
pub struct Step {
    pub before: Lead,
    pub after: Lead,
    deeds: Vec<(LeadDeed, Option<UserId>, String)>,
    told: Vec<(UserId, LeadNews)>,
    now: At,
}

impl Step {
    pub fn new(before: Lead, now: At) -> Step {
        Step { after: before.clone(), before, deeds: vec![], told: vec![], now }
    }

    /// Somebody has it from now on.
    pub fn give(&mut self, to: UserId, directory: &Directory) {
        let after = &mut self.after;
        (after.owner, after.given_at, after.touched_at) = (Some(to), Some(self.now), None);
        after.status = "claimed".into();
        after.reclaim_at = lead::reclaim_at(&directory.settings.leads, self.now, None);
        self.deeds.push((LeadDeed::Given, Some(to), String::new()));
        self.told.push((to, LeadNews::Given));
    }

    /// The one who has it loses it.
    pub fn take_back(&mut self, what: LeadDeed, why: &str) {
        let after = &mut self.after;
        let lost = after.owner.take();
        after.status = "new".into();
        after.reclaim_at = None;
        self.deeds.push((what, lost, why.to_owned()));
        if what == LeadDeed::Reclaimed {
            self.told.extend(lost.map(|user| (user, LeadNews::Reclaimed)));
        }
    }

    /// What somebody asks for.
    pub fn act(&mut self, act: LeadAct, by: Option<UserId>, directory: &Directory) -> Result<(), Problem> {
        let settings = &directory.settings;
        match act {
            LeadAct::Take => self.give(by.ok_or(Refusal::Forbidden)?, directory),
            LeadAct::Give { user } => {
                let works = directory.users.get(&user).is_some_and(|it| !it.disabled);
                if !works {
                    return Err(Problem::field("user", "没有这个员工，或已停用。", "Nobody who works here."));
                }
                self.give(user, directory);
            }
            LeadAct::Release { reason } => {
                if self.after.owner.is_none() {
                    return Err(Refusal::WrongPhase.into());
                }
                self.take_back(LeadDeed::Released, &written(&reason, "reason")?);
            }
            LeadAct::Contact { text } => {
                let text = written(&text, "text")?;
                let after = &mut self.after;
                after.touched_at = Some(self.now);
                if let Some(given_at) = after.given_at.filter(|_| after.owner.is_some()) {
                    after.reclaim_at = lead::reclaim_at(&settings.leads, given_at, after.touched_at);
                }
                self.deeds.push((LeadDeed::Contact, None, text));
            }
            LeadAct::Done { answer } => {
                if answer.chars().count() > 8_000 {
                    return Err(Refusal::TooLong.into());
                }
                self.after.owner = self.after.owner.or(by);
                self.after.status = "done".into();
                self.after.reclaim_at = None;
                self.after.answer.clone_from(&answer);
                self.deeds.push((LeadDeed::Done, None, answer));
            }
            LeadAct::Reopen => {
                let after = &mut self.after;
                after.status = if after.owner.is_some() { "claimed" } else { "new" }.into();
                let from = after.owner.map(|_| self.now);
                after.reclaim_at = from.and_then(|at| lead::reclaim_at(&settings.leads, at, None));
                self.deeds.push((LeadDeed::Reopened, None, String::new()));
            }
            LeadAct::Judge { level, validity, area } => {
                let known =
                    area.is_empty() || yingda_core::form::choice(&settings.customers.areas, &area).is_some();
                if !known {
                    return Err(Problem::field("area", "没有这个片区。", "No such area."));
                }
                (self.after.level, self.after.validity, self.after.area) = (level, validity, area);
            }
            LeadAct::Belongs { customer } => self.after.customer = customer,
        }
        Ok(())
    }

    /// Goes to whoever's turn it is, where leads are handed out; tells whether somebody got it.
    pub async fn pass_on(&mut self, app: &App, directory: &Directory) -> Result<bool, Problem> {
        let settings = &directory.settings.leads;
        let mut lost = rows::lost(&app.db, self.after.id).await?;
        lost.extend(self.before.owner);
        let last = rows::last_given(&app.db).await?;
        let next = lead::next(settings, &self.after.area, last, &lost, directory);
        if let Some(next) = next {
            self.give(next, directory);
        }
        Ok(next.is_some())
    }

    fn item(&self, app: &App, by: Actor) -> Item {
        let Step { before, after, deeds, told, now } = self;
        let fact = |what: Option<LeadDeed>, person| {
            Fact::LeadChanged(LeadChanged {
                lead: after.id,
                version: before.version + 1,
                status: after.status.clone(),
                what,
                person,
            })
        };
        let values = |row: &Lead| {
            Some(serde_json::json!({
                "status": row.status, "owner": row.owner, "answer": row.answer, "area": row.area,
                "level": row.level, "validity": row.validity, "customer": row.customer,
            }))
        };
        let on = |subject, fact, private| ItemFact { on: subject, to: Audience::Staff, fact, private };
        let changed = Private::Values { before: values(before), after: values(after) };
        let deed = deeds.first().map(|(what, person, _)| (Some(*what), *person));
        let (what, person) = deed.unwrap_or_default();
        let mut facts = vec![on(Subject::Record(after.id), fact(what, person), Some(Box::new(changed)))];
        let more = deeds.iter().skip(1);
        facts.extend(
            more.map(|(what, person, _)| on(Subject::Record(after.id), fact(Some(*what), *person), None)),
        );
        facts.extend(told.iter().filter(|(user, _)| by.user() != Some(*user)).map(|(user, what)| {
            let fact = Fact::LeadTold(LeadTold { lead: after.id, name: after.name.clone(), what: *what });
            on(Subject::User(*user), fact, None)
        }));
        let notes = deeds.iter().map(|(what, person, text)| LeadNote {
            id: RecordId(app.next_id()),
            what: *what,
            author: by.user(),
            person: *person,
            text: text.clone(),
            written_at: *now,
        });
        let writes = notes.map(|note| rows::note(after.id, &note));
        Item::new(by, facts, std::iter::once(rows::update(after, *now)).chain(writes).collect())
    }

    /// Stores it, unless somebody was quicker.
    pub async fn store(&self, app: &App, by: Actor) -> Result<Lead, Refused> {
        app.site.change(self.item(app, by)).await?;
        crate::jobs::leads::WAKE.notify_one();
        Ok(Lead { version: self.before.version + 1, updated_at: self.now, ..self.after.clone() })
    }
}

/// What has to be said, in so many words.
fn written(text: &str, field: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::field(field, "必填。", "Required."));
    }
    if text.chars().count() > 2_000 {
        return Err(Refusal::TooLong.into());
    }
    Ok(text.to_owned())
}
