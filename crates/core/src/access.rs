//! May this actor do this to that?

use crate::{
    actor::Actor,
    config::User,
    directory::Directory,
    id::{QueueId, UserId},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What can be permitted. Few, and each one a sentence that an administrator understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Serve contacts: be assigned, answer, note, tag, close one's own.
    ConversationServe,
    /// Read conversations in scope (`Own`: those one holds or held).
    ConversationRead,
    ConversationTransfer,
    ConversationDecline,
    ConversationPick,
    /// Watch live, without being seen.
    ConversationMonitor,
    ConversationWhisper,
    ConversationTakeOver,
    ConversationReassign,
    ConversationMerge,
    ConversationSpam,
    /// Read a consultation record, and write it.
    ConsultRead,
    ConsultWrite,
    CustomerRead,
    CustomerWrite,
    CustomerExport,
    /// Follow up leads in scope (`Own`: one's own and those that nobody has); whoever lacks this follows up all that
    /// they may as customers.
    LeadServe,
    /// See orders and goods.
    OrderRead,
    /// Change orders, their shipments and goods, and settle exceptions.
    OrderWrite,
    VisitorRead,
    VisitorInvite,
    /// Read tickets in scope (`Own`: what one owns, opened or watches, and what nobody of one's team has taken yet).
    TicketRead,
    /// Open tickets, and work on those in scope.
    TicketWrite,
    /// Give tickets to others.
    TicketAssign,
    /// Allow what needs approval, and go ways although something is missing.
    TicketApprove,
    TicketExport,
    /// Agents' states and queues as they are now.
    FloorRead,
    AgentForce,
    ReportRead,
    ReportExport,
    ReplyShared,
    ManageUsers,
    ManageRoles,
    ManageRouting,
    ManageWidgets,
    ManageForms,
    ManageTags,
    /// Kinds of tickets.
    ManageTickets,
    ManageIntegrations,
    ManageSettings,
    ManageBans,
    AuditRead,
    SystemOperate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Own,
    /// One's team.
    Group,
    /// One's team and the teams below it.
    Department,
    /// Everything of the site.
    Site,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Grant {
    pub action: Action,
    pub scope: Scope,
}

/// What an action would touch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resource<'a> {
    /// Who holds it: a conversation's agent and guests, or the agent themself.
    pub holders: &'a [UserId],
    pub queue: Option<QueueId>,
}

/// Whether the actor may do this to that. Denied unless a role grants it.
pub fn allows(directory: &Directory, actor: Actor, action: Action, on: Resource<'_>) -> bool {
    match scope(directory, actor, action) {
        None => false,
        Some(Reach::Everything) => true,
        Some(Reach::Users(users)) => {
            on.holders.iter().any(|holder| users.contains(holder))
                || on.queue.and_then(|id| directory.queues.get(&id)).is_some_and(|queue| {
                    users.len() > 1
                        && queue.teams.iter().any(|team| {
                            users
                                .iter()
                                .any(|user| directory.users.get(user).and_then(|it| it.team) == Some(*team))
                        })
                })
        }
    }
}

/// How far an action reaches: a filter for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    Everything,
    /// What these people hold.
    Users(Vec<UserId>),
}

/// How far this actor may go with this action; `None` is not at all.
pub fn scope(directory: &Directory, actor: Actor, action: Action) -> Option<Reach> {
    match actor {
        Actor::System | Actor::Rule { .. } => Some(Reach::Everything),
        Actor::Bot | Actor::Visitor { .. } => None,
        Actor::Api { id } => directory.keys.get(&id)?.contains(&action).then_some(Reach::Everything),
        Actor::User { id } => {
            let user = directory.users.get(&id).filter(|user| !user.disabled)?;
            Some(match widest(directory, user, action)? {
                Scope::Site | Scope::All => Reach::Everything,
                Scope::Own => Reach::Users(vec![id]),
                near => {
                    let Some(team) = user.team else { return Some(Reach::Users(vec![id])) };
                    let teams = if near == Scope::Group { vec![team] } else { directory.department(team) };
                    let in_teams = |it: &User| it.team.is_some_and(|team| teams.contains(&team));
                    Reach::Users(
                        directory.users.iter().filter(|(_, it)| in_teams(it)).map(|(id, _)| *id).collect(),
                    )
                }
            })
        }
    }
}

/// The widest scope in which a user may do this.
pub fn widest(directory: &Directory, user: &User, action: Action) -> Option<Scope> {
    let roles = user.roles.iter().filter_map(|role| directory.roles.get(role));
    roles.flat_map(|role| &role.grants).filter(|grant| grant.action == action).map(|grant| grant.scope).max()
}

/// All that a user may do, each with its widest scope.
pub fn may(directory: &Directory, user: &User) -> BTreeMap<Action, Scope> {
    let mut all = BTreeMap::new();
    for grant in user.roles.iter().filter_map(|role| directory.roles.get(role)).flat_map(|role| &role.grants)
    {
        all.entry(grant.action)
            .and_modify(|scope: &mut Scope| *scope = grant.scope.max(*scope))
            .or_insert(grant.scope);
    }
    all
}
