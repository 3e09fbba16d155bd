//! What all handlers share.

use crate::{
    channels::phone::Phone, clock::Clock, cluster::Cluster, config::Config, files::Files, health::Health,
    hub::Hub, latest::Latest, limits::Limits, oidc::Oidc, outgoing::Outgoing, passwords::Passwords,
    problem::Problem, secrets::Secrets, sessions::Sessions, site::Site, speech::Speech, tasks,
    ticket_kinds::TicketKinds, trace::Tracer,
};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::Mutex as AsyncMutex;
use yingda_core::{
    access::{self, Action, Reach, Resource},
    actor::Actor,
    config::Settings,
    directory::Directory,
    id::IdMaker,
    refusal::Refusal,
};
use yingda_store::Db;

/// Handlers' state.
pub type Shared = Arc<App>;

pub struct App {
    pub db: Db,
    pub site: Site,
    pub hub: Hub,
    /// The committed configuration. Replaced as a whole; `directory()` takes the latest.
    pub directory: Latest<Directory>,
    pub config: Config,
    pub clock: Clock,
    pub files: Files,
    pub secrets: Secrets,
    pub ids: Mutex<IdMaker>,
    pub limits: Limits,
    pub sessions: Sessions,
    /// This node among the others; `None` with the embedded store, which has no others.
    pub cluster: Option<Arc<Cluster>>,
    pub health: Health,
    pub tracer: Tracer,
    pub passwords: Passwords,
    pub outgoing: Outgoing,
    pub ticket_kinds: TicketKinds,
    /// What reads words aloud.
    pub speech: Speech,
    /// Where an identity provider is configured.
    pub oidc: Option<Oidc>,
    /// Where a telephone is configured.
    pub phone: OnceLock<Phone>,
    /// The one-time link's token while nobody exists who could sign in.
    pub set_up_token: AsyncMutex<Option<String>>,
}

impl App {
    /// Ends what runs, and hands over what this node owns.
    pub async fn end(&self) {
        tasks::stop();
        if let Some(cluster) = &self.cluster {
            cluster.gone.notified().await;
        }
        self.db.close().await;
    }

    pub fn directory(&self) -> Arc<Directory> {
        self.directory.get()
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.directory().settings.clone()
    }

    /// A fresh id of any kind.
    pub fn next_id(&self) -> i64 {
        self.ids.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next(self.clock.now())
    }

    /// Whether the actor may do this. One who may not even read it learns nothing of it: ask for reading first.
    pub fn allows(&self, actor: Actor, action: Action, on: Resource<'_>) -> Result<(), Problem> {
        let directory = self.directory();
        if access::allows(&directory, actor, action, on) {
            return Ok(());
        }
        // Whoever holds the right for other things learns that this one is none of theirs; the answer is the same
        // as for a thing that does not exist.
        let has_it_elsewhere = access::scope(&directory, actor, action).is_some();
        Err(if has_it_elsewhere { Refusal::NotFound } else { Refusal::Forbidden }.into())
    }

    /// How far the actor may go in a list.
    pub fn reach(&self, actor: Actor, action: Action) -> Result<Reach, Problem> {
        access::scope(&self.directory(), actor, action).ok_or_else(|| Refusal::Forbidden.into())
    }
}
