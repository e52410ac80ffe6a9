//! Rentals and their messages as their tenants are shown them.

use std::sync::Arc;
use std::time::Duration;

use super::Rentals;
use crate::domain::message::Message;
use crate::domain::rental::RentalState;
use crate::domain::text::folded;
use crate::domain::{AccountId, MessageId, Rental, RentalId, RowLimit, Timestamp};
use crate::gateway::resources::{MessageResource, RentalResource};
use crate::gateway::{Error, Requester};
use crate::store::{ListFilter, Page, StoreError, TenantFilter, WriteTx};

/// The most octets that the texts of one page of messages have together.
const PAGE_BYTES: usize = 1 << 20;

/// Which messages of a rental are wanted.
#[derive(Debug, Clone)]
pub struct MessagesWanted {
    /// Received at this time or later.
    pub since: Option<Timestamp>,
    /// With this in their text or their sender, in any case of the letters.
    pub text: Option<String>,
    /// Older than the message with this id.
    pub before: Option<MessageId>,
    /// How many at most.
    pub count: usize,
}

impl MessagesWanted {
    fn filter(&self) -> TenantFilter {
        TenantFilter {
            before: self.before.unwrap_or(MessageId(i64::MAX)),
            since: self.since.unwrap_or(Timestamp(i64::MIN)),
            count: self.count,
            bytes: PAGE_BYTES,
        }
    }
}

/// A page of a rental's messages, the newest first, and whether there are more.
pub type MessagePage = (Vec<MessageResource>, bool);

/// Whether whoever waits for messages is answered: there is one, or no such rental.
pub(in crate::gateway) fn has_news(page: &Option<MessagePage>) -> bool {
    page.as_ref().is_none_or(|(messages, _)| !messages.is_empty())
}

impl Rentals {
    /// The rentals of an account, the newest first: those older than one, at most so many.
    pub async fn page(
        self: &Arc<Self>,
        account: AccountId,
        before: Option<RentalId>,
        limit: u32,
    ) -> Result<Vec<RentalResource>, Error> {
        let rentals = Arc::clone(self);
        let filter = ListFilter {
            account: Some(account),
            page: before.map_or(Page::Newest, |before| Page::Before(before.0)),
            ..ListFilter::newest(RowLimit::from(limit))
        };
        let read = self.env.store.read_for(account, move |rows| {
            let newest_last = rows.rentals(&filter)?;
            let newest_first = newest_last.iter().rev();
            let shown = newest_first.map(|rental| rentals.resource(rows, rental));
            shown.collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(read.await?)
    }

    /// An account's rental, if it has one with this id.
    pub async fn show(
        self: &Arc<Self>,
        account: AccountId,
        id: RentalId,
    ) -> Result<Option<RentalResource>, Error> {
        let Some(rental) = self.current(account, id).await? else { return Ok(None) };
        let rentals = Arc::clone(self);
        let read = self.env.store.read_for(account, move |rows| rentals.resource(rows, &rental));
        Ok(Some(read.await?))
    }

    /// An account's rental, renewed or ended if its end has come.
    pub(super) async fn current(
        self: &Arc<Self>,
        account: AccountId,
        id: RentalId,
    ) -> Result<Option<Rental>, Error> {
        let read = self.env.store.read_for(account, move |rows| rows.rental(id));
        let found = read.await?.filter(|rental| rental.account == account);
        match found {
            Some(rental) => self.settled(rental).await,
            None => Ok(None),
        }
    }

    /// A rental, renewed or ended if its end has come.
    pub(super) async fn settled(self: &Arc<Self>, rental: Rental) -> Result<Option<Rental>, Error> {
        if rental.state != RentalState::Active || rental.due_at > self.env.certain_now() {
            return Ok(Some(rental));
        }
        let (rentals, account, id) = (Arc::clone(self), rental.account, rental.id);
        let settle =
            move |tx: &WriteTx<'_>| rentals.own_rental(tx, account, id, rentals.env.certain_now());
        self.env.store.write_for(account, settle).await
    }

    /// How many messages to an account's rental were withheld from its tenant.
    pub async fn count_withheld(&self, account: AccountId, id: RentalId) -> Result<u64, Error> {
        let read = self.env.store.read_for(account, move |rows| {
            let is_own = rows.rental(id)?.is_some_and(|rental| rental.account == account);
            if is_own { rows.count_withheld_from_rental(id) } else { Ok(0) }
        });
        Ok(read.await?)
    }

    /// The messages of an account's rental that are wanted, if it has one with this id.
    pub async fn messages(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        wanted: MessagesWanted,
    ) -> Result<Option<MessagePage>, Error> {
        let Some(rental) = self.current(by.account, id).await? else { return Ok(None) };
        if rental.is_active(self.env.certain_now()) && self.banks.any() {
            let read = self.env.store.read_for(by.account, move |rows| rows.iccid(rental.sim));
            if let Some(iccid) = read.await? {
                self.banks.tenant_viewed(&iccid, self.env.certain_now());
            }
        }
        let (filter, text) = (wanted.filter(), wanted.text.as_deref().map(folded));
        let is_wanted = move |message: &Message| {
            let has = |part: &Option<String>, text: &str| {
                part.as_deref().is_some_and(|part| folded(part).contains(text))
            };
            text.as_deref()
                .is_none_or(|text| has(&message.text, text) || has(&message.sender, text))
        };
        let read = self
            .env
            .store
            .read_for(by.account, move |rows| rows.messages_for_tenant(id, filter, is_wanted));
        let (messages, has_more) = read.await?;
        let news = messages.iter().filter(|message| message.text.is_some() && !message.seen);
        self.audit.note_views(by, news.map(|message| message.id).collect());
        let shown = messages.into_iter().filter_map(MessageResource::of).collect();
        Ok(Some((shown, has_more)))
    }

    /// Like [`Rentals::messages`], but holds the answer back, for at most `patience`, until there
    /// is a message.
    pub async fn wait_for_messages(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        wanted: MessagesWanted,
        patience: Duration,
    ) -> Result<Option<MessagePage>, Error> {
        let read = || self.messages(by.clone(), id, wanted.clone());
        self.polls.look_until(id, patience, read, has_news).await
    }

    /// How many long polls wait for messages at this moment.
    pub fn poll_count(&self) -> usize {
        self.polls.count()
    }

    /// Once the operation is on disk, those are woken who wait for messages of a rental.
    pub(in crate::gateway) fn wake_polls_after(&self, tx: &WriteTx<'_>, rental: RentalId) {
        self.polls.wake_after(tx, rental);
    }
}
