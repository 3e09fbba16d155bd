//! Whether a sender is who they say, as the receiving server found: `Authentication-Results` (RFC 8601) with the
//! verdicts of SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

use yingda_core::mail::{Proof, Verdict};

/// Reads the topmost header field: servers put theirs above what was there. Anybody can write such a field into a
/// mail, so only that of the named server is believed. Where none is named, what speaks against the sender is: nobody
/// would forge that.
pub fn read(field: &str, server: &str) -> Option<Proof> {
    let plain = without_comments(field);
    let mut parts = plain.split(';').map(str::trim);
    let named = parts.next()?.split_whitespace().next().unwrap_or_default();
    let is_trusted = !server.is_empty() && named.eq_ignore_ascii_case(server);
    if !server.is_empty() && !is_trusted {
        return None;
    }
    let mut proof = Proof::default();
    for part in parts {
        let Some((method, rest)) = part.split_once('=') else { continue };
        let found = match rest.split_whitespace().next().unwrap_or_default().to_lowercase().as_str() {
            "pass" if is_trusted => Verdict::Pass,
            "fail" => Verdict::Fail,
            _ => Verdict::None,
        };
        let slot = match method.trim().split('/').next().unwrap_or_default().to_lowercase().as_str() {
            "spf" => &mut proof.spf,
            "dkim" => &mut proof.dkim,
            "dmarc" => &mut proof.dmarc,
            _ => continue,
        };
        // One good signature of several is enough.
        if *slot != Verdict::Pass && found != Verdict::None {
            *slot = found;
        }
    }
    (proof != Proof::default()).then_some(proof)
}

fn without_comments(field: &str) -> String {
    let mut depth = 0_usize;
    let keep = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    field.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Fail, None, Pass};

    const GOOD: &str = " mx.example.cn 1;\r\n dkim=fail (bad; key) header.d=a.com; dkim=pass header.d=b.com;\r\n \
                        spf=pass smtp.mailfrom=b.com; dmarc=pass (p=NONE)";

    #[test]
    fn the_named_servers_verdicts_count() {
        let proof = read(GOOD, "MX.example.cn").unwrap();
        assert_eq!(proof, Proof { spf: Pass, dkim: Pass, dmarc: Pass });
        assert_eq!(read(GOOD, "mx.other.cn"), Option::None, "another server's word is worth nothing");
    }

    #[test]
    fn of_an_unnamed_server_only_what_speaks_against_the_sender_counts() {
        let proof = read("mx.example.cn; spf=pass; dkim=none; dmarc=fail (p=REJECT)", "").unwrap();
        assert_eq!(proof, Proof { spf: None, dkim: None, dmarc: Fail });
        assert_eq!(read("mx.example.cn; spf=pass; dkim=pass; dmarc=pass", ""), Option::None);
        assert_eq!(read("mx.example.cn; none", ""), Option::None);
        assert_eq!(read("", ""), Option::None);
    }
}
