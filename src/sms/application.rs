//! The applications on a handset that messages with ports are for.

use super::deliver::Deliver;
use super::purpose::Purpose;
use super::user_data::Body;

/// The port on which handsets take WAP pushes, and the same for encrypted ones.
const PUSH: u16 = 2948;
const SECURE_PUSH: u16 = 2949;

/// Receiving ports of 16 bits, as they are assigned (IANA) or as Nokia's Smart Messaging and OTA
/// settings use them.
const PORTS: &[(u16, &str)] = &[
    (PUSH, "WAP push"),
    (SECURE_PUSH, "WAP push"),
    (5505, "ring tone"),
    (5506, "operator logo"),
    (5507, "caller logo"),
    (5514, "picture message"),
    (7275, "location request"),
    (9204, "vCard"),
    (9205, "vCalendar"),
    (9206, "vCard"),
    (9207, "vCalendar"),
    (49_996, "browser bookmark"),
    (49_999, "browser settings"),
];

/// What a WAP push can have in it: the well-known number of its media type (WAP-230 and the OMNA
/// registry), its name, and what people call it.
const CONTENTS: &[(u8, &str, &str)] = &[
    (0x2d, "text/vnd.wap.si", "service indication"),
    (0x2e, "application/vnd.wap.sic", "service indication"),
    (0x2f, "text/vnd.wap.sl", "service loading"),
    (0x30, "application/vnd.wap.slc", "service loading"),
    (0x36, "application/vnd.wap.connectivity-wbxml", "client provisioning"),
    (0x3e, "application/vnd.wap.mms-message", "MMS notification"),
    (0x42, "application/vnd.syncml.dm+wbxml", "device management"),
    (0x44, "application/vnd.syncml.notification", "device management"),
];

impl Deliver {
    /// What people call the content of a message with ports, where that is known: `MMS
    /// notification`. `None` for messages of other purposes.
    #[must_use]
    pub fn application(&self) -> Option<&'static str> {
        let Purpose::Application(ports) = self.purpose() else { return None };
        let (_, name) = PORTS.iter().find(|(port, _)| ports.wide && *port == ports.destination)?;
        let is_first = self.concat().is_none_or(|concat| concat.sequence == 1);
        let content = match &self.user_data.body {
            Body::Octets(octets) if ports.destination == PUSH && is_first => push_content(octets),
            _ => None,
        };
        Some(content.unwrap_or(name))
    }
}

/// What a push has in it. It begins with a transaction id, the type 6 and the length of the
/// headers, of which the first is the media type (WAP-230, clause 8.2.4.1).
fn push_content(push: &[u8]) -> Option<&'static str> {
    let [_, 0x06, rest @ ..] = push else { return None };
    let headers = skip_uintvar(rest)?;
    let media = match headers.split_first()? {
        (0..=30, rest) => rest,
        (31, rest) => skip_uintvar(rest)?,
        _ => headers,
    };
    let is_it = |(number, name, _): &&(u8, &str, &str)| match media.first() {
        Some(octet @ 0x80..) => octet & 0x7f == *number,
        _ => media.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0)),
    };
    CONTENTS.iter().find(is_it).map(|(_, _, content)| *content)
}

/// What follows a number of variable length, whose octets but the last have bit 7 set.
fn skip_uintvar(octets: &[u8]) -> Option<&[u8]> {
    let last = octets.iter().position(|octet| octet & 0x80 == 0)?;
    octets.get(last + 1..)
}
