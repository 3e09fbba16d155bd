//! Orders (B-15, B-16, B-17, K-16): checked with the customer, followed on their way, and rearranged where something
//! comes in between.

use crate::files::upload;
use crate::line::{visit, work};
use crate::mail;
use crate::mailbox::{Mailbox, header};
use crate::office::{first, hire, join, make, program, set_up};
use crate::outreach::{open_hours, sms};
use crate::support::{Answer, Person, Server, now};
use crate::webhooks::OPEN;
use reqwest::StatusCode;
use serde_json::{Value, json};

const DAY: i64 = 24 * 3_600_000;

fn order(number: &str, change: Value) -> Value {
    let mut it = json!({
        "number": number, "placed_at": now() - DAY, "promised_at": now() + DAY,
        "lines": [{ "sku": "FRYER-4", "name": "空气炸锅 4L", "quantity": 1, "price": 29_900 }],
        "amount": 29_900, "payment": "paid",
        "receiver": { "name": "王芳", "phone": "138 0013 8000", "address": "广东省深圳市南山区科技园路 12 号 501" },
    });
    it.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    it
}

async fn customer(admin: &Person) -> String {
    let made = admin
        .post("/customers", json!({ "name": "王芳", "phone": "13800138000", "external_id": "C77" }))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

pub fn fine(answer: Answer) -> Value {
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
    answer.body
}

fn check<'a>(it: &'a Value, item: &str) -> &'a Value {
    it["checks"].as_array().unwrap().iter().find(|it| it["item"] == item).unwrap()
}

pub async fn new_order(by: &Person, number: &str, change: Value) -> Value {
    fine(by.post("/orders", order(number, change)).await)
}

/// The e-commerce pack, whose order exceptions go to the people at the desk.
async fn shop(server: &Server, admin: &Person) -> Person {
    fine(admin.post("/packs/e-commerce/install", json!({})).await);
    let (agent, id) = hire(server, admin, "li", "R-03").await;
    let team = make(admin, "team", json!({ "name": { "zh": "客服部", "en": "" } })).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    join(admin, &id, &team).await;
    let kinds = fine(admin.get("/records/ticket_type").await);
    let kind = kinds["items"].as_array().unwrap().iter().find(|it| it["record"]["prefix"] == "DD").unwrap();
    let mut record = kind["record"].clone();
    record["team"] = team.into();
    let at = format!("/records/ticket_type/{}", kind["id"].as_str().unwrap());
    let version = format!("\"{}\"", kind["version"]);
    fine(admin.clone().with("if-match", &version).put(&at, record).await);
    for product in [
        json!({
            "sku": "FRYER-4", "name": "空气炸锅 4L", "price": 29_900, "stock": 0,
            "attributes": { "容量": "4 L", "颜色": "白" }, "substitutes": ["FRYER-3", "FRYER-5"],
        }),
        json!({
            "sku": "FRYER-5", "name": "空气炸锅 5L", "price": 33_900, "stock": 8,
            "attributes": { "容量": "5 L", "颜色": "黑" },
        }),
        json!({ "sku": "FRYER-3", "name": "空气炸锅 3L", "price": 24_900, "stock": 0 }),
    ] {
        fine(admin.post("/products", product).await);
    }
    agent
}

/// B-15: an order without a street is flagged, the customer is asked where they are, it is put right, and who confirmed
/// it with them stays on it.
#[tokio::test]
async fn b_15_an_order_without_a_street_is_asked_about_fixed_and_confirmed() {
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (_desk, _) = work(&server, &agent, &id).await;
    let who = customer(&admin).await;
    let widget = first(&admin, "widget").await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    visitor
        .say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "我的订单到哪了" } }))
        .await;
    let started = visitor.event("conversation_started").await;
    let talk = started["on"]["conversation"].as_str().unwrap().to_owned();
    let link = json!({ "do": "link_customer", "customer": who });
    fine(agent.post(&format!("/conversations/{talk}/acts"), link).await);

    let vague =
        json!({ "receiver": { "name": "王芳", "phone": "138 0013 8000", "address": "广东省深圳市南山区" } });
    let it = new_order(&admin, "YQ-1001", vague).await;
    assert_eq!(it["order"]["order"]["customer"], who, "the one with that number");
    assert_eq!((&it["unsure"], &check(&it, "address")["state"]), (&json!(true), &json!("missing")));
    assert_eq!(check(&it, "address")["lacks"], json!(["street", "house"]));
    assert_eq!(check(&it, "phone")["state"], "ok");
    let found = fine(agent.get("/orders?unsure=true").await);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        found["items"][0]["order"]["order"]["receiver"]["phone"], "138 **** **00",
        "as the role sees it"
    );

    let question = it["question"].as_str().unwrap();
    fine(agent.post("/orders/YQ-1001/ask", json!({ "text": question })).await);
    let asked = visitor.until("the question", |frame| frame["text"] == question).await;
    assert_eq!(asked["author"], "automatic");

    let before = fine(agent.get("/orders/yq-1001").await);
    let mut fixed = before["order"]["order"].clone();
    fixed["receiver"]["address"] = "广东省深圳市南山区科技园路 12 号".into();
    let stale = agent.clone().with("if-match", "\"1\"").put("/orders/YQ-1001", fixed.clone()).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "the notice was taken down meanwhile");
    let at = format!(
        "\"{}\"",
        admin.eventually("/orders/YQ-1001", |it| { it["order"]["notices"][0]["sent_at"].is_i64() }).await["order"]
            ["version"]
    );
    let after = fine(agent.clone().with("if-match", &at).put("/orders/YQ-1001", fixed).await);
    assert_eq!((&after["unsure"], &check(&after, "address")["state"]), (&json!(false), &json!("ok")));
    let raw = fine(admin.get("/orders/YQ-1001").await);
    assert_eq!(raw["order"]["order"]["receiver"]["phone"], "138 0013 8000", "what was masked is as it was");

    let said = json!({ "item": "address", "how": "在线会话" });
    let confirmed = fine(agent.post("/orders/YQ-1001/verify", said.clone()).await);
    let seen = check(&confirmed, "address");
    assert_eq!((&seen["state"], &seen["confirmed"]["confirmed_by"]), (&json!("confirmed"), &json!(id)));
    assert_eq!(agent.post("/orders/YQ-1001/verify", said).await.code(), "empty");
    let log = fine(agent.get("/orders/YQ-1001/history").await);
    let kinds: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["order_verified", "order_changed", "order_noticed", "order_asked", "order_changed"]);
    assert_eq!(
        log["items"][1]["private"]["after"]["receiver"]["address"],
        "广东省深圳市南山区科技园路 12 号"
    );
}

/// B-16: a program tells that a parcel left. The customer is told once by SMS although it is told twice, and not at all
/// where they want none of it.
#[tokio::test]
async fn b_16_a_shipped_order_is_told_to_its_customer_once() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let mut rules = open_hours();
    rules["per_number_a_day"] = json!(0);
    let (provider, channel, _) = sms(&admin, rules).await;
    let who = customer(&admin).await;
    let program = program(&server, &admin, &["order_write", "order_read"]).await;
    let brought = json!([order("YQ-2001", json!({ "customer_external_id": "c77" })), order("", json!({})),]);
    let answer =
        fine(program.clone().with("idempotency-key", "day-1").post("/orders/import", brought.clone()).await);
    assert_eq!((&answer["created"], &answer["wrong"][0]["place"]), (&json!(1), &json!(1)), "{answer}");
    let answer = fine(program.post("/orders/import", brought).await);
    assert_eq!((&answer["created"], &answer["same"]), (&json!(0), &json!(1)), "{answer}");

    let left = json!({
        "carrier": "顺丰", "tracking": "SF100200", "eta": now() + DAY / 2,
        "events": [{ "id": "e1", "what": "shipped", "happened_at": now() - 1_000, "place": "深圳" }],
    });
    let first = fine(program.post("/orders/YQ-2001/shipments", left.clone()).await);
    assert_eq!(
        (&first["order"]["state"], &first["order"]["order"]["customer"]),
        (&json!("shipped"), &json!(who))
    );
    let told = provider.answer(200, r#"{"code":0,"mid":"x1"}"#).await.json();
    let text = told["content"].as_str().unwrap();
    assert!(text.starts_with("【应答】您的订单 YQ-2001 已发货：顺丰 SF100200，预计 "), "{text}");
    let again = fine(program.post("/orders/YQ-2001/shipments", left).await);
    assert_eq!(again["order"]["shipments"][0]["events"].as_array().unwrap().len(), 1);
    // What comes next is the next word, so that nothing was said in between.
    let there = json!({ "tracking": "SF100200", "events": [{ "id": "e2", "what": "delivered", "happened_at": now() }] });
    fine(program.post("/orders/YQ-2001/shipments", there).await);
    let told = provider.answer(200, r#"{"code":0,"mid":"x2"}"#).await.json();
    assert!(told["content"].as_str().unwrap().contains("已送达"), "{told}");
    let it = admin.eventually("/orders/YQ-2001", |it| it["order"]["notices"][1]["sent_at"].is_i64()).await;
    assert_eq!(it["order"]["notices"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&it["order"]["state"], &it["order"]["notices"][0]["channel"]),
        (&json!("delivered"), &json!(channel))
    );

    // The last digits, typed into the search for customers, find who ordered.
    let found = fine(admin.get("/customers?q=2001").await);
    assert_eq!(found["items"][0]["id"], who, "{found}");
    let out = json!({ "medium": "sms", "out": true });
    assert!(admin.put(&format!("/customers/{who}/opt-out"), out).await.status.is_success());
    new_order(&admin, "YQ-2002", json!({})).await;
    let left = json!({ "tracking": "SF2", "events": [{ "what": "shipped" }] });
    fine(program.post("/orders/YQ-2002/shipments", left).await);
    let it =
        admin.eventually("/orders/YQ-2002", |it| it["order"]["notices"][0]["undeliverable"] == true).await;
    assert_eq!(it["order"]["notices"][0]["sent_at"], Value::Null);
    // Whoever may not see orders sees none.
    let other = self::program(&server, &admin, &["ticket_read"]).await;
    assert_eq!(other.get("/orders").await.status, StatusCode::FORBIDDEN);
}

/// B-17, K-16: out of stock opens one ticket, the substitutes stand side by side, one is offered, and what is arranged
/// closes the ticket within its day.
#[tokio::test]
async fn b_17_out_of_stock_is_one_ticket_and_rearranged_counts_for_k_16() {
    let (server, admin) = Server::set_up().await;
    let agent = shop(&server, &admin).await;
    customer(&admin).await;
    new_order(&admin, "YQ-3001", json!({})).await;
    let gone = json!({ "what": "stock", "sku": "FRYER-4", "text": "仓库无货" });
    for _ in 0..2 {
        fine(agent.post("/orders/YQ-3001/exception", gone.clone()).await);
    }
    let it =
        admin.eventually("/orders/YQ-3001", |it| it["order"]["exceptions"][0]["ticket"].is_string()).await;
    assert_eq!(it["order"]["exceptions"].as_array().unwrap().len(), 1, "reported twice is one");
    let ticket = it["order"]["exceptions"][0]["ticket"].as_str().unwrap().to_owned();
    let tickets = fine(agent.get("/tickets").await);
    assert_eq!(tickets["items"].as_array().unwrap().len(), 1, "and so is its ticket");
    let case = fine(agent.get(&format!("/tickets/{ticket}")).await);
    let values = &case["values"];
    assert_eq!((&values["order_no"], &values["exception"]), (&json!("YQ-3001"), &json!("stock")), "{case}");
    let of_ticket = fine(agent.get(&format!("/orders?ticket={ticket}")).await);
    assert_eq!(of_ticket["items"][0]["order"]["id"], it["order"]["id"]);

    let key = it["order"]["exceptions"][0]["key"].as_str().unwrap().to_owned();
    let offers = fine(agent.get(&format!("/orders/YQ-3001/substitutes?exception={key}")).await);
    let seen: Vec<_> = offers.as_array().unwrap().iter().map(|it| &it["substitute"]).collect();
    assert_eq!(
        (&seen[0]["sku"], &seen[0]["difference"], &seen[0]["enough"]),
        (&json!("FRYER-5"), &json!(4_000), &json!(true))
    );
    assert_eq!(
        seen[0]["differs"],
        json!([
            { "name": "容量", "had": "4 L", "has": "5 L" }, { "name": "颜色", "had": "白", "has": "黑" },
        ])
    );
    assert_eq!((&seen[1]["sku"], &seen[1]["enough"]), (&json!("FRYER-3"), &json!(false)));
    let text = offers[0]["text"].as_str().unwrap();
    assert!(text.contains("单价高 40.00 元"), "{text}");
    let offer = json!({ "exception": key, "sku": "FRYER-5", "text": text });
    let offered = fine(agent.post("/orders/YQ-3001/offer", offer).await);
    assert_eq!(offered["order"]["exceptions"][0]["offers"][0]["sku"], "FRYER-5");
    let case = fine(agent.get(&format!("/tickets/{ticket}")).await);
    assert_eq!(case["state"], "contacting", "an offer without a date waits for one: {case}");
    let none = json!({ "exception": key, "sku": "FRYER-9", "text": "x" });
    assert_eq!(agent.post("/orders/YQ-3001/offer", none).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let mut agreed = json!({ "exception": key, "substitute": "FRYER-5", "agreed": true, "compensation": 2_000, "text": "差价由我方承担" });
    let early = agent.post("/orders/YQ-3001/arrange", agreed.clone()).await;
    assert_eq!(
        early.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "the ticket asks for the new date: {}",
        early.text
    );
    let still = fine(agent.get("/orders/YQ-3001").await);
    assert_eq!(still["order"]["exceptions"][0]["arranged"], Value::Null);
    agreed["promised_at"] = json!(now() + 2 * DAY);
    let done = fine(agent.post("/orders/YQ-3001/arrange", agreed.clone()).await);
    assert_eq!(
        (&done["troubled"], &done["order"]["order"]["lines"][0]["sku"]),
        (&json!(false), &json!("FRYER-5"))
    );
    assert_eq!(agent.post("/orders/YQ-3001/arrange", agreed).await.code(), "closed");
    let case = fine(agent.get(&format!("/tickets/{ticket}")).await);
    assert_eq!((&case["state"], &case["values"]["compensation"]), (&json!("rearranged"), &json!("20.00")));
    let all = fine(admin.get("/indicators").await);
    let k_16 = all.as_array().unwrap().iter().find(|it| it["key"] == "K-16").unwrap();
    assert_eq!((&k_16["good"], &k_16["all"]), (&json!(1), &json!(1)), "{k_16}");
}

/// B-17: what was promised and is not there opens a ticket by itself, once, also after a restart; without a kind for it
/// there is none, and nothing breaks.
#[tokio::test]
async fn b_17_a_date_that_passes_opens_a_ticket_by_itself() {
    let (server, admin) = Server::set_up().await;
    new_order(&admin, "YQ-4000", json!({ "promised_at": now() - 1 })).await;
    let it = admin
        .eventually("/orders/YQ-4000", |it| it["order"]["exceptions"][0]["without_ticket"] == true)
        .await;
    assert_eq!(it["order"]["exceptions"][0]["what"], "delay");
    let agent = shop(&server, &admin).await;
    new_order(&admin, "YQ-4001", json!({ "promised_at": now() + 300 })).await;
    let it =
        admin.eventually("/orders/YQ-4001", |it| it["order"]["exceptions"][0]["ticket"].is_string()).await;
    assert!(
        it["order"]["exceptions"][0]["since_at"].as_i64().unwrap()
            >= it["order"]["order"]["promised_at"].as_i64().unwrap()
    );
    let late = fine(agent.get("/orders?troubled=true&sort=due").await);
    assert_eq!(late["items"].as_array().unwrap().len(), 2);
    let log = fine(agent.get("/orders/YQ-4001/history").await);
    let found = log["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "order_exception_found");
    assert_eq!(found.count(), 1);
    let taken = admin.post("/orders", order("yq-4001", json!({}))).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", taken.text);
    let table = admin.get("/orders/export?format=csv").await;
    assert!(table.text.contains("YQ-4001") && table.text.contains("延误"), "{}", table.text);
}

/// B-16: without a door of SMS the customer is told by mail, by a machine that wants no answer, and not at all once they
/// want none of it.
#[tokio::test]
async fn b_16_a_shipped_order_is_told_by_mail() {
    let servers = mail::Servers::shared();
    let (help, wang) = servers.dovecot.pair();
    let (_server, admin) = Server::set_up_with(&OPEN).await;
    mail::channel(&admin, mail::setup(&help, servers.dovecot.imap(), servers.postfix.smtp())).await;
    set_up(&admin, "portal", json!({})).await;
    let mut mailbox = Mailbox::open(&servers.dovecot, &wang).await;
    let card = json!({ "name": "王芳", "phone": "13800138000", "email": wang });
    let who = fine(admin.post("/customers", card).await)["id"].as_str().unwrap().to_owned();
    new_order(&admin, "YQ-3001", json!({})).await;
    let left = json!({ "carrier": "顺丰", "tracking": "SF300", "events": [{ "what": "shipped" }] });
    fine(admin.post("/orders/YQ-3001/shipments", left).await);
    let told = mailbox.next_in_time().await;
    let text = told.body_text(0).unwrap().into_owned();
    assert!(text.contains("您的订单 YQ-3001 已发货：顺丰 SF300"), "{text}");
    assert!(text.contains("/portal"), "and where they find it by themselves: {text}");
    assert_eq!(told.from().unwrap().first().unwrap().address(), Some(help.as_str()));
    assert_eq!(header(&told, "Auto-Submitted"), "auto-generated", "machines do not answer it");
    let it = admin.eventually("/orders/YQ-3001", |it| it["order"]["notices"][0]["sent_at"].is_i64()).await;
    assert_eq!(it["order"]["notices"].as_array().unwrap().len(), 1);
    let out = json!({ "medium": "mail", "out": true });
    assert!(admin.put(&format!("/customers/{who}/opt-out"), out).await.status.is_success());
    new_order(&admin, "YQ-3002", json!({})).await;
    fine(
        admin
            .post(
                "/orders/YQ-3002/shipments",
                json!({ "tracking": "SF301", "events": [{ "what": "shipped" }] }),
            )
            .await,
    );
    admin.eventually("/orders/YQ-3002", |it| it["order"]["notices"][0]["undeliverable"] == true).await;
    assert_eq!(mailbox.count().await, 1);
}

/// B-16: the kind of ticket that the settings choose for exceptions of orders stays while they do.
#[tokio::test]
async fn b_16_the_kind_that_the_settings_choose_is_not_deleted() {
    let (server, admin) = Server::set_up().await;
    shop(&server, &admin).await;
    let kinds = fine(admin.get("/records/ticket_type").await);
    let kind = kinds["items"].as_array().unwrap().iter().find(|it| it["record"]["prefix"] == "DD").unwrap();
    set_up(&admin, "orders", json!({ "exception": kind["id"] })).await;
    let at = format!("/records/ticket_type/{}", kind["id"].as_str().unwrap());
    let delete = async || {
        let version = format!("\"{}\"", fine(admin.get(&at).await)["version"]);
        admin.clone().with("if-match", &version).delete(&at).await
    };
    let refused = delete().await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "in_use"), "{}", refused.text);
    assert!(refused.text.contains("订单异常开成"), "{}", refused.text);
    set_up(&admin, "orders", json!({ "exception": null })).await;
    let other = delete().await;
    assert!(!other.text.contains("订单异常开成"), "{}", other.text);
}

/// B-15, B-17: orders and goods come out of tables whose columns somebody named: tried first, with every wrong line and
/// why; brought twice they say the same; a table of states changes states only.
#[tokio::test]
async fn b_15_orders_and_goods_come_out_of_tables() {
    let (server, admin) = Server::set_up().await;
    customer(&admin).await;
    let mut table = String::from("订单号,下单时间,货号,商品名称,数量,单价,收货人,电话,地址,客户编号\n");
    for n in 0..150 {
        table.push_str(&format!(
            "T-{n},2026/11/1 10:{:02},A-1,杯子,2,¥29.90,王芳,13800138000,深圳市南山区科技园路1号,C77\n",
            n % 60
        ));
        table.push_str(&format!("T-{n},,B-1,勺子,1,5,,,,\n"));
    }
    table.push_str("T-900,昨天,A-1,杯子,两个,29.90,,,,\n,,A-1,杯子,1,1,,,,\n");
    let file = upload(&server, &admin, "orders.csv", table.as_bytes()).await;
    let looked = fine(admin.post("/orders/table/look", json!({ "file": file })).await);
    let columns = looked["columns"].clone();
    assert_eq!(
        columns,
        json!([
            "number",
            "placed_at",
            "sku",
            "goods",
            "quantity",
            "price",
            "receiver_name",
            "receiver_phone",
            "receiver_address",
            "customer_no"
        ])
    );
    let bring = async |what: &str, file: &str, columns: &Value, trial: bool| {
        let (mut from, mut told, mut rejected) = (json!(0), [0; 3], vec![]);
        while !from.is_null() {
            let body = json!({ "file": file, "columns": columns, "from": from, "trial": trial });
            let piece = fine(admin.post(what, body).await);
            for (sum, key) in told.iter_mut().zip(["created", "changed", "same"]) {
                *sum += piece[key].as_u64().unwrap();
            }
            rejected.extend(piece["rejected"].as_array().unwrap().clone());
            from = piece["next"].clone();
        }
        (told, rejected)
    };
    let wrong = admin.post("/orders/table", json!({ "file": file, "columns": ["sku"] })).await;
    assert_eq!(wrong.body["fields"][0]["field"], "columns", "{}", wrong.text);
    let (told, rejected) = bring("/orders/table", &file, &columns, true).await;
    assert_eq!((told, rejected.len()), ([150, 0, 0], 2));
    assert_eq!(fine(admin.get("/orders").await)["items"], json!([]), "it was only tried");
    let (told, rejected) = bring("/orders/table", &file, &columns, false).await;
    assert_eq!((told, rejected.len()), ([150, 0, 0], 2), "{rejected:?}");
    assert_eq!(rejected[0]["line"], 302);
    assert!(rejected[0]["why"].as_str().unwrap().contains("placed_at"), "{rejected:?}");
    let (told, _) = bring("/orders/table", &file, &columns, false).await;
    assert_eq!(told, [0, 0, 150], "brought twice it says the same");
    let it = fine(admin.get("/orders/T-7").await);
    assert_eq!(it["order"]["order"]["lines"].as_array().unwrap().len(), 2);
    assert_eq!((&it["order"]["order"]["amount"], &it["customer_name"]), (&json!(6_480), &json!("王芳")));
    let file = upload(&server, &admin, "states.csv", "订单号,状态\nT-7,已发货\n".as_bytes()).await;
    let (told, _) = bring("/orders/table", &file, &json!(["number", "state"]), false).await;
    assert_eq!(told, [0, 1, 0]);
    let after = fine(admin.get("/orders/T-7").await);
    assert_eq!(
        (&after["order"]["state"], &after["order"]["order"]["lines"]),
        (&json!("shipped"), &it["order"]["order"]["lines"])
    );

    let goods = "货号,名称,售价,库存,颜色,替代商品\nA-1,杯子,29.90,7,白,B-1\nB-1,勺子,5,0,,\nA-1,,39.90,,,\nC-1,,1,1,,\n";
    let file = upload(&server, &admin, "goods.csv", goods.as_bytes()).await;
    let columns = fine(admin.post("/products/table/look", json!({ "file": file })).await)["columns"].clone();
    assert_eq!(columns[4], json!({ "attribute": "颜色" }));
    let (tried, _) = bring("/products/table", &file, &columns, true).await;
    let (told, rejected) = bring("/products/table", &file, &columns, false).await;
    assert_eq!((tried, told, rejected.len()), ([2, 1, 0], [2, 1, 0], 1), "{rejected:?}");
    let cup = fine(admin.get("/products/A-1").await)["product"].clone();
    assert_eq!((&cup["name"], &cup["price"], &cup["stock"]), (&json!("杯子"), &json!(3_990), &json!(7)));
    let (agent, _) = hire(&server, &admin, "audit", "R-19").await;
    let denied = agent.post("/orders/table/look", json!({ "file": file })).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
}
