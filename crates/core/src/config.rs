//! What administrators set up. Every item is a record with a version; a change of one is an event, and only a
//! committed event changes what the engine knows.

mod channel;
mod flow;
mod rule;
mod segment;
mod settings;
mod survey;
mod ticket_type;
mod widget;

pub use channel::*;
pub use flow::*;
pub use rule::*;
pub use segment::Segment;
pub use settings::{Portal, Reason, Settings};
pub use survey::*;
pub use ticket_type::*;
pub use widget::{Corner, Invitation, Topic, Widget};

use crate::{access::Grant, id::*, lang::Text, medium::Medium};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A configuration record of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    User(User),
    Role(Role),
    Team(Team),
    Line(Line),
    Skill(Skill),
    Queue(Queue),
    Calendar(Calendar),
    Reply(Reply),
    Tag(Tag),
    Form(Form),
    Widget(Widget),
    Invitation(Invitation),
    Webhook(Webhook),
    Channel(Channel),
    Ban(Ban),
    TicketType(Box<TicketType>),
    Rule(Box<Rule>),
    Survey(Box<Survey>),
    Segment(Box<Segment>),
    Flow(Box<Flow>),
    Settings(Box<Settings>),
}

/// The kind of a record, as it stands in addresses and in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    User,
    Role,
    Team,
    Line,
    Skill,
    Queue,
    Calendar,
    Reply,
    Tag,
    Form,
    Widget,
    Invitation,
    Webhook,
    Channel,
    Ban,
    TicketType,
    Rule,
    Survey,
    Segment,
    Flow,
    Settings,
}

impl RecordKind {
    pub const ALL: [RecordKind; 21] = [
        RecordKind::User,
        RecordKind::Role,
        RecordKind::Team,
        RecordKind::Line,
        RecordKind::Skill,
        RecordKind::Queue,
        RecordKind::Calendar,
        RecordKind::Reply,
        RecordKind::Tag,
        RecordKind::Form,
        RecordKind::Widget,
        RecordKind::Invitation,
        RecordKind::Webhook,
        RecordKind::Channel,
        RecordKind::Ban,
        RecordKind::TicketType,
        RecordKind::Rule,
        RecordKind::Survey,
        RecordKind::Segment,
        RecordKind::Flow,
        RecordKind::Settings,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            RecordKind::User => "user",
            RecordKind::Role => "role",
            RecordKind::Team => "team",
            RecordKind::Line => "line",
            RecordKind::Skill => "skill",
            RecordKind::Queue => "queue",
            RecordKind::Calendar => "calendar",
            RecordKind::Reply => "reply",
            RecordKind::Tag => "tag",
            RecordKind::Form => "form",
            RecordKind::Widget => "widget",
            RecordKind::Invitation => "invitation",
            RecordKind::Webhook => "webhook",
            RecordKind::Channel => "channel",
            RecordKind::Ban => "ban",
            RecordKind::TicketType => "ticket_type",
            RecordKind::Rule => "rule",
            RecordKind::Survey => "survey",
            RecordKind::Segment => "segment",
            RecordKind::Flow => "flow",
            RecordKind::Settings => "settings",
        }
    }

    pub fn parse(text: &str) -> Option<RecordKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Record {
    pub fn kind(&self) -> RecordKind {
        match self {
            Record::User(_) => RecordKind::User,
            Record::Role(_) => RecordKind::Role,
            Record::Team(_) => RecordKind::Team,
            Record::Line(_) => RecordKind::Line,
            Record::Skill(_) => RecordKind::Skill,
            Record::Queue(_) => RecordKind::Queue,
            Record::Calendar(_) => RecordKind::Calendar,
            Record::Reply(_) => RecordKind::Reply,
            Record::Tag(_) => RecordKind::Tag,
            Record::Form(_) => RecordKind::Form,
            Record::Widget(_) => RecordKind::Widget,
            Record::Invitation(_) => RecordKind::Invitation,
            Record::Webhook(_) => RecordKind::Webhook,
            Record::Channel(_) => RecordKind::Channel,
            Record::Ban(_) => RecordKind::Ban,
            Record::TicketType(_) => RecordKind::TicketType,
            Record::Rule(_) => RecordKind::Rule,
            Record::Survey(_) => RecordKind::Survey,
            Record::Segment(_) => RecordKind::Segment,
            Record::Flow(_) => RecordKind::Flow,
            Record::Settings(_) => RecordKind::Settings,
        }
    }

    /// What lists show and search.
    pub fn name(&self) -> Text {
        match self {
            Record::User(user) => Text::new(&user.name, &user.name),
            Record::Role(it) => it.name.clone(),
            Record::Team(it) => it.name.clone(),
            Record::Line(it) => it.name.clone(),
            Record::Skill(it) => it.name.clone(),
            Record::Queue(it) => it.name.clone(),
            Record::Calendar(it) => it.name.clone(),
            Record::Reply(it) => it.title.clone(),
            Record::Tag(it) => it.name.clone(),
            Record::Form(it) => it.name.clone(),
            Record::Widget(it) => it.name.clone(),
            Record::Invitation(it) => it.name.clone(),
            Record::Webhook(it) => Text::new(&it.name, &it.name),
            Record::Channel(it) => it.name.clone(),
            Record::Ban(it) => Text::new(&it.value, &it.value),
            Record::TicketType(it) => it.name.clone(),
            Record::Rule(it) => it.name.clone(),
            Record::Survey(it) => it.name.clone(),
            Record::Segment(it) => it.name.clone(),
            Record::Flow(it) => it.name.clone(),
            Record::Settings(_) => Text::new("系统设置", "Settings"),
        }
    }
}

/// A member of staff. The password and second factor live elsewhere, never in a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// The name used to sign in; unique, lower case.
    pub login: String,
    pub name: String,
    /// The staff number shown to customers where the settings say so (工号).
    pub staff_no: String,
    /// The name customers see; empty means `name`.
    pub nickname: String,
    pub avatar: Option<FileId>,
    pub email: String,
    pub roles: Vec<RoleId>,
    pub team: Option<TeamId>,
    pub skills: Vec<SkillLevel>,
    /// How many contacts of each medium at once; absent means the medium's usual limit.
    pub limits: BTreeMap<Medium, u8>,
    /// Whether offers are accepted without a click; absent means as the queue says.
    pub auto_accept: Option<bool>,
    pub disabled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SkillLevel {
    pub skill: SkillId,
    /// 1 (learning) to 5 (expert).
    pub level: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    pub name: Text,
    /// The requirement's row, for roles that ship with the product.
    pub code: String,
    pub grants: Vec<Grant>,
    /// Customer fields that this role sees masked.
    pub masks: Vec<MaskedField>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MaskedField {
    Phone,
    Email,
    Address,
    Ip,
    /// Answers to fields that are marked as sensitive.
    Sensitive,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Team {
    pub name: Text,
    /// Teams form departments by naming a parent.
    pub parent: Option<TeamId>,
    /// At most so many of the team on a break at once; absent means no limit.
    pub break_quota: Option<u16>,
    /// Who answers for the team: overdue tickets and broken promises are reported there.
    pub leader: Option<UserId>,
}

/// A business line: queues, widgets and reports belong to one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Line {
    pub name: Text,
    /// IANA name, such as Asia/Shanghai.
    pub zone: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Skill {
    pub name: Text,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The agent who has waited longest since the last contact.
    #[default]
    LongestIdle,
    /// The agent with the smallest share of capacity in use.
    LeastLoaded,
    RoundRobin,
    /// The agent whose levels in the needed skills sum highest.
    HighestSkill,
}

/// A needed skill, and how the need relaxes while the contact waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Need {
    pub skill: SkillId,
    /// The least level, 1 to 5.
    pub level: u8,
    /// Later steps replace earlier ones; level 0 drops the need.
    #[serde(default)]
    pub relax: Vec<Relax>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Relax {
    pub after_s: u32,
    pub level: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    pub name: Text,
    pub line: LineId,
    /// Who serves it: members of these teams, and these people. None at all means everyone with the skills.
    pub teams: Vec<TeamId>,
    pub users: Vec<UserId>,
    pub strategy: Strategy,
    pub needs: Vec<Need>,
    /// 1 (last) to 99 (first).
    pub priority: u8,
    /// Share of an agent's usual load that one contact of this queue takes, in percent.
    pub weight_pct: u16,
    /// At most so many wait; absent means no limit.
    pub max_waiting: Option<u32>,
    pub overflow: Vec<Overflow>,
    pub calendar: Option<CalendarId>,
    pub auto_accept: bool,
    pub answer_timeout_s: u16,
    /// Prefer who served this customer last: wait so long for that agent (0: no preference).
    pub last_agent_wait_s: u16,
    pub last_agent_within_days: u16,
    pub wrap_up_s: u16,
    /// The service level's threshold.
    pub threshold_s: u16,
    pub idle_warn_s: u32,
    pub idle_close_s: u32,
    /// The consultation record due at wrap-up (B-01).
    pub form: Option<FormId>,
    pub greeting: Text,
    /// Said to waiting visitors; `{position}` and `{wait}` are replaced.
    pub waiting_text: Text,
    pub after_hours_text: Text,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            name: Text::default(),
            line: LineId::default(),
            teams: vec![],
            users: vec![],
            strategy: Strategy::default(),
            needs: vec![],
            priority: 50,
            weight_pct: 100,
            max_waiting: None,
            overflow: vec![],
            calendar: None,
            auto_accept: true,
            answer_timeout_s: 15,
            last_agent_wait_s: 0,
            last_agent_within_days: 30,
            wrap_up_s: 60,
            threshold_s: 20,
            idle_warn_s: 300,
            idle_close_s: 600,
            form: None,
            greeting: Text::default(),
            waiting_text: Text::default(),
            after_hours_text: Text::default(),
        }
    }
}

/// When a contact leaves a queue for another place without being answered. The first that applies wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Overflow {
    pub when: OverflowWhen,
    pub to: OverflowTo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverflowWhen {
    WaitedS(u32),
    /// More than so many wait as the contact enters.
    Longer(u32),
    /// Outside the queue's calendar, as the contact enters.
    Closed,
    /// Nobody who may take it is signed in, as the contact enters.
    Unstaffed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverflowTo {
    Queue(QueueId),
    /// The offline form: the contact becomes a lead.
    Message,
}

/// Business hours with holidays and make-up workdays (调休).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    pub name: Text,
    /// IANA name, such as Asia/Shanghai.
    pub zone: String,
    /// Opening spans from Monday (0) to Sunday (6).
    pub week: [Vec<Span>; 7],
    /// Days that differ from their weekday, by `YYYY-MM-DD`.
    pub days: BTreeMap<String, Day>,
}

/// Minutes after midnight, `from < to ≤ 1440`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Span {
    pub from: u16,
    pub to: u16,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Day {
    pub name: Text,
    /// Empty on a holiday; a make-up workday names its spans.
    pub spans: Vec<Span>,
}

/// A canned reply, shared or one person's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    pub title: Text,
    /// `{customer}`, `{agent}`, `{queue}` and `{time}` are replaced.
    pub text: Text,
    /// What is typed after `/`.
    pub shortcut: String,
    pub folder: String,
    /// Absent: shared with all.
    pub owner: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Tag {
    pub name: Text,
    pub colour: Colour,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    #[default]
    Grey,
    Red,
    Amber,
    Green,
    Blue,
    Violet,
}

/// The fields of the consultation record (咨询记录表, B-01).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    pub name: Text,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Field {
    /// Unique in the form; never changes once answers exist.
    pub key: String,
    pub label: Text,
    pub shape: FieldShape,
    pub required: bool,
    /// For choices.
    pub options: Vec<Choice>,
    /// Shown and asked for only where another field has one of these answers.
    pub when: Option<FieldWhen>,
    /// Masked for roles without the right to see such answers; never written to a log.
    pub sensitive: bool,
    /// For formulas: numbers, `+ - * / ( )` and keys of number fields.
    pub formula: String,
}

/// Another field, and the answers to it that matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct FieldWhen {
    pub field: String,
    pub is: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldShape {
    #[default]
    Line,
    Paragraph,
    Number,
    Date,
    Choice,
    Phone,
    Email,
    Consent,
    /// An amount, such as 199.00.
    Money,
    /// A member of staff, by id.
    Person,
    /// An uploaded file, by id.
    File,
    Address,
    /// Computed from other fields.
    Formula,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    pub key: String,
    pub label: Text,
    /// A choice may open into finer ones (category tree).
    #[cfg_attr(feature = "schema", schema(no_recursion))]
    pub children: Vec<Choice>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    pub name: String,
    pub url: String,
    /// Event kinds; empty means all.
    pub kinds: Vec<String>,
    pub enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Ban {
    pub what: BanWhat,
    pub value: String,
    #[serde(default)]
    pub why: String,
    #[serde(default)]
    pub until_at: Option<crate::At>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BanWhat {
    Visitor,
    Ip,
}
