//! What requests about versioned things share: `If-Match` in, `ETag` out, pages.

use crate::problem::{Code, Problem};
use axum::{
    Json,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The version on which a change is based. Without one nothing is changed (428).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.headers.get(header::IF_MATCH).ok_or(Code::VersionNeeded)?;
        let version = text.to_str().ok().and_then(read_version).ok_or(Code::BadQuery)?;
        Ok(IfMatch(version))
    }
}

/// `"7"`, also as a weak tag, as some clients make of it.
fn read_version(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_prefix("W/").unwrap_or(text);
    text.trim_matches('"').parse().ok()
}

/// A body with its version as `ETag`.
#[derive(Debug)]
pub struct Tagged<T>(pub StatusCode, pub i64, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        (self.0, [(header::ETAG, format!("\"{}\"", self.1))], Json(self.2)).into_response()
    }
}

/// How many items a page has: as asked, from 1 to 200, usually 50.
pub fn page_size(asked: Option<usize>) -> usize {
    asked.unwrap_or(50).clamp(1, 200)
}

/// An id from an address. What is no id names nothing.
pub fn id<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// A body that is a file to keep.
pub fn download(name: &str, mime: &'static str, bytes: Vec<u8>) -> Response {
    (
        [
            (header::CONTENT_TYPE, mime.to_owned()),
            (header::CONTENT_DISPOSITION, disposition("attachment", name)),
        ],
        bytes,
    )
        .into_response()
}

/// `Content-Disposition` with a name in any script (RFC 6266).
pub fn disposition(how: &str, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_clients_write_them() {
        assert_eq!(read_version("\"7\""), Some(7));
        assert_eq!(read_version("W/\"7\""), Some(7));
        assert_eq!(read_version("7"), Some(7));
        assert_eq!(read_version("*"), None);
        assert_eq!(read_version("\"\""), None);
    }

    #[test]
    fn a_file_name_cannot_leave_its_header() {
        assert_eq!(
            disposition("inline", "图 1\"\r\n.png"),
            "inline; filename=\"__1___.png\"; filename*=UTF-8''%E5%9B%BE%201%22%0D%0A.png"
        );
    }

    #[test]
    fn pages_have_bounds() {
        assert_eq!((page_size(None), page_size(Some(0)), page_size(Some(9_999))), (50, 1, 200));
    }
}
