//! Outages: a rental whose SIM is off the air for long is not renewed meanwhile, and its tenant is
//! given back what that time has cost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Rentals;
use super::operator::Paid;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::EventKind;
use crate::domain::ledger::{Posting, RefundCause};
use crate::domain::outage::{MOST_DAYS_OFF_AIR, Outage, Seen, see};
use crate::domain::rental::RentalState;
use crate::domain::{Amount, Rental, RentalId, Timestamp};
use crate::gateway::Error;
use crate::store::WriteTx;

impl Rentals {
    /// Looks which rentals' SIMs are off the air, and counts for how long. A task does this every
    /// minute.
    pub async fn watch_outages(self: &Arc<Self>) -> Result<(), Error> {
        let (now, looked) = (self.env.now(), *self.looked_at.lock());
        let read = self.env.store.read(|rows| {
            let lasting = rows.lasting_outages()?.into_iter();
            let lasting: HashMap<RentalId, Outage> =
                lasting.map(|outage| (outage.rental, outage)).collect();
            Ok::<_, Error>((rows.tenancies()?, lasting))
        });
        let (tenancies, lasting) = read.await?;
        let seen = tenancies.into_iter().filter_map(|tenancy| {
            let since = self.presence.off_air_since(&tenancy.iccid, now);
            let since = since.map(|at| at.max(self.presence.started_at()).max(tenancy.since));
            let seen = see(lasting.contains_key(&tenancy.rental), since, looked, now);
            (seen != Seen::Nothing).then_some((tenancy.rental, seen))
        });
        let seen: Vec<(RentalId, Seen)> = seen.collect();
        if !seen.is_empty() {
            let rentals = Arc::clone(self);
            let note = move |tx: &WriteTx<'_>| {
                seen.iter().try_for_each(|(rental, seen)| rentals.note(tx, *rental, *seen, now))
            };
            self.env.store.write(note).await?;
        }
        *self.looked_at.lock() = now;
        Ok(())
    }

    /// The clock was set ahead: nothing has lasted longer for that.
    pub(in crate::gateway) fn clock_was_set(&self, ahead: Duration) {
        let mut looked_at = self.looked_at.lock();
        *looked_at = looked_at.plus(ahead);
    }

    /// Notes what was seen of a rental's SIM, unless the rental has ended meanwhile.
    fn note(
        &self,
        tx: &WriteTx<'_>,
        id: RentalId,
        seen: Seen,
        now: Timestamp,
    ) -> Result<(), Error> {
        let is_active = |rental: &Rental| rental.state == RentalState::Active;
        let Some(rental) = tx.rental(id)?.filter(is_active) else { return Ok(()) };
        match (seen, tx.lasting_outage(id)?) {
            (Seen::Begun { at, counted }, None) => {
                let new = Outage {
                    id: 0,
                    rental: id,
                    began_at: at,
                    counted,
                    seen_at: now,
                    ended_at: None,
                    credit: Amount::ZERO,
                };
                self.tell(tx, &rental, EventKind::RentalSimOffAir, now);
                Ok(tx.add_outage(&new)?)
            }
            (Seen::Lasts { more }, Some(outage)) => {
                let counted = outage.counted.saturating_add(more);
                Ok(tx.save_outage(&Outage { counted, seen_at: now, ..outage })?)
            }
            (Seen::Over, Some(_)) => {
                self.tell(tx, &rental, EventKind::RentalSimOnAir, now);
                self.end_outage(tx, &rental, now, true)
            }
            _ => Ok(()),
        }
    }

    /// Ends a rental's outage, if one lasts, and gives back what its time has cost, if it was long
    /// and that is to be `credited`.
    pub(super) fn end_outage(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        now: Timestamp,
        credited: bool,
    ) -> Result<(), Error> {
        let Some(outage) = tx.lasting_outage(rental.id)? else { return Ok(()) };
        if outage.counted < self.env.settings().off_air_limit {
            return Ok(tx.remove_outage(outage.id)?);
        }
        let (from, to) = outage.credited_time();
        let worth = || -> Result<Amount, Error> {
            Ok(Paid::of(&tx.ledger_of_rental(rental.id)?).worth_between(rental, from, to))
        };
        let credit = if credited { worth()? } else { Amount::ZERO };
        tx.save_outage(&Outage { ended_at: Some(now), credit, ..outage.clone() })?;
        if credit > Amount::ZERO {
            self.give_back(tx, rental, &outage, credit, now)?;
        }
        Ok(())
    }

    fn give_back(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        outage: &Outage,
        amount: Amount,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (id, currency) = (rental.id, self.env.settings().currency);
        let note = format!("off the air for {} since {}", outage.length(), outage.began_at);
        let subject = format!("rental {id}, {}: {note}", currency.text_with_code(amount));
        let cause = RefundCause::Outage { id: outage.id };
        let posting = Posting::RentalRefund { amount, rental: id, cause, note };
        self.post(tx, rental.account, &posting, self.env.occasion(now, None))?;
        Ok(tx.note(Actor::Daemon, AuditAction::Refunded, subject, now)?)
    }

    /// Whether a rental's SIM has been off the air for so long that the rental is not renewed.
    pub(super) fn is_long_off_air(&self, tx: &WriteTx<'_>, rental: &Rental) -> Result<bool, Error> {
        let limit = self.env.settings().off_air_limit;
        if tx.lasting_outage(rental.id)?.is_none_or(|outage| outage.counted < limit) {
            return Ok(false);
        }
        let Some(iccid) = tx.iccid(rental.sim)? else { return Ok(true) };
        Ok(self.presence.off_air_since(&iccid, self.env.now()).is_some())
    }

    /// The rental with another day that costs nothing, if its SIM is off the air, it would be
    /// renewed otherwise, and has not had all such days.
    pub(super) fn run_on_off_air(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        now: Timestamp,
    ) -> Result<Option<Rental>, Error> {
        if !rental.auto_renew || rental.days_off_air >= MOST_DAYS_OFF_AIR {
            return Ok(None);
        }
        let is_sold = self.env.settings().packages.find(&rental.renewal_package).is_some();
        let account = tx.account(rental.account)?;
        let may_use = account.is_some_and(|account| account.suspended_at.is_none());
        let is_served = tx.sim(rental.sim)?.is_some_and(|sim| sim.retired_at.is_none());
        if !(is_sold && may_use && is_served && self.is_long_off_air(tx, rental)?) {
            return Ok(None);
        }
        let longer = rental.clone().with_day_off_air(now);
        tx.save_rental(&longer)?;
        let subject = format!("rental {}, 1: off the air", rental.id);
        tx.note(Actor::Daemon, AuditAction::GaveDays, subject, now)?;
        Ok(Some(longer))
    }
}
