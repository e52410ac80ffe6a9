//! The alarms that stand, their history, and which of them operators were told of.
//!
//! They are kept in memory, so that notices go out also while the database cannot be written, and
//! saved so that a restart neither tells an alarm again nor forgets to tell its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::environment::Environment;
use super::topics::{Topic, Topics};
use super::{Error, same_word};
use crate::domain::alarm::{
    Acknowledgement, Alarm, AlarmName, NotStanding, StandingAlarm, StandingAlarms,
};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::notice::{Notice, NoticeTimes, ToldAlarm, ToldAlarms};
use crate::domain::{RowLimit, Timestamp};
use crate::store::{LoggedAlarm, WriteTx, current_person};

/// How many characters an operator's note on an alarm may have.
const MAX_NOTE: usize = 200;
/// For how long alarms are kept after they have ended.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The alarms that stand, and what was told of them.
pub struct Alarms {
    env: Arc<Environment>,
    topics: Arc<Topics>,
    state: Mutex<State>,
    /// Changes whenever alarms were observed.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    standing: StandingAlarms,
    told: HashMap<String, ToldAlarms>,
    /// Whether the alarms that stand are not as they are in the database.
    is_unsaved: bool,
}

/// The alarms of the database at the start.
pub(super) struct StoredAlarms {
    pub(super) standing: Vec<StandingAlarm>,
    pub(super) told: Vec<(String, ToldAlarm)>,
}

impl Alarms {
    pub(super) fn new(env: Arc<Environment>, topics: Arc<Topics>, stored: StoredAlarms) -> Alarms {
        let mut told = HashMap::<String, ToldAlarms>::new();
        for (channel, alarm) in stored.told {
            told.entry(channel).or_default().0.push(alarm);
        }
        let standing = StandingAlarms::from_stored(stored.standing);
        let state = State { standing, told, is_unsaved: false };
        Alarms { env, topics, state: Mutex::new(state), changes: watch::Sender::new(()) }
    }

    /// Takes what is wrong now. Notices of it go out even if it cannot be saved; that is tried
    /// again the next time.
    pub async fn observe(&self, observed: Vec<Alarm>) -> Result<(), Error> {
        let now = self.env.now();
        let unsaved = {
            let mut state = self.state.lock();
            let is_changed = state.standing.observe(observed, now);
            state.is_unsaved |= is_changed;
            if is_changed {
                self.topics.raise(Topic::Alarms);
            }
            // Notices of what stands have the newest text, and may be due.
            self.changes.send_replace(());
            state.is_unsaved.then(|| state.standing.all().to_vec())
        };
        let Some(standing) = unsaved else { return Ok(()) };
        let saved = standing.clone();
        self.env
            .store
            .write(move |tx| {
                tx.purge_alarms(now.minus(KEPT))?;
                tx.save_standing_alarms(&saved, now)
            })
            .await?;
        let mut state = self.state.lock();
        let is_saved = |a: &StandingAlarm, b: &StandingAlarm| {
            a.is_same(b) && a.alarm.members == b.alarm.members
        };
        let is_same = |now: &[StandingAlarm]| {
            now.len() == standing.len() && now.iter().zip(&standing).all(|(a, b)| is_saved(a, b))
        };
        state.is_unsaved = !is_same(state.standing.all());
        Ok(())
    }

    /// The alarms that stand, as they were observed last.
    pub fn standing(&self) -> Vec<StandingAlarm> {
        self.state.lock().standing.all().to_vec()
    }

    /// Notes that the operator knows of an alarm that stands: it is told again only when it has
    /// ended. The subject can be left out where one alarm of the name stands, and of a port the
    /// last part is enough. A note replaces an earlier one.
    pub async fn acknowledge(
        &self,
        name: &str,
        subject: Option<&str>,
        note: &str,
    ) -> Result<StandingAlarm, Error> {
        let (now, note) = (self.env.now(), checked_note(note)?);
        let mut alarm = self.meant(name, subject)?;
        alarm.acknowledged = Some(Acknowledgement { at: now, note, by: current_person() });
        let (saved, whose) = (alarm.clone(), subject_of(&alarm.alarm));
        self.env
            .store
            .write(move |tx| {
                tx.save_standing_alarm(&saved)?;
                tx.note(Actor::Operator, AuditAction::Acknowledged, whose, now)
            })
            .await?;
        self.state.lock().standing.acknowledge(&alarm);
        self.topics.raise(Topic::Alarms);
        self.changes.send_replace(());
        Ok(alarm)
    }

    /// The alarm that the operator names.
    fn meant(&self, name: &str, subject: Option<&str>) -> Result<StandingAlarm, Error> {
        let known = same_word(name, AlarmName::ALL.map(AlarmName::as_str));
        let known = known.and_then(|word| word.parse::<AlarmName>().ok());
        let Some(known) = known else {
            let names = AlarmName::ALL.map(AlarmName::as_str).join(", ");
            return Err(Error::refused(format!("no alarm is called {name}; there are {names}")));
        };
        let state = self.state.lock();
        state.standing.find(known, subject).cloned().map_err(|fault| match (fault, subject) {
            (NotStanding::Several(subjects), _) => Error::refused(format!(
                "several alarms {known} stand; say about which: {}",
                subjects.join(", ")
            )),
            (NotStanding::None, Some(subject)) => {
                Error::refused(format!("no alarm {known} about {subject} stands"))
                    .in_shell("`simbridge alarm list` shows all")
            }
            (NotStanding::None, None) => Error::refused(format!("no alarm {known} stands"))
                .in_shell("`simbridge alarm list` shows all"),
        })
    }

    /// The alarms that have ended, the last one first.
    pub async fn ended(&self, limit: RowLimit) -> Result<Vec<LoggedAlarm>, Error> {
        Ok(self.env.store.read(move |rows| rows.ended_alarms(limit.rows())).await?)
    }

    /// Changes whenever alarms were observed.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// What is to be told over a channel now, and when something is due next unless alarms end or
    /// are raised before.
    pub fn due_notices(
        &self,
        channel: &str,
        times: NoticeTimes,
        now: Timestamp,
    ) -> (Vec<Notice>, Option<Timestamp>) {
        let state = self.state.lock();
        let (none, standing) = (ToldAlarms::default(), state.standing.all());
        let told = state.told.get(channel).unwrap_or(&none);
        (told.due(standing, times, now), told.next_due(standing, times))
    }

    /// Notes what was told over a channel.
    pub async fn note_told(&self, channel: &str, notices: &[Notice]) -> Result<(), Error> {
        let (now, name) = (self.env.now(), channel.to_owned());
        let told = {
            let mut state = self.state.lock();
            let told = state.told.entry(name.clone()).or_default();
            told.note(notices, now);
            told.0.clone()
        };
        let save = move |tx: &WriteTx<'_>| tx.save_told_alarms(&name, &told);
        Ok(self.env.store.write(save).await?)
    }
}

/// A note without what surrounds it.
fn checked_note(note: &str) -> Result<String, Error> {
    let note = note.trim();
    match note.chars().count() {
        0 => Err(Error::refused("a note says what is being done; write a word")),
        1..=MAX_NOTE if !note.contains(char::is_control) => Ok(note.to_owned()),
        _ => Err(Error::refused(format!("a note is one line of at most {MAX_NOTE} characters"))),
    }
}

/// An alarm for the audit.
fn subject_of(alarm: &Alarm) -> String {
    match alarm.subject.as_str() {
        "" => format!("alarm {}", alarm.name),
        subject => format!("alarm {} of {subject}", alarm.name),
    }
}
