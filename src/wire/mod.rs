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
//!    numbers. The centre remembers its answers to those that must not be carried out twice
//!    ([`RememberedAnswers`]).
//!  - If a question whether a PIN may be entered fails at the site, none is entered, and the site
//!    says so: the centre forgets the attempt that it has recorded for it.
//!  - A site is welcome only after everything that it asked on an earlier connection has been
//!    carried out, so that nothing of then happens after what it says now.
//!  - Only durations travel, never times: each side goes by its own clock.
//!  - Every queue has a limit, or holds one entry for each port and bank.
//!
//! What is said is in `words.rs`, how it becomes a line in `frame.rs`; the two ends of a connection
//! are state machines, `site_session.rs` and `centre_session.rs`.

mod centre_session;
mod frame;
mod identity;
mod liveness;
mod naming;
mod remembered;
mod site_questions;
mod site_reports;
mod site_session;
mod times;
mod words;

#[cfg(test)]
mod tests;

pub use centre_session::{CentreEvent, CentreSession};
pub use frame::{BadFrame, FrameReader, FromCentre, FromSite, MAX_FRAME};
pub use identity::{BootId, NotASiteKey, SiteKey};
pub use liveness::{BEAT, SILENCE};
pub use remembered::RememberedAnswers;
pub use site_questions::{MAX_UNDER_WAY, MAX_UNDER_WAY_OF_PORT, QUESTION_TIMEOUT};
pub use site_session::{Identity, ReceivedRequest, SiteEvent, SiteSession};
pub use times::Offset;
pub use words::{
    Answer, Answered, Hello, PROTOCOL, Question, QuestionNumber, Refusal, Reply, Report, Request,
    RequestNumber,
};
