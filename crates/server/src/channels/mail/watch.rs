//! Reads a mailbox as mails arrive: woken by the server where it can (IDLE, RFC 2177), else every half minute.
//!
//! How far it has read is a mark that is written in the same commit as what was read, so that a crash neither loses
//! nor doubles a mail. The folder's UIDVALIDITY belongs to it (RFC 3501, section 2.3.1.1): where the server numbers its
//! mails anew, everything since the beginning is looked at again, and what is known has no second effect.

use super::{
    bounds,
    imap::{self, PATIENCE, Session, patiently},
    pace::Pace,
    take::{self, Came},
};
use crate::{
    channels::{
        heard,
        keys::Keys,
        standing::{Teller, Way},
    },
    jobs::Duty,
};
use async_imap::{extensions::idle::IdleResponse, types::UnsolicitedResponse};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};
use yingda_core::{At, config::MailSetup, id::ChannelId};
use yingda_store::{Batch, channel as rows};

/// Servers may end an IDLE after half an hour, so it is asked for anew before.
const IDLE: Duration = Duration::from_secs(25 * 60);
const POLL: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Mails are read in portions of at most so many, and so many bytes.
const PORTION: usize = 128;
const PORTION_BYTES: u64 = 16 * 1024 * 1024;
/// A mail beyond that is fetched piece by piece, so that it is in memory once and not in every buffer on its way.
const PIECE: u32 = 1024 * 1024;
/// The slowest line that is worth waiting for, in bytes per second.
const SLOWEST: u64 = 20_000;

/// How far a folder was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Mark {
    validity: u32,
    uid: u32,
    /// What the server had before this is none of ours.
    since_at: At,
}

/// A mail as the server lists it.
#[derive(Debug)]
struct Listed {
    uid: u32,
    size: u32,
    came_at: At,
}

struct Watch {
    duty: Duty,
    id: ChannelId,
    setup: Arc<MailSetup>,
    teller: Teller,
    pace: Pace,
    /// The mailbox answered since the last failure.
    is_well: bool,
}

pub async fn run(duty: Duty, id: ChannelId, setup: MailSetup) {
    let teller = Teller::new(id, Way::In);
    let setup = Arc::new(setup);
    let mut watch = Watch { duty, id, setup, teller, pace: Pace::default(), is_well: false };
    let mut pause = FIRST_PAUSE;
    loop {
        let Err(error) = watch.read().await;
        if std::mem::take(&mut watch.is_well) {
            pause = FIRST_PAUSE;
        }
        watch.teller.fails(&watch.duty, &error).await;
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl Watch {
    /// As long as the server is there.
    async fn read(&mut self) -> Result<std::convert::Infallible, String> {
        let app = &self.duty.app;
        let keys = Keys::of(app, &self.duty.db, self.id).await.map_err(|error| error.to_string())?;
        let client = imap::connect(app, &self.setup).await?;
        let mut session = imap::log_in(app, self.id, &self.setup, &keys, client).await?;
        let can_idle =
            patiently("asking what the server can do", session.capabilities()).await?.has_str("IDLE");
        let folder = imap::open(&mut session, &self.setup).await?;
        let validity =
            folder.uid_validity.ok_or("the server gives mails no lasting numbers (UIDVALIDITY)")?;
        let mut mark = self.begin(validity, folder.uid_next).await?;
        loop {
            while session.unsolicited_responses.try_recv().is_ok() {}
            self.catch_up(&mut session, &mut mark).await?;
            self.teller.well(&self.duty).await;
            self.is_well = true;
            session = if can_idle { idle(session).await? } else { poll(session).await? };
        }
    }

    /// From where on to read: what lies in the mailbox before it is first looked at stays there.
    async fn begin(&self, validity: u32, next: Option<u32>) -> Result<Mark, String> {
        let app = &self.duty.app;
        let known =
            rows::mark(&self.duty.db, self.id, &self.name()).await.map_err(|error| error.to_string())?;
        let known: Option<Mark> = known.and_then(|text| serde_json::from_str(&text).ok());
        let mark = match known {
            Some(known) if known.validity == validity => return Ok(known),
            Some(known) => Mark { validity, uid: 0, since_at: known.since_at },
            None => {
                let next = next.ok_or("the server does not say which number its next mail gets (UIDNEXT)")?;
                Mark { validity, uid: next.saturating_sub(1), since_at: app.clock.now() }
            }
        };
        let statements = vec![self.put(&mark)];
        let stored = self.duty.db.commit(Batch { statements, ..Batch::default() }).await;
        stored.map_err(|error| error.to_string())?;
        Ok(mark)
    }

    /// Another mailbox or folder is read from its own beginning.
    fn name(&self) -> String {
        let MailSetup { login, imap, .. } = &*self.setup;
        format!("imap {login} {} {}", imap.host, imap::folder(&self.setup))
    }

    fn put(&self, mark: &Mark) -> yingda_store::Statement {
        let text = serde_json::to_string(mark).expect("a mark is JSON");
        rows::put_mark(self.id, &self.name(), &text)
    }

    /// Everything that arrived since the mark.
    async fn catch_up(&mut self, session: &mut Session, mark: &mut Mark) -> Result<(), String> {
        let listed = list(session, mark).await?;
        let mut rest = listed.as_slice();
        while !rest.is_empty() {
            let (portion, after) = rest.split_at(portion(rest));
            rest = after;
            let mails = fetch(session, mark.validity, portion).await?;
            let app = self.duty.app.clone();
            let _held = app.files.hold().await;
            let harvest = take::harvest(&self.duty, self.id, &self.setup, &mut self.pace, mails).await?;
            let last = portion.last().map_or(mark.uid, |it| it.uid);
            let next = Mark { uid: last, ..mark.clone() };
            let mut also = harvest.statements;
            also.push(self.put(&next));
            let Watch { duty, id, .. } = self;
            let kept = heard::keep(&duty.app, &duty.db, *id, &harvest.arrivals, also).await;
            kept.map_err(|error| format!("what came could not be stored: {error}"))?;
            *mark = next;
        }
        Ok(())
    }
}

async fn list(session: &mut Session, mark: &Mark) -> Result<Vec<Listed>, String> {
    let from = mark.uid + 1;
    let work = async {
        let answers = session.uid_fetch(format!("{from}:*"), "(UID RFC822.SIZE INTERNALDATE)").await?;
        let listed = answers.try_filter_map(async |it| {
            let came_at = it.internal_date().map_or(At::MAX, |date| date.timestamp_millis());
            Ok(it.uid.zip(it.size).map(|(uid, size)| Listed { uid, size, came_at }))
        });
        listed.try_collect::<Vec<Listed>>().await
    };
    let mut listed = patiently("listing what arrived", work).await?;
    // `*` is the last mail even where that was read before, and a date has no fractions of seconds.
    listed.retain(|it| it.uid >= from && it.came_at >= mark.since_at - 1_000);
    listed.sort_by_key(|it| it.uid);
    Ok(listed)
}

/// How many of these are read at once.
fn portion(listed: &[Listed]) -> usize {
    let mut bytes = 0;
    let fits = |it: &&Listed| {
        bytes += u64::from(it.size.min(bounds::LARGEST));
        bytes <= PORTION_BYTES
    };
    listed.iter().take(PORTION).take_while(fits).count().max(1)
}

/// The mails themselves, but for those that are too large. One that is gone meanwhile is passed over.
async fn fetch(session: &mut Session, validity: u32, portion: &[Listed]) -> Result<Vec<Came>, String> {
    let small: Vec<&Listed> = portion.iter().filter(|it| it.size <= PIECE).collect();
    let mut bodies = together(session, &small).await?;
    for listed in portion.iter().filter(|it| it.size > PIECE) {
        if listed.size > bounds::LARGEST {
            bodies.insert(listed.uid, Err(bounds::too_large(listed.size.into())));
        } else if let Some(whole) = piecewise(session, listed).await? {
            bodies.insert(listed.uid, whole);
        }
    }
    let came = portion.iter().filter_map(|it| {
        let raw = bodies.remove(&it.uid)?;
        Some(Came { place: format!("{validity}.{}", it.uid), came_at: it.came_at, raw })
    });
    Ok(came.collect())
}

/// A mail's bytes, or why they are not taken.
type Raw = Result<Bytes, String>;

async fn together(session: &mut Session, small: &[&Listed]) -> Result<BTreeMap<u32, Raw>, String> {
    if small.is_empty() {
        return Ok(BTreeMap::new());
    }
    let uids: Vec<String> = small.iter().map(|it| it.uid.to_string()).collect();
    let bytes: u64 = small.iter().map(|it| u64::from(it.size)).sum();
    let work = async {
        let answers = session.uid_fetch(uids.join(","), "(UID BODY.PEEK[])").await?;
        let bodies =
            answers.try_filter_map(async |it| Ok(it.uid.zip(it.body().map(Bytes::copy_from_slice).map(Ok))));
        bodies.try_collect().await
    };
    in_time(bytes, work).await
}

/// Nothing when it is gone.
async fn piecewise(session: &mut Session, listed: &Listed) -> Result<Option<Raw>, String> {
    let mut raw = BytesMut::with_capacity(listed.size as usize);
    loop {
        let what = format!("(UID BODY.PEEK[]<{}.{PIECE}>)", raw.len());
        let work = async {
            let answers = session.uid_fetch(listed.uid.to_string(), what).await?;
            let pieces = answers.try_filter_map(async |it| {
                let is_it = it.uid == Some(listed.uid);
                Ok(it.body().filter(|_| is_it).map(Bytes::copy_from_slice))
            });
            pieces.try_collect::<Vec<Bytes>>().await
        };
        let Some(piece) = in_time(PIECE.into(), work).await?.pop() else { return Ok(None) };
        raw.extend_from_slice(&piece);
        // Servers may have listed it as smaller than it is.
        if raw.len() > bounds::LARGEST as usize {
            return Ok(Some(Err(bounds::too_large(raw.len() as u64))));
        }
        if piece.len() < PIECE as usize {
            return Ok(Some(Ok(raw.freeze())));
        }
    }
}

/// Waits for so many bytes as long as makes sense.
async fn in_time<T>(
    bytes: u64,
    work: impl Future<Output = async_imap::error::Result<T>>,
) -> Result<T, String> {
    let longest = PATIENCE + Duration::from_secs(bytes / SLOWEST);
    let done = timeout(longest, work).await.map_err(|_| "fetching mails: the server is too slow")?;
    done.map_err(|error| format!("fetching mails: {error}"))
}

/// Waits until the server says that something changed.
async fn idle(session: Session) -> Result<Session, String> {
    let news = session.unsolicited_responses.clone();
    let mut handle = session.idle();
    patiently("IDLE", handle.init()).await?;
    // What arrived between looking and waiting was told before the waiting began.
    let mut is_news = false;
    while let Ok(told) = news.try_recv() {
        is_news |= matches!(told, UnsolicitedResponse::Exists(_) | UnsolicitedResponse::Recent(_));
    }
    if !is_news {
        let (waiting, _stop) = handle.wait_with_timeout(IDLE);
        // Servers that say "still here" would keep it waiting for ever.
        match timeout(IDLE, waiting).await {
            Ok(Err(error)) => return Err(format!("waiting for mails: {error}")),
            // Nobody here interrupts it.
            Ok(Ok(IdleResponse::ManualInterrupt)) => return Err("the server ended the connection".into()),
            Ok(Ok(IdleResponse::NewData(_) | IdleResponse::Timeout)) | Err(_) => {}
        }
    }
    patiently("ending IDLE", handle.done()).await
}

async fn poll(mut session: Session) -> Result<Session, String> {
    sleep(POLL).await;
    patiently("asking for news", session.noop()).await?;
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_small_and_never_empty() {
        let mails = |sizes: &[u32]| -> Vec<Listed> {
            sizes.iter().map(|size| Listed { uid: 1, size: *size, came_at: 0 }).collect()
        };
        assert_eq!(portion(&mails(&[10; 200])), 128);
        assert_eq!(portion(&mails(&[25 * 1024 * 1024; 3])), 1);
        assert_eq!(portion(&mails(&[40 * 1024 * 1024, 1])), 1);
        assert_eq!(portion(&mails(&[u32::MAX, 1])), 1);
    }
}
