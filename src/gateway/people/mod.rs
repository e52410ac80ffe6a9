//! People who sign in: operators to the console, customers to the portal.
//!
//! Somebody is let in by a link that works once ([`links`]), sets a password with it, and signs in
//! by name, password and, with a second factor, a code ([`signing_in`]). Then each request is
//! answered by the session's secret ([`sessions`]), and the person changes what is its own
//! ([`own`]). Here is what others do to logins.

mod attempt_counts;
mod attempts;
mod hashing;
mod links;
mod own;
mod pending;
mod sessions;
mod signing_in;

use std::net::IpAddr;
use std::sync::Arc;

use super::Error;
use super::accounts::find_account;
use super::background::Wakeups;
use super::environment::Environment;
use super::listing::{ListRequest, check_state};
use super::session_cache::{SessionCache, Whose};
use crate::domain::audit::{Actor, AuditAction, Person};
use crate::domain::login::{LoginKind, LoginName, LoginState, Role, Side};
use crate::domain::text::{did_you_mean, with_question};
use crate::domain::{LoginId, Timestamp};
use crate::store::{Login, ReadTx, StoreError, WriteTx, on_behalf_of};
use attempt_counts::AttemptCounts;
pub use attempt_counts::AttemptResult;
use attempts::Attempts;
use hashing::Passwords;
pub use links::{LinkView, NewLink};
pub use own::{PasswordRefusal, ProofRefusal};
use pending::PendingSignIns;
pub use sessions::{SessionView, SignedIn};
pub use signing_in::SignInOutcome;

/// The most characters that are kept of what a browser calls itself.
const BROWSER_CHARS: usize = 200;

/// Who asks, as far as that is seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The address of the client.
    pub address: IpAddr,
    /// What the client's browser calls itself.
    pub browser: String,
}

/// A login as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginView {
    pub id: LoginId,
    pub name: LoginName,
    pub kind: LoginKind,
    /// The name of the customer's account.
    pub account_name: Option<String>,
    pub state: LoginState,
    pub has_second_factor: bool,
    pub created_at: Timestamp,
    pub signed_in_at: Option<Timestamp>,
    /// Until when its link can be used, if it has one that was not used.
    pub invited_until: Option<Timestamp>,
    /// How many sessions it has, with those that ended in the last hour.
    pub sessions: u32,
}

impl From<Login> for LoginView {
    fn from(login: Login) -> LoginView {
        LoginView {
            state: login.state(),
            has_second_factor: login.credentials.second_factor.is_some(),
            id: login.id,
            name: login.name,
            kind: login.kind,
            account_name: login.account_name,
            created_at: login.created_at,
            signed_in_at: login.signed_in_at,
            invited_until: login.invited_until,
            sessions: login.sessions,
        }
    }
}

/// A login as the audit names it: a customer's with its account.
fn subject_of(login: &Login) -> String {
    let name = &login.name;
    match (login.kind.account(), &login.account_name) {
        (Some(account), Some(of)) => format!("account {account} {of}: login {name}"),
        _ => format!("login {name}"),
    }
}

/// Notes in the audit what an operator did to a login.
fn note(
    tx: &WriteTx<'_>,
    action: AuditAction<'_>,
    login: &Login,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.note(Actor::Operator, action, subject_of(login), now)
}

/// The login of a side with this name.
fn find_login(rows: &ReadTx<'_>, side: Side, name: &str) -> Result<Login, Error> {
    if let Some(found) = rows.login_named(side, name.trim())? {
        return Ok(found);
    }
    let names: Vec<String> =
        rows.logins(side)?.into_iter().map(|login| login.name.to_string()).collect();
    let (what, command) = match side {
        Side::Console => ("operator", "operator list"),
        Side::Portal => ("login", "login list"),
    };
    let hint = did_you_mean(&names, name);
    Err(Error::refused(with_question(&format!("no {what} {name}"), &hint))
        .in_shell(format!("`simbridge {command}` shows all")))
}

/// Refuses to shut out or demote the last owner who can sign in.
fn keep_an_owner(rows: &ReadTx<'_>, login: &Login) -> Result<(), Error> {
    let is_owner = |login: &Login| {
        login.kind == LoginKind::Operator(Role::Owner) && login.state() == LoginState::Active
    };
    let is_other = |other: &Login| other.id != login.id && is_owner(other);
    if !is_owner(login) || rows.logins(Side::Console)?.iter().any(is_other) {
        return Ok(());
    }
    Err(Error::refused(format!(
        "{} is the only owner who can sign in; make another operator an owner first",
        login.name
    ))
    .in_shell("`simbridge operator role NAME owner` does that"))
}

/// The people who sign in.
pub struct People {
    env: Arc<Environment>,
    cache: Arc<SessionCache>,
    wakeups: Arc<Wakeups>,
    passwords: Passwords,
    attempts: Attempts,
    counts: AttemptCounts,
    pending: PendingSignIns,
}

impl People {
    pub(super) fn new(
        env: Arc<Environment>,
        cache: Arc<SessionCache>,
        wakeups: Arc<Wakeups>,
    ) -> People {
        People {
            env,
            cache,
            wakeups,
            passwords: Passwords::new(),
            attempts: Attempts::new(),
            counts: AttemptCounts::default(),
            pending: PendingSignIns::default(),
        }
    }

    /// Whether there is an operator who can sign in.
    pub async fn has_operators(&self) -> Result<bool, Error> {
        let logins = self.env.store.read(|rows| rows.logins(Side::Console)).await?;
        Ok(logins.iter().any(|login| login.state() == LoginState::Active))
    }

    /// The logins of a side that an operator asks for, oldest first: all, or those of an account or
    /// in a state.
    pub async fn list(&self, side: Side, request: ListRequest) -> Result<Vec<LoginView>, Error> {
        let states = LoginState::ALL.map(LoginState::as_str);
        let state = request.state.map(|word| check_state(word, &states)).transpose()?;
        let account = request.account;
        let read = self.env.store.read(move |rows| match account {
            Some(reference) => Ok(rows.logins_of(find_account(rows, &reference)?.id)?),
            None => Ok::<_, Error>(rows.logins(side)?),
        });
        let mut views: Vec<LoginView> = read.await?.into_iter().map(LoginView::from).collect();
        views.retain(|view| state.as_ref().is_none_or(|state| state == view.state.as_str()));
        Ok(views)
    }

    /// Gives an operator another role.
    pub async fn set_role(&self, name: String, role: Role) -> Result<LoginView, Error> {
        let change = move |tx: &WriteTx<'_>, login: &mut Login| {
            if role != Role::Owner {
                keep_an_owner(tx, login)?;
            }
            login.kind = LoginKind::Operator(role);
            Ok(tx.save_login(login)?)
        };
        self.change(Side::Console, name, AuditAction::SetRole { role }, change).await
    }

    /// Switches a login off, which ends its sessions, or on again.
    pub async fn set_disabled(
        &self,
        name: String,
        side: Side,
        disabled: bool,
    ) -> Result<LoginView, Error> {
        let now = self.env.now();
        let change = move |tx: &WriteTx<'_>, login: &mut Login| {
            if disabled {
                keep_an_owner(tx, login)?;
                tx.remove_sessions_of(login.id, None)?;
            }
            login.disabled_at = disabled.then_some(login.disabled_at.unwrap_or(now));
            Ok(tx.save_login(login)?)
        };
        let action = if disabled { AuditAction::Disabled } else { AuditAction::Enabled };
        self.change(side, name, action, change).await
    }

    /// Removes a login with its sessions. Answers it as it was.
    pub async fn remove(&self, name: String, side: Side) -> Result<LoginView, Error> {
        let now = self.env.now();
        let cache = Arc::clone(&self.cache);
        let removed = self.env.store.write(move |tx| {
            let login = find_login(tx, side, &name)?;
            keep_an_owner(tx, &login)?;
            tx.remove_login(login.id)?;
            cache.forget_after(tx, Whose::Login(login.id));
            note(tx, AuditAction::Removed, &login, now)?;
            Ok::<_, Error>(login)
        });
        Ok(removed.await?.into())
    }

    /// Changes the login of a side with this name, for an operator. Answers it after the change.
    async fn change(
        &self,
        side: Side,
        name: String,
        action: AuditAction<'static>,
        change: impl FnOnce(&WriteTx<'_>, &mut Login) -> Result<(), Error> + Send + 'static,
    ) -> Result<LoginView, Error> {
        let (now, cache) = (self.env.now(), Arc::clone(&self.cache));
        let changed = self.env.store.write(move |tx| {
            let mut login = find_login(tx, side, &name)?;
            change(tx, &mut login)?;
            cache.forget_after(tx, Whose::Login(login.id));
            note(tx, action, &login, now)?;
            find_login(tx, side, login.name.as_str())
        });
        Ok(changed.await?.into())
    }

    /// Carries out an operation of a person's own: what it notes of an operator is of that person.
    async fn write_as<T: Send + 'static>(
        &self,
        login: &Login,
        operation: impl FnOnce(&WriteTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let write = self.env.store.write(operation);
        match login.kind {
            LoginKind::Operator(_) => on_behalf_of(Person::Login(login.name.clone()), write).await,
            LoginKind::Customer(_) => write.await,
        }
    }
}

/// Notes in the audit what somebody did to the own login, from an address if that matters.
fn note_own(
    tx: &WriteTx<'_>,
    action: AuditAction<'_>,
    login: &Login,
    from: Option<IpAddr>,
    now: Timestamp,
) -> Result<(), StoreError> {
    match login.kind {
        LoginKind::Operator(_) => note(tx, action, login, now),
        LoginKind::Customer(account) => {
            tx.note_of_customer(account, (None, from), action, subject_of(login), now)
        }
    }
}
