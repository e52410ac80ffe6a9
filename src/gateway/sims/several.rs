//! Changes of several SIMs at once: an operator's edit, or a list of numbers. Of each, all are
//! changed or none.

use std::sync::Arc;
use std::time::Duration;

use super::rivals::{Rival, rivals_in};
use super::{SimView, Sims, no_sim};
use crate::domain::Iccid;
use crate::domain::sim::Pool;
use crate::domain::sim_list::{LineFault, ListedSim, read_sim_list};
use crate::gateway::Error;
use crate::store::WriteTx;

/// How many SIMs are changed in one transaction at most: everything else waits meanwhile.
const MOST_SIMS: usize = 5000;

/// What is to change of SIMs. What is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SimEdit {
    /// For how long from now they are kept from new customers; for no time ends their rest.
    pub rest: Option<Duration>,
    /// Whether they are off sale for good.
    pub retired: Option<bool>,
    /// What they are sold for.
    pub pool: Option<Pool>,
}

impl SimEdit {
    /// Puts SIMs back on sale that rest or were retired.
    pub const BACK: SimEdit =
        SimEdit { rest: Some(Duration::ZERO), retired: Some(false), pool: None };
}

/// What a line of a list has set, or would set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSim {
    /// The line's number in the list, from 1.
    pub line: usize,
    /// The SIM as it is afterwards.
    pub sim: SimView,
    /// The other SIMs that have its number then.
    pub rivals: Vec<Rival>,
}

/// What a list of SIMs has set, or would set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimImport {
    /// The lines that can be used.
    pub sims: Vec<ImportedSim>,
    /// The lines that cannot be used. If there are any, nothing was set.
    pub faults: Vec<LineFault>,
    /// Whether the numbers were set.
    pub is_applied: bool,
}

impl Sims {
    /// Changes several SIMs alike: all of them, or none if one is not known. Answers the SIMs as
    /// they are afterwards, in the same order.
    pub async fn edit_all(
        self: &Arc<Self>,
        iccids: Vec<Iccid>,
        edit: SimEdit,
    ) -> Result<Vec<SimView>, Error> {
        check_count(iccids.len())?;
        let sims = Arc::clone(self);
        let edited = self.env.store.write(move |tx| {
            let edited = iccids.iter().map(|iccid| sims.edit_in(tx, iccid, edit));
            edited.collect::<Result<Vec<_>, Error>>()
        });
        edited.await
    }

    fn edit_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        edit: SimEdit,
    ) -> Result<SimView, Error> {
        let SimEdit { rest, retired, pool } = edit;
        if let Some(rest) = rest {
            self.rest_in(tx, iccid, rest)?;
        }
        if let Some(retired) = retired {
            self.retire_in(tx, iccid, retired)?;
        }
        if let Some(pool) = pool {
            self.pool_in(tx, iccid, pool)?;
        }
        let sim = tx.sim_by_iccid(iccid)?.ok_or_else(|| no_sim(iccid))?;
        Ok(self.view(sim, self.env.now()))
    }

    /// Sets the numbers of all SIMs of a list ([`read_sim_list`]), or of none if a line cannot be
    /// used; every fault is answered. With `dry_run` it only tells what would be set. SIMs that
    /// were never seen are added if `add` says so, and are faults otherwise.
    pub async fn import(
        self: &Arc<Self>,
        list: String,
        add: bool,
        dry_run: bool,
    ) -> Result<SimImport, Error> {
        let rows = read_sim_list(&list);
        check_count(rows.len())?;
        let sims = Arc::clone(self);
        let imported = self.env.store.write(move |tx| {
            let set_all = |tx: &WriteTx<'_>| {
                let mut import = SimImport::default();
                for row in rows {
                    sims.import_row(tx, row, add, &mut import)?;
                }
                sims.view_again(tx, &mut import)?;
                import.is_applied = import.faults.is_empty() && !dry_run;
                Ok(import)
            };
            tx.attempt_if(set_all, |import| import.is_applied)?
        });
        imported.await
    }

    /// Sets the number of one line, or notes what is wrong with it.
    fn import_row(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        row: Result<ListedSim, LineFault>,
        add: bool,
        import: &mut SimImport,
    ) -> Result<(), Error> {
        let ListedSim { line, iccid, number } = match row {
            Ok(row) => row,
            Err(fault) => {
                import.faults.push(fault);
                return Ok(());
            }
        };
        let set = tx.attempt(|tx| {
            let iccid = self.named_in(tx, &iccid)?;
            self.set_number_in(tx, &iccid, &number, add)
        });
        match set? {
            Ok(sim) => import.sims.push(ImportedSim { line, sim, rivals: Vec::new() }),
            Err(error) => match error.refusal().map(str::to_owned) {
                Some(fault) => import.faults.push(LineFault { line, fault }),
                None => return Err(error),
            },
        }
        Ok(())
    }

    /// Looks at the SIMs of a list once more: a later line may claim the number of an earlier one.
    fn view_again(&self, tx: &WriteTx<'_>, import: &mut SimImport) -> Result<(), Error> {
        let now = self.env.now();
        for imported in &mut import.sims {
            if let Some(sim) = tx.sim(imported.sim.sim.id)? {
                imported.rivals = rivals_in(tx, &sim)?;
                imported.sim = self.view(sim, now);
            }
        }
        Ok(())
    }
}

fn check_count(count: usize) -> Result<(), Error> {
    match count {
        0 => Err(Error::refused("no SIMs are named")),
        count if count > MOST_SIMS => Err(Error::refused(format!(
            "{count} SIMs are too many: at most {MOST_SIMS} are changed at once"
        ))),
        _ => Ok(()),
    }
}
