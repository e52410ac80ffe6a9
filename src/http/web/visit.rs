//! One look at a page, or one form that was sent: what its function is given.

use std::net::IpAddr;
use std::sync::Arc;

use super::form_view::FormView;
use super::query::Query;
use super::route::Params;
use super::{Fault, Faults, Form, Site, Visitor};
use crate::domain::login::Permission;
use crate::domain::{AccountId, Amount, Timestamp};
use crate::gateway::{self, Freshness, Gateway};

/// Who looks, at what, and when.
#[derive(Clone)]
pub struct Visit<P: Visitor> {
    /// Who looks.
    pub person: P,
    pub(super) site: Site<P>,
    pub(super) place: Arc<Place>,
    pub(super) now: Timestamp,
    /// Where the request comes from.
    pub(super) from: gateway::Visitor,
    /// What was typed and what is wrong with it, when the page is shown again for that.
    pub(super) attempt: Option<Arc<Attempt>>,
    pub(super) is_first_look: bool,
}

/// What is looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) params: Params,
    pub(super) query: Query,
    /// The names of the filters that must not stand in the page's address.
    pub(super) private: &'static [&'static str],
    /// Stands for this page as it is open in one tab: the ids of its forms are made of it.
    pub(super) view: String,
    /// Where the browser finds this side: a scheme and a host.
    pub(super) base: String,
}

/// A form that was not carried out.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The path that the form was sent to.
    pub(super) action: String,
    pub(super) form: Form,
    pub(super) faults: Faults,
    /// Whether it was the query of an address: filters.
    pub(super) is_query: bool,
    /// What was done instead of what it asks for: a sentence.
    pub(super) instead: &'static str,
}

impl<P: Visitor> Visit<P> {
    /// The business.
    pub fn gateway(&self) -> &Gateway {
        &self.site.gateway
    }

    /// The time of the request.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What the side's pages reach besides the business.
    pub fn tools(&self) -> &P::Tools {
        &self.site.tools
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        &self.place.path
    }

    /// A parameter of the route's path; empty if it has none of that name.
    pub fn param(&self, name: &str) -> &str {
        let found = self.place.params.iter().find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A parameter of the route's path that is an id.
    pub fn id(&self, name: &str) -> Result<i64, Fault> {
        let text = self.param(name);
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let id = text.parse().ok().filter(|_| is_plain);
        id.ok_or_else(|| Fault::NotFound("There is nothing with this number.".to_owned()))
    }

    /// A value of the address's query; an empty one counts as none.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.place.query.get(name)
    }

    /// This page's address with other values for some names of its query; `None` leaves one out.
    pub fn address_with(&self, changes: &[(&str, Option<&str>)]) -> String {
        self.place.query.with(changes).behind(&self.place.path)
    }

    /// Where the browser finds this side: a scheme and a host, for links that are given away.
    pub fn base_address(&self) -> &str {
        &self.place.base
    }

    /// This page's address.
    pub fn address(&self) -> String {
        self.address_with(&[])
    }

    /// The address, if the side has such a page. Pages come one after another.
    pub fn if_page<'a>(&self, address: &'a str) -> Option<&'a str> {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        Some(address).filter(|_| self.site.routes.has_page(path))
    }

    /// Whether somebody opens the page, rather than having it kept current.
    pub fn is_first_look(&self) -> bool {
        self.is_first_look
    }

    /// How new what is shared must be: a page that is kept current shows what has changed.
    pub fn freshness(&self) -> Freshness {
        if self.is_first_look() { Freshness::Recent } else { Freshness::Next }
    }

    /// Whether who looks may do something.
    pub fn may(&self, permission: Permission) -> bool {
        self.person.may(permission)
    }

    /// The address that the request comes from.
    pub fn client(&self) -> IpAddr {
        self.from.address
    }

    /// The account that the side's pages are about, if it is one account's side.
    pub(super) fn account_id(&self) -> Option<AccountId> {
        self.person.account()
    }

    /// An amount with its currency.
    pub fn money(&self, amount: Amount) -> String {
        self.gateway().currency().text_with_code(amount)
    }

    /// A form that is sent to this path.
    pub fn form(&self, action: &str) -> FormView {
        let is_this = |attempt: &&Arc<Attempt>| attempt.action == action;
        let attempt = self.attempt.as_ref().filter(is_this).cloned();
        FormView::new(action, &self.place.view, attempt)
    }
}
