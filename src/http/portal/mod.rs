//! The customers' portal: its menu, its routes, and what its pages reach.

mod account;
mod asking;
mod guide;
mod keys;
mod ledger;
mod markdown;
mod order;
mod orders;
mod rental;
mod rentals;
mod sentences;
mod services;
mod spending;
mod webhook;
mod webhooks;

use std::time::Duration;

use maud::{Markup, html};

use super::limits::{Buckets, Throttle};
use super::web::{Fault, MenuItem, Route, Site, Visit, Visitor};
use crate::domain::AccountId;
use crate::domain::audit::Person;
use crate::domain::login::{Permission, Side};
use crate::gateway::{BoxFuture, SignedIn, Topic};

/// The portal.
pub type Portal = Site<Customer>;

/// How many orders an account's customers may make by hand in a minute.
const ORDERS_PER_MINUTE: u32 = 10;

/// What the portal's pages reach besides the business.
pub struct PortalTools {
    /// The limits that hold for the API, too.
    throttle: Throttle,
    /// The orders that may be made by hand.
    orders: Buckets<AccountId>,
}

impl PortalTools {
    /// What the pages of a portal reach whose API has these limits.
    pub fn new(throttle: Throttle) -> PortalTools {
        let orders = Buckets::new(ORDERS_PER_MINUTE, Duration::from_secs(60));
        PortalTools { throttle, orders }
    }
}

/// Somebody who has signed in to the portal, for an account.
#[derive(Debug, Clone)]
pub struct Customer {
    session: SignedIn,
    account: AccountId,
}

static MENU: &[MenuItem] = &[
    MenuItem::new("/", "Services", 's'),
    MenuItem::new("/orders", "Orders", 'o'),
    MenuItem::new("/rentals", "Rentals", 'r'),
    MenuItem::new("/account", "Account", 'a'),
    MenuItem::new("/webhooks", "Webhooks", 'w'),
    MenuItem::new("/api-guide", "API", 'p'),
];

impl Visitor for Customer {
    const SIDE: Side = Side::Portal;
    const BRAND: &'static str = "simbridge";

    type Tools = PortalTools;

    fn from_session(session: SignedIn) -> Option<Customer> {
        let (account, _) = session.account.clone()?;
        Some(Customer { session, account })
    }

    fn session(&self) -> &SignedIn {
        &self.session
    }

    fn may(&self, _permission: Permission) -> bool {
        // Permissions are operators'.
        false
    }

    fn account(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn person(&self) -> Option<Person> {
        None
    }

    fn routes() -> Vec<Route<Customer>> {
        let routes = [
            services::routes(),
            order::routes(),
            orders::routes(),
            rentals::routes(),
            rental::routes(),
            account::routes(),
            ledger::routes(),
            keys::routes(),
            webhooks::routes(),
            webhook::routes(),
            guide::routes(),
            spending::routes(),
        ];
        routes.into_iter().flatten().collect()
    }

    fn menu() -> &'static [MenuItem] {
        MENU
    }

    fn head(visit: &Visit<Customer>) -> BoxFuture<'_, Result<Markup, Fault>> {
        Box::pin(balance(visit))
    }

    fn head_topics() -> &'static [Topic] {
        &[]
    }
}

impl Visit<Customer> {
    /// The account that the pages are about.
    pub(super) fn account(&self) -> AccountId {
        self.person.account
    }

    /// Where the API is: a scheme and a host. It is behind the same address as the pages.
    pub(super) fn api_address(&self) -> &str {
        self.base_address()
    }
}

/// What the account has, and what of it open orders hold.
async fn balance(visit: &Visit<Customer>) -> Result<Markup, Fault> {
    let found = visit.gateway().accounts().own(visit.account()).await?;
    let Some((account, ..)) = found else { return Ok(Markup::default()) };
    let funds = account.funds;
    Ok(html! {
        a class="balance" href=[visit.if_page("/account")] {
            span { "Balance " } strong { (visit.money(funds.balance)) }
            @if funds.held.0 != 0 {
                span class="held" { " (" (visit.gateway().currency().text(funds.held)) " held)" }
            }
        }
    })
}

#[cfg(test)]
mod tests;
