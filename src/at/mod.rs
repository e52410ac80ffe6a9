//! Bytes from a modem to lines, final results, URCs and typed replies; commands to bytes. Pure.
//!
//! Nothing here keeps more than a line in memory, and nothing here fails on what a modem sends:
//! what cannot be read is `None`. Authorities: 3GPP TS 27.005 (messages), 27.007 (everything else),
//! ITU-T V.250 (the line itself); vendors' additions are named where they stand.
//!
//! ```
//! use simbridge::at::{Command, FinalResult, Item, LineBuffer, Registration, registration};
//!
//! assert_eq!(Command::Read(3).line(), "AT+CMGR=3");
//!
//! let mut buffer = LineBuffer::default();
//! let mut received: &[u8] = b"\r\n+CREG: 0,5\r\n\r\nOK\r\n";
//! let Some(Item::Line(line)) = buffer.next(&mut received) else { panic!("no line") };
//! assert_eq!(registration(&line).map(|found| found.registration), Some(Registration::Roaming));
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
pub use charset::{Charset, charset};
pub use command::{Command, Expects, Indications, Secret, StoreSelection};
pub use fields::{Fields, fields, int, is_report, payload, tag, unquote};
pub use final_result::SimTrouble;
pub use iccid::{IccidSource, iccid};
pub use lines::{Item, LineBuffer, MAX_LINE};
pub use pdu_line::{PduFit, pdu_fit};
pub use pin::{PinState, pin_state};
pub use ranges::{Choice, Choices, groups};
pub use registration::{RegistrationDomain, Reported, registration};
pub use reply::{
    ListHeader, Unreadable, error_report, functionality, imei, imsi, indexes, indications,
    labelled_imei, labelled_serial, list_header, messages_in, network_mode, operator, own_number,
    phonebook_number, read_header, serial_number, signal_dbm, store_fills, stores_supported, value,
};
pub use text_mode::{ReportFields, TextHeader, TextParameters, text_header};
pub use urc::{DirectKind, Head, SimEvent, Urc, urc};
pub use ussd::{UssdReport, UssdStatus, is_ussd_complete, ussd};
