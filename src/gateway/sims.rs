//! SIMs: what a modem reads from its SIM, what the operator enters about it, where it has been,
//! and whether its PIN may be entered.

mod identity;
mod list;
mod looking;
mod numbers;
mod pins;
mod rivals;
mod selling;
mod several;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::banks::Banks;
use super::environment::Environment;
use super::last_messages::LastMessages;
use super::shared_reading::SharedReading;
use super::sim_presence::SimPresence;
use crate::domain::availability::{
    self, Purpose, Reachability, SimCandidate, SimUsage, UnavailableReason,
};
use crate::domain::sim::Sim;
use crate::domain::{PortName, Timestamp};
use crate::store::BankPosition;
pub use identity::Identified;
pub use list::{SimPage, SimsWanted, WantedDigits, sim_states};
pub(super) use numbers::{let_number_rest, with_number};
pub use rivals::Rival;
pub use several::{ImportedSim, SimEdit, SimImport};

/// A SIM as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimView {
    /// The SIM as it is stored.
    pub sim: Sim,
    /// The port of the working modem that it is in.
    pub port: Option<PortName>,
    /// The bank, and its slot, in which it was last found.
    pub position: Option<BankPosition>,
    /// Until when it rests between two rentals, if it does now.
    pub rests_until: Option<Timestamp>,
    /// Why it cannot be given out, as far as that is a matter of the SIM itself; `None` when it
    /// can.
    pub unavailable: Option<UnavailableReason>,
    /// Since when it is not where it can receive what is sent to it, if it is rented.
    pub tenant_without_since: Option<Timestamp>,
    /// Why its number can hardly be its own, in words for the operator.
    pub number_problem: Option<String>,
    /// The name of the network that it is of, if its IMSI tells one that is known.
    pub home_operator: Option<String>,
}

/// The word for a rented SIM that is off the air.
pub const RENTED_OFF_AIR: &str = "rented_off_air";
/// How long a rented SIM may be off the air before the operator is told.
const OFF_AIR_FOR: Duration = Duration::from_secs(60);

impl SimView {
    /// Whether it can be given out, or why not, in the word that `sim list` shows.
    pub fn state(&self) -> &'static str {
        match (self.unavailable, self.tenant_without_since) {
            (Some(UnavailableReason::Rented), Some(_)) => RENTED_OFF_AIR,
            (unavailable, _) => availability::word(unavailable),
        }
    }
}

/// The operator's SIMs: what they are, where they are, and whether they are sold.
pub struct Sims {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    banks: Arc<Banks>,
    last_messages: Arc<LastMessages>,
    snapshot: SharedReading<Vec<SimView>>,
}

impl Sims {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        banks: Arc<Banks>,
        last_messages: Arc<LastMessages>,
    ) -> Sims {
        Sims { env, presence, banks, last_messages, snapshot: SharedReading::default() }
    }

    pub(super) fn view(&self, sim: Sim, now: Timestamp) -> SimView {
        let port = self.presence.modems.port_of(&sim.iccid, now);
        let reachability = match port {
            _ if self.presence.in_two_places.contains(sim.id, now) => Reachability::InTwoPlaces,
            Some(_) => Reachability::OnAir,
            None if self.presence.is_parked(&sim.iccid, now) => Reachability::Parked,
            None => Reachability::Offline,
        };
        let candidate = SimCandidate { sim: &sim, usage: SimUsage::default(), reachability };
        let unavailable = candidate.unavailable_for(Purpose::Any, now);
        let rests_until = (sim.rests_until > now).then_some(sim.rests_until);
        let off_air_since = || self.presence.off_air_since(&sim.iccid, now);
        let tenant_without_since = sim.rented.then(off_air_since).flatten();
        let number_problem = self.number_problem(&sim);
        let home_operator = self.home_operator(&sim);
        let position = self.presence.position_of(&sim.iccid);
        SimView {
            port,
            position,
            rests_until,
            unavailable,
            tenant_without_since,
            number_problem,
            home_operator,
            sim,
        }
    }

    fn home_operator(&self, sim: &Sim) -> Option<String> {
        let settings = self.env.settings();
        settings.home_networks.name_of(sim.imsi.as_ref()?).map(str::to_owned)
    }
}

/// The refusal of a text that names no known SIM.
pub fn no_sim(iccid: impl fmt::Display) -> Error {
    Error::refused(format!("no SIM {iccid}")).in_shell("`simbridge sim list` shows them")
}
