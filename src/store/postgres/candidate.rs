//! A daemon that would lead. It asks for the lead again and again, and when the daemon that leads
//! shows nothing any more, it ends that one's session.

use std::time::Duration;

use super::super::StoreError;
use super::lead::{Lead, Leader};
use super::server::Server;
use super::session::Session;
use super::writer::SETTINGS;
use crate::domain::Moment;

/// A daemon that would lead the database of a server.
pub struct Candidate {
    server: Server,
    /// Its session, once it has one.
    session: Option<Session>,
    silence: Silence,
}

impl Candidate {
    /// One that has not asked for the lead yet.
    pub fn new(server: Server) -> Candidate {
        let silence = Silence { lease: server.lease, last: None };
        Candidate { server, session: None, silence }
    }

    /// The server whose database it would lead.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Takes the lead if it is free, and returns the session that has it.
    ///
    /// # Errors
    /// Another daemon leads, or the server is away or not fit. It can be tried again.
    pub(in crate::store) fn take_lead(&mut self, now: Moment) -> Result<Session, StoreError> {
        let session = match self.session.take().filter(Session::is_alive) {
            Some(session) => session,
            None => Session::connect(&self.server, SETTINGS)?,
        };
        session.limit_statements(Some(self.server.commit_limit));
        self.server.check_fitness(&session)?;
        match Lead::lock(&session) {
            Ok(()) => Ok(session),
            Err(error) => {
                if let Some(leader) = Leader::find(&session)?
                    && self.silence.is_over_lease(leader, now)
                {
                    // The next session is with the host that takes writes then, which may be
                    // another one.
                    leader.end(&session)?;
                    return Err(StoreError::LeaderEnded { lease: self.server.lease });
                }
                self.session = Some(session);
                Err(error)
            }
        }
    }
}

/// For how long the daemon that leads has shown nothing. It is measured with this machine's clock,
/// from when the last sign was seen here, so that clocks which differ do no harm.
struct Silence {
    lease: Duration,
    /// The last sign, and when it was seen first.
    last: Option<(Leader, Moment)>,
}

impl Silence {
    /// Whether a leader has shown the same for longer than it may.
    fn is_over_lease(&mut self, leader: Leader, now: Moment) -> bool {
        match self.last {
            Some((last, since)) if last == leader => now - since > self.lease,
            _ => {
                self.last = Some((leader, now));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_may_be_silent_for_the_lease_from_when_its_last_sign_was_seen() {
        let at = |seconds| Moment::since_origin(Duration::from_secs(seconds));
        let leader = |pid, beat_at| Leader { pid, epoch: 1, beat_at };
        let mut silence = Silence { lease: Duration::from_secs(15), last: None };
        let seen = [
            (leader(7, 100), 50, false),
            (leader(7, 103), 53, false),
            (leader(7, 103), 68, false),
            (leader(7, 103), 69, true),
            // It is tried again until the session is over.
            (leader(7, 103), 70, true),
            // Another has taken the lead, and has not shown anything yet.
            (leader(8, 103), 71, false),
            (leader(8, 103), 86, false),
            (leader(8, 103), 87, true),
        ];
        for (leader, now, is_over) in seen {
            assert_eq!(silence.is_over_lease(leader, at(now)), is_over, "{leader:?} at {now}");
        }
    }
}
