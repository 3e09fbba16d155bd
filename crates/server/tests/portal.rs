//! The customer portal (R-02, B-05): signing in by a one-time code, and nothing but one's own, without script.

use crate::line::{visit, work};
use crate::office::{first, hire, make};
use crate::outreach::{open_hours, sms};
use crate::support::{Person, Server};
use crate::webhooks::{OPEN, Receiver};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

/// A browser without script, with the portal's cookie once it has one.
struct Browser {
    client: reqwest::Client,
    url: String,
    cookie: String,
}

/// What a browser was answered: where it is sent on, and what it reads.
struct Page {
    status: StatusCode,
    to: String,
    text: String,
}

impl Browser {
    fn of(server: &Server) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { client, url: server.url.clone(), cookie: String::new() }
    }

    async fn seen(&mut self, request: reqwest::RequestBuilder) -> Page {
        let answer =
            request.header("cookie", &self.cookie).header("accept-language", "en").send().await.unwrap();
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            if set.starts_with("yingda_portal=") {
                assert!(
                    set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/portal"),
                    "{set}"
                );
                self.cookie = set.split(';').next().unwrap().to_owned();
            }
        }
        let to = answer.headers().get(header::LOCATION).map_or("", |it| it.to_str().unwrap()).to_owned();
        Page { status: answer.status(), to, text: answer.text().await.unwrap() }
    }

    async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.url));
        self.seen(request).await
    }

    async fn send(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let form: Vec<String> = form.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.seen(request.body(form.join("&"))).await
    }

    async fn reply(&mut self, path: &str, seal: &str, text: &str, file: Option<&str>) -> Page {
        let mut form =
            reqwest::multipart::Form::new().text("seal", seal.to_owned()).text("text", text.to_owned());
        if let Some(content) = file {
            form =
                form.part("file", reqwest::multipart::Part::text(content.to_owned()).file_name("说明.txt"));
        }
        let request = self.client.post(format!("{}{path}", self.url)).multipart(form);
        self.seen(request).await
    }

    /// Signs in with the code that arrives by SMS.
    async fn enter(&mut self, to: &str, provider: &Receiver) {
        let asked = self.send("/portal/code", &[("to", to)]).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
        let left = provider.answer(200, r#"{"code":0,"mid":"c1"}"#).await.json();
        let code: String =
            left["content"].as_str().unwrap().chars().filter(char::is_ascii_digit).take(6).collect();
        let attempt = hidden(&asked.text, "attempt");
        let entered = self.send("/portal/session", &[("attempt", &attempt), ("code", &code)]).await;
        assert_eq!(
            (entered.status, entered.to.as_str()),
            (StatusCode::SEE_OTHER, "/portal"),
            "{}",
            entered.text
        );
        let again = self.send("/portal/session", &[("attempt", &attempt), ("code", &code)]).await;
        assert!(again.text.contains("role=\"alert\""), "a code is good once: {}", again.text);
    }
}

fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

async fn settings(admin: &Person, change: Value) {
    let found = admin.get("/records/settings").await.body["items"][0].clone();
    let mut record = found["record"].clone();
    record.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let at = format!("/records/settings/{}", found["id"].as_str().unwrap());
    let put = admin.clone().with("if-match", &format!("\"{}\"", found["version"])).put(&at, record).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
}

async fn customer(admin: &Person, name: &str, phone: &str) -> String {
    let made = admin.post("/customers", json!({ "name": name, "phone": phone })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn kind(admin: &Person, prefix: &str) -> String {
    let kinds = admin.get("/records/ticket_type").await.body;
    let all = kinds["items"].as_array().unwrap();
    all.iter().find(|it| it["record"]["prefix"] == prefix).unwrap()["id"].as_str().unwrap().to_owned()
}

async fn ticket(admin: &Person, of: &str, customer: &str, title: &str) -> String {
    let values = json!({ "content": title, "expectation": "换货" });
    let new = json!({ "of": of, "title": title, "customer": customer, "values": values });
    let made = admin.post("/tickets", new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn act(admin: &Person, ticket: &str, act: Value) {
    let done = admin.post(&format!("/tickets/{ticket}/acts"), act).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
}

/// A shop with the portal on, a provider of SMS, and two customers.
async fn shop() -> (Server, Person, Receiver, [String; 2]) {
    let environment: Vec<_> =
        OPEN.iter().chain(&[("YINGDA_LIMITS_CODE_PAUSE_SECONDS", "0")]).copied().collect();
    let (server, admin) = Server::set_up_with(&environment).await;
    assert!(admin.post("/packs/e-commerce/install", json!({})).await.status.is_success());
    let (provider, ..) = sms(&admin, open_hours()).await;
    let one = customer(&admin, "王芳", "13800138000").await;
    let other = customer(&admin, "李雷", "13900139000").await;
    (server, admin, provider, [one, other])
}

/// R-02, B-05: a number that nobody has is answered as one that somebody has; a code is good once and for five tries.
#[tokio::test]
async fn b_05_the_portal_lets_in_by_code_and_tells_nobody_whom_it_knows() {
    let (server, admin, provider, _) = shop().await;
    let mut browser = Browser::of(&server);
    assert_eq!(
        browser.get("/portal").await.status,
        StatusCode::NOT_FOUND,
        "it is off until somebody turns it on"
    );
    settings(&admin, json!({ "portal": {} })).await;
    let page = browser.get("/portal").await;
    assert!(page.status == StatusCode::OK && page.text.contains("Send me a code"), "{}", page.text);
    let away = browser.get("/portal/tickets/1").await;
    assert_eq!((away.status, away.to.as_str()), (StatusCode::SEE_OTHER, "/portal?lang=en"));

    let plain = |page: &Page| {
        page.text.replace(&hidden(&page.text, "attempt"), "").replace(&hidden(&page.text, "to"), "")
    };
    let nobody = browser.send("/portal/code", &[("to", "13700000000")]).await;
    let somebody = browser.send("/portal/code", &[("to", "+86 138-0013-8000")]).await;
    assert_eq!(
        (nobody.status, plain(&nobody)),
        (somebody.status, plain(&somebody)),
        "one reads no difference"
    );
    let left = provider.answer(200, r#"{"code":0,"mid":"c1"}"#).await.json();
    assert_eq!(left["mobile"], "13800138000");
    let code: String =
        left["content"].as_str().unwrap().chars().filter(char::is_ascii_digit).take(6).collect();
    let wrong = if code == "123456" { "654321" } else { "123456" };
    for asked in [&nobody, &somebody] {
        let attempt = hidden(&asked.text, "attempt");
        for n in 0..6 {
            let refused = browser.send("/portal/session", &[("attempt", &attempt), ("code", wrong)]).await;
            assert!(
                refused.status.is_client_error() && refused.text.contains("role=\"alert\""),
                "{n}: {}",
                refused.text
            );
        }
        let late = browser.send("/portal/session", &[("attempt", &attempt), ("code", &code)]).await;
        assert!(
            late.status.is_client_error(),
            "after five wrong ones the right one is worth nothing: {}",
            late.text
        );
    }
    let junk = browser.send("/portal/code", &[("to", "call me")]).await;
    assert!(
        junk.status == StatusCode::UNPROCESSABLE_ENTITY && junk.text.contains("value=\"call me\""),
        "{}",
        junk.text
    );
    let forged = browser.send("/portal/session", &[("attempt", "AAAA"), ("code", &code)]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.cookie, "", "nobody is in");
}

/// R-02: one's own tickets with what was told, a reply with a file, a confirmation; another customer's do not exist.
#[tokio::test]
async fn r_02_a_customer_sees_and_answers_their_own_and_nothing_else() {
    let (server, admin, provider, [one, other]) = shop().await;
    let (feedback, complaint) = (kind(&admin, "FK").await, kind(&admin, "TS").await);
    settings(&admin, json!({ "portal": { "requests": feedback } })).await;
    let own = ticket(&admin, &complaint, &one, "水壶漏水").await;
    let theirs = ticket(&admin, &complaint, &other, "别人的投诉").await;
    act(&admin, &own, json!({ "act": "note", "text": "内部讨论" })).await;
    act(&admin, &own, json!({ "act": "note", "text": "已为您寄出新壶", "told": true })).await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &agent_id).await;
    let place = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": first(&admin, "queue").await, "line": first(&admin, "line").await });
    let widget = make(&admin, "widget", place).await.body["id"].as_str().unwrap().to_owned();
    let mut talks = vec![];
    for (tab, customer) in [(1, &one), (2, &other)] {
        let (mut visitor, _) = visit(&server, &widget, tab, json!({})).await;
        let words = json!({ "type": "text", "text": format!("会话{tab}") });
        visitor.say(json!({ "t": "start", "n": 1, "content": words })).await;
        let talk =
            visitor.event("conversation_started").await["on"]["conversation"].as_str().unwrap().to_owned();
        desk.until("the contact", |it| it["kind"] == "assigned" && it["on"]["conversation"] == talk.as_str())
            .await;
        let link = json!({ "do": "link_customer", "customer": customer });
        assert_eq!(agent.post(&format!("/conversations/{talk}/acts"), link).await.status, StatusCode::OK);
        talks.push(talk);
    }

    let mut browser = Browser::of(&server);
    browser.enter("13800138000", &provider).await;
    let home = browser.get("/portal?lang=zh").await;
    assert_eq!(home.status, StatusCode::OK);
    for (text, is_there) in [("水壶漏水", true), ("会话1", true), ("别人的投诉", false), ("会话2", false)]
    {
        assert_eq!(home.text.contains(text), is_there, "{text}: {}", home.text);
    }
    let path = format!("/portal/tickets/{own}");
    let page = browser.get(&path).await;
    assert!(page.text.contains("已为您寄出新壶") && !page.text.contains("内部讨论"), "{}", page.text);
    assert!(browser.get(&format!("/portal/talks/{}", talks[0])).await.text.contains("会话1"));
    let nowhere = browser.get("/portal/tickets/5").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    for path in
        [format!("/portal/tickets/{theirs}"), format!("/portal/talks/{}", talks[1]), "/portal/talks/x".into()]
    {
        let page = browser.get(&path).await;
        assert_eq!((page.status, page.text), (StatusCode::NOT_FOUND, nowhere.text.clone()), "{path}");
    }

    let seal = hidden(&page.text, "seal");
    for wrong in ["", "00000000000000000000000000000000"] {
        let refused = browser.reply(&format!("{path}/reply"), wrong, "伪造", None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "another site's form");
    }
    let empty = browser.reply(&format!("{path}/reply"), &seal, "", None).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.text.contains("role=\"alert\""));
    let beyond = browser.reply(&format!("/portal/tickets/{theirs}/reply"), &seal, "x", None).await;
    assert_eq!(beyond.status, StatusCode::NOT_FOUND);
    let said = browser.reply(&format!("{path}/reply"), &seal, "<b>还没收到</b>", Some("快递单")).await;
    assert_eq!((said.status, said.to.as_str()), (StatusCode::SEE_OTHER, path.as_str()), "{}", said.text);
    let page = browser.get(&path).await;
    assert!(page.text.contains("&lt;b&gt;还没收到"), "{}", page.text);
    let history = admin.get(&format!("/tickets/{own}/history")).await;
    let note = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["kind"] == "ticket_noted")
        .unwrap()
        .clone();
    assert_eq!(note["event"]["text"], "【客户】<b>还没收到</b>", "{}", history.text);
    let file = note["event"]["files"][0].as_str().unwrap();
    assert_eq!(admin.get(&format!("/files/{file}")).await.text, "快递单");

    // Solved, as the company says: the customer's word closes it.
    for way in ["investigate", "propose"] {
        let values =
            if way == "propose" { json!({ "cause": "defect", "liability": "ours" }) } else { json!({}) };
        act(&admin, &own, json!({ "act": "move", "way": way, "values": values })).await;
    }
    act(&admin, &own, json!({ "act": "move", "way": "ask", "values": { "solution": "换新壶" } })).await;
    let confirmed = browser.send(&format!("{path}/confirm"), &[("seal", &seal)]).await;
    assert_eq!(confirmed.status, StatusCode::SEE_OTHER, "{}", confirmed.text);
    let now = admin.get(&format!("/tickets/{own}")).await.body;
    assert_eq!((&now["phase"], &now["confirmed"]), (&json!("closed"), &json!(true)), "{now}");

    // A request of their own, sent twice, is one.
    let form = browser.get("/portal/request").await.text;
    let (seal, once) = (hidden(&form, "seal"), hidden(&form, "once"));
    let fields = [("seal", &*seal), ("once", &*once), ("title", "想换地址"), ("text", "搬到新家了")];
    let made = browser.send("/portal/request", &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    assert_eq!(browser.send("/portal/request", &fields).await.to, made.to);
    let form = browser.get("/portal/profile").await.text;
    assert!(form.contains("13800138000"));
    let once = hidden(&form, "once");
    let same = [("seal", &*seal), ("once", &*once), ("name", "王芳"), ("phone", "13800138000")];
    assert_eq!(browser.send("/portal/profile", &same).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let changed = [("seal", &*seal), ("once", &*once), ("name", "王芳"), ("phone", "13811112222")];
    let asked = browser.send("/portal/profile", &changed).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text);
    let id = asked.to.rsplit('/').next().unwrap();
    let wish = admin.get(&format!("/tickets/{id}")).await.body;
    assert!(wish["values"]["content"].as_str().unwrap().contains("13800138000 → 13811112222"), "{wish}");
    let card = admin.get(&format!("/customers/{one}")).await.body;
    assert_eq!(card["customer"]["phone"], "13800138000", "people decide about it");

    // Two records were one person: what was the other's is theirs.
    let version = async |id: &str| admin.get(&format!("/customers/{id}")).await.body["version"].clone();
    let merge = json!({ "customer": other, "version": version(&other).await });
    let by = admin.clone().with("if-match", &format!("\"{}\"", version(&one).await));
    let merged = by.post(&format!("/customers/{one}/merge"), merge).await;
    assert_eq!(merged.status, StatusCode::OK, "{}", merged.text);
    assert_eq!(browser.get(&format!("/portal/tickets/{theirs}")).await.status, StatusCode::OK);
    assert!(browser.get("/portal").await.text.contains("别人的投诉"));
    let listed = admin.get(&format!("/tickets?customer={one}")).await.body;
    assert!(listed["items"].as_array().unwrap().iter().any(|it| it["id"] == theirs.as_str()), "{listed}");

    let left = browser.send("/portal/leave", &[("seal", &seal)]).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    let again = browser.get(&path).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "one is out");
}

/// B-16: a customer sees where their own order is, by its number as well, and nobody else's.
#[tokio::test]
async fn b_16_a_customer_sees_their_own_orders() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (provider, _, _) = sms(&admin, open_hours()).await;
    settings(&admin, json!({ "portal": {} })).await;
    let made = admin.post("/customers", json!({ "name": "王芳", "phone": "13800138000" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let order = |number: &str, phone: &str| {
        json!({
            "number": number, "lines": [{ "sku": "A1", "name": "空气<炸锅>", "quantity": 2, "price": 29_900 }],
            "amount": 59_800, "payment": "paid",
            "receiver": { "name": "王芳", "phone": phone, "address": "广东省深圳市南山区科技园路 12 号" },
        })
    };
    for (number, phone) in [("YQ-1", "13800138000"), ("YQ-2", "13900139000")] {
        let made = admin.post("/orders", order(number, phone)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }
    let event = json!({ "what": "in_transit", "place": "东莞转运中心" });
    let moved = json!({ "carrier": "顺丰", "tracking": "SF9", "events": [event] });
    assert!(admin.post("/orders/YQ-1/shipments", moved).await.status.is_success());

    let mut browser = Browser::of(&server);
    assert_eq!(browser.get("/portal/orders/YQ-1").await.status, StatusCode::SEE_OTHER, "first one signs in");
    browser.enter("13800138000", &provider).await;
    let home = browser.get("/portal").await;
    assert!(home.text.contains("YQ-1") && !home.text.contains("YQ-2"), "{}", home.text);
    let found = browser.get("/portal/orders?number=yq-1").await;
    assert_eq!(found.status, StatusCode::SEE_OTHER);
    let page = browser.get(&found.to).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in ["空气&lt;炸锅&gt;", "SF9", "东莞转运中心", "On its way", "598.00"] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    for path in ["/portal/orders/YQ-2", "/portal/orders?number=YQ-2", "/portal/orders/1"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

/// SYS-01i: site mail lies in the customer's portal, is marked until it is opened, and is answered there.
#[tokio::test]
async fn sys_01i_site_mail_is_written_read_and_answered_in_the_portal() {
    let (server, admin, provider, [wang, li]) = shop().await;
    settings(&admin, json!({ "portal": {} })).await;
    let queue = first(&admin, "queue").await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let mut browser = Browser::of(&server);
    browser.enter("13800138000", &provider).await;
    assert!(!browser.get("/portal").await.text.contains("Write to us"), "there is no site mail yet");
    let channel = make(
        &admin,
        "channel",
        json!({ "name": { "zh": "站内信", "en": "Site mail" }, "enabled": true, "setup": { "type": "site_mail" }, "queue": queue }),
    )
    .await
    .body["id"]
        .clone();

    // We write first.
    let reach = agent.get(&format!("/customers/{wang}/reach")).await.body;
    let way = reach.as_array().unwrap().iter().find(|it| it["channel"] == channel).expect("a way").clone();
    assert_eq!((&way["medium"], &way["label"]), (&json!("sitemail"), &json!("王芳")));
    let new = json!({ "channel": channel, "customer": wang, "type": "text", "text": "您的发票已开好" });
    let composed = agent.post("/compose", new).await;
    assert_eq!(composed.status, StatusCode::CREATED, "{}", composed.text);
    let talk = composed.body["conversation"].as_str().unwrap().to_owned();
    let sent = desk.until("sent", |frame| frame["kind"] == "message_delivered").await;
    assert_eq!(sent["state"], "sent");
    let home = browser.get("/portal").await;
    assert!(
        home.text.contains("<strong>New</strong>") && home.text.contains("您的发票已开好"),
        "{}",
        home.text
    );
    let page = browser.get(&format!("/portal/talks/{talk}")).await;
    assert!(page.text.contains("您的发票已开好"), "{}", page.text);
    assert!(!browser.get("/portal").await.text.contains("<strong>New</strong>"), "it was opened");

    // The customer answers; the same form twice says it once, and without its seal nothing.
    let (seal, once) = (hidden(&page.text, "seal"), hidden(&page.text, "once"));
    let at = format!("/portal/talks/{talk}");
    let words = [("seal", seal.as_str()), ("once", once.as_str()), ("text", "收到，谢谢")];
    for _ in 0..2 {
        let said = browser.send(&at, &words).await;
        assert_eq!((said.status, said.to.as_str()), (StatusCode::SEE_OTHER, at.as_str()), "{}", said.text);
    }
    let forged = browser.send(&at, &[("seal", "x"), ("once", &once), ("text", "坏")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let empty = browser.send(&at, &[("seal", &seal), ("once", &once), ("text", " ")]).await;
    assert!(empty.text.contains("role=\"alert\""), "{}", empty.text);
    let told = agent.get(&format!("/conversations/{talk}/events")).await.body["events"].to_string();
    assert_eq!((told.matches("收到，谢谢").count(), told.contains('坏')), (1, false), "{told}");

    // Somebody else writes first, and sees nothing of it.
    let mut other = Browser::of(&server);
    other.enter("13900139000", &provider).await;
    assert_eq!(other.get(&at).await.status, StatusCode::NOT_FOUND);
    let home = other.get("/portal").await;
    let (seal, once) = (hidden(&home.text, "seal"), hidden(&home.text, "once"));
    let begun = other.send("/portal/talks", &[("seal", &seal), ("once", &once), ("text", "想换货")]).await;
    assert!(begun.to.starts_with("/portal/talks/"), "{} {}", begun.status, begun.text);
    let offered = desk.event("assigned").await["on"]["conversation"].as_str().unwrap().to_owned();
    assert_eq!(begun.to, format!("/portal/talks/{offered}"));
    let shown = agent.get(&format!("/conversations/{offered}")).await.body["row"].clone();
    assert_eq!((&shown["medium"], &shown["customer"]), (&json!("sitemail"), &json!(li)));
}
