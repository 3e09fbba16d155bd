//! Mails written by hand.

use super::{
    parse::{Parsed, parse},
    report::Report,
};
use yingda_core::{event::Delivery, mail::Mail};

fn read(raw: &str) -> Parsed {
    parse(raw.replace('\n', "\r\n").as_bytes(), "").unwrap()
}

#[test]
fn text_is_made_of_html_where_there_is_none_and_history_stays_in_the_html() {
    let mail = read(
        "From: W <w@kunde.example>\nSubject: =?GBK?B?tqm1pQ==?=\nContent-Type: text/html\n\n\
         <div>Hello<br>you</div><p>On Fri, Nov 20, 2026 at 10:00 Help wrote:</p><blockquote>Old</blockquote>",
    );
    assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("订单", "Hello\nyou"));
    assert!(mail.html.unwrap().contains("Old"));
}

#[test]
fn plain_text_has_no_html_and_an_empty_mail_says_its_subject() {
    let mail = read("From: w@kunde.example\nSubject: Call me\n\n \n");
    assert_eq!((mail.text.as_str(), mail.html), ("Call me", None));
    assert_eq!(read("From: w@kunde.example\n\n").text, "—");
}

#[test]
fn a_long_text_is_cut_at_a_whole_character() {
    let mail = read(&format!(
        "From: w@kunde.example\nContent-Type: text/plain; charset=utf-8\n\n{}",
        "长".repeat(5_000)
    ));
    assert!(mail.is_cut && mail.text.len() <= Mail::MAX_TEXT && mail.text.ends_with('长'));
}

#[test]
fn what_it_answers_is_read_nearest_first() {
    let mail = read(
        "From: w@kunde.example\nMessage-ID: <d@x>\nIn-Reply-To: <c@x>\nReferences: <a@x>\n <b@x> <c@x>\n\
         Reply-To: Boss <boss@kunde.example>, broken\nDate: Fri, 20 Nov 2026 09:05:00 +0800\n\nx",
    );
    assert_eq!((mail.message_id.as_str(), mail.date.as_str()), ("d@x", "2026-11-20 09:05"));
    assert_eq!(mail.references, ["c@x", "b@x", "a@x"]);
    assert_eq!(mail.reply_to.len(), 1);
}

#[test]
fn the_same_mail_has_the_same_key_whichever_way_it_came() {
    let mail = "From: w@kunde.example\nMessage-ID: <d@x>\nSubject: a\n\nBody";
    let direct = read(&format!("Received: from a by b; Fri, 20 Nov 2026 10:00:00 +0800\n{mail}"));
    assert_eq!((direct.key.as_str(), direct.hops), (read(mail).key.as_str(), 1));
    assert_ne!(read(&format!("{mail}!")).key, direct.key, "one that only has the same id is another");
}

#[test]
fn machines_are_known() {
    let is_automatic = |header: &str| read(&format!("From: w@kunde.example\n{header}\n\nx")).is_automatic;
    for header in [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
    ] {
        assert!(is_automatic(header), "{header}");
    }
    for header in ["Auto-Submitted: no", "Precedence: first-class", "Return-Path: <w@kunde.example>"] {
        assert!(!is_automatic(header), "{header}");
    }
}

#[test]
fn reports_tell_which_mail_did_not_arrive_and_why() {
    let report = |action: &str, returned: &str| {
        read(&format!(
            "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
             Final-Recipient: rfc822; x@kunde.example\nAction: {action}\nStatus: 5.1.1\n\
             Diagnostic-Code: smtp; 550 5.1.1 No such\n user\n--b\n{returned}\n--b--\n"
        ))
        .report
    };
    let whole =
        "Content-Type: message/rfc822\n\nFrom: help@shop.example\nMessage-ID: <y1.ab@shop.example>\n\nHi";
    let header =
        "Content-Type: text/rfc822-headers\n\nMessage-ID: <y1.ab@shop.example>\nFrom: help@shop.example\n";
    for returned in [whole, header] {
        let about = "y1.ab@shop.example".to_owned();
        let reason = "x@kunde.example: 550 5.1.1 No such user".to_owned();
        assert_eq!(report("failed", returned), Some(Report { about, state: Some(Delivery::Failed), reason }));
    }
    assert_eq!(report("delayed", whole).unwrap().state, None);
    assert_eq!(report("delivered", whole).unwrap().state, Some(Delivery::Delivered));
    assert_eq!(report("failed", "Content-Type: text/plain\n\nnothing"), None);
}

#[test]
fn nothing_breaks_on_what_is_no_mail() {
    for raw in [&b""[..], b"\r\n", b"\0\0\0", b"From", b":\r\n:\r\n", &[0xff; 4_000]] {
        // Whether it is one does not matter: it ends well.
        let _ = parse(raw, "");
    }
    let nested = "Content-Type: message/rfc822\n\n".repeat(499);
    read(&format!("From: w@kunde.example\n{nested}"));
    let mixed: String =
        (0..499).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    read(&format!("From: w@kunde.example\n{mixed}"));
}
