//! Surveys (B-29): whether one makes sense, which questions an answer leads to, what an answer has to hold, and whom one
//! asks by itself. The same pages ask and the same rules check, with script or without.

use crate::{
    At,
    config::{Question, QuestionShape, Survey},
    directory::Directory,
    fault::{Fault, Faults, Shape, Wrong},
    form::is_key,
    id::*,
    lang::Lang,
    medium::Medium,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const MAX_QUESTIONS: usize = 60;
const MAX_OPTIONS: usize = 50;
const MAX_TEXT: usize = 4_000;
const DAY_MS: At = 86_400_000;

/// Answers by the keys of their questions: of several choices with commas between, of a matrix `key.row`.
pub type Answers = BTreeMap<String, String>;

/// How an invitation came to somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By itself, after a conversation.
    #[default]
    Closed,
    /// An agent asked for it.
    Agent,
    /// By the open link: nobody was asked, so it counts for no response rate.
    Open,
}

/// One who was asked, and what they answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SurveyAsk {
    pub id: RecordId,
    pub survey: SurveyId,
    pub via: Via,
    pub conversation: Option<ConversationId>,
    pub ticket: Option<TicketId>,
    pub customer: Option<CustomerId>,
    pub visitor: Option<VisitorId>,
    /// Whose service it is about.
    pub agent: Option<UserId>,
    pub queue: Option<QueueId>,
    pub line: Option<LineId>,
    pub medium: Option<Medium>,
    pub lang: Lang,
    pub asked_at: At,
    pub expires_at: At,
    pub answered_at: Option<At>,
    pub answers: Answers,
    pub csat: Option<u8>,
    pub nps: Option<u8>,
    pub ces: Option<u8>,
}

impl QuestionShape {
    /// From the worst to the best, where it is a scale.
    pub fn scale(self) -> Option<(u8, u8)> {
        match self {
            QuestionShape::Csat => Some((1, 5)),
            QuestionShape::Nps => Some((0, 10)),
            QuestionShape::Ces => Some((1, 7)),
            _ => None,
        }
    }

    fn is_choice(self) -> bool {
        matches!(self, QuestionShape::Single | QuestionShape::Multiple)
    }
}

/// Whether a survey that somebody designed can work.
pub(crate) fn check(it: &Survey, directory: &Directory, faults: &mut Faults) {
    faults.text("title", &it.title, 200);
    faults.text("intro", &it.intro, 2_000);
    faults.text("thanks", &it.thanks, 1_000);
    faults.range("valid_days", it.valid_days, 1, 365);
    faults.range("rest_days", it.rest_days, 0, 730);
    // Afterwards nobody can answer any more.
    if it.remind_days > 0 {
        faults.range("remind_days", it.remind_days, 1, i64::from(it.valid_days) - 1);
    }
    faults.unless(!it.questions.is_empty(), "questions", Fault::Missing);
    faults.unless(it.questions.len() <= MAX_QUESTIONS, "questions", Fault::TooMany(MAX_QUESTIONS));
    let mut keys = BTreeSet::new();
    for (n, question) in it.questions.iter().enumerate() {
        let at = |part: &str| format!("questions.{n}.{part}");
        faults.shape(is_key(&question.key), at("key"), Shape::Key);
        faults.unless(keys.insert(&question.key), at("key"), Fault::Twice);
        faults.needed_text(&at("text"), &question.text, 500);
        if question.shape.is_choice() || question.shape == QuestionShape::Matrix {
            options(&at("options"), &question.options, faults);
        }
        if question.shape == QuestionShape::Matrix {
            options(&at("rows"), &question.rows, faults);
        }
        if let Some(when) = &question.when {
            // Only a question above can decide, so that nothing leads in a circle.
            let above = it.questions[..n].iter().find(|other| other.key == when.field);
            let fits = above.is_some_and(|it| it.shape.is_choice() || it.shape.scale().is_some());
            faults.unless(fits, at("when.field"), Fault::Unknown);
            faults.unless(!when.is.is_empty(), at("when.is"), Fault::Missing);
            let known = |value: &String| above.is_some_and(|it| offers(it, value));
            faults.unless(!fits || when.is.iter().all(known), at("when.is"), Fault::Unknown);
        }
    }
    if let Some(after) = &it.after_close {
        faults.range("after_close.percent", after.percent, 1, 100);
        for (n, queue) in after.queues.iter().enumerate() {
            let known = directory.queues.contains_key(queue);
            faults.unless(known, format!("after_close.queues.{n}"), Fault::Unknown);
        }
    }
    if let Some(low) = &it.low {
        let scale = it.question(&low.question).and_then(|it| it.shape.scale());
        faults.unless(scale.is_some(), "low.question", Fault::Unknown);
        if let Some((least, most)) = scale {
            faults.range("low.at_most", low.at_most, least.into(), i64::from(most) - 1);
        }
        let of = directory.ticket_types.get(&low.ticket).filter(|of| !of.retired);
        faults.unless(of.is_some(), "low.ticket", Fault::Unknown);
        faults.unless(of.is_none_or(|of| of.asks_only_texts()), "low.ticket", Fault::AsksMore);
    }
}

fn options(at: &str, options: &[crate::config::Choice], faults: &mut Faults) {
    faults.unless(!options.is_empty(), at, Fault::Missing);
    faults.unless(options.len() <= MAX_OPTIONS, at, Fault::TooMany(MAX_OPTIONS));
    let mut keys = BTreeSet::new();
    for (n, option) in options.iter().enumerate() {
        // Several answers stand in one text, with commas between.
        faults.shape(is_key(&option.key), format!("{at}.{n}.key"), Shape::Key);
        faults.unless(keys.insert(&option.key), format!("{at}.{n}.key"), Fault::Twice);
        faults.needed_text(&format!("{at}.{n}.label"), &option.label, 200);
        faults.unless(option.children.is_empty(), format!("{at}.{n}.children"), Fault::TooMany(0));
    }
}

/// Whether a value is among a question's answers.
fn offers(question: &Question, value: &str) -> bool {
    match question.shape.scale() {
        Some((least, most)) => {
            value.parse::<u8>().is_ok_and(|it| (least..=most).contains(&it) && it.to_string() == value)
        }
        None => question.options.iter().any(|option| option.key == value),
    }
}

/// Whether a question is asked, with these answers to the ones before it. What is not asked decides nothing.
pub fn is_asked(survey: &Survey, question: &Question, answers: &Answers) -> bool {
    let Some(when) = &question.when else { return true };
    let Some(above) = survey.question(&when.field) else { return false };
    is_asked(survey, above, answers)
        && answers
            .get(&when.field)
            .is_some_and(|said| said.split(',').any(|it| when.is.iter().any(|is| is == it)))
}

/// The pages, each with its questions, whether they are asked or not.
pub fn pages(survey: &Survey) -> Vec<Vec<&Question>> {
    let mut pages: Vec<Vec<&Question>> = vec![vec![]];
    for question in &survey.questions {
        if question.new_page && pages.last().is_some_and(|page| !page.is_empty()) {
            pages.push(vec![]);
        }
        if let Some(page) = pages.last_mut() {
            page.push(question);
        }
    }
    pages
}

/// What is wrong with the answers to these questions; fields are `answers.<key>`.
pub fn check_answers(survey: &Survey, of: &[&Question], answers: &Answers) -> Vec<Wrong> {
    let mut faults = Faults::default();
    for question in of.iter().filter(|it| is_asked(survey, it, answers)) {
        let at = format!("answers.{}", question.key);
        let said = |key: &str| answers.get(key).map(|it| it.trim()).filter(|it| !it.is_empty());
        if question.shape == QuestionShape::Matrix {
            for row in &question.rows {
                let key = format!("{}.{}", question.key, row.key);
                match said(&key) {
                    Some(value) => {
                        faults.shape(offers(question, value), format!("answers.{key}"), Shape::Choice);
                    }
                    None => faults.unless(!question.required, format!("answers.{key}"), Fault::Missing),
                }
            }
            continue;
        }
        let Some(value) = said(&question.key) else {
            faults.unless(!question.required, at, Fault::Missing);
            continue;
        };
        match question.shape {
            QuestionShape::Text => faults.length(at, value, MAX_TEXT),
            QuestionShape::Multiple => {
                let fits = value.split(',').all(|it| offers(question, it));
                faults.shape(fits, at, Shape::Choice);
            }
            _ => faults.shape(offers(question, value), at, Shape::Choice),
        }
    }
    faults.0
}

/// Only what was asked and answered: an answer to a question that another answer took away counts nowhere.
pub fn kept(survey: &Survey, answers: &Answers) -> Answers {
    let mut kept = Answers::new();
    for question in survey.questions.iter().filter(|it| is_asked(survey, it, answers)) {
        let keys: Vec<String> = match question.shape {
            QuestionShape::Matrix => {
                question.rows.iter().map(|row| format!("{}.{}", question.key, row.key)).collect()
            }
            _ => vec![question.key.clone()],
        };
        for key in keys {
            if let Some(value) = answers.get(&key).map(|it| it.trim()).filter(|it| !it.is_empty()) {
                kept.insert(key, value.to_owned());
            }
        }
    }
    kept
}

/// The answer to the first question of a scale.
pub fn score(survey: &Survey, answers: &Answers, of: QuestionShape) -> Option<u8> {
    let mut asked = survey.questions.iter().filter(|it| it.shape == of);
    asked.find_map(|it| answers.get(&it.key)?.parse().ok())
}

/// Whether an answer is as low as the survey's rule says.
pub fn is_low(survey: &Survey, answers: &Answers) -> bool {
    let Some(low) = &survey.low else { return false };
    let said = answers.get(&low.question).and_then(|it| it.parse::<u8>().ok());
    said.is_some_and(|score| score <= low.at_most)
}

/// Whether a conversation that ended is among those asked about: always the same ones, however often one looks.
pub fn is_drawn(
    survey: SurveyId,
    it: &Survey,
    conversation: ConversationId,
    medium: Medium,
    queue: Option<QueueId>,
) -> bool {
    let Some(after) = it.after_close.as_ref().filter(|_| !it.retired) else { return false };
    let by_medium = after.media.is_empty() || after.media.contains(&medium);
    let by_queue = after.queues.is_empty() || queue.is_some_and(|queue| after.queues.contains(&queue));
    by_medium && by_queue && spread(survey.0 ^ conversation.0) % 100 < u64::from(after.percent)
}

/// Numbers that lie close together come out far apart (SplitMix64).
fn spread(of: i64) -> u64 {
    let mut it = (of as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

/// When somebody who was asked is reminded; whoever came by the open link was not asked.
pub fn remind_at(it: &Survey, ask: &SurveyAsk) -> Option<At> {
    let is_asked = it.remind_days > 0 && ask.via != Via::Open;
    is_asked.then(|| ask.asked_at + At::from(it.remind_days) * DAY_MS)
}

/// Whether somebody who was last asked then may be asked by itself now.
pub fn is_rested(it: &Survey, last_asked_at: Option<At>, now: At) -> bool {
    last_asked_at.is_none_or(|at| at + At::from(it.rest_days) * DAY_MS <= now)
}

/// Until when an invitation of now can be answered.
pub fn expires_at(it: &Survey, now: At) -> At {
    now + At::from(it.valid_days) * DAY_MS
}

/// Whether the one who was asked may still answer.
pub fn may_answer(ask: &SurveyAsk, now: At) -> bool {
    ask.answered_at.is_none() && now < ask.expires_at
}

/// The invitation with its answer.
pub fn answered(ask: &SurveyAsk, survey: &Survey, answers: &Answers, now: At) -> SurveyAsk {
    let answers = kept(survey, answers);
    let score = |of| score(survey, &answers, of);
    let (csat, nps, ces) = (score(QuestionShape::Csat), score(QuestionShape::Nps), score(QuestionShape::Ces));
    SurveyAsk { answered_at: Some(now), answers, csat, nps, ces, ..ask.clone() }
}

impl Survey {
    pub fn question(&self, key: &str) -> Option<&Question> {
        self.questions.iter().find(|it| it.key == key)
    }

    /// What customers read on top.
    pub fn heading(&self, lang: Lang) -> &str {
        let title = self.title.get(lang);
        if title.is_empty() { self.name.get(lang) } else { title }
    }
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
