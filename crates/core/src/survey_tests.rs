use super::*;
use crate::{
    config::{AfterClose, Choice, Field, FieldShape, FieldWhen, LowScore, TicketType},
    lang::Text,
};
use std::sync::Arc;

fn question(key: &str, shape: QuestionShape) -> Question {
    Question { key: key.into(), text: Text::new("问", "Q"), shape, ..Question::default() }
}

fn choices(keys: &[&str]) -> Vec<Choice> {
    keys.iter()
        .map(|key| Choice { key: (*key).into(), label: Text::new(*key, *key), children: vec![] })
        .collect()
}

fn when(field: &str, is: &[&str]) -> Option<FieldWhen> {
    Some(FieldWhen { field: field.into(), is: is.iter().map(|it| (*it).to_owned()).collect() })
}

/// How satisfied; where it was low, what was wrong; where that was the speed, how long it took.
fn survey() -> Survey {
    let reason = Question {
        options: choices(&["speed", "words"]),
        when: when("csat", &["1", "2"]),
        required: true,
        ..question("reason", QuestionShape::Multiple)
    };
    let how_long = Question { when: when("reason", &["speed"]), ..question("how_long", QuestionShape::Text) };
    let parts = Question {
        options: choices(&["good", "bad"]),
        rows: choices(&["goods", "delivery"]),
        required: true,
        new_page: true,
        ..question("parts", QuestionShape::Matrix)
    };
    Survey {
        name: Text::new("满意度", "Satisfaction"),
        questions: vec![
            Question { required: true, ..question("csat", QuestionShape::Csat) },
            reason,
            how_long,
            parts,
        ],
        valid_days: 14,
        ..Survey::default()
    }
}

fn answers(of: &[(&str, &str)]) -> Answers {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn wrong(it: &Survey, of: &[(&str, &str)]) -> Vec<String> {
    let all: Vec<&Question> = it.questions.iter().collect();
    check_answers(it, &all, &answers(of)).into_iter().map(|wrong| wrong.field).collect()
}

fn faults(it: &Survey, directory: &Directory) -> Vec<(String, Fault)> {
    let mut faults = Faults::default();
    check(it, directory, &mut faults);
    faults.0.into_iter().map(|wrong| (wrong.field, wrong.fault)).collect()
}

#[test]
fn b_29_a_question_is_asked_only_where_the_answers_lead_to_it() {
    let it = survey();
    assert_eq!(faults(&it, &Directory::default()), vec![]);
    assert_eq!(wrong(&it, &[("csat", "5"), ("parts.goods", "good"), ("parts.delivery", "bad")]), [""; 0]);
    assert_eq!(
        wrong(&it, &[("csat", "2")]),
        ["answers.reason", "answers.parts.goods", "answers.parts.delivery"]
    );
    assert_eq!(
        wrong(&it, &[("csat", "6"), ("parts.goods", "so_so"), ("parts.delivery", "bad")]),
        ["answers.csat", "answers.parts.goods"]
    );
    // The reason is taken back with the low score, and what hung on it too.
    let said = answers(&[("csat", "5"), ("reason", "speed"), ("how_long", "two days"), ("other", "x")]);
    assert_eq!(kept(&it, &said), answers(&[("csat", "5")]));
    let said = answers(&[("csat", "1"), ("reason", "words,speed"), ("how_long", " two days ")]);
    assert_eq!(kept(&it, &said)["how_long"], "two days");
    assert_eq!(pages(&it).iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn b_29_a_survey_that_cannot_work_is_refused() {
    let mut it = survey();
    it.questions[1].when = when("parts", &["good"]);
    it.questions[2].when = when("csat", &["9"]);
    it.questions[3].rows = vec![];
    it.questions.push(question("csat", QuestionShape::Nps));
    it.valid_days = 0;
    it.after_close = Some(AfterClose { percent: 101, queues: vec![QueueId(7)], ..AfterClose::default() });
    it.low = Some(LowScore { question: "reason".into(), at_most: 2, ticket: TicketTypeId(1) });
    let fields: Vec<String> = faults(&it, &Directory::default()).into_iter().map(|it| it.0).collect();
    let expected = [
        "valid_days",
        "questions.1.when.field",
        "questions.2.when.is",
        "questions.3.rows",
        "questions.4.key",
        "after_close.percent",
        "after_close.queues.0",
        "low.question",
        "low.ticket",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn b_29_a_low_score_opens_only_tickets_that_it_can_fill_in() {
    let low = LowScore { question: "csat".into(), at_most: 2, ticket: TicketTypeId(1) };
    let it = Survey { low: Some(low), ..survey() };
    let mut office = Directory::default();
    let field = |shape| Field { key: "what".into(), shape, required: true, ..Field::default() };
    let kind = |shape| Arc::new(TicketType { fields: vec![field(shape)], ..TicketType::default() });
    office.ticket_types.insert(TicketTypeId(1), kind(FieldShape::Paragraph));
    assert_eq!(faults(&it, &office), vec![]);
    office.ticket_types.insert(TicketTypeId(1), kind(FieldShape::Date));
    assert_eq!(faults(&it, &office), vec![("low.ticket".into(), Fault::AsksMore)]);
    let low = |score| is_low(&it, &answers(&[("csat", score)]));
    assert_eq!((low("1"), low("2"), low("3"), is_low(&it, &answers(&[]))), (true, true, false, false));
}

#[test]
fn b_29_the_same_conversations_are_drawn_however_often_one_looks() {
    let after = |percent| Some(AfterClose { percent, queues: vec![QueueId(3)], media: vec![Medium::Chat] });
    let drawn = |percent, n| {
        let it = Survey { after_close: after(percent), ..survey() };
        is_drawn(SurveyId(5), &it, ConversationId(n), Medium::Chat, Some(QueueId(3)))
    };
    let few: Vec<i64> = (0..10_000).filter(|n| drawn(20, *n)).collect();
    assert!((1_850..2_150).contains(&few.len()), "{}", few.len());
    assert!(few.iter().all(|n| drawn(20, *n) && drawn(30, *n)), "a larger share holds the smaller");
    assert!((0..1_000).all(|n| drawn(100, n)));
    let it = Survey { after_close: after(100), ..survey() };
    let drawn = |it: &Survey, medium, queue| is_drawn(SurveyId(5), it, ConversationId(1), medium, queue);
    assert!(!drawn(&it, Medium::Sms, Some(QueueId(3))) && !drawn(&it, Medium::Chat, Some(QueueId(4))));
    assert!(!drawn(&it, Medium::Chat, None));
    assert!(!drawn(&Survey { retired: true, ..it }, Medium::Chat, Some(QueueId(3))));
}

#[test]
fn b_29_nobody_is_asked_again_before_they_have_rested() {
    let it = Survey { rest_days: 30, ..survey() };
    assert!(is_rested(&it, None, 0));
    assert!(!is_rested(&it, Some(0), 30 * DAY_MS - 1) && is_rested(&it, Some(0), 30 * DAY_MS));
    assert!(is_rested(&Survey { rest_days: 0, ..it }, Some(5), 5));
}

#[test]
fn b_29_an_answer_counts_once_and_in_time() {
    let it = survey();
    let ask = SurveyAsk { expires_at: expires_at(&it, 0), ..SurveyAsk::default() };
    assert!(may_answer(&ask, 14 * DAY_MS - 1) && !may_answer(&ask, 14 * DAY_MS));
    let after = answered(&ask, &it, &answers(&[("csat", "4"), ("how_long", "x")]), 9);
    assert_eq!(
        (after.csat, after.nps, after.answered_at, may_answer(&after, 10)),
        (Some(4), None, Some(9), false)
    );
    assert_eq!(after.answers, answers(&[("csat", "4")]));
}
