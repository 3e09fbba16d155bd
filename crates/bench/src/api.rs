//! The HTTP side: an administrator, agents, and what they set up before a measurement.

use crate::{Result, clock, fill::Cast};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::task::JoinSet;
use yingda_core::{
    access::{Action, Grant, Scope},
    config::{Line, Queue, Record, Role, User, Widget},
    id::{LineId, QueueId, RecordId, RoleId, UserId, WidgetId},
    lang::Text,
    medium::Medium,
};
use yingda_wire::http::{SetPassword, SetUp, SignIn, Stored};

const PASSWORD: &str = "bench-Passw0rd-long";

/// A caller with its session.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    address: SocketAddr,
    pub cookie: String,
}

impl Api {
    pub fn new(address: SocketAddr) -> Result<Api> {
        let client = Client::builder().no_proxy().local_address(IpAddr::V4(Ipv4Addr::LOCALHOST)).build()?;
        Ok(Api { client, address, cookie: String::new() })
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<reqwest::Response> {
        self.ask(method, path, body, None).await
    }

    /// Replaces what has this version.
    pub async fn replace(&self, path: &str, version: &str, body: &Value) -> Result<()> {
        self.ask(Method::PUT, path, Some(body), Some(version)).await.map(drop)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        version: Option<&str>,
    ) -> Result<reqwest::Response> {
        let mut request =
            self.client.request(method.clone(), format!("http://{}/api/v1{path}", self.address));
        if !self.cookie.is_empty() {
            request = request.header("cookie", &self.cookie).header("x-yingda", "1");
        }
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        Err(format!("{method} {path} was answered {status}: {}", response.text().await?).into())
    }

    /// Uploads a file; its id.
    pub async fn upload(&self, form: reqwest::multipart::Form) -> Result<String> {
        let request = self.client.post(format!("http://{}/api/v1/files", self.address));
        let request = request.header("cookie", &self.cookie).header("x-yingda", "1").multipart(form);
        let stored: Value =
            serde_json::from_slice(&request.send().await?.error_for_status()?.bytes().await?)?;
        Ok(stored["id"].as_str().ok_or("an upload has an id")?.to_owned())
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        let bytes = self.send(Method::GET, path, None).await?.bytes().await?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// With how long it took, in milliseconds.
    pub async fn timed(&self, path: &str) -> Result<(Value, f64)> {
        let start = clock::now();
        let found = self.get(path).await?;
        Ok((found, clock::ms_since(start)))
    }

    /// The same caller with the session of this login.
    pub async fn sign_in(&self, login: &str) -> Result<Api> {
        let body = json!(SignIn { login: login.into(), password: PASSWORD.into(), code: None });
        let response = self.send(Method::POST, "/session", Some(&body)).await?;
        let cookies = response.headers().get_all("set-cookie").iter().filter_map(|it| it.to_str().ok());
        let cookie = cookies
            .filter_map(|it| it.split(';').next())
            .find(|it| it.starts_with("yingda_session="))
            .ok_or("signing in gave no session cookie")?;
        Ok(Api { cookie: cookie.to_owned(), ..self.clone() })
    }

    pub async fn make(&self, record: Record) -> Result<RecordId> {
        let path = format!("/records/{}", record.kind().as_str());
        let response = self.send(Method::POST, &path, Some(&json!(record))).await?;
        let stored: Stored = serde_json::from_slice(&response.bytes().await?)?;
        Ok(stored.id)
    }
}

/// What visitors and agents need before they can talk.
#[derive(Clone, Debug)]
pub struct World {
    pub admin: Api,
    pub widget: WidgetId,
    pub queue: QueueId,
    pub line: LineId,
    pub agents: Vec<Agent>,
}

#[derive(Clone, Debug)]
pub struct Agent {
    pub id: UserId,
    pub cookie: String,
}

impl World {
    /// Sets up an empty server: an administrator, a queue, a widget, and agents who are signed in.
    pub async fn set_up(address: SocketAddr, token: &str, agents: usize, chats_each: usize) -> Result<World> {
        let nobody = Api::new(address)?;
        let set_up = SetUp {
            token: token.into(),
            company: "Bench".into(),
            login: "admin".into(),
            name: "Admin".into(),
            password: PASSWORD.into(),
        };
        nobody.send(Method::POST, "/setup", Some(&json!(set_up))).await?;
        let admin = nobody.sign_in("admin").await?;
        let text = || Text::new("压测", "Bench");
        let line = admin.make(Record::Line(Line { name: text(), zone: "Asia/Shanghai".into() })).await?;
        let serve = [Action::ConversationServe, Action::ConversationRead];
        let grants = serve.map(|action| Grant { action, scope: Scope::Own }).to_vec();
        let role = admin
            .make(Record::Role(Role { name: text(), code: "bench".into(), grants, masks: vec![] }))
            .await?;
        let queue = admin
            .make(Record::Queue(Queue {
                name: text(),
                line: line.into(),
                idle_warn_s: 86_000,
                idle_close_s: 86_400,
                ..Queue::default()
            }))
            .await?;
        let widget = admin
            .make(Record::Widget(Widget {
                name: text(),
                line: line.into(),
                queue: queue.into(),
                ..Widget::default()
            }))
            .await?;
        let mut world =
            World { admin, widget: widget.into(), queue: queue.into(), line: line.into(), agents: vec![] };
        world.hire(role.into(), agents, chats_each).await?;
        Ok(world)
    }

    /// Whom filled-in conversations are about.
    pub fn cast(&self) -> Cast {
        let agents = self.agents.iter().map(|agent| agent.id).collect();
        Cast { line: self.line, widget: self.widget, queue: self.queue, agents }
    }

    /// A queue that nobody serves.
    pub async fn quiet_queue(&self) -> Result<QueueId> {
        let quiet = Text::new("无人值守", "Quiet");
        let absent = User { login: "absent".into(), name: "Absent".into(), ..User::default() };
        let users = vec![self.admin.make(Record::User(absent)).await?.into()];
        let queue = Queue { name: quiet, line: self.line, users, ..Queue::default() };
        Ok(self.admin.make(Record::Queue(queue)).await?.into())
    }

    /// Passwords are slow to hash on purpose, so all at once, and before anything is measured.
    async fn hire(&mut self, role: RoleId, agents: usize, chats_each: usize) -> Result<()> {
        let mut hired = JoinSet::new();
        let limit = u8::try_from(chats_each.min(30))?;
        for number in 0..agents {
            let admin = self.admin.clone();
            hired.spawn(async move {
                let login = format!("agent{number}");
                let user = User {
                    login: login.clone(),
                    name: login.clone(),
                    roles: vec![role],
                    limits: [(Medium::Chat, limit)].into(),
                    ..User::default()
                };
                let id = UserId::from(admin.make(Record::User(user)).await?);
                let password = json!(SetPassword { password: PASSWORD.into() });
                admin.send(Method::POST, &format!("/users/{id}/password"), Some(&password)).await?;
                let cookie = admin.sign_in(&login).await?.cookie;
                Result::<Agent>::Ok(Agent { id, cookie })
            });
        }
        while let Some(agent) = hired.join_next().await {
            self.agents.push(agent??);
        }
        Ok(())
    }
}
