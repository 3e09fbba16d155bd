//! A leg with its signalling: what is asked of it, and its end.

use crate::{
    Inner, house,
    media::leg::{Leg, Said},
    sip::sdp,
};
use rsipstack::{
    dialog::{
        dialog::{DialogStateReceiver, TransactionHandle},
        invite_dialog::InviteDialog,
    },
    sip::{Header, Method, Request, StatusCode},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A BYE that nobody answers is given up after this.
const FAREWELL: Duration = Duration::from_secs(33);

/// A leg with its signalling. It ends when this is dropped.
pub(crate) struct Line {
    pub inner: Arc<Inner>,
    pub dialog: InviteDialog,
    pub changes: DialogStateReceiver,
    pub leg: Arc<Leg>,
    pub said: UnboundedReceiver<Said>,
    /// Whether there is still somebody who must hear that it is over.
    pub open: bool,
    pub refusal: StatusCode,
}

pub(crate) fn content() -> Option<Vec<Header>> {
    Some(vec![Header::ContentType("application/sdp".into())])
}

impl Line {
    pub async fn caller(
        inner: &Arc<Inner>,
        dialog: &InviteDialog,
        changes: DialogStateReceiver,
        offer: &str,
    ) -> Option<Self> {
        let (said, hears) = unbounded_channel();
        let leg = if sdp::is_web(offer) {
            Leg::web(inner.settings.host, said).await.ok()?
        } else {
            Leg::plain(&inner.ports, said)
                .inspect_err(|error| tracing::error!(%error, "a call found no port"))
                .ok()?
        };
        let dialog = dialog.clone();
        let refusal = StatusCode::TemporarilyUnavailable;
        Some(Self { inner: inner.clone(), dialog, changes, leg, said: hears, open: true, refusal })
    }

    /// A request in the call, which must be answered or the stack says that it knows nothing of it.
    pub async fn asked(&self, request: &Request, handle: &TransactionHandle) {
        let body = String::from_utf8_lossy(&request.body);
        let invites = request.method == Method::Invite;
        let description = match body.trim().is_empty() {
            true if invites => self.leg.offer(self.leg.codec()).await,
            true => None,
            false => match self.leg.answer(&body).await {
                Some(answer) => Some(answer),
                None => {
                    let _ = handle.reply(StatusCode::NotAcceptableHere).await;
                    return;
                }
            },
        };
        let body = description.map(String::into_bytes);
        let headers = body.as_ref().and_then(|_| content());
        let _ = handle.respond(StatusCode::OK, headers, body).await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.leg.close();
        let (inner, dialog) = (self.inner.clone(), self.dialog.clone());
        if !std::mem::take(&mut self.open) {
            inner.dialogs.remove_dialog(&dialog.id());
            return;
        }
        let refusal = self.refusal.clone();
        house::start(async move {
            // Before its answer a caller is refused, and whoever rings hears a CANCEL; afterwards both hear a BYE.
            let _ = dialog.reject(Some(refusal), None);
            let _ = tokio::time::timeout(FAREWELL, dialog.hangup()).await;
            inner.dialogs.remove_dialog(&dialog.id());
        });
    }
}

/// A digit in the body of an INFO, as some phones and browsers send it.
pub(crate) fn digit_of(request: &Request) -> Option<char> {
    let body = String::from_utf8_lossy(&request.body);
    let relay = body
        .lines()
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("signal"));
    let digit = relay.map_or(body.trim(), |(_, value)| value.trim()).chars().next()?;
    "0123456789*#ABCD".contains(digit).then_some(digit)
}
