//! One configuration: defaults compiled in, overridden by a file, then by the environment.
//!
//! Every key that is set is tried on its own, so that an error names its place and the nearest right name.

mod files;
mod mail;
mod metrics;
mod network;
mod phone;
mod trace;

pub use files::{FilesPlace, S3};
pub use mail::Mail;
pub use metrics::Metrics;
pub use network::Network;
pub use phone::Phone;
pub use trace::Trace;

use serde::{Deserialize, Deserializer, de};
use std::{fmt, net::SocketAddr, path::PathBuf};
use toml::{Table, Value, de::DeTable};
use yingda_core::sites;

pub const DEFAULTS: &str = include_str!("default.toml");

/// Names that belong to the environment but are no configuration keys.
const NOT_KEYS: [&str; 3] = ["YINGDA_SECRET_KEY", "YINGDA_PASSWORD", "YINGDA_BACKUP_KEY"];
/// What such a name begins with is for other programs.
const NOT_OURS: [&str; 3] = ["YINGDA_TEST_", "YINGDA_BENCH_", "YINGDA_E2E_"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub store: String,
    pub bus: String,
    pub bus_ca: PathBuf,
    #[serde(deserialize_with = "site_name")]
    pub site: String,
    pub node: String,
    pub files: FilesPlace,
    /// Where letters find a font with Chinese signs.
    pub fonts: PathBuf,
    pub public_url: String,
    pub tls: Tls,
    pub proxy: Proxy,
    pub session: Session,
    pub limits: Limits,
    pub log: Log,
    pub metrics: Metrics,
    pub mail: Mail,
    pub phone: Phone,
    pub trace: Trace,
    pub outgoing: Outgoing,
    pub oidc: Oidc,
    pub s3: S3,
    pub backup: Backup,
}

fn site_name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    if name.is_empty() || sites::is_name(&name) {
        return Ok(name);
    }
    Err(de::Error::custom(format!("{name:?} is no name of a site: up to 32 of a-z, 0-9 and -")))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    pub trusted: Vec<Network>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub idle_hours: u32,
    pub lock_after: u32,
    pub lock_minutes: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub upload_mb: u32,
    pub body_kb: u32,
    pub connections: u32,
    pub connections_per_address: u32,
    pub header_seconds: u32,
    pub sign_in_per_minute: u32,
    pub hello_per_minute: u32,
    pub message_per_minute: u32,
    pub upload_per_minute: u32,
    pub code_seconds: u32,
    pub code_pause_seconds: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outgoing {
    pub private_networks: Vec<Network>,
    pub retry_ms: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    pub name: String,
    pub claim: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub folder: PathBuf,
    pub key_file: PathBuf,
    pub every_hours: u32,
    pub keep_last: u32,
    pub keep_daily: u32,
    pub keep_weekly: u32,
    pub keep_monthly: u32,
}

impl Backup {
    /// Whether the server makes backups by itself: a copy beside the data helps too little to be made unasked.
    pub fn is_scheduled(&self) -> bool {
        self.every_hours > 0 && !self.folder.as_os_str().is_empty()
    }
}

impl Limits {
    pub fn upload_bytes(&self) -> usize {
        self.upload_mb as usize * 1024 * 1024
    }

    pub fn body_bytes(&self) -> usize {
        self.body_kb as usize * 1024
    }
}

impl Tls {
    pub fn is_on(&self) -> bool {
        !self.cert.as_os_str().is_empty() || !self.key.as_os_str().is_empty()
    }
}

impl Config {
    /// Where the embedded store or the database is.
    pub fn store_url(&self) -> String {
        if self.store.is_empty() {
            format!("sqlite:{}", self.data.join("yingda.db").display())
        } else {
            self.store.clone()
        }
    }

    /// Where backups are kept.
    pub fn backup_folder(&self) -> PathBuf {
        if self.backup.folder.as_os_str().is_empty() {
            self.data.join("backups")
        } else {
            self.backup.folder.clone()
        }
    }

    /// Where uploaded files lie.
    pub fn files_place(&self) -> FilesPlace {
        match &self.files {
            FilesPlace::Folder(folder) if folder.as_os_str().is_empty() => {
                FilesPlace::Folder(self.data.join("files"))
            }
            named => named.clone(),
        }
    }

    /// Whether browsers reach us over TLS whatever a single request says.
    pub fn is_secure(&self) -> bool {
        self.tls.is_on() || self.public_url.starts_with("https://")
    }

    /// The address that is printed and that stands in links.
    pub fn base_url(&self, listening: SocketAddr) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls.is_on() { "https" } else { "http" };
        if listening.ip().is_unspecified() {
            format!("{scheme}://localhost:{}", listening.port())
        } else {
            format!("{scheme}://{listening}")
        }
    }
}

/// A key or value that cannot be taken, with its place.
#[derive(Debug, PartialEq)]
pub struct ConfigError {
    pub place: String,
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// One key that someone set.
struct Setting {
    path: Vec<String>,
    value: Value,
    place: String,
}

/// A file's text with the name to blame.
pub struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// Lays file and environment over the defaults. `flags` come from the command line and win over all.
pub fn load(
    file: Option<Source<'_>>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &[(&str, String)],
) -> Result<Config, ConfigError> {
    let mut merged: Table = DEFAULTS.parse().expect("the compiled-in defaults are valid TOML");
    let mut settings = file.map(|file| of_file(&merged, file)).transpose()?.unwrap_or_default();
    settings.extend(of_environment(&merged, environment)?);
    settings.extend(flags.iter().map(|(key, value)| Setting {
        path: vec![(*key).to_owned()],
        value: Value::String(value.clone()),
        place: format!("--{key}"),
    }));
    for setting in settings {
        apply(&mut merged, setting)?;
    }
    Ok(Config::deserialize(merged).expect("defaults and every single setting were tried"))
}

/// Puts one setting in place, and refuses it when the whole no longer makes sense.
fn apply(merged: &mut Table, setting: Setting) -> Result<(), ConfigError> {
    let mut table = &mut *merged;
    let (leaf, sections) = setting.path.split_last().expect("a setting has a key");
    for section in sections {
        table = table[section].as_table_mut().expect("the path was checked against the defaults");
    }
    table[leaf] = setting.value;
    Config::deserialize(merged.clone()).map(drop).map_err(|error| ConfigError {
        message: format!("`{}` has a wrong value: {}", setting.path.join("."), error.message()),
        place: setting.place,
    })
}

fn of_file(known: &Table, file: Source<'_>) -> Result<Vec<Setting>, ConfigError> {
    let place = |at: usize| {
        let line =
            file.text.as_bytes()[..at.min(file.text.len())].iter().filter(|byte| **byte == b'\n').count();
        format!("{} line {}", file.name, line + 1)
    };
    let refuse = |error: toml::de::Error| ConfigError {
        place: place(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    };
    let places = DeTable::parse(file.text).map_err(refuse)?;
    let values: Table = file.text.parse().map_err(refuse)?;
    let mut settings = vec![];
    walk(known, places.get_ref(), &values, &mut vec![], &place, &mut settings)?;
    Ok(settings)
}

fn walk(
    known: &Table,
    places: &DeTable<'_>,
    values: &Table,
    path: &mut Vec<String>,
    place: &impl Fn(usize) -> String,
    settings: &mut Vec<Setting>,
) -> Result<(), ConfigError> {
    for (key, there) in places {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        path.push(name.to_owned());
        let Some(default) = known.get(name) else {
            return Err(ConfigError {
                place: place(at),
                message: unknown(&path.join("."), &names(known, path)),
            });
        };
        match (default, there.get_ref().as_table(), values[name].as_table()) {
            (Value::Table(known), Some(places), Some(values)) => {
                walk(known, places, values, path, place, settings)?;
            }
            (Value::Table(_), ..) => {
                let message = format!("`{name}` is a section: write [{name}] and its keys below");
                return Err(ConfigError { place: place(at), message });
            }
            _ => settings.push(Setting { path: path.clone(), value: values[name].clone(), place: place(at) }),
        }
        path.pop();
    }
    Ok(())
}

fn names(known: &Table, path: &[String]) -> Vec<String> {
    let above = &path[..path.len() - 1];
    known.keys().map(|key| [above, std::slice::from_ref(key)].concat().join(".")).collect()
}

fn of_environment(
    known: &Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<Setting>, ConfigError> {
    let keys = variables(known, &mut vec![]);
    let is_ours = |name: &str| {
        name.starts_with("YINGDA_")
            && !NOT_KEYS.contains(&name)
            && !NOT_OURS.iter().any(|other| name.starts_with(other))
    };
    let mut settings = vec![];
    for (name, text) in environment.into_iter().filter(|(name, _)| is_ours(name)) {
        let place = format!("environment variable {name}");
        let Some((_, path, default)) = keys.iter().find(|(variable, ..)| *variable == name) else {
            let names: Vec<_> = keys.iter().map(|(variable, ..)| variable.clone()).collect();
            return Err(ConfigError { message: unknown(&name, &names), place });
        };
        settings.push(Setting { path: path.clone(), value: of_text(default, &text), place });
    }
    Ok(settings)
}

fn variables(table: &Table, path: &mut Vec<String>) -> Vec<(String, Vec<String>, Value)> {
    let mut found = vec![];
    for (key, value) in table {
        path.push(key.clone());
        match value {
            Value::Table(inner) => found.extend(variables(inner, path)),
            _ => {
                found.push((format!("YINGDA_{}", path.join("_").to_uppercase()), path.clone(), value.clone()))
            }
        }
        path.pop();
    }
    found
}

/// A variable's text in the shape of the key's default; what does not fit is refused when it is applied.
fn of_text(default: &Value, text: &str) -> Value {
    match default {
        Value::Integer(_) => {
            text.trim().parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer)
        }
        Value::Array(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        Value::Boolean(_) => {
            text.trim().parse().map_or_else(|_| Value::String(text.to_owned()), Value::Boolean)
        }
        _ => Value::String(text.to_owned()),
    }
}

fn unknown(name: &str, names: &[String]) -> String {
    let near = names.iter().max_by(|a, b| {
        let likeness = |other: &String| strsim::jaro_winkler(name, other);
        likeness(a).total_cmp(&likeness(b))
    });
    near.map_or_else(
        || format!("unknown key `{name}`"),
        |near| format!("unknown key `{name}`; the nearest right name is `{near}`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_text(text: &str) -> Result<Config, ConfigError> {
        load(Some(Source { name: "yingda.toml", text }), [], &[])
    }

    fn from_variable(name: &str, value: &str) -> Result<Config, ConfigError> {
        load(None, [(name.to_owned(), value.to_owned())], &[])
    }

    #[test]
    fn the_defaults_stand_alone() {
        let config = load(None, [], &[]).unwrap();
        assert_eq!(config.listen.port(), 8080);
        assert_eq!(config.store_url(), "sqlite:./data/yingda.db");
    }

    #[test]
    fn the_environment_wins_over_the_file_and_a_flag_over_both() {
        let file = Source { name: "f", text: "listen = \"127.0.0.1:1\"\n[limits]\nupload_mb = 5\n" };
        let environment = [
            ("YINGDA_LISTEN".to_owned(), "127.0.0.1:2".to_owned()),
            ("YINGDA_PROXY_TRUSTED".to_owned(), "10.0.0.0/8, ::1".to_owned()),
            ("YINGDA_BACKUP_KEY".to_owned(), "no key of the configuration".to_owned()),
            ("YINGDA_BACKUP_KEY_FILE".to_owned(), "but this is one".to_owned()),
            ("HOME".to_owned(), "/root".to_owned()),
        ];
        let config = load(Some(file), environment, &[("listen", "127.0.0.1:3".to_owned())]).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.limits.upload_mb, 5);
        assert_eq!(config.backup.key_file, PathBuf::from("but this is one"));
        assert_eq!(config.proxy.trusted.len(), 2);
    }

    #[test]
    fn files_lie_in_a_folder_or_in_a_bucket() {
        let folder = |path: &str| FilesPlace::Folder(path.into());
        let bucket =
            |bucket: &str, prefix: &str| FilesPlace::Bucket { bucket: bucket.into(), prefix: prefix.into() };
        for (text, place) in [
            ("", folder("./data/files")),
            ("/srv/files", folder("/srv/files")),
            ("s3://yingda", bucket("yingda", "")),
            ("s3://yingda/shop/one/", bucket("yingda", "shop/one")),
        ] {
            assert_eq!(from_variable("YINGDA_FILES", text).unwrap().files_place(), place);
        }
        for (name, wrong) in [
            ("YINGDA_FILES", "s3:///shop"),
            ("YINGDA_FILES", "ftp://host/files"),
            ("YINGDA_S3_ENDPOINT", "minio:9000"),
            ("YINGDA_S3_BUCKET_IN_HOST", "maybe"),
        ] {
            let error = from_variable(name, wrong).unwrap_err();
            assert!(error.place.ends_with(name) && error.message.contains(wrong), "{error}");
        }
        assert!(from_variable("YINGDA_S3_BUCKET_IN_HOST", "true").unwrap().s3.bucket_in_host);
    }

    #[test]
    fn a_sites_name_fits_into_names_on_the_bus() {
        assert_eq!(from_variable("YINGDA_SITE", "hangzhou-2").unwrap().site, "hangzhou-2");
        for wrong in ["杭州", "hz.2", "HZ", "a b"] {
            let error = from_variable("YINGDA_SITE", wrong).unwrap_err();
            assert!(error.place.ends_with("YINGDA_SITE") && error.message.contains(wrong), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_right_name() {
        let error = from_text("# mine\nlisten = \"127.0.0.1:1\"\n\n[limits]\nuplaod_mb = 5\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "yingda.toml line 5: unknown key `limits.uplaod_mb`; the nearest right name is `limits.upload_mb`"
        );
        let error = from_variable("YINGDA_LISTN", "x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable YINGDA_LISTN: unknown key `YINGDA_LISTN`; the nearest right name is `YINGDA_LISTEN`"
        );
    }

    #[test]
    fn a_wrong_value_names_its_line() {
        let error = from_text("\n[limits]\nbody_kb = \"much\"\n").unwrap_err();
        assert_eq!(error.place, "yingda.toml line 3");
        assert!(
            error.message.starts_with("`limits.body_kb` has a wrong value: invalid type: string"),
            "{error}"
        );
        let error = from_text("[proxy]\ntrusted = [\"10.0.0.0/99\"]\n").unwrap_err();
        assert_eq!(error.place, "yingda.toml line 2");
        assert!(error.message.contains("10.0.0.0/99"), "{error}");
        let error = from_variable("YINGDA_LIMITS_BODY_KB", "-1").unwrap_err();
        assert_eq!(error.place, "environment variable YINGDA_LIMITS_BODY_KB");
        let error = from_text("tls = 3\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "yingda.toml line 1: `tls` is a section: write [tls] and its keys below"
        );
        let error = from_text("listen = \n").unwrap_err();
        assert_eq!(error.place, "yingda.toml line 1");
    }
}
