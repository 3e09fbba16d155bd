//! Reports of the demo's week, read through the real server (SYS-20, SYS-26, K-01, K-04, K-39 to K-41).

use crate::support::{Answer, Folder, Person, Server, run};
use reqwest::StatusCode;
use serde_json::Value;

async fn demo() -> (Folder, Server) {
    let folder = Folder::new();
    let loaded = run(&folder.0, &["demo", "load"], &[]);
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let server = Server::start_in(&folder.0, &[]).await;
    (folder, server)
}

async fn person(server: &Server, login: &str) -> Person {
    let mut person = server.nobody();
    let answer = person.try_password(login, "yingda-demo").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    person.keep_cookie(&answer);
    person
}

/// The last hundred days by the conversations' own times, so that the test needs no clock.
async fn span(person: &Person) -> String {
    let rows = person.get("/conversations?limit=1").await;
    let last = rows.body["items"][0]["last_at"].as_i64().expect("the demo has conversations");
    format!("from={}&to={}", last - 90 * 86_400_000, last + 86_400_000)
}

fn figure(report: &Value, line: &Value, key: &str) -> Option<f64> {
    let columns = report["columns"].as_array().unwrap();
    let place = columns.iter().position(|column| column["key"] == key).unwrap();
    line[place].as_f64()
}

/// The job counts the log soon after the start; every answer until then is a shorter, true report.
pub async fn counted(person: &Person, path: &str, least: f64) -> Answer {
    for _ in 0..2_000 {
        let answer = person.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        if figure(&answer.body, &answer.body["total"], "contacts") >= Some(least) {
            return answer;
        }
    }
    panic!("the facts of the demo never came");
}

#[tokio::test]
async fn a_report_counts_contacts_once_and_prints_its_formulas() {
    let (_folder, server) = demo().await;
    let lead = person(&server, "zhoumin").await;
    let span = span(&lead).await;
    let report = counted(&lead, &format!("/reports/live?by=queue&{span}&level=f3"), 400.0).await.body;
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.len() >= 3, "{rows:?}");
    let sum = |key: &str| rows.iter().filter_map(|row| figure(&report, &row["cells"], key)).sum::<f64>();
    let total = |key: &str| figure(&report, &report["total"], key).unwrap();
    assert_eq!(sum("entered"), total("entered"), "each entry belongs to one queue");
    assert!(sum("contacts") > total("contacts"), "a contact in two queues counts once for the centre");
    assert!((0.5..=1.0).contains(&total("answer_rate")));
    let levels: Vec<&Value> =
        report["columns"].as_array().unwrap().iter().filter(|it| it["key"] == "service_level_f3").collect();
    assert_eq!(levels[0]["formula"]["en"], "F3 = answered in time ÷ (answered + abandoned)");

    let agents = lead.get(&format!("/reports/live?by=agent&{span}")).await.body;
    assert_eq!(agents["rows"].as_array().unwrap().len(), 6);
    let peak = figure(&agents, &agents["total"], "concurrency_peak").unwrap();
    assert!((2.0..=4.0).contains(&peak), "nobody held more than the limit: {peak}");
    let too_long = lead.get("/reports/live?by=hour&from=0&to=9000000000000").await;
    assert_eq!(too_long.status, StatusCode::BAD_REQUEST, "{}", too_long.text);
}

#[tokio::test]
async fn everyone_sees_figures_of_their_own_scope_only() {
    let (_folder, server) = demo().await;
    let lead = person(&server, "zhoumin").await;
    let span = span(&lead).await;
    counted(&lead, &format!("/reports/live?by=queue&{span}"), 400.0).await;

    let agent = person(&server, "limin").await;
    let own = agent.get(&format!("/reports/live?by=agent&{span}")).await.body;
    let names: Vec<&Value> = own["rows"].as_array().unwrap().iter().map(|row| &row["name"]["zh"]).collect();
    assert_eq!(names, ["李敏"]);
    let export = agent.get(&format!("/reports/live?by=agent&{span}&format=csv")).await;
    assert_eq!((export.status, export.code()), (StatusCode::FORBIDDEN, "forbidden"));
    assert_eq!(server.nobody().get("/reports/live?by=agent").await.status, StatusCode::UNAUTHORIZED);

    let csv = lead.get(&format!("/reports/live?by=agent&{span}&format=csv")).await;
    assert!(csv.text.contains("李敏") && csv.text.contains("合计"), "{}", csv.text);
    let xlsx = lead.get(&format!("/reports/live?by=agent&{span}&format=xlsx")).await;
    assert!(xlsx.header("content-disposition").contains(".xlsx"));
    let auditor = person(&server, "hejing").await;
    let trace = auditor.get("/audit?kind=exported").await;
    assert_eq!(trace.body["items"].as_array().unwrap().len(), 2, "each export leaves a trace");
}
