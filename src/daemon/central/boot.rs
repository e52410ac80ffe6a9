//! One run of a site's process, whatever becomes of its connections.

use std::collections::{BTreeMap, HashSet};

use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use crate::domain::{Iccid, SiteName};
use crate::gateway::PinTry;
use crate::wire::{BootId, QuestionNumber, RememberedAnswers};

/// How many SIMs are remembered to be at the site. Of more it is looked up again.
const MOST_SIMS: usize = 65_536;

/// One run of a site's process.
pub(super) struct Boot {
    pub site: SiteName,
    pub id: BootId,
    /// The answers to questions that must not be carried out twice. It is locked while such a
    /// question is carried out, so that the same one, asked again, waits for the first's answer.
    pub remembered: tokio::sync::Mutex<RememberedAnswers>,
    /// The tries of PINs that were permitted by answers that are remembered.
    pub pin_tries: Mutex<BTreeMap<QuestionNumber, PinTry>>,
    /// The SIMs that were released to the site.
    pub released: Mutex<HashSet<Iccid>>,
    /// SIMs that were read at the site, also if they were read elsewhere since: a message that was
    /// read before may come later.
    sims: Mutex<HashSet<Iccid>>,
    /// The questions that are being carried out, whatever has become of their connections.
    pub carrying_out: TaskTracker,
}

impl Boot {
    pub fn new(site: SiteName, id: BootId) -> Boot {
        let carrying_out = TaskTracker::new();
        // So that its tasks can be waited for at any time.
        carrying_out.close();
        Boot {
            site,
            id,
            remembered: tokio::sync::Mutex::new(RememberedAnswers::new(id)),
            pin_tries: Mutex::default(),
            released: Mutex::default(),
            sims: Mutex::default(),
            carrying_out,
        }
    }

    /// Whether this SIM is known to have been read at the site.
    pub fn has_read(&self, iccid: &Iccid) -> bool {
        self.sims.lock().contains(iccid)
    }

    /// Notes SIMs that were read at the site.
    pub fn note_read(&self, iccids: impl IntoIterator<Item = Iccid>) {
        let mut sims = self.sims.lock();
        if sims.len() >= MOST_SIMS {
            sims.clear();
        }
        sims.extend(iccids);
    }
}
