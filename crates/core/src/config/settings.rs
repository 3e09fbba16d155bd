//! The site as a whole.

use crate::{
    customer::CustomerSettings, id::TicketTypeId, lang::Text, lead::LeadSettings, order::OrderSettings,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The site's settings: one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub company: Text,
    /// What stands below the company's name on letters: address, number, site; a line each.
    pub letter_head: Text,
    /// One level of priority is worth so many seconds of waiting.
    pub aging_s: u32,
    /// An agent whose last connection is gone keeps the work for so long.
    pub grace_s: u16,
    /// A customer who writes within so many hours of the closing reopens the conversation.
    pub reopen_hours: u16,
    pub recall_s: u16,
    /// A second sign-in of the same person ends the first, else it is refused.
    pub second_sign_in_takes_over: bool,
    /// Customers see staff numbers instead of names.
    pub show_staff_no: bool,
    pub break_reasons: Vec<Reason>,
    /// A first version of these numbers of required passwords' length.
    pub password_min: u8,
    pub require_totp: bool,
    /// From this satisfaction on, of 1 to 5, an answer counts as satisfied (K-04).
    pub csat_good: u8,
    /// Customers find their own cases on `/portal`; absent: there is no such page.
    pub portal: Option<Portal>,
    /// Other targets than the usual ones for the desk's indicators, in percent, by their keys (K-05 …).
    pub targets: BTreeMap<String, f64>,
    /// What customers of this site have.
    pub customers: CustomerSettings,
    /// How leads are handed out and taken back.
    pub leads: LeadSettings,
    /// What customers are told of their orders, and which ticket an exception opens.
    pub orders: OrderSettings,
}

/// What customers may do by themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Portal {
    /// The kind of ticket that a customer's own request opens, such as a change of their data; absent: they open none.
    pub requests: Option<TicketTypeId>,
    /// Shown on top of the page.
    pub greeting: Text,
}

/// Why an agent is not ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Reason {
    pub key: String,
    pub label: Text,
    /// Counts toward the team's break quota.
    pub is_break: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let reason = |key: &str, zh: &str, en: &str, is_break| Reason {
            key: key.into(),
            label: Text::new(zh, en),
            is_break,
        };
        Self {
            company: Text::new("应答", "Yingda"),
            letter_head: Text::default(),
            aging_s: 30,
            grace_s: 20,
            reopen_hours: 24,
            recall_s: 120,
            second_sign_in_takes_over: true,
            show_staff_no: false,
            break_reasons: vec![
                reason("break", "小休", "Break", true),
                reason("meal", "用餐", "Meal", true),
                reason("meeting", "会议", "Meeting", false),
                reason("training", "培训", "Training", false),
                reason("follow_up", "处理后续", "Follow-up work", false),
            ],
            password_min: 10,
            require_totp: false,
            csat_good: 4,
            portal: None,
            targets: BTreeMap::new(),
            customers: CustomerSettings::default(),
            leads: LeadSettings::default(),
            orders: OrderSettings::default(),
        }
    }
}
