//! Leads (B-46): handed out in turns, taken back from who does not write in time, and seen only by whom they concern.

use crate::office::{hire, set_up};
use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn lead(person: &Person, values: Value) -> String {
    let made = person.post("/leads", values).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn act(person: &Person, lead: &str, act: Value) -> Value {
    let at = format!("/leads/{lead}");
    let found = person.get(&at).await;
    let done = person.clone().with("if-match", found.header("etag")).post(&format!("{at}/acts"), act).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    done.body
}

async fn owner(person: &Person, lead: &str, who: &str) -> Value {
    person.eventually(&format!("/leads/{lead}"), |body| body["owner"] == who).await
}

fn log(lead: &Value) -> Vec<(&str, Option<&str>)> {
    let notes = lead["notes"].as_array().unwrap();
    notes.iter().map(|it| (it["what"].as_str().unwrap(), it["person"].as_str())).collect()
}

/// Lets the time of a lead pass: nobody waits for minutes.
fn run_out(folder: &Folder, lead: &str) {
    let store = rusqlite::Connection::open(folder.0.join("yingda.db")).unwrap();
    let changed = store
        .execute(
            "UPDATE lead SET reclaim_at = 1 WHERE id = ?1 AND reclaim_at > 1",
            [lead.parse::<i64>().unwrap()],
        )
        .unwrap();
    assert_eq!(changed, 1, "it has a time that can run out");
}

/// B-46: a lead that nobody touched is taken back and goes to the next, both are written down and the people told; a
/// contact that was written down gives more time; over a restart as well.
#[tokio::test]
async fn b_46_an_untouched_lead_goes_to_the_next() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let (anna, a) = hire(&server, &admin, "anna", "R-06").await;
    let (bert, b) = hire(&server, &admin, "bert", "R-06").await;
    let people = json!([{ "user": a, "areas": [] }, { "user": b, "areas": [] }]);
    set_up(&admin, "leads", json!({ "people": people, "first_min": 30, "again_min": 600 })).await;

    let first =
        lead(&admin, json!({ "name": "周先生", "phone": "13811112222", "message": "想办年卡" })).await;
    let given = owner(&admin, &first, &a).await;
    assert_eq!((log(&given), &given["status"]), (vec![("given", Some(a.as_str()))], &json!("claimed")));
    let second = lead(&admin, json!({ "name": "吴女士", "email": "wu@example.com" })).await;
    owner(&admin, &second, &b).await;

    run_out(&folder, &first);
    let passed_on = owner(&admin, &first, &b).await;
    let story = [("given", Some(a.as_str())), ("reclaimed", Some(a.as_str())), ("given", Some(b.as_str()))];
    assert_eq!(log(&passed_on), story);
    assert_eq!(
        anna.get(&format!("/leads/{first}")).await.status,
        StatusCode::NOT_FOUND,
        "it is another's now"
    );

    let heard = admin.get("/audit?kind=lead_told&limit=10").await.body;
    let heard = heard["items"].as_array().unwrap().iter();
    let told: Vec<_> =
        heard.map(|it| (it["event"]["on"]["user"].clone(), it["event"]["what"].clone())).collect();
    for told_of in [(json!(a), json!("reclaimed")), (json!(b), json!("given"))] {
        assert!(told.contains(&told_of), "{told:?}");
    }

    // One contact, and there are ten hours for the next.
    let touched = act(&bert, &first, json!({ "act": "contact", "text": "已通话，周五来店" })).await;
    let (at, until) = (touched["touched_at"].as_i64().unwrap(), touched["reclaim_at"].as_i64().unwrap());
    assert_eq!(until - at, 600 * 60_000);

    // While nobody runs, the time of the second runs out; who had it before is not asked again.
    server.stop();
    run_out(&folder, &second);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    owner(&admin, &second, &a).await;
    run_out(&folder, &second);
    let free = admin.eventually(&format!("/leads/{second}"), |body| body["owner"].is_null()).await;
    assert_eq!((&free["status"], &free["reclaim_at"]), (&json!("new"), &Value::Null), "all had their chance");

    let done = act(&admin, &first, json!({ "act": "done", "answer": "已办卡" })).await;
    assert_eq!((&done["status"], &done["reclaim_at"]), (&json!("done"), &Value::Null));
    let reopened = act(&admin, &first, json!({ "act": "reopen" })).await;
    assert_eq!(reopened["status"], "claimed");
}

/// R-06, B-46: a seller sees their own leads and those that nobody has; gives one back with a reason, and judges it.
#[tokio::test]
async fn r_06_a_seller_does_not_see_the_leads_of_others() {
    let (server, admin) = Server::set_up().await;
    let (anna, a) = hire(&server, &admin, "anna", "R-06").await;
    let (bert, _) = hire(&server, &admin, "bert", "R-06").await;
    let hers = lead(&admin, json!({ "name": "周先生", "owner": a, "level": "high" })).await;
    let free = lead(&bert, json!({ "phone": "13811112222" })).await;
    let seen = async |person: &Person, query: &str| -> Vec<String> {
        let found = person.get(&format!("/leads{query}")).await;
        let items = found.body["items"].as_array().unwrap().clone();
        items.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(seen(&anna, "").await, [free.clone(), hers.clone()]);
    assert_eq!(seen(&bert, "").await, std::slice::from_ref(&free));
    assert_eq!(seen(&admin, "?owner=none").await, std::slice::from_ref(&free));
    assert_eq!(seen(&anna, "?owner=me").await, std::slice::from_ref(&hers));
    assert_eq!(seen(&admin, "?q=138111").await, std::slice::from_ref(&free));
    let taken = act(&bert, &free, json!({ "act": "take" })).await;
    assert!(taken["reclaim_at"].is_null(), "nobody set a time");
    assert_eq!(seen(&anna, "").await, std::slice::from_ref(&hers));
    let judged = act(&anna, &hers, json!({ "act": "judge", "level": null, "validity": "invalid" })).await;
    assert_eq!((&judged["level"], &judged["validity"]), (&Value::Null, &json!("invalid")));
    let back = act(&anna, &hers, json!({ "act": "release", "reason": "号码不对" })).await;
    assert_eq!(log(&back), [("given", Some(a.as_str())), ("released", Some(a.as_str()))]);
    assert_eq!(back["notes"][1]["text"], "号码不对");

    let nobody = admin.post("/leads", json!({ "message": "想办卡" })).await;
    assert_eq!(
        (nobody.code(), &nobody.body["fields"][0]["field"]),
        ("bad_value", &json!("name")),
        "{}",
        nobody.text
    );
    let stale = admin
        .clone()
        .with("if-match", "\"1\"")
        .post(&format!("/leads/{hers}/acts"), json!({ "act": "take" }))
        .await;
    assert_eq!(stale.code(), "stale");
}
