//! Where uploaded files lie.

use serde::{Deserialize, Deserializer, de};
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesPlace {
    /// A folder; empty means the one below the data folder.
    Folder(PathBuf),
    /// S3-compatible storage. The prefix may be empty.
    Bucket { bucket: String, prefix: String },
}

impl<'de> Deserialize<'de> for FilesPlace {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let Some(place) = text.strip_prefix("s3://") else {
            return match text.contains("://") {
                true => Err(de::Error::custom(format!(
                    "`{text}` is neither a folder nor s3://bucket or s3://bucket/prefix"
                ))),
                false => Ok(FilesPlace::Folder(text.into())),
            };
        };
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err(de::Error::custom(format!("`{text}` names no bucket, as s3://bucket does")));
        }
        Ok(FilesPlace::Bucket { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

/// How S3-compatible storage is reached; without meaning where files lie in a folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Empty: Amazon's own for the region.
    #[serde(deserialize_with = "address")]
    pub endpoint: String,
    pub region: String,
    pub key: String,
    pub secret: String,
    /// Some clouds know a bucket only by the host's name.
    pub bucket_in_host: bool,
}

/// An address over HTTP, or nothing.
pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let is_address = reqwest::Url::parse(&text).is_ok_and(|it| matches!(it.scheme(), "http" | "https"));
    match text.is_empty() || is_address {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => {
            Err(de::Error::custom(format!("`{text}` is no address such as https://storage.example.com:9000")))
        }
    }
}
