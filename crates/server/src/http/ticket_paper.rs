//! A ticket on paper (B-23): what of it the kind's template shows, with lines to sign on; without one all of it.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        edit::{disposition, id},
        records::refuse,
        ticket_sheet,
        ticket_shown::Viewer,
    },
    letters,
    problem::Problem,
    tickets,
};
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use yingda_core::{
    access::Action,
    calendar,
    config::{Field, FieldShape, Record, TicketPaper, TicketType},
    id::{RecordId, TicketId},
    lang::Lang,
    record,
    ticket::Ticket,
};
use yingda_print::Letter;
use yingda_wire::http::TicketRow;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(print)).routes(routes!(preview))
}

/// The ticket as a PDF, with what the caller may see of it.
#[utoipa::path(get, path = "/tickets/{id}/print", tag = "tickets", params(("id" = TicketId, Path)),
    responses((status = 200, content((Vec<u8> = "application/pdf")))))]
async fn print(
    State(app): State<Shared>,
    caller: Caller,
    Path(ticket): Path<String>,
) -> Result<Response, Problem> {
    let found = tickets::find(&app, caller.actor, id(&ticket)?).await?;
    let of = tickets::kind_of(&app, &found).await?;
    let row = Viewer::new(&app, &caller).row(found).await?;
    pdf(&app, &of, &row, caller.lang).await
}

/// What a ticket of a kind looks like on paper while the kind is being written. Nothing is kept.
#[utoipa::path(post, path = "/ticket-types/paper", tag = "tickets", request_body = TicketType,
    responses((status = 200, content((Vec<u8> = "application/pdf")))))]
async fn preview(
    State(app): State<Shared>,
    caller: Caller,
    Json(of): Json<TicketType>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::ManageTickets)?;
    let mut wrong =
        record::check(&Record::TicketType(Box::new(of.clone())), Some(RecordId(0)), &app.directory());
    wrong.retain(|it| it.field.starts_with("paper"));
    refuse(wrong)?;
    let now = app.clock.now();
    let values = of.fields.iter().map(|field| (field.key.clone(), sample(field, caller.lang)));
    let ticket = Ticket {
        serial: format!("{}00000000-00001", of.prefix),
        title: caller.lang.of("示例", "An example").to_owned(),
        state: of.states.first().map(|it| it.key.clone()).unwrap_or_default(),
        severity: of.severity,
        team: of.team,
        owner: caller.user,
        values: values.collect(),
        received_at: now,
        created_at: now,
        updated_at: now,
        ..Ticket::default()
    };
    let customer_name = caller.lang.of("王小明", "Wang Xiaoming").to_owned();
    let row = TicketRow { ticket, customer_name, due_at: Some(now) };
    pdf(&app, &of, &row, caller.lang).await
}

/// An answer that somebody might give.
fn sample(field: &Field, lang: Lang) -> String {
    match field.shape {
        FieldShape::Choice => field.options.first().map(|it| it.key.clone()).unwrap_or_default(),
        FieldShape::Number | FieldShape::Formula => "12".into(),
        FieldShape::Money => "199.00".into(),
        FieldShape::Date => "2026-01-31".into(),
        FieldShape::Phone => "13800138000".into(),
        FieldShape::Email => "wang@example.com".into(),
        FieldShape::Consent => lang.of("是", "yes").into(),
        _ => "……".into(),
    }
}

async fn pdf(app: &App, of: &TicketType, row: &TicketRow, lang: Lang) -> Result<Response, Problem> {
    let directory = app.directory();
    let head = ticket_sheet::head(Some(of), lang);
    let cells = ticket_sheet::cells(row, of, Some(of), &directory, lang);
    let all: Vec<(String, String)> = head.into_iter().zip(cells).collect();
    let body = match &of.paper {
        Some(paper) => by_template(paper, of, &all, lang),
        None => all.iter().filter(|(_, value)| !value.is_empty()).map(|it| line(it, lang)).collect(),
    };
    let settings = app.settings();
    let today = calendar::date_text(directory.zone(row.ticket.line), app.clock.now());
    let letter = Letter {
        company: settings.company.get(lang).to_owned(),
        head: settings.letter_head.get(lang).lines().map(str::to_owned).collect(),
        reference: vec![row.ticket.serial.clone(), today],
        subject: of.name.get(lang).to_owned(),
        body: body.join("\n"),
        title: row.ticket.serial.clone(),
        ..Letter::default()
    };
    let (folder, name) = (app.config.fonts.clone(), format!("{}.pdf", row.ticket.serial));
    let set = tokio::task::spawn_blocking(move || letters::pdf(&folder, &letter)).await;
    let pdf = set.map_err(|error| Problem::broken("a ticket could not be printed", error))??;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, disposition("inline", &name)),
    ];
    Ok((headers, pdf).into_response())
}

/// Room to write with a pen.
const ROOM: &str = "______________________";

fn line((label, value): &(String, String), lang: Lang) -> String {
    format!("{label}{}{value}", lang.of("：", ": "))
}

/// What a template shows; `all` are the facts that every ticket has, and then the kind's fields.
fn by_template(paper: &TicketPaper, of: &TicketType, all: &[(String, String)], lang: Lang) -> Vec<String> {
    let (facts, fields) = all.split_at(all.len() - of.fields.len());
    let mut body: Vec<String> = paper.header.get(lang).lines().map(str::to_owned).collect();
    for section in &paper.sections {
        body.push(String::new());
        let title = section.title.get(lang);
        if !title.is_empty() {
            body.push(lang.of(format!("【{title}】"), format!("{title}:")));
        }
        let place = |key: &String| of.fields.iter().position(|field| field.key == *key);
        let known = section.facts.iter().filter_map(|fact| facts.get(*fact as usize));
        let own = section.fields.iter().filter_map(|key| fields.get(place(key)?));
        for (label, value) in known.chain(own) {
            if !value.is_empty() {
                body.push(line(&(label.clone(), value.clone()), lang));
            } else if section.blank {
                body.push(line(&(label.clone(), ROOM.into()), lang));
            }
        }
    }
    for signature in &paper.signatures {
        body.push(String::new());
        let date = lang.of("日期", "Date").to_owned();
        let (name, date) = (
            line(&(signature.name.get(lang).into(), ROOM.into()), lang),
            line(&(date, "____________".into()), lang),
        );
        body.push(format!("{name}    {date}"));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use yingda_core::{
        config::{PaperSection, PaperSignature, TicketFact},
        lang::Text,
    };

    #[test]
    fn b_23_a_template_says_what_stands_on_paper() {
        let field = |key: &str| Field { key: key.into(), label: Text::new(key, key), ..Field::default() };
        let of = TicketType {
            fields: vec![field("what"), field("price"), field("secret")],
            ..TicketType::default()
        };
        let mut all: Vec<(String, String)> =
            ticket_sheet::head(None, Lang::Zh).into_iter().map(|label| (label, String::new())).collect();
        all[TicketFact::Serial as usize].1 = "TS-1".into();
        all[TicketFact::Urged as usize].1 = "3".into();
        assert_eq!(
            all[TicketFact::Owner as usize].0,
            "负责人",
            "the facts are those of tables, in their order"
        );
        all.extend(
            [("问题", "漏水"), ("价格", ""), ("秘密", "x")].map(|(a, b)| (a.to_owned(), b.to_owned())),
        );
        let section = |facts: &[TicketFact], fields: &[&str], blank| PaperSection {
            title: Text::new("情况", "Matter"),
            facts: facts.to_vec(),
            fields: fields.iter().map(|it| it.to_string()).collect(),
            blank,
        };
        let paper = TicketPaper {
            header: Text::new("请当面核对。", ""),
            sections: vec![
                section(&[TicketFact::Serial, TicketFact::Owner], &["what", "price", "gone"], true),
                section(&[TicketFact::Urged], &["price"], false),
            ],
            signatures: vec![PaperSignature { name: Text::new("客户签字", "Customer") }],
        };
        let body = by_template(&paper, &of, &all, Lang::Zh);
        let written: Vec<&str> = body.iter().filter(|it| !it.is_empty()).map(String::as_str).collect();
        let room = |label: &str| format!("{label}：{ROOM}");
        let (owner, price) = (room("负责人"), room("价格"));
        let sign = format!("客户签字：{ROOM}    日期：____________");
        assert_eq!(
            written,
            [
                "请当面核对。",
                "【情况】",
                "编号：TS-1",
                &owner,
                "问题：漏水",
                &price,
                "【情况】",
                "催办次数：3",
                &sign
            ]
        );
    }
}
