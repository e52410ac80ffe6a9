//! What tenants and the operator are shown of rentals.

use std::sync::Arc;

use super::Rentals;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::message::Message;
use crate::domain::outage::Outage;
use crate::domain::rental::RentalState;
use crate::domain::{Iccid, MessageId, Rental, RentalId};
use crate::gateway::Error;
use crate::gateway::listing::ListRequest;
use crate::gateway::requester::Requester;
use crate::store::{Asked, Entry, ListStep, ReadTx, RentalMove, StoreError};

/// The most bytes that the texts in one view of a rental have together.
const VIEW_BYTES: usize = 1 << 20;

/// A rental with the names that the operator sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RentalView {
    /// The rental as it is stored.
    pub rental: Rental,
    /// The name of the rental's account.
    pub account: String,
}

/// A rental and its newest messages, as its tenant sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantView {
    pub rental: Rental,
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
    /// How many older messages the rental has.
    pub older: usize,
}

/// A rental and some of its messages by their place among all that its tenant may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedPage {
    pub rental: Rental,
    /// The messages, newest first.
    pub messages: Vec<Message>,
    /// How many its tenant may see in all.
    pub total: i64,
}

/// Everything that is stored about a rental.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RentalHistory {
    /// The rental and its names.
    pub view: RentalView,
    /// The SIM that it has, or had at its end.
    pub iccid: Option<Iccid>,
    /// The address from which it was asked for, while that is kept.
    pub client: Option<String>,
    /// The rules by which something was withheld from it.
    pub withheld: Vec<String>,
    /// The entries of the ledger about it: its charges and refunds.
    pub entries: Vec<Entry>,
    /// The SIMs that it had before it was moved.
    pub moves: Vec<RentalMove>,
    /// When its SIM was off the air for long.
    pub outages: Vec<Outage>,
    /// Its messages, oldest first.
    pub messages: Vec<Message>,
}

impl Rentals {
    /// A rental and its newest messages; `None` when the account has no such contract.
    pub async fn view(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
    ) -> Result<Option<TenantView>, Error> {
        let by: Requester = by.into();
        let account = by.account;
        let (now, has_banks) = (self.env.certain_now(), self.banks.any());
        let count = self.env.settings().view_messages;
        let read = self.env.store.read_for(account, move |rows| {
            match rows.rental(id)?.filter(|rental| rental.account == account) {
                Some(rental) => {
                    let iccid = if has_banks { rows.iccid(rental.sim)? } else { None };
                    let newest = rows.newest_of_rental(id, count, VIEW_BYTES)?;
                    Ok::<_, Error>(Some((newest, rental, iccid)))
                }
                None => Ok(None),
            }
        });
        let Some(((mut messages, older), rental, iccid)) = read.await? else {
            return Ok(None);
        };
        let Some(rental) = self.settled(rental).await? else { return Ok(None) };
        if let Some(iccid) = iccid.filter(|_| rental.is_active(now)) {
            self.banks.tenant_viewed(&iccid, now);
        }
        messages
            .iter_mut()
            .filter(|message| message.withheld.is_some())
            .for_each(|message| message.text = None);
        let shown = messages.iter().filter(|message| message.text.is_some() && !message.seen);
        self.audit.note_views(by, shown.map(|message| message.id).collect());
        Ok(Some(TenantView { rental, messages, older }))
    }

    /// A rental and so many of its messages after the newest `skipped`; `None` when the account has
    /// no such rental.
    pub async fn numbered_page(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        skipped: u32,
        count: u32,
    ) -> Result<Option<NumberedPage>, Error> {
        let Some(rental) = self.current(by.account, id).await? else { return Ok(None) };
        let (now, sim) = (self.env.certain_now(), rental.sim);
        let read = self.env.store.read_for(by.account, move |rows| {
            let page = rows.tenant_message_page(id, (skipped, count), VIEW_BYTES)?;
            Ok::<_, StoreError>((page, rows.iccid(sim)?))
        });
        let ((messages, total), iccid) = read.await?;
        if let Some(iccid) = iccid.filter(|_| rental.is_active(now) && self.banks.any()) {
            self.banks.tenant_viewed(&iccid, now);
        }
        let shown = messages.iter().filter(|message| !message.seen);
        self.audit.note_views(by, shown.map(|message| message.id).collect());
        Ok(Some(NumberedPage { rental, messages, total }))
    }

    /// The rentals that the operator asks for, oldest first, with their names.
    pub async fn list(&self, request: ListRequest) -> Result<Vec<RentalView>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let filter = request.resolve(rows, &settings.countries, &RentalState::WORDS)?;
            let rentals = rows.rentals(&filter)?.into_iter();
            Ok(rentals.map(|rental| view(rows, rental)).collect::<Result<_, StoreError>>()?)
        });
        read.await
    }

    /// Like [`Rentals::list`], but looks back only so far at a time.
    pub async fn list_step(&self, request: ListRequest) -> Result<ListStep<RentalView>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let filter = request.resolve(rows, &settings.countries, &RentalState::WORDS)?;
            Ok(rows.rentals_step(&filter)?.try_map(|rental| view(rows, rental))?)
        });
        read.await
    }

    /// Everything that is stored about a rental. That the operator saw it is recorded in the audit.
    pub async fn history(self: &Arc<Self>, id: RentalId) -> Result<RentalHistory, Error> {
        let rentals = Arc::clone(self);
        let history = self.env.store.write(move |tx| {
            let now = rentals.env.certain_now();
            let rental = rentals.named(tx, id)?;
            tx.note(Actor::Operator, AuditAction::SawMessages, format!("rental {id}"), now)?;
            let messages = tx.messages_of_rental(id)?;
            Ok(history(tx, rental, messages)?)
        });
        history.await
    }

    /// What is stored about a rental, with so many of its messages: the newest, or those before
    /// one. It is for whoever records in the audit who saw it. `None` if there is no such rental.
    pub async fn details(
        &self,
        id: RentalId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Option<RentalHistory>, Error> {
        let read = self.env.store.read(move |rows| {
            let Some(rental) = rows.rental(id)? else { return Ok(None) };
            let messages = rows.messages_of_rental_before(id, before, limit)?;
            history(rows, rental, messages).map(Some)
        });
        let found: Result<_, StoreError> = read.await;
        Ok(found?)
    }

    /// A rental with the names that the operator sees.
    pub(super) fn view_of(&self, rows: &ReadTx<'_>, rental: Rental) -> Result<RentalView, Error> {
        Ok(view(rows, rental)?)
    }

    /// How many rentals are active.
    pub async fn active_count(&self) -> Result<i64, Error> {
        let now = self.env.certain_now();
        Ok(self.env.store.read(move |rows| rows.active_rental_count(now)).await?)
    }
}

fn view(rows: &ReadTx<'_>, rental: Rental) -> Result<RentalView, StoreError> {
    let account = rows.account(rental.account)?.map(|account| account.name).unwrap_or_default();
    Ok(RentalView { rental, account })
}

fn history(
    rows: &ReadTx<'_>,
    rental: Rental,
    messages: Vec<Message>,
) -> Result<RentalHistory, StoreError> {
    let id = rental.id;
    Ok(RentalHistory {
        iccid: rows.iccid(rental.sim)?,
        view: view(rows, rental)?,
        client: rows.client_address(Asked::Rental(id))?,
        withheld: rows.withheld_from_rental(id)?,
        entries: rows.ledger_of_rental(id)?,
        moves: rows.moves_of(id)?,
        outages: rows.outages_of(id)?,
        messages,
    })
}
