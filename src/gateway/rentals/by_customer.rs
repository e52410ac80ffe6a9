//! What tenants ask of rentals and are answered with the rental itself: each request is carried out
//! once, however often it is sent.

use std::sync::Arc;

use super::reviving::Unrevivable;
use super::{Edit, Extend, Rent, RentalEdit, Rentals};
use crate::domain::{Rental, RentalId};
use crate::gateway::once::carry_out;
use crate::gateway::resources::RentalResource;
use crate::gateway::{Done, Error, Once, Requester};
use crate::store::{ReadTx, StoreError, WriteTx};

/// What a customer wants of a new rental.
#[derive(Debug, Clone)]
pub struct RentalRequest {
    /// The country as the customer names it.
    pub country: String,
    pub package: String,
    pub auto_renew: bool,
}

/// Why a customer is refused what is asked of a rental.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RentalRefusal {
    /// There is no such rental, or it is another account's.
    Unknown,
    /// There is no such country.
    InvalidCountry,
    /// There is no such package.
    InvalidPackage,
    /// No SIM can be rented there.
    NoStock,
    /// Balance less holds does not cover the price.
    NoBalance,
    /// The account, or the key, has spent on this day what it may.
    Limited,
    /// It has not ended.
    Active,
    /// It has ended, or ended for good.
    Over,
    /// It ended so long ago that it cannot be revived.
    GraceOver,
    /// Its number is not to be had any more.
    NumberGone,
}

impl From<Unrevivable> for RentalRefusal {
    fn from(why: Unrevivable) -> RentalRefusal {
        match why {
            Unrevivable::Active { .. } => RentalRefusal::Active,
            Unrevivable::EndedEarly { .. } => RentalRefusal::Over,
            Unrevivable::GraceOver { .. } | Unrevivable::TermOver => RentalRefusal::GraceOver,
            Unrevivable::OtherNumber | Unrevivable::GivenAway => RentalRefusal::NumberGone,
            Unrevivable::NotSold { .. } => RentalRefusal::InvalidPackage,
            // A suspended account's keys open nothing.
            Unrevivable::Suspended { .. } | Unrevivable::CannotPay { .. } => {
                RentalRefusal::NoBalance
            }
            Unrevivable::Limited => RentalRefusal::Limited,
        }
    }
}

impl Rent {
    fn rental(self) -> Result<Rental, RentalRefusal> {
        Err(match self {
            Rent::Made(rental) => return Ok(rental),
            Rent::InvalidCountry => RentalRefusal::InvalidCountry,
            Rent::InvalidPackage => RentalRefusal::InvalidPackage,
            Rent::NoStock => RentalRefusal::NoStock,
            Rent::NoBalance => RentalRefusal::NoBalance,
            Rent::Limited => RentalRefusal::Limited,
        })
    }
}

impl Extend {
    fn rental(self) -> Result<Rental, RentalRefusal> {
        Err(match self {
            Extend::Extended(rental) => return Ok(rental),
            Extend::InvalidContract => RentalRefusal::Unknown,
            Extend::InvalidPackage => RentalRefusal::InvalidPackage,
            Extend::Expired => RentalRefusal::Over,
            Extend::NoBalance => RentalRefusal::NoBalance,
            Extend::Limited => RentalRefusal::Limited,
        })
    }
}

impl Edit {
    fn rental(self) -> Result<Rental, RentalRefusal> {
        Err(match self {
            Edit::Edited(rental) => return Ok(rental),
            Edit::InvalidContract => RentalRefusal::Unknown,
            Edit::InvalidPackage => RentalRefusal::InvalidPackage,
            Edit::Expired => RentalRefusal::Over,
        })
    }
}

/// What has come of a request about a rental.
pub(in crate::gateway) type RentalDone = Done<RentalResource, RentalRefusal>;

impl Rentals {
    /// Rents a number; see [`Rentals::rent`].
    pub async fn rent_once(
        self: &Arc<Self>,
        by: Requester,
        request: RentalRequest,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        let account = by.account;
        if let Some(before) = self.env.answered_before(account, once.as_ref()).await? {
            return Ok(before);
        }
        let RentalRequest { country, package, auto_renew } = request;
        let contract = match self.contract(by, Some(&country), &package, auto_renew).await? {
            Ok(contract) => contract,
            Err(refusal) => return Ok(Done::Refused(refusal)),
        };
        let rented = self.in_rounds(contract, move |rentals, tx, contract, proposals| {
            let done = carry_out(tx, (account, once.as_ref()), rentals.env.now(), || {
                let Some(rent) = rentals.try_rent(tx, contract, proposals)? else {
                    return Ok(Err(None));
                };
                Ok(rentals.answer(tx, rent.rental())?.map_err(Some))
            });
            Ok(done?.known())
        });
        Ok(rented.await?.unwrap_or(Done::Refused(RentalRefusal::NoStock)))
    }

    /// Extends a rental by the term of a package, or of the one that it is renewed with; see
    /// [`Rentals::extend`].
    pub async fn extend_once(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        package: Option<String>,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        let (rentals, account) = (Arc::clone(self), by.account);
        let extended = self.env.store.write_for(account, move |tx| {
            carry_out(tx, (account, once.as_ref()), rentals.env.now(), || {
                let extended = rentals.extend_in(tx, &by, id, package.as_deref())?;
                Ok(rentals.answer(tx, extended.rental())?)
            })
        });
        extended.await
    }

    /// Changes how a rental is renewed at its end, and answers it.
    pub async fn edit_shown(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Result<RentalResource, RentalRefusal>, Error> {
        let (rentals, account) = (Arc::clone(self), by.account);
        let edited = self.env.store.write_for(account, move |tx| {
            let edited = rentals.edit_in(tx, &by, id, edit)?;
            Ok::<_, Error>(rentals.answer(tx, edited.rental())?)
        });
        edited.await
    }

    /// The rental that a request was about, or has made, as its tenant is shown it.
    fn answer(
        &self,
        tx: &WriteTx<'_>,
        done: Result<Rental, RentalRefusal>,
    ) -> Result<Result<RentalResource, RentalRefusal>, StoreError> {
        match done {
            Ok(rental) => self.resource(tx, &rental).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// A rental as its tenant is shown it.
    pub(in crate::gateway) fn resource(
        &self,
        rows: &ReadTx<'_>,
        rental: &Rental,
    ) -> Result<RentalResource, StoreError> {
        RentalResource::read(rows, &self.env, &self.presence, rental, self.env.now())
    }
}
