//! The way out: SMTP (RFC 5321), a few connections to a server, kept open between mails.

use super::token::{self, Credential};
use crate::{
    app::Shared,
    channels::{
        connector::{Carried, Failure, Rest},
        keys::Keys,
        wire::{self, Wire},
    },
};
use lettre::{
    Address, Message,
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParametersBuilder},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, MailBodyParameter, MailParameter},
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::timeout};
use yingda_core::{
    At,
    config::{MailSetup, Security},
    id::ChannelId,
};

/// Mail servers take few connections from one side at once.
const MOST_AT_ONCE: usize = 4;
/// A connection that rested longer may be gone without a word.
const REST_MS: At = 30_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// The slowest line that is worth waiting for, in bytes per second.
const SLOWEST: u64 = 20_000;

pub type Line = AsyncSmtpConnection;

/// A connection that rests, and what it was made with: after a change of either it is of no use.
struct Resting {
    setup: MailSetup,
    credential: Credential,
    line: Line,
    since_at: At,
}

struct Lines {
    turns: Semaphore,
    resting: Mutex<Vec<Resting>>,
}

static ALL: Mutex<BTreeMap<ChannelId, Arc<Lines>>> = Mutex::new(BTreeMap::new());

fn of(id: ChannelId) -> Arc<Lines> {
    let fresh = || Lines { turns: Semaphore::new(MOST_AT_ONCE), resting: Mutex::default() };
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(id).or_insert_with(|| Arc::new(fresh())).clone()
}

/// Sends to all receivers, or to the rest of them; where the server refused all, that is a failure.
pub async fn send(
    app: &Shared,
    id: ChannelId,
    setup: &MailSetup,
    keys: &Keys,
    message: &Message,
    rest: Option<&Rest>,
) -> Result<Carried, Failure> {
    let envelope = match rest {
        Some(rest) => only(message.envelope(), &rest.to)?,
        None => message.envelope().clone(),
    };
    let lines = of(id);
    let Ok(_turn) = lines.turns.acquire().await else { return Err(Failure::Later("it is ending".into())) };
    let credential = token::credential(app, id, setup, keys).await.map_err(Failure::Down)?;
    let mut line = match rested(app, &lines, setup, &credential).await {
        Some(line) => line,
        None => {
            let line = connect(app, setup).await.map_err(Failure::Down)?;
            log_in(line, id, setup, &credential).await.map_err(Failure::Down)?
        }
    };
    let bytes = message.formatted();
    let longest = PATIENCE + Duration::from_secs(bytes.len() as u64 / SLOWEST);
    match timeout(longest, hand_over(&mut line, &envelope, &bytes)).await {
        Ok(Ok(carried)) => {
            let (setup, since_at) = (setup.clone(), app.clock.now());
            let mut resting = lines.resting.lock().unwrap_or_else(PoisonError::into_inner);
            resting.push(Resting { setup, credential, line, since_at });
            Ok(carried)
        }
        Ok(Err(error)) => Err(judge(&error)),
        Err(_) => Err(Failure::Later("sending: the server is too slow".into())),
    }
}

fn only(envelope: &Envelope, receivers: &[String]) -> Result<Envelope, Failure> {
    let is_left = |it: &&Address| receivers.iter().any(|address| address == AsRef::<str>::as_ref(*it));
    let left = envelope.to().iter().filter(is_left).cloned().collect();
    Envelope::new(envelope.from().cloned(), left).map_err(|error| Failure::Never(error.to_string()))
}

/// One receiver whom the server refuses, for good or for now, does not keep the mail from the others.
async fn hand_over(line: &mut Line, envelope: &Envelope, bytes: &[u8]) -> Result<Carried, Error> {
    let mut carried = Carried::default();
    if envelope.to().len() == 1 {
        return line.send(envelope, bytes).await.map(|_| carried);
    }
    let mut options = vec![];
    let is_ascii = |it: &Address| AsRef::<str>::as_ref(it).is_ascii();
    if !envelope.to().iter().chain(envelope.from()).all(is_ascii) {
        options.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    line.command(Mail::new(envelope.from().cloned(), options)).await?;
    let (mut for_good, mut for_now) = (None, None);
    for to in envelope.to() {
        match line.command(Rcpt::new(to.clone(), vec![])).await {
            Ok(_) => {}
            Err(error) if error.is_permanent() => {
                carried.refused.push(told(to.as_ref(), &error));
                for_good = Some(error);
            }
            Err(error) if error.is_transient() => {
                carried.not_yet.push((to.to_string(), told(to.as_ref(), &error)));
                for_now = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(error) = for_now.or(for_good)
        && carried.refused.len() + carried.not_yet.len() == envelope.to().len()
    {
        return Err(error);
    }
    line.command(Data).await?;
    line.message(bytes).await?;
    Ok(carried)
}

/// What a server's answer means for a mail. A connection that is cut in the middle counts as a try, so that a mail
/// which a server always stumbles over does not hold up the others for ever.
fn judge(error: &Error) -> Failure {
    let words = told("sending", error);
    if error.is_permanent() || error.is_client() { Failure::Never(words) } else { Failure::Later(words) }
}

/// A connection that rested and still answers.
async fn rested(app: &Shared, lines: &Lines, setup: &MailSetup, credential: &Credential) -> Option<Line> {
    loop {
        let found = lines.resting.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        let is_fit = found.setup == *setup
            && found.credential == *credential
            && app.clock.now() - found.since_at < REST_MS;
        let mut line = found.line;
        if is_fit && timeout(PATIENCE, line.test_connected()).await == Ok(true) {
            return Some(line);
        }
    }
}

/// Connects, and makes the connection private where that is asked for.
pub async fn connect(app: &Shared, setup: &MailSetup) -> Result<Line, String> {
    let host = &setup.smtp.host;
    let stream = wire::connect(&app.outgoing.door, &setup.smtp).await?;
    let stream = match setup.smtp.security {
        Security::Tls => wire::encrypt(stream, host).await?,
        Security::Starttls | Security::None => Wire::Plain(stream),
    };
    let name = ClientId::Domain(setup.address.rsplit_once('@').map_or("localhost", |(_, host)| host).into());
    let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &name);
    let mut line = patiently("waiting for the greeting", greeted).await?;
    if setup.smtp.security == Security::Starttls {
        let tls = TlsParametersBuilder::new(host.clone()).build_rustls();
        let tls = tls.map_err(|error| format!("this machine's certificates cannot be read: {error}"))?;
        patiently(&format!("STARTTLS with {host}"), line.starttls(tls, &name)).await?;
    }
    Ok(line)
}

/// Without a login the server takes mails from this machine as it is.
pub async fn log_in(
    mut line: Line,
    id: ChannelId,
    setup: &MailSetup,
    credential: &Credential,
) -> Result<Line, String> {
    let (ways, secret): (&[Mechanism], &str) = match credential {
        Credential::Token(token) => (&[Mechanism::Xoauth2], token),
        Credential::Password(password) if setup.login.is_empty() || password.is_empty() => return Ok(line),
        Credential::Password(password) => (&[Mechanism::Plain, Mechanism::Login], password),
    };
    let credentials = Credentials::new(setup.login.clone(), secret.to_owned());
    let outcome = patiently("logging in", line.auth(ways, &credentials)).await;
    if outcome.is_err() {
        token::forget(id, credential).await;
    }
    outcome.map(|_| line)
}

/// Waits for an answer as long as makes sense.
pub async fn patiently<T>(what: &str, work: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
    match timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(told(what, &error)),
        Err(_) => Err(format!("{what}: no answer within {} seconds", PATIENCE.as_secs())),
    }
}

/// The server's own words, with its code.
fn told(what: &str, error: &Error) -> String {
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let text = match error.status() {
        Some(code) => format!("{what}: the server refused: {code} {words}"),
        None => format!("{what}: {error}"),
    };
    text.chars().filter(|c| !c.is_control()).take(500).collect()
}
