//! Errors as RFC 9457 problems. A handler says what went wrong; the outermost layer writes it down in the caller's
//! language, so that no handler needs to know it.

use crate::{http::client::Client, sentences};
use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use yingda_core::{
    engine::Refused,
    lang::{Lang, Text},
    proof::CodeFault,
    refusal::Refusal,
};
use yingda_store::ReadError;
use yingda_wire::problem as wire;

/// What can go wrong at the edge, beside the engine's refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Refused(Refusal),
    /// Nobody is signed in.
    SignInFirst,
    /// Login or password (or the account as a whole) is wrong; never says which.
    SignInWrong,
    /// Too many wrong passwords.
    Locked,
    /// The account has a second factor, and no code came.
    SecondFactorNeeded,
    SecondFactorWrong,
    /// A one-time code that a customer said back was not taken.
    NotProven(CodeFault),
    /// The password is too short or too common.
    PasswordWeak,
    /// The settings ask for a second factor that the account does not have.
    TotpNeeded,
    /// A cookie came without proof that our own page sent the request.
    CrossSite,
    /// A request from another system is not signed with the key that it has here, or was recorded long ago.
    BadSignature,
    BadJson,
    BadQuery,
    BadToken,
    NoSuchAddress,
    WrongMethod,
    WrongMediaType,
    TooLarge,
    WrongFileType,
    /// The storage of files does not answer.
    FilesAway,
    TooManyRequests,
    /// `If-Match` is missing.
    VersionNeeded,
    /// An idempotency key came again with another request.
    KeyReused,
    SetUpDone,
    SetUpToken,
    /// A fault of ours.
    Broken,
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        Code::Refused(refusal)
    }
}

/// A request that was not carried out.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: Code,
    /// To what, in both languages; stands in front of the advice.
    pub on: Option<Box<Text>>,
    pub fields: Vec<(String, Text)>,
    /// For a conflict: the record as it is now.
    pub current: Option<Box<serde_json::Value>>,
    pub retry_after_s: Option<u32>,
}

impl Problem {
    pub fn new(code: impl Into<Code>) -> Self {
        Self { code: code.into(), on: None, fields: vec![], current: None, retry_after_s: None }
    }

    /// Nothing here, or nothing that the caller may know of.
    pub fn not_found() -> Self {
        Self::new(Refusal::NotFound)
    }

    /// A field of the body is wrong.
    pub fn field(field: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Refusal::BadValue).and_field(field, zh, en)
    }

    pub fn and_field(
        mut self,
        field: impl Into<String>,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        self.fields.push((field.into(), Text::new(zh, en)));
        self
    }

    pub fn on(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.on = Some(Box::new(Text::new(zh, en)));
        self
    }

    /// A conflict, with the record as it is now.
    pub fn stale(current: impl serde::Serialize) -> Self {
        let current = serde_json::to_value(current).ok().map(Box::new);
        Self { current, ..Self::new(Refusal::Stale) }
    }

    /// A fault of ours: logged here, once; the caller learns no more than that.
    pub fn broken(what: &str, error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "{what}");
        Self::new(Code::Broken)
    }

    /// It is no fault of what was asked: the store is away, or something broke.
    pub fn is_ours(&self) -> bool {
        matches!(
            self.code,
            Code::Broken | Code::Refused(Refusal::Unavailable | Refusal::Busy | Refusal::DiskFull)
        )
    }

    /// What is wrong with which field, else what it is as a whole: for reports about many things.
    pub fn reasons(&self, lang: Lang) -> String {
        let told = self.told(lang);
        let fields: Vec<String> =
            told.fields.iter().map(|it| format!("{}: {}", it.field, it.message)).collect();
        if fields.is_empty() { told.title } else { fields.join(" ") }
    }

    /// All of it in one line, for reports about many things.
    pub fn sentence(&self, lang: Lang) -> String {
        let told = self.told(lang);
        let fields = told.fields.iter().map(|it| format!(" {}: {}", it.field, it.message));
        std::iter::once(told.title.clone()).chain(fields).collect()
    }

    /// The problem in a language, as it goes out.
    pub fn told(&self, lang: Lang) -> wire::Problem {
        let sentence = sentences::of(self.code);
        let said = sentence.said(lang);
        let detail = match &self.on {
            Some(on) => {
                format!("{}{}{}", on.get(lang), if lang == Lang::En { ". " } else { "。" }, said.advice)
            }
            None => said.advice.to_owned(),
        };
        wire::Problem {
            kind: format!("urn:yingda:problem:{}", sentence.code),
            code: sentence.code.to_owned(),
            status: sentence.status.as_u16(),
            title: said.what.to_owned(),
            detail: (!detail.is_empty()).then_some(detail),
            fields: self
                .fields
                .iter()
                .map(|(field, text)| wire::FieldProblem {
                    field: field.clone(),
                    message: text.get(lang).to_owned(),
                })
                .collect(),
            current: self.current.as_deref().cloned(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Problem::new(refusal)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::BadCursor => Problem::new(Code::BadQuery).on("cursor 无效", "The cursor is not valid"),
            ReadError::Unavailable(why) => {
                tracing::warn!(%why, "the store cannot be read");
                Problem::new(Refusal::Unavailable)
            }
            ReadError::Failed(why) => Problem::broken("a read failed", why),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Problem::new(refused.refusal)
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Problem::new(code)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = sentences::of(self.code).status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The outermost layer: writes problems in the caller's language, including those that the router makes.
pub async fn tell(request: Request, next: Next) -> Response {
    let lang = request.extensions().get::<Client>().map_or(Lang::Zh, |client| client.lang);
    let response = next.run(request).await;
    let status = response.status();
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        None if is_told(&response) => return response,
        None => match status {
            StatusCode::NOT_FOUND => Problem::new(Code::NoSuchAddress),
            StatusCode::METHOD_NOT_ALLOWED => Problem::new(Code::WrongMethod),
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(Code::WrongMediaType),
            StatusCode::INTERNAL_SERVER_ERROR => Problem::new(Code::Broken),
            _ => Problem::new(Code::BadQuery),
        },
    };
    let (mut head, _) = response.into_parts();
    let body = wire::Problem { status: status.as_u16(), ..problem.told(lang) };
    let mut told = (status, Json(body)).into_response();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_TYPE);
    told.headers_mut().extend(head.headers);
    told.headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json; charset=utf-8"));
    if let Some(seconds) = problem.retry_after_s {
        told.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    told
}

/// Not an error, or one whose page was written on purpose.
fn is_told(response: &Response) -> bool {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    !(response.status().is_client_error() || response.status().is_server_error()) || is_page
}
