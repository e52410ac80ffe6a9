//! All that is kept of one account, for the person whose it is.

use super::{Accounts, PortalChoices, PriceView, find_account, prices, subject_of};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::Event;
use crate::domain::key::KeyMode;
use crate::domain::ledger::EntryKind;
use crate::domain::message::Message;
use crate::domain::webhook::Endpoint;
use crate::domain::{AccountId, EventId, Order, OrderId, Rental};
use crate::gateway::orders::OrderView;
use crate::gateway::rentals::RentalView;
use crate::gateway::{AuditRow, Entry, Error, Key, LoginView, SessionView};
use crate::store::{Account, Asked, ListFilter, Page, ReadTx, StoreError};

/// How many rows are in memory at once.
const PAGE: u32 = 500;
/// How many bytes of events are, unless a single one has more.
const PAGE_BYTES: usize = 1 << 20;

/// A piece of what is kept of an account.
#[derive(Debug, Clone)]
pub enum Exported {
    /// The account, and what its customers have chosen for the portal.
    Account(Box<(Account, PortalChoices)>),
    Key(Box<Key>),
    Price(PriceView),
    Order(Box<Kept<OrderView>>),
    Rental(Box<Kept<RentalView>>),
    Entry(Box<Entry>),
    Audit(Box<AuditRow>),
    Event(Box<Event>),
    /// A webhook endpoint, with the account's name.
    Webhook(Box<(Endpoint, String)>),
    /// A login, with its sessions.
    Login(Box<(LoginView, Vec<SessionView>)>),
    /// Nothing more comes: the export is complete.
    End,
}

/// An order or a rental with what belongs to it.
#[derive(Debug, Clone)]
pub struct Kept<V> {
    pub view: V,
    /// From where it was asked for, while that is kept.
    pub client: Option<String>,
    /// The rules by which something was withheld from its customer.
    pub withheld: Vec<String>,
    /// Its messages, oldest first. What was withheld is no customer's.
    pub messages: Vec<Message>,
}

/// The error for a receiver that wants nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the receiver is gone")]
pub struct ReceiverGone;

/// Why an export ended early.
enum Stop {
    Failed(StoreError),
    ReceiverGone,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Failed(error)
    }
}

impl From<ReceiverGone> for Stop {
    fn from(_: ReceiverGone) -> Stop {
        Stop::ReceiverGone
    }
}

impl Accounts {
    /// Notes in the audit that an account is exported.
    pub async fn begin_export(&self, reference: String) -> Result<AccountId, Error> {
        let now = self.env.now();
        let noted = self.env.store.write(move |tx| {
            let account = find_account(tx, &reference)?;
            tx.note(Actor::Operator, AuditAction::Exported, subject_of(&account), now)?;
            Ok(account.id)
        });
        noted.await
    }

    /// Gives `take` all that is kept of an account, piece by piece and each kind after the other,
    /// in the order of [`Exported`]. It runs on a thread of its own, so `take` may wait.
    pub async fn export(
        &self,
        account: AccountId,
        mut take: impl FnMut(Exported) -> Result<(), ReceiverGone> + Send + 'static,
    ) -> Result<(), Error> {
        let read =
            self.env.store.read_in_background(move |rows| match export(rows, account, &mut take) {
                Ok(()) | Err(Stop::ReceiverGone) => Ok(()),
                Err(Stop::Failed(error)) => Err(error),
            });
        Ok(read.await?)
    }
}

type Take<'t> = &'t mut dyn FnMut(Exported) -> Result<(), ReceiverGone>;

fn export(rows: &ReadTx<'_>, id: AccountId, take: Take<'_>) -> Result<(), Stop> {
    let Some(account) = rows.account(id)? else { return Ok(()) };
    let name = account.name.clone();
    take(Exported::Account(Box::new((account, rows.portal_choices(id)?))))?;
    for key in rows.keys_of(id)? {
        take(Exported::Key(Box::new(key)))?;
    }
    for price in prices::views(rows, rows.account_prices(id)?)? {
        take(Exported::Price(price))?;
    }
    // Each order was held once, and the ledger has an index by accounts.
    each_page(
        id,
        |filter| Ok(rows.ledger(filter)?),
        |entry: &Entry| entry.id,
        |entry| {
            let of_hold = entry.order.filter(|_| entry.kind == EntryKind::Hold);
            match of_hold.map(|order| rows.order(order)).transpose()?.flatten() {
                Some(order) => {
                    Ok(take(Exported::Order(Box::new(order_with(rows, order, &name)?)))?)
                }
                None => Ok(()),
            }
        },
    )?;
    each_page(
        id,
        |filter| Ok(rows.rentals(filter)?),
        |rental: &Rental| rental.id.0,
        |rental| Ok(take(Exported::Rental(Box::new(rental_with(rows, rental, &name)?)))?),
    )?;
    each_page(
        id,
        |filter| Ok(rows.ledger(filter)?),
        |entry: &Entry| entry.id,
        |entry| Ok(take(Exported::Entry(Box::new(entry)))?),
    )?;
    each_page(
        id,
        |filter| Ok(rows.audit(filter)?),
        |row: &AuditRow| row.id,
        |row| Ok(take(Exported::Audit(Box::new(row)))?),
    )?;
    let mut after = EventId(0);
    loop {
        let events = rows.events_after((id, KeyMode::Live), after, PAGE, PAGE_BYTES)?;
        let Some(last) = events.last() else { break };
        after = last.id;
        events.into_iter().try_for_each(|event| take(Exported::Event(Box::new(event))))?;
    }
    for endpoint in rows.webhook_endpoints(Some(id))? {
        take(Exported::Webhook(Box::new((endpoint, name.clone()))))?;
    }
    for login in rows.logins_of(id)? {
        let sessions = rows.sessions(login.id)?.into_iter();
        let sessions = sessions.map(|session| SessionView::of(session, None)).collect();
        take(Exported::Login(Box::new((login.into(), sessions))))?;
    }
    Ok(take(Exported::End)?)
}

/// Goes through the rows of an account's list, page by page.
fn each_page<T>(
    account: AccountId,
    read: impl Fn(&ListFilter) -> Result<Vec<T>, Stop>,
    id: impl Fn(&T) -> i64,
    mut each: impl FnMut(T) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut filter = ListFilter::newest(PAGE.into());
    (filter.account, filter.page) = (Some(account), Page::After(0));
    loop {
        let page = read(&filter)?;
        let Some(last) = page.last().map(&id) else { return Ok(()) };
        page.into_iter().try_for_each(&mut each)?;
        filter.page = Page::After(last);
    }
}

fn order_with(
    rows: &ReadTx<'_>,
    order: Order,
    account: &str,
) -> Result<Kept<OrderView>, StoreError> {
    let id: OrderId = order.id;
    let service = rows.service(order.service)?.map(|service| service.name).unwrap_or_default();
    Ok(Kept {
        client: rows.client_address(Asked::Order(id))?,
        withheld: rows.withheld_from_order(id)?,
        messages: shown(rows.messages_of_order(id)?),
        view: OrderView {
            refunded: rows.refund_of(id)?,
            account: account.to_owned(),
            service,
            order,
        },
    })
}

fn rental_with(
    rows: &ReadTx<'_>,
    rental: Rental,
    account: &str,
) -> Result<Kept<RentalView>, StoreError> {
    Ok(Kept {
        client: rows.client_address(Asked::Rental(rental.id))?,
        withheld: rows.withheld_from_rental(rental.id)?,
        messages: shown(rows.messages_of_rental(rental.id)?),
        view: RentalView { account: account.to_owned(), rental },
    })
}

/// The messages without those that are kept from customers.
fn shown(mut messages: Vec<Message>) -> Vec<Message> {
    messages.retain(|message| message.withheld.is_none());
    messages
}
