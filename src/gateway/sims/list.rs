//! The list of SIMs, a page at a time. States are not stored but computed, for all SIMs at once: at
//! most once a second, however many look at the list.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::{RENTED_OFF_AIR, SimView, Sims};
use crate::domain::sim::Pool;
use crate::domain::{SimId, availability};
use crate::gateway::Error;
use crate::gateway::listing::{check_state, find_country};
use crate::gateway::shared_reading::Freshness;
use crate::store::SimActivity;

/// How long the states of all SIMs are shared.
pub(super) const SHARED_FOR: Duration = Duration::from_secs(1);

/// Which SIMs a page of the list has. What is `None` limits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimsWanted {
    /// Only SIMs of the country with this code.
    pub country: Option<String>,
    /// Only SIMs in the state with this word.
    pub state: Option<String>,
    pub pool: Option<Pool>,
    /// Digits that are in the ICCID, the IMSI or the number.
    pub digits: Option<String>,
    /// Whether numbers are not looked at for digits, since they are not shown either.
    pub hides_numbers: bool,
    /// Only SIMs that have received nothing for so long, or nothing at all.
    pub silent: Option<Duration>,
    /// First seen before the SIM with this id.
    pub before: Option<SimId>,
    /// How many at most.
    pub limit: usize,
}

/// A page of the list of SIMs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimPage {
    /// The SIMs that were seen last come first.
    pub sims: Vec<SimView>,
    /// How many SIMs there are, by the word of their state.
    pub counts: BTreeMap<&'static str, usize>,
    /// The countries that there are SIMs of.
    pub countries: BTreeSet<String>,
    /// What the SIMs of the page have received.
    pub activity: HashMap<SimId, SimActivity>,
}

/// The words of all states in which a SIM can be.
pub fn sim_states() -> Vec<&'static str> {
    [&availability::words()[..], &[RENTED_OFF_AIR]].concat()
}

/// Digits that somebody looks for, as they are typed: spaces and punctuation do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedDigits(String);

impl WantedDigits {
    /// What was typed; `None` if there are no digits in it.
    pub fn read(text: &str) -> Option<WantedDigits> {
        let kept: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        (!kept.is_empty()).then_some(WantedDigits(kept))
    }

    /// Whether they are in a SIM's ICCID, its IMSI or its number.
    pub fn are_in(&self, sim: &SimView) -> bool {
        // What is typed before a number in national form or for `+` is not in it.
        let national = self.0.trim_start_matches('0');
        let number = sim.sim.number.as_ref().map(|known| known.number.as_str());
        let is_in = |number: &str| !national.is_empty() && number.contains(national);
        self.are_on_card(sim) || number.is_some_and(is_in)
    }

    /// Whether they are in a SIM's ICCID or its IMSI.
    fn are_on_card(&self, sim: &SimView) -> bool {
        let imsi = sim.sim.imsi.as_ref().map(|imsi| imsi.as_str());
        sim.sim.iccid.as_str().contains(&self.0) || imsi.is_some_and(|imsi| imsi.contains(&self.0))
    }
}

impl Sims {
    /// A page of the list of SIMs.
    pub async fn page(
        self: &Arc<Self>,
        wanted: SimsWanted,
        freshness: Freshness,
    ) -> Result<SimPage, Error> {
        let countries = &self.env.settings().countries;
        let country = wanted.country.as_deref().map(|code| find_country(countries, code));
        let country = country.transpose()?;
        let state = wanted.state.clone().map(|word| check_state(word, &sim_states()));
        let state = state.transpose()?;
        let digits = wanted.digits.as_deref().and_then(WantedDigits::read);
        let shared = (freshness, SHARED_FOR);
        let all = self.snapshot.get(&self.env, shared, self.list()).await?;
        // What they received is looked up for the rows alone, unless it is asked for.
        let mut activity = match wanted.silent {
            Some(_) => self.activity().await?,
            None => HashMap::new(),
        };
        let now = self.env.now();
        let is_silent = |view: &SimView, time: Duration| {
            let of_sim = activity.get(&view.sim.id);
            of_sim.is_none_or(|of_sim| of_sim.is_silent_since(now.minus(time)))
        };
        let is_wanted = |view: &&SimView| {
            let has_digits = |digits: &WantedDigits| match wanted.hides_numbers {
                true => digits.are_on_card(view),
                false => digits.are_in(view),
            };
            wanted.before.is_none_or(|before| view.sim.id < before)
                && wanted.pool.is_none_or(|pool| view.sim.pool == pool)
                && country.as_ref().is_none_or(|code| view.sim.country.as_ref() == Some(code))
                && state.as_ref().is_none_or(|word| view.state() == word)
                && digits.as_ref().is_none_or(has_digits)
                && wanted.silent.is_none_or(|time| is_silent(view, time))
        };
        let newest_first = all.iter().rev();
        let sims: Vec<SimView> =
            newest_first.filter(is_wanted).take(wanted.limit).cloned().collect();
        if wanted.silent.is_none() {
            activity = self.activity_of_several(&sims).await?;
        }
        let mut counts = BTreeMap::new();
        all.iter().for_each(|view| *counts.entry(view.state()).or_default() += 1);
        let countries = all.iter().filter_map(|view| view.sim.country.clone()).collect();
        Ok(SimPage { sims, counts, countries, activity })
    }
}
