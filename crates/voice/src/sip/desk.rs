//! Where requests outside of a call are answered: who asks whether we live, who registers, who calls.

use super::{
    digest::Denied,
    edge::Gate,
    registrar::{self, Registrar},
    screen,
};
use crate::{Inner, call};
use rsipstack::{
    dialog::{dialog::Dialog, invite_dialog::InviteDialog},
    sip::{Header, HeadersExt, Method, Request, StatusCode, Transport},
    transaction::transaction::Transaction,
    transport::SipAddr,
};
use std::sync::{Arc, atomic::Ordering::Relaxed};

/// Who is at the other end, as far as we can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A carrier's exchange that is known by its address.
    Trunk,
    /// An extension of ours that showed its password.
    Extension(String),
}

pub(crate) async fn serve(inner: Arc<Inner>, mut transaction: Transaction) {
    let result = match transaction.original.method {
        Method::Options if !in_dialog(&transaction.original) => options(&inner.gate, &mut transaction).await,
        Method::Register => register(&inner, &mut transaction).await,
        Method::Invite if !in_dialog(&transaction.original) => return invite(&inner, transaction).await,
        _ => match inner.dialogs.match_dialog(&transaction) {
            Some(Dialog::Invite(mut dialog)) => dialog.handle(&mut transaction).await,
            _ => transaction.reply(StatusCode::CallTransactionDoesNotExist).await,
        },
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a SIP request was not answered");
    }
}

fn in_dialog(request: &Request) -> bool {
    request.to_header().ok().and_then(|to| to.tag().ok().flatten()).is_some()
}

async fn options(gate: &Gate, transaction: &mut Transaction) -> rsipstack::Result<()> {
    // A proxy before us learns here that we take no new calls.
    if gate.closed.load(Relaxed) {
        let later = Header::RetryAfter("30".into());
        return transaction.reply_with(StatusCode::ServiceUnavailable, vec![later], None).await;
    }
    let headers = vec![
        Header::Allow(screen::ALLOW.into()),
        Header::Accept("application/sdp".into()),
        Header::Supported("outbound".into()),
    ];
    transaction.reply_with(StatusCode::OK, headers, None).await
}

/// Where a request came from, by its packet and not by its words.
fn source(transaction: &Transaction) -> Option<SipAddr> {
    transaction.connection.as_ref().and_then(|it| it.get_remote_addr()).cloned()
}

/// Whose it is by digest. None when it was answered.
async fn extension(inner: &Inner, transaction: &mut Transaction) -> rsipstack::Result<Option<String>> {
    let Some(from) = source(transaction).and_then(|it| it.get_socketaddr().ok()) else { return Ok(None) };
    let header = transaction.original.header_value("Authorization");
    let method = transaction.original.method.to_string();
    let denied =
        match inner.digest.check(header.as_deref(), &method, from.ip(), |name| inner.password_of(name)) {
            Ok(name) => return Ok(Some(name)),
            Err(denied) => denied,
        };
    match denied {
        Denied::Challenge { stale } => {
            let web =
                matches!(source(transaction).and_then(|it| it.r#type), Some(Transport::Ws | Transport::Wss));
            let challenges = inner.digest.challenges(stale, web);
            let headers = challenges.into_iter().map(|it| Header::WwwAuthenticate(it.into())).collect();
            transaction.reply_with(StatusCode::Unauthorized, headers, None).await?;
        }
        Denied::Wrong => transaction.reply(StatusCode::Forbidden).await?,
        Denied::Blocked => {
            let later = Header::RetryAfter("300".into());
            transaction.reply_with(StatusCode::Forbidden, vec![later], None).await?;
        }
    }
    Ok(None)
}

async fn register(inner: &Inner, transaction: &mut Transaction) -> rsipstack::Result<()> {
    let Some(name) = extension(inner, transaction).await? else { return Ok(()) };
    let request = &transaction.original;
    let own =
        request.to_header().ok().and_then(|to| to.uri().ok()).and_then(|uri| uri.user().map(str::to_owned));
    let Some(from) = source(transaction).filter(|_| own.as_deref() == Some(&name)) else {
        return transaction.reply(StatusCode::Forbidden).await;
    };
    let expires = |text: Option<&str>| text.and_then(|it| it.trim().parse::<u64>().ok());
    let all = expires(request.header_value("Expires").as_deref()).unwrap_or(registrar::LONGEST_S);
    let web = matches!(from.r#type, Some(Transport::Ws | Transport::Wss));
    let contacts: Vec<String> = request
        .contact_headers()
        .into_iter()
        .flat_map(|it| screen::values(it.value()))
        .map(str::to_owned)
        .collect();
    let mut changes = Vec::new();
    for contact in contacts.iter().filter(|it| *it != "*") {
        let uri = match contact.split_once('<') {
            Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
            None => contact.split(';').next().unwrap_or_default(),
        };
        let parameters = contact.rsplit('>').next().unwrap_or_default().split(';');
        let own = parameters.filter_map(|it| it.trim().strip_prefix("expires=")).next();
        let seconds = own.map_or(Some(all), |it| expires(Some(it))).unwrap_or(registrar::LONGEST_S);
        if seconds != 0 && seconds < registrar::SHORTEST_S {
            let least = Header::MinExpires(registrar::SHORTEST_S.to_string().into());
            return transaction.reply_with(StatusCode::IntervalTooBrief, vec![least], None).await;
        }
        changes.push((uri.to_owned(), seconds));
    }
    if contacts.iter().any(|it| it == "*") {
        inner.registrar.unbind(&name, None);
    }
    for (uri, seconds) in changes {
        match seconds {
            0 => inner.registrar.unbind(&name, Some(&uri)),
            _ => inner.registrar.bind(&name, &uri, from.clone(), web, seconds),
        }
    }
    inner.registered(&name);
    let headers = contacts_of(&inner.registrar, &name);
    transaction.reply_with(StatusCode::OK, headers, None).await
}

fn contacts_of(registrar: &Registrar, name: &str) -> Vec<Header> {
    let line = |flow: &registrar::Flow| {
        Header::Contact(format!("<{}>;expires={}", flow.contact, flow.seconds()).into())
    };
    registrar.flows(name).iter().map(line).collect()
}

async fn invite(inner: &Arc<Inner>, mut transaction: Transaction) {
    let Some(from) = source(&transaction) else { return };
    let known = from.get_socketaddr().is_ok_and(|it| inner.settings.trunks.contains(&it.ip()));
    let plain = matches!(from.r#type, None | Some(Transport::Udp | Transport::Tcp));
    // A phone of ours is ours wherever it stands, also beside the exchange.
    let caller = transaction.original.from_header().ok().and_then(|it| it.uri().ok());
    let caller = caller.and_then(|uri| uri.user().map(str::to_owned)).unwrap_or_default();
    let origin = if known && plain && !inner.registrar.is_from(&caller, &from) {
        Origin::Trunk
    } else {
        match extension(inner, &mut transaction).await {
            Ok(Some(name)) => Origin::Extension(name),
            Ok(None) => return settle(transaction).await,
            Err(error) => return tracing::debug!(%error, "a call was not challenged"),
        }
    };
    let (states, changes) = inner.dialogs.new_dialog_state_channel();
    let contact = inner.contact(from.r#type);
    let dialog = inner.dialogs.get_or_create_server_invite(&transaction, states, None, Some(contact));
    let Ok(dialog) = dialog else {
        let _ = transaction.reply(StatusCode::BadRequest).await;
        return settle(transaction).await;
    };
    call::arrive(inner, dialog.clone(), changes, origin, &transaction.original);
    carry(dialog, transaction).await;
}

/// Carries the transaction of an INVITE to its end.
async fn carry(mut dialog: InviteDialog, mut transaction: Transaction) {
    if let Err(error) = dialog.handle(&mut transaction).await {
        tracing::debug!(%error, "the transaction of a call failed");
    }
    settle(transaction).await;
}

/// A refusal is repeated until it is acknowledged.
async fn settle(mut transaction: Transaction) {
    while transaction.receive().await.is_some() {}
}
