//! Links that work once: with one, somebody sets the password of a login and is signed in.

use std::sync::Arc;
use std::time::Duration;

use super::signing_in::begin_session;
use super::{LoginView, People, SignInOutcome, Visitor, find_login, note, note_own};
use crate::domain::audit::AuditAction;
use crate::domain::login::{
    LoginKind, LoginName, LoginState, Role, SecretToken, Side, check_password,
};
use crate::domain::{AccountId, Timestamp};
use crate::gateway::Error;
use crate::gateway::accounts::{find_account, refuse_erased};
use crate::gateway::session_cache::Whose;
use crate::store::{Credentials, Login, ReadTx, StoreError, WriteTx};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A link that was just made. It is shown once and never again.
#[derive(Debug)]
pub struct NewLink {
    /// The login whose password it sets.
    pub login: LoginView,
    /// What stands behind the `#` of the link.
    pub token: SecretToken,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// What somebody who has a link is shown before using it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    pub name: LoginName,
    pub side: Side,
    /// The name of the customer's account.
    pub account_name: Option<String>,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// For how long a link can be used.
fn link_lasts(side: Side) -> Duration {
    match side {
        Side::Console => DAY,
        Side::Portal => 7 * DAY,
    }
}

fn read_name(name: &str) -> Result<LoginName, Error> {
    name.parse().map_err(|error| Error::refused(format!("{name}: {error}")))
}

/// The login of a link, if the link can be used.
fn usable_link(
    rows: &ReadTx<'_>,
    side: Side,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Login>, StoreError> {
    let is_usable =
        |login: &Login| login.kind.side() == side && matches!(login.state(), LoginState::Invited);
    Ok(rows.login_of_invite(digest, now)?.filter(is_usable))
}

/// The operator who is to be invited: a new one, or one whose link was not used.
fn invited_operator(
    tx: &WriteTx<'_>,
    name: &LoginName,
    role: Option<Role>,
    now: Timestamp,
) -> Result<Login, Error> {
    let is_first = !tx
        .logins(Side::Console)?
        .iter()
        .any(|login| login.kind == LoginKind::Operator(Role::Owner));
    let role = role.unwrap_or(if is_first { Role::Owner } else { Role::Operator });
    match tx.login_named(Side::Console, name.as_str())? {
        Some(mut known) if known.state() == LoginState::Invited => {
            known.kind = LoginKind::Operator(role);
            tx.save_login(&known)?;
            Ok(known)
        }
        Some(known) => {
            let known = known.name;
            Err(Error::refused(format!("there is an operator {known} already")).in_shell(format!(
                "`simbridge operator reset {known}` makes a new link for a lost password"
            )))
        }
        None => {
            tx.add_login(name, LoginKind::Operator(role), now)?;
            find_login(tx, Side::Console, name.as_str())
        }
    }
}

/// The login of an account that is to be invited: a new one, or one whose link was not used.
fn invited_customer(
    tx: &WriteTx<'_>,
    account: AccountId,
    name: &LoginName,
    now: Timestamp,
) -> Result<Login, Error> {
    match tx.login_named(Side::Portal, name.as_str())? {
        Some(known) if known.kind != LoginKind::Customer(account) => Err(Error::refused(format!(
            "another account has a login {} already; choose another name",
            known.name
        ))),
        Some(known) if matches!(known.state(), LoginState::Active | LoginState::Disabled) => {
            let known = known.name;
            Err(Error::refused(format!("the account has a login {known} already")).in_shell(
                format!("`simbridge login reset {known}` makes a new link for a lost password"),
            ))
        }
        Some(known) => Ok(known),
        None => {
            tx.add_login(name, LoginKind::Customer(account), now)?;
            find_login(tx, Side::Portal, name.as_str())
        }
    }
}

impl People {
    /// Invites an operator. Without a role, the first one is an owner, and others are operators.
    pub async fn add_operator(&self, name: String, role: Option<Role>) -> Result<NewLink, Error> {
        let name = read_name(&name)?;
        self.give_link(AuditAction::Invited, move |tx, now| invited_operator(tx, &name, role, now))
            .await
    }

    /// Invites a customer of an account. Without a name, the login is called as the account.
    pub async fn invite_customer(
        &self,
        account: String,
        name: Option<String>,
    ) -> Result<NewLink, Error> {
        self.give_link(AuditAction::Invited, move |tx, now| {
            let account = find_account(tx, &account)?;
            refuse_erased(&account)?;
            let name = read_name(name.as_deref().unwrap_or(&account.name))?;
            invited_customer(tx, account.id, &name, now)
        })
        .await
    }

    /// Gives somebody who has lost the password a new link. The old password and the second factor
    /// open nothing any more, and all sessions end.
    pub async fn reset(&self, name: String, side: Side) -> Result<NewLink, Error> {
        let cache = Arc::clone(&self.cache);
        self.give_link(AuditAction::ResetLogin, move |tx, _| {
            let mut login = find_login(tx, side, &name)?;
            if login.state() == LoginState::Disabled {
                return Err(Error::refused(format!(
                    "{} is disabled, and no link would work; it has to be enabled first",
                    login.name
                )));
            }
            login.credentials = Credentials::default();
            login.sign_ins = 0;
            tx.save_login(&login)?;
            tx.remove_sessions_of(login.id, None)?;
            cache.forget_after(tx, Whose::Login(login.id));
            Ok(login)
        })
        .await
    }

    /// Makes a link for the login that `find` answers. A link that it had does not work any more.
    async fn give_link(
        &self,
        action: AuditAction<'static>,
        find: impl FnOnce(&WriteTx<'_>, Timestamp) -> Result<Login, Error> + Send + 'static,
    ) -> Result<NewLink, Error> {
        let token = SecretToken::from_entropy(self.env.random_bytes()?);
        let (now, digest, wakeups) = (self.env.now(), token.digest(), Arc::clone(&self.wakeups));
        let given = self.env.store.write(move |tx| {
            let login = find(tx, now)?;
            let expires_at = now.plus(link_lasts(login.kind.side()));
            tx.set_invite(login.id, &digest, now, expires_at)?;
            note(tx, action, &login, now)?;
            wakeups.deadlines_change_after(tx);
            let login = find_login(tx, login.kind.side(), login.name.as_str())?;
            Ok::<_, Error>((LoginView::from(login), expires_at))
        });
        let (login, expires_at) = given.await?;
        Ok(NewLink { login, token, expires_at })
    }

    /// Whose link this is; `None` if it was used, is too old or was never made.
    pub async fn look_at_link(
        &self,
        side: Side,
        token_text: &str,
    ) -> Result<Option<LinkView>, Error> {
        let Some(token) = SecretToken::from_text(token_text) else { return Ok(None) };
        let (now, digest) = (self.env.now(), token.digest());
        let found = self.env.store.read(move |rows| usable_link(rows, side, &digest, now)).await?;
        Ok(found.and_then(|login| {
            Some(LinkView {
                expires_at: login.invited_until?,
                name: login.name,
                side,
                account_name: login.account_name,
            })
        }))
    }

    /// Uses a link: sets the password of its login and signs in. [`SignInOutcome::Expired`] if the
    /// link was used, is too old or was never made.
    pub async fn accept_link(
        &self,
        side: Side,
        token_text: &str,
        password: String,
        visitor: Visitor,
    ) -> Result<SignInOutcome, Error> {
        let Some(link) = SecretToken::from_text(token_text) else {
            return Ok(SignInOutcome::Expired);
        };
        let (now, digest) = (self.env.now(), link.digest());
        let found = self.env.store.read(move |rows| usable_link(rows, side, &digest, now)).await?;
        let Some(login) = found else { return Ok(SignInOutcome::Expired) };
        if let Err(fault) = check_password(side, &login.name, &password) {
            return Ok(SignInOutcome::PasswordFault(fault));
        }
        let Ok(hash) = self.passwords.hash(password, self.env.random_bytes()?).await else {
            return Ok(SignInOutcome::Busy);
        };
        let (hash, now) = (hash?, self.env.now());
        let token = SecretToken::from_entropy(self.env.random_bytes()?);
        let (session, wakeups) = (token.digest(), Arc::clone(&self.wakeups));
        let accepted = self.write_as(&login, move |tx| {
            // Whoever comes first has used it.
            let Some(mut login) = usable_link(tx, side, &digest, now)? else { return Ok(false) };
            tx.remove_invite(login.id)?;
            login.credentials = Credentials { password: Some(hash), ..Credentials::default() };
            note_own(tx, AuditAction::ChangedPassword, &login, Some(visitor.address), now)?;
            begin_session(tx, &mut login, session, &visitor, AuditAction::SignedIn, now)?;
            wakeups.deadlines_change_after(tx);
            Ok(true)
        });
        match accepted.await? {
            true => Ok(SignInOutcome::SignedIn { token }),
            false => Ok(SignInOutcome::Expired),
        }
    }
}
