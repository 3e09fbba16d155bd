//! Request bodies. What is wrong with one is said in a sentence, with the place.

use crate::problem::{Code, Problem};
use axum::{
    Json as Plain,
    extract::{FromRequest, Request, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

/// A JSON body, in and out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Plain::from_request(request, state).await {
            Ok(Plain(value)) => Ok(Json(value)),
            Err(rejection) => Err(told(&rejection)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        Plain(self.0).into_response()
    }
}

fn told(rejection: &JsonRejection) -> Problem {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => Code::WrongMediaType.into(),
        JsonRejection::BytesRejection(inner)
            if inner.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE =>
        {
            Code::TooLarge.into()
        }
        JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => {
            // The decoder's own words name the field, the line and the column.
            let full = rejection.body_text();
            let place = full.split_once(": ").map_or(full.as_str(), |(_, place)| place);
            Problem::new(Code::BadJson).on(place, place)
        }
        _ => Code::BadJson.into(),
    }
}
