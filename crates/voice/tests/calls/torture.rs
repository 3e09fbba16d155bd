//! The torture messages of RFC 4475, built from its text: what is valid is answered, what is not gets its status, and
//! the exchange takes calls as before.

use crate::house::House;
use std::time::Duration;
use tokio::net::UdpSocket;

/// A request with headers that are right, but for those that are given.
fn request(line: &str, cseq: &str, change: &[(&str, &str)]) -> String {
    let mut headers = vec![
        ("To", "sip:j.user@example.com"),
        ("From", "sip:caller@example.net;tag=134161461246"),
        ("Max-Forwards", "7"),
        ("Call-ID", "torture.0ha0isndaksdjasdf3234nas"),
        ("CSeq", cseq),
        ("Via", "SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKkdjuw;rport"),
        ("Contact", "<sip:caller@127.0.0.1:9>"),
        ("Content-Length", "0"),
    ];
    for (name, value) in change {
        headers.retain(|(key, _)| key != name);
        headers.push((name, value));
    }
    let lines: String = headers
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("{line}\r\n{lines}\r\n")
}

fn options(change: &[(&str, &str)]) -> String {
    request("OPTIONS sip:user@example.com SIP/2.0", "8 OPTIONS", change)
}

/// A name as in the RFC, the message, and the status that it gets; none where no answer is due.
fn messages() -> Vec<(&'static str, String, Option<u16>)> {
    let wsinv = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\nTO :\r\n sip:vivekg@chair-dnrc.example.com \
        ;   tag    = 1918181833n\r\nfrom   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
        MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 0\r\ncseq: 0009\r\n  INVITE\r\n\
        Via  : SIP  /   2.0\r\n /UDP\r\n    127.0.0.1:9;branch=390skdjuw;rport\r\ns :\r\nNewFangledHeader:   newfangled value\r\n \
        continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\nRoute:\r\n \
        <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  \
        branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n";
    let invite = |change: &[(&str, &str)]| request("INVITE sip:user@example.com SIP/2.0", "8 INVITE", change);
    let register =
        |change: &[(&str, &str)]| request("REGISTER sip:example.com SIP/2.0", "8 REGISTER", change);
    vec![
        // 3.1.1, valid. It stands in no call of ours.
        ("wsinv", wsinv.to_owned(), Some(481)),
        (
            "intmeth",
            request(
                "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0",
                "139122385 !interesting-Method0123456789_*+`.%indeed'~",
                &[],
            ),
            Some(501),
        ),
        (
            "esc01",
            request(
                "OPTIONS sip:sips%3Auser%40example.com@example.net SIP/2.0",
                "8 OPTIONS",
                &[
                    ("To", "sip:%75se%72@example.com"),
                    ("From", "<sip:I%20have%20spaces@example.net>;tag=938"),
                ],
            ),
            Some(200),
        ),
        ("longreq", options(&[("Unknown-LongHeader", &"value".repeat(600))]), Some(200)),
        ("dblreq", options(&[]) + &invite(&[]), Some(200)),
        (
            "transports",
            options(&[(
                "Via",
                "SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK1, SIP/2.0/SCTP t2.example.com;branch=z9hG4bK2",
            )]),
            Some(200),
        ),
        ("unreason", "SIP/2.0 200 = 2**3 * 5**2\r\nCSeq: 1 INVITE\r\n\r\n".to_owned(), None),
        ("noreason", "SIP/2.0 100\r\n\r\n".to_owned(), None),
        // 3.1.2, invalid.
        ("badinv01", invite(&[("Via", "SIP/2.0/UDP 127.0.0.1:9;;,;,,")]), Some(400)),
        ("clerr", invite(&[("Content-Length", "9999")]), Some(400)),
        ("ncl", invite(&[("Content-Length", "-999")]), Some(400)),
        ("scalar02", register(&[("CSeq", "36893488147419103232 REGISTER")]), Some(400)),
        ("scalar02b", register(&[("Max-Forwards", "300")]), Some(400)),
        ("scalar02c", register(&[("Expires", "10000000000000000000000000")]), Some(400)),
        (
            "scalarlg",
            "SIP/2.0 503 Service Unavailable\r\nCSeq: 9292394834772304023312 OPTIONS\r\n\r\n".to_owned(),
            None,
        ),
        ("quotbal", invite(&[("To", "\"Mr. J. User <sip:j.user@example.com>")]), Some(400)),
        ("ltgtruri", request("INVITE <sip:user@example.com> SIP/2.0", "8 INVITE", &[]), Some(400)),
        ("lwsruri", request("INVITE sip:user@example.com; lr SIP/2.0", "8 INVITE", &[]), Some(400)),
        ("lwsstart", request("INVITE  sip:user@example.com  SIP/2.0", "8 INVITE", &[]), Some(400)),
        ("trws", request("OPTIONS sip:user@example.com SIP/2.0  ", "8 OPTIONS", &[]), Some(400)),
        (
            "escruri",
            request("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", "8 INVITE", &[]),
            Some(400),
        ),
        (
            "regbadct",
            register(&[("Contact", "sip:user@example.com?Route=%3Csip:sip.example.com%3E")]),
            Some(400),
        ),
        ("badaspec", options(&[("To", "\"Watson, Thomas\" < sip:t.watson@example.org >")]), Some(400)),
        ("baddn", options(&[("From", "Bell, Alexander <sip:a.g.bell@example.com>;tag=43")]), Some(400)),
        ("badvers", request("OPTIONS sip:user@example.com SIP/7.0", "8 OPTIONS", &[]), Some(505)),
        ("mismatch01", options(&[("CSeq", "8 INVITE")]), Some(400)),
        ("mismatch02", request("NEWMETHOD sip:user@example.com SIP/2.0", "8 INVITE", &[]), Some(400)),
        ("bigcode", "SIP/2.0 4294967301 better not break the receiver\r\n\r\n".to_owned(), None),
        // 3.3, what a server has to see.
        (
            "insuf",
            request(
                "INVITE sip:user@example.com SIP/2.0",
                "193942 INVITE",
                &[("To", ""), ("From", ""), ("Call-ID", "")],
            ),
            Some(400),
        ),
        (
            "unkscm",
            request("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", "8 OPTIONS", &[]),
            Some(416),
        ),
        ("novelsc", request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", "8 OPTIONS", &[]), Some(416)),
        ("bext01", options(&[("Require", "nothingSupportsThis, nothingSupportsThisEither")]), Some(420)),
        ("multi01", options(&[]).replace("Max-Forwards: 7", "Max-Forwards: 5\r\nMax-Forwards: 7"), Some(400)),
        (
            "mcl01",
            options(&[]).replace("Content-Length: 0", "Content-Length: 13\r\nContent-Length: 5"),
            Some(400),
        ),
        ("unknown", request("NEWMETHOD sip:user@example.com SIP/2.0", "8 NEWMETHOD", &[]), Some(501)),
        ("known", request("SUBSCRIBE sip:user@example.com SIP/2.0", "8 SUBSCRIBE", &[]), Some(405)),
        ("noise", "\u{1}\u{2}\u{3} no words of ours".to_owned(), None),
        ("ack", request("ACK sip:user@example.com SIP/7.0", "8 ACK", &[]), None),
    ]
}

/// The status that comes back from the exchange, if one does before it answers the question after it.
async fn status(socket: &UdpSocket, message: &str, turn: usize) -> Option<u16> {
    let asked = format!("probe-{turn}");
    let unique = message
        .replace("z9hG4bK", &format!("z9hG4bK{turn}x"))
        .replace("torture.", &format!("torture.{turn}."));
    socket.send(unique.as_bytes()).await.expect("loopback sends");
    let mut found = None;
    let probe = options(&[
        ("Call-ID", &asked),
        ("Via", &format!("SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKprobe{turn};rport")),
    ]);
    socket.send(probe.as_bytes()).await.expect("loopback sends");
    loop {
        let mut buffer = vec![0; 65_535];
        let received = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut buffer)).await;
        let length = received.expect("the exchange answers a plain question").expect("loopback receives");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let code = text.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("an answer");
        if text.contains(&asked) {
            // Those that pass the stack may overtake each other: the answer is waited for where one is due.
            return found;
        }
        if code >= 200 {
            found = Some(code);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_the_torture_messages_of_rfc_4475_get_their_answers() {
    let house = House::new().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback has room");
    socket.connect(house.address()).await.expect("it is there");
    let mut wrong = Vec::new();
    for (turn, (name, message, wanted)) in messages().into_iter().enumerate() {
        let mut got = status(&socket, &message, turn).await;
        if got.is_none() && wanted.is_some() {
            // The question overtook it: whatever comes to the next one is the answer to this.
            let mut buffer = vec![0; 65_535];
            if let Ok(Ok(length)) =
                tokio::time::timeout(Duration::from_secs(2), socket.recv(&mut buffer)).await
            {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                got = text.split(' ').nth(1).and_then(|it| it.parse().ok());
            }
        }
        if got != wanted {
            wrong.push(format!("{name}: {got:?} and not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    house.empty().await;
}
