//! Tries a mailbox out, step by step, both ways. No mail is sent and none is changed.

use super::{imap, smtp, token};
use crate::{
    app::Shared,
    channels::{connector::Tried, keys::Keys},
};
use lettre::{
    Address,
    transport::smtp::commands::{Mail, Rcpt, Rset},
};
use yingda_core::{config::MailSetup, id::ChannelId};

/// Steps up to the first that fails.
#[derive(Default)]
struct Steps(Vec<Tried>);

impl Steps {
    fn step<T>(&mut self, zh: &str, en: &str, outcome: Result<T, String>) -> Option<T> {
        let (value, outcome) = match outcome {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.0.push(Tried::new(zh, en, outcome));
        value
    }
}

pub async fn try_out(app: &Shared, id: ChannelId, setup: &MailSetup, keys: &Keys) -> Vec<Tried> {
    let mut steps = Steps::default();
    if setup.oauth.is_some() {
        let renewed = token::credential(app, id, setup, keys).await;
        if steps.step("更新访问令牌", "Renew the access token", renewed).is_none() {
            return steps.0;
        }
    }
    // Nothing where a step failed: the steps say which.
    if !setup.imap.host.is_empty() {
        let _ = inward(&mut steps, app, id, setup, keys).await;
    }
    let _ = outward(&mut steps, app, id, setup, keys).await;
    steps.0
}

async fn inward(
    steps: &mut Steps,
    app: &Shared,
    id: ChannelId,
    setup: &MailSetup,
    keys: &Keys,
) -> Option<()> {
    let connected = imap::connect(app, setup).await;
    let client = steps.step("连接 IMAP 服务器", "Connect to the IMAP server", connected)?;
    let logged_in = imap::log_in(app, id, setup, keys, client).await;
    let mut session = steps.step("登录 IMAP", "Log in to IMAP", logged_in)?;
    let opened = imap::open(&mut session, setup).await;
    steps.step("打开文件夹", "Open the folder", opened)?;
    let asked = imap::patiently("asking what the server can do", session.capabilities()).await;
    let asked = asked.and_then(|can| {
        let without = "the server cannot tell of new mails (IDLE); it is asked every 30 seconds instead";
        if can.has_str("IDLE") { Ok(()) } else { Err(without.to_owned()) }
    });
    steps.step("新邮件即时通知", "Notice of new mails at once", asked);
    // It was of use already.
    let _ = imap::patiently("logging out", session.logout()).await;
    Some(())
}

async fn outward(
    steps: &mut Steps,
    app: &Shared,
    id: ChannelId,
    setup: &MailSetup,
    keys: &Keys,
) -> Option<()> {
    let connected = smtp::connect(app, setup).await;
    let line = steps.step("连接 SMTP 服务器", "Connect to the SMTP server", connected)?;
    let logged_in = async {
        let credential = token::credential(app, id, setup, keys).await?;
        smtp::log_in(line, id, setup, &credential).await
    };
    let mut line = steps.step("登录 SMTP", "Log in to SMTP", logged_in.await)?;
    let accepted = accept(&mut line, &setup.address).await;
    steps.step(
        "服务器接受发件地址（不会发出邮件）",
        "The server accepts the sender (nothing is sent)",
        accepted,
    )?;
    // It was of use already.
    let _ = smtp::patiently("ending", line.quit()).await;
    Some(())
}

async fn accept(line: &mut smtp::Line, address: &str) -> Result<(), String> {
    let address: Address =
        address.parse().map_err(|error| format!("{address} is no mail address: {error}"))?;
    let from = line.command(Mail::new(Some(address.clone()), vec![]));
    smtp::patiently("as the sender", from).await?;
    smtp::patiently("as a receiver", line.command(Rcpt::new(address, vec![]))).await?;
    smtp::patiently("taking it back", line.command(Rset)).await.map(drop)
}
