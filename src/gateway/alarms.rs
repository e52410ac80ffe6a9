//! The alarms that stand, and their history.
//!
//! They are kept in memory, so that they are there also while the database cannot be written, and
//! saved so that they have stood since the same time after a restart.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Error;
use super::environment::Environment;
use crate::domain::RowLimit;
use crate::domain::alarm::{Alarm, StandingAlarm, StandingAlarms};
use crate::store::LoggedAlarm;

/// For how long alarms are kept after they have ended.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The alarms.
pub struct Alarms {
    env: Arc<Environment>,
    state: Mutex<State>,
}

struct State {
    standing: StandingAlarms,
    /// Whether the alarms that stand are not as they are in the database.
    is_unsaved: bool,
}

impl Alarms {
    /// Goes on with the alarms of the database.
    pub(super) fn new(env: Arc<Environment>, stored: Vec<StandingAlarm>) -> Alarms {
        let state = State { standing: StandingAlarms::from_stored(stored), is_unsaved: false };
        Alarms { env, state: Mutex::new(state) }
    }

    /// Takes what is wrong now. What cannot be saved is kept in memory, and saved the next time.
    pub async fn observe(&self, observed: Vec<Alarm>) -> Result<(), Error> {
        let now = self.env.now();
        let unsaved = {
            let mut state = self.state.lock();
            let is_changed = state.standing.observe(observed, now);
            state.is_unsaved |= is_changed;
            state.is_unsaved.then(|| state.standing.all().to_vec())
        };
        let Some(standing) = unsaved else { return Ok(()) };
        let saved = standing.clone();
        let write = self.env.store.write(move |tx| {
            tx.purge_alarms(now.minus(KEPT))?;
            tx.save_standing_alarms(&saved, now)
        });
        write.await?;
        let mut state = self.state.lock();
        let current = state.standing.all();
        let is_saved = current.len() == standing.len()
            && current.iter().zip(&standing).all(|(a, b)| a.is_same(b));
        state.is_unsaved = !is_saved;
        Ok(())
    }

    /// The alarms that stand, as they were observed last.
    pub fn standing(&self) -> Vec<StandingAlarm> {
        self.state.lock().standing.all().to_vec()
    }

    /// The alarms that have ended, the last one first.
    pub async fn ended(&self, limit: RowLimit) -> Result<Vec<LoggedAlarm>, Error> {
        Ok(self.env.store.read(move |rows| rows.ended_alarms(limit.rows())).await?)
    }
}
