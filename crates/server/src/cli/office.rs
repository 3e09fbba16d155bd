//! The operator's way to the API: to the server that runs, else to one that lives for this command only. Either way
//! the same handlers decide, and every change is an event.

use crate::{
    app::Shared,
    clock::Clock,
    config::Config,
    http,
    lock::{self, Lock, Taken},
    start::{self, StartError, while_trying},
};
use axum::{Router, body::Body};
use serde_json::Value;
use std::fmt;
use tower::ServiceExt;

pub struct Office {
    way: Way,
    token: String,
}

enum Way {
    Running { client: reqwest::Client, url: String },
    Here { router: Router, app: Shared, _lock: Lock },
}

impl Office {
    pub async fn open(config: Config) -> Result<Office, StartError> {
        start::make_folder(&config.data).map_err(while_trying("cannot make the data folder"))?;
        let secrets = start::secrets(&config, Clock::new())?;
        let token = secrets.operator_token();
        let way = match lock::take(&config.data).map_err(while_trying("cannot lock the data folder"))? {
            Taken::Theirs(url) => {
                // The address is our own lock file's: its certificate is made for the outside name.
                let client = reqwest::Client::builder().danger_accept_invalid_certs(true).no_proxy().build();
                Way::Running { client: client.map_err(while_trying("cannot make a client"))?, url }
            }
            Taken::Ours(lock) => {
                let db = start::store(&config).await?;
                let app = start::app(config, Clock::new(), db).await?;
                Way::Here { router: http::router(app.clone()), app, _lock: lock }
            }
        };
        Ok(Office { way, token })
    }

    pub async fn get(&self, path: &str) -> Result<Value, StartError> {
        self.ask("GET", path, None, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, StartError> {
        self.ask("POST", path, None, Some(body)).await
    }

    pub async fn put(&self, path: &str, version: i64, body: &Value) -> Result<Value, StartError> {
        self.ask("PUT", path, Some(version), Some(body)).await
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        version: Option<i64>,
        body: Option<&Value>,
    ) -> Result<Value, StartError> {
        let failed = |error: &dyn fmt::Display| StartError(format!("{method} {path} failed: {error}"));
        let lang = if std::env::var("LANG").is_ok_and(|lang| lang.starts_with("zh")) { "zh" } else { "en" };
        let mut request = axum::http::Request::builder()
            .method(method)
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept-language", lang)
            .header("content-type", "application/json");
        if let Some(version) = version {
            request = request.header("if-match", format!("\"{version}\""));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let (is_good, bytes) = match &self.way {
            Way::Running { client, url } => {
                let request =
                    request.uri(format!("{url}/api/v1{path}")).body(body).map_err(|error| failed(&error))?;
                let request = reqwest::Request::try_from(request).map_err(|error| failed(&error))?;
                let answer = client.execute(request).await.map_err(|error| failed(&error))?;
                let is_good = answer.status().is_success();
                (is_good, answer.bytes().await.map_err(|error| failed(&error))?)
            }
            Way::Here { router, .. } => {
                let request = request
                    .uri(format!("/api/v1{path}"))
                    .body(Body::from(body))
                    .map_err(|error| failed(&error))?;
                let answer = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                let is_good = answer.status().is_success();
                let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
                (is_good, bytes.map_err(|error| failed(&error))?)
            }
        };
        let value: Value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|error| failed(&error))?
        };
        if is_good { Ok(value) } else { Err(StartError(sentence(&value))) }
    }

    pub async fn close(self) {
        if let Way::Here { app, .. } = self.way {
            app.end().await;
        }
    }
}

/// A problem in one line.
fn sentence(problem: &Value) -> String {
    let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    let fields = problem["fields"].as_array().into_iter().flatten();
    let fields =
        fields.filter_map(|it| Some(format!("{}: {}", it["field"].as_str()?, it["message"].as_str()?)));
    [text("title"), text("detail")].into_iter().chain(fields).collect::<Vec<_>>().join(" ").trim().to_owned()
}
