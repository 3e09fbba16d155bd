//! `yingda user`: accounts from the command line.

use super::office::Office;
use crate::{
    config::Config,
    random,
    start::{StartError, while_trying},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Subcommand;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};

#[derive(Subcommand)]
pub enum User {
    /// Make an account. The password comes from YINGDA_PASSWORD or standard input; without one it is made up and
    /// printed.
    Add {
        login: String,
        /// The name that colleagues see.
        #[arg(long)]
        name: Option<String>,
        /// Codes of roles, such as R-03 (agent) or R-17 (system administrator); may be given several times.
        #[arg(long = "role", default_value = "R-03")]
        roles: Vec<String>,
        #[arg(long, default_value = "")]
        staff_no: String,
    },
    /// Give an account a new password.
    Password { login: String },
    /// List all accounts.
    List,
    /// Let an account no longer sign in. Its sessions end at once.
    Disable { login: String },
    /// End a lock-out after wrong passwords.
    Unlock { login: String },
}

pub async fn run(config: Config, what: User) -> Result<(), StartError> {
    let office = Office::open(config).await?;
    let result = work(&office, what).await;
    office.close().await;
    result
}

async fn work(office: &Office, what: User) -> Result<(), StartError> {
    match what {
        User::Add { login, name, roles, staff_no } => {
            let (password, is_made_up) = password()?;
            let name = name.unwrap_or_else(|| login.clone());
            let roles = role_ids(office, &roles).await?;
            let record =
                json!({ "kind": "user", "login": login, "name": name, "staff_no": staff_no, "roles": roles });
            let made = office.post("/records/user", &record).await?;
            let path = format!("/users/{}/password", text(&made, "id"));
            office.post(&path, &json!({ "password": password })).await?;
            println!("Made the account {login}.");
            if is_made_up {
                println!("Password: {password}");
            }
        }
        User::Password { login } => {
            let (password, is_made_up) = password()?;
            let path = format!("/users/{}/password", text(&find(office, &login).await?, "id"));
            office.post(&path, &json!({ "password": password })).await?;
            println!("{login} has a new password; all former sessions ended.");
            if is_made_up {
                println!("Password: {password}");
            }
        }
        User::List => {
            let roles = all(office, "role").await?;
            let code = |id: &Value| {
                let role = roles.iter().find(|role| role["id"] == *id);
                role.map_or_else(|| "?".to_owned(), |role| text(&role["record"], "code"))
            };
            for user in all(office, "user").await? {
                let record = &user["record"];
                let codes: Vec<_> = record["roles"].as_array().into_iter().flatten().map(code).collect();
                let state = if record["disabled"] == true { "disabled" } else { "" };
                let (login, name) = (text(record, "login"), text(record, "name"));
                println!("{login:<24}{name:<24}{:<24}{state}", codes.join(" "));
            }
        }
        User::Disable { login } => {
            let mut user = find(office, &login).await?;
            let version = user["version"].as_i64().unwrap_or_default();
            user["record"]["disabled"] = true.into();
            office.put(&format!("/records/user/{}", text(&user, "id")), version, &user["record"]).await?;
            println!("{login} can no longer sign in.");
        }
        User::Unlock { login } => {
            let path = format!("/users/{}/unlock", text(&find(office, &login).await?, "id"));
            office.post(&path, &json!({})).await?;
            println!("{login} may try again.");
        }
    }
    Ok(())
}

/// The password from the environment or a pipe, else a made-up one.
fn password() -> Result<(String, bool), StartError> {
    if let Ok(password) = std::env::var("YINGDA_PASSWORD") {
        return Ok((password, false));
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        let mut line = String::new();
        input.lock().read_line(&mut line).map_err(while_trying("cannot read the password"))?;
        let line = line.trim_end_matches(['\r', '\n']);
        if !line.is_empty() {
            return Ok((line.to_owned(), false));
        }
    }
    Ok((URL_SAFE_NO_PAD.encode(random::bytes::<15>()), true))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// All records of a kind.
async fn all(office: &Office, kind: &str) -> Result<Vec<Value>, StartError> {
    let mut found = vec![];
    let mut next = String::new();
    loop {
        let mut page = office.get(&format!("/records/{kind}?limit=200{next}")).await?;
        if let Some(items) = page["items"].as_array_mut() {
            found.append(items);
        }
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return Ok(found),
        }
    }
}

async fn find(office: &Office, login: &str) -> Result<Value, StartError> {
    let users = all(office, "user").await?;
    let found = users.into_iter().find(|user| user["record"]["login"] == *login.to_lowercase());
    found.ok_or_else(|| StartError(format!("there is no account {login}; see `yingda user list`")))
}

async fn role_ids(office: &Office, codes: &[String]) -> Result<Vec<String>, StartError> {
    let roles = all(office, "role").await?;
    let id = |code: &String| {
        let role = roles.iter().find(|role| text(&role["record"], "code").eq_ignore_ascii_case(code));
        let known: Vec<_> = roles.iter().map(|role| text(&role["record"], "code")).collect();
        role.map(|role| text(role, "id"))
            .ok_or_else(|| StartError(format!("there is no role {code}; there are {}", known.join(", "))))
    };
    codes.iter().map(id).collect()
}
