//! A page of a survey as a form, and what comes back of it.

use crate::http::transcript::escape;
use std::{collections::BTreeSet, fmt::Write};
use yingda_core::{
    config::{Choice, Question, QuestionShape, Survey},
    fault::Wrong,
    lang::Lang,
    survey::{self, Answers},
};

/// What a browser sent.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub page: usize,
    /// Keys of the questions that stood on the page.
    pub seen: BTreeSet<String>,
    pub answers: Answers,
    pub back: bool,
    pub once: String,
}

impl Given {
    /// Answers are `a.<key>`; several to one question go together.
    pub fn read(survey: &Survey, fields: Vec<(String, String)>) -> Given {
        let mut given = Given::default();
        for (name, value) in fields {
            match (name.as_str(), name.strip_prefix("a.")) {
                ("_page", _) => given.page = value.parse().unwrap_or(0),
                ("_seen", _) => given.seen = value.split(',').map(str::to_owned).collect(),
                ("_back", _) => given.back = true,
                ("_once", _) => given.once = value,
                (_, Some(key)) if is_known(survey, key) && !value.trim().is_empty() => {
                    let many = given.answers.entry(key.to_owned()).or_default();
                    if !many.is_empty() {
                        many.push(',');
                    }
                    // A browser breaks lines with two signs.
                    *many += &value.replace("\r\n", "\n");
                }
                _ => {}
            }
        }
        given
    }
}

fn is_known(survey: &Survey, key: &str) -> bool {
    let (key, row) = key.split_once('.').unwrap_or((key, ""));
    survey.question(key).is_some_and(|it| row.is_empty() || it.rows.iter().any(|known| known.key == row))
}

/// A page as somebody sees it.
pub struct Seen<'a> {
    pub survey: &'a Survey,
    pub lang: Lang,
    pub page: usize,
    pub given: &'a Given,
    pub wrong: &'a [Wrong],
}

pub fn form(it: &Seen<'_>, action: &str, once: &str) -> String {
    let Seen { survey, lang, page, given, wrong } = *it;
    let pages = survey::pages(survey);
    let (other, other_name) = match lang {
        Lang::Zh => ("en", "English"),
        Lang::En => ("zh", "中文"),
    };
    let mut html = format!("<h1>{}</h1>", escape(survey.heading(lang)));
    if page == 0 {
        let intro = survey.intro.get(lang);
        if !intro.is_empty() {
            put(&mut html, format_args!("<p>{}</p>", escape(intro)));
        }
        put(
            &mut html,
            format_args!("<p><a href=\"{action}?lang={other}\" lang=\"{other}\">{other_name}</a></p>"),
        );
    }
    if pages.len() > 1 {
        let told = match lang {
            Lang::Zh => format!("第 {} 页，共 {} 页", page + 1, pages.len()),
            Lang::En => format!("Page {} of {}", page + 1, pages.len()),
        };
        put(&mut html, format_args!("<p>{told}</p>"));
    }
    if !wrong.is_empty() {
        let told = lang.of("还有题目需要您看一下：", "Please look at these questions again:");
        put(&mut html, format_args!("<p class=\"error\" role=\"alert\">{told}</p>"));
    }
    put(&mut html, format_args!("<form method=\"post\" action=\"{action}?lang={}\">", lang.of("zh", "en")));
    let asked: Vec<&Question> =
        pages[page].iter().copied().filter(|it| survey::is_asked(survey, it, &given.answers)).collect();
    for question in &asked {
        html += &question_html(question, it);
    }
    // What stands on other pages travels on.
    for (key, value) in &given.answers {
        let own = key.split('.').next().unwrap_or_default();
        if pages[page].iter().any(|it| it.key == own) {
            continue;
        }
        let is_many = survey.question(own).is_some_and(|it| it.shape == QuestionShape::Multiple);
        for one in value.split(|c| is_many && c == ',') {
            hidden(&mut html, &format!("a.{key}"), one);
        }
    }
    hidden(&mut html, "_page", &page.to_string());
    hidden(&mut html, "_seen", &asked.iter().map(|it| it.key.as_str()).collect::<Vec<_>>().join(","));
    if !once.is_empty() {
        hidden(&mut html, "_once", once);
    }
    let is_last = page + 1 == pages.len();
    let next = if is_last { lang.of("提交", "Send") } else { lang.of("下一页", "Next") };
    html += "<div class=\"row\">";
    put(&mut html, format_args!("<button class=\"main\">{next}</button>"));
    if page > 0 {
        let back = lang.of("上一页", "Back");
        put(
            &mut html,
            format_args!("<button class=\"quiet\" name=\"_back\" value=\"1\" formnovalidate>{back}</button>"),
        );
    }
    html + "</div></form>"
}

fn put(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = html.write_fmt(text);
}

fn hidden(html: &mut String, name: &str, value: &str) {
    put(html, format_args!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value)));
}

fn question_html(question: &Question, it: &Seen<'_>) -> String {
    let lang = it.lang;
    let key = escape(&question.key);
    let optional = match question.required {
        true => "",
        false => lang.of(" <small>选填</small>", " <small>optional</small>"),
    };
    let text = format!("{}{optional}", escape(question.text.get(lang)));
    let fault = fault(it, &format!("answers.{}", question.key));
    let required = if question.required { " required" } else { "" };
    let said = it.given.answers.get(&question.key).map_or("", String::as_str);
    match question.shape {
        QuestionShape::Text => format!(
            "<div><label><span>{text}</span><textarea name=\"a.{key}\" rows=\"4\" maxlength=\"4000\"{required}>{}</textarea>\
             </label>{fault}</div>",
            escape(said),
        ),
        QuestionShape::Matrix => matrix(question, it, &text),
        QuestionShape::Single => {
            let each = question.options.iter().map(|option| {
                let is = option.key == said;
                tick("radio", &question.key, &option.key, option.label.get(lang), is, required)
            });
            fieldset(&text, &each.collect::<String>(), &fault)
        }
        QuestionShape::Multiple => {
            let each = question.options.iter().map(|option| {
                let is = said.split(',').any(|one| one == option.key);
                tick("checkbox", &question.key, &option.key, option.label.get(lang), is, "")
            });
            fieldset(&text, &each.collect::<String>(), &fault)
        }
        QuestionShape::Csat | QuestionShape::Nps | QuestionShape::Ces => {
            let (least, most) = question.shape.scale().unwrap_or_default();
            let (low, high) = ends(question.shape, lang);
            let mut html = String::from("<div class=\"scale\">");
            for score in least..=most {
                let checked = if said == score.to_string() { " checked" } else { "" };
                put(
                    &mut html,
                    format_args!(
                        "<label><input type=\"radio\" name=\"a.{key}\" value=\"{score}\"{checked}{required}>{score}</label>"
                    ),
                );
            }
            put(
                &mut html,
                format_args!(
                    "</div><p class=\"ends\"><span>{least}：{low}</span><span>{most}：{high}</span></p>"
                ),
            );
            fieldset(&text, &html, &fault)
        }
    }
}

/// What the ends of a scale mean.
fn ends(shape: QuestionShape, lang: Lang) -> (&'static str, &'static str) {
    match shape {
        QuestionShape::Nps => {
            (lang.of("完全不会", "not at all likely"), lang.of("一定会", "extremely likely"))
        }
        QuestionShape::Ces => (lang.of("非常费力", "very hard"), lang.of("非常轻松", "very easy")),
        _ => (lang.of("非常不满意", "very dissatisfied"), lang.of("非常满意", "very satisfied")),
    }
}

fn fieldset(text: &str, inner: &str, fault: &str) -> String {
    format!("<fieldset><legend>{text}</legend>{inner}{fault}</fieldset>")
}

fn tick(kind: &str, key: &str, value: &str, label: &str, is: bool, required: &str) -> String {
    let checked = if is { " checked" } else { "" };
    format!(
        "<label class=\"tick\"><input type=\"{kind}\" name=\"a.{}\" value=\"{}\"{checked}{required}> <span>{}</span></label>",
        escape(key),
        escape(value),
        escape(label),
    )
}

fn matrix(question: &Question, it: &Seen<'_>, text: &str) -> String {
    let lang = it.lang;
    let label = |it: &Choice| escape(it.label.get(lang));
    let head: String =
        question.options.iter().map(|it| format!("<th scope=\"col\">{}</th>", label(it))).collect();
    let mut rows = String::new();
    let mut faults = String::new();
    for row in &question.rows {
        let key = format!("{}.{}", question.key, row.key);
        let said = it.given.answers.get(&key).map_or("", String::as_str);
        put(&mut rows, format_args!("<tr><th scope=\"row\">{}</th>", label(row)));
        for option in &question.options {
            let checked = if option.key == said { " checked" } else { "" };
            let required = if question.required { " required" } else { "" };
            put(
                &mut rows,
                format_args!(
                    "<td><input type=\"radio\" name=\"a.{}\" value=\"{}\" aria-label=\"{}：{}\"{checked}{required}></td>",
                    escape(&key),
                    escape(&option.key),
                    label(row),
                    label(option),
                ),
            );
        }
        rows += "</tr>";
        faults += &fault(it, &format!("answers.{key}"));
    }
    let table = format!(
        "<div class=\"wide\"><table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    );
    fieldset(text, &table, &faults)
}

fn fault(it: &Seen<'_>, field: &str) -> String {
    let wrong = it.wrong.iter().find(|wrong| wrong.field == field);
    let told = wrong.map(|wrong| escape(wrong.fault.text().get(it.lang)));
    told.map(|text| format!("<p class=\"error\">{text}</p>")).unwrap_or_default()
}
