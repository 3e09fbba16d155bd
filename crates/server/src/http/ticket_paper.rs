//! A ticket on paper (B-23): its kind's form as it is filled in, with people and times.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    http::{
        edit::{disposition, id},
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
use yingda_core::{calendar, id::TicketId, lang::Lang};
use yingda_print::Letter;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(print))
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
    let (directory, lang) = (app.directory(), caller.lang);
    let mark = if lang == Lang::Zh { "：" } else { ": " };
    let head = ticket_sheet::head(Some(&of), lang);
    let cells = ticket_sheet::cells(&row, &of, Some(&of), &directory, lang);
    let lines = head.into_iter().zip(cells).filter(|(_, value)| !value.is_empty());
    let body: Vec<String> = lines.map(|(label, value)| format!("{label}{mark}{value}")).collect();
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
