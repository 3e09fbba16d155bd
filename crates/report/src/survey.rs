//! What answers to surveys come to: the response rate, each scale's figure, and how often each answer was given. A
//! number and the rows behind it come out of the same rows.

use std::collections::BTreeMap;
use yingda_core::{
    calendar,
    config::{Question, QuestionShape},
    survey::{SurveyAsk, Via},
};

/// What a survey's rows are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Agent,
    Queue,
    Line,
    Day,
}

impl By {
    /// The group of a row; nothing where it has none.
    pub fn of(self, it: &SurveyAsk, zone: &str) -> Option<String> {
        match self {
            By::Agent => it.agent.map(|id| id.to_string()),
            By::Queue => it.queue.map(|id| id.to_string()),
            By::Line => it.line.map(|id| id.to_string()),
            By::Day => Some(calendar::date_text(zone, it.asked_at)),
        }
    }
}

/// Figures over some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Invitations; whoever came by the open link was not asked.
    pub sent: u64,
    /// Of these.
    pub answered_sent: u64,
    /// All answers, those by the open link too.
    pub answered: u64,
    /// Percent of those sent that were answered.
    pub rate: Option<f64>,
    /// Percent of answers that are satisfied.
    pub csat: Option<f64>,
    pub csat_mean: Option<f64>,
    /// Percent of promoters (9, 10) less percent of detractors (0 to 6).
    pub nps: Option<f64>,
    pub ces_mean: Option<f64>,
}

impl Scores {
    /// `good` is the least satisfaction that counts as satisfied.
    pub fn of<'a>(rows: impl Iterator<Item = &'a SurveyAsk> + Clone, good: u8) -> Scores {
        let count = |fits: fn(&SurveyAsk) -> bool| rows.clone().filter(|it| fits(it)).count() as u64;
        let sent = count(|it| it.via != Via::Open);
        let answered_sent = count(|it| it.via != Via::Open && it.answered_at.is_some());
        let all = |score: fn(&SurveyAsk) -> Option<u8>| rows.clone().filter_map(score).collect::<Vec<u8>>();
        let (csat, nps, ces) = (all(|it| it.csat), all(|it| it.nps), all(|it| it.ces));
        let promoters = share(&nps, |score| score >= 9);
        let detractors = share(&nps, |score| score <= 6);
        Scores {
            sent,
            answered_sent,
            answered: count(|it| it.answered_at.is_some()),
            rate: (sent > 0).then(|| answered_sent as f64 * 100.0 / sent as f64),
            csat: share(&csat, |score| score >= good),
            csat_mean: mean(&csat),
            nps: promoters.zip(detractors).map(|(more, less)| more - less),
            ces_mean: mean(&ces),
        }
    }
}

fn share(scores: &[u8], fits: impl Fn(u8) -> bool) -> Option<f64> {
    let good = scores.iter().filter(|score| fits(**score)).count();
    (!scores.is_empty()).then(|| good as f64 * 100.0 / scores.len() as f64)
}

fn mean(scores: &[u8]) -> Option<f64> {
    let sum: f64 = scores.iter().map(|score| f64::from(*score)).sum();
    (!scores.is_empty()).then(|| sum / scores.len() as f64)
}

/// How often each answer to a question was given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Key of the question, of a matrix with its row: `key.row`.
    pub key: String,
    pub answered: u64,
    pub counts: Vec<(String, u64)>,
    pub mean: Option<f64>,
}

/// The distribution of a question's answers, of a matrix one for each row. Every possible answer is there, also those
/// that nobody gave. Texts are counted, not listed.
pub fn spread(question: &Question, rows: &[SurveyAsk]) -> Vec<Spread> {
    let keys: Vec<String> = match question.shape {
        QuestionShape::Matrix => {
            question.rows.iter().map(|row| format!("{}.{}", question.key, row.key)).collect()
        }
        _ => vec![question.key.clone()],
    };
    keys.into_iter().map(|key| one(question, key, rows)).collect()
}

fn one(question: &Question, key: String, rows: &[SurveyAsk]) -> Spread {
    let said: Vec<&str> = rows.iter().filter_map(|it| it.answers.get(&key).map(String::as_str)).collect();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for value in said.iter().flat_map(|it| parts(question.shape, it)) {
        *counts.entry(value).or_default() += 1;
    }
    let scale = question.shape.scale();
    let offered: Vec<String> = match scale {
        Some((least, most)) => (least..=most).map(|score| score.to_string()).collect(),
        None => question.options.iter().map(|option| option.key.clone()).collect(),
    };
    let counts = match question.shape {
        QuestionShape::Text => vec![],
        _ => {
            let mut all: Vec<(String, u64)> =
                offered.iter().map(|value| (value.clone(), counts.remove(&**value).unwrap_or(0))).collect();
            // What was answered before an option was taken away still counts.
            all.extend(counts.into_iter().map(|(value, count)| (value.to_owned(), count)));
            all
        }
    };
    let scores: Vec<u8> = said.iter().filter_map(|it| it.parse().ok()).collect();
    let answered = said.len() as u64;
    Spread { key, answered, counts, mean: scale.and_then(|_| mean(&scores)) }
}

fn parts(shape: QuestionShape, value: &str) -> impl Iterator<Item = &str> {
    let is_many = shape == QuestionShape::Multiple;
    value.split(move |c| is_many && c == ',')
}

/// Whether a row gave this answer to this question.
pub fn said(question: Option<&Question>, it: &SurveyAsk, key: &str, value: &str) -> bool {
    let shape = question.map_or(QuestionShape::Text, |it| it.shape);
    it.answers.get(key).is_some_and(|all| parts(shape, all).any(|one| one == value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use yingda_core::{config::Choice, lang::Text};

    fn ask(via: Via, answers: &[(&str, &str)]) -> SurveyAsk {
        let answers = answers.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let score = |key: &str, answers: &BTreeMap<String, String>| answers.get(key)?.parse().ok();
        let answers: BTreeMap<_, _> = answers.collect();
        SurveyAsk {
            via,
            answered_at: (!answers.is_empty()).then_some(1),
            csat: score("csat", &answers),
            nps: score("nps", &answers),
            answers,
            ..SurveyAsk::default()
        }
    }

    #[test]
    fn b_29_a_rate_counts_only_those_who_were_asked() {
        let rows = [
            ask(Via::Closed, &[("csat", "5"), ("nps", "10")]),
            ask(Via::Agent, &[("csat", "3"), ("nps", "6")]),
            ask(Via::Closed, &[]),
            ask(Via::Closed, &[]),
            ask(Via::Open, &[("csat", "4"), ("nps", "9")]),
            ask(Via::Open, &[("nps", "8")]),
        ];
        let it = Scores::of(rows.iter(), 4);
        assert_eq!((it.sent, it.answered_sent, it.answered, it.rate), (4, 2, 4, Some(50.0)));
        assert_eq!((it.csat, it.csat_mean), (Some(200.0 / 3.0), Some(4.0)));
        assert_eq!(it.nps, Some(25.0), "two of four promote, one of four warns");
        assert_eq!(Scores::of(rows.iter(), 5).csat, Some(100.0 / 3.0), "the rule can be stricter");
        assert_eq!(Scores::of([].iter(), 4), Scores::default());
    }

    #[test]
    fn b_29_every_possible_answer_is_counted() {
        let option = |key: &str| Choice { key: key.into(), label: Text::default(), children: vec![] };
        let of = |shape, options: &[&str]| Question {
            key: "q".into(),
            shape,
            options: options.iter().map(|key| option(key)).collect(),
            rows: vec![option("goods")],
            ..Question::default()
        };
        let rows = [ask(Via::Open, &[("q", "a,b")]), ask(Via::Open, &[("q", "b,gone")])];
        let counts = |it: &Spread| it.counts.iter().map(|(key, n)| format!("{key}{n}")).collect::<Vec<_>>();
        let many = spread(&of(QuestionShape::Multiple, &["a", "b", "c"]), &rows);
        assert_eq!(
            (many[0].answered, counts(&many[0])),
            (2, ["a1", "b2", "c0", "gone1"].map(String::from).to_vec())
        );
        let rows = [ask(Via::Open, &[("q", "5")]), ask(Via::Open, &[("q", "2")])];
        let scale = spread(&of(QuestionShape::Csat, &[]), &rows);
        assert_eq!(
            (counts(&scale[0]), scale[0].mean),
            (["10", "21", "30", "40", "51"].map(String::from).to_vec(), Some(3.5))
        );
        let rows = [ask(Via::Open, &[("q.goods", "a")])];
        let matrix = spread(&of(QuestionShape::Matrix, &["a"]), &rows);
        assert_eq!((matrix[0].key.as_str(), counts(&matrix[0])), ("q.goods", vec!["a1".to_owned()]));
    }
}
