//! What people do with tickets, and what time does.

use super::{Approval, Decided, NewTicket, Scene, Ticket, TicketAct, guards, may};
use crate::{
    At,
    access::{self, Action},
    actor::Actor,
    config::{TicketMove, TicketPhase, TicketType},
    directory::Directory,
    event::{Fact, Private},
    fault::{Fault, Faults, Refused},
    form,
    id::*,
    refusal::Refusal,
};
use std::collections::{BTreeMap, BTreeSet};

const MAX_TEXT: usize = 8_000;
const MAX_FILES: usize = 20;
const MAX_WATCHERS: usize = 50;
const MAX_LINKS: usize = 100;

/// Opens a ticket. `id` and `serial` are free; `version` is that of its kind.
pub fn open(
    new: NewTicket,
    id: TicketId,
    serial: String,
    version: i64,
    scene: Scene,
) -> Result<Decided, Refused> {
    let Scene { directory, of, by, now, .. } = scene;
    let mut faults = Faults::default();
    faults.unless(!of.retired, "of", Fault::Unknown);
    faults.unless(!new.title.trim().is_empty(), "title", Fault::Missing);
    faults.length("title", &new.title, 200);
    faults.range("severity", new.severity.unwrap_or(of.severity), 1, 4);
    people(&mut faults, directory, new.team, new.owner);
    let known = new.line.is_none_or(|line| directory.lines.contains_key(&line));
    faults.unless(known, "line", Fault::Unknown);
    faults.unless(new.received_at.is_none_or(|at| at <= now), "received_at", Fault::Future);
    faults.unless(new.links.len() <= MAX_LINKS, "links", Fault::TooMany(MAX_LINKS));
    faults.0.extend(form::check_values(&of.fields, &new.values));
    let mut values = answered(new.values);
    form::compute(&of.fields, &mut values);
    faults.0.extend(form::missing(&of.fields, &values));
    faults.none()?;
    let first = of.states.first().ok_or(Refusal::BadValue)?;
    let line = new.line.or_else(|| directory.lines.keys().next().copied()).unwrap_or_default();
    let owner_team = new.owner.and_then(|id| directory.users.get(&id)?.team);
    let mut ticket = Ticket {
        id,
        serial,
        of: new.of,
        of_version: version,
        version: 1,
        line,
        state: first.key.clone(),
        phase: first.phase,
        title: new.title.trim().to_owned(),
        severity: new.severity.unwrap_or(of.severity),
        team: new.team.or(of.team).or(owner_team),
        owner: new.owner,
        author: by.user(),
        customer: new.customer,
        conversation: new.conversation,
        parent: new.parent,
        links: new.links,
        values,
        received_at: new.received_at.unwrap_or(now),
        created_at: now,
        updated_at: now,
        ..Ticket::default()
    };
    if ticket.owner.is_some() && ticket.owner == ticket.about(of) {
        return Err(Refused::field("owner", Fault::Concerned));
    }
    ticket.start_clocks(of, directory);
    ticket.turn_clocks(of, now, directory);
    let fact = Fact::TicketOpened {
        ticket: id,
        serial: ticket.serial.clone(),
        of: ticket.of,
        title: ticket.title.clone(),
        state: ticket.state.clone(),
        severity: ticket.severity,
        team: ticket.team,
        owner: ticket.owner,
        customer: ticket.customer,
        conversation: ticket.conversation,
        parent: ticket.parent,
        received_at: ticket.received_at,
    };
    let tells = ticket.owner.filter(|owner| by.user() != Some(*owner)).into_iter().collect();
    let private = change(of, None, &ticket.values);
    Ok(Decided { ticket, facts: vec![(fact, private)], tells })
}

/// An empty answer is no answer.
fn answered(values: BTreeMap<String, String>) -> BTreeMap<String, String> {
    values.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect()
}

fn people(faults: &mut Faults, directory: &Directory, team: Option<TeamId>, owner: Option<UserId>) {
    faults.unless(team.is_none_or(|id| directory.teams.contains_key(&id)), "team", Fault::Unknown);
    let works = |id: UserId| directory.users.get(&id).is_some_and(|user| !user.disabled);
    faults.unless(owner.is_none_or(works), "owner", Fault::Unknown);
}

/// Answers for the log, which keeps them for ever: sensitive ones are only noted.
fn logged(of: &TicketType, values: &BTreeMap<String, String>) -> serde_json::Value {
    let hides = |key: &str| of.field(key).is_some_and(|field| field.sensitive);
    let told = values.iter().map(|(key, value)| (key, if hides(key) { "***" } else { value.as_str() }));
    serde_json::json!(told.collect::<BTreeMap<_, _>>())
}

fn change(
    of: &TicketType,
    before: Option<&BTreeMap<String, String>>,
    after: &BTreeMap<String, String>,
) -> Option<Private> {
    Some(Private::Values { before: before.map(|it| logged(of, it)), after: Some(logged(of, after)) })
}

/// Does something with a ticket.
pub fn act(before: &Ticket, act: TicketAct, scene: Scene) -> Result<Decided, Refused> {
    let Scene { directory, of, by, now, .. } = scene;
    if !may(directory, by, Action::TicketRead, before) {
        return Err(Refusal::NotFound.into());
    }
    let action = match act {
        TicketAct::Assign { .. } => Action::TicketAssign,
        TicketAct::Approve { .. } => Action::TicketApprove,
        // Whoever sees it may ask for more speed, and follow it.
        TicketAct::Urge { .. } | TicketAct::Watch { .. } => Action::TicketRead,
        _ => Action::TicketWrite,
    };
    let takes = matches!(act, TicketAct::Assign { owner, .. } if owner.is_some() && owner == by.user());
    let action = if takes { Action::TicketWrite } else { action };
    let is_concerned = before.about(of).is_some() && before.about(of) == by.user();
    if !may(directory, by, action, before) || (is_concerned && action != Action::TicketRead) {
        return Err(Refusal::Forbidden.into());
    }
    let is_of_old = matches!(act, TicketAct::Note { .. } | TicketAct::Watch { .. } | TicketAct::Link { .. });
    if before.merged.is_some() && !is_of_old && !matches!(act, TicketAct::Merge { .. }) {
        // It goes on elsewhere.
        return Err(Refusal::WrongPhase.into());
    }
    let mut ticket = before.clone();
    ticket.version += 1;
    ticket.updated_at = now;
    let mut done = Decided { ticket, facts: vec![], tells: vec![] };
    match act {
        TicketAct::Edit { title, severity, customer, received_at, values, was } => {
            done.edit(before, Edit { title, severity, customer, received_at, values, was }, &scene)?;
        }
        TicketAct::Move { way, values, reason, force } => {
            let way = of.ways(&before.state).find(|it| it.key == way).ok_or(Refusal::WrongPhase)?;
            done.go(before, way, Going { values, reason, force }, &scene)?;
        }
        TicketAct::Approve { yes, reason } => done.approve(before, yes, reason, &scene)?,
        TicketAct::Assign { team, owner } => done.assign(before, team, owner, &scene)?,
        TicketAct::Note { text, files, told } => done.note(text, files, told, &scene)?,
        TicketAct::Attempt { text } => {
            written(&text)?;
            done.ticket.attempts.push(now);
            done.fact(|it| Fact::TicketAttempted { ticket: it.id, text });
        }
        TicketAct::Check { item, done: is_done } => {
            if !of.checklist.iter().any(|it| it.key == item) {
                return Err(Refused::field("item", Fault::Unknown));
            }
            let changed = if is_done {
                done.ticket.checked.insert(item.clone())
            } else {
                done.ticket.checked.remove(&item)
            };
            if !changed {
                return Err(Refusal::Empty.into());
            }
            done.fact(|it| Fact::TicketChecked { ticket: it.id, item, done: is_done });
        }
        TicketAct::Watch { user, on } => {
            let mut faults = Faults::default();
            people(&mut faults, directory, None, Some(user));
            faults.unless(!on || before.watchers.len() < MAX_WATCHERS, "user", Fault::TooMany(MAX_WATCHERS));
            faults.none()?;
            // Who may only read brings nobody else in.
            if by.user() != Some(user) && !may(directory, by, Action::TicketWrite, before) {
                return Err(Refusal::Forbidden.into());
            }
            done.ticket.watchers.retain(|it| *it != user);
            if on {
                done.ticket.watchers.push(user);
                done.tells.push(user);
            }
            done.fact(|it| Fact::TicketWatched { ticket: it.id, user, on });
        }
        TicketAct::Urge { text } => {
            if text.chars().count() > MAX_TEXT {
                return Err(Refusal::TooLong.into());
            }
            done.ticket.urged = done.ticket.urged.saturating_add(1);
            let owner = done.ticket.concerned(crate::config::EscalateTo::Owner, directory);
            done.tells.extend(owner);
            done.fact(|it| Fact::TicketUrged { ticket: it.id, text });
        }
        TicketAct::Link { ticket: other, on } => {
            if other == before.id {
                return Err(Refused::field("ticket", Fault::Circle));
            }
            done.ticket.links.retain(|it| *it != other);
            if on {
                let room = done.ticket.links.len() < MAX_LINKS;
                let mut faults = Faults::default();
                faults.unless(room, "ticket", Fault::TooMany(MAX_LINKS));
                faults.none()?;
                done.ticket.links.push(other);
            }
            done.fact(|it| Fact::TicketLinked { ticket: it.id, other, on });
        }
        TicketAct::Merge { into, on } => done.merge(before, into, on, &scene)?,
    }
    done.tells.retain(|user| by.user() != Some(*user));
    done.tells.sort_unstable();
    done.tells.dedup();
    Ok(done)
}

fn written(text: &str) -> Result<(), Refused> {
    match text.chars().count() {
        0 => Err(Refusal::Empty.into()),
        _ if text.trim().is_empty() => Err(Refusal::Empty.into()),
        n if n > MAX_TEXT => Err(Refusal::TooLong.into()),
        _ => Ok(()),
    }
}

struct Edit {
    title: Option<String>,
    severity: Option<u8>,
    customer: Option<CustomerId>,
    received_at: Option<At>,
    values: BTreeMap<String, String>,
    was: BTreeMap<String, String>,
}

struct Going {
    values: BTreeMap<String, String>,
    reason: String,
    force: bool,
}

impl Decided {
    fn fact(&mut self, fact: impl FnOnce(&Ticket) -> Fact) {
        let fact = fact(&self.ticket);
        self.facts.push((fact, None));
    }

    fn edit(&mut self, before: &Ticket, edit: Edit, scene: &Scene) -> Result<(), Refused> {
        let Scene { directory, of, now, .. } = *scene;
        // Somebody else changed the very field meanwhile.
        let collides = |(key, was): (&String, &String)| {
            before.values.get(key).map_or("", String::as_str) != was
                && edit.values.get(key) != before.values.get(key)
        };
        if edit.was.iter().any(collides) {
            return Err(Refusal::Stale.into());
        }
        let mut faults = Faults::default();
        if let Some(title) = &edit.title {
            faults.unless(!title.trim().is_empty(), "title", Fault::Missing);
            faults.length("title", title, 200);
        }
        faults.range("severity", edit.severity.unwrap_or(1), 1, 4);
        faults.unless(edit.received_at.is_none_or(|at| at <= now), "received_at", Fault::Future);
        faults.0.extend(form::check_values(&of.fields, &edit.values));
        faults.none()?;
        let it = &mut self.ticket;
        let mut changed = vec![];
        if let Some(title) = edit.title.filter(|title| title.trim() != it.title) {
            it.title = title.trim().to_owned();
            changed.push("title".to_owned());
        }
        if let Some(customer) = edit.customer.filter(|customer| it.customer != Some(*customer)) {
            it.customer = Some(customer);
            changed.push("customer".to_owned());
        }
        if let Some(at) = edit.received_at.filter(|at| *at != it.received_at) {
            it.received_at = at;
            it.restart(of, directory);
            changed.push("received_at".to_owned());
        }
        if let Some(severity) = edit.severity.filter(|severity| *severity != it.severity) {
            let was = std::mem::replace(&mut it.severity, severity);
            it.respan(of, was, directory);
            changed.push("severity".to_owned());
        }
        changed.extend(it.answer(of, edit.values)?);
        if changed.is_empty() {
            return Err(Refusal::Empty.into());
        }
        let private = change(of, Some(&before.told_values()), &it.told_values());
        let fact = Fact::TicketEdited { ticket: it.id, version: it.version, fields: changed };
        self.facts.push((fact, private));
        self.spare_concerned(of);
        Ok(())
    }

    /// Whom the ticket has turned out to be about works on it no longer; their team finds it among what is free.
    fn spare_concerned(&mut self, of: &TicketType) {
        let it = &mut self.ticket;
        if it.owner.is_some() && it.owner == it.about(of) {
            it.owner = None;
            self.fact(|it| Fact::TicketAssigned {
                ticket: it.id,
                version: it.version,
                team: it.team,
                owner: None,
            });
        }
    }

    fn go(&mut self, before: &Ticket, way: &TicketMove, going: Going, scene: &Scene) -> Result<(), Refused> {
        let Scene { directory, of, by, now, .. } = *scene;
        let Going { values, reason, force } = going;
        if reason.chars().count() > MAX_TEXT {
            return Err(Refusal::TooLong.into());
        }
        let wrong = form::check_values(&of.fields, &values);
        if !wrong.is_empty() {
            return Err(Refused::Wrong(wrong));
        }
        let changed = self.ticket.answer(of, values)?;
        if !changed.is_empty() {
            let private = change(of, Some(&before.values), &self.ticket.values);
            let fact =
                Fact::TicketEdited { ticket: before.id, version: self.ticket.version, fields: changed };
            self.facts.push((fact, private));
            self.spare_concerned(of);
        }
        let may_approve = may(directory, by, Action::TicketApprove, before);
        let missing = guards::missing(&self.ticket, of, way, &reason, scene);
        let forced = force && !missing.is_empty();
        if forced && !may_approve {
            return Err(Refusal::Forbidden.into());
        }
        if forced && reason.trim().is_empty() {
            return Err(Refused::field("reason", Fault::Missing));
        }
        if !missing.is_empty() && !forced {
            return Err(Refused::Wrong(missing));
        }
        if guards::needs_approval(&self.ticket, way) && !may_approve {
            let asked =
                Approval { way: way.key.clone(), reason: reason.clone(), by: by.user(), asked_at: now };
            self.ticket.approval = Some(asked);
            self.tells.extend(approvers(&self.ticket, directory));
            self.fact(|it| Fact::TicketApprovalAsked { ticket: it.id, way: way.key.clone(), reason });
            return Ok(());
        }
        self.enter(way, reason, forced, scene)
    }

    fn enter(
        &mut self,
        way: &TicketMove,
        reason: String,
        forced: bool,
        scene: &Scene,
    ) -> Result<(), Refused> {
        let Scene { directory, of, now, .. } = *scene;
        let state = of.state(&way.to).ok_or(Refusal::BadValue)?;
        let it = &mut self.ticket;
        let from = std::mem::replace(&mut it.state, state.key.clone());
        let was = std::mem::replace(&mut it.phase, state.phase);
        it.approval = None;
        it.confirmed = state.confirmed;
        if was >= TicketPhase::Solved && state.phase < TicketPhase::Solved {
            it.reopened = it.reopened.saturating_add(1);
        }
        it.solved_at = if state.phase >= TicketPhase::Solved { it.solved_at.or(Some(now)) } else { None };
        it.closed_at = (state.phase == TicketPhase::Closed).then_some(now);
        it.turn_clocks(of, now, directory);
        let (to, way, phase) = (state.key.clone(), way.key.clone(), state.phase);
        self.fact(|it| Fact::TicketMoved {
            ticket: it.id,
            version: it.version,
            from,
            to,
            way,
            phase,
            reason,
            forced,
        });
        self.tells.extend(self.ticket.watchers.iter().chain(&self.ticket.owner));
        Ok(())
    }

    fn approve(&mut self, before: &Ticket, yes: bool, reason: String, scene: &Scene) -> Result<(), Refused> {
        let asked = before.approval.clone().ok_or(Refusal::WrongPhase)?;
        // Nobody allows what they asked for themselves.
        if asked.by.is_some() && asked.by == scene.by.user() {
            return Err(Refusal::Forbidden.into());
        }
        self.ticket.approval = None;
        self.tells.extend(asked.by);
        let why = reason.clone();
        self.fact(|it| Fact::TicketApprovalAnswered {
            ticket: it.id,
            way: asked.way.clone(),
            yes,
            reason: why,
        });
        if !yes {
            return if reason.trim().is_empty() {
                Err(Refused::field("reason", Fault::Missing))
            } else {
                Ok(())
            };
        }
        let way = scene.of.ways(&before.state).find(|it| it.key == asked.way).ok_or(Refusal::WrongPhase)?;
        let missing = guards::missing(before, scene.of, way, &asked.reason, scene);
        if !missing.is_empty() {
            return Err(Refused::Wrong(missing));
        }
        self.enter(way, asked.reason, false, scene)
    }

    fn assign(
        &mut self,
        before: &Ticket,
        team: Option<TeamId>,
        owner: Option<UserId>,
        scene: &Scene,
    ) -> Result<(), Refused> {
        let Scene { directory, of, .. } = *scene;
        let mut faults = Faults::default();
        people(&mut faults, directory, team, owner);
        faults.unless(owner.is_none() || owner != before.about(of), "owner", Fault::Concerned);
        faults.none()?;
        let own = owner.and_then(|id| directory.users.get(&id)?.team);
        let team = team.or(if owner.is_some() { before.team.or(own) } else { before.team });
        if (team, owner) == (before.team, before.owner) {
            return Err(Refusal::Empty.into());
        }
        (self.ticket.team, self.ticket.owner) = (team, owner);
        self.tells.extend(owner);
        self.fact(|it| Fact::TicketAssigned { ticket: it.id, version: it.version, team, owner });
        Ok(())
    }

    fn note(&mut self, text: String, files: Vec<FileId>, told: bool, scene: &Scene) -> Result<(), Refused> {
        written(&text)?;
        let mut faults = Faults::default();
        faults.unless(files.len() <= MAX_FILES, "files", Fault::TooMany(MAX_FILES));
        faults.none()?;
        if told && self.ticket.replied_at.is_none() {
            self.ticket.replied_at = Some(scene.now);
            self.ticket.turn_clocks(scene.of, scene.now, scene.directory);
        }
        self.tells.extend(self.ticket.owner.iter().chain(&self.ticket.watchers));
        self.fact(|it| Fact::TicketNoted { ticket: it.id, text, files, told });
        Ok(())
    }
}

impl Ticket {
    /// Takes over answers; gives the keys of those that changed. What has to be answered is not taken back.
    fn answer(&mut self, of: &TicketType, values: BTreeMap<String, String>) -> Result<Vec<String>, Refused> {
        let before = self.values.clone();
        for (key, value) in values {
            if value.trim().is_empty() {
                self.values.remove(&key);
            } else {
                self.values.insert(key, value);
            }
        }
        form::compute(&of.fields, &mut self.values);
        let keys: BTreeSet<&String> = before.keys().chain(self.values.keys()).collect();
        let changed: Vec<String> =
            keys.into_iter().filter(|key| before.get(*key) != self.values.get(*key)).cloned().collect();
        let mut faults = Faults(form::missing(&of.fields, &self.values));
        faults.0.retain(|it| it.field.strip_prefix("values.").is_some_and(|key| before.contains_key(key)));
        faults.none()?;
        Ok(changed)
    }

    /// Everything that an edit may change, for the log.
    fn told_values(&self) -> BTreeMap<String, String> {
        let own = [
            ("title", self.title.clone()),
            ("severity", self.severity.to_string()),
            ("received_at", self.received_at.to_string()),
            ("customer", self.customer.map(|id| id.to_string()).unwrap_or_default()),
        ];
        own.into_iter().map(|(key, value)| (format!("@{key}"), value)).chain(self.values.clone()).collect()
    }
}

/// Who is asked to allow a move: the leaders above, else everyone who may.
fn approvers(ticket: &Ticket, directory: &Directory) -> Vec<UserId> {
    let allows = |id: &UserId| may(directory, Actor::User { id: *id }, Action::TicketApprove, ticket);
    let mut near = ticket.concerned(crate::config::EscalateTo::Leader, directory);
    near.extend(ticket.concerned(crate::config::EscalateTo::Manager, directory));
    near.retain(allows);
    if near.is_empty() {
        near = directory.users.keys().filter(|id| allows(id)).copied().collect();
    }
    near
}

/// Whether the actor may open tickets at all.
pub fn may_open(directory: &Directory, actor: Actor) -> bool {
    access::scope(directory, actor, Action::TicketWrite).is_some()
}
