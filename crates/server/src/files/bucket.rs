//! Uploads in S3-compatible storage.

use crate::config::S3;
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, RetryConfig, aws::AmazonS3Builder, path::Path,
    prefix::PrefixStore,
};
use reqwest::Url;
use std::{sync::Arc, time::Duration};

/// Whoever uploads or reads waits for it: a storage that is away is soon said to be.
const CONNECT: Duration = Duration::from_secs(2);
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(1),
        base: 2.,
    },
    max_retries: 2,
    retry_timeout: Duration::from_secs(5),
};
/// An answer that does not begin or go on within this time is none.
const SILENCE: Duration = Duration::from_secs(30);

/// Nothing is asked of the storage yet.
pub fn open(config: &S3, bucket: &str, prefix: &str) -> Result<Arc<dyn ObjectStore>, String> {
    if config.key.is_empty() || config.secret.is_empty() {
        return Err(format!("files lie in the bucket {bucket}, but `s3.key` and `s3.secret` are not set"));
    }
    let options = ClientOptions::new()
        .with_allow_http(config.endpoint.starts_with("http://"))
        .with_connect_timeout(CONNECT)
        .with_timeout_disabled()
        .with_read_timeout(SILENCE);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&config.region)
        .with_access_key_id(&config.key)
        .with_secret_access_key(&config.secret)
        .with_virtual_hosted_style_request(config.bucket_in_host)
        .with_client_options(options)
        .with_retry(RETRY);
    if !config.endpoint.is_empty() {
        builder = builder.with_endpoint(endpoint(config, bucket));
    }
    let store = builder.build().map_err(|error| format!("the settings of [s3] cannot be used: {error}"))?;
    Ok(Arc::new(PrefixStore::new(store, Path::from(prefix))))
}

fn endpoint(config: &S3, bucket: &str) -> String {
    let mut url = Url::parse(&config.endpoint).expect("the configuration was checked");
    if config.bucket_in_host {
        let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
        // A name that no host may have is left out, and then not found.
        let _ = url.set_host(Some(&host));
    }
    url.as_str().trim_end_matches('/').to_owned()
}

/// What to do about a storage that could not be used at the start.
pub fn advice(config: &S3, bucket: &str, error: &Error) -> String {
    let at = if config.endpoint.is_empty() { "Amazon S3" } else { &config.endpoint };
    let cause = cause(error);
    match code(&cause) {
        Some("NoSuchBucket") => format!("{at} has no bucket {bucket}; make it, or correct `files`"),
        Some(code) => format!(
            "{at} refuses `s3.key` with `s3.secret` for the bucket {bucket} ({code}); correct them, or give them the right to list, read, write and delete"
        ),
        None => format!("the file storage {at} cannot be used: {cause}; check `s3.endpoint`"),
    }
}

/// The last reason of all; those before it repeat addresses and counts.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string().replace('\n', " ")
}

/// What S3 calls its refusals, in the answer's XML.
fn code(answer: &str) -> Option<&str> {
    Some(answer.split_once("<Code>")?.1.split_once("</Code>")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_stands_in_the_path_or_in_the_host() {
        let config = |bucket_in_host| S3 {
            endpoint: "https://oss.example.com:8443".into(),
            region: "r".into(),
            key: String::new(),
            secret: "s".into(),
            bucket_in_host,
        };
        assert_eq!(endpoint(&config(false), "shop"), "https://oss.example.com:8443");
        assert_eq!(endpoint(&config(true), "shop"), "https://shop.oss.example.com:8443");
        assert!(open(&config(true), "shop", "").unwrap_err().contains("`s3.key`"));
    }
}
