//! A rental is moved to another SIM, with another number: its tenant keeps what has come, and gets
//! from then on what comes there.

use std::sync::Arc;

use super::{RentalView, Rentals};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::EventKind;
use crate::domain::sim::Sim;
use crate::domain::{Iccid, Msisdn, Rental, RentalId};
use crate::gateway::Error;
use crate::gateway::sims::no_sim;
use crate::store::WriteTx;

impl Rentals {
    /// Moves a rental to another SIM of its country that could be rented out. The SIM that it had
    /// rests as after any rental, and what still comes there is nobody's.
    pub async fn move_to(self: &Arc<Self>, id: RentalId, to: Iccid) -> Result<RentalView, Error> {
        let rentals = Arc::clone(self);
        let moved = self.env.store.write(move |tx| {
            let now = rentals.env.now();
            let rental = rentals.active(tx, id)?;
            let sim = tx.sim_by_iccid(&to)?.ok_or_else(|| no_sim(&to))?;
            rentals.orders.expire_overdue_of(tx, sim.id)?;
            let number = rentals.check_target(tx, &rental, &sim)?;
            let from = tx.iccid(rental.sim)?.ok_or_else(|| no_sim(rental.sim))?;
            rentals.end_outage(tx, &rental, now, true)?;
            // On a new card the number is the tenant's as before.
            let left = Some(rental.number.clone()).filter(|left| *left != number);
            let (before, moved_at) = (rental.sim, Some(now));
            let moved = Rental { sim: sim.id, number, moved_at, ..rental };
            tx.move_rental(&moved, rentals.stock.order_rest(tx)?)?;
            let rest = rentals.env.settings().rental_rest;
            rentals.let_rest(tx, (before, left.as_ref()), now, rest)?;
            tx.record_sim_given(sim.id, now)?;
            rentals.wakeups.bank_demand_changes_after(tx);
            rentals.tell(tx, &moved, EventKind::RentalSimOnAir, now);
            let subject = format!("rental {id} from SIM {from} to SIM {to}");
            tx.note(Actor::Operator, AuditAction::Moved, subject, now)?;
            rentals.view_of(tx, moved)
        });
        moved.await
    }

    /// Checks that a rental can be moved to a SIM, and answers the SIM's number.
    fn check_target(&self, tx: &WriteTx<'_>, rental: &Rental, sim: &Sim) -> Result<Msisdn, Error> {
        let (id, iccid, country) = (rental.id, &sim.iccid, &rental.country);
        if sim.id == rental.sim {
            return Err(Error::refused(format!("rental {id} has SIM {iccid} already")));
        }
        if sim.country.as_ref().is_some_and(|of_sim| of_sim != country) {
            return Err(Error::refused(format!(
                "SIM {iccid} is of another country; rental {id} stays in {country}"
            )));
        }
        let unavailable = self.stock.unavailable_to_move(tx, rental, sim)?;
        let number = sim.number.as_ref().map(|known| known.number.clone());
        match (unavailable, number) {
            (None, Some(number)) => Ok(number),
            (reason, _) => {
                let reason = reason.map_or("no-number", |reason| reason.as_str());
                Err(Error::refused(format!("SIM {iccid} cannot be rented out: {reason}"))
                    .in_shell(format!("`simbridge explain rentals {country}` tells how many can")))
            }
        }
    }
}
