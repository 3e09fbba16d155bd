//! Running tickets go over to another version of their kind by a mapping that somebody looked at: in which state each one
//! is then, and under which names its answers stand.

use super::{Decided, Scene, Ticket};
use crate::{
    config::{TicketPhase, TicketType},
    event::{Fact, TicketMigrated},
    fault::{Fault, Faults, Wrong},
    form,
    lang::Text,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What becomes of the keys of one version in another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TicketMapping {
    /// The state in which a ticket goes on, by the one in which it is. Each state has one.
    pub states: BTreeMap<String, String>,
    /// The field that takes an answer over, by the one that has it. Empty: nobody asks for it any more; the answer is
    /// kept, and shown no longer.
    pub fields: BTreeMap<String, String>,
}

/// What most probably becomes of everything: the same key, else the same name.
pub fn proposed(from: &TicketType, to: &TicketType) -> TicketMapping {
    fn find<'a>(key: &str, name: &Text, all: impl Iterator<Item = (&'a str, &'a Text)> + Clone) -> String {
        let same = |a: &str, b: &str| !a.trim().is_empty() && a.trim() == b.trim();
        let by_key = all.clone().find(|(other, _)| *other == key);
        let by_name =
            || all.clone().find(|(_, other)| same(&name.zh, &other.zh) || same(&name.en, &other.en));
        by_key.or_else(by_name).map(|(key, _)| key.to_owned()).unwrap_or_default()
    }
    let states = to.states.iter().map(|it| (it.key.as_str(), &it.name));
    let fields = to.fields.iter().map(|it| (it.key.as_str(), &it.label));
    // What asks for something else under the same name takes no answer over.
    let fits = |key: &str, target: &String| {
        let shape = |of: &TicketType, key: &str| of.field(key).map(|it| it.shape);
        shape(from, key) == shape(to, target)
    };
    TicketMapping {
        states: from
            .states
            .iter()
            .map(|it| (it.key.clone(), find(&it.key, &it.name, states.clone())))
            .collect(),
        fields: from
            .fields
            .iter()
            .map(|it| {
                let target = find(&it.key, &it.label, fields.clone());
                (it.key.clone(), if fits(&it.key, &target) { target } else { String::new() })
            })
            .collect(),
    }
}

/// What is wrong with a mapping.
pub fn check_mapping(mapping: &TicketMapping, from: &TicketType, to: &TicketType) -> Vec<Wrong> {
    let mut faults = Faults::default();
    for state in &from.states {
        let target = mapping.states.get(&state.key).map(String::as_str).unwrap_or_default();
        let at = format!("states.{}", state.key);
        faults.unless(!target.is_empty(), &*at, Fault::Missing);
        faults.unless(target.is_empty() || to.state(target).is_some(), &*at, Fault::Unknown);
    }
    let mut taken = vec![];
    for (field, target) in mapping.fields.iter().filter(|(_, target)| !target.is_empty()) {
        let at = format!("fields.{field}");
        let known = from.field(field).zip(to.field(target));
        faults.unless(known.is_some(), &*at, Fault::Unknown);
        let fits = known.is_none_or(|(from, to)| from.shape == to.shape);
        faults.unless(fits, &*at, Fault::OtherShape);
        faults.unless(!taken.contains(&target), &*at, Fault::Twice);
        taken.push(target);
    }
    faults.0
}

/// The ticket as it goes on. `scene.of` is the version to which it goes, `from` the one on which it ran.
pub fn migrate(
    before: &Ticket,
    from: &TicketType,
    version: i64,
    mapping: &TicketMapping,
    scene: Scene,
) -> Option<Decided> {
    let Scene { directory, of, now, .. } = scene;
    let target = mapping.states.get(&before.state)?;
    let state = of.state(target)?;
    let mut it =
        Ticket { version: before.version + 1, of_version: version, updated_at: now, ..before.clone() };
    it.state.clone_from(&state.key);
    it.phase = state.phase;
    it.values = values(&before.values, from, mapping);
    form::compute(&of.fields, &mut it.values);
    it.checked.retain(|key| of.checklist.iter().any(|item| item.key == *key));
    // Whoever was asked was asked about a way that is perhaps another now.
    it.approval = it.approval.filter(|asked| of.ways(&state.key).any(|way| way.key == asked.way));
    if let Some(merged) = &mut it.merged
        && let Some(target) = mapping.states.get(&merged.state)
    {
        merged.state.clone_from(target);
    }
    let closes = it.phase == TicketPhase::Closed;
    it.solved_at = (it.phase >= TicketPhase::Solved).then_some(before.solved_at.unwrap_or(now));
    it.closed_at = closes.then_some(before.closed_at.unwrap_or(now));
    it.confirmed = closes && state.confirmed;
    it.take_clocks_over(from, of, now, directory);
    let fact = Fact::TicketMigrated(TicketMigrated {
        ticket: it.id,
        version: it.version,
        before_kind: before.of_version,
        after_kind: version,
        before: before.state.clone(),
        after: it.state.clone(),
    });
    Some(Decided { ticket: it, facts: vec![(fact, None)], tells: vec![] })
}

/// Answers under their new names. What nobody asks for any more stays under its old one, unless a new one needs that.
fn values(
    before: &BTreeMap<String, String>,
    from: &TicketType,
    mapping: &TicketMapping,
) -> BTreeMap<String, String> {
    let target = |key: &str| {
        let known = from.field(key).and_then(|_| mapping.fields.get(key));
        known.filter(|target| !target.is_empty())
    };
    let (moved, left): (Vec<_>, Vec<_>) = before.iter().partition(|(key, _)| target(key).is_some());
    let mut all: BTreeMap<String, String> =
        left.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    all.extend(moved.into_iter().filter_map(|(key, value)| Some((target(key)?.clone(), value.clone()))));
    all
}

/// What asks for an answer as a ticket is opened, and has none: nobody is asked for it again, but it is counted.
pub fn lacks(ticket: &Ticket, of: &TicketType) -> usize {
    form::missing(&of.fields, &ticket.values).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actor::Actor,
        config::{Field, FieldShape, TicketClock, TicketMove, TicketState},
        directory::Directory,
        ticket::{NewTicket, open},
    };

    const HOUR: i64 = 3_600_000;

    fn kind(
        states: &[(&str, &str, TicketPhase)],
        fields: &[(&str, &str, FieldShape)],
        hours: u32,
    ) -> TicketType {
        let text = |name: &str| Text::new(name, "");
        TicketType {
            prefix: "T".into(),
            severity: 3,
            states: states
                .iter()
                .map(|(key, name, phase)| TicketState {
                    key: key.to_string(),
                    name: text(name),
                    phase: *phase,
                    ..TicketState::default()
                })
                .collect(),
            fields: fields
                .iter()
                .map(|(key, name, shape)| Field {
                    key: key.to_string(),
                    label: text(name),
                    shape: *shape,
                    ..Field::default()
                })
                .collect(),
            clocks: vec![TicketClock {
                key: "solve".into(),
                minutes: hours * 60,
                stops_in: vec!["done".into()],
                ..TicketClock::default()
            }],
            moves: vec![TicketMove::default()],
            ..TicketType::default()
        }
    }

    #[test]
    fn sys_21_a_running_ticket_goes_over_to_another_version() {
        use TicketPhase::{Closed, Open, Waiting};
        let from = kind(
            &[("new", "新建", Open), ("look", "查看", Open), ("done", "完成", Closed)],
            &[
                ("what", "问题", FieldShape::Line),
                ("old", "旧项", FieldShape::Line),
                ("sum", "金额", FieldShape::Line),
            ],
            4,
        );
        let to = kind(
            &[("new", "新建", Open), ("check", "查看", Waiting), ("done", "完成", Closed)],
            &[("matter", "问题", FieldShape::Line), ("sum", "金额", FieldShape::Money)],
            6,
        );
        let mapping = proposed(&from, &to);
        let pairs = |all: &BTreeMap<String, String>| {
            all.iter().map(|(key, to)| format!("{key}>{to}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(pairs(&mapping.states), "done>done look>check new>new");
        assert_eq!(pairs(&mapping.fields), "old> sum> what>matter", "a text is no amount of money");
        assert_eq!(check_mapping(&mapping, &from, &to), []);
        let mut wrong = mapping.clone();
        wrong.states.insert("look".into(), String::new());
        wrong.states.insert("new".into(), "gone".into());
        wrong.fields.insert("sum".into(), "sum".into());
        wrong.fields.insert("old".into(), "matter".into());
        let wrong: Vec<String> = check_mapping(&wrong, &from, &to).into_iter().map(|it| it.field).collect();
        assert_eq!(wrong, ["states.new", "states.look", "fields.sum", "fields.what"]);

        let directory = Directory::default();
        let scene = |of, now| Scene {
            directory: &directory,
            of,
            by: Actor::System,
            now,
            open_tasks: 0,
            consents: &[],
        };
        let given = [("what", "漏水"), ("old", "旧"), ("sum", "12")];
        let values = given.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let new = NewTicket { title: "x".into(), values, ..NewTicket::default() };
        let mut it = open(new, crate::id::TicketId(1), "T-1".into(), 1, scene(&from, HOUR)).unwrap().ticket;
        it.state = "look".into();
        let gone = migrate(&it, &from, 2, &mapping, scene(&to, 2 * HOUR)).unwrap();
        let after = gone.ticket;
        assert_eq!((after.state.as_str(), after.phase, after.of_version), ("check", Waiting, 2));
        assert_eq!(pairs(&after.values), "matter>漏水 old>旧 sum>12", "nothing is lost");
        assert_eq!(
            (it.clocks[0].due_at, after.clocks[0].due_at),
            (5 * HOUR, 7 * HOUR),
            "what has passed stays passed"
        );
        assert!(
            matches!(&gone.facts[0].0, Fact::TicketMigrated(it) if it.before == "look" && it.before_kind == 1)
        );
        assert_eq!(lacks(&after, &to), 0);
    }
}
