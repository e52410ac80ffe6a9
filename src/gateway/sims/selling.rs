//! Whether and for what SIMs are sold, as the operator has it.

use std::sync::Arc;
use std::time::Duration;

use super::{SimView, Sims, no_sim};
use crate::domain::Iccid;
use crate::domain::Timestamp;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::sim::{Pool, Sim};
use crate::gateway::Error;
use crate::store::WriteTx;

impl Sims {
    /// Removes a SIM that was never in a modem, such as one whose ICCID was mistyped.
    pub async fn remove(self: &Arc<Self>, iccid: Iccid) -> Result<(), Error> {
        let (sims, now) = (Arc::clone(self), self.env.now());
        self.env
            .store
            .write(move |tx| {
                let sim = tx.sim_by_iccid(&iccid)?.ok_or_else(|| no_sim(&iccid))?;
                if !tx.sim_locations(sim.id, 1)?.is_empty() || !tx.remove_unused_sim(sim.id)? {
                    return Err(Error::refused(format!(
                        "SIM {iccid} has been in a modem, so it stays"
                    ))
                    .in_shell(format!(
                        "`simbridge sim retire {iccid}` takes it off sale for good"
                    )));
                }
                let subject = format!("SIM {iccid}");
                tx.note(Actor::Operator, AuditAction::Removed, subject, now)?;
                tx.after_commit(move || sims.snapshot.forget());
                Ok(())
            })
            .await
    }

    /// Keeps a SIM from new customers for so long; for no time makes it available at once.
    pub async fn set_rest(
        self: &Arc<Self>,
        iccid: Iccid,
        rest: Duration,
    ) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        self.env.store.write(move |tx| sims.rest_in(tx, &iccid, rest)).await
    }

    pub(super) fn rest_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        rest: Duration,
    ) -> Result<SimView, Error> {
        self.change_in(tx, iccid, AuditAction::SetRest, move |tx, sim, now| {
            tx.rest_sim(sim.id, now.plus(rest))?;
            Ok(match rest.is_zero() {
                true => ": ended".to_owned(),
                false => format!(": until {}", now.plus(rest)),
            })
        })
    }

    /// Sets what a SIM is sold for. Whoever has it keeps it to the end.
    pub async fn set_pool(self: &Arc<Self>, iccid: Iccid, pool: Pool) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        self.env.store.write(move |tx| sims.pool_in(tx, &iccid, pool)).await
    }

    pub(super) fn pool_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        pool: Pool,
    ) -> Result<SimView, Error> {
        self.change_in(tx, iccid, AuditAction::SetPool, move |tx, sim, _| {
            tx.set_pool(sim.id, pool)?;
            Ok(format!(": {}, was {}", pool.as_str(), sim.pool.as_str()))
        })
    }

    /// Takes a SIM off sale, or puts it back. Whoever has it keeps it to the end.
    pub async fn set_retired(
        self: &Arc<Self>,
        iccid: Iccid,
        retired: bool,
    ) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        self.env.store.write(move |tx| sims.retire_in(tx, &iccid, retired)).await
    }

    pub(super) fn retire_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        retired: bool,
    ) -> Result<SimView, Error> {
        let action = if retired { AuditAction::Retired } else { AuditAction::TookBack };
        self.change_in(tx, iccid, action, move |tx, sim, now| {
            tx.retire_sim(sim.id, retired.then_some(now))?;
            Ok(String::new())
        })
    }

    /// Changes a SIM as the operator asked. `change` answers what the audit has behind the ICCID.
    pub(super) fn change_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        action: AuditAction<'static>,
        change: impl FnOnce(&WriteTx<'_>, Sim, Timestamp) -> Result<String, Error>,
    ) -> Result<SimView, Error> {
        let now = self.env.now();
        let sim = tx.sim_by_iccid(iccid)?.ok_or_else(|| no_sim(iccid))?;
        let id = sim.id;
        let detail = change(tx, sim, now)?;
        tx.note(Actor::Operator, action, format!("SIM {iccid}{detail}"), now)?;
        let sims = Arc::clone(self);
        tx.after_commit(move || sims.snapshot.forget());
        let sim = tx.sim(id)?.ok_or_else(|| no_sim(iccid))?;
        Ok(self.view(sim, now))
    }
}
