//! What may come in. The stack's parser takes much that is wrong and drops some that is right; so each message passes here
//! first, as bytes: folded lines, compact names and odd spaces are made plain, and what is wrong gets the answer that
//! RFC 3261 asks for (RFC 4475 is the list of what has to be told apart).

use std::fmt::Write;

/// What this edge does. Others that SIP knows get 405, unknown ones 501.
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, INFO, UPDATE, PRACK";
const KNOWN: [&str; 5] = ["MESSAGE", "NOTIFY", "PUBLISH", "REFER", "SUBSCRIBE"];
/// Extensions that a caller may require.
const SUPPORTED: [&str; 3] = ["100rel", "timer", "outbound"];
/// A header that stands more than once though it may not makes the message ambiguous.
const SINGLE: [&str; 6] = ["call-id", "content-length", "cseq", "from", "max-forwards", "to"];
const NEEDED: [&str; 4] = ["call-id", "cseq", "from", "to"];
const LONGEST: usize = 65_535;

/// An answer that is given without the stack.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub reason: &'static str,
    /// A header line of its own, such as what is allowed.
    pub extra: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Screened {
    /// The same message in plain form.
    Pass(Plain),
    Refuse(Refusal, Plain),
    /// No answer: a broken response, an ACK, or nothing that can be answered.
    Drop,
}

/// A message as lines. Names are as they came, values without folding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plain {
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Plain {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// A new call, not a change of one that runs.
    pub fn opens_call(&self) -> bool {
        self.method() == "INVITE"
            && !self.get("To").is_some_and(|to| to.to_ascii_lowercase().contains(";tag="))
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            if !name.eq_ignore_ascii_case("content-length") {
                let _ = write!(text, "{name}: {value}\r\n");
            }
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

type Checked<T> = Result<T, Refusal>;

fn refuse<T>(status: u16, reason: &'static str) -> Checked<T> {
    Err(Refusal { status, reason, extra: None })
}

/// Looks at one message: a datagram, or a frame that was cut out of a stream by its length.
pub fn screen(bytes: &[u8]) -> Screened {
    let skip = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let Some(mut plain) = lines(&bytes[skip..]) else { return Screened::Drop };
    if plain.start.to_ascii_uppercase().starts_with("SIP/") {
        return if response(&plain) { Screened::Pass(plain) } else { Screened::Drop };
    }
    match request(&mut plain) {
        Ok(()) => Screened::Pass(plain),
        // An ACK is never answered, and without a way back nothing can be.
        Err(_) if plain.method() == "ACK" || plain.get("Via").is_none() => Screened::Drop,
        Err(refusal) => Screened::Refuse(refusal, plain),
    }
}

/// How long a message in a stream is: what stands before it is complete or not yet, and its length may be nonsense.
pub fn frame(buffer: &[u8]) -> Result<Option<usize>, &'static str> {
    let Some(end) = find(buffer, b"\r\n\r\n") else {
        return if buffer.len() > LONGEST { Err("no end of the headers") } else { Ok(None) };
    };
    let head = String::from_utf8_lossy(&buffer[..end]);
    let length = head
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| matches!(name.trim().to_ascii_lowercase().as_str(), "content-length" | "l"))
        .map_or(Ok(0), |(_, value)| {
            value.trim().parse::<usize>().map_err(|_| "a length that is no number")
        })?;
    match end + 4 + length {
        total if total > LONGEST => Err("a message that is too long"),
        total if buffer.len() < total => Ok(None),
        total => Ok(Some(total)),
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn lines(bytes: &[u8]) -> Option<Plain> {
    let (head, body) = match find(bytes, b"\r\n\r\n") {
        Some(end) => (&bytes[..end], &bytes[end + 4..]),
        None => (bytes, &[][..]),
    };
    let head = String::from_utf8_lossy(head);
    let mut plain = Plain { body: body.to_vec(), ..Plain::default() };
    for (index, line) in head.split("\r\n").enumerate() {
        match plain.headers.last_mut() {
            _ if index == 0 => plain.start = line.to_owned(),
            // A folded line goes on with the value before.
            Some((_, value)) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {
                let (name, value) = line.split_once(':').unwrap_or((line, "\0"));
                plain.headers.push((full(name.trim_end()), value.trim().to_owned()));
            }
        }
    }
    for (_, value) in &mut plain.headers {
        *value = value.trim().to_owned();
    }
    (!plain.start.is_empty()).then_some(plain)
}

/// The one-letter names of RFC 3261 and its followers.
fn full(name: &str) -> String {
    let long = match name.to_ascii_lowercase().as_str() {
        "c" => "Content-Type",
        "e" => "Content-Encoding",
        "f" => "From",
        "i" => "Call-ID",
        "k" => "Supported",
        "l" => "Content-Length",
        "m" => "Contact",
        "o" => "Event",
        "r" => "Refer-To",
        "s" => "Subject",
        "t" => "To",
        "v" => "Via",
        "x" => "Session-Expires",
        _ => name,
    };
    long.to_owned()
}

fn response(plain: &Plain) -> bool {
    let code = plain.start.split(' ').nth(1).unwrap_or_default();
    let answers = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    answers && NEEDED.iter().all(|name| plain.get(name).is_some()) && plain.get("Via").is_some()
}

fn request(plain: &mut Plain) -> Checked<()> {
    let parts: Vec<String> = plain.start.split(' ').map(str::to_owned).collect();
    let version = parts.last().map(|it| it.to_ascii_uppercase()).unwrap_or_default();
    if version.starts_with("SIP/") && version != "SIP/2.0" {
        return refuse(505, "Version Not Supported");
    }
    let [method, uri, _] = parts.as_slice() else { return refuse(400, "Bad Request-Line") };
    if version != "SIP/2.0" || uri.is_empty() || !method.bytes().all(is_token) || method.is_empty() {
        return refuse(400, "Bad Request-Line");
    }
    headers(plain)?;
    cseq(plain, method)?;
    body(plain)?;
    target(uri)?;
    if KNOWN.contains(&method.as_str()) {
        return Err(Refusal {
            status: 405,
            reason: "Method Not Allowed",
            extra: Some(format!("Allow: {ALLOW}")),
        });
    }
    if !ALLOW.split(", ").any(|it| it == method) {
        return Err(Refusal {
            status: 501,
            reason: "Not Implemented",
            extra: Some(format!("Allow: {ALLOW}")),
        });
    }
    // An ACK and a CANCEL are part of what was accepted before.
    if method != "ACK" && method != "CANCEL" {
        required(plain)?;
    }
    plain.start = format!("{method} {uri} SIP/2.0");
    Ok(())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

fn headers(plain: &mut Plain) -> Checked<()> {
    for (name, value) in &mut plain.headers {
        if value == "\0" || name.is_empty() || !name.bytes().all(is_token) {
            return refuse(400, "Bad Header");
        }
        match name.to_ascii_lowercase().as_str() {
            "from" | "to" => {
                address(&*value)?;
                *value = tight(value);
            }
            "contact" if value.trim() != "*" => values(value).into_iter().try_for_each(address)?,
            "max-forwards" => *value = number(value, 255)?.to_string(),
            "expires" => *value = number(value, u32::MAX.into())?.to_string(),
            _ => {}
        }
    }
    for name in SINGLE {
        if plain.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).count() > 1 {
            return refuse(400, "Repeated Header");
        }
    }
    if NEEDED.iter().any(|name| plain.get(name).is_none_or(str::is_empty)) {
        return refuse(400, "Missing Header");
    }
    vias(plain)
}

/// Several ways in one line become one a line, in plain form: the stack reads only that.
fn vias(plain: &mut Plain) -> Checked<()> {
    let mut headers = Vec::with_capacity(plain.headers.len());
    let mut found = false;
    for (name, value) in std::mem::take(&mut plain.headers) {
        if !name.eq_ignore_ascii_case("via") {
            headers.push((name, value));
            continue;
        }
        for one in values(&value) {
            let Some(via) = via(one) else {
                // It stays as it came, so that an answer can be given with it.
                headers.push((name, value));
                plain.headers = headers;
                return refuse(400, "Bad Via");
            };
            headers.push(("Via".to_owned(), via));
            found = true;
        }
    }
    plain.headers = headers;
    if found { Ok(()) } else { refuse(400, "Missing Header") }
}

fn via(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '/').map(str::trim);
    let (name, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (transport, place) = rest.split_once([' ', '\t'])?;
    if !name.eq_ignore_ascii_case("SIP") || version != "2.0" || transport.is_empty() {
        return None;
    }
    let mut place = place.split(';').map(str::trim);
    let host = place.next().filter(|host| !host.is_empty() && !host.contains([' ', ',']))?;
    let mut plain = format!("SIP/2.0/{} {host}", transport.to_ascii_uppercase());
    for parameter in place {
        let (key, value) =
            parameter.split_once('=').map_or((parameter, None), |(key, value)| (key, Some(value)));
        if key.trim().is_empty() {
            return None;
        }
        let _ = write!(plain, ";{}", key.trim());
        if let Some(value) = value {
            let _ = write!(plain, "={}", value.trim());
        }
    }
    Some(plain)
}

/// A list's parts: a comma in quotes or in angle brackets parts nothing.
pub fn values(list: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut inside, mut from, mut parts) = (false, false, false, 0, Vec::new());
    for (index, sign) in list.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => inside = true,
            '>' if !quoted => inside = false,
            ',' if !quoted && !inside => {
                parts.push(list[from..index].trim());
                from = index + 1;
            }
            _ => {}
        }
    }
    parts.push(list[from..].trim());
    parts
}

/// The same without spaces around its parameters.
fn tight(value: &str) -> String {
    let at = value.rfind('>').map_or_else(|| value.find(';').unwrap_or(value.len()), |at| at + 1);
    let (address, parameters) = value.split_at(at);
    let mut tight = address.trim().to_owned();
    for parameter in parameters.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        let (key, value) =
            parameter.split_once('=').map_or((parameter, None), |(key, value)| (key, Some(value)));
        let _ = write!(tight, ";{}", key.trim());
        if let Some(value) = value {
            let _ = write!(tight, "={}", value.trim());
        }
    }
    tight
}

/// Whether it is a name and an address.
fn address(value: impl AsRef<str>) -> Checked<()> {
    let value = value.as_ref();
    let (mut quoted, mut escaped, mut open) = (false, false, None);
    for (index, sign) in value.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted && open.is_none() => open = Some(index),
            _ => {}
        }
    }
    let bare = open.is_none().then(|| value.split(';').next().unwrap_or_default().trim());
    let named = open.map(|at| (value[..at].trim(), value[at + 1..].split('>').next().unwrap_or_default()));
    let right = match (bare, named) {
        _ if quoted => false,
        (Some(uri), _) => uri.contains(':') && !uri.contains([' ', ',', '?', '"']),
        (_, Some((name, uri))) => {
            let plain_name =
                name.starts_with('"') || name.bytes().all(|it| is_token(it) || it == b' ' || it == b'\t');
            plain_name && value.contains('>') && uri.contains(':') && !uri.contains([' ', '\t', '<'])
        }
        _ => false,
    };
    if right { Ok(()) } else { refuse(400, "Bad Address") }
}

fn number(value: &str, most: u64) -> Checked<u64> {
    match value.parse::<u64>() {
        Ok(number) if number <= most && value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        _ => refuse(400, "Bad Number"),
    }
}

fn cseq(plain: &mut Plain, method: &str) -> Checked<()> {
    let Some((_, value)) = plain.headers.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case("cseq")) else {
        return refuse(400, "Missing Header");
    };
    let (count, named) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    let count = number(count, (1 << 31) - 1)?;
    if named.trim() != method {
        return refuse(400, "CSeq Of Another Method");
    }
    *value = format!("{count} {method}");
    Ok(())
}

fn body(plain: &mut Plain) -> Checked<()> {
    let Some(length) = plain.get("Content-Length").map(str::to_owned) else { return Ok(()) };
    let length = number(&length, LONGEST as u64)? as usize;
    if length > plain.body.len() {
        return refuse(400, "Content-Length Beyond The Message");
    }
    // What follows in the same datagram is no part of it.
    plain.body.truncate(length);
    Ok(())
}

fn target(uri: &str) -> Checked<()> {
    let Some((scheme, rest)) = uri.split_once(':') else { return refuse(400, "Bad Request-URI") };
    if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
        return refuse(400, "Bad Request-URI");
    }
    match scheme.to_ascii_lowercase().as_str() {
        // A header in the address of a request would be an order to the caller, not to us; before the host all signs are
        // a name's.
        "sip" | "sips" if rest.is_empty() || rest.contains(['<', '>', '"']) => refuse(400, "Bad Request-URI"),
        "sip" | "sips" if rest.rsplit('@').next().unwrap_or_default().contains('?') => {
            refuse(400, "Bad Request-URI")
        }
        "sip" | "sips" => Ok(()),
        _ => refuse(416, "Unsupported URI Scheme"),
    }
}

fn required(plain: &Plain) -> Checked<()> {
    let foreign: Vec<&str> = plain
        .headers
        .iter()
        .filter(|(name, _)| {
            name.eq_ignore_ascii_case("require") || name.eq_ignore_ascii_case("proxy-require")
        })
        .flat_map(|(_, value)| value.split(',').map(str::trim))
        .filter(|option| !option.is_empty() && !SUPPORTED.contains(option))
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let extra = Some(format!("Unsupported: {}", foreign.join(", ")));
    Err(Refusal { status: 420, reason: "Bad Extension", extra })
}

impl Refusal {
    pub fn busy(after_s: u32) -> Self {
        Self { status: 503, reason: "Service Unavailable", extra: Some(format!("Retry-After: {after_s}")) }
    }

    /// The answer to a request, without state: the same request gets the same one.
    pub fn answer(&self, plain: &Plain, tag: &str) -> Vec<u8> {
        let mut text = format!("SIP/2.0 {} {}\r\n", self.status, self.reason);
        for (name, value) in &plain.headers {
            match name.to_ascii_lowercase().as_str() {
                "via" | "from" | "call-id" | "cseq" if value != "\0" => {
                    let _ = write!(text, "{name}: {value}\r\n");
                }
                "to" if value.to_ascii_lowercase().contains(";tag=") => {
                    let _ = write!(text, "To: {value}\r\n");
                }
                "to" => {
                    let _ = write!(text, "To: {value};tag={tag}\r\n");
                }
                _ => {}
            }
        }
        if let Some(extra) = &self.extra {
            let _ = write!(text, "{extra}\r\n");
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        text.into_bytes()
    }
}
