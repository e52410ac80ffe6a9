//! Checking the database while everything runs, for operators who look on as it goes: it goes on
//! whether or not anybody does.

use std::sync::Arc;

use parking_lot::Mutex;

use super::CHECKS;
use super::environment::Environment;
use super::reports::Reports;
use super::topics::{Topic, Topics};
use crate::domain::Timestamp;

/// The newest check of the database.
pub struct Verification {
    env: Arc<Environment>,
    reports: Arc<Reports>,
    topics: Arc<Topics>,
    last: Mutex<Last>,
}

/// The newest check, and its number: one that was stopped may still be at work when the next one
/// has begun.
#[derive(Default)]
struct Last {
    run: u64,
    report: Option<VerificationReport>,
}

/// How far a check of the database has come, and what it has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationReport {
    pub began_at: Timestamp,
    /// How many of [`CHECKS`] were made.
    pub done: usize,
    /// What contradicts the invariants, each in a sentence.
    pub faults: Vec<String>,
    pub state: VerificationState,
}

/// Whether a check of the database goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerificationState {
    Running,
    /// Everything was checked.
    Finished {
        at: Timestamp,
    },
    /// Somebody has ended it before.
    Stopped {
        at: Timestamp,
    },
    /// The database could not be read, for this reason.
    Failed {
        at: Timestamp,
        reason: String,
    },
}

impl Verification {
    pub(super) fn new(
        env: Arc<Environment>,
        reports: Arc<Reports>,
        topics: Arc<Topics>,
    ) -> Verification {
        Verification { env, reports, topics, last: Mutex::default() }
    }

    /// How far the newest check has come, since the daemon was started.
    pub fn report(&self) -> Option<VerificationReport> {
        self.last.lock().report.clone()
    }

    /// Begins to check the database. Returns whether it does; otherwise a check goes on already.
    pub fn begin(self: &Arc<Self>) -> bool {
        let run = {
            let mut last = self.last.lock();
            let is_running =
                |report: &VerificationReport| report.state == VerificationState::Running;
            if last.report.as_ref().is_some_and(is_running) {
                return false;
            }
            let (began_at, state) = (self.env.now(), VerificationState::Running);
            last.report = Some(VerificationReport { began_at, done: 0, faults: Vec::new(), state });
            last.run += 1;
            last.run
        };
        self.topics.raise(Topic::System);
        tokio::spawn(Arc::clone(self).run(run));
        true
    }

    /// Ends a check that goes on: what is being checked at this moment is checked to its end.
    pub fn stop(&self) {
        let run = self.last.lock().run;
        self.end(run, VerificationState::Stopped { at: self.env.now() });
    }

    async fn run(self: Arc<Self>, run: u64) {
        for check in 0..CHECKS {
            match self.reports.run_check(check).await {
                Ok(faults) => {
                    if !self.take(run, faults) {
                        return;
                    }
                }
                Err(error) => {
                    let (at, reason) = (self.env.now(), error.to_string());
                    return self.end(run, VerificationState::Failed { at, reason });
                }
            }
        }
        self.end(run, VerificationState::Finished { at: self.env.now() });
    }

    /// Takes what one of the checks has found. Returns whether the next one is to be made.
    fn take(&self, run: u64, faults: Vec<String>) -> bool {
        let goes_on = self.change(run, |report| {
            report.done += 1;
            report.faults.extend(faults);
        });
        self.topics.raise(Topic::System);
        goes_on
    }

    fn end(&self, run: u64, state: VerificationState) {
        self.change(run, |report| report.state = state);
        self.topics.raise(Topic::System);
    }

    /// Changes the report of a check that goes on. Returns whether it does.
    fn change(&self, run: u64, change: impl FnOnce(&mut VerificationReport)) -> bool {
        let mut last = self.last.lock();
        let is_newest = last.run == run;
        let running = last
            .report
            .as_mut()
            .filter(|report| is_newest && report.state == VerificationState::Running);
        running.map(change).is_some()
    }
}
