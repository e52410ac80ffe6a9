//! Bytes from a modem to lines, final results, URCs and typed replies; commands to bytes. Pure.
//!
//! Nothing here keeps more than a line in memory, and nothing here fails on what a modem sends:
//! what cannot be read is `None`. Authorities: 3GPP TS 27.005 (messages), 27.007 (everything else),
//! ITU-T V.250 (the line itself); vendors' additions are named where they stand.
//!
//! ```
//! use simbridge::at::{Command, FinalResult, Item, LineBuffer, Registration, parse_registration};
//!
//! assert_eq!(Command::Read(3).line(), "AT+CMGR=3");
//!
//! let mut buffer = LineBuffer::default();
//! let mut received: &[u8] = b"\r\n+CREG: 0,5\r\n\r\nOK\r\n";
//! let Some(Item::Line(line)) = buffer.next(&mut received) else { panic!("no line") };
//! let reported = parse_registration(&line).map(|reported| reported.registration);
//! assert_eq!(reported, Some(Registration::Roaming));
//! let Some(Item::Line(line)) = buffer.next(&mut received) else { panic!("no line") };
//! assert_eq!(FinalResult::parse(&line), Some(FinalResult::Ok));
//! ```

mod charset;
mod command;
mod fields;
mod final_result;
mod iccid;
mod lines;
mod pdu_line;
mod pin;
mod ranges;
mod registration;
mod reply;
mod text_mode;
mod urc;
mod ussd;

pub use crate::domain::modem::{FinalResult, MessageStore, Registration};
pub use charset::{Charset, parse_charset};
pub use command::{Command, Expects, Indications, Secret, StoreSelection};
pub use fields::{Fields, fields, is_report, parse_int, payload, tag, unquote};
pub use final_result::SimTrouble;
pub use iccid::{IccidSource, parse_iccid};
pub use lines::{Item, LineBuffer, MAX_LINE};
pub use pdu_line::{PduFit, pdu_fit};
pub use pin::{PinState, parse_pin_state};
pub use ranges::{Choice, Choices, parse_choices};
pub use registration::{RegistrationDomain, Reported, parse_registration};
pub use reply::{
    ListHeader, Unreadable, parse_error_report, parse_functionality, parse_imei, parse_imsi,
    parse_indexes, parse_indications, parse_labelled_imei, parse_labelled_serial,
    parse_list_header, parse_message_count, parse_network_mode, parse_operator, parse_own_number,
    parse_phonebook_number, parse_read_header, parse_serial_number, parse_signal_dbm,
    parse_store_fills, parse_stores_supported, value,
};
pub use text_mode::{ReportFields, TextHeader, TextParameters, parse_text_header};
pub use urc::{DirectKind, Head, SimEvent, Urc, parse_urc};
pub use ussd::{UssdReport, UssdStatus, is_ussd_complete, parse_ussd};
