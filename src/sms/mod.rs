//! Decoder and encoder of short messages as 3GPP TS 23.040 puts them into octets, and of the
//! alphabets of TS 23.038.
//!
//! This module is pure: octets in, values out; no clock, no randomness, no logging. It has a file
//! per TPDU field.
//!
//! Messages from real networks break the standard now and then. [`Deliver::decode`] therefore fails
//! only when a field that everything behind it depends on is not there; anything else yields the
//! most readable message that is in the octets, and [`Flaws`] that say what was wrong with it.
//!
//! ```
//! use simbridge::sms::Deliver;
//!
//! // What AT+CMGR gives in PDU mode: the service centre's address, then the TPDU.
//! let pdu = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07";
//! let message = Deliver::decode(&hex::decode(pdu)?)?;
//! assert_eq!(message.originator.to_string(), "+31641600986");
//! assert_eq!(message.text().text, "How are you?");
//! assert!(message.text().flaws.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod alphabet;
mod application;
mod compose;
mod data;
mod dcs;
mod deliver;
mod error;
mod gsm7;
mod header;
mod identity;
mod join;
mod own_number;
mod parameters;
mod part_set;
mod pdu;
mod pid;
mod purpose;
mod reader;
mod report;
mod scts;
mod status_report;
mod submit;
mod text;
mod text_mode;
mod ucs2;
mod user_data;
mod ussd;

pub use address::Address;
pub use alphabet::{Language, gsm_text};
pub use dcs::{Alphabet, Class, Dcs, Indication, Waiting};
pub use deliver::{Deliver, tpdu};
pub use error::{DecodeError, Problem};
pub use header::{Concat, Element, Header, Indicated, Ports};
pub use join::join;
pub use own_number::{number_in_ussd, own_number};
pub use parameters::Parameters;
pub use part_set::{PART_WINDOW, PartSet, place};
pub use pdu::Pdu;
pub use pid::Pid;
pub use purpose::Purpose;
pub use report::{Cause, DeliverReport};
pub use scts::Scts;
pub use status_report::{Outcome, Status, StatusReport};
pub use submit::{Submit, Validity};
pub use text::{Flaw, Flaws, Text};
pub use text_mode::{TextEntry, TextFields, TextMode, text_identity};
pub use user_data::{Body, UserData};
pub use ussd::{ussd_packed, ussd_text, ussd_ucs2};
