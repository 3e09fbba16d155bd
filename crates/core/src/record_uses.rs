//! Who names a record, so that it may not be deleted.

use crate::{config::*, directory::Directory, id::RecordId, lang::Text, rule};

/// The records that name this one, so that it may not be deleted.
pub fn uses(kind: RecordKind, id: RecordId, directory: &Directory) -> Vec<Text> {
    let mut names = vec![];
    let mut note = |used: bool, name: &Text| {
        if used {
            names.push(name.clone());
        }
    };
    let needs =
        |needs: &[Need]| kind == RecordKind::Skill && needs.iter().any(|need| need.skill == id.into());
    for user in directory.users.values() {
        let used = match kind {
            RecordKind::Role => user.roles.contains(&id.into()),
            RecordKind::Team => user.team == Some(id.into()),
            RecordKind::Skill => user.skills.iter().any(|it| it.skill == id.into()),
            _ => false,
        };
        note(used, &Text::new(&user.name, &user.name));
    }
    for team in directory.teams.values() {
        let used = match kind {
            RecordKind::Team => team.parent == Some(id.into()),
            RecordKind::User => team.leader == Some(id.into()),
            _ => false,
        };
        note(used, &team.name);
    }
    for of in directory.ticket_types.values() {
        let used = match kind {
            RecordKind::Team => of.team == Some(id.into()),
            RecordKind::Calendar => of.clocks.iter().any(|clock| clock.calendar == Some(id.into())),
            _ => false,
        };
        note(used, &of.name);
    }
    let settings = &directory.settings;
    for (chosen, name) in [
        (settings.orders.exception, Text::new("系统设置的“订单异常开成”", "the settings (order exceptions)")),
        (
            settings.portal.as_ref().and_then(|portal| portal.requests),
            Text::new("系统设置的“客户的请求开成”", "the settings (customers' requests)"),
        ),
    ] {
        note(kind == RecordKind::TicketType && chosen == Some(id.into()), &name);
    }
    for survey in directory.surveys.values() {
        let used = match kind {
            RecordKind::Queue => {
                survey.after_close.as_ref().is_some_and(|after| after.queues.contains(&id.into()))
            }
            RecordKind::TicketType => survey.low.as_ref().is_some_and(|low| low.ticket == id.into()),
            _ => false,
        };
        note(used, &survey.name);
    }
    for segment in directory.segments.values() {
        note(rule::ask_for(&segment.conditions, kind, id), &segment.name);
    }
    for rule in directory.rules.values() {
        note(rule::names(rule, kind, id), &rule.name);
    }
    for (own, queue) in &directory.queues {
        let used = match kind {
            RecordKind::Line => queue.line == id.into(),
            RecordKind::Team => queue.teams.contains(&id.into()),
            RecordKind::User => queue.users.contains(&id.into()),
            RecordKind::Calendar => queue.calendar == Some(id.into()),
            RecordKind::Form => queue.form == Some(id.into()),
            RecordKind::Queue => {
                *own != id.into() && queue.overflow.iter().any(|step| step.to == OverflowTo::Queue(id.into()))
            }
            _ => needs(&queue.needs),
        };
        note(used, &queue.name);
    }
    for widget in directory.widgets.values() {
        let used = match kind {
            RecordKind::Line => widget.line == id.into(),
            RecordKind::Queue => {
                widget.queue == id.into() || widget.topics.iter().any(|topic| topic.queue == id.into())
            }
            _ => widget.topics.iter().any(|topic| needs(&topic.needs)),
        };
        note(used, &widget.name);
    }
    for channel in directory.channels.values() {
        let used = match (kind, &channel.setup) {
            (RecordKind::Queue, _) => channel.queue == id.into(),
            (RecordKind::Flow, Setup::Phone(setup)) => setup.flow == Some(id.into()),
            _ => false,
        };
        note(used, &channel.name);
    }
    for flow in directory.flows.values() {
        let steps = flow.live.iter().flat_map(|live| live.graph.nodes.values());
        let used = steps.map(|node| &node.step).any(|step| match (kind, step) {
            (RecordKind::Queue, FlowStep::Queue { queue, .. }) => *queue == id.into(),
            (RecordKind::Calendar, FlowStep::Hours { calendar, .. }) => *calendar == id.into(),
            (RecordKind::User, FlowStep::Transfer { agent, .. }) => *agent == id.into(),
            _ => false,
        });
        note(used, &flow.name);
    }
    for invitation in directory.invitations.values() {
        note(kind == RecordKind::Widget && invitation.widget == id.into(), &invitation.name);
    }
    names
}
