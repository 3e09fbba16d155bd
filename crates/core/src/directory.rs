//! All configuration that rules read, by id. The engine has one; edges have a copy of the committed one.

use crate::{At, access::Action, calendar, config::*, event::Persona, id::*};
use std::{collections::BTreeMap, sync::Arc};

#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub users: BTreeMap<UserId, Arc<User>>,
    pub roles: BTreeMap<RoleId, Arc<Role>>,
    pub teams: BTreeMap<TeamId, Arc<Team>>,
    pub lines: BTreeMap<LineId, Arc<Line>>,
    pub skills: BTreeMap<SkillId, Arc<Skill>>,
    pub queues: BTreeMap<QueueId, Arc<Queue>>,
    pub calendars: BTreeMap<CalendarId, Arc<Calendar>>,
    pub tags: BTreeMap<TagId, Arc<Tag>>,
    pub forms: BTreeMap<FormId, Arc<Form>>,
    pub widgets: BTreeMap<WidgetId, Arc<Widget>>,
    pub invitations: BTreeMap<InvitationId, Arc<Invitation>>,
    pub webhooks: BTreeMap<WebhookId, Arc<Webhook>>,
    pub channels: BTreeMap<ChannelId, Arc<Channel>>,
    pub bans: BTreeMap<RecordId, Arc<Ban>>,
    pub ticket_types: BTreeMap<TicketTypeId, Arc<TicketType>>,
    pub rules: BTreeMap<RuleId, Arc<Rule>>,
    pub surveys: BTreeMap<SurveyId, Arc<Survey>>,
    pub segments: BTreeMap<RecordId, Arc<Segment>>,
    pub flows: BTreeMap<FlowId, Arc<Flow>>,
    pub keys: BTreeMap<ApiKeyId, Arc<Vec<Action>>>,
    pub settings: Arc<Settings>,
    /// Users who stand for another site's people, and the channel that leads there.
    pub deputies: BTreeMap<UserId, ChannelId>,
}

impl Directory {
    /// The time zone of a business line; empty, which is UTC, where there is none.
    pub fn zone(&self, line: LineId) -> &str {
        self.lines.get(&line).map_or("", |line| line.zone.as_str())
    }

    /// How an agent appears to customers.
    pub fn persona(&self, agent: UserId) -> Persona {
        let Some(user) = self.users.get(&agent) else { return Persona::default() };
        let name = if self.settings.show_staff_no && !user.staff_no.is_empty() {
            format!("{} 号客服", user.staff_no)
        } else if user.nickname.is_empty() {
            user.name.clone()
        } else {
            user.nickname.clone()
        };
        Persona { name, avatar: user.avatar }
    }

    /// When the line's day began.
    pub fn day_at(&self, line: LineId, now: At) -> At {
        calendar::day_start(self.zone(line), now)
    }

    /// Takes over a committed change; `None` removes.
    pub fn apply(&mut self, kind: RecordKind, id: RecordId, record: Option<&Record>) {
        fn put<K: Ord + From<RecordId>, V: Clone>(
            map: &mut BTreeMap<K, Arc<V>>,
            id: RecordId,
            value: Option<&V>,
        ) {
            match value {
                Some(value) => map.insert(id.into(), Arc::new(value.clone())),
                None => map.remove(&id.into()),
            };
        }
        macro_rules! arm {
            ($variant:ident, $map:ident) => {
                put(
                    &mut self.$map,
                    id,
                    record.and_then(|r| if let Record::$variant(it) = r { Some(it) } else { None }),
                )
            };
        }
        match kind {
            RecordKind::User => arm!(User, users),
            RecordKind::Role => arm!(Role, roles),
            RecordKind::Team => arm!(Team, teams),
            RecordKind::Line => arm!(Line, lines),
            RecordKind::Skill => arm!(Skill, skills),
            RecordKind::Queue => arm!(Queue, queues),
            RecordKind::Calendar => arm!(Calendar, calendars),
            RecordKind::Tag => arm!(Tag, tags),
            RecordKind::Form => arm!(Form, forms),
            RecordKind::Widget => arm!(Widget, widgets),
            RecordKind::Invitation => arm!(Invitation, invitations),
            RecordKind::Webhook => arm!(Webhook, webhooks),
            RecordKind::Channel => {
                arm!(Channel, channels);
                let deputy = |(id, it): (&ChannelId, &Arc<Channel>)| match &it.setup {
                    Setup::Site(site) => Some((site.deputy?, *id)),
                    _ => None,
                };
                self.deputies = self.channels.iter().filter_map(deputy).collect();
            }
            RecordKind::Ban => arm!(Ban, bans),
            // Canned replies are no rule's business.
            RecordKind::TicketType => put(
                &mut self.ticket_types,
                id,
                record.and_then(|r| if let Record::TicketType(it) = r { Some(&**it) } else { None }),
            ),
            RecordKind::Rule => put(
                &mut self.rules,
                id,
                record.and_then(|r| if let Record::Rule(it) = r { Some(&**it) } else { None }),
            ),
            RecordKind::Survey => put(
                &mut self.surveys,
                id,
                record.and_then(|r| if let Record::Survey(it) = r { Some(&**it) } else { None }),
            ),
            RecordKind::Segment => put(
                &mut self.segments,
                id,
                record.and_then(|r| if let Record::Segment(it) = r { Some(&**it) } else { None }),
            ),
            RecordKind::Flow => put(
                &mut self.flows,
                id,
                record.and_then(|r| if let Record::Flow(it) = r { Some(&**it) } else { None }),
            ),
            RecordKind::Reply => {}
            RecordKind::Settings => {
                self.settings = match record {
                    Some(Record::Settings(settings)) => Arc::new((**settings).clone()),
                    _ => Arc::default(),
                }
            }
        }
    }

    /// The teams at and below one: a department.
    pub fn department(&self, top: TeamId) -> Vec<TeamId> {
        let mut found = vec![top];
        let mut next = 0;
        while next < found.len() {
            let above = found[next];
            found.extend(
                self.teams
                    .iter()
                    .filter(|(id, team)| team.parent == Some(above) && !found.contains(id))
                    .map(|(id, _)| *id)
                    .collect::<Vec<_>>(),
            );
            next += 1;
        }
        found
    }

    /// Whether a user belongs to those who serve a queue (skills aside).
    pub fn serves(&self, user: UserId, queue: &Queue) -> bool {
        (queue.teams.is_empty() && queue.users.is_empty())
            || queue.users.contains(&user)
            || self
                .users
                .get(&user)
                .and_then(|user| user.team)
                .is_some_and(|team| queue.teams.contains(&team))
    }

    pub fn queues_of(&self, user: UserId) -> Vec<QueueId> {
        self.queues.iter().filter(|(_, queue)| self.serves(user, queue)).map(|(id, _)| *id).collect()
    }
}
