//! Drives a session by hand: what the session does is printed, and what you type is what the modem
//! sends. No hardware is needed.
//!
//! ```text
//! cargo run --example drive_session
//! ```
//!
//! Each line that you type reaches the session as a line from the modem; an empty line lets time
//! pass until the session's next deadline. Try `OK`, `+CPIN: READY`, `861234567890123`.
//! When input ends, so does the example, which makes a dialogue in a file replayable:
//!
//! ```text
//! printf 'OK\nOK\nOK\n861234567890123\nOK\n' | cargo run --example drive_session
//! ```

use std::io::BufRead;
use std::time::Duration;

use simbridge::domain::modem::PinPermission;
use simbridge::domain::{Moment, PortName};
use simbridge::modem::{Action, MessageOwner, Session, SessionConfig};

/// Carries out what the session wants done, as the driver and the daemon would: bytes would go to
/// the port, questions to the database.
fn carry_out(session: &mut Session, now: Moment) {
    while let Some(action) = session.next_action() {
        match action {
            Action::Write(bytes) => println!("> {}", bytes.escape_ascii()),
            Action::Report(modem) => {
                let reason = modem.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                println!("* {}{reason}", modem.state);
            }
            Action::Identified { token, sim, .. } => {
                println!("* the SIM card is {}", sim.iccid);
                session.on_identified(token, Ok(MessageOwner::Current), now);
            }
            Action::Store { token, received } => {
                println!("* a message for {} is stored: {:?}", received.iccid, received.pdu);
                session.on_stored(token, true, now);
            }
            Action::Emptied { token, .. } => session.on_emptied(token, true, now),
            Action::MayEnterPin { token, .. } => {
                session.on_pin_permission(token, Ok(PinPermission::NeverAccepted), now)
            }
            Action::Reopen { reason } => println!("* the session is over: {reason}"),
            other => println!("* {other:?}"),
        }
    }
}

fn main() -> std::io::Result<()> {
    let mut now = Moment::since_origin(Duration::ZERO);
    let config = SessionConfig::new(PortName::from_stored("/dev/ttyUSB2"));
    let mut session = Session::new(config, now);
    carry_out(&mut session, now);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.is_empty() {
            let Some(deadline) = session.next_deadline() else { break };
            now = now.max(deadline);
            session.tick(now);
        } else {
            session.receive(format!("\r\n{line}\r\n").as_bytes(), now);
        }
        carry_out(&mut session, now);
    }
    Ok(())
}
