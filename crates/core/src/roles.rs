//! The roles that ship with the product: the permission table. Administrators change them freely.
//!
//! R-01 (visitor) and R-18 (program) have no role record: a visitor acts on the own conversation only, and a program
//! may do what its key names.

use crate::{
    access::{Action, Grant, Scope},
    config::{MaskedField, Role},
    lang::Text,
};
use std::collections::BTreeSet;

/// Everything that an agent does with contacts of one's own.
const SERVE: [Action; 8] = [
    Action::ConversationServe,
    Action::ConversationRead,
    Action::ConversationTransfer,
    Action::ConversationPick,
    Action::ConversationSpam,
    Action::ConsultRead,
    Action::ConsultWrite,
    Action::ReportRead,
];

/// What a supervisor does with the contacts of others.
const LEAD: [Action; 15] = [
    Action::ConversationRead,
    Action::ConversationTransfer,
    Action::ConversationPick,
    Action::ConversationMonitor,
    Action::ConversationWhisper,
    Action::ConversationTakeOver,
    Action::ConversationReassign,
    Action::ConversationMerge,
    Action::ConversationSpam,
    Action::ConsultRead,
    Action::ConsultWrite,
    Action::FloorRead,
    Action::AgentForce,
    Action::ReportRead,
    Action::ReportExport,
];

/// What keeps the system running and set up.
const MANAGE: [Action; 14] = [
    Action::FloorRead,
    Action::ReplyShared,
    Action::ManageUsers,
    Action::ManageRoles,
    Action::ManageRouting,
    Action::ManageWidgets,
    Action::ManageForms,
    Action::ManageTags,
    Action::ManageTickets,
    Action::ManageIntegrations,
    Action::ManageSettings,
    Action::ManageBans,
    Action::AuditRead,
    Action::SystemOperate,
];

/// What everybody does who follows cases up.
const FOLLOW: [Action; 3] = [Action::TicketRead, Action::TicketWrite, Action::TicketAssign];

/// What who leads does with the cases of others.
const RULE: [Action; 5] = [
    Action::TicketRead,
    Action::TicketWrite,
    Action::TicketAssign,
    Action::TicketApprove,
    Action::TicketExport,
];

const CUSTOMERS: [Action; 6] = [
    Action::CustomerRead,
    Action::CustomerWrite,
    Action::OrderRead,
    Action::OrderWrite,
    Action::VisitorRead,
    Action::VisitorInvite,
];

fn each(actions: &[Action], scope: Scope) -> impl Iterator<Item = Grant> {
    actions.iter().map(move |action| Grant { action: *action, scope })
}

/// The roles of a fresh installation, in the order of their codes.
pub fn default_roles() -> Vec<Role> {
    let role = |code: &str, zh: &str, en: &str, grants: Vec<Grant>, masks: &[MaskedField]| Role {
        code: code.into(),
        name: Text::new(zh, en),
        grants,
        masks: masks.to_vec(),
    };
    let everyone_masked = [
        MaskedField::Phone,
        MaskedField::Email,
        MaskedField::Address,
        MaskedField::Ip,
        MaskedField::Sensitive,
    ];
    vec![
        role(
            "R-03",
            "客服座席",
            "Agent",
            each(&SERVE, Scope::Own)
                .chain(each(&FOLLOW, Scope::Group))
                .chain(each(&CUSTOMERS, Scope::Site))
                .collect(),
            &[MaskedField::Phone, MaskedField::Ip, MaskedField::Sensitive],
        ),
        role(
            "R-05",
            "专员",
            "Specialist",
            each(&SERVE, Scope::Own)
                .chain(each(&FOLLOW, Scope::Group))
                .chain(each(&CUSTOMERS, Scope::Site))
                .chain(each(&[Action::LeadServe], Scope::Group))
                .collect(),
            &[MaskedField::Ip, MaskedField::Sensitive],
        ),
        role(
            "R-06",
            "销售",
            "Sales",
            each(&[Action::LeadServe], Scope::Own)
                .chain(each(&FOLLOW, Scope::Group))
                .chain(each(&[Action::CustomerRead, Action::CustomerWrite, Action::OrderRead], Scope::Site))
                .collect(),
            &[MaskedField::Ip, MaskedField::Sensitive],
        ),
        role(
            "R-07",
            "组长",
            "Team leader",
            each(&[Action::ConversationServe], Scope::Own)
                .chain(each(&LEAD, Scope::Group))
                .chain(each(&RULE, Scope::Group))
                .chain(each(&CUSTOMERS, Scope::Site))
                .chain(each(&[Action::ReplyShared, Action::ManageTags, Action::ManageBans], Scope::Site))
                .collect(),
            &[],
        ),
        role(
            "R-08",
            "经理",
            "Manager",
            each(&LEAD, Scope::Department)
                .chain(each(&RULE, Scope::Department))
                .chain(each(&CUSTOMERS, Scope::Site))
                .chain(each(
                    &[
                        Action::CustomerExport,
                        Action::ReplyShared,
                        Action::ManageRouting,
                        Action::ManageForms,
                        Action::ManageTags,
                        Action::ManageTickets,
                        Action::ManageBans,
                        Action::ManageWidgets,
                    ],
                    Scope::Site,
                ))
                .collect(),
            &[],
        ),
        role(
            "R-09",
            "主任",
            "Director",
            each(
                &[
                    Action::ConversationRead,
                    Action::ConsultRead,
                    Action::CustomerRead,
                    Action::OrderRead,
                    Action::TicketRead,
                    Action::TicketApprove,
                    Action::TicketExport,
                    Action::FloorRead,
                    Action::ReportRead,
                    Action::ReportExport,
                ],
                Scope::Site,
            )
            .collect(),
            &[],
        ),
        role(
            "R-10",
            "质检员",
            "Quality inspector",
            each(
                &[
                    Action::ConversationRead,
                    Action::ConversationMonitor,
                    Action::ConsultRead,
                    Action::CustomerRead,
                    Action::OrderRead,
                    Action::TicketRead,
                    Action::ReportRead,
                ],
                Scope::Department,
            )
            .collect(),
            &everyone_masked,
        ),
        role(
            "R-13",
            "数据分析",
            "Analyst",
            each(&[Action::FloorRead, Action::ReportRead, Action::ReportExport], Scope::Site).collect(),
            &everyone_masked,
        ),
        role(
            "R-15",
            "相关部门",
            "Department handler",
            each(&FOLLOW, Scope::Group).collect(),
            &everyone_masked,
        ),
        role(
            "R-17",
            "系统管理员",
            "System administrator",
            each(&MANAGE, Scope::Site).collect(),
            &everyone_masked,
        ),
        role(
            "R-19",
            "审计员",
            "Auditor",
            each(&[Action::AuditRead, Action::ReportRead], Scope::Site).collect(),
            &everyone_masked,
        ),
        role(OWNER, "负责人", "Owner", owner(), &[]),
    ]
}

/// Code of the first administrator's role.
pub const OWNER: &str = "owner";

/// Everything: in a small company the one who sets the system up also leads and answers.
fn owner() -> Vec<Grant> {
    let more = [Action::ConversationDecline, Action::CustomerExport];
    let all: BTreeSet<Action> =
        [&SERVE[..], &LEAD, &RULE, &CUSTOMERS, &MANAGE, &more].into_iter().flatten().copied().collect();
    all.into_iter().map(|action| Grant { action, scope: Scope::Site }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    /// the permission table, role × action × scope, for people to read and compare.
    #[test]
    fn the_permission_table() {
        let roles = default_roles();
        let mut text = String::from("R-01 Visitor: the own conversation only, by a signed token\n");
        text.push_str("R-18 Program: what its key names, site-wide\n");
        for role in &roles {
            let _ = writeln!(text, "\n{} {} {}", role.code, role.name.en, role.name.zh);
            for grant in &role.grants {
                let _ = writeln!(text, "  {:<24}{}", word(grant.action), word(grant.scope));
            }
            let masks: Vec<_> = role.masks.iter().map(word).collect();
            let _ =
                writeln!(text, "  masked: {}", if masks.is_empty() { "-".into() } else { masks.join(" ") });
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn no_role_grants_an_action_twice() {
        for role in default_roles() {
            let mut actions: Vec<_> = role.grants.iter().map(|grant| grant.action).collect();
            let count = actions.len();
            actions.sort();
            actions.dedup();
            assert_eq!(actions.len(), count, "{}", role.code);
        }
    }

    /// The name that a value has in JSON.
    fn word(value: impl serde::Serialize) -> String {
        serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
    }
}
