//! Which rules an event sets off, and on what terms. What follows is done elsewhere; nothing here reads or writes.

use crate::{
    At,
    config::{
        Aspect, Condition, EscalateTo, FieldShape, RecordKind, Rule, RuleAct, RuleEvent, Test, TicketPhase,
        TicketType,
    },
    conversation::Conversation,
    customer::Customer,
    directory::Directory,
    event::Fact,
    fault::{Fault, Faults, Shape},
    form,
    id::*,
    segment::{self, History},
    ticket::Ticket,
};

/// A rule that was set off by a rule that was set off by a rule …: so often, and no further.
pub const DEEPEST: usize = 5;
/// One rule acts on one thing so often an hour.
pub const OFTEN: u64 = 20;
pub const OFTEN_WITHIN_MS: At = 3_600_000;
const MAX_CONDITIONS: usize = 20;
const MAX_STEPS: usize = 10;
const YEAR_MIN: i64 = 366 * 24 * 60;

/// What an event is about, as far as rules look at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    pub ticket: Option<(&'a Ticket, &'a TicketType)>,
    pub conversation: Option<&'a Conversation>,
    pub customer: Option<Client<'a>>,
    pub rating: Option<u8>,
    pub answer: Option<Answer>,
    /// The state that a ticket came into by this very event; it may have gone on since.
    pub state: Option<&'a str>,
    /// The field whose date is so many days away.
    pub near: Option<(&'a str, i16)>,
}

/// What was answered to a survey.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub survey: SurveyId,
    pub csat: Option<u8>,
    pub nps: Option<u8>,
    pub ces: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    pub card: &'a Customer,
    pub line: Option<LineId>,
    pub segments: &'a [RecordId],
    /// Only segments ask for it.
    pub history: Option<&'a History>,
}

/// What a fact is to rules. `of` is the kind of the ticket that it is about.
pub fn events(fact: &Fact, of: Option<&TicketType>) -> Vec<RuleEvent> {
    let phase = |key: &str| of.and_then(|of| of.state(key)).map(|state| state.phase);
    let one = match fact {
        Fact::TicketOpened { .. } => RuleEvent::TicketOpened,
        Fact::TicketMoved { from, phase: now, .. } => {
            let was = phase(from).unwrap_or_default();
            let is_back = was >= TicketPhase::Solved && *now < TicketPhase::Solved;
            let more = is_back.then_some(RuleEvent::TicketReopened);
            return std::iter::once(RuleEvent::TicketMoved).chain(more).collect();
        }
        Fact::TicketEdited { .. } => RuleEvent::TicketEdited,
        Fact::TicketNoted { .. } => RuleEvent::TicketNoted,
        Fact::TicketUrged { .. } => RuleEvent::TicketUrged,
        Fact::TicketClockRang { late: true, .. } => RuleEvent::TicketLate,
        Fact::TicketApprovalAnswered { .. } => RuleEvent::ApprovalAnswered,
        Fact::PromiseRang { late: true, .. } => RuleEvent::PromiseBroken,
        Fact::TicketDateNear(_) => RuleEvent::DateNear,
        Fact::ConversationClosed { .. } => RuleEvent::ConversationClosed,
        Fact::Rated { .. } => RuleEvent::ConversationRated,
        Fact::SurveyAnswered { .. } => RuleEvent::SurveyAnswered,
        Fact::CustomerChanged { deleted: false, .. } => RuleEvent::CustomerChanged,
        _ => return vec![],
    };
    vec![one]
}

/// Whether all that the rule asks for is so.
pub fn holds(rule: &Rule, seen: Seen) -> bool {
    let is_day = rule.when != RuleEvent::DateNear || seen.near == Some((&rule.field, rule.days));
    is_day && hold(&rule.conditions, rule.any, seen)
}

pub(crate) fn hold(conditions: &[Condition], any: bool, seen: Seen) -> bool {
    let mut each = conditions.iter().map(|it| is_so(it, seen));
    if any && !conditions.is_empty() { each.any(|it| it) } else { each.all(|it| it) }
}

fn is_so(condition: &Condition, seen: Seen) -> bool {
    let found: Vec<String> = found(condition, seen).into_iter().filter(|it| !it.trim().is_empty()).collect();
    let wanted = &condition.values;
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let compare = |fits: fn(f64, f64) -> bool| {
        let most = wanted.first().and_then(|it| number(it));
        found.iter().any(|it| number(it).zip(most).is_some_and(|(it, most)| fits(it, most)))
    };
    match condition.test {
        Test::Is => found.iter().any(|it| wanted.contains(it)),
        Test::IsNot => !found.iter().any(|it| wanted.contains(it)),
        Test::Contains => {
            let words = found.join("\n").to_lowercase();
            wanted.iter().any(|it| !it.trim().is_empty() && words.contains(&it.trim().to_lowercase()))
        }
        Test::Above => compare(|it, most| it > most),
        Test::Below => compare(|it, most| it < most),
        Test::Empty => found.is_empty(),
        Test::Filled => !found.is_empty(),
    }
}

fn word<T: serde::Serialize>(it: T) -> String {
    serde_json::to_value(it).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

fn found(condition: &Condition, seen: Seen) -> Vec<String> {
    let ticket = seen.ticket.map(|(ticket, _)| ticket);
    let of = |get: &dyn Fn(&Ticket) -> Option<String>| ticket.and_then(get).into_iter().collect::<Vec<_>>();
    let talk = |get: &dyn Fn(&Conversation) -> Option<String>| {
        seen.conversation.and_then(get).into_iter().collect::<Vec<_>>()
    };
    let card = |get: &dyn Fn(&Customer) -> Option<String>| {
        seen.customer.and_then(|it| get(it.card)).into_iter().collect::<Vec<_>>()
    };
    let scores = |of: fn(Answer) -> Option<u8>| {
        seen.answer.and_then(of).map(|it| it.to_string()).into_iter().collect::<Vec<_>>()
    };
    match condition.what {
        Aspect::Kind => of(&|it| Some(it.of.to_string())),
        Aspect::State => of(&|it| Some(seen.state.unwrap_or(&it.state).to_owned())),
        Aspect::Phase => match (seen.ticket, seen.state) {
            (Some((_, of)), Some(state)) => of.state(state).map(|it| word(it.phase)).into_iter().collect(),
            _ => of(&|it| Some(word(it.phase))),
        },
        Aspect::Severity => of(&|it| Some(it.severity.to_string())),
        Aspect::Team => of(&|it| Some(it.team?.to_string())),
        Aspect::Owner => match ticket {
            Some(it) => it.owner.map(|id| id.to_string()).into_iter().collect(),
            None if seen.conversation.is_some() => talk(&|it| Some(it.agent.or(it.last_agent)?.to_string())),
            None => card(&|it| Some(it.owner?.to_string())),
        },
        Aspect::Title => of(&|it| Some(it.title.clone())),
        Aspect::Field => of(&|it| it.values.get(&condition.field).cloned()),
        Aspect::Urged => of(&|it| Some(it.urged.to_string())),
        Aspect::Reopened => of(&|it| Some(it.reopened.to_string())),
        Aspect::Line => match (ticket, seen.conversation) {
            (Some(it), _) => vec![it.line.to_string()],
            (None, Some(it)) => vec![it.line.to_string()],
            _ => seen.customer.and_then(|it| it.line).map(|id| id.to_string()).into_iter().collect(),
        },
        Aspect::Medium => talk(&|it| Some(word(it.medium))),
        Aspect::Channel => talk(&|it| Some(it.channel?.to_string())),
        Aspect::Queue => talk(&|it| Some(it.queue?.to_string())),
        Aspect::Rating => seen.rating.map(|it| it.to_string()).into_iter().collect(),
        Aspect::Survey => seen.answer.map(|it| it.survey.to_string()).into_iter().collect(),
        Aspect::Csat => scores(|it| it.csat),
        Aspect::Nps => scores(|it| it.nps),
        Aspect::Ces => scores(|it| it.ces),
        Aspect::Vip => {
            seen.customer.map(|it| if it.card.vip { "yes" } else { "no" }.to_owned()).into_iter().collect()
        }
        Aspect::Tag => seen.customer.iter().flat_map(|it| &it.card.tags).map(|it| it.to_string()).collect(),
        Aspect::Tier => card(&|it| Some(it.tier.clone())),
        Aspect::Area => card(&|it| Some(it.area.clone())),
        Aspect::Person => card(&|it| Some(it.kind.as_str().to_owned())),
        Aspect::CardField => card(&|it| it.values.get(&condition.field).cloned()),
        Aspect::Segment => seen.customer.iter().flat_map(|it| it.segments).map(|it| it.to_string()).collect(),
        Aspect::Silent | Aspect::Contacts | Aspect::Tickets | Aspect::Known => {
            let history = seen.customer.and_then(|it| it.history);
            history.map(|it| it.count(condition).to_string()).into_iter().collect()
        }
    }
}

/// Whether a step with a percentage is taken this time. The same event always gives the same answer, so that a crash
/// between asking and doing changes nothing.
pub fn falls_in(rule: RuleId, seq: u64, step: usize, percent: u8) -> bool {
    // FNV-1a, finished as SplitMix64 does: neighbouring positions must not fall together.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in rule.0.to_be_bytes().into_iter().chain(seq.to_be_bytes()).chain([step as u8]) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (hash ^ (hash >> 31)) % 100 < u64::from(percent)
}

/// Why a rule that was set off does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Rules set each other off.
    Loop,
    /// It does it over and over to the same thing.
    TooOften,
}

/// `trail` are the rules that led here, the first one first; `lately` is how often this one acted on the same thing.
pub fn stops(trail: &[RuleId], lately: u64) -> Option<Stop> {
    if trail.len() >= DEEPEST {
        return Some(Stop::Loop);
    }
    (lately >= OFTEN).then_some(Stop::TooOften)
}

/// Whether a rule that somebody wrote can work.
pub(crate) fn check(rule: &Rule, directory: &Directory, faults: &mut Faults) {
    if rule.when == RuleEvent::DateNear {
        let is_date = |of: &TicketType| of.field(&rule.field).is_some_and(|it| it.shape == FieldShape::Date);
        faults.unless(directory.ticket_types.values().any(|of| is_date(of)), "field", Fault::Unknown);
        faults.range("days", rule.days, -366, 366);
    }
    check_conditions(&rule.conditions, |what| fits(what, rule.when), directory, faults);
    faults.unless(!rule.steps.is_empty(), "steps", Fault::Missing);
    faults.unless(rule.steps.len() <= MAX_STEPS, "steps", Fault::TooMany(MAX_STEPS));
    for (n, step) in rule.steps.iter().enumerate() {
        faults.range(&format!("steps.{n}.delay_min"), i64::from(step.delay_min), 0, YEAR_MIN);
        faults.range(&format!("steps.{n}.percent"), step.percent, 1, 100);
        act(&step.does, rule, &format!("steps.{n}.does"), directory, faults);
    }
}

/// Whether what sets a rule off has an answer to this.
fn fits(what: Aspect, when: RuleEvent) -> bool {
    use Aspect::*;
    match what {
        Kind | State | Phase | Severity | Team | Title | Field | Urged | Reopened => when.has_ticket(),
        Medium | Channel | Queue => when.has_conversation(),
        Owner => when.has_ticket() || when.has_conversation(),
        Rating => when == RuleEvent::ConversationRated,
        Survey | Csat | Nps | Ces => when == RuleEvent::SurveyAnswered,
        Silent | Contacts | Tickets | Known => false,
        Line | Vip | Tag | Tier | Area | Person | CardField | Segment => true,
    }
}

/// Whether a customer and their history have an answer to this.
pub(crate) fn fits_customer(what: Aspect) -> bool {
    use Aspect::*;
    what.is_history() || matches!(what, Owner | Line | Vip | Tag | Tier | Area | Person | CardField | Segment)
}

pub(crate) fn check_conditions(
    conditions: &[Condition],
    fits: impl Fn(Aspect) -> bool,
    directory: &Directory,
    faults: &mut Faults,
) {
    faults.unless(conditions.len() <= MAX_CONDITIONS, "conditions", Fault::TooMany(MAX_CONDITIONS));
    for (n, it) in conditions.iter().enumerate() {
        let at = format!("conditions.{n}");
        faults.unless(fits(it.what), format!("{at}.what"), Fault::Unfit);
        condition(it, &at, directory, faults);
    }
}

fn condition(it: &Condition, at: &str, directory: &Directory, faults: &mut Faults) {
    use Aspect::*;
    let customers = &directory.settings.customers;
    if it.what == Field {
        let known = directory.ticket_types.values().any(|of| of.field(&it.field).is_some());
        faults.unless(known, format!("{at}.field"), Fault::Unknown);
    }
    if it.what == CardField {
        // Who may not see an answer must not learn it from where a customer belongs.
        let known = customers.fields.iter().any(|field| field.key == it.field && !field.sensitive);
        faults.unless(known, format!("{at}.field"), Fault::Unknown);
    }
    if matches!(it.what, Contacts | Tickets) {
        faults.range(&format!("{at}.days"), it.days, 1, segment::LONGEST_DAYS);
        let known = it.of.is_none_or(|of| directory.ticket_types.contains_key(&of));
        faults.unless(known, format!("{at}.of"), Fault::Unknown);
    }
    if it.what.is_history() {
        let is_counted = matches!(it.test, Test::Above | Test::Below);
        faults.unless(is_counted, format!("{at}.test"), Fault::Unfit);
    }
    let values = format!("{at}.values");
    if matches!(it.test, Test::Empty | Test::Filled) {
        return;
    }
    faults.unless(it.values.iter().any(|it| !it.trim().is_empty()), &values, Fault::Missing);
    faults.unless(it.values.len() <= 50, &values, Fault::TooMany(50));
    it.values.iter().for_each(|it| faults.length(&values, it, 200));
    if matches!(it.test, Test::Above | Test::Below) {
        let number = it.values.first().is_some_and(|it| it.trim().parse::<f64>().is_ok_and(f64::is_finite));
        faults.shape(number, &values, Shape::Number);
        return;
    }
    let id = |text: &String| text.parse::<i64>().unwrap_or_default();
    for (n, value) in it.values.iter().enumerate().filter(|_| it.test != Test::Contains) {
        let known = match it.what {
            Kind => directory.ticket_types.contains_key(&TicketTypeId(id(value))),
            State => directory.ticket_types.values().any(|of| of.state(value).is_some()),
            Team => directory.teams.contains_key(&TeamId(id(value))),
            Owner => directory.users.contains_key(&UserId(id(value))),
            Line => directory.lines.contains_key(&LineId(id(value))),
            Channel => directory.channels.contains_key(&ChannelId(id(value))),
            Survey => directory.surveys.contains_key(&SurveyId(id(value))),
            Queue => directory.queues.contains_key(&QueueId(id(value))),
            Tag => directory.tags.contains_key(&TagId(id(value))),
            Segment => directory.segments.contains_key(&RecordId(id(value))),
            Tier => customers.tiers.iter().any(|it| it.key == *value),
            Area => form::choice(&customers.areas, value).is_some(),
            _ => true,
        };
        faults.unless(known, format!("{values}.{n}"), Fault::Unknown);
    }
}

fn act(it: &RuleAct, rule: &Rule, at: &str, directory: &Directory, faults: &mut Faults) {
    faults.unless(rule.when.has_ticket() || !it.needs_ticket(), format!("{at}.act"), Fault::Unfit);
    let part = |part: &str| format!("{at}.{part}");
    let works = |id: &UserId| directory.users.get(id).is_some_and(|user| !user.disabled);
    let written = |faults: &mut Faults, key: &str, text: &str, most: usize| {
        faults.unless(!text.trim().is_empty(), part(key), Fault::Missing);
        faults.length(part(key), text, most);
    };
    let people = |faults: &mut Faults, team: &Option<TeamId>, owner: &Option<UserId>| {
        faults.unless(team.is_none_or(|id| directory.teams.contains_key(&id)), part("team"), Fault::Unknown);
        faults.unless(owner.as_ref().is_none_or(works), part("owner"), Fault::Unknown);
    };
    match it {
        RuleAct::OpenTicket { of, title, team, owner, severity, values, .. } => {
            written(faults, "title", title, 200);
            people(faults, team, owner);
            faults.range(&part("severity"), severity.unwrap_or(1), 1, 4);
            match directory.ticket_types.get(of).filter(|of| !of.retired) {
                None => faults.add(part("of"), Fault::Unknown),
                Some(of) => {
                    // What has to be answered at once is answered by the rule.
                    let mut wrong = form::check_values(&of.fields, values);
                    wrong.extend(form::missing(&of.fields, values));
                    wrong.iter_mut().for_each(|it| it.field = part(&it.field));
                    faults.0.extend(wrong);
                }
            }
        }
        RuleAct::Assign { team, owner } => {
            faults.unless(team.is_some() || owner.is_some(), part("team"), Fault::Missing);
            people(faults, team, owner);
        }
        RuleAct::Severity { severity } => faults.range(&part("severity"), *severity, 1, 4),
        RuleAct::Field { field, value } => {
            let fields = directory.ticket_types.values().filter_map(|of| of.field(field));
            let mut fields = fields.filter(|field| field.shape != FieldShape::Formula).peekable();
            faults.unless(fields.peek().is_some(), part("field"), Fault::Unknown);
            faults.length(part("value"), value, 2_000);
        }
        RuleAct::Watch { user } => faults.unless(works(user), part("user"), Fault::Unknown),
        RuleAct::Note { text } => written(faults, "text", text, 2_000),
        RuleAct::Tell { to, text } => {
            written(faults, "text", text, 500);
            faults.unless(!to.is_empty(), part("to"), Fault::Missing);
            faults.unless(to.len() <= 20, part("to"), Fault::TooMany(20));
            for (n, to) in to.iter().enumerate() {
                let known = !matches!(to, EscalateTo::User(id) if !works(id));
                faults.unless(known, part(&format!("to.{n}")), Fault::Unknown);
            }
        }
        RuleAct::Tag { tag } => {
            faults.unless(directory.tags.contains_key(tag), part("tag"), Fault::Unknown);
        }
        RuleAct::Message { channel, text } => {
            written(faults, "text", text, 500);
            let sends = directory
                .channels
                .get(channel)
                .is_some_and(|it| it.setup.medium() == crate::medium::Medium::Sms);
            faults.unless(sends, part("channel"), Fault::Unknown);
        }
    }
}

/// Whether conditions name a record, which therefore may not go.
pub(crate) fn ask_for(conditions: &[Condition], kind: RecordKind, id: RecordId) -> bool {
    let text = id.to_string();
    let aspect = match kind {
        RecordKind::TicketType => Some(Aspect::Kind),
        RecordKind::Team => Some(Aspect::Team),
        RecordKind::User => Some(Aspect::Owner),
        RecordKind::Line => Some(Aspect::Line),
        RecordKind::Channel => Some(Aspect::Channel),
        RecordKind::Queue => Some(Aspect::Queue),
        RecordKind::Survey => Some(Aspect::Survey),
        RecordKind::Tag => Some(Aspect::Tag),
        RecordKind::Segment => Some(Aspect::Segment),
        _ => None,
    };
    let counts = |it: &Condition| kind == RecordKind::TicketType && it.of == Some(id.into());
    conditions.iter().any(|it| (Some(it.what) == aspect && it.values.contains(&text)) || counts(it))
}

/// Whether a rule names a record, which therefore may not go.
pub(crate) fn names(rule: &Rule, kind: RecordKind, id: RecordId) -> bool {
    let done = |act: &RuleAct| match act {
        RuleAct::OpenTicket { of, team, owner, .. } => match kind {
            RecordKind::TicketType => *of == id.into(),
            RecordKind::Team => *team == Some(id.into()),
            RecordKind::User => *owner == Some(id.into()),
            _ => false,
        },
        RuleAct::Assign { team, owner } => match kind {
            RecordKind::Team => *team == Some(id.into()),
            RecordKind::User => *owner == Some(id.into()),
            _ => false,
        },
        RuleAct::Watch { user } => kind == RecordKind::User && *user == id.into(),
        RuleAct::Tell { to, .. } => kind == RecordKind::User && to.contains(&EscalateTo::User(id.into())),
        RuleAct::Tag { tag } => kind == RecordKind::Tag && *tag == id.into(),
        RuleAct::Message { channel, .. } => kind == RecordKind::Channel && *channel == id.into(),
        _ => false,
    };
    ask_for(&rule.conditions, kind, id) || rule.steps.iter().any(|step| done(&step.does))
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
