//! A survey on paper: boxes to tick and lines to write on.

use yingda_core::{
    config::{Choice, Question, QuestionShape, Settings, Survey},
    lang::Lang,
};
use yingda_print::Letter;

pub fn set(it: &Survey, settings: &Settings, lang: Lang) -> Letter {
    let mut body = vec![];
    if !it.intro.is_empty() {
        body.extend([it.intro.get(lang).to_owned(), String::new()]);
    }
    for (n, question) in it.questions.iter().enumerate() {
        body.push(format!("{}. {}", n + 1, question.text.get(lang)));
        if let Some(condition) = condition(it, question, lang) {
            body.push(condition);
        }
        body.extend(room(question, lang));
        body.push(String::new());
    }
    Letter {
        company: settings.company.get(lang).to_owned(),
        head: settings.letter_head.get(lang).lines().map(str::to_owned).collect(),
        subject: it.heading(lang).to_owned(),
        body: body.join("\n"),
        title: it.heading(lang).to_owned(),
        ..Letter::default()
    }
}

/// For whom a question is, where not for everybody.
fn condition(it: &Survey, question: &Question, lang: Lang) -> Option<String> {
    let when = question.when.as_ref()?;
    let place = it.questions.iter().position(|other| other.key == when.field)?;
    let above = &it.questions[place];
    let said: Vec<String> = when.is.iter().map(|value| label(&above.options, value, lang)).collect();
    let said = said.join(lang.of("、", ", "));
    Some(match lang {
        Lang::Zh => format!("（仅当第 {} 题选 {said} 时回答）", place + 1),
        Lang::En => format!("(only if your answer to question {} is {said})", place + 1),
    })
}

fn label(options: &[Choice], key: &str, lang: Lang) -> String {
    options.iter().find(|it| it.key == key).map_or(key.to_owned(), |it| it.label.get(lang).to_owned())
}

fn room(question: &Question, lang: Lang) -> Vec<String> {
    let boxes = |labels: Vec<String>| {
        labels.into_iter().map(|label| format!("□ {label}")).collect::<Vec<_>>().join("    ")
    };
    let options = || question.options.iter().map(|it| it.label.get(lang).to_owned()).collect::<Vec<_>>();
    match question.shape {
        QuestionShape::Csat | QuestionShape::Nps | QuestionShape::Ces => {
            let (least, most) = question.shape.scale().unwrap_or_default();
            vec![boxes((least..=most).map(|score| score.to_string()).collect())]
        }
        QuestionShape::Single => vec![boxes(options())],
        QuestionShape::Multiple => {
            vec![format!("{}{}", lang.of("（可多选）", "(any number) "), boxes(options()))]
        }
        QuestionShape::Matrix => question
            .rows
            .iter()
            .map(|row| format!("{}{}{}", row.label.get(lang), lang.of("：", ": "), boxes(options())))
            .collect(),
        QuestionShape::Text => vec!["_".repeat(60), "_".repeat(60)],
    }
}
