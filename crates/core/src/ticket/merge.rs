//! One matter that was written down twice: one ticket closes, the other goes on with what both knew.

use super::{Decided, Merged, Scene, Ticket, may};
use crate::{
    access::Action,
    config::TicketPhase,
    event::{Fact, TicketMerged},
    fault::{Fault, Refused},
    id::TicketId,
    refusal::Refusal,
};

impl Decided {
    /// This one's matter goes on elsewhere, or is one of its own again.
    pub(super) fn merge(
        &mut self,
        before: &Ticket,
        into: TicketId,
        on: bool,
        scene: &Scene,
    ) -> Result<(), Refused> {
        let Scene { directory, of, now, .. } = *scene;
        let it = &mut self.ticket;
        let state = match (&before.merged, on) {
            (None, true) if into == before.id => return Err(Refused::field("into", Fault::Circle)),
            (None, true) if before.phase == TicketPhase::Closed => return Err(Refusal::WrongPhase.into()),
            (None, true) => {
                it.merged = Some(Merged { into, state: before.state.clone() });
                // Nobody confirmed anything here.
                let ends = of.states.iter().filter(|state| state.phase == TicketPhase::Closed);
                ends.min_by_key(|state| state.confirmed).ok_or(Refusal::BadValue)?
            }
            (Some(merged), false) if merged.into == into => {
                it.merged = None;
                of.state(&merged.state).or(of.states.first()).ok_or(Refusal::BadValue)?
            }
            _ => return Err(Refusal::WrongPhase.into()),
        };
        it.state.clone_from(&state.key);
        it.phase = state.phase;
        it.approval = None;
        it.confirmed = false;
        it.solved_at =
            if on { it.solved_at } else { before.solved_at.filter(|_| it.phase >= TicketPhase::Solved) };
        it.closed_at = (it.phase == TicketPhase::Closed).then_some(now);
        if on && !it.links.contains(&into) {
            it.links.push(into);
        }
        it.turn_clocks(of, now, directory);
        self.tells.extend(self.ticket.watchers.iter().chain(&self.ticket.owner));
        let ticket = self.ticket.id;
        self.facts.push((Fact::TicketMerged(TicketMerged { ticket, into, on }), None));
        Ok(())
    }
}

/// The ticket in which another's matter goes on: it has who followed the other, and counts from when the customer first
/// raised either.
pub fn absorb(before: &Ticket, other: &Ticket, scene: Scene) -> Result<Decided, Refused> {
    let Scene { directory, of, by, now, .. } = scene;
    if !may(directory, by, Action::TicketWrite, before) {
        return Err(Refusal::Forbidden.into());
    }
    if before.phase == TicketPhase::Closed || before.merged.is_some() {
        return Err(Refused::field("into", Fault::Closed));
    }
    let mut ticket = before.clone();
    ticket.version += 1;
    ticket.updated_at = now;
    if !ticket.links.contains(&other.id) {
        ticket.links.push(other.id);
    }
    for user in other.watchers.iter().chain(&other.author).chain(&other.owner) {
        if Some(*user) != ticket.owner && !ticket.watchers.contains(user) && Some(*user) != ticket.about(of) {
            ticket.watchers.push(*user);
        }
    }
    ticket.customer = ticket.customer.or(other.customer);
    ticket.conversation = ticket.conversation.or(other.conversation);
    if other.received_at < ticket.received_at {
        ticket.received_at = other.received_at;
        ticket.restart(of, directory);
    }
    let fact = Fact::TicketMerged(TicketMerged { ticket: other.id, into: ticket.id, on: true });
    Ok(Decided { ticket, facts: vec![(fact, None)], tells: vec![] })
}
