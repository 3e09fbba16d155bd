//! The real server in a process of its own, with a folder of its own, and people who use it.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The server's clock is the machine's.
#[expect(clippy::disallowed_methods, reason = "the test is a client with a clock of its own")]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

pub const PASSWORD: &str = "vt8-kupfer-wald";

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("yingda-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub struct Server {
    child: Child,
    pub url: String,
    /// Of the one-time link, while nobody exists.
    pub set_up_token: Option<String>,
    pub data: PathBuf,
    /// What it said until it served.
    pub printed: Vec<String>,
    folder: Option<Folder>,
}

/// Set for a server, its log lines go to this file.
pub const LOG_TO: &str = "LOG_TO";

impl Server {
    /// On an empty store.
    pub async fn start() -> Server {
        Self::start_with(&[]).await
    }

    pub async fn start_with(environment: &[(&str, &str)]) -> Server {
        let folder = Folder::new();
        let mut server = Self::start_in(&folder.0, environment).await;
        server.folder = Some(folder);
        server
    }

    pub async fn start_in(data: &Path, environment: &[(&str, &str)]) -> Server {
        Self::serve(yingda(data, environment), data, &[])
    }

    /// As `cargo xtask run` does, with the shop's data where there is nothing yet.
    pub async fn start_demo(data: &Path) -> Server {
        Self::serve(yingda(data, &[]), data, &["--demo"])
    }

    /// Waits for the last line that the server prints when it serves.
    fn serve(mut command: Command, data: &Path, more: &[&str]) -> Server {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let printed: Vec<String> =
            lines.map(Result::unwrap).take_while(|line| !line.contains("Ctrl-C")).collect();
        let after =
            |mark: &str| printed.iter().find_map(|line| Some(line.split_once(mark)?.1.trim().to_owned()));
        let url = after("listening on ").unwrap_or_else(|| panic!("the server did not start: {printed:?}"));
        let set_up_token = after("setup?token=");
        Server { child, url, set_up_token, data: data.to_owned(), printed, folder: None }
    }

    /// On an empty store, with its first administrator signed in. Their login is `admin`.
    pub async fn set_up() -> (Server, Person) {
        Self::set_up_with(&[]).await
    }

    pub async fn set_up_with(environment: &[(&str, &str)]) -> (Server, Person) {
        let server = Self::start_with(environment).await;
        let admin = server.first_administrator().await;
        (server, admin)
    }

    /// The same in a folder that outlives the process, for a test that starts it again.
    pub async fn set_up_in(data: &Path, environment: &[(&str, &str)]) -> (Server, Person) {
        let server = Self::start_in(data, environment).await;
        let admin = server.first_administrator().await;
        (server, admin)
    }

    /// Started by another program, which becomes the server in the end.
    pub async fn set_up_behind(program: &[String], data: &Path) -> (Server, Person) {
        let mut command = clean(Command::new(&program[0]), data, &[]);
        command.args(&program[1..]).arg(env!("CARGO_BIN_EXE_yingda"));
        let server = Self::serve(command, data, &[]);
        let admin = server.first_administrator().await;
        (server, admin)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub async fn first_administrator(&self) -> Person {
        let mut admin = self.nobody();
        let body = json!({
            "token": self.set_up_token, "company": "测试公司", "login": "admin", "name": "管理员",
            "password": PASSWORD,
        });
        let answer = admin.post("/setup", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        admin.keep_cookie(&answer);
        admin
    }

    /// Somebody with an empty browser.
    pub fn nobody(&self) -> Person {
        // The client wants one before it is built; the second time it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Person {
            client: client.unwrap(),
            url: self.url.clone(),
            cookie: None,
            headers: vec![("x-yingda".into(), "1".into())],
        }
    }

    /// A person who signs in with the usual password.
    pub async fn sign_in(&self, login: &str) -> Person {
        let mut person = self.nobody();
        let answer = person.try_password(login, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        person.keep_cookie(&answer);
        person
    }

    /// Asks the process to stop, and waits until it has.
    pub fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary, free of the caller's configuration.
fn yingda(data: &Path, environment: &[(&str, &str)]) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_yingda")), data, environment)
}

fn clean(mut command: Command, data: &Path, environment: &[(&str, &str)]) -> Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YINGDA_")) {
        command.env_remove(name);
    }
    command.env("LANG", "C").env("YINGDA_LOG_LEVEL", "warn");
    if let Some((_, path)) = environment.iter().find(|(name, _)| *name == LOG_TO) {
        command.stderr(std::fs::File::create(path).unwrap());
    }
    command.envs(environment.iter().copied()).current_dir(data).stdin(Stdio::null());
    command
}

/// Runs a command of the command line in a data folder.
pub fn run(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    yingda(data, environment).args(arguments).arg("--data").arg(data).output().unwrap()
}

#[derive(Clone)]
pub struct Person {
    client: reqwest::Client,
    url: String,
    pub cookie: Option<String>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The problem's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Person {
    pub fn with(mut self, name: &str, value: &str) -> Person {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Person {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// Below `/api/v1`; another address begins with two slashes, as in `//healthz`.
    pub async fn ask(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        let path = path.strip_prefix('/').unwrap_or(path);
        let address = match path.strip_prefix('/') {
            Some(rest) => format!("{}/{rest}", self.url),
            None => format!("{}/api/v1/{path}", self.url),
        };
        let mut request = self.client.request(method, address);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status, headers, body, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// Asks until the answer fits: for what other tasks of the server write down.
    pub async fn eventually(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let answer = self.get(path).await;
                if fits(&answer.body) {
                    return answer.body;
                }
            }
        };
        let answer = tokio::time::timeout(Duration::from_secs(30), asking).await;
        match answer {
            Ok(body) => body,
            Err(_) => panic!("{path} stays {}", self.get(path).await.text),
        }
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body.to_string())).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    pub async fn try_password(&self, login: &str, password: &str) -> Answer {
        self.post("/session", json!({ "login": login, "password": password })).await
    }

    pub fn keep_cookie(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default();
        assert!(cookie.starts_with("yingda_session="), "{answer:?}");
        self.cookie = Some(cookie.to_owned());
    }
}
