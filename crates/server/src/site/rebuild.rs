//! The live state from rows: at the start and after a failed commit, by the same path.

use super::figures;
use std::sync::Arc;
use yingda_core::{
    At,
    chain::Hash,
    directory::Directory,
    engine::{Engine, Rows},
};
use yingda_store::{Db, ReadError, agent, conversation, event, record};

pub struct Rebuilt {
    pub engine: Engine,
    pub head: Hash,
}

pub async fn rebuild(db: &Db, now: At) -> Result<Rebuilt, ReadError> {
    let directory = directory(db).await?;
    let (seq, head) = event::head(db).await?.unwrap_or((0, [0; 32]));
    let rows = Rows {
        figures: figures::today(db, &directory, now).await?,
        directory,
        conversations: conversation::open_live(db).await?,
        agents: agent::all(db).await?,
        seq,
        highest_id: db.highest_id().await?,
        writer: 1,
    };
    Ok(Rebuilt { engine: Engine::rebuild(rows, now), head })
}

/// All configuration, as it is stored.
pub async fn directory(db: &Db) -> Result<Directory, ReadError> {
    let mut directory = Directory::default();
    for stored in record::all(db).await? {
        directory.apply(stored.record.kind(), stored.id, Some(&stored.record));
    }
    for key in yingda_store::api_key::all(db).await? {
        if key.revoked_at.is_none() {
            directory.keys.insert(key.id, Arc::new(key.actions));
        }
    }
    Ok(directory)
}
