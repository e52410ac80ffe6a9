//! Who looks at pages. Each side has a type of its own for them, so that a page of one side cannot
//! be put among those of the other.

use maud::Markup;

use super::{Fault, Route, Visit};
use crate::domain::AccountId;
use crate::domain::audit::Person;
use crate::domain::login::{Permission, Side};
use crate::gateway::{BoxFuture, SignedIn, Topic};

/// Somebody who has signed in to a side.
pub trait Visitor: Clone + Send + Sync + Sized + 'static {
    /// The side that this is a visitor of.
    const SIDE: Side;
    /// What the heading of each page begins with.
    const BRAND: &'static str;

    /// What its pages reach besides the business.
    type Tools: Send + Sync + 'static;

    /// The visitor of a session; `None` for one of another side.
    fn from_session(session: SignedIn) -> Option<Self>;

    /// The session.
    fn session(&self) -> &SignedIn;

    /// Whether the visitor may do something.
    fn may(&self, permission: Permission) -> bool;

    /// The account that the pages are about, if it is one account's side.
    fn account(&self) -> Option<AccountId>;

    /// On whose behalf operations are carried out, for the audit.
    fn person(&self) -> Option<Person>;

    /// All routes of the side, besides those that every side has.
    fn routes() -> Vec<Route<Self>>;

    /// The side's menu, in order.
    fn menu() -> &'static [MenuItem];

    /// What the head of each page shows that changes: alarms, or the balance.
    fn head(visit: &Visit<Self>) -> BoxFuture<'_, Result<Markup, Fault>>;

    /// What the head depends on, besides the account.
    fn head_topics() -> &'static [Topic];
}

/// An entry of a menu.
#[derive(Debug, Clone, Copy)]
pub struct MenuItem {
    /// The page's path.
    pub path: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// The key that leads to it after `g`.
    pub key: char,
    /// Who sees it.
    pub needs: Permission,
}

impl MenuItem {
    /// An entry that every visitor sees.
    pub const fn new(path: &'static str, label: &'static str, key: char) -> MenuItem {
        MenuItem { path, label, key, needs: Permission::Look }
    }
}
