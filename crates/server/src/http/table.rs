//! Tables: one that was uploaded, and one to keep, in the format that is asked for.

use crate::{
    app::App,
    auth::Caller,
    grid::{self, Grid},
    http::edit::download,
    problem::Problem,
    sheet::Sheet,
};
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use yingda_core::id::FileId;
use yingda_store::file;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    #[default]
    Csv,
    Xlsx,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormatQuery {
    #[param(inline)]
    #[serde(default)]
    format: TableFormat,
}

/// The table of an uploaded file. Only who uploaded it may use it.
pub async fn uploaded(app: &App, caller: &Caller, id: FileId) -> Result<(file::StoredFile, Grid), Problem> {
    let found = file::get(&app.db, id).await?.filter(|it| it.user.is_some() && it.user == caller.user);
    let file =
        found.ok_or_else(|| Problem::field("file", "不存在或已删除。", "Does not exist, or was deleted."))?;
    let bytes = app.files.whole(&file.hash).await;
    let bytes = bytes.map_err(|error| Problem::broken("a stored file cannot be read", error))?;
    let read = tokio::task::spawn_blocking(move || grid::read(&bytes)).await;
    let read = read.map_err(|error| Problem::broken("a table could not be read", error))?;
    let grid = read.map_err(|why| Problem::field("file", why.zh, why.en))?;
    Ok((file, grid))
}

/// The table as a file of this name.
pub fn sent(sheet: Sheet, name: &str, asked: &FormatQuery) -> Result<Response, Problem> {
    match asked.format {
        TableFormat::Csv => Ok(download(&format!("{name}.csv"), "text/csv; charset=utf-8", sheet.csv())),
        TableFormat::Xlsx => {
            let bytes =
                sheet.xlsx().map_err(|error| Problem::broken("a table could not be written", error))?;
            Ok(download(&format!("{name}.xlsx"), Sheet::XLSX, bytes))
        }
    }
}
