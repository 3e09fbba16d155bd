//! Customers' mailboxes, and the mails that they write.

use async_imap::Session;
use futures_util::TryStreamExt;
use mail_parser::{Message, MessageParser};
use std::time::Duration;
use tokio::net::TcpStream;
use yingda_peers::Dovecot;

/// Nothing in these tests takes that long; a test that hangs must fail.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A customer's mailbox, read as any mail program does.
pub struct Mailbox {
    session: Option<Session<TcpStream>>,
    read: u32,
}

impl Mailbox {
    pub async fn open(dovecot: &Dovecot, user: &str) -> Mailbox {
        let stream = TcpStream::connect(("127.0.0.1", dovecot.imap())).await.unwrap();
        let mut client = async_imap::Client::new(stream);
        client.read_response().await.unwrap().unwrap();
        let mut session = client.login(user, Dovecot::PASSWORD).await.map_err(|(error, _)| error).unwrap();
        session.select("INBOX").await.unwrap();
        Mailbox { session: Some(session), read: 0 }
    }

    pub async fn count(&mut self) -> u32 {
        self.session.as_mut().unwrap().select("INBOX").await.unwrap().exists
    }

    /// The next mail, as it comes.
    async fn next(&mut self) -> Message<'static> {
        while self.count().await <= self.read {
            let mut idle = self.session.take().unwrap().idle();
            idle.init().await.unwrap();
            // What came between looking and waiting is found by the next look, which a short wait brings about.
            let _ = idle.wait_with_timeout(Duration::from_millis(500)).0.await.unwrap();
            self.session = Some(idle.done().await.unwrap());
        }
        self.read += 1;
        let session = self.session.as_mut().unwrap();
        let found: Vec<_> =
            session.fetch(self.read.to_string(), "BODY.PEEK[]").await.unwrap().try_collect().await.unwrap();
        let body = found.iter().find_map(|it| it.body()).unwrap().to_vec();
        MessageParser::default().parse(&body).unwrap().into_owned()
    }

    pub async fn next_in_time(&mut self) -> Message<'static> {
        tokio::time::timeout(PATIENCE, self.next()).await.expect("a mail comes")
    }
}

pub fn header<'m>(mail: &'m Message<'_>, name: &str) -> &'m str {
    mail.header_raw(name.to_owned()).unwrap_or_default().trim()
}

pub fn letter(from: &str, to: &str, more: &str, text: &str) -> Vec<u8> {
    format!(
        "From: 王小明 <{from}>\r\nTo: {to}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n{more}\r\n{text}\r\n"
    )
    .into_bytes()
}
