//! From a configuration to a running application: open the store, bring it up to date, start the loop.

use crate::{
    app::{App, Shared},
    clock::Clock,
    cluster::{self, Joined},
    config::Config,
    defaults,
    files::Files,
    health::{self, Health},
    http::{records::kept_version, setup},
    hub::Hub,
    latest::Latest,
    limits::Limits,
    lock::{self, Lock, Taken},
    oidc::Oidc,
    outgoing::Outgoing,
    passwords::Passwords,
    secrets::{Secrets, fresh_token},
    sessions::{Session, Sessions},
    site::{Configure, Item, Means, Site},
    speech::Speech,
    tasks,
    ticket_kinds::TicketKinds,
    trace,
};
use std::{
    fmt, fs, io,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};
use tokio::sync::Mutex as AsyncMutex;
use yingda_core::{At, actor::Actor, id::IdMaker, lang::Lang};
use yingda_store::{Db, credential, record, session, sound::sort_key};

/// Why the server cannot start, as a sentence with what to do.
#[derive(Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says what was tried when it failed.
pub fn while_trying<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> StartError {
    move |error| StartError(format!("{what}: {error}"))
}

/// The data folder, made when absent and closed to other users.
pub fn make_folder(data: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data)
}

/// The lock on the data folder; an error when somebody else has it.
pub fn lock(data: &Path) -> Result<Lock, StartError> {
    make_folder(data).map_err(while_trying(format!("cannot make the folder {}", data.display())))?;
    match lock::take(data).map_err(while_trying(format!("cannot lock the folder {}", data.display())))? {
        Taken::Ours(lock) => Ok(lock),
        Taken::Theirs(address) => Err(StartError(format!(
            "another yingda uses the folder {} and listens at {address}; stop it first, or name another folder with --data",
            data.display()
        ))),
    }
}

pub fn secrets(config: &Config, clock: Clock) -> Result<Secrets, StartError> {
    let key = std::env::var("YINGDA_SECRET_KEY").ok();
    Secrets::open(&config.data, key.as_deref(), clock).map_err(while_trying("cannot read the secret key"))
}

/// The store, with its tables at this version.
pub async fn store(config: &Config) -> Result<Db, StartError> {
    let url = config.store_url();
    let db = Db::open(&url).await.map_err(while_trying(format!("cannot open the store {}", public(&url))))?;
    db.migrate()
        .await
        .map_err(while_trying(format!("cannot bring the store {} to this version", public(&url))))?;
    Ok(db)
}

/// A store's address without the password in it.
pub fn public(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => url.to_owned(),
    }
}

/// The application, with its loop running and the defaults of an empty store in place.
pub async fn app(config: Config, clock: Clock, db: Db) -> Result<Shared, StartError> {
    let secrets = secrets(&config, clock)?;
    let files = Files::open(&config).await.map_err(StartError)?;
    let joined = match &db {
        Db::Postgres(..) => Some(cluster::join(&config, &secrets, clock, &db).await?),
        Db::Sqlite(_) => None,
    };
    let reading = "cannot read the store";
    let now = clock.now();
    let idle_ms = At::from(config.session.idle_hours) * 3_600_000;
    let open = session::open(&db, now).await.map_err(while_trying(reading))?;
    let sessions = Sessions::new(idle_ms, open.into_iter().map(Session::stored));
    let set_up_token = match credential::any(&db).await.map_err(while_trying(reading))? {
        true => None,
        false => Some(fresh_token()),
    };
    let (member, hub, site, parts) = match joined {
        Some(Joined { cluster, hub, site, parts }) => (Some(cluster), hub, site, parts),
        None => (None, Hub::new(None), Site::new(0, None), None),
    };
    let outgoing = Outgoing::new(&config.outgoing.private_networks)
        .map_err(while_trying("requests to other servers cannot be made"))?;
    let highest = db.highest_id().await.map_err(while_trying(reading))?;
    let node = member.as_ref().map_or_else(|| cluster::usual_name(&config), |member| member.name.clone());
    let tracer = trace::start(&config.trace, clock, node).map_err(while_trying("cannot follow requests"))?;
    let speech = Speech::find(&config.phone.speech).map_err(StartError)?;
    let app = Arc::new(App {
        tracer,
        health: Health::new(&config, clock, member.as_deref()),
        limits: Limits::new(&config.limits),
        ids: Mutex::new(IdMaker::new(site.node() as u16, highest)),
        passwords: Passwords::new(),
        outgoing,
        ticket_kinds: TicketKinds::default(),
        speech,
        oidc: Oidc::new(&config.oidc),
        phone: OnceLock::new(),
        set_up_token: AsyncMutex::new(set_up_token),
        db,
        site,
        hub,
        directory: Latest::default(),
        config,
        clock,
        files,
        secrets,
        sessions,
        cluster: member.clone(),
    });
    match member {
        Some(member) => cluster::start(&app, member, parts).await?,
        None => {
            app.site.own(Means::of(&app, app.db.clone(), None)).await.map_err(while_trying(reading))?;
            if app.directory().roles.is_empty() {
                install_defaults(&app).await?;
            }
        }
    }
    tasks::start("health", health::watch(app.clone()));
    tasks::start("sessions", sweep_sessions(app.clone()));
    Ok(app)
}

/// Each default is a change like an administrator's, with its event.
pub async fn install_defaults(app: &App) -> Result<(), StartError> {
    let now = app.clock.now();
    let records = defaults::records(|| app.next_id());
    let mut item = Item::new(Actor::System, vec![], vec![]);
    for (id, it) in records {
        let name = it.name().get(Lang::Zh).to_owned();
        item.facts.push(setup::changed(it.kind(), id, 1, &name, None, &it));
        item.writes.push(record::insert(id, &it, &sort_key(&name), now));
        item.writes.extend(kept_version(id, 1, &it));
        item.configure.push(Configure::Record { kind: it.kind(), id, record: Some(Box::new(it)) });
    }
    let failed = |refused: crate::site::Refused| {
        StartError(format!("cannot write the defaults of a fresh installation: {:?}", refused.refusal))
    };
    app.site.change(item).await.map(drop).map_err(failed)
}

/// Tells the store now and then which sessions were used and which have ended.
async fn sweep_sessions(app: Shared) {
    let mut ticks = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = tasks::stopping() => return,
        }
        let now = app.clock.now();
        let swept = app.sessions.sweep(now);
        for (id, seen_at) in swept.used {
            app.site.ride(session::seen(&id, seen_at, seen_at + app.sessions.idle_ms)).await;
        }
        if !swept.ended.is_empty() {
            app.site.ride(session::expire(now)).await;
        }
    }
}
