//! A full mailbox: how fast its mails become conversations, and what large ones cost in memory.

use crate::{
    Result,
    api::World,
    clock,
    server::{Folder, Server},
    spread::rounded,
};
use clap::Args;
use reqwest::{Method, header};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use yingda_peers::Dovecot;

#[derive(Args, Clone, Debug)]
pub struct Mail {
    /// Small mails, each of a customer of its own.
    #[arg(long, default_value_t = 5_000)]
    count: usize,
    /// Mails with a large attachment, afterwards.
    #[arg(long, default_value_t = 20)]
    big: usize,
    #[arg(long, default_value_t = 25)]
    big_mb: usize,
}

/// Whoever brings nothing for so long brings nothing any more.
const DEAF: Duration = Duration::from_secs(120);

impl Mail {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let settings = [("YINGDA_OUTGOING_PRIVATE_NETWORKS".to_owned(), "127.0.0.0/8".to_owned())];
        let server = Server::start_as(folder.path(), &settings).await?;
        let token = server.set_up_token().await?;
        let world = World::set_up(server.address, &token, 1, 10).await?;
        let dovecot = Dovecot::new(None);
        let (address, _) = dovecot.pair();
        let mailbox = Mailbox::new(&world, &dovecot, &address).await?;

        // What lies in a mailbox before it is first looked at stays there, so it is filled while nobody looks.
        mailbox.switch(false).await?;
        dovecot.fill(&address, (0..self.count).map(|n| small(n, &address)));
        let rss_before = server.rss_mib()?;
        server.reset_peak()?;
        let began = clock::now();
        mailbox.switch(true).await?;
        let ended = mailbox.all(self.count).await?;
        let (seconds, rss) = ((ended - began).as_secs_f64(), server.peak_mib()?);

        mailbox.switch(false).await?;
        dovecot.fill(&address, (0..self.big).map(|n| big(n, &address, self.big_mb)));
        server.reset_peak()?;
        mailbox.switch(true).await?;
        mailbox.all(self.count + self.big).await?;
        let big_rss = server.peak_mib()?;

        server.stop().await?;
        let found = subjects(folder.path())?;
        let expected = (0..self.count).map(subject).chain((0..self.big).map(big_subject));
        let lost = expected.filter(|it| !found.contains_key(it)).count();
        Ok(json!({
            "taken": found.values().sum::<usize>(),
            "in_per_s": rounded(self.count as f64 / seconds),
            "rss_before_mib": rounded(rss_before),
            "rss_mib": rounded(rss),
            "big_rss_mib": rounded(big_rss),
            "lost": lost,
            "doubled": found.values().filter(|times| **times > 1).count(),
        }))
    }
}

/// A mail channel, switched on and off.
struct Mailbox<'a> {
    world: &'a World,
    id: String,
}

impl<'a> Mailbox<'a> {
    /// Looks into the mailbox once.
    async fn new(world: &'a World, dovecot: &Dovecot, address: &str) -> Result<Mailbox<'a>> {
        let server = |port: u16| json!({ "host": "127.0.0.1", "port": port, "security": "none" });
        // Nothing is sent in this measurement, so nobody listens where it would go.
        let setup = json!({
            "type": "mail", "address": address, "login": address, "imap": server(dovecot.imap()), "smtp": server(9),
        });
        let record = json!({
            "kind": "channel", "name": { "zh": "mail", "en": "" }, "enabled": true, "queue": world.queue,
            "setup": setup,
        });
        let made = world.admin.send(Method::POST, "/records/channel", Some(&record)).await?.bytes().await?;
        let made: Value = serde_json::from_slice(&made)?;
        let id = made["id"].as_str().ok_or("a channel has an id")?.to_owned();
        let secrets = json!({ "password": Dovecot::PASSWORD });
        world.admin.send(Method::PUT, &format!("/channels/{id}/secrets"), Some(&secrets)).await?;
        let mailbox = Mailbox { world, id };
        let give_up = clock::now() + DEAF;
        while mailbox.now().await?["inward"]["error"] != "" {
            if clock::now() > give_up {
                return Err(format!("the mailbox is not read: {}", mailbox.now().await?).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(mailbox)
    }

    async fn now(&self) -> Result<Value> {
        let all = self.world.admin.get("/channels").await?;
        let found = all.as_array().and_then(|all| all.iter().find(|it| it["id"] == self.id.as_str()));
        Ok(found.ok_or("the channel is there")?.clone())
    }

    async fn switch(&self, on: bool) -> Result<()> {
        let path = format!("/records/channel/{}", self.id);
        let answer = self.world.admin.send(Method::GET, &path, None).await?;
        let version = answer.headers().get(header::ETAG).ok_or("a record has a version")?.clone();
        let mut record: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let mut record = record["record"].take();
        record["enabled"] = on.into();
        self.world.admin.replace(&path, version.to_str()?, &record).await
    }

    /// Until so many became conversations; when the last one did.
    async fn all(&self, count: usize) -> Result<Instant> {
        let (mut done, mut since) = (0, clock::now());
        loop {
            let now = self.now().await?;
            let (came, failed) = (&now["inbox"]["done"], &now["inbox"]["failed"]);
            let came = came.as_u64().unwrap_or_default();
            if came >= count as u64 {
                return Ok(clock::now());
            }
            if came > done {
                (done, since) = (came, clock::now());
            }
            if clock::ms_since(since) > DEAF.as_secs_f64() * 1_000.0 {
                return Err(format!("{done} of {count} came, {failed} failed: {}", now["inward"]).into());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

fn subject(n: usize) -> String {
    format!("Order {n}")
}

fn big_subject(n: usize) -> String {
    format!("Photos {n}")
}

fn head(from: &str, to: &str, subject: &str) -> String {
    format!(
        "From: Customer <{from}>\nTo: {to}\nSubject: {subject}\nDate: Fri, 20 Nov 2026 10:00:00 +0800\n\
         Message-ID: <{}@kunde.example>\nMIME-Version: 1.0\n",
        subject.replace(' ', ".")
    )
}

fn small(n: usize, to: &str) -> Vec<u8> {
    let text = "Where is my order? It should have been here yesterday.\n".repeat(10);
    let head = head(&format!("c{n}@kunde.example"), to, &subject(n));
    format!("{head}Content-Type: text/plain; charset=utf-8\n\n{text}").into_bytes()
}

/// Each attachment is another, as the same content is kept once.
fn big(n: usize, to: &str, mb: usize) -> Vec<u8> {
    let head = head(&format!("b{n}@kunde.example"), to, &big_subject(n));
    let mut mail = format!(
        "{head}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the photos.\n--b\n\
         Content-Type: application/octet-stream; name=photos.bin\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment; filename=photos.bin\n\n"
    )
    .into_bytes();
    // Sixty characters of Base64 are 45 bytes.
    let line = format!("{n:08}{}\n", "QUJD".repeat(13));
    for _ in 0..mb * 1_000_000 / 45 {
        mail.extend_from_slice(line.as_bytes());
    }
    mail.extend_from_slice(b"--b--\n");
    mail
}

/// How often each subject stands in a conversation.
fn subjects(folder: &std::path::Path) -> Result<BTreeMap<String, usize>> {
    let store = rusqlite::Connection::open(folder.join("data").join("yingda.db"))?;
    let mut found = BTreeMap::new();
    let mut posted = store.prepare("SELECT body FROM event WHERE kind = 'message_posted'")?;
    let mut rows = posted.query([])?;
    while let Some(row) = rows.next()? {
        let event: Value = serde_json::from_slice(&row.get::<_, Vec<u8>>(0)?)?;
        if let Some(subject) = event["mail"]["subject"].as_str() {
            *found.entry(subject.to_owned()).or_default() += 1;
        }
    }
    Ok(found)
}
