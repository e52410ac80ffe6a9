//! What a tenant changes about a rental: how long it runs, and how it is renewed.

use std::sync::Arc;

use super::{Rentals, end_of_calendar};
use crate::domain::audit::AuditAction;
use crate::domain::event::EventKind;
use crate::domain::ledger::{Posting, Term};
use crate::domain::{Packages, Rental, RentalId};
use crate::gateway::accounts::covers;
use crate::gateway::{Error, Requester};
use crate::store::WriteTx;

/// The outcome of a request to extend a rental.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub enum Extend {
    /// The rental as it is now, with its later end.
    Extended(Rental),
    /// There is no such contract, or it belongs to another account.
    InvalidContract,
    /// There is no such package.
    InvalidPackage,
    /// The rental has ended.
    Expired,
    /// Balance less holds does not cover the price.
    NoBalance,
    /// The account has spent on this day what it may.
    Limited,
}

/// The outcome of a request to change a rental's renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub enum Edit {
    /// The rental as it is now.
    Edited(Rental),
    /// There is no such contract, or it belongs to another account.
    InvalidContract,
    /// There is no such package.
    InvalidPackage,
    /// The rental has ended.
    Expired,
}

/// What is to change of a rental; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RentalEdit {
    /// Whether it is renewed at its end.
    pub auto_renew: Option<bool>,
    /// The package that it is renewed with.
    pub renewal_package: Option<String>,
}

impl RentalEdit {
    /// Whether the rental is to be renewed with a package that is not sold.
    pub(in crate::gateway) fn has_unknown_package(&self, packages: &Packages) -> bool {
        self.renewal_package.as_ref().is_some_and(|package| packages.find(package).is_none())
    }
}

impl Rentals {
    /// Extends a rental by a package's term, and renews it with that package from then on.
    pub async fn extend(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
        package: &str,
    ) -> Result<Extend, Error> {
        let (rentals, by, package) = (Arc::clone(self), by.into(), package.to_owned());
        let account = by.account;
        let extend = move |tx: &WriteTx<'_>| rentals.extend_in(tx, &by, id, Some(&package));
        self.env.store.write_for(account, extend).await
    }

    /// Extends a rental by the term of a package, or of the one that it is renewed with.
    pub(super) fn extend_in(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        id: RentalId,
        package: Option<&str>,
    ) -> Result<Extend, Error> {
        let (now, account) = (self.env.certain_now(), by.account);
        let Some(rental) = self.own_rental(tx, account, id, now)? else {
            return Ok(Extend::InvalidContract);
        };
        let package = package.unwrap_or(&rental.renewal_package);
        let Some((package, charge)) = self.env.settings().packages.find(package) else {
            return Ok(Extend::InvalidPackage);
        };
        if !rental.is_active(now) {
            return Ok(Extend::Expired);
        }
        if !covers(tx, account, charge.amount)? {
            return Ok(Extend::NoBalance);
        }
        if !self.may_spend(tx, by, charge.amount, now)? {
            return Ok(Extend::Limited);
        }
        let months = package.months();
        let longer = rental.with_term(months, now).ok_or_else(end_of_calendar)?;
        let longer = Rental { renewal_package: package.to_string(), ..longer };
        let subject = self.subject_of_term(id, &package, &charge);
        let (kind, term) = (Term::Extension, longer.terms);
        let posting = Posting::Term { kind, charge, rental: id, term, months };
        let occasion = self.env.occasion(now, by.key_prefix());
        self.post(tx, account, &posting, occasion)?;
        tx.save_rental(&longer)?;
        self.wakeups.deadlines_change_after(tx);
        self.tell(tx, &longer, EventKind::RentalRenewed, now);
        by.note(tx, AuditAction::Extended, subject, now)?;
        Ok(Extend::Extended(longer))
    }

    /// Sets whether a rental is renewed at its end.
    pub async fn set_auto_renew(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
        auto_renew: bool,
    ) -> Result<Edit, Error> {
        let edit = RentalEdit { auto_renew: Some(auto_renew), ..RentalEdit::default() };
        self.edit(by, id, edit).await
    }

    /// Changes how a rental is renewed at its end.
    pub async fn edit(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Edit, Error> {
        let (rentals, by): (_, Requester) = (Arc::clone(self), by.into());
        let account = by.account;
        let edit = move |tx: &WriteTx<'_>| rentals.edit_in(tx, &by, id, edit);
        self.env.store.write_for(account, edit).await
    }

    pub(super) fn edit_in(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Edit, Error> {
        let now = self.env.certain_now();
        let Some(rental) = self.own_rental(tx, by.account, id, now)? else {
            return Ok(Edit::InvalidContract);
        };
        if edit.has_unknown_package(&self.env.settings().packages) {
            return Ok(Edit::InvalidPackage);
        }
        if !rental.is_active(now) {
            return Ok(Edit::Expired);
        }
        let edited = Rental {
            auto_renew: edit.auto_renew.unwrap_or(rental.auto_renew),
            renewal_package: edit.renewal_package.unwrap_or(rental.renewal_package.clone()),
            ..rental.clone()
        };
        if edited == rental {
            return Ok(Edit::Edited(rental));
        }
        tx.save_rental(&edited)?;
        if edited.auto_renew != rental.auto_renew {
            let action = match edited.auto_renew {
                true => AuditAction::SwitchedAutoRenewalOn,
                false => AuditAction::SwitchedAutoRenewalOff,
            };
            by.note(tx, action, format!("rental {id}"), now)?;
        }
        if edited.renewal_package != rental.renewal_package {
            let (from, to) = (&rental.renewal_package, &edited.renewal_package);
            let subject = format!("rental {id}, renewal package from: {from}; to: {to}");
            by.note(tx, AuditAction::Changed, subject, now)?;
        }
        Ok(Edit::Edited(edited))
    }
}
