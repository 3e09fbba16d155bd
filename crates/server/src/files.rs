//! Uploaded content, named by its hash. The rows that point to it live in the store.

mod kind;

pub use kind::{is_inline, sniff};

use crate::random;
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, local::LocalFileSystem, path::Path};
use sha2::{Digest, Sha256};
use std::{fs, io, path::PathBuf, sync::Arc};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use yingda_core::id::FileId;

#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// Held by uploads from content to row, and alone by the sweep: content that was just found is not removed.
    in_use: Arc<RwLock<()>>,
}

impl Files {
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), in_use: Arc::default() })
    }

    /// Until this is let go, no content is removed.
    pub async fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.in_use.read().await
    }

    /// Until this is let go, no content is added with its row.
    pub async fn hold_alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.in_use.write().await
    }

    /// Stores content durably and gives its hash. The same content twice is stored once.
    pub async fn keep(&self, content: Bytes) -> Result<String, object_store::Error> {
        let hash = hex::encode(Sha256::digest(&content));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&place(&hash), content.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(hash),
            Err(error) => Err(error),
        }
    }

    pub async fn read(&self, hash: &str) -> Result<Bytes, object_store::Error> {
        self.store.get(&place(hash)).await?.bytes().await
    }

    /// Removes content; what is not there is removed already.
    pub async fn remove(&self, hash: &str) -> Result<(), object_store::Error> {
        match self.store.delete(&place(hash)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A file's id cannot be guessed: whoever names one was given it. It lies below all other ids.
pub fn fresh_id() -> FileId {
    FileId((u64::from_be_bytes(random::bytes()) >> 12) as i64)
}

/// Two levels, so that no folder grows too long.
fn place(hash: &str) -> Path {
    Path::from(format!("{}/{hash}", &hash[..2.min(hash.len())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_content_is_kept_once_and_comes_back_as_it_was() {
        let name = hex::encode(crate::random::bytes::<8>());
        let folder = std::env::temp_dir().join(format!("yingda-files-{name}"));
        let files = Files::open(folder.clone()).unwrap();
        let first = files.keep(Bytes::from_static(b"a picture")).await.unwrap();
        let second = files.keep(Bytes::from_static(b"a picture")).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(files.read(&first).await.unwrap(), "a picture");
        assert_eq!(fs::read_dir(folder.join(&first[..2])).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
