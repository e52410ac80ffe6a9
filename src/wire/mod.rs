//! What a site and the centre say to each other. A *site* is a daemon at another place that only
//! serves modems and SIM banks; the *centre* is the daemon with the ledger. The site connects, and
//! both speak in lines of JSON over that one connection.
//!
//! ```text
//! site                                   centre
//! hello (name, key, boot) ─────────────▶
//!                         ◀───────────── welcome, or refused
//! question 17             ─────────────▶
//!                         ◀───────────── answer 17
//! report                  ─────────────▶               not answered
//!                         ◀───────────── request 4
//! reply 4                 ─────────────▶
//!                         ◀───────────── demands changed
//! beat                    ◀────────────▶               when nothing else was said for 5 s
//! ```
//!
//! A message is one question: the site deletes it from its modem once the centre has answered that
//! it is on disk, and keeps nothing on a disk of its own.
//!
//! What holds here, whatever the connection does:
//!  - A question is answered within ten seconds, or it fails at the site, as when a database fails.
//!  - After a new connection all questions without an answer are asked again under the same
//!    numbers. What must not be carried out twice is remembered by its number.
//!  - Only durations travel, never times: each side goes by its own clock.
//!  - Every queue has a limit, or holds one entry for each port and bank.
//!
//! What is said is in `words.rs`, how it becomes a line in `frame.rs`; the two ends of a connection
//! are state machines, `site_session.rs` and `centre_session.rs`.

mod frame;
mod identity;
mod naming;
mod times;
mod words;

#[cfg(test)]
mod tests;

pub use frame::{BadFrame, FrameReader, FromCentre, FromSite, MAX_FRAME};
pub use identity::{BootId, NotASiteKey, SiteKey};
pub use times::Offset;
pub use words::{
    Answer, Answered, Hello, PROTOCOL, Question, QuestionNumber, Refusal, Reply, Report, Request,
    RequestNumber,
};
