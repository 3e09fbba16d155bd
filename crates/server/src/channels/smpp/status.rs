//! What a server's answer means, by the standard's names (SMPP 3.4, section 5.1.3).

pub const OK: u32 = 0;
/// This side's: it cannot store what came now.
pub const NOT_NOW: u32 = 0x64;
/// This side's: more comes than it can take.
pub const FULL: u32 = 0x14;
pub const UNKNOWN_COMMAND: u32 = 0x03;

/// By code: the name, and what it says.
const NAMES: &[(u32, &str, &str)] = &[
    (0x01, "ESME_RINVMSGLEN", "the message's length is invalid"),
    (0x02, "ESME_RINVCMDLEN", "the command's length is invalid"),
    (0x03, "ESME_RINVCMDID", "the command is not supported"),
    (0x04, "ESME_RINVBNDSTS", "the session is not logged in"),
    (0x05, "ESME_RALYBND", "this system_id is logged in already"),
    (0x06, "ESME_RINVPRTFLG", "the priority is invalid"),
    (0x07, "ESME_RINVREGDLVFLG", "receipts are not supported"),
    (0x08, "ESME_RSYSERR", "a system error"),
    (0x0A, "ESME_RINVSRCADR", "the sender's number or name is invalid"),
    (0x0B, "ESME_RINVDSTADR", "the receiver's number is invalid"),
    (0x0C, "ESME_RINVMSGID", "the message's id is invalid"),
    (0x0D, "ESME_RBINDFAIL", "the login failed"),
    (0x0E, "ESME_RINVPASWD", "the password is wrong"),
    (0x0F, "ESME_RINVSYSID", "the system_id is wrong"),
    (0x14, "ESME_RMSGQFUL", "the server's queue is full"),
    (0x15, "ESME_RINVSERTYP", "the service type is invalid"),
    (0x43, "ESME_RINVESMCLASS", "the kind of message is invalid"),
    (0x45, "ESME_RSUBMITFAIL", "the message was not taken"),
    (0x48, "ESME_RINVSRCTON", "the sender's type of number is invalid"),
    (0x49, "ESME_RINVSRCNPI", "the sender's numbering plan is invalid"),
    (0x50, "ESME_RINVDSTTON", "the receiver's type of number is invalid"),
    (0x51, "ESME_RINVDSTNPI", "the receiver's numbering plan is invalid"),
    (0x53, "ESME_RINVSYSTYP", "the system_type is wrong"),
    (0x58, "ESME_RTHROTTLED", "more was sent than is allowed"),
    (0x61, "ESME_RINVSCHED", "the time of delivery is invalid"),
    (0x62, "ESME_RINVEXPIRY", "the time of expiry is invalid"),
    (0x64, "ESME_RX_T_APPN", "not now"),
    (0x65, "ESME_RX_P_APPN", "never to this receiver"),
    (0x66, "ESME_RX_R_APPN", "the message was refused"),
    (0xC0, "ESME_RINVOPTPARSTREAM", "the optional parameters cannot be read"),
    (0xC1, "ESME_ROPTPARNOTALLWD", "an optional parameter is not allowed"),
    (0xC2, "ESME_RINVPARLEN", "a parameter's length is invalid"),
    (0xC3, "ESME_RMISSINGOPTPARAM", "an optional parameter is missing"),
    (0xC4, "ESME_RINVOPTPARAMVAL", "an optional parameter's value is invalid"),
    (0xFE, "ESME_RDELIVERYFAILURE", "the delivery failed"),
    (0xFF, "ESME_RUNKNOWNERR", "an unknown error"),
];

/// A status as people can look it up.
pub fn told(status: u32) -> String {
    match NAMES.iter().find(|(code, ..)| *code == status) {
        Some((_, name, meaning)) => format!("{name} (0x{status:02X}): {meaning}"),
        None => format!("status 0x{status:08X}, which only this server knows"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Taken,
    /// Nobody's fault: the pace is too high.
    Throttled,
    Later,
    Never,
    /// The session is not one any more.
    Unbound,
}

pub fn meaning(status: u32) -> Meaning {
    match status {
        OK => Meaning::Taken,
        0x58 | FULL => Meaning::Throttled,
        0x04 => Meaning::Unbound,
        0x08 | NOT_NOW | 0xFF => Meaning::Later,
        // What only this server knows may be anything: a later try settles it.
        other if !NAMES.iter().any(|(code, ..)| *code == other) => Meaning::Later,
        _ => Meaning::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_by_its_name_and_means_one_thing() {
        assert_eq!(told(0x0E), "ESME_RINVPASWD (0x0E): the password is wrong");
        assert_eq!(told(0x0404), "status 0x00000404, which only this server knows");
        let means = [0, 0x58, 0x14, 0x08, 0x0B, 0x04, 0x0404].map(meaning);
        use Meaning::*;
        assert_eq!(means, [Taken, Throttled, Throttled, Later, Never, Unbound, Later]);
    }
}
