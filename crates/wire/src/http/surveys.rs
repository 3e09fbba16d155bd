//! Bodies about surveys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{id::*, lang::Text};

/// What answers come to. `None` where nothing counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SurveyScores {
    /// Invitations; whoever came by the open link was not asked.
    pub sent: u64,
    /// Of these.
    pub answered_sent: u64,
    /// All answers, those by the open link too.
    pub answered: u64,
    /// Percent of those sent that were answered.
    pub rate: Option<f64>,
    /// Percent of answers that are satisfied, as the settings say.
    pub csat: Option<f64>,
    pub csat_mean: Option<f64>,
    pub nps: Option<f64>,
    pub ces_mean: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnswerCount {
    pub value: String,
    pub label: Text,
    pub count: u64,
}

/// How a question was answered; of a matrix one for each row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuestionResult {
    /// `key`, or `key.row`.
    pub key: String,
    pub text: Text,
    pub shape: yingda_core::config::QuestionShape,
    pub answered: u64,
    pub counts: Vec<AnswerCount>,
    pub mean: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SurveyGroup {
    /// An id, or a date; empty for what belongs to none.
    pub key: String,
    pub scores: SurveyScores,
}

/// What a survey brought of those who were asked in a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SurveyResults {
    pub scores: SurveyScores,
    pub questions: Vec<QuestionResult>,
    pub groups: Vec<SurveyGroup>,
}

/// About what somebody is to be asked: a conversation that one serves, or a ticket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskSurvey {
    #[serde(default)]
    pub conversation: Option<ConversationId>,
    #[serde(default)]
    pub ticket: Option<TicketId>,
}

/// An invitation that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SurveyAsked {
    pub id: RecordId,
    /// The page on which it is answered: whoever has it answers.
    pub url: String,
    /// It left by itself; else the link is for whoever asked to hand on.
    pub sent: bool,
}
