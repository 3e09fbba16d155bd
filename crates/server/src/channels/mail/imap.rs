//! A mailbox at its server (IMAP4rev1, RFC 3501), opened for reading only: nothing in it is changed.

use super::token::{self, Credential};
use crate::{
    app::Shared,
    channels::{
        keys::Keys,
        wire::{self, Wire},
    },
};
use async_imap::{Authenticator, Client, types::Mailbox};
use std::time::Duration;
use tokio::time::timeout;
use yingda_core::{
    config::{MailSetup, Security},
    id::ChannelId,
};

/// No answer to a command takes longer from a server that is well.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub type Session = async_imap::Session<Wire>;

/// Connects, and makes the connection private where that is asked for.
pub async fn connect(app: &Shared, setup: &MailSetup) -> Result<Client<Wire>, String> {
    let stream = wire::connect(&app.outgoing.door, &setup.imap).await?;
    let host = &setup.imap.host;
    match setup.imap.security {
        Security::Tls => greeted(Client::new(wire::encrypt(stream, host).await?)).await,
        Security::None => greeted(Client::new(Wire::Plain(stream))).await,
        Security::Starttls => {
            let mut client = greeted(Client::new(Wire::Plain(stream))).await?;
            let asked = patiently("STARTTLS", client.run_command_and_check_ok("STARTTLS", None));
            asked.await?;
            // What came in the clear after the answer is dropped with the client: it may be an intruder's.
            match client.into_inner() {
                Wire::Plain(stream) => Ok(Client::new(wire::encrypt(stream, host).await?)),
                Wire::Tls(_) => Err("the connection is private already".into()),
            }
        }
    }
}

async fn greeted(mut client: Client<Wire>) -> Result<Client<Wire>, String> {
    let greeting = patiently("waiting for the greeting", async { Ok(client.read_response().await?) }).await?;
    if greeting.is_none() {
        return Err("the server ended the connection without a greeting".into());
    }
    Ok(client)
}

pub async fn log_in(
    app: &Shared,
    id: ChannelId,
    setup: &MailSetup,
    keys: &Keys,
    client: Client<Wire>,
) -> Result<Session, String> {
    let credential = token::credential(app, id, setup, keys).await?;
    let work = async {
        match &credential {
            Credential::Password(password) => client.login(&setup.login, password).await,
            Credential::Token(token) => {
                let bearer = Bearer(Some(format!("user={}\x01auth=Bearer {token}\x01\x01", setup.login)));
                client.authenticate("XOAUTH2", bearer).await
            }
        }
    };
    let outcome = match timeout(PATIENCE, work).await {
        Ok(Ok(session)) => Ok(session),
        Ok(Err((error, _))) => Err(told("logging in", &error)),
        Err(_) => Err("logging in: no answer".into()),
    };
    if outcome.is_err() {
        token::forget(id, &credential).await;
    }
    outcome
}

/// The folder that is read, and how it stands.
pub async fn open(session: &mut Session, setup: &MailSetup) -> Result<Mailbox, String> {
    let folder = folder(setup);
    patiently(&format!("opening {folder}"), session.examine(encoded(folder))).await
}

pub fn folder(setup: &MailSetup) -> &str {
    if setup.folder.is_empty() { "INBOX" } else { &setup.folder }
}

/// Names beyond ASCII travel in modified UTF-7 (RFC 3501, section 5.1.3).
fn encoded(folder: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
    let (mut name, mut rest) = (String::new(), folder);
    while let Some(c) = rest.chars().next() {
        let plain = |c: char| (' '..='~').contains(&c);
        let (here, there) = rest.split_at(rest.find(|other| plain(other) != plain(c)).unwrap_or(rest.len()));
        if plain(c) {
            name.push_str(&here.replace('&', "&-"));
        } else {
            let units: Vec<u8> = here.encode_utf16().flat_map(u16::to_be_bytes).collect();
            name.push_str(&format!("&{}-", STANDARD_NO_PAD.encode(units).replace('/', ",")));
        }
        rest = there;
    }
    name
}

/// Waits for an answer as long as makes sense.
pub async fn patiently<T>(
    what: &str,
    work: impl Future<Output = async_imap::error::Result<T>>,
) -> Result<T, String> {
    match timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(told(what, &error)),
        Err(_) => Err(format!("{what}: no answer within {} seconds", PATIENCE.as_secs())),
    }
}

fn told(what: &str, error: &async_imap::error::Error) -> String {
    use async_imap::error::Error;
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error {
        Error::No(words) | Error::Bad(words) => format!("{what}: the server refused: {words}"),
        Error::ConnectionLost => format!("{what}: the server ended the connection"),
        Error::Io(error) if matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof) => {
            format!("{what}: the server ended the connection")
        }
        other => format!("{what}: {other}"),
    }
}

/// Says the token once; to the server's explanation of a refusal the answer is empty.
struct Bearer(Option<String>);

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_names_in_modified_utf_7() {
        // The standard's own example, and the usual ones.
        assert_eq!(encoded("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(encoded("INBOX"), "INBOX");
        assert_eq!(encoded("A & B"), "A &- B");
        assert_eq!(encoded("客服"), "&W6JnDQ-");
    }
}
