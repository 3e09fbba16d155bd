//! `yingda doctor`: looks at everything that a start needs, and says what to do.

use crate::{
    backup::{self, Key, Last},
    clock::Clock,
    config::{Config, FilesPlace},
    files::Files,
    lock::{self, Taken},
    serve,
    start::{self, StartError},
    tls,
};
use std::{fs, path::Path, process::ExitCode};
use yingda_store::{Db, ReadError, event};

/// Less free space than this is a warning.
const SPACE: u64 = 1 << 30;
/// 2025-01-01: a clock before this is wrong.
const EARLIEST: i64 = 1_735_689_600_000;

enum Finding {
    Good(String),
    /// Works, but somebody should know.
    Mind(String),
    Bad(String),
}

use Finding::{Bad, Good, Mind};

pub async fn run(config: Result<Config, StartError>) -> ExitCode {
    let config = match config {
        Ok(config) => config,
        Err(error) => return print(vec![("configuration", Bad(error.0))]),
    };
    let clock = Clock::new();
    let mut findings = vec![("configuration", Good("every key and value is understood".into()))];
    let data = &config.data;
    if let Err(error) = start::make_folder(data) {
        let advice = format!("{}: {error}; make it, or name another folder with --data", data.display());
        findings.push(("data folder", Bad(advice)));
        return print(findings);
    }
    let running = match lock::take(data) {
        Ok(Taken::Theirs(address)) => Some(address),
        _ => None,
    };
    findings.push(("data folder", folder(data)));
    findings.push(match config.files_place() {
        FilesPlace::Folder(path) => ("file folder", folder(&path)),
        FilesPlace::Bucket { bucket, .. } => ("file storage", storage(&config, &bucket).await),
    });
    findings.push(("disk space", space(data)));
    findings.push(("secret key", key(data)));
    findings.push(("backups", backups(&config, clock.now())));
    findings.push(("port", port(&config, running.as_deref())));
    findings.push(("certificate", certificate(&config)));
    let (store, last_at) = store(&config).await;
    findings.push(("store", store));
    findings.push(("clock", time(clock.now(), last_at)));
    print(findings)
}

fn print(findings: Vec<(&str, Finding)>) -> ExitCode {
    let mut bad = 0;
    for (what, finding) in findings {
        let (mark, text) = match finding {
            Good(text) => ("ok  ", text),
            Mind(text) => ("mind", text),
            Bad(text) => {
                bad += 1;
                ("BAD ", text)
            }
        };
        println!("{mark}  {what:<15}{text}");
    }
    if bad == 0 {
        println!("Ready to serve.");
        ExitCode::SUCCESS
    } else {
        println!("{bad} to put right before the server can run.");
        ExitCode::FAILURE
    }
}

/// Only writing shows whether one may write.
fn folder(path: &Path) -> Finding {
    let probe = path.join(format!(".doctor-{}", std::process::id()));
    let tried = fs::create_dir_all(path)
        .and_then(|()| fs::write(&probe, b"ok"))
        .and_then(|()| fs::remove_file(&probe));
    match tried {
        Ok(()) => Good(format!("{} can be written", path.display())),
        Err(error) => Bad(format!("{}: {error}; give this user the right to write there", path.display())),
    }
}

async fn storage(config: &Config, bucket: &str) -> Finding {
    match Files::open(config).await {
        Ok(_) => Good(format!("the bucket {bucket} answers")),
        Err(why) => Bad(why),
    }
}

fn space(path: &Path) -> Finding {
    match rustix::fs::statvfs(path) {
        Ok(volume) => {
            let free = volume.f_bavail.saturating_mul(volume.f_frsize);
            let text = format!("{} MiB free at {}", free >> 20, path.display());
            if free < SPACE {
                Mind(format!("{text}; make room soon: a full disk refuses new messages"))
            } else {
                Good(text)
            }
        }
        Err(error) => Mind(format!("cannot be measured: {error}")),
    }
}

fn key(data: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    if std::env::var_os("YINGDA_SECRET_KEY").is_some() {
        return Good("comes from the environment".into());
    }
    let path = data.join("secret.key");
    match fs::metadata(&path) {
        Ok(file) if file.permissions().mode() & 0o077 != 0 => {
            Bad(format!("others can read {0}; run: chmod 600 {0}", path.display()))
        }
        Ok(_) => Good(format!("{} is readable by its owner only", path.display())),
        Err(_) => Good("will be made at the first start".into()),
    }
}

/// How the last one went, and whether it is long ago.
fn backups(config: &Config, now: i64) -> Finding {
    let key = match Key::of(&config.backup) {
        Ok(key) => key,
        Err(error) => return Bad(error.to_string()),
    };
    let cover = if key.is_some() { "encrypted" } else { "NOT encrypted" };
    let every_ms = i64::from(config.backup.every_hours) * 3_600_000;
    match Last::read(&config.data) {
        None if config.backup.is_scheduled() => Good(format!("the server will make the first one; {cover}")),
        None => Mind("none was made; name a folder in backup.folder, or run `yingda backup`".into()),
        Some(Last { error: Some(error), .. }) => Mind(format!("the last one failed: {error}")),
        Some(last) => {
            let made_at = last.name.as_deref().and_then(backup::at_of).unwrap_or(last.at);
            let text = format!("the last is {} h old, {cover}", (now - made_at) / 3_600_000);
            let is_late = config.backup.is_scheduled() && now - made_at > 2 * every_ms;
            if is_late || key.is_none() { Mind(text) } else { Good(text) }
        }
    }
}

fn port(config: &Config, running: Option<&str>) -> Finding {
    if let Some(address) = running {
        return Good(format!("this installation is running at {address}"));
    }
    match serve::bind(config.listen) {
        Ok(_) => Good(format!("{} is free", config.listen)),
        Err(error) => Bad(format!("{error}; stop who uses it, or choose another with --listen")),
    }
}

fn certificate(config: &Config) -> Finding {
    if !config.tls.is_on() {
        let is_local = config.listen.ip().is_loopback() || config.public_url.starts_with("https://");
        let text = "plain HTTP".to_owned();
        let advice = "set tls.cert and tls.key, or put a proxy with TLS in front";
        return if is_local { Good(text) } else { Mind(format!("{text} to the outside; {advice}")) };
    }
    match tls::read(&config.tls) {
        Ok(_) => Good(format!("{} and its key belong together", config.tls.cert.display())),
        Err(error) => Bad(format!("{error}; name PEM files in tls.cert and tls.key")),
    }
}

/// Opens the store without changing it, and reads the head of its log.
async fn store(config: &Config) -> (Finding, Option<i64>) {
    let url = config.store_url();
    let shown = start::public(&url);
    if let Some(path) = url.strip_prefix("sqlite:")
        && !Path::new(path).exists()
    {
        return (Good(format!("{shown} will be made at the first start")), None);
    }
    let db = match Db::open(&url).await {
        Ok(db) => db,
        Err(error) => return (Bad(format!("{shown}: {error}; check `store` in the configuration")), None),
    };
    let finding = match last_event(&db).await {
        Ok(last) => {
            let seq = last.map_or(0, |(seq, _)| seq);
            (Good(format!("{shown} holds {seq} events")), last.map(|(_, at)| at))
        }
        Err(error) => (Bad(format!("{shown}: {error}; run `yingda migrate`, or restore a backup")), None),
    };
    db.close().await;
    finding
}

async fn last_event(db: &Db) -> Result<Option<(u64, i64)>, ReadError> {
    let Some((seq, _)) = event::head(db).await? else { return Ok(None) };
    Ok(event::one(db, seq).await?.map(|last| (seq, last.at)))
}

fn time(now: i64, last_at: Option<i64>) -> Finding {
    if now < EARLIEST {
        return Bad("the clock is years behind; set it, and let it be kept by NTP".into());
    }
    match last_at {
        Some(last) if last > now + 60_000 => {
            Bad("the clock is behind the last stored event; set it, and let it be kept by NTP".into())
        }
        _ => Good("agrees with the store".into()),
    }
}
