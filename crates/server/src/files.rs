//! Uploaded content, named by its hash. The rows that point to it live in the store.

mod bucket;
mod kind;

pub use kind::{is_inline, sniff};

use crate::{
    config::{Config, FilesPlace},
    random,
};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, local::LocalFileSystem, path::Path,
};
use sha2::{Digest, Sha256};
use std::{fs, io, ops::Range, path, sync::Arc};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use yingda_core::id::FileId;

#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// A storage of its own may be away for a while.
    pub is_remote: bool,
    /// Held by uploads from content to row, and alone by the sweep: content that was just found is not removed.
    in_use: Arc<RwLock<()>>,
}

impl Files {
    /// The place that the configuration names, once it has answered; else why not, as a sentence.
    pub async fn open(config: &Config) -> Result<Self, String> {
        match config.files_place() {
            FilesPlace::Folder(folder) => Self::folder(&folder)
                .map_err(|error| format!("cannot open the folder of files {}: {error}", folder.display())),
            FilesPlace::Bucket { bucket, prefix } => {
                let store = bucket::open(&config.s3, &bucket, &prefix)?;
                let heard = store.list_with_delimiter(None).await;
                heard.map_err(|error| bucket::advice(&config.s3, &bucket, &error))?;
                Ok(Self { store, is_remote: true, in_use: Arc::default() })
            }
        }
    }

    pub fn folder(folder: &path::Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), is_remote: false, in_use: Arc::default() })
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
    pub async fn keep(&self, content: Bytes) -> Result<String, Error> {
        let hash = hex::encode(Sha256::digest(&content));
        // Not every storage knows how to write only what is not there; to write the same again does no harm.
        let mode = if self.is_remote { PutMode::Overwrite } else { PutMode::Create };
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.store.put_opts(&place(&hash), content.into(), options).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(hash),
            Err(error) => Err(error),
        }
    }

    /// Words that were read aloud before.
    pub async fn spoken(&self, key: &str) -> Option<Bytes> {
        self.store.get(&spoken_at(key)).await.ok()?.bytes().await.ok()
    }

    pub async fn keep_spoken(&self, key: &str, wav: Bytes) -> Result<(), Error> {
        self.store.put(&spoken_at(key), wav.into()).await.map(drop)
    }

    /// Content as it comes, and how much it is.
    pub async fn read(
        &self,
        hash: &str,
    ) -> Result<(u64, impl Stream<Item = Result<Bytes, Error>> + use<>), Error> {
        let found = self.store.get(&place(hash)).await?;
        Ok((found.meta.size, found.into_stream()))
    }

    /// Content as a whole, for what needs all of it at once.
    pub async fn whole(&self, hash: &str) -> Result<Bytes, Error> {
        self.store.get(&place(hash)).await?.bytes().await
    }

    /// All content by its place, with its size.
    pub async fn list(&self) -> Result<Vec<(String, u64)>, Error> {
        let found = self.store.list(None).map_ok(|it| (it.location.to_string(), it.size));
        let mut found: Vec<_> = found.try_collect().await?;
        found.sort_unstable();
        Ok(found)
    }

    /// A part of what lies at a place.
    pub async fn part(&self, place: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.store.get_range(&Path::from(place), range).await
    }

    /// Puts content back where it was.
    pub async fn put_back(&self, place: &str, content: Bytes) -> Result<(), Error> {
        self.store.put(&Path::from(place), content.into()).await.map(drop)
    }

    /// Removes content; what is not there is removed already.
    pub async fn remove(&self, hash: &str) -> Result<(), Error> {
        match self.store.delete(&place(hash)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
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

/// What can be made again lies apart.
fn spoken_at(key: &str) -> Path {
    Path::from(format!("speech/{key}.wav"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_content_is_kept_once_and_comes_back_as_it_was() {
        let name = hex::encode(crate::random::bytes::<8>());
        let folder = std::env::temp_dir().join(format!("yingda-files-{name}"));
        let files = Files::folder(&folder).unwrap();
        let first = files.keep(Bytes::from_static(b"a picture")).await.unwrap();
        let second = files.keep(Bytes::from_static(b"a picture")).await.unwrap();
        assert_eq!(first, second);
        let (size, content) = files.read(&first).await.unwrap();
        assert_eq!(content.try_collect::<Vec<_>>().await.unwrap().concat(), b"a picture");
        assert_eq!((size, files.list().await.unwrap()), (9, vec![(place(&first).to_string(), 9)]));
        assert_eq!(fs::read_dir(folder.join(&first[..2])).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
