//! The SIM card's serial number: ICCID, ITU-T E.118, EF 2FE2 of 3GPP TS 31.102 4.2 (each octet's
//! nibbles swapped, `F` to fill).

use std::sync::Arc;

use super::fields::{fields, parse_int, payload, tag, unquote};

/// The commands that read it, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IccidSource {
    /// `AT+CCID`, for SIMCom SIM800, Telit, u-blox and ZTE.
    Ccid,
    /// `AT+QCCID`, for Quectel.
    Qccid,
    /// `AT+ICCID`, for SIMCom A76xx and others.
    Iccid,
    /// `AT+CICCID`, for SIMCom SIM7600.
    Ciccid,
    /// `AT^ICCID?`, for Huawei.
    Huawei,
    /// `AT#CCID`, for Telit.
    Telit,
    /// `AT!ICCID?`, for Sierra Wireless.
    Sierra,
    /// `AT+CRSM=176,12258,0,0,10`: reads the file itself, 27.007 8.18.
    File,
    /// A command that a modem profile gives.
    Own(Arc<str>),
}

impl IccidSource {
    /// The sources that need no profile, in the order in which they are tried.
    pub const ALL: [IccidSource; 8] = [
        IccidSource::Ccid,
        IccidSource::Qccid,
        IccidSource::Iccid,
        IccidSource::Ciccid,
        IccidSource::Huawei,
        IccidSource::Telit,
        IccidSource::Sierra,
        IccidSource::File,
    ];
}

/// The ICCID on a line of a reply: 18 to 20 digits, since a card's file has ten octets for it,
/// without the `F` that fills the last octet. (A few operators' cards have the letters A to E among
/// the digits.) Quotes, a tag before the ICCID, and octets with their nibbles still swapped are
/// handled.
pub fn parse_iccid(line: &str) -> Option<String> {
    if let Some(text) = payload(line, "+CRSM:") {
        let mut parts = fields(text);
        let sw1 = parts.next().and_then(parse_int)?;
        // 31.102 / ETSI TS 102 221 10.2.1: 144 is success, 145 success with a proactive command
        // waiting.
        return matches!(sw1, 144 | 145)
            .then(|| parts.nth(1).map(unquote).and_then(parse_swapped))
            .flatten();
    }
    let text = match tag(line) {
        Some(tag) => line.get(tag.len()..)?.trim_start().strip_prefix(':')?,
        None => line,
    };
    fields(text).map(unquote).find_map(|field| {
        parse_plain(field).or_else(|| field.starts_with("98").then(|| parse_swapped(field))?)
    })
}

fn parse_plain(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(['F', 'f']);
    let fits = (18..=20).contains(&text.len()) && text.starts_with("89");
    (fits && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_uppercase())
}

fn parse_swapped(text: &str) -> Option<String> {
    let mut digits = text.trim().chars();
    let mut turned = String::with_capacity(20);
    while let (Some(low), Some(high)) = (digits.next(), digits.next()) {
        turned.push(high);
        turned.push(low);
    }
    parse_plain(&turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_eight_families_give_the_same_digits() {
        let table = [
            ("8931440400000000123", "8931440400000000123"),
            ("8931440400000000123F", "8931440400000000123"),
            ("89314404000000001234", "89314404000000001234"),
            ("+CCID: \"8931440400000000123f\"", "8931440400000000123"),
            ("+CCID: 8931440400000000123", "8931440400000000123"),
            ("+QCCID: 89314404000000001234", "89314404000000001234"),
            ("^ICCID: 98134404000000001032", "89314440000000000123"),
            ("#CCID: 8931440400000000123", "8931440400000000123"),
            ("!ICCID: 8931440400000000123F", "8931440400000000123"),
            ("+ICCID:8931440400000000123", "8931440400000000123"),
            ("+CRSM: 144,0,\"98134404000000001032\"", "89314440000000000123"),
            ("+CRSM: 144,0,981344040000000010F2", "8931444000000000012"),
        ];
        for (line, expected) in table {
            assert_eq!(parse_iccid(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_iccid() {
        for line in [
            "",
            "OK",
            "+CRSM: 106,130",
            "+CRSM: 148,4,\"\"",
            "861234567890123",
            "+CCID: ",
            "8931",
            "+CME ERROR: 10",
        ] {
            assert_eq!(parse_iccid(line), None, "{line}");
        }
    }

    #[test]
    fn a_profiles_command_is_one_of_these_or_its_own() {
        assert_eq!(IccidSource::from_command("at+qccid"), IccidSource::Qccid);
        assert_eq!(IccidSource::from_command("AT+XSIM"), IccidSource::Own("AT+XSIM".into()));
    }
}
