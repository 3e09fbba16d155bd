//! Surveys (B-29, K-04): asked once, answered once, counted as they are, and followed up where they are bad.

use crate::line::{post, visit, work};
use crate::office::{first, hire, make, set_up};
use crate::support::{Answer, Folder, Person, Server, now};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

/// A browser without script, without a name.
struct Browser(reqwest::Client, String);

impl Browser {
    fn of(server: &Server) -> Self {
        Self(reqwest::Client::builder().no_proxy().build().unwrap(), server.url.clone())
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self.0.get(format!("{}{path}", self.1)).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn send(&self, path: &str, form: &str) -> (StatusCode, String) {
        let request = self.0.post(format!("{}{path}", self.1));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(form.to_owned()).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

/// What a hidden field of a page holds.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once('"').unwrap().0
}

fn text(zh: &str) -> Value {
    json!({ "zh": zh, "en": zh })
}

/// Satisfaction; where it is low, why; on a second page whether one would recommend it.
fn survey(change: Value) -> Value {
    let mut record = json!({
        "name": { "zh": "满意度", "en": "Satisfaction" }, "valid_days": 14, "open_link": true,
        "questions": [
            { "key": "csat", "text": { "zh": "满意吗？", "en": "Satisfied?" }, "shape": "csat", "required": true },
            {
                "key": "why", "text": { "zh": "哪里不好？", "en": "What was wrong?" }, "shape": "multiple", "required": true,
                "options": [{ "key": "speed", "label": text("慢") }, { "key": "words", "label": text("态度") }],
                "when": { "field": "csat", "is": ["1", "2"] },
            },
            { "key": "nps", "text": { "zh": "会推荐吗？", "en": "Recommend?" }, "shape": "nps", "new_page": true },
            { "key": "more", "text": { "zh": "还想说", "en": "More" }, "shape": "text" },
        ],
    });
    record.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    record
}

async fn id_of(admin: &Person, record: Value) -> String {
    make(admin, "survey", record).await.body["id"].as_str().unwrap().to_owned()
}

async fn answered(browser: &Browser, path: &str, csat: u8, nps: u8) -> (StatusCode, String) {
    let (_, page) = browser.get(path).await;
    let once = if path.starts_with("/survey") { hidden(&page, "_once").to_owned() } else { String::new() };
    let why = if csat < 3 { "&a.why=speed" } else { "" };
    let form = format!("a.csat={csat}{why}&a.nps={nps}&_page=1&_seen=nps,more&_once={once}");
    browser.send(path, &form).await
}

/// B-29: without script the questions come as the answers lead to them, nothing that was written is lost, and a second
/// answer counts for nothing.
#[tokio::test]
async fn b_29_an_open_survey_is_answered_once_without_script() {
    let (server, admin) = Server::set_up().await;
    let browser = Browser::of(&server);
    let id = id_of(&admin, survey(json!({}))).await;
    let path = format!("/survey/{id}?lang=en");
    let (status, page) = browser.get(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Satisfied?") && page.contains("Page 1 of 2") && !page.contains("What was wrong?"));
    let once = hidden(&page, "_once").to_owned();

    let (status, page) = browser.send(&path, &format!("_page=0&_seen=csat&_once={once}")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("role=\"alert\"") && page.contains("Required."), "{page}");
    let (status, page) = browser.send(&path, &format!("a.csat=2&_page=0&_seen=csat&_once={once}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("What was wrong?"), "the low score leads to it: {page}");
    assert!(page.contains("value=\"2\" checked"), "what was answered stays");
    let form = format!("a.csat=2&a.why=speed&a.why=words&_page=0&_seen=csat,why&_once={once}");
    let (_, page) = browser.send(&path, &form).await;
    assert!(page.contains("Recommend?") && page.contains("Page 2 of 2"), "{page}");
    for kept in
        ["name=\"a.csat\" value=\"2\"", "name=\"a.why\" value=\"speed\"", "name=\"a.why\" value=\"words\""]
    {
        assert!(page.contains(kept), "{kept} travels on: {page}");
    }
    let all = "a.csat=2&a.why=speed&a.why=words&a.more=%3Cb%3Elate%3C%2Fb%3E";
    let last = format!("{all}&a.nps=99&_page=1&_seen=nps,more&_once={once}");
    let (status, page) = browser.send(&path, &last).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("&lt;b&gt;late&lt;/b&gt;"), "what was written stays, as text: {page}");
    let (_, page) = browser.send(&path, &format!("{all}&_back=1&_page=1&_seen=nps,more&_once={once}")).await;
    assert!(page.contains("Page 1 of 2") && page.contains("&lt;b&gt;late"));
    let last = format!("{all}&a.nps=3&_page=1&_seen=nps,more&_once={once}");
    let (status, page) = browser.send(&path, &last).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Thank you"), "{page}");
    let (_, page) = browser.send(&path, &last).await;
    assert!(page.contains("already"), "the same form again is the same answer: {page}");

    let asks = admin.get(&format!("/surveys/{id}/asks")).await;
    let all = asks.body["items"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{}", asks.text);
    assert_eq!(
        all[0]["answers"],
        json!({ "csat": "2", "why": "speed,words", "nps": "3", "more": "<b>late</b>" })
    );
    let forged = browser.send(&path, &format!("a.csat=5&_page=1&_seen=nps,more&_once={}", &once[1..])).await;
    assert_eq!(forged.0, StatusCode::NOT_FOUND);
    for wrong in ["/survey/1", "/s/nonsense", "/survey/x"] {
        let (status, page) = browser.get(wrong).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}");
        assert!(page.contains("问卷"), "{page}");
    }
    let closed = id_of(&admin, survey(json!({ "name": text("关"), "open_link": false }))).await;
    assert_eq!(browser.get(&format!("/survey/{closed}")).await.0, StatusCode::NOT_FOUND);
}

/// B-29, K-04: an agent asks in a conversation, the customer finds the link there; the end of the conversation asks by
/// itself, unless they have just been asked; a low score opens one ticket; every number equals the rows behind it.
#[tokio::test]
async fn b_29_a_customer_is_asked_answers_and_is_followed_up() {
    let (server, admin) = Server::set_up_with(&[("YINGDA_LIMITS_HELLO_PER_MINUTE", "100000")]).await;
    let browser = Browser::of(&server);
    assert!(admin.post("/packs/e-commerce/install", json!({})).await.status.is_success());
    let kinds = admin.get("/records/ticket_type").await.body;
    let kind = kinds["items"].as_array().unwrap().iter().find(|it| it["record"]["prefix"] == "FK").unwrap();
    let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
    let survey_id = id_of(
        &admin,
        survey(json!({
            "rest_days": 30, "after_close": { "percent": 100, "queues": [queue], "media": ["chat"] },
            "low": { "question": "csat", "at_most": 2, "ticket": kind["id"] },
        })),
    )
    .await;
    let widget = json!({ "name": text("商城"), "queue": queue, "line": line });
    let widget = make(&admin, "widget", widget).await.body["id"].as_str().unwrap().to_owned();
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &agent_id).await;

    // Two visitors: the first is asked by the agent, both conversations end.
    let mut links = vec![];
    for tab in [1, 2] {
        let (mut visitor, _) = visit(&server, &widget, tab, json!({})).await;
        visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "在吗" } })).await;
        let talk = visitor.event("conversation_started").await["on"]["conversation"].clone();
        desk.until("the contact", |frame| frame["kind"] == "assigned" && frame["on"]["conversation"] == talk)
            .await;
        desk.say(post(&talk, 1, "您好")).await;
        if tab == 1 {
            let asked =
                agent.post(&format!("/surveys/{survey_id}/asks"), json!({ "conversation": talk })).await;
            assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
            assert_eq!(asked.body["sent"], true);
        }
        let ends = json!({ "t": "do", "conversation": talk, "n": 2, "do": "close" });
        desk.say(ends).await;
        let with_link = |frame: &Value| frame["text"].as_str().is_some_and(|it| it.contains("/s/"));
        let said = visitor.until("the link", with_link).await;
        assert_eq!(said["author"], "automatic");
        let text = said["text"].as_str().unwrap();
        links.push(format!("/s/{}", text.rsplit("/s/").next().unwrap()));
    }
    let stranger = admin.post(&format!("/surveys/{survey_id}/asks"), json!({ "conversation": "5" })).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    let neither = agent.post(&format!("/surveys/{survey_id}/asks"), json!({})).await;
    assert_eq!(neither.status, StatusCode::UNPROCESSABLE_ENTITY);

    let (status, page) = answered(&browser, &links[0], 5, 10).await;
    assert!(status == StatusCode::OK && page.contains("谢谢您的回答"), "{page}");
    let (_, page) = answered(&browser, &links[0], 1, 0).await;
    assert!(page.contains("已经答过"), "the first answer stays: {page}");
    answered(&browser, &links[1], 1, 0).await;
    answered(&browser, &format!("/survey/{survey_id}"), 4, 9).await;

    let tickets = admin.eventually("/tickets", |it| !it["items"].as_array().unwrap().is_empty()).await;
    assert_eq!(tickets["items"].as_array().unwrap().len(), 1, "one low answer, one ticket: {tickets}");
    let ticket = &tickets["items"][0];
    assert_eq!((&ticket["of"], &ticket["author"]), (&kind["id"], &Value::Null), "{ticket}");
    assert!(ticket["values"].to_string().contains("慢"), "it tells what was answered: {ticket}");

    let period = format!("from={}&to={}", now() - 86_400_000, now() + 86_400_000);
    let results = admin.get(&format!("/surveys/{survey_id}/results?{period}&by=agent")).await;
    assert_eq!(results.status, StatusCode::OK, "{}", results.text);
    let scores = &results.body["scores"];
    // The agent asked the first, so that its end did not: two invitations, both answered.
    assert_eq!(
        (&scores["sent"], &scores["answered_sent"], &scores["answered"]),
        (&json!(2), &json!(2), &json!(3))
    );
    assert_eq!((&scores["rate"], &scores["csat_mean"]), (&json!(100.0), &json!(10.0 / 3.0)), "{scores}");
    let groups = results.body["groups"].as_array().unwrap();
    let own = groups.iter().find(|it| it["key"] == agent_id.as_str()).unwrap();
    assert_eq!((&own["scores"]["sent"], &own["scores"]["csat"]), (&json!(2), &json!(50.0)));
    let rows = |more: String| {
        let (admin, path) = (admin.clone(), format!("/surveys/{survey_id}/asks?{period}&{more}"));
        async move { admin.get(&path).await.body["items"].as_array().unwrap().len() as u64 }
    };
    assert_eq!(rows("asked=true".into()).await, scores["sent"].as_u64().unwrap());
    assert_eq!(rows("asked=true&answered=true".into()).await, scores["answered_sent"].as_u64().unwrap());
    assert_eq!(rows(format!("by=agent&group={agent_id}")).await, 2);
    for question in results.body["questions"].as_array().unwrap() {
        let key = question["key"].as_str().unwrap();
        for count in question["counts"].as_array().unwrap() {
            let value = count["value"].as_str().unwrap();
            let found = rows(format!("question={key}&value={value}")).await;
            assert_eq!(found, count["count"].as_u64().unwrap(), "{key}={value}");
        }
    }

    let all = admin.get(&format!("/indicators?{period}")).await.body;
    let k04 = all.as_array().unwrap().iter().find(|it| it["key"] == "K-04").unwrap();
    assert_eq!((&k04["good"], &k04["all"], &k04["target"]), (&json!(2), &json!(3), &json!(90.0)), "{k04}");
    assert_eq!(k04["mean"], json!(10.0 / 3.0));
    let bad = admin.get(&format!("/indicators/K-04/cases?{period}&good=false")).await.body;
    assert_eq!((bad["items"].as_array().unwrap().len(), &bad["items"][0]["survey"]["csat"]), (1, &json!(1)));
    let table: Answer = admin.get(&format!("/surveys/{survey_id}/export?{period}")).await;
    assert_eq!(table.text.lines().count(), 4, "{}", table.text);
    assert!(table.text.contains("客服邀请") && table.text.contains("公开链接"), "{}", table.text);
    let own = agent.get(&format!("/surveys/{survey_id}/results?{period}")).await.body;
    assert_eq!(own["scores"]["answered"], 2, "an agent sees what was said of their own service: {own}");
    let (other, _) = hire(&server, &admin, "wang", "R-03").await;
    let none = other.get(&format!("/surveys/{survey_id}/results?{period}")).await.body;
    assert_eq!(none["scores"]["answered"], 0, "{none}");
    let paper = admin.get(&format!("/surveys/{survey_id}/print")).await;
    assert!(paper.text.starts_with("%PDF"), "{}", paper.text);

    let gone = admin.clone().with("if-match", "\"1\"").delete(&format!("/records/survey/{survey_id}")).await;
    assert_eq!(gone.code(), "in_use", "its results stay: {}", gone.text);
}

/// B-29: what a form cannot mean is refused field by field.
#[tokio::test]
async fn b_29_a_survey_that_cannot_work_is_refused() {
    let (_server, admin) = Server::set_up().await;
    let mut wrong = survey(json!({ "valid_days": 0, "after_close": { "percent": 0 } }));
    wrong["kind"] = "survey".into();
    wrong["questions"][1]["when"]["is"] = json!(["9"]);
    let refused = admin.post("/records/survey", wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let fields: Vec<&str> =
        refused.body["fields"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["valid_days", "questions.1.when.is", "after_close.percent"]);
}

/// SYS-21, B-29: an answered survey sets rules off, which may ask for its scores; the ticket about which it was asked is
/// at hand.
#[tokio::test]
async fn sys_21_an_answered_survey_sets_rules_off() {
    let (server, admin) = Server::set_up().await;
    let browser = Browser::of(&server);
    let state =
        |key: &str, phase: &str| json!({ "key": key, "name": { "zh": key, "en": key }, "phase": phase });
    let kind = json!({
        "name": text("咨询"), "prefix": "ZX", "states": [state("new", "open"), state("done", "closed")],
        "moves": [{ "key": "end", "name": text("完"), "from": ["new"], "to": "done" }],
    });
    let kind = make(&admin, "ticket_type", kind).await.body["id"].clone();
    set_up(&admin, "portal", json!({})).await;
    let id = id_of(&admin, survey(json!({}))).await;
    let conditions = json!([
        { "what": "survey", "test": "is", "values": [id] },
        { "what": "nps", "test": "below", "values": ["7"] },
    ]);
    let note = json!([{ "does": { "act": "note", "text": "不愿推荐，请回访" } }]);
    let rule =
        |when: &str| json!({ "name": text("不推荐"), "when": when, "conditions": conditions, "steps": note });
    let mut wrong = rule("ticket_opened");
    wrong["kind"] = "rule".into();
    let wrong = admin.post("/records/rule", wrong).await;
    assert_eq!(wrong.body["fields"][0]["field"], "conditions.0.what", "{}", wrong.text);
    make(&admin, "rule", rule("survey_answered")).await;
    for (title, nps) in [("好的", 9), ("不好", 3)] {
        let ticket = admin.post("/tickets", json!({ "of": kind, "title": title })).await.body["id"].clone();
        let asked = admin.post(&format!("/surveys/{id}/asks"), json!({ "ticket": ticket })).await;
        assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
        let url = asked.body["url"].as_str().unwrap();
        let path = format!("/s/{}", url.rsplit("/s/").next().unwrap());
        let (status, page) = answered(&browser, &path, 5, nps).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("href=\"/portal\""), "where there are pages of their own: {page}");
    }
    let found = admin.get("/tickets?q=不好").await.body["items"][0]["id"].as_str().unwrap().to_owned();
    let noted = |it: &Value| {
        it["items"].as_array().is_some_and(|all| all.iter().any(|it| it["kind"] == "ticket_noted"))
    };
    admin.eventually(&format!("/tickets/{found}/history"), noted).await;
    let fine = admin.get("/tickets?q=好的").await.body["items"][0]["id"].as_str().unwrap().to_owned();
    assert!(
        !noted(&admin.get(&format!("/tickets/{fine}/history")).await.body),
        "who recommends sets none off"
    );
}

/// B-29: who has not answered is reminded once, after some days, where they talk with us; who answered is not.
#[tokio::test]
async fn b_29_who_has_not_answered_is_reminded_once() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (_desk, _) = work(&server, &agent, &agent_id).await;
    let mut wrong = survey(json!({ "remind_days": 14 }));
    wrong["kind"] = "survey".into();
    let wrong = admin.post("/records/survey", wrong).await;
    assert_eq!(wrong.body["fields"][0]["field"], "remind_days", "{}", wrong.text);
    let id = id_of(&admin, survey(json!({ "remind_days": 3 }))).await;
    let widget = first(&admin, "widget").await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "你好" } })).await;
    let started = visitor.event("conversation_started").await;
    let talk = started["on"]["conversation"].clone();
    visitor.event("assigned").await;
    let asks = format!("/surveys/{id}/asks");
    let asked = agent.post(&asks, json!({ "conversation": talk })).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
    let link = |frame: &Value| frame["text"].as_str().is_some_and(|it| it.contains("/s/"));
    visitor.until("the link", link).await;
    // Days pass.
    let pass = || {
        let store = rusqlite::Connection::open(folder.0.join("yingda.db")).unwrap();
        store.execute("UPDATE survey_ask SET remind_at = 1 WHERE remind_at > 1", []).unwrap()
    };
    assert_eq!(pass(), 1, "it has a day");
    // Something happens, and jobs look around.
    visitor
        .say(json!({ "t": "do", "conversation": talk, "n": 2, "do": "post", "type": "text", "text": "在吗" }))
        .await;
    let reminded = visitor.until("the reminder", link).await;
    assert!(reminded["text"].as_str().unwrap().contains("还想听听"), "{reminded}");
    assert_eq!(pass(), 0, "once");
}
