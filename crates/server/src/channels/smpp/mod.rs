//! SMS by SMPP 3.4, the protocol of operators' and providers' message centres.
//!
//! `session` keeps one session and begins it anew; `line` is where messages find it. `pdu` are the octets, `alphabet` the
//! characters, `long` messages of several parts, `inward` what comes, `receipt` what became of what left.

mod alphabet;
mod inward;
mod line;
mod long;
mod pdu;
mod receipt;
mod session;
mod status;

use super::{
    connector::{Failure, Parcel, Taken, Tried},
    keys::Keys,
    sms,
};
use crate::{app::Shared, jobs::Duty};
use pdu::Leaving;
use status::{Meaning, meaning, told};
use std::sync::Arc;
use yingda_core::{
    At,
    config::{Channel, Setup, SmppSetup},
    id::ChannelId,
};

/// A part that the server has no room for is offered again so often, after pauses that the session makes; then the
/// message rests.
const OFFERS: u32 = 5;
const REST_MS: At = 60_000;

pub async fn listen(duty: Duty, id: ChannelId, channel: Arc<Channel>) {
    let Setup::Smpp(setup) = &channel.setup else { return };
    let setup = (**setup).clone();
    session::run(duty, id, channel, setup).await;
}

/// One part after another: a later one without the former is of no use to anybody.
pub async fn deliver(
    app: &Shared,
    id: ChannelId,
    setup: &SmppSetup,
    parcel: &Parcel,
) -> Result<Taken, Failure> {
    let text = sms::text(&setup.rules, &parcel.content)?;
    let alphabet::Written { coding, parts } = alphabet::write(&text, setup.alphabet);
    // The parcel's own number: parts that are sent again are the same parts to whoever puts them together.
    let (reference, total) = (parcel.id as u16, parts.len() as u8);
    let mut name = String::new();
    for (n, octets) in parts.into_iter().enumerate() {
        let part = n as u8 + 1;
        let has_header = total > 1;
        let octets = if has_header { long::headed(reference as u8, total, part, &octets) } else { octets };
        // Receipts go by one name, and a message has arrived when its last part has.
        let is_last = part == total;
        let leaving = Leaving { to: &parcel.to.term, coding, octets, has_header, is_last, reference };
        let message = pdu::submit(setup, leaving).map_err(Failure::Never)?;
        name = offer(app, id, message).await?;
    }
    Ok(Some(if setup.hex_ids { inward::decimal(&name, 16) } else { name }).filter(|name| !name.is_empty()))
}

/// Offers a part until the server has room for it. Too high a pace is nobody's fault, and never counted as one.
async fn offer(app: &Shared, id: ChannelId, message: rusmpp::pdus::SubmitSm) -> Result<String, Failure> {
    let mut said = String::new();
    for _ in 0..OFFERS {
        let answer = line::submit(id, message.clone()).await?;
        match meaning(answer.status) {
            Meaning::Taken => return Ok(answer.name),
            Meaning::Throttled => said = told(answer.status),
            Meaning::Later => return Err(Failure::Later(told(answer.status))),
            Meaning::Never => return Err(Failure::Never(told(answer.status))),
            Meaning::Unbound => return Err(Failure::Down(told(answer.status))),
        }
    }
    Err(Failure::Rests(app.clock.now() + REST_MS, said))
}

/// Logs in, and out again. Where the channel's own session stands, that proves as much, and many servers allow no second.
pub async fn try_out(app: &Shared, id: ChannelId, setup: &SmppSetup, keys: &Keys) -> Vec<Tried> {
    let has_password = keys.get("password").is_empty().then(|| "no password is set".to_owned());
    let mut tried = vec![Tried::new("密码已设置", "The password is set", has_password.map_or(Ok(()), Err))];
    if line::is_bound(id) {
        tried.push(Tried::new("已登录，正在收发", "Logged in, sending and receiving", Ok(())));
        return tried;
    }
    let connected = session::connect(app, setup).await;
    let wire = match connected {
        Ok(wire) => {
            tried.push(Tried::new("连接 SMPP 服务器", "Connect to the SMPP server", Ok(())));
            wire
        }
        Err(error) => {
            tried.push(Tried::new("连接 SMPP 服务器", "Connect to the SMPP server", Err(error)));
            return tried;
        }
    };
    let logged_in = match session::log_in(wire, setup, keys).await {
        Ok(begun) => {
            begun.end().await;
            Ok(())
        }
        Err(error) => Err(error),
    };
    tried.push(Tried::new("以收发者身份登录", "Log in as a transceiver", logged_in));
    tried
}
