//! What a mail may be like that is looked into at all. Beyond that it is an attack or an accident, and is kept for
//! people without being opened.

/// The largest mail that is fetched.
pub const LARGEST: u32 = 50 * 1024 * 1024;
/// Ten thousand receivers fit.
const LONGEST_HEADER: usize = 1024 * 1024;
/// Each level of nesting takes a line that says of what kind it is, so this bounds the depth as well.
const MOST_PARTS: usize = 500;

pub fn check(raw: &[u8]) -> Result<(), String> {
    if raw.len() > LARGEST as usize {
        return Err(too_large(raw.len() as u64));
    }
    let (mut header, mut is_header, mut parts) = (0, true, 0);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if is_header {
            header += line.len();
            is_header = !matches!(line, b"\n" | b"\r\n");
        }
        if header > LONGEST_HEADER {
            return Err(format!("the header is longer than {LONGEST_HEADER} bytes"));
        }
        if line.get(..12).is_some_and(|name| name.eq_ignore_ascii_case(b"content-type")) {
            parts += 1;
        }
    }
    if parts > MOST_PARTS {
        return Err(format!("the mail has more than {MOST_PARTS} parts, nested or side by side"));
    }
    Ok(())
}

pub fn too_large(size: u64) -> String {
    format!("the mail has {size} bytes; more than {LARGEST} are not taken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_headers_and_many_parts_are_not_opened() {
        assert_eq!(check(b"From: a@example.com\r\n\r\nHello"), Ok(()));
        let receivers = "to@example.com,\r\n ".repeat(10_000);
        assert_eq!(check(format!("To: {receivers}\r\n\r\nHello").as_bytes()), Ok(()));
        assert!(check("X: 1\r\n".repeat(200_000).as_bytes()).unwrap_err().contains("header"));
        let bomb = "Content-Type: message/rfc822\r\n\r\n".repeat(501);
        assert!(check(bomb.as_bytes()).unwrap_err().contains("parts"));
    }
}
