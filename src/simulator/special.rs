//! Messages that are no text for people, as networks and others send them (TS 23.040).

use serde::{Deserialize, Serialize};

use super::memory::Pdu;
use crate::sms::{
    Address, Body, Dcs, Deliver, Header, Parameters, Pid, Scts, Status, StatusReport, UserData,
};

/// A kind of message that is no text for people, under the name that scenarios, the control socket
/// and `simulate send --kind` use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecialMessage {
    /// A short message type 0.
    Probe,
    /// A message with nothing in it.
    Empty,
    /// Voice mail waits, by the coding scheme "discard message"; with the text, if there is one.
    VoiceMail,
    /// Three voice mails wait, by the header; with the text, if there is one.
    VoiceMailCount,
    /// A call is to be returned; with the text, if there is one.
    ReturnCall,
    /// A WAP push that tells of a multimedia message.
    MmsNotification,
    /// A WAP push with the settings of an operator.
    ClientProvisioning,
    /// A ring tone.
    RingTone,
    /// A business card with the text as its name.
    VCard,
    /// 8-bit data for nobody in particular.
    Binary,
    /// A command for an application on the SIM.
    SimData,
    /// A report that a message was delivered to the sender's number.
    StatusReport,
}

/// The headers of a push with a transaction id and the number of its media type, and what follows.
const MMS_NOTIFICATION: &[u8] =
    b"\x2f\x06\x03\xbe\xaf\x84\x8c\x82\x98id4711\0\x8d\x90\x89\x1a\x80\x18\x83http://mms/4711\0";
const CLIENT_PROVISIONING: &[u8] = b"\x01\x06\x07\x1f\x05\xb6\x91\x81\x92\x30\x03\x0b\x6a\x00\x45";
const RING_TONE: &[u8] = b"\x02\x4a\x3a\x40\x04\x00\x81\x1c";
const BINARY: &[u8] = b"\x00\xfe\x10\x9c\x81\x00";
const SIM_COMMAND: &[u8] = b"\x00\x10\x0d\x12\x21\x00\x00\xb0\x00\x10\x00\x00\x00\x00\x01\x00";

impl SpecialMessage {
    /// All kinds.
    pub const ALL: [SpecialMessage; 12] = [
        SpecialMessage::Probe,
        SpecialMessage::Empty,
        SpecialMessage::VoiceMail,
        SpecialMessage::VoiceMailCount,
        SpecialMessage::ReturnCall,
        SpecialMessage::MmsNotification,
        SpecialMessage::ClientProvisioning,
        SpecialMessage::RingTone,
        SpecialMessage::VCard,
        SpecialMessage::Binary,
        SpecialMessage::SimData,
        SpecialMessage::StatusReport,
    ];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            SpecialMessage::Probe => "probe",
            SpecialMessage::Empty => "empty",
            SpecialMessage::VoiceMail => "voice-mail",
            SpecialMessage::VoiceMailCount => "voice-mail-count",
            SpecialMessage::ReturnCall => "return-call",
            SpecialMessage::MmsNotification => "mms-notification",
            SpecialMessage::ClientProvisioning => "client-provisioning",
            SpecialMessage::RingTone => "ring-tone",
            SpecialMessage::VCard => "v-card",
            SpecialMessage::Binary => "binary",
            SpecialMessage::SimData => "sim-data",
            SpecialMessage::StatusReport => "status-report",
        }
    }

    /// Makes the PDU of a message `from` this number or name.
    pub(super) fn pdu(self, centre: Option<&Address>, from: &str, text: &str, scts: Scts) -> Pdu {
        let from = Address::parse(from);
        match self {
            SpecialMessage::StatusReport => report(centre, from, scts).encode().into(),
            _ => self.deliver(centre, &from, text, scts).encode().into(),
        }
    }

    fn deliver(self, centre: Option<&Address>, from: &Address, text: &str, scts: Scts) -> Deliver {
        let (pid, dcs, header, body) = self.fields(text);
        Deliver {
            smsc: centre.cloned(),
            more_to_send: false,
            loop_prevention: false,
            status_report: false,
            reply_path: false,
            originator: from.clone(),
            pid: Pid(pid),
            dcs: Dcs(dcs),
            scts,
            user_data: UserData::new(header, body),
        }
    }

    /// Protocol, coding and user data.
    fn fields(self, text: &str) -> (u8, u8, Option<Header>, Body) {
        let port = |port: u16| Some(Header::new().with(0x05, &port_pair(port)));
        let data = |octets: &[u8]| Body::Octets(octets.to_vec());
        match self {
            SpecialMessage::Probe => (0x40, 0x00, None, written("")),
            SpecialMessage::Empty | SpecialMessage::StatusReport => (0x00, 0x00, None, written("")),
            SpecialMessage::VoiceMail => (0x00, 0xc8, None, written(text)),
            SpecialMessage::VoiceMailCount => {
                (0x00, 0x00, Some(Header::new().with(0x01, &[0x80, 3])), written(text))
            }
            SpecialMessage::ReturnCall => (0x5f, 0x00, None, written(text)),
            SpecialMessage::MmsNotification => (0x00, 0x04, port(2948), data(MMS_NOTIFICATION)),
            SpecialMessage::ClientProvisioning => {
                (0x00, 0x04, port(2948), data(CLIENT_PROVISIONING))
            }
            SpecialMessage::RingTone => (0x00, 0xf5, port(5505), data(RING_TONE)),
            SpecialMessage::VCard => {
                let card = format!("BEGIN:VCARD\r\nVERSION:2.1\r\nN:{text}\r\nEND:VCARD\r\n");
                (0x00, 0xf5, port(9204), data(card.as_bytes()))
            }
            SpecialMessage::Binary => (0x00, 0x04, None, data(BINARY)),
            SpecialMessage::SimData => {
                (0x7f, 0xf6, Some(Header::new().with(0x70, &[])), data(SIM_COMMAND))
            }
        }
    }
}

/// A text in the default alphabet, without what that lacks.
fn written(text: &str) -> Body {
    let is_known = |c: &char| Body::septets(c.encode_utf8(&mut [0; 4]), None).is_some();
    let known: String = text.chars().filter(is_known).collect();
    Body::septets(&known, None).unwrap_or(Body::Septets(Vec::new()))
}

/// The receiving port and that of the sender, which is the usual one of WAP.
fn port_pair(destination: u16) -> [u8; 4] {
    let [high, low] = destination.to_be_bytes();
    let [source_high, source_low] = 9200u16.to_be_bytes();
    [high, low, source_high, source_low]
}

fn report(centre: Option<&Address>, recipient: Address, scts: Scts) -> StatusReport {
    StatusReport {
        smsc: centre.cloned(),
        more_to_send: false,
        loop_prevention: false,
        of_command: false,
        number: 7,
        recipient,
        scts,
        discharge: scts,
        status: Status(0),
        parameters: Parameters::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        for kind in SpecialMessage::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
