//! Which files we take, and what they truly are: the first bytes decide, and the name must agree.

/// A kind of file that may be uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub mime: &'static str,
    /// The endings that such a file may have; the first is given to a file without one.
    pub endings: &'static [&'static str],
    /// Shown in the page. Everything else is only ever downloaded.
    pub is_inline: bool,
}

const fn shown(mime: &'static str, endings: &'static [&'static str]) -> Kind {
    Kind { mime, endings, is_inline: true }
}

const fn downloaded(mime: &'static str, endings: &'static [&'static str]) -> Kind {
    Kind { mime, endings, is_inline: false }
}

/// What `infer` calls by these names. Pictures that may carry scripts (SVG) are not among them.
const KINDS: &[Kind] = &[
    shown("image/png", &["png"]),
    shown("image/jpeg", &["jpg", "jpeg", "jfif"]),
    shown("image/gif", &["gif"]),
    shown("image/webp", &["webp"]),
    shown("image/avif", &["avif"]),
    downloaded("image/bmp", &["bmp"]),
    downloaded("image/heif", &["heic", "heif"]),
    downloaded("image/tiff", &["tif", "tiff"]),
    downloaded("application/pdf", &["pdf"]),
    downloaded("application/msword", &["doc"]),
    downloaded("application/vnd.ms-excel", &["xls"]),
    downloaded("application/vnd.ms-powerpoint", &["ppt"]),
    downloaded("application/x-ole-storage", &["doc", "xls", "ppt", "wps", "et", "dps"]),
    downloaded("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    downloaded("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    downloaded("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    downloaded("application/vnd.oasis.opendocument.text", &["odt"]),
    downloaded("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    downloaded("application/vnd.oasis.opendocument.presentation", &["odp"]),
    downloaded("application/zip", &["zip", "docx", "xlsx", "pptx"]),
    downloaded("application/vnd.rar", &["rar"]),
    downloaded("application/x-7z-compressed", &["7z"]),
    downloaded("audio/mpeg", &["mp3"]),
    downloaded("audio/m4a", &["m4a"]),
    downloaded("audio/ogg", &["ogg", "oga"]),
    downloaded("audio/opus", &["opus", "ogg"]),
    downloaded("audio/x-wav", &["wav"]),
    downloaded("audio/amr", &["amr"]),
    downloaded("audio/aac", &["aac"]),
    downloaded("video/mp4", &["mp4", "m4v"]),
    downloaded("video/x-m4v", &["m4v", "mp4"]),
    downloaded("video/quicktime", &["mov"]),
    downloaded("video/webm", &["webm"]),
];

/// Text has no first bytes to know it by. It is always downloaded, and always called plain.
const TEXT: Kind = downloaded("text/plain", &["txt", "csv", "log", "md", "json"]);

/// Whether a stored file may be shown in the page.
pub fn is_inline(mime: &str) -> bool {
    KINDS.iter().any(|kind| kind.is_inline && kind.mime == mime)
}

/// Excel in China writes CSV in its own character set.
fn is_chinese_csv(bytes: &[u8], name: &str) -> bool {
    let whole = |bytes| encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    name.to_lowercase().ends_with(".csv") && whole(bytes).is_some_and(|text| is_text(text.as_bytes()))
}

/// The kind and the name of an upload; `None` when we do not take it, or its name says something else.
pub fn sniff(bytes: &[u8], name: &str) -> Option<(Kind, String)> {
    let kind = match infer::get(bytes) {
        Some(found) => *KINDS.iter().find(|kind| kind.mime == found.mime_type())?,
        None if is_text(bytes) || is_chinese_csv(bytes, name) => TEXT,
        None => return None,
    };
    let name = clean(name);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    match ending {
        Some(ending) if kind.endings.contains(&ending.as_str()) => Some((kind, name)),
        Some(_) => None,
        None => Some((kind, format!("{name}.{}", kind.endings[0]))),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && std::str::from_utf8(bytes)
            .is_ok_and(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')))
}

/// A name without path, control or direction characters, of a sensible length.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_kept = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let kept: Vec<char> = last.chars().filter(is_kept).collect();
    // The end stays, since it says what the file is.
    let kept: String = kept[kept.len().saturating_sub(120)..].iter().collect();
    let kept = kept.trim().trim_matches('.');
    if kept.is_empty() { "file".into() } else { kept.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

    fn taken(bytes: &[u8], name: &str) -> Option<(&'static str, String, bool)> {
        sniff(bytes, name).map(|(kind, name)| (kind.mime, name, kind.is_inline))
    }

    #[test]
    fn a_file_is_what_its_bytes_are() {
        assert_eq!(taken(PNG, "photo.PNG"), Some(("image/png", "photo.PNG".into(), true)));
        assert_eq!(taken(PNG, "截图"), Some(("image/png", "截图.png".into(), true)));
        assert_eq!(taken(b"%PDF-1.7\n", "a.pdf"), Some(("application/pdf", "a.pdf".into(), false)));
        assert_eq!(taken("你好\n".as_bytes(), "a.txt"), Some(("text/plain", "a.txt".into(), false)));
    }

    #[test]
    fn files_that_lie_or_could_run_are_refused() {
        assert_eq!(taken(PNG, "a.pdf"), None);
        assert_eq!(taken(PNG, "a.html"), None);
        assert_eq!(taken(b"<html><script>alert(1)</script></html>", "a.png"), None);
        assert_eq!(taken(b"<html><script>alert(1)</script></html>", "a.txt"), None);
        assert_eq!(taken(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.svg"), None);
        assert_eq!(taken(b"MZ\x90\0", "a.txt"), None);
        assert_eq!(taken(b"#!/bin/sh\nrm -rf /\n", "a.txt"), None);
        assert_eq!(taken(b"a\0b", "a.txt"), None);
        assert_eq!(taken(b"", "a.txt"), None);
    }

    #[test]
    fn names_carry_no_path_and_no_tricks() {
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("C:\\temp\\a.png"), "a.png");
        assert_eq!(clean("a\u{202e}gnp.exe\r\n"), "agnp.exe");
        assert_eq!(clean("..."), "file");
        assert_eq!(clean(&format!("{}.png", "长".repeat(300))).chars().count(), 120);
    }
}
