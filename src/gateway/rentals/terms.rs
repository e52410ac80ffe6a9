//! The rentals of an account that run, the terms that were charged for one, and what another would
//! cost.

use std::sync::Arc;

use super::{RentalRefusal, Rentals};
use crate::domain::ledger::EntryKind;
use crate::domain::rental::Package;
use crate::domain::{AccountId, Amount, Rental, RentalId, Timestamp};
use crate::gateway::Error;
use crate::store::{Entry, StoreError};

/// A term of a rental that was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargedTerm {
    /// When it was charged.
    pub at: Timestamp,
    /// How many months it has, if that was kept.
    pub months: Option<u32>,
    /// What it has cost.
    pub price: Amount,
}

/// What another term of a rental would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTerm {
    pub rental: Rental,
    pub package: Package,
    pub price: Amount,
}

impl Rentals {
    /// The rentals of an account that run, the newest first: so many of them, after the first
    /// `skipped`.
    pub async fn running(
        self: &Arc<Self>,
        account: AccountId,
        skipped: u32,
        count: u32,
    ) -> Result<Vec<Rental>, Error> {
        let now = self.env.certain_now();
        let page = (skipped, count);
        let read =
            self.env.store.read_for(account, move |rows| rows.running_rentals(account, now, page));
        Ok(read.await?)
    }

    /// An account's rental as it is now; `None` if it has none with this id.
    pub async fn find(
        self: &Arc<Self>,
        account: AccountId,
        id: RentalId,
    ) -> Result<Option<Rental>, Error> {
        self.current(account, id).await
    }

    /// What it would cost now to extend a rental that runs by the term of a package.
    pub async fn next_term(
        self: &Arc<Self>,
        account: AccountId,
        id: RentalId,
        package: &str,
    ) -> Result<Result<NextTerm, RentalRefusal>, Error> {
        let Some(rental) = self.current(account, id).await? else {
            return Ok(Err(RentalRefusal::Unknown));
        };
        let Some((package, charge)) = self.env.settings().packages.find(package) else {
            return Ok(Err(RentalRefusal::InvalidPackage));
        };
        Ok(match rental.is_active(self.env.certain_now()) {
            true => Ok(NextTerm { rental, package, price: charge.amount }),
            false => Err(RentalRefusal::Over),
        })
    }

    /// The terms of an account's rental that were charged, oldest first.
    pub async fn charged_terms(
        &self,
        account: AccountId,
        id: RentalId,
    ) -> Result<Vec<ChargedTerm>, Error> {
        let read = self.env.store.read_for(account, move |rows| {
            let is_own = rows.rental(id)?.is_some_and(|rental| rental.account == account);
            let entries = if is_own { rows.ledger_of_rental(id)? } else { Vec::new() };
            let charges = entries.iter().filter(|entry| entry.kind != EntryKind::Refund);
            let term = |entry: &Entry| ChargedTerm {
                at: entry.at,
                months: entry.months,
                price: Amount(entry.balance.0.saturating_neg()),
            };
            Ok::<_, StoreError>(charges.map(term).collect())
        });
        Ok(read.await?)
    }
}
