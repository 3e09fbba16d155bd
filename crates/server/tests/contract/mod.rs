//! The document is a promise (SYS-73, Q-09): who needs a proof is asked for one, and whatever is sent, the answer is one
//! that is described: never a fault of ours, never silence.

mod sample;

use crate::office::{first, hire, make};
use crate::support::{Person, Server};
use reqwest::{Client, Method, StatusCode};
use sample::Schemas;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Mutex, time::Duration};

struct Operation {
    method: Method,
    path: String,
    described: Value,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            all.push(Operation { method, path: path.clone(), described: described.clone() });
        }
    }
    all
}

impl Operation {
    fn parameters(&self, place: &str) -> Vec<&str> {
        let all = self.described["parameters"].as_array().into_iter().flatten();
        all.filter(|it| it["in"] == place).map(|it| it["name"].as_str().unwrap()).collect()
    }

    fn body(&self) -> Option<&Value> {
        let content = self.described["requestBody"]["content"].as_object()?;
        content.get("application/json").map(|body| &body["schema"])
    }

    fn media_type(&self) -> &str {
        if self.takes_file() { "multipart/form-data; boundary=x" } else { "application/json" }
    }

    fn takes_file(&self) -> bool {
        self.described["requestBody"]["content"].get("multipart/form-data").is_some()
    }

    /// Bodies that fit, one for each shape.
    fn fitting(&self, schemas: &Schemas<'_>) -> Vec<Vec<u8>> {
        if self.takes_file() {
            const FILE: &str = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhi\r\n--x--\r\n";
            return vec![FILE.into()];
        }
        let samples = self.body().map_or(vec![], |schema| schemas.samples(schema));
        samples.iter().map(|it| it.to_string().into_bytes()).collect()
    }

    /// Ends once, with one answer.
    fn answers(&self) -> bool {
        !(self.path.ends_with("/ws") || self.path.ends_with("/stream"))
    }

    fn at(&self, ids: &BTreeMap<&str, String>, id: Option<&str>) -> String {
        let noun = self.path.trim_start_matches("/api/v1/").split('/').next().unwrap();
        let known = ids.get(noun).map_or("1", String::as_str);
        self.path.replace("{id}", id.unwrap_or(known)).replace("{kind}", "tag")
    }
}

struct Caller {
    client: Client,
    url: String,
    headers: Vec<(&'static str, String)>,
    /// How many answers of each status.
    heard: Mutex<BTreeMap<u16, u32>>,
}

impl Caller {
    fn new(server: &Server, headers: Vec<(&'static str, String)>) -> Caller {
        let client = Client::builder()
            .no_proxy()
            // A line that the server ends after one answer must not look like silence to the next question.
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            // Nothing here takes that long in an unoptimized build: what does not answer hangs.
            .timeout(Duration::from_secs(30))
            .build();
        Caller { client: client.unwrap(), url: server.url.clone(), headers, heard: Mutex::default() }
    }

    /// Sends it and holds the answer against the document.
    async fn send(
        &self,
        operation: &Operation,
        address: &str,
        body: Option<Vec<u8>>,
        extra: &[(&str, &str)],
    ) -> StatusCode {
        let mut request = self.client.request(operation.method.clone(), format!("{}{address}", self.url));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        let shown =
            body.as_deref().map(|body| String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned());
        if let Some(body) = body {
            request = request.header("content-type", operation.media_type()).body(body);
        }
        let what = format!("{} {address} {extra:?} {shown:?}", operation.method);
        let what: String = what.chars().take(600).collect();
        let answer = request.send().await.unwrap_or_else(|error| panic!("{what}: no answer: {error}"));
        let status = answer.status();
        *self.heard.lock().unwrap().entry(status.as_u16()).or_default() += 1;
        let kind = answer.headers().get("content-type").map_or("", |it| it.to_str().unwrap()).to_owned();
        let text = if operation.answers() { answer.text().await.unwrap() } else { String::new() };
        assert!(!status.is_server_error(), "{what}: {status} {text}");
        let responses = operation.described["responses"].as_object().unwrap();
        if status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE {
            // Refused before anything of it was read.
            return status;
        }
        if status.is_client_error() {
            assert!(kind.starts_with("application/problem+json"), "{what}: {status} {kind} {text}");
            let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: {text}"));
            assert_eq!(problem["status"], status.as_u16(), "{what}");
            assert!(!problem["code"].as_str().unwrap().is_empty(), "{what}");
        } else if operation.answers() {
            assert!(
                responses.contains_key(status.as_str()) || status == 304,
                "{what}: {status} is not described"
            );
        }
        status
    }
}

/// Who shows nothing gets what is open to all, and nothing else.
#[tokio::test]
async fn sys_73_each_operation_asks_for_the_proof_that_the_document_names() {
    let (server, admin) = Server::set_up().await;
    let document = admin.get("/openapi.json").await.body;
    let schemas = Schemas(&document);
    let stranger = Caller::new(&server, vec![("x-yingda", "1".into())]);
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for operation in operations(&document) {
        let security = operation.described.get("security").unwrap_or(&document["security"]);
        let security = security.as_array().unwrap();
        for way in security.iter().flat_map(|way| way.as_object().unwrap().keys()) {
            assert!(schemes.contains_key(way), "{}: {way}", operation.path);
        }
        if !operation.answers() {
            continue;
        }
        let body = operation.fitting(&schemas).into_iter().next();
        let address = operation.at(&BTreeMap::new(), None);
        let extra: &[_] =
            if operation.parameters("header").contains(&"If-Match") { &[("if-match", "1")] } else { &[] };
        let status = stranger.send(&operation, &address, body, extra).await;
        let asked = status == StatusCode::UNAUTHORIZED;
        let signs_in = operation.path.starts_with("/api/v1/session");
        let is_open = security.is_empty();
        assert!(
            asked != is_open || (signs_in && is_open),
            "{} {}: {status}",
            operation.method,
            operation.path
        );
    }
}

/// The path parameters are declared and every description has an answer that is not an error.
#[tokio::test]
async fn the_document_is_whole() {
    let server = Server::start().await;
    let document = server.nobody().get("/openapi.json").await.body;
    for operation in operations(&document) {
        let named: Vec<&str> =
            operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(operation.parameters("path"), named, "{}", operation.path);
        let responses = operation.described["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with(['1', '2', '3'])), "{}", operation.path);
        assert!(responses.contains_key("default"), "{}", operation.path);
        let all = operation.described["parameters"].as_array().unwrap();
        assert!(all.iter().all(|it| it.get("schema").is_some_and(Value::is_object)), "{}", operation.path);
        let has_body = operation.described.get("requestBody").is_some();
        assert_eq!(has_body, !operation.fitting(&Schemas(&document)).is_empty(), "{}", operation.path);
    }
}

const HOSTILE: [&str; 9] = [
    "0",
    "-1",
    "99999999999999999999999999",
    "%00",
    "%ff%fe",
    "..%2f..%2fetc%2fpasswd",
    "'%20OR%201=1--",
    "",
    "%F0%9F%92%A9",
];

/// wrong types, unknown ids, overlong texts, broken UTF-8, everywhere that the document lets something in.
#[tokio::test]
async fn q_09_nothing_that_is_sent_breaks_an_answer() {
    let environment = ["SIGN_IN", "UPLOAD", "MESSAGE", "HELLO"]
        .map(|door| (format!("YINGDA_LIMITS_{door}_PER_MINUTE"), "1000000"));
    let environment = environment.each_ref().map(|(name, value)| (name.as_str(), *value));
    let (server, admin) = Server::set_up_with(&environment).await;
    let document = admin.get("/openapi.json").await.body;
    let schemas = Schemas(&document);
    let actions = admin.get("/me").await.body["may"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let key = admin.post("/keys", json!({ "name": "all", "actions": actions })).await.body["secret"].clone();
    let program = Caller::new(&server, vec![("authorization", format!("Bearer {}", key.as_str().unwrap()))]);
    let ids = existing(&server, &admin, &program).await;
    let (person, _) = hire(&server, &admin, "person", "R-03").await;
    let cookie = person.cookie.clone().unwrap();
    let person = Caller::new(&server, vec![("x-yingda", "1".into()), ("cookie", cookie)]);

    for operation in operations(&document).iter().filter(|it| it.answers()) {
        // A person ends their session last.
        if operation.path == "/api/v1/session" && operation.method == Method::DELETE {
            continue;
        }
        let caller = if operation.path.starts_with("/api/v1/me") { &person } else { &program };
        let address = operation.at(&ids, None);
        let fitting = operation.fitting(&schemas);
        let bodies = if fitting.is_empty() { vec![None] } else { sample::spoilt(fitting) };
        for body in &bodies {
            for address in each_kind(operation, &address, body.as_deref()) {
                caller.send(operation, &address, body.clone(), &[("if-match", "\"1\"")]).await;
            }
        }
        let body = bodies.into_iter().next().flatten();
        let long = "x".repeat(5_000);
        for value in HOSTILE.iter().copied().chain([long.as_str()]) {
            if !operation.parameters("path").is_empty() && !value.is_empty() {
                caller.send(operation, &operation.at(&ids, Some(value)), body.clone(), &[]).await;
                let kind = operation.path.replace("{kind}", value).replace("{id}", "1");
                caller.send(operation, &kind, body.clone(), &[]).await;
            }
            for name in operation.parameters("query") {
                caller.send(operation, &format!("{address}?{name}={value}"), body.clone(), &[]).await;
            }
            if value.is_ascii() && !operation.parameters("header").is_empty() {
                let headers = [("if-match", value), ("idempotency-key", value)];
                caller.send(operation, &address, body.clone(), &headers).await;
            }
        }
    }
    // Most of it got as far as the handlers.
    let heard = program.heard.into_inner().unwrap();
    let count = |status: u16| heard.get(&status).copied().unwrap_or(0);
    assert!(count(200) > 300 && count(201) > 20 && count(422) > 300 && count(429) == 0, "{heard:?}");
    assert!(count(400) > 1_000 && count(404) > 300 && count(401) < 150, "{heard:?}");
    assert_eq!(admin.get("//readyz").await.status, StatusCode::OK);
    assert_eq!(admin.get("/audit/verify").await.body["broken_at"], Value::Null, "the log is whole");
}

/// A record's kind stands in its address as well.
fn each_kind(operation: &Operation, address: &str, body: Option<&[u8]>) -> Vec<String> {
    let kind = body.and_then(|body| serde_json::from_slice::<Value>(body).ok()).and_then(|body| {
        body["kind"]
            .as_str()
            .filter(|kind| kind.bytes().all(|byte| byte.is_ascii_lowercase()))
            .map(str::to_owned)
    });
    match kind {
        Some(kind) if operation.path.contains("{kind}") => vec![address.replace("/tag", &format!("/{kind}"))],
        _ => vec![address.to_owned()],
    }
}

/// One thing of each noun, so that what is sent gets past the question whether there is one.
async fn existing(server: &Server, admin: &Person, program: &Caller) -> BTreeMap<&'static str, String> {
    let id = |body: &Value| body["id"].as_str().unwrap().to_owned();
    let (queue, widget) = (first(admin, "queue").await, first(admin, "widget").await);
    let customer = admin.post("/customers", json!({ "name": "李雷", "phone": "13812345678" })).await.body;
    let robot = server.nobody().without("x-yingda").with("authorization", &program.headers[0].1);
    let new = json!({ "queue": queue, "customer": customer["id"], "text": "你好" });
    let contact = robot.post("/conversations", new).await;
    assert_eq!(contact.status, StatusCode::CREATED, "{}", contact.text);
    let contact = contact.body["conversation"].as_str().unwrap().to_owned();
    let visitor = admin.get(&format!("/conversations/{contact}")).await.body["row"]["visitor"].clone();
    let fields =
        json!({ "name": "访客", "phone": "13812345678", "email": "a@example.com", "message": "请回电" });
    let lead = server.nobody().post("/widget/messages", json!({ "widget": widget, "fields": fields })).await;
    let hook = json!({ "name": "x", "url": "https://shop.example/hook", "enabled": false });
    let (_, agent) = hire(server, admin, "agent", "R-03").await;
    BTreeMap::from([
        ("conversations", contact),
        ("customers", id(&customer)),
        ("visitors", visitor.as_str().unwrap().to_owned()),
        ("leads", id(&lead.body)),
        ("webhooks", id(&make(admin, "webhook", hook).await.body)),
        ("records", id(&make(admin, "tag", json!({ "name": { "zh": "投诉", "en": "" } })).await.body)),
        ("users", agent.clone()),
        ("agents", agent),
    ])
}
