//! SIMs that have the same number. At most one of them can be sold: the one of which the operator
//! has said that it is its number.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Sims;
use super::list::SHARED_FOR;
use crate::domain::sim::{NumberSource, Sim};
use crate::domain::{Iccid, Msisdn};
use crate::gateway::Error;
use crate::gateway::shared_reading::Freshness;
use crate::store::{ReadTx, StoreError};

/// Another SIM, not retired, that has a SIM's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    pub iccid: Iccid,
    /// Where it is known from that it has the number.
    pub source: NumberSource,
    /// Whether it keeps the SIM from being sold.
    pub holds_back: bool,
    /// Whether the SIM keeps it from being sold.
    pub is_held_back: bool,
}

impl Sims {
    /// The other SIMs that have the number of this one, which may be as it is not stored: as it
    /// would be if another number was set ([`Sims::try_number`]).
    pub async fn rivals(&self, sim: &Sim) -> Result<Vec<Rival>, Error> {
        let sim = sim.clone();
        Ok(self.env.store.read(move |rows| rivals_in(rows, &sim)).await?)
    }

    /// The stored numbers of these SIMs, as far as they are known.
    pub async fn numbers_of(
        self: &Arc<Self>,
        iccids: &[&Iccid],
        freshness: Freshness,
    ) -> Result<HashMap<Iccid, Msisdn>, Error> {
        let all = self.snapshot.get(&self.env, (freshness, SHARED_FOR), self.list()).await?;
        let wanted: HashSet<&Iccid> = iccids.iter().copied().collect();
        let known = all.iter().filter(|view| wanted.contains(&view.sim.iccid)).filter_map(|view| {
            let number = view.sim.number.as_ref()?.number.clone();
            Some((view.sim.iccid.clone(), number))
        });
        Ok(known.collect())
    }
}

pub(super) fn rivals_in(rows: &ReadTx<'_>, sim: &Sim) -> Result<Vec<Rival>, StoreError> {
    let Some(known) = &sim.number else { return Ok(Vec::new()) };
    let mut rivals = Vec::new();
    for iccid in rows.sims_with_number(&known.number)? {
        let Some(other) = rows.sim_by_iccid(&iccid)? else { continue };
        let Some(of_other) = &other.number else { continue };
        if other.id != sim.id && other.retired_at.is_none() {
            rivals.push(Rival {
                source: of_other.source,
                holds_back: other.contests(sim),
                is_held_back: sim.contests(&other),
                iccid,
            });
        }
    }
    Ok(rivals)
}
