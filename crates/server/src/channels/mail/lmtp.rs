//! Mail handed over by the company's own mail server (LMTP, RFC 2033). A mail is answered "taken" once it is stored; what
//! cannot be taken is refused there and then, so that the sender hears of it.

use super::{
    bounds,
    pace::Pace,
    take::{self, Came},
};
use crate::{app::Shared, channels::heard, jobs::Duty, tasks};
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex, Semaphore},
    time::timeout,
};
use yingda_core::{
    config::{MailSetup, Setup},
    id::ChannelId,
};

/// So many mail servers are heard at once, and so many of them send a mail.
const CONNECTIONS: usize = 50;
const MAILS: usize = 4;
/// Whoever says nothing for so long is let go (RFC 5321, section 4.5.3.2).
const PATIENCE: Duration = Duration::from_secs(300);
/// The slowest line that is worth waiting for, in bytes per second.
const SLOWEST: u64 = 20_000;
const LONGEST_LINE: u64 = 2_048;
const MOST_COMMANDS: usize = 10_000;
const MOST_RECEIVERS: usize = 100;

struct Doors {
    app: Shared,
    connections: Arc<Semaphore>,
    mails: Semaphore,
    /// How fast senders write, by mailbox. Held while a mail is stored: a later one finds the thread that it began.
    paces: Mutex<BTreeMap<ChannelId, Pace>>,
}

/// Serves until the process is asked to stop.
pub async fn run(app: Shared, listener: TcpListener) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let mails = Semaphore::new(MAILS);
    let doors = Arc::new(Doors { app, connections, mails, paces: Mutex::default() });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = tasks::stopping() => return,
        };
        let Ok((mut stream, from)) = accepted else {
            // Out of descriptors, most likely: a moment later there may be some again.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let doors = doors.clone();
        match doors.connections.clone().try_acquire_owned() {
            Ok(place) => {
                tasks::start("lmtp", async move {
                    let _place = place;
                    let heard = tokio::select! {
                        heard = Talk::new(&doors, stream).run() => heard,
                        () = tasks::stopping() => return,
                    };
                    if let Err(error) = heard {
                        tracing::debug!(%from, %error, "a mail server went away");
                    }
                });
            }
            Err(_) => {
                tasks::start("lmtp", async move {
                    // Who is told may have gone.
                    let _ = timeout(PATIENCE, stream.write_all(b"421 4.3.2 too many connections\r\n")).await;
                });
            }
        }
    }
}

/// A mailbox that a mail is for.
#[derive(Clone)]
struct Receiver {
    id: ChannelId,
    setup: Arc<MailSetup>,
}

/// A conversation with one mail server.
struct Talk<'a> {
    doors: &'a Doors,
    stream: BufReader<TcpStream>,
    has_greeted: bool,
    has_sender: bool,
    receivers: Vec<Receiver>,
}

type Heard<T> = Result<T, std::io::Error>;

impl<'a> Talk<'a> {
    fn new(doors: &'a Doors, stream: TcpStream) -> Self {
        let stream = BufReader::new(stream);
        Self { doors, stream, has_greeted: false, has_sender: false, receivers: vec![] }
    }

    async fn run(mut self) -> Heard<()> {
        self.say("220 Yingda LMTP").await?;
        for _ in 0..MOST_COMMANDS {
            let Some(line) = self.line().await? else { return Ok(()) };
            let Some(line) = line else {
                return self.say("500 5.5.2 the line is too long").await;
            };
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "LHLO" => {
                    self.has_greeted = true;
                    self.forget();
                    let size = bounds::LARGEST;
                    let can = format!(
                        "250-Yingda\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE {size}"
                    );
                    self.say(&can).await?;
                }
                // Section 4.1 of the standard: whoever says these expects another protocol.
                "HELO" | "EHLO" => self.say("500 5.5.1 this is LMTP: say LHLO").await?,
                "MAIL" => self.sender(rest).await?,
                "RCPT" => self.receiver(rest).await?,
                "DATA" => {
                    if !self.data().await? {
                        return Ok(());
                    }
                }
                "RSET" => {
                    self.forget();
                    self.say("250 2.0.0 forgotten").await?;
                }
                "NOOP" => self.say("250 2.0.0 still here").await?,
                "VRFY" => self.say("252 2.1.5 send it and see").await?,
                "QUIT" => return self.say("221 2.0.0 until next time").await,
                _ => self.say("500 5.5.1 no such command").await?,
            }
        }
        self.say("421 4.7.0 too many commands").await
    }

    fn forget(&mut self) {
        self.has_sender = false;
        self.receivers.clear();
    }

    async fn say(&mut self, line: &str) -> Heard<()> {
        let line = format!("{line}\r\n");
        timeout(PATIENCE, self.stream.get_mut().write_all(line.as_bytes())).await?
    }

    /// The next line. Nothing at the end of the connection, and nothing in it where it is too long.
    async fn line(&mut self) -> Heard<Option<Option<String>>> {
        let mut line = vec![];
        let mut bounded = (&mut self.stream).take(LONGEST_LINE);
        let count = timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await??;
        Ok(match (count, line.last()) {
            (0, _) => None,
            (_, Some(b'\n')) => Some(Some(String::from_utf8_lossy(&line).trim_end().to_owned())),
            _ => Some(None),
        })
    }

    async fn sender(&mut self, rest: &str) -> Heard<()> {
        let size = rest.split(' ').find_map(|it| it.to_ascii_uppercase().strip_prefix("SIZE=")?.parse().ok());
        let size: u64 = size.unwrap_or_default();
        match () {
            () if !self.has_greeted => self.say("503 5.5.1 say LHLO first").await,
            () if self.has_sender => self.say("503 5.5.1 one mail at a time").await,
            () if address(rest, "FROM:").is_none() => self.say("501 5.5.4 MAIL FROM:<address>").await,
            () if size > u64::from(bounds::LARGEST) => {
                self.say(&format!("552 5.3.4 {}", bounds::too_large(size))).await
            }
            () => {
                self.has_sender = true;
                self.say("250 2.1.0 go on").await
            }
        }
    }

    async fn receiver(&mut self, rest: &str) -> Heard<()> {
        if !self.has_sender {
            return self.say("503 5.5.1 MAIL comes first").await;
        }
        if self.receivers.len() >= MOST_RECEIVERS {
            return self.say("452 4.5.3 too many receivers at once").await;
        }
        let Some(address) = address(rest, "TO:") else {
            return self.say("501 5.5.4 RCPT TO:<address>").await;
        };
        match self.find(&address) {
            Some(found) => {
                self.receivers.push(found);
                self.say("250 2.1.5 go on").await
            }
            None => self.say("550 5.1.1 no mailbox has this address").await,
        }
    }

    /// The mailbox of an address, whatever stands behind a `+` in it.
    fn find(&self, address: &str) -> Option<Receiver> {
        let plain = |text: &str| {
            let (user, host) = text.rsplit_once('@')?;
            let user = user.split_once('+').map_or(user, |(user, _)| user);
            Some(format!("{user}@{host}").to_lowercase())
        };
        let wanted = plain(address)?;
        let directory = self.doors.app.directory();
        let mut found = directory.channels.iter().filter(|(_, it)| it.enabled).filter_map(|(id, it)| {
            let Setup::Mail(setup) = &it.setup else { return None };
            let is_it = plain(&setup.address)? == wanted;
            is_it.then(|| Receiver { id: *id, setup: Arc::new((**setup).clone()) })
        });
        found.next()
    }

    /// Takes a mail in, and answers for each receiver. False when there is nobody to talk to any more.
    async fn data(&mut self) -> Heard<bool> {
        if self.receivers.is_empty() {
            self.say("503 5.5.1 no receiver").await?;
            return Ok(true);
        }
        let doors = self.doors;
        let Ok(Ok(_place)) = timeout(PATIENCE, doors.mails.acquire()).await else {
            self.say("451 4.3.2 too many mails at once").await?;
            return Ok(true);
        };
        self.say("354 end with a dot").await?;
        let raw = self.content().await?;
        let receivers = std::mem::take(&mut self.receivers);
        self.forget();
        for receiver in receivers {
            let answer = match &raw {
                Ok(raw) => take_in(doors, &receiver, raw.clone()).await,
                Err(size) => format!("552 5.3.4 {}", bounds::too_large(*size)),
            };
            self.say(&answer).await?;
        }
        Ok(true)
    }

    /// The mail, without the dots that the protocol adds; or how large it would be.
    async fn content(&mut self) -> Heard<Result<Bytes, u64>> {
        let longest = PATIENCE + Duration::from_secs(u64::from(bounds::LARGEST) / SLOWEST);
        timeout(longest, async {
            let (mut raw, mut size, mut is_start) = (BytesMut::new(), 0, true);
            loop {
                let mut line = vec![];
                // Lines may be long, but no longer than this at once.
                let mut bounded = (&mut self.stream).take(64 * 1024);
                if timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await?? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                // Only between true line ends (RFC 5321, section 4.1.1.4): a bare line feed could smuggle in a mail.
                if is_start && line == b".\r\n" {
                    return Ok(if size > u64::from(bounds::LARGEST) { Err(size) } else { Ok(raw.freeze()) });
                }
                let line_start = usize::from(is_start && line.first() == Some(&b'.'));
                is_start = line.ends_with(b"\r\n");
                size += line.len() as u64;
                // What is too large is heard to its end and not kept.
                if size <= u64::from(bounds::LARGEST) {
                    raw.extend_from_slice(&line[line_start..]);
                } else {
                    raw = BytesMut::new();
                }
            }
        })
        .await?
    }
}

/// What stands between the angle brackets.
fn address(rest: &str, name: &str) -> Option<String> {
    let after = rest.trim_start();
    let after =
        after.get(..name.len()).filter(|it| it.eq_ignore_ascii_case(name)).map(|_| &after[name.len()..])?;
    let (address, _) = after.trim_start().strip_prefix('<')?.split_once('>')?;
    (address.len() <= 320 && !address.chars().any(char::is_control)).then(|| address.to_owned())
}

/// Stores a mail for one mailbox; the answer to its server.
async fn take_in(doors: &Doors, receiver: &Receiver, raw: Bytes) -> String {
    let app = &doors.app;
    let duty = Duty { app: app.clone(), db: app.db.clone() };
    let place = format!("lmtp {}", hex::encode(&Sha256::digest(&raw)[..16]));
    let came = Came { place, came_at: app.clock.now(), raw: Ok(raw) };
    let mut paces = doors.paces.lock().await;
    let pace = paces.entry(receiver.id).or_default();
    let _held = app.files.hold().await;
    let stored = async {
        let harvest = take::harvest(&duty, receiver.id, &receiver.setup, pace, vec![came]).await?;
        let refused = harvest.refused.clone();
        let kept = heard::keep(app, &app.db, receiver.id, &harvest.arrivals, harvest.statements).await;
        kept.map_err(|error| error.to_string()).map(|()| refused)
    };
    match stored.await {
        Ok(None) => "250 2.0.0 taken".into(),
        Ok(Some(why)) => {
            format!("554 5.6.0 {}", why.chars().filter(char::is_ascii).take(200).collect::<String>())
        }
        Err(error) => {
            tracing::warn!(channel = receiver.id.0, error, "a mail could not be stored");
            "451 4.3.0 it could not be stored; try again".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_between_angle_brackets() {
        assert_eq!(address("FROM:<a@example.com> SIZE=7", "FROM:").as_deref(), Some("a@example.com"));
        assert_eq!(address("from: <>", "FROM:").as_deref(), Some(""));
        assert_eq!(address("TO:<a@example.com>", "FROM:"), None);
        assert_eq!(address("TO:a@example.com", "TO:"), None);
        assert_eq!(address("长", "TO:"), None);
    }
}
