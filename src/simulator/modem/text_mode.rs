//! Messages as text mode shows them (TS 27.005 clauses 3.1, 3.4).

use super::reply::Line;
use super::settings::Settings;
use super::storage::{Layout, STATUS};
use crate::simulator::memory::Stored;
use crate::sms::{Alphabet, Body, Dcs, Deliver, Scts};

/// User data begins with a header.
const HEADER: u8 = 0x40;

/// `+CMGL: <index>,<stat>,<oa>,,<scts>` and the text.
pub fn listed(settings: &Settings, index: usize, message: &Stored) -> [Line; 2] {
    let shown = Shown::of(settings, &message.pdu);
    let mut head = format!("+CMGL: {index},\"{}\",", status(message)).into_bytes();
    head.extend(shown.sender_and_time());
    if settings.all_headers {
        head.extend(format!(",{},{}", shown.kind, shown.length).into_bytes());
    }
    [head, shown.text]
}

/// `+CMGR: <stat>,<oa>,,<scts>` and the text.
pub fn read(settings: &Settings, message: &Stored) -> Vec<Line> {
    let shown = Shown::of(settings, &message.pdu);
    let mut head = format!("+CMGR: \"{}\",", status(message)).into_bytes();
    head.extend(shown.sender_and_time());
    if settings.all_headers {
        head.extend(shown.all_headers());
    }
    vec![head, shown.text]
}

/// `+CMT: <oa>,,<scts>` and the text.
pub fn direct(settings: &Settings, pdu: &[u8]) -> Vec<u8> {
    let shown = Shown::of(settings, pdu);
    let mut octets = b"+CMT: ".to_vec();
    octets.extend(shown.sender_and_time());
    if settings.all_headers {
        octets.extend(shown.all_headers());
    }
    octets.extend_from_slice(b"\r\n");
    octets.extend(shown.text);
    octets
}

fn status(message: &Stored) -> &'static str {
    STATUS.get(message.status()).copied().unwrap_or_default()
}

struct Shown {
    sender: Vec<u8>,
    time: String,
    kind: u8,
    first: u8,
    pid: u8,
    dcs: u8,
    centre: String,
    length: usize,
    text: Line,
}

impl Shown {
    /// What cannot be decoded is shown without its sender, and its octets in hexadecimal digits.
    fn of(settings: &Settings, pdu: &[u8]) -> Self {
        let (Ok(message), Some(layout)) = (Deliver::decode(pdu), Layout::of(pdu)) else {
            return Self::unreadable(pdu);
        };
        let (length, text) = user_data(settings, &message, &layout, pdu);
        Self {
            sender: settings.charset.encode(&message.originator.to_string()),
            time: time(message.scts),
            kind: layout.originator_kind,
            first: layout.first,
            pid: layout.pid,
            dcs: layout.dcs,
            centre: message.smsc.as_ref().map(ToString::to_string).unwrap_or_default(),
            length,
            text,
        }
    }

    fn unreadable(pdu: &[u8]) -> Self {
        Self {
            sender: Vec::new(),
            time: String::new(),
            kind: 129,
            first: 0,
            pid: 0,
            dcs: 4,
            centre: String::new(),
            length: pdu.len(),
            text: hex::encode_upper(pdu).into_bytes(),
        }
    }

    fn sender_and_time(&self) -> Vec<u8> {
        [b"\"", self.sender.as_slice(), b"\",,\"", self.time.as_bytes(), b"\""].concat()
    }

    fn all_headers(&self) -> Vec<u8> {
        let Self { kind, first, pid, dcs, centre, length, .. } = self;
        let centre_kind = if centre.starts_with('+') { 145 } else { 129 };
        format!(",{kind},{first},{pid},{dcs},\"{centre}\",{centre_kind},{length}").into_bytes()
    }
}

/// The text in the character set when it is in the default alphabet and has no header, else the
/// octets in hexadecimal digits (TS 27.005 clause 3.1, `<data>`).
fn user_data(settings: &Settings, message: &Deliver, layout: &Layout, pdu: &[u8]) -> (usize, Line) {
    let plain = layout.first & HEADER == 0 && Dcs(layout.dcs).alphabet() == Alphabet::Gsm7;
    match &message.user_data.body {
        Body::Septets(septets) if plain => {
            (septets.len(), settings.charset.encode(&message.text().text))
        }
        _ => {
            let octets = pdu.get(layout.user_data..).unwrap_or_default();
            (octets.len(), hex::encode_upper(octets).into_bytes())
        }
    }
}

/// `yy/MM/dd,hh:mm:ss±zz`, zone in quarters of an hour: the stamp's own digits, whatever they are.
fn time(scts: Scts) -> String {
    let Scts([year, month, day, hour, minute, second, zone]) = scts;
    let digits = |octet: u8| format!("{:X}{:X}", octet & 0x0F, octet >> 4);
    let sign = if zone & 0x08 == 0 { '+' } else { '-' };
    let [year, month, day, hour, minute, second] =
        [year, month, day, hour, minute, second].map(digits);
    format!("{year}/{month}/{day},{hour}:{minute}:{second}{sign}{}", digits(zone & !0x08))
}
