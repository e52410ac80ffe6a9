//! What a message is and what it says, read from its PDUs.

use crate::domain::message::MessageKind;
use crate::sms::{
    Alphabet, Body, Deliver, Indication, Outcome, Pdu, Ports, Purpose, StatusReport, Submit,
    TextEntry, TextMode,
};

/// What a message is and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) kind: MessageKind,
    /// `None` when there is nothing that can be read.
    pub(super) text: Option<String>,
    /// What there is to know beside the text, in words for the operator.
    pub(super) detail: Option<String>,
    /// Whether it is given to an order only if the order's service has patterns that fit. A text
    /// that comes with a message waiting indication is the network's own for the most part, and
    /// not what somebody waits for who takes any text.
    pub(super) needs_pattern: bool,
}

impl Content {
    /// Of a delivered message with this text. `part` is one of its parts, the first if that is
    /// there: all have the same purpose.
    pub(super) fn of_deliver(part: &Deliver, text: String) -> Content {
        let is_readable = is_readable(&text);
        let text = is_readable.then_some(text);
        let purpose = part.purpose();
        let (kind, detail) = match purpose {
            Purpose::Text if is_readable => (MessageKind::Text, None),
            Purpose::Text => without_text(part),
            Purpose::MessageWaiting(indication) => {
                let kind =
                    if is_readable { MessageKind::Text } else { MessageKind::MessageWaiting };
                (kind, Some(what_waits(part, indication)))
            }
            Purpose::Probe => (MessageKind::Probe, Some("short message type 0".to_owned())),
            Purpose::Equipment => {
                (MessageKind::SimData, Some("data for the card or the modem".to_owned()))
            }
            Purpose::Application(ports) => (MessageKind::Data, Some(application(part, ports))),
        };
        let needs_pattern = matches!(purpose, Purpose::MessageWaiting(_));
        Content { kind, text, detail, needs_pattern }
    }

    /// Of a message that the modem showed in text mode. `pdu` is the same as a PDU, where the modem
    /// shows all that is in it.
    pub(super) fn of_text_mode(message: &TextMode, pdu: Option<&Pdu>) -> Content {
        const READ_AS_TEXT: &str = "read in text mode";
        let text = message.text();
        let mut content = match (pdu, &message.entry) {
            (Some(Pdu::Deliver(deliver)), _) => Content::of_deliver(deliver, text),
            (Some(Pdu::StatusReport(report)), _) => Content::of_status_report(report),
            (Some(Pdu::Submit(_)), _) | (None, TextEntry::Outgoing) => Content::outgoing(text),
            (None, _) => match message.unexplained_octets() {
                Some(octets) => Content {
                    kind: MessageKind::Data,
                    text: Some(text),
                    detail: Some(format!("{} octets in hexadecimal digits", octets.len())),
                    needs_pattern: false,
                },
                None => Content::of_plain_text(text),
            },
        };
        content.needs_pattern |= message.hides_header();
        content.with_detail(READ_AS_TEXT)
    }

    /// The same for a message of which it is not known to which SIM it came.
    pub(super) fn doubted(self) -> Content {
        self.with_detail("may have come for a SIM that was in the modem before")
    }

    fn with_detail(mut self, more: &str) -> Content {
        self.detail = Some(match self.detail {
            Some(detail) => format!("{detail}; {more}"),
            None => more.to_owned(),
        });
        self
    }

    fn of_plain_text(text: String) -> Content {
        let is_readable = is_readable(&text);
        Content {
            kind: if is_readable { MessageKind::Text } else { MessageKind::Empty },
            text: is_readable.then_some(text),
            detail: None,
            needs_pattern: false,
        }
    }

    /// Of a message that was sent from the SIM, or left on it as a draft.
    pub(super) fn of_submit(submit: &Submit) -> Content {
        Content::outgoing(submit.text().text)
    }

    fn outgoing(text: String) -> Content {
        Content {
            kind: MessageKind::Outgoing,
            text: (!text.trim().is_empty()).then_some(text),
            detail: Some("sent from this SIM, or a draft".to_owned()),
            needs_pattern: false,
        }
    }

    /// Of a report on a message that was sent from the SIM.
    pub(super) fn of_status_report(report: &StatusReport) -> Content {
        Content {
            kind: MessageKind::StatusReport,
            text: None,
            detail: Some(format!("a message that was sent: {}", outcome(report.status.outcome()))),
            needs_pattern: false,
        }
    }

    /// Of a PDU that cannot be decoded.
    pub(super) fn undecodable(error: &str) -> Content {
        Content {
            kind: MessageKind::Undecodable,
            text: None,
            detail: Some(error.to_owned()),
            needs_pattern: false,
        }
    }
}

fn is_readable(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !c.is_control())
}

/// A message for people in which nothing can be read.
fn without_text(part: &Deliver) -> (MessageKind, Option<String>) {
    let octets = match &part.user_data.body {
        Body::Octets(octets) if part.dcs.alphabet() == Alphabet::Data => octets.len(),
        Body::Octets(octets) if part.dcs.is_compressed() => octets.len(),
        _ => 0,
    };
    match octets {
        0 => (MessageKind::Empty, Some("nothing in it".to_owned())),
        _ if part.dcs.is_compressed() => (MessageKind::Data, Some("compressed text".to_owned())),
        _ => (MessageKind::Data, Some(format!("8-bit data, {octets} octets"))),
    }
}

fn what_waits(part: &Deliver, indication: Option<Indication>) -> String {
    let what = match indication {
        Some(Indication::Voicemail) => "voice mail",
        Some(Indication::Fax) => "a fax",
        Some(Indication::Email) => "e-mail",
        Some(Indication::Other) => "a message of another kind",
        None => "voice mail, or a call to return",
    };
    let counted =
        part.user_data.header.as_ref().and_then(|h| h.indicated().next()).map(|waits| waits.count);
    let is_active = part.dcs.waiting().is_none_or(|waiting| waiting.active);
    match counted {
        Some(0) => format!("no longer waits: {what}"),
        Some(count) => format!("waits: {what} ({count})"),
        None if is_active => format!("waits: {what}"),
        None => format!("no longer waits: {what}"),
    }
}

fn application(part: &Deliver, ports: Ports) -> String {
    let name = part.application().unwrap_or("data for an application");
    format!("{name}, port {}", ports.destination)
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "delivered",
        Outcome::Trying => "not delivered yet",
        Outcome::Failed => "cannot be delivered",
        Outcome::GivenUp => "not delivered, given up",
    }
}
