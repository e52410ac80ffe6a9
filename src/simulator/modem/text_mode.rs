//! Messages as text mode shows them (TS 27.005 clauses 3.1, 3.4).

use super::reply::Line;
use super::settings::Settings;
use super::storage::{Layout, STATUS};
use crate::simulator::memory::Stored;
use crate::sms::{
    Address, Alphabet, Body, Dcs, Deliver, Pdu, Scts, StatusReport, Submit, UserData,
};

/// User data begins with a header.
const HEADER: u8 = 0x40;

/// `+CMGL: <index>,<stat>,<oa>,,<scts>` and the text, or a status report on one line.
pub fn listed(settings: &Settings, index: usize, message: &Stored) -> Vec<Line> {
    let head = format!("+CMGL: {index},\"{}\",", status(message));
    shown_after(head, settings, message, |shown| {
        format!(",{},{}", shown.kind, shown.length).into_bytes()
    })
}

/// `+CMGR: <stat>,<oa>,,<scts>` and the text, or a status report on one line.
pub fn read(settings: &Settings, message: &Stored) -> Vec<Line> {
    let head = format!("+CMGR: \"{}\",", status(message));
    shown_after(head, settings, message, ShownMessage::all_headers)
}

/// A message behind the beginning of its line, with the further headers of `AT+CSDH=1`.
fn shown_after(
    head: String,
    settings: &Settings,
    message: &Stored,
    further_headers: impl Fn(&ShownMessage) -> Vec<u8>,
) -> Vec<Line> {
    let mut head = head.into_bytes();
    match Shown::of(settings, &message.pdu) {
        Shown::Report(fields) => {
            head.extend(fields);
            vec![head]
        }
        Shown::Message(shown) => {
            head.extend(shown.address_and_time());
            if settings.all_headers {
                head.extend(further_headers(&shown));
            }
            vec![head, shown.text]
        }
    }
}

/// `+CMT: <oa>,,<scts>` and the text, or `+CDS:` and a status report.
pub fn direct(settings: &Settings, pdu: &[u8]) -> Vec<u8> {
    match Shown::of(settings, pdu) {
        Shown::Report(fields) => [b"+CDS: ", fields.as_slice()].concat(),
        Shown::Message(shown) => {
            let mut octets = b"+CMT: ".to_vec();
            octets.extend(shown.address_and_time());
            if settings.all_headers {
                octets.extend(shown.all_headers());
            }
            octets.extend_from_slice(b"\r\n");
            octets.extend(shown.text);
            octets
        }
    }
}

fn status(message: &Stored) -> &'static str {
    STATUS.get(message.status()).copied().unwrap_or_default()
}

enum Shown {
    /// All fields of a status report, which has no text.
    Report(Vec<u8>),
    Message(ShownMessage),
}

struct ShownMessage {
    address: Vec<u8>,
    /// `None` for a message that was not received.
    time: Option<String>,
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
        let first = pdu.first().and_then(|length| pdu.get(usize::from(*length) + 1));
        Self::Message(match (Pdu::decode(pdu), first, Layout::of(pdu)) {
            (Ok(Pdu::StatusReport(report)), Some(first), _) => {
                return Self::Report(report_fields(settings, *first, &report));
            }
            (Ok(Pdu::Submit(submit)), Some(first), _) => {
                ShownMessage::submit(settings, *first, &submit)
            }
            (Ok(Pdu::Deliver(message)), _, Some(layout)) => {
                ShownMessage::deliver(settings, &message, &layout, pdu)
            }
            _ => ShownMessage::unreadable(pdu),
        })
    }
}

/// `<fo>,<mr>,<ra>,<tora>,<scts>,<dt>,<st>`
fn report_fields(settings: &Settings, first: u8, report: &StatusReport) -> Vec<u8> {
    let StatusReport { number, recipient, scts, discharge, status, .. } = report;
    let (scts, discharge, kind) = (time(*scts), time(*discharge), recipient.kind);
    let mut fields = format!("{first},{number},\"").into_bytes();
    fields.extend(settings.charset.encode(&recipient.to_string()));
    fields.extend(format!("\",{kind},\"{scts}\",\"{discharge}\",{}", status.0).into_bytes());
    fields
}

impl ShownMessage {
    fn deliver(settings: &Settings, message: &Deliver, layout: &Layout, pdu: &[u8]) -> Self {
        let octets = pdu.get(layout.user_data..).unwrap_or_default();
        let text = message.text().text;
        let Layout { first, pid, dcs, .. } = *layout;
        let (length, text) = user_data(settings, &message.user_data, (first, dcs), &text, octets);
        Self {
            address: settings.charset.encode(&message.originator.to_string()),
            time: Some(time(message.scts)),
            kind: layout.originator_kind,
            first,
            pid,
            dcs,
            centre: message.smsc.as_ref().map(Address::to_string).unwrap_or_default(),
            length,
            text,
        }
    }

    fn submit(settings: &Settings, first: u8, message: &Submit) -> Self {
        let (text, dcs) = (message.text().text, message.dcs.0);
        let octets = match &message.user_data.body {
            Body::Octets(octets) => octets.as_slice(),
            Body::Septets(_) => &[],
        };
        let (length, text) = user_data(settings, &message.user_data, (first, dcs), &text, octets);
        Self {
            address: settings.charset.encode(&message.destination.to_string()),
            time: None,
            kind: message.destination.kind,
            first,
            pid: message.pid.0,
            dcs,
            centre: message.smsc.as_ref().map(Address::to_string).unwrap_or_default(),
            length,
            text,
        }
    }

    fn unreadable(pdu: &[u8]) -> Self {
        Self {
            address: Vec::new(),
            time: Some(String::new()),
            kind: 129,
            first: 0,
            pid: 0,
            dcs: 4,
            centre: String::new(),
            length: pdu.len(),
            text: hex::encode_upper(pdu).into_bytes(),
        }
    }

    fn address_and_time(&self) -> Vec<u8> {
        let time = self.time.as_ref().map(|time| format!(",\"{time}\"")).unwrap_or_default();
        [b"\"", self.address.as_slice(), b"\",", time.as_bytes()].concat()
    }

    fn all_headers(&self) -> Vec<u8> {
        let Self { kind, first, pid, dcs, centre, length, .. } = self;
        let centre_kind = if centre.starts_with('+') { 145 } else { 129 };
        let validity = if self.time.is_none() { "," } else { "" };
        format!(",{kind},{first},{pid},{dcs},{validity}\"{centre}\",{centre_kind},{length}")
            .into_bytes()
    }
}

/// The text in the character set when it is in the default alphabet and has no header, else the
/// octets in hexadecimal digits (TS 27.005 clause 3.1, `<data>`).
fn user_data(
    settings: &Settings,
    user_data: &UserData,
    (first, dcs): (u8, u8),
    text: &str,
    octets: &[u8],
) -> (usize, Line) {
    let plain = first & HEADER == 0 && Dcs(dcs).alphabet() == Alphabet::Gsm7;
    match &user_data.body {
        Body::Septets(septets) if plain => (septets.len(), settings.charset.encode(text)),
        _ => (octets.len(), hex::encode_upper(octets).into_bytes()),
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
