//! Questionnaires as data (B-29): what is asked, of whom, and what a low score leads to.

use super::{Choice, FieldWhen};
use crate::{id::*, lang::Text, medium::Medium};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Survey {
    /// For staff.
    pub name: Text,
    /// The heading that customers read; empty: the name.
    pub title: Text,
    pub intro: Text,
    /// Said after the last answer.
    pub thanks: Text,
    pub questions: Vec<Question>,
    /// Sent by itself when a conversation has ended.
    pub after_close: Option<AfterClose>,
    /// Whoever has the address may answer it: for posters and QR codes.
    pub open_link: bool,
    /// For so many days an invitation can be answered.
    #[serde(default = "fortnight")]
    pub valid_days: u16,
    /// Nobody is asked by itself again within so many days, whichever survey it was; 0: no rest.
    pub rest_days: u16,
    /// Who has not answered after so many days is reminded, once; 0: nobody.
    pub remind_days: u16,
    pub low: Option<LowScore>,
    /// Asked no more; its results stay.
    pub retired: bool,
}

fn fortnight() -> u16 {
    14
}

/// Which conversations are asked about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AfterClose {
    /// None at all means every way of contact.
    pub media: Vec<Medium>,
    /// None at all means every queue.
    pub queues: Vec<QueueId>,
    /// Of a hundred conversations so many are asked about.
    pub percent: u8,
}

/// A score that opens a ticket, once for each answered invitation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LowScore {
    /// Key of a question with a scale.
    pub question: String,
    pub at_most: u8,
    pub ticket: TicketTypeId,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    /// Unique in the survey; never changes once answers exist.
    pub key: String,
    pub text: Text,
    pub shape: QuestionShape,
    pub required: bool,
    /// Of choices, and the columns of a matrix.
    pub options: Vec<Choice>,
    /// Of a matrix.
    pub rows: Vec<Choice>,
    /// Asked only where an earlier question has one of these answers.
    pub when: Option<FieldWhen>,
    /// A new page begins with it.
    pub new_page: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QuestionShape {
    /// Satisfaction, 1 to 5.
    #[default]
    Csat,
    /// Would one recommend it, 0 to 10.
    Nps,
    /// How easy it was, 1 to 7.
    Ces,
    Single,
    Multiple,
    Matrix,
    Text,
}
