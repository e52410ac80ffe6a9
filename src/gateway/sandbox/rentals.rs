//! The test rental of each account, which is sent a text a minute.

use std::sync::Arc;
use std::time::Duration;

use super::{Shared, shown};
use crate::domain::calendar::add_months;
use crate::domain::event::EventKind;
use crate::domain::price::Charge;
use crate::domain::rental::{DEFAULT_PACKAGE, Package};
use crate::domain::sandbox::{COUNTRY, MOST_RENTALS_PER_DAY, SENDER, TestRental, TestText};
use crate::domain::text::folded;
use crate::domain::{AccountId, RentalId, Timestamp};
use crate::gateway::long_poll::LongPolls;
use crate::gateway::rentals::{
    MessagePage, MessagesWanted, RentalDone, RentalEdit, RentalRefusal, RentalRequest,
    end_of_calendar, has_news,
};
use crate::gateway::resources::RentalResource;
use crate::gateway::sim_presence::SimAir;
use crate::gateway::{Error, Once, Requester};
use crate::store::{NotedEvent, ReadTx, StoreError, WriteTx};

/// The rentals of all sandboxes. An account has one at a time.
pub struct SandboxRentals {
    shared: Shared,
    polls: Arc<LongPolls<RentalId>>,
}

/// The rental of an account, if it has this id.
fn own(
    rows: &ReadTx<'_>,
    account: AccountId,
    id: RentalId,
) -> Result<Option<TestRental>, StoreError> {
    Ok(rows.test_rental_of(account)?.filter(|rental| rental.id == id))
}

impl SandboxRentals {
    pub(super) fn new(shared: Shared) -> SandboxRentals {
        SandboxRentals { shared, polls: Arc::default() }
    }

    pub(super) fn poll_count(&self) -> usize {
        self.polls.count()
    }

    /// Begins a test rental in place of the one that the account has; see
    /// [`crate::gateway::Rentals::rent_once`].
    pub async fn rent_once(
        self: &Arc<Self>,
        by: Requester,
        request: RentalRequest,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        let (rentals, account) = (Arc::clone(self), by.account);
        let rent = move |tx: &WriteTx<'_>, now: Timestamp| {
            let RentalRequest { country, package, auto_renew } = request;
            if !country.eq_ignore_ascii_case(COUNTRY) {
                return Ok(Err(RentalRefusal::InvalidCountry));
            }
            let env = &rentals.shared.env;
            let Some(term) = env.settings().packages.find(&package) else {
                return Ok(Err(RentalRefusal::InvalidPackage));
            };
            if tx.test_rental_count(account, env.day_of(now))? >= MOST_RENTALS_PER_DAY {
                return Ok(Err(RentalRefusal::NoStock));
            }
            let rental = rentals.begin(tx, account, &term, auto_renew, now)?;
            Ok(Ok(rentals.resource(&rental, now)))
        };
        self.shared.carry_out(account, once, rent).await
    }

    /// Begins the rental that an account has with its first test key.
    pub(in crate::gateway) fn begin_first(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let term = self.shared.env.settings().packages.find(DEFAULT_PACKAGE);
        match (term, tx.test_rental_of(account)?) {
            (Some(term), None) => self.begin(tx, account, &term, true, now).map(drop),
            // None is sold, or there is one already.
            _ => Ok(()),
        }
    }

    fn begin(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        (package, charge): &(Package, Charge),
        auto_renew: bool,
        now: Timestamp,
    ) -> Result<TestRental, Error> {
        add_months(now, package.months()).ok_or_else(end_of_calendar)?;
        let rental = tx.add_test_rental(TestRental {
            id: RentalId(0),
            account,
            package: package.to_string(),
            renewal_package: package.to_string(),
            auto_renew,
            months: package.months(),
            price: charge.amount,
            started_at: now,
            told: 0,
        })?;
        self.shared.wakeups.deadlines_change_after(tx);
        self.tell(tx, &rental, EventKind::RentalStarted, None, now)?;
        Ok(rental)
    }

    /// Changes how the rental is renewed; see [`crate::gateway::Rentals::edit_shown`].
    pub async fn edit_shown(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Result<RentalResource, RentalRefusal>, Error> {
        let (rentals, account) = (Arc::clone(self), by.account);
        let edited = self.shared.env.store.write_for(account, move |tx| {
            let Some(rental) = own(tx, account, id)? else {
                return Ok(Err(RentalRefusal::Unknown));
            };
            if edit.has_unknown_package(&rentals.shared.env.settings().packages) {
                return Ok(Err(RentalRefusal::InvalidPackage));
            }
            let RentalEdit { auto_renew, renewal_package } = edit;
            let edited = TestRental {
                auto_renew: auto_renew.unwrap_or(rental.auto_renew),
                renewal_package: renewal_package.unwrap_or(rental.renewal_package),
                ..rental
            };
            tx.save_test_rental(&edited)?;
            Ok::<_, Error>(Ok(rentals.resource(&edited, rentals.shared.env.now())))
        });
        edited.await
    }

    /// Adds a term to the rental; see [`crate::gateway::Rentals::extend_once`].
    pub async fn extend_once(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        package: Option<String>,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        let (rentals, account) = (Arc::clone(self), by.account);
        let extend = move |tx: &WriteTx<'_>, now: Timestamp| {
            let Some(rental) = own(tx, account, id)? else {
                return Ok(Err(RentalRefusal::Unknown));
            };
            let package = package.as_ref().unwrap_or(&rental.renewal_package);
            let term = rentals.shared.env.settings().packages.find(package);
            let Some((package, charge)) = term else {
                return Ok(Err(RentalRefusal::InvalidPackage));
            };
            let months = rental.months.saturating_add(package.months());
            add_months(rental.started_at, months).ok_or_else(end_of_calendar)?;
            let renewal_package = package.to_string();
            let longer = TestRental { renewal_package, months, price: charge.amount, ..rental };
            tx.save_test_rental(&longer)?;
            rentals.tell(tx, &longer, EventKind::RentalRenewed, None, now)?;
            Ok(Ok(rentals.resource(&longer, now)))
        };
        self.shared.carry_out(account, once, extend).await
    }

    /// Refuses to revive the rental, which has not ended; see
    /// [`crate::gateway::Inbox::revive_once`].
    pub async fn revive_once(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        let account = by.account;
        let revive = move |tx: &WriteTx<'_>, _| {
            let is_active = own(tx, account, id)?.is_some();
            Ok(Err(if is_active { RentalRefusal::Active } else { RentalRefusal::Unknown }))
        };
        self.shared.carry_out(account, once, revive).await
    }

    async fn rental_of(&self, account: AccountId) -> Result<Option<TestRental>, Error> {
        let store = &self.shared.env.store;
        Ok(store.read_for(account, move |rows| rows.test_rental_of(account)).await?)
    }

    fn resource(&self, rental: &TestRental, now: Timestamp) -> RentalResource {
        let air = SimAir { is_on_air: true, last_seen_at: Some(now), next_visit_at: None };
        let settings = self.shared.env.settings();
        RentalResource::of(&settings, &rental.as_rental(), (rental.price, air), now)
    }

    /// The rental of an account, if it is older than one, and there may be one.
    pub async fn page(
        self: &Arc<Self>,
        account: AccountId,
        before: Option<RentalId>,
        limit: u32,
    ) -> Result<Vec<RentalResource>, Error> {
        let rental = self.rental_of(account).await?;
        let older = rental.into_iter().filter(|it| before.is_none_or(|before| it.id < before));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let now = self.shared.env.now();
        Ok(older.take(limit).map(|rental| self.resource(&rental, now)).collect())
    }

    /// The rental of an account, if it has this id.
    pub async fn show(
        self: &Arc<Self>,
        account: AccountId,
        id: RentalId,
    ) -> Result<Option<RentalResource>, Error> {
        let rental = self.rental_of(account).await?.filter(|rental| rental.id == id);
        Ok(rental.map(|rental| self.resource(&rental, self.shared.env.now())))
    }

    /// The messages of an account's rental that are wanted; see
    /// [`crate::gateway::Rentals::messages`].
    pub async fn messages(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        wanted: MessagesWanted,
    ) -> Result<Option<MessagePage>, Error> {
        let rental = self.rental_of(by.account).await?.filter(|rental| rental.id == id);
        let Some(rental) = rental else { return Ok(None) };
        let MessagesWanted { since, text, before, count } = wanted;
        let text = text.as_deref().map(folded);
        let is_wanted = |it: &TestText| {
            let has = |part: &str| text.as_deref().is_none_or(|text| folded(part).contains(text));
            since.is_none_or(|since| it.received_at >= since)
                && before.is_none_or(|before| it.id < before)
                && (has(&it.text) || has(SENDER))
        };
        let newest_first = (1..=rental.text_count(self.shared.env.now())).rev();
        let mut found = newest_first.map(|number| rental.text(number)).filter(is_wanted);
        let messages = found.by_ref().take(count).map(shown).collect();
        Ok(Some((messages, found.next().is_some())))
    }

    /// Like [`SandboxRentals::messages`], but holds the answer back, for at most `patience`, until
    /// there is a message.
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

    /// Tells the texts that a rental was sent until `now`, if it is its account's, and removes one
    /// that is not kept any more.
    pub(in crate::gateway) fn tell_texts(
        &self,
        tx: &WriteTx<'_>,
        id: RentalId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(mut rental) = tx.test_rental(id)? else { return Ok(()) };
        if rental.forgotten_at() <= now {
            return Ok(tx.remove_test_rental(id)?);
        }
        while rental.next_at() <= now {
            rental.told = rental.told.saturating_add(1);
            let text = rental.text(rental.told);
            let at = text.received_at;
            self.tell(tx, &rental, EventKind::RentalMessage, Some(text), at)?;
        }
        self.polls.wake_after(tx, id);
        Ok(tx.save_test_rental(&rental)?)
    }

    fn tell(
        &self,
        tx: &WriteTx<'_>,
        rental: &TestRental,
        kind: EventKind,
        text: Option<TestText>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let event = NotedEvent::of_rental(&rental.as_rental(), kind, at);
        self.shared.events.note_test(tx, event, self.resource(rental, at), text.map(shown))
    }
}
