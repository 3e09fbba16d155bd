//! Customers: found among many, and brought in from a table.

use crate::{
    Result,
    api::World,
    clock, fill,
    server::{Folder, Server},
    spread::{Spread, rounded},
};
use clap::Args;
use reqwest::{Method, multipart};
use serde_json::{Value, json};
use std::time::Duration;
use yingda_core::{
    config::{Field, Record, Settings},
    customer::{Customer, CustomerSettings},
    id::{CustomerId, IdMaker},
    lang::Text,
};
use yingda_store::{Batch, Db, customer as rows};

#[derive(Args, Clone, Debug)]
pub struct Customers {
    #[arg(long, default_value_t = 1_000_000)]
    count: usize,
    /// Requests of each kind.
    #[arg(long, default_value_t = 200)]
    requests: usize,
}

#[derive(Args, Clone, Debug)]
pub struct Import {
    /// Lines of the table; three of a hundred are wrong.
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// Customers that are there before.
    #[arg(long, default_value_t = 0)]
    stored: usize,
}

const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢";
const GIVEN: &str =
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰梅红云飞鹏辉玲丹萍宇浩然子涵梓轩欣怡诗雨晨博文俊";

/// The names that a country has, spread as evenly as these letters allow.
fn name(n: usize) -> String {
    let letter = |of: &str, n: usize| of.chars().nth(n % of.chars().count()).unwrap_or('王');
    let mixed = n.wrapping_mul(2_654_435_761) >> 7;
    let mut name = String::from(letter(SURNAMES, mixed));
    name.push(letter(GIVEN, mixed / 59));
    if !mixed.is_multiple_of(3) {
        name.push(letter(GIVEN, mixed / 3_481));
    }
    name
}

fn phone(n: usize) -> String {
    format!("1{:010}", 3_000_000_000_usize + n.wrapping_mul(7_919) % 6_999_999_999)
}

fn settings() -> CustomerSettings {
    let order =
        Field { key: "order".into(), label: Text::new("最近订单", "Last order"), ..Field::default() };
    CustomerSettings { fields: vec![order], ..CustomerSettings::default() }
}

async fn office() -> Result<(Folder, std::net::SocketAddr, World)> {
    let folder = Folder::new()?;
    let server = Server::start(folder.path()).await?;
    let address = server.address;
    let mut world = World::set_up(address, &server.set_up_token().await?, 1, 5).await?;
    let found = world.admin.get("/records/settings").await?;
    let id = found["items"][0]["id"].as_str().unwrap_or_default().to_owned();
    let version = format!("\"{}\"", found["items"][0]["version"]);
    let with = Settings { customers: settings(), ..Settings::default() };
    let body = json!(Record::Settings(Box::new(with)));
    world.admin.replace(&format!("/records/settings/{id}"), &version, &body).await?;
    world.admin = world.admin.sign_in("admin").await?;
    server.stop().await?;
    Ok((folder, address, world))
}

async fn fill(folder: &Folder, count: usize) -> Result<()> {
    let db = Db::open(&format!("sqlite:{}", fill::store_file(folder.path()).display())).await?;
    let (settings, now) = (settings(), clock::wall());
    let mut ids = IdMaker::new(1, 0);
    let mut batch = Batch::default();
    for n in 0..count {
        let card = Customer {
            name: name(n),
            phone: phone(n),
            external_id: format!("C{n:07}"),
            values: [("order".to_owned(), format!("YQ{n:09}"))].into(),
            ..Customer::default()
        };
        let it = rows::Customer::new(CustomerId(ids.next(now)), card, now);
        batch.statements.extend(rows::insert(&it, &settings, now));
        if batch.statements.len() >= 20_000 {
            db.commit(std::mem::take(&mut batch)).await?;
        }
    }
    db.commit(batch).await?;
    db.close().await;
    Ok(())
}

impl Customers {
    pub async fn run(self) -> Result<Value> {
        let (folder, address, world) = office().await?;
        let start = clock::now();
        fill(&folder, self.count).await?;
        eprintln!("stored {} customers in {:.0} s", self.count, clock::ms_since(start) / 1_000.0);
        let server = Server::start_at(folder.path(), address).await?;
        let mut figures = serde_json::Map::new();
        for kind in [
            "name",
            "given",
            "pinyin",
            "initials",
            "phone",
            "phone_end",
            "phone_middle",
            "order",
            "list",
            "field",
        ] {
            let mut spans = vec![];
            for n in 0..self.requests {
                let one = n * 4_999 % self.count;
                let (name, phone) = (name(one), phone(one));
                let letters: Vec<char> = name.chars().collect();
                let query = match kind {
                    "name" => format!("q={name}"),
                    "given" => format!("q={}", letters[1..].iter().collect::<String>()),
                    "pinyin" => format!("q={}", yingda_store::sound::sound(&name)),
                    "initials" => format!("q={}", yingda_store::sound::initials(&name)),
                    "phone" => format!("q={}", &phone[..7]),
                    "phone_end" => format!("q={}", &phone[7..]),
                    "phone_middle" => format!("q={}", &phone[3..7]),
                    "order" => format!("q=YQ{one:09}"),
                    "field" => format!("field=order&value=YQ{one:09}"),
                    _ => String::new(),
                };
                let (page, ms) = world.admin.timed(&format!("/customers?limit=20&{query}")).await?;
                if page["items"].as_array().is_none_or(Vec::is_empty) {
                    return Err(format!("{kind}: {query} finds nobody").into());
                }
                spans.push(ms);
            }
            figures.insert(format!("{kind}_p95_ms"), json!(rounded(Spread::new(spans).at(0.95))));
        }
        figures.insert("server_rss_mib".into(), json!(rounded(server.rss_mib()?)));
        server.stop().await?;
        Ok(figures.into())
    }
}

impl Import {
    pub async fn run(self) -> Result<Value> {
        let (folder, address, world) = office().await?;
        fill(&folder, self.stored).await?;
        let server = Server::start_at(folder.path(), address).await?;
        let mut table = String::from("姓名,电话,编号,最近订单\n");
        let mut wrong = 0;
        for n in 0..self.count {
            let n = self.stored + n;
            let is_wrong = n % 100 < 3;
            wrong += usize::from(is_wrong);
            let phone = if is_wrong { "无".to_owned() } else { phone(n) };
            table.push_str(&format!("{},{phone},C{n:07},YQ{n:09}\n", name(n)));
        }
        let part = multipart::Part::bytes(table.into_bytes()).file_name("customers.csv");
        let file = world.admin.upload(multipart::Form::new().part("file", part)).await?;
        let body = json!({
            "file": file, "columns": ["name", "phone", "external_id", { "field": "order" }],
            "match_by": "external", "completes": true,
        });
        let start = clock::now();
        let begun = world.admin.send(Method::POST, "/customers/imports", Some(&body)).await?;
        let begun: Value = serde_json::from_slice(&begun.bytes().await?)?;
        let at = format!("/customers/imports/{}", begun["id"].as_str().unwrap_or_default());
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        let done = loop {
            ticks.tick().await;
            let now = world.admin.get(&at).await?;
            if now["state"] != "running" {
                break now;
            }
        };
        let seconds = clock::ms_since(start) / 1_000.0;
        let rss = server.rss_mib()?;
        server.stop().await?;
        Ok(json!({
            "rows_per_s": rounded(self.count as f64 / seconds),
            "rejected_reported": done["rejected"] == json!(wrong),
            "created": done["created"],
            "rejected": done["rejected"],
            "server_rss_mib": rounded(rss),
        }))
    }
}
