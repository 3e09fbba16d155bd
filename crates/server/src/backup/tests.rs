//! SYS-43: what a folder of backups keeps, notices and refuses.

use super::{manifest::Manifest, vault::Hurt, *};
use crate::config::{self, Config};
use std::{
    fs,
    path::{Path, PathBuf},
};
use yingda_core::{
    At,
    chain::{self, Header},
};
use yingda_store::{Batch, Db, EventRow, backup::Log, event};

const NOW: At = 1_795_305_600_000;
const KIND: &str = "message_posted";

/// A folder with a store, files and a key for backups. It goes with the test.
struct House {
    folder: PathBuf,
    db: Db,
    config: Config,
}

impl House {
    async fn build() -> House {
        let name = hex::encode(crate::random::bytes::<8>());
        let folder = std::env::temp_dir().join(format!("yingda-backup-{name}"));
        fs::create_dir_all(folder.join("data/files/ab")).unwrap();
        fs::write(folder.join("data/files/ab/ab12"), "an uploaded file").unwrap();
        fs::write(folder.join("data/secret.key"), "the secret key").unwrap();
        fs::write(folder.join("backup.key"), Key::fresh().text()).unwrap();
        let config = configured(&folder, "data", "backup.key");
        let db = Db::open(&config.store_url()).await.unwrap();
        db.migrate().await.unwrap();
        let house = House { folder, db, config };
        house.log(3_000).await;
        house
    }

    /// So many more events, in one commit.
    async fn log(&self, count: u64) {
        let (last, mut prev) = event::head(&self.db).await.unwrap().unwrap_or_default();
        let event = |seq: u64| {
            let body = format!("{{\"seq\":{seq},\"text\":\"{}\"}}", hex::encode(seq.to_be_bytes()));
            let digest = chain::digest(&[7; 16], body.as_bytes(), None);
            let (at, on_id) = (NOW + seq as At, seq as i64 % 50);
            let header = Header {
                site: 1,
                seq,
                at,
                on_kind: 1,
                on_id,
                kind: KIND,
                actor_kind: 3,
                actor_id: 9,
                audience: 0,
            };
            prev = chain::link(&prev, header, &digest);
            EventRow {
                seq,
                at,
                on_kind: 1,
                on_id,
                kind: KIND,
                audited: false,
                actor_kind: 3,
                actor_id: 9,
                audience: 0,
                body: body.into(),
                private: None,
                salt: [7; 16],
                digest,
                hash: prev,
                prev: 0,
            }
        };
        let events = (last + 1..=last + count).map(event).collect();
        self.db.commit(Batch { events, ..Batch::default() }).await.unwrap();
    }

    async fn make(&self, now: At) -> Manifest {
        make(&self.db, &self.config, now, quiet()).await.unwrap()
    }

    fn vault(&self) -> Vault {
        Vault::to_read(&self.config.backup_folder(), Key::of(&self.config.backup).unwrap().as_ref()).unwrap()
    }

    fn findings(&self) -> Vec<String> {
        let vault = self.vault();
        verify(&vault, &vault.names().unwrap(), quiet()).unwrap().findings
    }

    /// Where everything comes back from the newest backup.
    async fn restored(&self, to: &str) -> Result<Config, Failed> {
        let config = configured(&self.folder, to, "backup.key");
        fs::create_dir_all(&config.data).unwrap();
        let vault = self.vault();
        let newest = pick(&vault, None, None)?;
        restore(&config, vault, newest, quiet()).await.map(|()| config)
    }

    fn chunk_files(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.config.backup_folder().join("chunks")).unwrap();
        let files = folders.flat_map(|it| fs::read_dir(it.unwrap().path()).unwrap());
        files.map(|it| it.unwrap().path()).collect()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn configured(folder: &Path, data: &str, key: &str) -> Config {
    let path = |name: &str| folder.join(name).display().to_string();
    let environment = [
        ("YINGDA_BACKUP_KEY_FILE".to_owned(), if key.is_empty() { String::new() } else { path(key) }),
        ("YINGDA_BACKUP_FOLDER".to_owned(), path("backups")),
    ];
    config::load(None, environment, &[("data", path(data))]).unwrap()
}

fn quiet() -> Tell {
    Box::new(|_| ControlFlow::Continue(()))
}

#[tokio::test]
async fn sys_43_a_second_backup_writes_only_what_is_new() {
    let house = House::build().await;
    house.log(20_000).await;
    let first = house.make(NOW).await;
    assert_eq!((first.events(), first.bytes), (23_000, first.new_bytes));
    let same = house.make(NOW).await;
    assert_eq!((same.new_bytes, same.bytes, same.made_at), (0, first.bytes, NOW + 1));
    house.log(10).await;
    let third = house.make(NOW + 2).await;
    assert!(third.new_bytes > 0 && third.new_bytes * 4 < first.bytes, "{third:?}");
    assert_eq!(house.findings(), Vec::<String>::new());
    let last = Last::read(&house.config.data).unwrap();
    assert_eq!((last.name, last.new_bytes), (Some(third.name), third.new_bytes));

    // The middle one goes, and what the others need stays.
    let mut rules = house.config.backup.clone();
    (rules.keep_last, rules.keep_daily, rules.keep_weekly, rules.keep_monthly) = (1, 0, 0, 0);
    let key = Key::of(&rules).unwrap();
    let before = house.chunk_files().len();
    let folder = house.config.backup_folder();
    let pruned = prune(&Vault::to_write(&folder, key.as_ref()).unwrap(), &rules).unwrap();
    assert_eq!(pruned.gone, [first.name, same.name]);
    assert!(pruned.freed > 0 && house.chunk_files().len() < before);
    assert_eq!(house.findings(), Vec::<String>::new());
    let config = house.restored("again").await.unwrap();
    let db = Db::open(&config.store_url()).await.unwrap();
    assert_eq!(event::head(&db).await.unwrap(), event::head(&house.db).await.unwrap());
    assert_eq!(fs::read_to_string(config.data.join("files/ab/ab12")).unwrap(), "an uploaded file");
    assert_eq!(fs::read_to_string(config.data.join("secret.key")).unwrap(), "the secret key");
    assert!(!config.data.join("restore.part").exists());
}

#[tokio::test]
async fn sys_43_whatever_byte_changes_or_chunk_goes_is_named() {
    let house = House::build().await;
    let made = house.make(NOW).await;
    let key = fs::read(house.folder.join("backup.key")).unwrap();
    for file in house.chunk_files() {
        let name = file.file_name().unwrap().to_str().unwrap();
        let (what, ..) = made.chunks().find(|(_, _, chunk)| chunk.name == name).unwrap();
        let whole = fs::read(&file).unwrap();
        assert!(!whole.windows(16).any(|part| key.starts_with(part)), "no key lies beside the backups");
        for at in [0, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&file, changed).unwrap();
            let expected = format!("chunk {name} is damaged: {what} of backup {}", made.name);
            assert!(house.findings().contains(&expected), "{:?}", house.findings());
        }
        fs::remove_file(&file).unwrap();
        let expected = format!("chunk {name} is missing: {what} of backup {}", made.name);
        assert!(house.findings().iter().any(|it| it.starts_with(&expected)), "{:?}", house.findings());
        let refused = house.restored("again").await.unwrap_err();
        assert!(refused.to_string().contains(name), "{refused}");
        assert!(!house.folder.join("again/yingda.db").exists() && !house.folder.join("again/files").exists());
        fs::write(&file, whole).unwrap();
    }
    assert_eq!(house.findings(), Vec::<String>::new());

    let manifest = house.config.backup_folder().join("manifests").join(&made.name);
    let mut changed = fs::read(&manifest).unwrap();
    changed[20] ^= 1;
    fs::write(&manifest, changed).unwrap();
    assert_eq!(house.findings(), [format!("the manifest of backup {} is damaged", made.name)]);
    let folder = house.config.backup_folder();
    let key = Key::of(&house.config.backup).unwrap();
    let vault = Vault::to_write(&folder, key.as_ref()).unwrap();
    assert!(prune(&vault, &house.config.backup).is_err(), "nobody knows what it needs");
}

#[tokio::test]
async fn sys_43_a_wrong_key_says_so_and_none_is_told_apart() {
    let house = House::build().await;
    house.make(NOW).await;
    fs::write(house.folder.join("other.key"), Key::fresh().text()).unwrap();
    for (key, why) in [("other.key", "the key is wrong"), ("", "are encrypted: give their key")] {
        let config = configured(&house.folder, "data", key);
        let refused = make(&house.db, &config, NOW + 1, quiet()).await.unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
        let key = Key::of(&config.backup).unwrap();
        assert!(Vault::to_read(&config.backup_folder(), key.as_ref()).is_err());
        assert!(Last::read(&config.data).unwrap().error.unwrap().contains(why));
    }
    fs::remove_dir_all(house.config.backup_folder()).unwrap();
    let plain = configured(&house.folder, "data", "");
    make(&house.db, &plain, NOW, quiet()).await.unwrap();
    let refused = make(&house.db, &house.config, NOW + 1, quiet()).await.unwrap_err();
    assert!(refused.to_string().contains("are not encrypted, but a key is given"), "{refused}");
    // Without a key changes are noticed all the same.
    let vault = Vault::to_read(&plain.backup_folder(), None).unwrap();
    let file = house.chunk_files().remove(0);
    let mut changed = fs::read(&file).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&file, changed).unwrap();
    assert_eq!(vault.get(file.file_name().unwrap().to_str().unwrap()), Err(Hurt::Damaged));
}

#[tokio::test]
async fn sys_43_a_backup_of_a_store_at_work_is_whole() {
    let house = House::build().await;
    let writing = async {
        for _ in 0..40 {
            house.log(25).await;
        }
    };
    let (made, ()) = tokio::join!(house.make(NOW), writing);
    let Log { last_seq, broken_at, .. } = &made.logs[0];
    assert!((3_000..=4_000).contains(last_seq) && broken_at.is_none(), "{made:?}");
    let config = house.restored("again").await.unwrap();
    let db = Db::open(&config.store_url()).await.unwrap();
    let (seq, hash) = event::head(&db).await.unwrap().unwrap();
    assert_eq!((seq, hex::encode(hash)), (*last_seq, made.logs[0].head.clone()));
    let refused = house.restored("again").await.unwrap_err();
    assert!(refused.to_string().contains("exists already"), "{refused}");
    fs::remove_dir_all(config.data.join("files")).unwrap();
    fs::remove_file(config.data.join("secret.key")).unwrap();
    let refused = house.restored("again").await.unwrap_err();
    assert!(refused.to_string().contains("holds data already"), "{refused}");
}

#[tokio::test]
async fn sys_43_what_was_broken_off_is_no_backup_and_does_no_harm() {
    let house = House::build().await;
    let broken_off = make(&house.db, &house.config, NOW, Box::new(|_| ControlFlow::Break(()))).await;
    assert!(broken_off.unwrap_err().to_string().contains("broken off"));
    assert!(house.vault().names().unwrap().is_empty());
    assert!(pick(&house.vault(), None, None).is_err());
    let made = house.make(NOW + 1).await;
    assert_eq!(house.findings(), Vec::<String>::new());
    let vault = house.vault();
    let until = |at| pick(&vault, None, Some(at)).map(|it| it.name);
    assert_eq!(until(NOW + 1).unwrap(), made.name);
    assert!(until(NOW).unwrap_err().to_string().contains("every backup in"));
    let newer = Manifest { level: 1_000, ..made };
    let refused = restore(&house.config, vault, newer, quiet()).await.unwrap_err();
    assert!(refused.to_string().contains("whose tables are of level 1000"), "{refused}");
}
