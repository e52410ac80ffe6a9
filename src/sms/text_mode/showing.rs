//! What a modem in text mode shows of a PDU.

use super::{TextEntry, TextFields, TextMode};
use crate::sms::alphabet::{self, Languages};
use crate::sms::deliver::Deliver;
use crate::sms::pdu::Pdu;
use crate::sms::scts::Scts;
use crate::sms::user_data::Body;

impl TextMode {
    /// What a modem shows of this PDU that has been told to show all of it.
    pub(crate) fn showing(pdu: &[u8]) -> TextMode {
        let first = crate::sms::tpdu(pdu).unwrap()[0];
        match Pdu::decode(pdu).unwrap() {
            Pdu::Deliver(Deliver { smsc, originator, pid, dcs, scts, user_data, .. }) => {
                let centre = smsc.map(|smsc| smsc.to_string()).unwrap_or_default();
                let address_type = Some(originator.kind);
                let fields = TextFields { address_type, first, pid: pid.0, dcs: dcs.0, centre };
                let text = match &user_data.body {
                    Body::Septets(septets) if !fields.is_in_octets() => {
                        alphabet::decode(septets, Languages::DEFAULT).text.trim().to_owned()
                    }
                    _ => {
                        let mut octets = Vec::new();
                        user_data.write(&mut octets);
                        hex::encode_upper(&octets[1..])
                    }
                };
                TextMode {
                    address: originator.to_string(),
                    time: shown_time(scts),
                    fields: Some(fields),
                    text,
                    ..TextMode::default()
                }
            }
            Pdu::StatusReport(report) => TextMode {
                entry: TextEntry::Report {
                    first,
                    number: report.number,
                    address_type: Some(report.recipient.kind),
                    discharge: shown_time(report.discharge),
                    status: report.status.0,
                },
                address: report.recipient.to_string(),
                time: shown_time(report.scts),
                ..TextMode::default()
            },
            Pdu::Submit(submit) => TextMode {
                entry: TextEntry::Outgoing,
                address: submit.destination.to_string(),
                text: submit.text().text,
                ..TextMode::default()
            },
        }
    }
}

fn shown_time(scts: Scts) -> String {
    let zone = scts.zone_quarter_hours().unwrap();
    format!("{}{zone:+03}", scts.local().unwrap().format("%y/%m/%d,%H:%M:%S"))
}
