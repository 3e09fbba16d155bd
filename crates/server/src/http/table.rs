//! Tables to keep: which format is asked for, and how one is sent.

use crate::{http::edit::download, problem::Problem, sheet::Sheet};
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

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
