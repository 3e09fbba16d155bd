//! HTML from outside, cleaned so that it can be shown: no script, no form, nothing that is loaded from elsewhere.
//! Pictures that came with the mail keep their `cid:` (RFC 2392); those from outside lose their address, since fetching
//! one would tell the sender who reads, and when.

use ammonia::Builder;
use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .add_tags(["font", "center"])
        .add_generic_attributes(["style", "align", "dir"])
        .add_tag_attributes("font", ["color", "face", "size"])
        .add_tag_attributes("table", ["border", "cellpadding", "cellspacing", "width", "bgcolor"])
        .add_tag_attributes("td", ["width", "height", "bgcolor", "valign"])
        .add_tag_attributes("tr", ["bgcolor", "valign"])
        .filter_style_properties(HashSet::from(STYLES))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => value.starts_with("cid:").then_some(Cow::Borrowed(value)),
            (_, "style") => Some(Cow::Owned(without_functions(value))),
            _ => Some(Cow::Borrowed(value)),
        });
    builder
});

const STYLES: [&str; 18] = [
    "color",
    "background-color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "line-height",
    "text-align",
    "text-decoration",
    "vertical-align",
    "white-space",
    "width",
    "height",
    "margin",
    "margin-left",
    "padding",
    "border",
    "border-collapse",
];

/// The properties that are left take no address; what calls for one anyway is an attempt.
fn without_functions(style: &str) -> String {
    let is_plain = |it: &&str| !it.contains('(') || it.to_lowercase().contains("rgb");
    let is_safe = |it: &&str| !it.to_lowercase().contains("url") && !it.contains('\\');
    style.split(';').filter(|it| is_plain(it) && is_safe(it)).collect::<Vec<&str>>().join(";")
}

pub fn clean(html: &str) -> String {
    CLEANER.clean(html).to_string()
}

/// The words of cleaned HTML, in lines as they are shown.
pub fn text(clean: &str) -> String {
    const LINES: [&str; 18] = [
        "p",
        "div",
        "br",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "blockquote",
        "hr",
        "pre",
        "center",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ];
    let (mut text, mut rest) = (String::new(), clean);
    while let Some(at) = rest.find('<') {
        add(&mut text, &rest[..at]);
        let tag = &rest[at + 1..];
        let end = end_of_tag(tag);
        let name = tag[..end].trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if LINES.contains(&name) {
            let is_paragraph = name == "p" && tag.starts_with('/');
            text.truncate(text.trim_end_matches(' ').len());
            if name == "br" || !(text.is_empty() || text.ends_with('\n')) {
                text.push('\n');
            }
            if is_paragraph && !text.ends_with("\n\n") {
                text.push('\n');
            }
        } else if name == "td" && tag.starts_with('/') {
            add(&mut text, " ");
        }
        rest = tag.get(end + 1..).unwrap_or_default();
    }
    add(&mut text, rest);
    text.trim().to_owned()
}

/// Where a tag ends: `>` may stand in what is quoted.
fn end_of_tag(tag: &str) -> usize {
    let mut is_quoted = false;
    let end = tag.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'>' && !is_quoted
    });
    end.unwrap_or(tag.len())
}

/// Spaces and line breaks count as one space, and only between words.
fn add(text: &mut String, part: &str) {
    let part = part.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    for c in part.chars() {
        match c {
            ' ' | '\t' | '\r' | '\n' => {
                if !text.is_empty() && !text.ends_with([' ', '\n']) {
                    text.push(' ');
                }
            }
            other => text.push(other),
        }
    }
}

/// Plain text as HTML.
pub fn of_text(text: &str) -> String {
    escape(text).replace("\r\n", "\n").replace('\n', "<br>\n")
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_and_nothing_is_loaded() {
        let hostile = r#"<p onclick="x()">Hi</p><script>alert(1)</script><style>@import 'http://x'</style>
            <img src="http://track.example/1.gif"><img src=" HTTPS://track.example/2.gif"><img src="//t.example/3.gif">
            <img src="cid:logo@1" alt="Logo" srcset="http://x 2x"><td background="http://x">
            <div style="background:url(http://x);color:red">a</div><div style="color:u\72l(http://x)">b</div>
            <a href="javascript:x()">c</a><a href="https://example.com/">d</a><form action="http://x"><input name="p">
            <link rel="stylesheet" href="http://x"><iframe src="http://x"></iframe><svg><image href="http://x"/></svg>
            <base href="http://x"><meta http-equiv="refresh" content="0;url=http://x"><video poster="http://x">"#;
        let clean = clean(hostile);
        for bad in [
            "track",
            "t.example",
            "script",
            "alert",
            "onclick",
            "url(",
            "javascript",
            "form",
            "input",
            "http://x",
        ] {
            assert!(!clean.contains(bad), "{bad} in {clean}");
        }
        assert!(clean.contains(r#"src="cid:logo@1""#) && clean.contains("color:red"), "{clean}");
        assert!(clean.contains(r#"href="https://example.com/""#) && clean.contains("noopener"), "{clean}");
    }

    #[test]
    fn html_reads_as_it_is_shown() {
        let shown = |html: &str| text(&clean(html));
        assert_eq!(shown("<div>Hello<br>you</div><div>  and\n me</div>"), "Hello\nyou\nand me");
        assert_eq!(shown("<p>a &amp; b&nbsp;&lt;c&gt; &euro;</p><p>d</p>"), "a & b <c> €\n\nd");
        assert_eq!(shown("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>"), "1 2\n3");
        assert_eq!(shown("<a href='x' title='>'>b</a>c<style>p{}</style>"), "bc");
    }

    #[test]
    fn text_becomes_html_that_says_the_same() {
        assert_eq!(of_text("a < b\r\n\"c\" & d"), "a &lt; b<br>\n&quot;c&quot; &amp; d");
    }
}
