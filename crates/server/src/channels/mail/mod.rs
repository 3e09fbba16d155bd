//! E-mail: mailboxes read by IMAP and answered by SMTP.
//!
//! `watch` reads what arrives, and `lmtp` is given it; `parse` makes a mail of it, `thread` finds where it belongs, and `take` puts it into the
//! inbox. `write` makes a mail of what an agent says, and `smtp` carries it to the server.

mod bounds;
mod history;
mod html;
mod imap;
pub mod lmtp;
mod pace;
mod parse;
mod proof;
mod report;
mod smtp;
pub mod split;
mod take;
mod thread;
mod token;
mod trial;
mod unmarked;
mod watch;
mod write;

#[cfg(test)]
mod parse_tests;

pub use thread::fresh as fresh_thread;
pub use trial::try_out;

use super::{
    connector::{Carried, Failure, Parcel, Rest},
    keys::Keys,
};
use crate::{app::Shared, jobs::Duty};
use futures_util::future::BoxFuture;
use yingda_core::{
    config::{Channel, MailSetup},
    id::ChannelId,
};
use yingda_store::{Batch, address};

/// Nothing where the mailbox only sends.
pub fn listen(duty: &Duty, id: ChannelId, setup: &MailSetup) -> Option<BoxFuture<'static, ()>> {
    let is_read = !setup.imap.host.is_empty();
    is_read.then(|| Box::pin(watch::run(duty.clone(), id, setup.clone())) as BoxFuture<'static, ()>)
}

pub async fn deliver(
    app: &Shared,
    id: ChannelId,
    (channel, setup): (&Channel, &MailSetup),
    keys: &Keys,
    parcel: &Parcel,
) -> Result<Carried, Failure> {
    let letter = write::letter(app, id, (channel, setup), parcel).await?;
    // Its thread is known before an answer to it, or word that it did not arrive, can come back.
    if let Some(term) = &letter.term {
        let statements = vec![address::put_thread(id, &letter.message_id, term)];
        let known = app.db.commit(Batch { statements, ..Batch::default() }).await;
        known.map_err(|error| Failure::Later(error.to_string()))?;
    }
    let sent = smtp::send(app, id, setup, keys, &letter.message, parcel.rest.as_ref()).await;
    let carried = match &parcel.rest {
        Some(rest) => others_have_it(sent, rest)?,
        None => sent?,
    };
    Ok(Carried { name: Some(letter.message_id), ..carried })
}

/// What became of a mail that some of its receivers have already: it did not fail, it does not reach the rest.
fn others_have_it(sent: Result<Carried, Failure>, rest: &Rest) -> Result<Carried, Failure> {
    let mut carried = Carried { refused: rest.refused.clone(), ..Carried::default() };
    match sent {
        Ok(of_rest) => {
            carried.refused.extend(of_rest.refused);
            carried.not_yet = of_rest.not_yet;
        }
        Err(Failure::Never(error)) => carried.refused.push(error),
        Err(Failure::Later(error)) => {
            carried.not_yet = rest.to.iter().map(|to| (to.clone(), error.clone())).collect();
        }
        Err(away) => return Err(away),
    }
    Ok(carried)
}
