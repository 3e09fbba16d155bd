//! Tickets as one person may see them: with names, and with what is masked for their roles.

use crate::{app::App, auth::Caller, problem::Problem, tickets};
use std::collections::{BTreeMap, BTreeSet};
use yingda_core::{
    access::Action,
    config::{MaskedField, TicketType},
    id::*,
    mask,
    ticket::{self, Ticket, TicketAct},
};
use yingda_store::{customer, ticket as rows};
use yingda_wire::http::{AuditRow, StoredTicket, TicketRow};

/// Somebody who looks at tickets.
pub struct Viewer<'a> {
    app: &'a App,
    pub caller: &'a Caller,
    pub masks: BTreeSet<MaskedField>,
}

impl<'a> Viewer<'a> {
    pub fn new(app: &'a App, caller: &'a Caller) -> Self {
        Self { app, caller, masks: mask::of(&app.directory(), caller.actor) }
    }

    pub async fn rows(&self, found: Vec<Ticket>) -> Result<Vec<TicketRow>, Problem> {
        let mut names: BTreeMap<CustomerId, String> = BTreeMap::new();
        let mut all = Vec::with_capacity(found.len());
        for it in found {
            if let Some(id) = it.customer
                && !names.contains_key(&id)
            {
                let found = customer::living(&self.app.db, id).await?;
                names
                    .insert(id, found.map(|it| mask::within(&it.card.name, &self.masks)).unwrap_or_default());
            }
            let name = it.customer.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
            all.push(self.shown(it, name).await?);
        }
        Ok(all)
    }

    pub async fn row(&self, it: Ticket) -> Result<TicketRow, Problem> {
        let mut rows = self.rows(vec![it]).await?;
        rows.pop().ok_or_else(Problem::not_found)
    }

    async fn shown(&self, mut it: Ticket, customer_name: String) -> Result<TicketRow, Problem> {
        let of = tickets::kind_of(self.app, &it).await?;
        it.values = mask::values(&of.fields, it.values, &self.masks);
        it.title = mask::within(&it.title, &self.masks);
        let due_at = it.due_at();
        Ok(TicketRow { ticket: it, customer_name, due_at })
    }

    pub async fn whole(&self, it: Ticket) -> Result<StoredTicket, Problem> {
        let directory = self.app.directory();
        let may = |action, it: &Ticket| ticket::may(&directory, self.caller.actor, action, it);
        let kind = tickets::kind_of(self.app, &it).await?;
        let is_concerned = it.about(&kind).is_some() && it.about(&kind) == self.caller.user;
        let rights = [Action::TicketWrite, Action::TicketAssign, Action::TicketApprove];
        let [may_write, may_assign, may_approve] = rights.map(|action| !is_concerned && may(action, &it));
        // Sub-tasks of other departments are named, so that one sees how far they are.
        let tasks = self.rows(rows::tasks(&self.app.db, it.id).await?).await?;
        let mut linked = vec![];
        for id in &it.links {
            linked.extend(rows::get(&self.app.db, *id).await?.filter(|it| may(Action::TicketRead, it)));
        }
        let parent = match it.parent {
            Some(id) => rows::get(&self.app.db, id).await?.filter(|it| may(Action::TicketRead, it)),
            None => None,
        };
        let parent_row = match parent {
            Some(parent) => Some(self.row(parent).await?),
            None => None,
        };
        Ok(StoredTicket {
            linked: self.rows(linked).await?,
            row: self.row(it).await?,
            kind: (*kind).clone(),
            tasks,
            parent_row,
            may_write,
            may_assign,
            may_approve,
        })
    }

    /// What was masked and comes back as it was shown stays as it is.
    pub async fn unmask(&self, id: TicketId, mut act: TicketAct) -> Result<TicketAct, Problem> {
        let (TicketAct::Edit { values, .. } | TicketAct::Move { values, .. }) = &mut act else {
            return Ok(act);
        };
        if self.masks.is_empty() || values.is_empty() {
            return Ok(act);
        }
        let before = tickets::find(self.app, self.caller.actor, id).await?;
        let of = tickets::kind_of(self.app, &before).await?;
        let shown = mask::values(&of.fields, before.values.clone(), &self.masks);
        // Stars among other words would be stored as such.
        let hides = |key: &String| shown.get(key) != before.values.get(key);
        let spoiled = values
            .iter()
            .find(|(key, value)| hides(key) && shown.get(*key) != Some(*value) && value.contains("**"));
        if let Some((key, _)) = spoiled {
            return Err(Problem::field(
                format!("values.{key}"),
                "这里有对您隐藏的内容，请整项重写或请有权限的同事修改。",
                "Part of this is hidden from you: write all of it anew, or ask a colleague who sees it.",
            ));
        }
        values.retain(|key, value| shown.get(key) != Some(value) || before.values.get(key) == Some(value));
        if let TicketAct::Edit { was, .. } = &mut act {
            was.retain(|key, _| shown.get(key) == before.values.get(key));
        }
        Ok(act)
    }

    /// Values before and after a change, as far as the reader may see them.
    pub fn hide(&self, of: &TicketType, row: &mut AuditRow) {
        for side in ["before", "after"] {
            let Some(kept) = row.private.as_mut().and_then(|it| it.get_mut(side)) else { continue };
            let Ok(values) = serde_json::from_value::<BTreeMap<String, String>>(kept.clone()) else {
                continue;
            };
            *kept = serde_json::json!(mask::values(&of.fields, values, &self.masks));
        }
    }
}
