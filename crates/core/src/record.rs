//! Rules for what administrators set up: may this record be stored, may it go, who may change it. Pure: the
//! directory is what is committed now.

use crate::{
    access::{self, Action, Grant, Scope},
    actor::Actor,
    config::*,
    customer,
    directory::Directory,
    fault::{Fault, Faults, Shape, Wrong},
    form::{check_fields, check_open_fields, is_date, is_email, is_key},
    id::*,
    lang::Text,
};
use std::collections::BTreeSet;

pub use uses::uses;

/// The right that lets one change records of a kind. Personal replies need none: see `may_write`.
pub fn manages(kind: RecordKind) -> Action {
    match kind {
        RecordKind::User | RecordKind::Team => Action::ManageUsers,
        RecordKind::Role => Action::ManageRoles,
        RecordKind::Line
        | RecordKind::Skill
        | RecordKind::Queue
        | RecordKind::Calendar
        | RecordKind::Flow => Action::ManageRouting,
        RecordKind::Reply => Action::ReplyShared,
        RecordKind::Tag | RecordKind::Segment => Action::ManageTags,
        RecordKind::Form | RecordKind::Survey => Action::ManageForms,
        RecordKind::Widget | RecordKind::Invitation => Action::ManageWidgets,
        RecordKind::Webhook | RecordKind::Channel => Action::ManageIntegrations,
        RecordKind::Ban => Action::ManageBans,
        RecordKind::TicketType | RecordKind::Rule => Action::ManageTickets,
        RecordKind::Settings => Action::ManageSettings,
    }
}

/// Whether records of a kind hold nothing that staff may not know; the others are read with the right to manage.
pub fn is_open_to_staff(kind: RecordKind) -> bool {
    !matches!(
        kind,
        RecordKind::User
            | RecordKind::Role
            | RecordKind::Webhook
            | RecordKind::Channel
            | RecordKind::Rule
            | RecordKind::Ban
    )
}

/// Whether the actor may change this record. A reply with an owner is that person's alone.
pub fn may_write(directory: &Directory, actor: Actor, record: &Record) -> bool {
    if let Record::Reply(Reply { owner: Some(owner), .. }) = record {
        return actor.user() == Some(*owner);
    }
    access::scope(directory, actor, manages(record.kind())) == Some(access::Reach::Everything)
}

/// Whether the actor may read this record.
pub fn may_read(directory: &Directory, actor: Actor, record: &Record) -> bool {
    if let Record::Reply(Reply { owner: Some(owner), .. }) = record {
        return actor.user() == Some(*owner);
    }
    may_list(directory, actor, record.kind())
}

/// Whether the actor may list records of a kind at all.
pub fn may_list(directory: &Directory, actor: Actor, kind: RecordKind) -> bool {
    match actor {
        Actor::System | Actor::Rule { .. } => true,
        Actor::User { id } if is_open_to_staff(kind) => {
            directory.users.get(&id).is_some_and(|user| !user.disabled)
        }
        // Whoever distributes work must be able to name people and roles.
        Actor::User { .. } if matches!(kind, RecordKind::User | RecordKind::Role) => {
            [Action::ManageUsers, Action::ManageRoles, Action::ManageRouting]
                .into_iter()
                .any(|action| access::scope(directory, actor, action).is_some())
        }
        // A program reads what every member of staff reads, whatever it is for.
        Actor::Api { id } if is_open_to_staff(kind) => directory.keys.contains_key(&id),
        Actor::User { .. } | Actor::Api { .. } => access::scope(directory, actor, manages(kind)).is_some(),
        Actor::Bot | Actor::Visitor { .. } => false,
    }
}

/// What is wrong with a record that is to be stored under `id` (absent: a new one).
pub fn check(record: &Record, id: Option<RecordId>, directory: &Directory) -> Vec<Wrong> {
    let mut faults = Faults::default();
    let on = Check { directory, id };
    match record {
        Record::User(it) => on.user(it, &mut faults),
        Record::Role(it) => on.role(it, &mut faults),
        Record::Team(it) => on.team(it, &mut faults),
        Record::Line(it) => {
            on.name(&it.name, &directory.lines, |it| &it.name, &mut faults);
            faults.shape(is_zone(&it.zone), "zone", Shape::Zone);
        }
        Record::Skill(it) => on.name(&it.name, &directory.skills, |it| &it.name, &mut faults),
        Record::Queue(it) => on.queue(it, &mut faults),
        Record::Calendar(it) => on.calendar(it, &mut faults),
        Record::Reply(it) => on.reply(it, &mut faults),
        Record::Tag(it) => on.name(&it.name, &directory.tags, |it| &it.name, &mut faults),
        Record::Form(it) => {
            on.name(&it.name, &directory.forms, |it| &it.name, &mut faults);
            faults.unless(!it.fields.is_empty(), "fields", Fault::Missing);
            faults.0.extend(check_fields("fields", &it.fields));
        }
        Record::Widget(it) => on.widget(it, &mut faults),
        Record::Invitation(it) => on.invitation(it, &mut faults),
        Record::Webhook(it) => {
            faults.unless(!it.name.trim().is_empty(), "name", Fault::Missing);
            faults.length("name", &it.name, 100);
            faults.shape(is_url(&it.url), "url", Shape::Url);
            faults.unless(it.kinds.len() <= 100, "kinds", Fault::TooMany(100));
            for (n, kind) in it.kinds.iter().enumerate() {
                faults.shape(is_key(kind), format!("kinds.{n}"), Shape::Key);
            }
        }
        Record::Channel(it) => on.channel(it, &mut faults),
        Record::Ban(it) => {
            match it.what {
                BanWhat::Ip => {
                    faults.shape(it.value.parse::<std::net::IpAddr>().is_ok(), "value", Shape::Address)
                }
                BanWhat::Visitor => faults.shape(it.value.parse::<i64>().is_ok(), "value", Shape::Digits),
            }
            faults.length("why", &it.why, 500);
        }
        Record::TicketType(it) => {
            on.name(&it.name, &directory.ticket_types, |it| &it.name, &mut faults);
            crate::ticket::check(it, id.map(TicketTypeId::from), directory, &mut faults);
        }
        Record::Rule(it) => {
            on.name(&it.name, &directory.rules, |it| &it.name, &mut faults);
            crate::rule::check(it, directory, &mut faults);
        }
        Record::Survey(it) => {
            on.name(&it.name, &directory.surveys, |it| &it.name, &mut faults);
            crate::survey::check(it, directory, &mut faults);
        }
        Record::Segment(it) => {
            on.name(&it.name, &directory.segments, |it| &it.name, &mut faults);
            crate::segment::check(it, directory, &mut faults);
        }
        Record::Flow(it) => {
            on.name(&it.name, &directory.flows, |it| &it.name, &mut faults);
            faults.length("note", &it.note, 1_000);
            crate::flow::check_draft(&it.draft, &mut faults);
        }
        Record::Settings(it) => {
            settings(it, &mut faults);
            crate::lead::check_settings(&it.leads, &it.customers.areas, directory, &mut faults);
            on.portal(it.portal.as_ref(), &mut faults);
        }
    }
    faults.0
}

/// Whether the actor gives away more than they have: roles to a user, or grants to a role.
pub fn check_gift(
    before: Option<&Record>,
    after: &Record,
    actor: Actor,
    directory: &Directory,
) -> Vec<Wrong> {
    let mut faults = Faults::default();
    let within = |grant: &Grant| match access::scope(directory, actor, grant.action) {
        Some(access::Reach::Everything) => true,
        Some(access::Reach::Users(_)) => grant.scope < Scope::Site,
        None => false,
    };
    // Who manages roles decides what roles may do; for everyone else a role is worth what is in it.
    if access::scope(directory, actor, Action::ManageRoles).is_some() {
        return faults.0;
    }
    if let Record::User(user) = after {
        let had = match before {
            Some(Record::User(before)) => before.roles.as_slice(),
            _ => &[],
        };
        for (n, role) in user.roles.iter().enumerate().filter(|(_, role)| !had.contains(role)) {
            let fits = directory.roles.get(role).is_none_or(|role| role.grants.iter().all(within));
            faults.unless(fits, format!("roles.{n}"), Fault::BeyondOwn);
        }
    }
    faults.0
}

/// What is published is published by its own act, so that every version is checked and kept.
pub fn check_live(before: Option<&Record>, after: &Record) -> Vec<Wrong> {
    let mut faults = Faults::default();
    if let Record::Flow(after) = after {
        let before = before.and_then(|it| if let Record::Flow(it) = it { it.live.as_ref() } else { None });
        faults.unless(after.live.as_ref() == before, "live", Fault::Unpublished);
    }
    faults.0
}

/// Whether somebody could still manage users and roles after a change. `None` deletes.
pub fn leaves_a_door(kind: RecordKind, id: RecordId, after: Option<&Record>, directory: &Directory) -> bool {
    if !matches!(kind, RecordKind::User | RecordKind::Role) {
        return true;
    }
    let opens = |directory: &Directory| {
        directory.users.values().filter(|user| !user.disabled).any(|user| {
            let may = access::may(directory, user);
            [Action::ManageUsers, Action::ManageRoles].iter().all(|action| may.contains_key(action))
        })
    };
    let mut then = directory.clone();
    then.apply(kind, id, after);
    // Before the first administrator exists there is no door to lose.
    opens(&then) || !opens(directory)
}

#[path = "record_channel.rs"]
mod channel;
#[path = "record_uses.rs"]
mod uses;

struct Check<'a> {
    directory: &'a Directory,
    id: Option<RecordId>,
}

impl Check<'_> {
    /// A name is there, not too long, and no other record of its kind has it in either language.
    fn name<'a, K, V: 'a>(
        &self,
        name: &Text,
        others: impl IntoIterator<Item = (&'a K, &'a std::sync::Arc<V>)>,
        name_of: fn(&V) -> &Text,
        faults: &mut Faults,
    ) where
        K: Copy + Eq + From<RecordId> + 'a,
    {
        faults.needed_text("name", name, 100);
        let own = self.id.map(K::from);
        let same = |a: &str, b: &str| !a.trim().is_empty() && a.trim().eq_ignore_ascii_case(b.trim());
        for (_, other) in others.into_iter().filter(|(id, _)| Some(**id) != own) {
            let other = name_of(other);
            if same(&name.zh, &other.zh) || same(&name.en, &other.en) {
                faults.add("name", Fault::Taken);
                return;
            }
        }
    }

    fn user(&self, user: &User, faults: &mut Faults) {
        let own = self.id.map(UserId::from);
        let fits = (1..=64).contains(&user.login.len())
            && user
                .login
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@-".contains(&byte));
        faults.shape(fits, "login", Shape::Login);
        faults.unless(!user.name.trim().is_empty(), "name", Fault::Missing);
        for (field, text) in
            [("name", &user.name), ("nickname", &user.nickname), ("staff_no", &user.staff_no)]
        {
            faults.length(field, text, 64);
        }
        faults.shape(user.email.is_empty() || is_email(&user.email), "email", Shape::Email);
        for (_, other) in self.directory.users.iter().filter(|(id, _)| Some(**id) != own) {
            faults.unless(other.login != user.login, "login", Fault::Taken);
            let taken = !user.staff_no.is_empty() && other.staff_no == user.staff_no;
            faults.unless(!taken, "staff_no", Fault::Taken);
        }
        each_exists("roles", &user.roles, |id| self.directory.roles.contains_key(id), faults);
        let team = user.team.is_none_or(|team| self.directory.teams.contains_key(&team));
        faults.unless(team, "team", Fault::Unknown);
        let skills: Vec<_> = user.skills.iter().map(|it| it.skill).collect();
        each_exists("skills", &skills, |id| self.directory.skills.contains_key(id), faults);
        for (n, skill) in user.skills.iter().enumerate() {
            faults.range(&format!("skills.{n}.level"), skill.level, 1, 5);
        }
        for (medium, limit) in &user.limits {
            faults.range(&format!("limits.{medium:?}").to_lowercase(), *limit, 0, 100);
        }
    }

    fn role(&self, role: &Role, faults: &mut Faults) {
        self.name(&role.name, &self.directory.roles, |it| &it.name, faults);
        let mut seen = BTreeSet::new();
        for (n, grant) in role.grants.iter().enumerate() {
            faults.unless(seen.insert(grant.action), format!("grants.{n}.action"), Fault::Twice);
        }
    }

    fn team(&self, team: &Team, faults: &mut Faults) {
        self.name(&team.name, &self.directory.teams, |it| &it.name, faults);
        let leads = team.leader.is_none_or(|leader| self.directory.users.contains_key(&leader));
        faults.unless(leads, "leader", Fault::Unknown);
        let Some(parent) = team.parent else { return };
        faults.unless(self.directory.teams.contains_key(&parent), "parent", Fault::Unknown);
        if let Some(own) = self.id.map(TeamId::from) {
            faults.unless(!self.directory.department(own).contains(&parent), "parent", Fault::Circle);
        }
    }

    fn needs(&self, at: &str, needs: &[Need], faults: &mut Faults) {
        for (n, need) in needs.iter().enumerate() {
            let at = format!("{at}.{n}");
            let known = self.directory.skills.contains_key(&need.skill);
            faults.unless(known, format!("{at}.skill"), Fault::Unknown);
            let twice = needs[..n].iter().any(|earlier| earlier.skill == need.skill);
            faults.unless(!twice, format!("{at}.skill"), Fault::Twice);
            faults.range(&format!("{at}.level"), need.level, 1, 5);
            let (mut after_s, mut level) = (0, need.level);
            for (m, step) in need.relax.iter().enumerate() {
                let falls = step.after_s > after_s && step.level < level;
                faults.shape(falls, format!("{at}.relax.{m}"), Shape::Rising);
                (after_s, level) = (step.after_s, step.level);
            }
        }
    }

    fn queue(&self, queue: &Queue, faults: &mut Faults) {
        self.name(&queue.name, &self.directory.queues, |it| &it.name, faults);
        faults.unless(self.directory.lines.contains_key(&queue.line), "line", Fault::Unknown);
        each_exists("teams", &queue.teams, |id| self.directory.teams.contains_key(id), faults);
        each_exists("users", &queue.users, |id| self.directory.users.contains_key(id), faults);
        self.needs("needs", &queue.needs, faults);
        faults.range("priority", queue.priority, 1, 99);
        faults.range("weight_pct", queue.weight_pct, 1, 1_000);
        faults.range("answer_timeout_s", queue.answer_timeout_s, 3, 3_600);
        faults.range("last_agent_wait_s", queue.last_agent_wait_s, 0, 3_600);
        faults.range("wrap_up_s", queue.wrap_up_s, 0, 3_600);
        faults.range("threshold_s", queue.threshold_s, 1, 3_600);
        faults.range("idle_warn_s", queue.idle_warn_s, 0, 604_800);
        faults.range("idle_close_s", queue.idle_close_s, 0, 604_800);
        if let Some(max) = queue.max_waiting {
            faults.range("max_waiting", max, 0, 1_000_000);
        }
        faults.unless(queue.overflow.len() <= 20, "overflow", Fault::TooMany(20));
        for (n, step) in queue.overflow.iter().enumerate() {
            if let OverflowTo::Queue(to) = step.to {
                let itself = self.id.map(QueueId::from) == Some(to);
                faults.unless(!itself, format!("overflow.{n}.to"), Fault::Circle);
                let known = self.directory.queues.contains_key(&to);
                faults.unless(known, format!("overflow.{n}.to"), Fault::Unknown);
            }
        }
        let calendar = queue.calendar.is_none_or(|id| self.directory.calendars.contains_key(&id));
        faults.unless(calendar, "calendar", Fault::Unknown);
        let form = queue.form.is_none_or(|id| self.directory.forms.contains_key(&id));
        faults.unless(form, "form", Fault::Unknown);
        faults.text("greeting", &queue.greeting, 1_000);
        faults.text("waiting_text", &queue.waiting_text, 1_000);
        faults.text("after_hours_text", &queue.after_hours_text, 1_000);
    }

    fn calendar(&self, calendar: &Calendar, faults: &mut Faults) {
        self.name(&calendar.name, &self.directory.calendars, |it| &it.name, faults);
        faults.shape(is_zone(&calendar.zone), "zone", Shape::Zone);
        for (n, spans) in calendar.week.iter().enumerate() {
            faults.shape(are_spans(spans), format!("week.{n}"), Shape::Spans);
        }
        for (date, day) in &calendar.days {
            faults.shape(is_date(date), format!("days.{date}"), Shape::Date);
            faults.shape(are_spans(&day.spans), format!("days.{date}.spans"), Shape::Spans);
            faults.text(&format!("days.{date}.name"), &day.name, 100);
        }
    }

    fn reply(&self, reply: &Reply, faults: &mut Faults) {
        faults.needed_text("title", &reply.title, 100);
        faults.needed_text("text", &reply.text, 8_000);
        faults.length("folder", &reply.folder, 100);
        faults.length("shortcut", &reply.shortcut, 32);
        let fits = !reply.shortcut.chars().any(|c| c.is_whitespace() || c == '/');
        faults.shape(fits, "shortcut", Shape::Shortcut);
        let owner = reply.owner.is_none_or(|id| self.directory.users.contains_key(&id));
        faults.unless(owner, "owner", Fault::Unknown);
    }

    fn widget(&self, widget: &Widget, faults: &mut Faults) {
        self.name(&widget.name, &self.directory.widgets, |it| &it.name, faults);
        faults.unless(self.directory.lines.contains_key(&widget.line), "line", Fault::Unknown);
        faults.unless(self.directory.queues.contains_key(&widget.queue), "queue", Fault::Unknown);
        faults.unless(widget.topics.len() <= 20, "topics", Fault::TooMany(20));
        for (n, topic) in widget.topics.iter().enumerate() {
            faults.needed_text(&format!("topics.{n}.label"), &topic.label, 100);
            let known = self.directory.queues.contains_key(&topic.queue);
            faults.unless(known, format!("topics.{n}.queue"), Fault::Unknown);
            self.needs(&format!("topics.{n}.needs"), &topic.needs, faults);
        }
        faults.0.extend(check_open_fields("pre_chat", &widget.pre_chat));
        faults.0.extend(check_open_fields("offline_form", &widget.offline_form));
        for (n, origin) in widget.origins.iter().enumerate() {
            faults.shape(is_origin(origin), format!("origins.{n}"), Shape::Origin);
        }
        faults.shape(is_colour(&widget.accent), "accent", Shape::Colour);
        faults.text("title", &widget.title, 100);
        faults.text("welcome", &widget.welcome, 1_000);
        faults.text("notice", &widget.notice, 20_000);
        faults.unless(widget.quick_questions.len() <= 20, "quick_questions", Fault::TooMany(20));
        for (n, question) in widget.quick_questions.iter().enumerate() {
            faults.needed_text(&format!("quick_questions.{n}"), question, 200);
        }
        faults.unless(!widget.languages.is_empty(), "languages", Fault::Missing);
    }

    fn portal(&self, portal: Option<&Portal>, faults: &mut Faults) {
        let Some(portal) = portal else { return };
        faults.text("portal.greeting", &portal.greeting, 1_000);
        let Some(id) = portal.requests else { return };
        let of = self.directory.ticket_types.get(&id).filter(|of| !of.retired);
        faults.unless(of.is_some(), "portal.requests", Fault::Unknown);
        faults.unless(of.is_none_or(|of| of.asks_only_texts()), "portal.requests", Fault::AsksMore);
    }

    fn invitation(&self, invitation: &Invitation, faults: &mut Faults) {
        self.name(&invitation.name, &self.directory.invitations, |it| &it.name, faults);
        let known = self.directory.widgets.contains_key(&invitation.widget);
        faults.unless(known, "widget", Fault::Unknown);
        faults.length("page_contains", &invitation.page_contains, 500);
        faults.length("source_contains", &invitation.source_contains, 500);
        faults.range("dwell_s", invitation.dwell_s, 0, 86_400);
        faults.range("cap_hours", invitation.cap_hours, 0, 8_760);
        faults.needed_text("text", &invitation.text, 500);
        faults.text("variant", &invitation.variant, 500);
    }
}

fn settings(settings: &Settings, faults: &mut Faults) {
    faults.needed_text("company", &settings.company, 100);
    faults.text("letter_head", &settings.letter_head, 500);
    faults.range("aging_s", settings.aging_s, 1, 86_400);
    faults.range("grace_s", settings.grace_s, 1, 3_600);
    faults.range("reopen_hours", settings.reopen_hours, 0, 8_760);
    faults.range("recall_s", settings.recall_s, 0, 3_600);
    faults.range("password_min", settings.password_min, 8, 64);
    customer::check_settings(&settings.customers, faults);
    for (name, notice) in settings.orders.notices() {
        faults.text(&format!("orders.{name}.text"), &notice.text, 500);
        faults.unless(!notice.on || !notice.text.is_empty(), format!("orders.{name}.text"), Fault::Missing);
    }
    faults.range("csat_good", settings.csat_good, 2, 5);
    for (key, percent) in &settings.targets {
        let fits = (0.0..=100.0).contains(percent);
        faults.unless(fits, format!("targets.{key}"), Fault::Outside(0, 100));
    }
    faults.unless(!settings.break_reasons.is_empty(), "break_reasons", Fault::Missing);
    faults.unless(settings.break_reasons.len() <= 50, "break_reasons", Fault::TooMany(50));
    let mut keys = BTreeSet::new();
    for (n, reason) in settings.break_reasons.iter().enumerate() {
        faults.shape(is_key(&reason.key), format!("break_reasons.{n}.key"), Shape::Key);
        faults.unless(keys.insert(&reason.key), format!("break_reasons.{n}.key"), Fault::Twice);
        faults.needed_text(&format!("break_reasons.{n}.label"), &reason.label, 64);
    }
}

fn each_exists<T: Copy + Ord>(field: &str, ids: &[T], exists: impl Fn(&T) -> bool, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (n, id) in ids.iter().enumerate() {
        faults.unless(exists(id), format!("{field}.{n}"), Fault::Unknown);
        faults.unless(seen.insert(*id), format!("{field}.{n}"), Fault::Twice);
    }
}

fn is_zone(name: &str) -> bool {
    !name.is_empty() && jiff::tz::TimeZone::get(name).is_ok()
}

fn are_spans(spans: &[Span]) -> bool {
    spans.iter().all(|span| span.from < span.to && span.to <= 1_440)
        && spans.windows(2).all(|two| two[0].to <= two[1].from)
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn after_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))
}

fn is_origin(text: &str) -> bool {
    after_scheme(text).is_some_and(|host| {
        !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]*".contains(&byte))
    })
}

fn is_url(text: &str) -> bool {
    after_scheme(text).is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.contains('@')
    }) && text.len() <= 2_000
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
