//! Signing in: by name and password, then, with a second factor, by a code.

use std::sync::Arc;

use super::attempts::Attempt;
use super::pending::Pending;
use super::{AttemptResult, BROWSER_CHARS, People, Visitor, note_own};
use crate::domain::audit::AuditAction;
use crate::domain::login::{
    Lifetime, LoginName, LoginState, PasswordFault, SecretToken, Side, UsedCode,
};
use crate::domain::text::visible;
use crate::domain::{LoginId, Timestamp};
use crate::gateway::Error;
use crate::store::{Login, NewSession, ReadTx, StoreError, WriteTx};

/// How many sessions a login has at most. When one more begins, the oldest ends.
const MOST_SESSIONS: i64 = 50;

/// What came of an attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The session has begun whose secret this is.
    SignedIn { token: SecretToken },
    /// The password is right, and the code of the second factor is awaited, together with this
    /// secret.
    CodeNeeded { pending: SecretToken },
    /// The name, the password or the code is wrong.
    Wrong,
    /// The password is right, but this login lets nobody in now: it was switched off, or its
    /// account is suspended.
    Shut { state: LoginState },
    /// There were too many wrong attempts. The next one may come at this time.
    Wait { until: Timestamp },
    /// Too many sign in at this moment.
    Busy,
    /// The new password is not accepted.
    PasswordFault(PasswordFault),
    /// The link was used or is too old, or the code was awaited for too long.
    Expired,
}

/// Begins a session of a login that has just proved whose it is. Saves the login.
pub(super) fn begin_session(
    tx: &WriteTx<'_>,
    login: &mut Login,
    digest: [u8; 32],
    visitor: &Visitor,
    action: AuditAction<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    login.sign_ins = login.sign_ins.saturating_add(1);
    login.signed_in_at = Some(now);
    tx.save_login(login)?;
    tx.add_session(&NewSession {
        login: login.id,
        digest,
        began_at: now,
        ends_at: Lifetime::of(login.kind.side()).ends_at(now, now),
        address: visitor.address,
        browser: visible(&visitor.browser).chars().take(BROWSER_CHARS).collect(),
    })?;
    tx.keep_newest_sessions(login.id, MOST_SESSIONS)?;
    note_own(tx, action, login, Some(visitor.address), now)
}

/// A login, and whether it has a session from an address.
fn with_client(
    rows: &ReadTx<'_>,
    found: Option<Login>,
    visitor: &Visitor,
) -> Result<(Option<Login>, bool), StoreError> {
    let Some(login) = found else { return Ok((None, false)) };
    let address = visitor.address.to_canonical().to_string();
    let sessions = rows.sessions(login.id)?;
    let is_known = sessions.iter().any(|session| session.address.as_ref() == Some(&address));
    Ok((Some(login), is_known))
}

/// The login if it is as it was when its password was compared, and lets somebody in.
fn unchanged(
    rows: &ReadTx<'_>,
    id: LoginId,
    password: Option<&String>,
) -> Result<Option<Login>, StoreError> {
    let is_same = |login: &Login| {
        login.state() == LoginState::Active && login.credentials.password.as_ref() == password
    };
    Ok(rows.login(id)?.filter(is_same))
}

impl People {
    /// Signs somebody in by name and password. A name that there is not costs the same time and is
    /// answered the same as a wrong password. That a login is shut is told only with its password.
    pub async fn sign_in(
        &self,
        side: Side,
        name: &str,
        password: String,
        visitor: Visitor,
    ) -> Result<SignInOutcome, Error> {
        let outcome = self.sign_in_by_password(side, name, password, visitor).await?;
        self.counts.note_outcome(side, &outcome, self.env.now());
        Ok(outcome)
    }

    /// How often attempts to sign in went how, since the start.
    pub fn attempt_counts(&self) -> Vec<(Side, AttemptResult, u64)> {
        self.counts.all()
    }

    async fn sign_in_by_password(
        &self,
        side: Side,
        name: &str,
        password: String,
        visitor: Visitor,
    ) -> Result<SignInOutcome, Error> {
        let name = name.parse::<LoginName>().ok();
        let (sought, from) = (name.clone(), visitor.clone());
        let found = self.env.store.read(move |rows| {
            let named = sought.map(|name| rows.login_named(side, name.as_str())).transpose()?;
            with_client(rows, named.flatten(), &from)
        });
        let (found, is_known) = found.await?;
        // Names that there cannot be are limited together.
        let name = name.map(|name| name.folded()).unwrap_or_default();
        let attempt = Attempt::new(side, name, visitor.address, is_known);
        if let Err(until) = self.attempts.count(&attempt, self.env.now()) {
            return Ok(SignInOutcome::Wait { until });
        }
        let hash = found.as_ref().and_then(|login| login.credentials.password.clone());
        let Ok(is_right) = self.passwords.matches(hash, password).await else {
            self.attempts.forgive(&attempt);
            return Ok(SignInOutcome::Busy);
        };
        let Some(login) = found.filter(|_| is_right) else { return Ok(SignInOutcome::Wrong) };
        self.attempts.forgive(&attempt);
        match (login.state(), &login.credentials.second_factor) {
            (LoginState::Active, Some(_)) => self.await_code(side, login),
            (LoginState::Active, None) => self.sign_in_without_code(login, visitor).await,
            (state, _) => Ok(SignInOutcome::Shut { state }),
        }
    }

    /// Remembers that the password was right.
    fn await_code(&self, side: Side, login: Login) -> Result<SignInOutcome, Error> {
        let pending = SecretToken::from_entropy(self.env.random_bytes()?);
        let (password, since) = (login.credentials.password, self.env.now());
        self.pending.add(pending.digest(), Pending { side, login: login.id, password, since });
        Ok(SignInOutcome::CodeNeeded { pending })
    }

    async fn sign_in_without_code(
        &self,
        login: Login,
        visitor: Visitor,
    ) -> Result<SignInOutcome, Error> {
        let token = SecretToken::from_entropy(self.env.random_bytes()?);
        let (now, digest, wakeups) = (self.env.now(), token.digest(), Arc::clone(&self.wakeups));
        let compared = (login.id, login.credentials.password.clone());
        let begun = self.write_as(&login, move |tx| {
            let login = unchanged(tx, compared.0, compared.1.as_ref())?;
            let without_code = |login: &Login| login.credentials.second_factor.is_none();
            let Some(mut login) = login.filter(without_code) else { return Ok(false) };
            begin_session(tx, &mut login, digest, &visitor, AuditAction::SignedIn, now)?;
            wakeups.deadlines_change_after(tx);
            Ok(true)
        });
        match begun.await? {
            true => Ok(SignInOutcome::SignedIn { token }),
            false => Ok(SignInOutcome::Wrong),
        }
    }

    /// Signs somebody in whose password was right, by a code of the second factor or a recovery
    /// code. [`SignInOutcome::Expired`] if the code was awaited for too long.
    pub async fn confirm_code(
        &self,
        side: Side,
        pending_text: &str,
        code: &str,
        visitor: Visitor,
    ) -> Result<SignInOutcome, Error> {
        let outcome = self.sign_in_by_code(side, pending_text, code, visitor).await?;
        self.counts.note_outcome(side, &outcome, self.env.now());
        Ok(outcome)
    }

    async fn sign_in_by_code(
        &self,
        side: Side,
        pending_text: &str,
        code: &str,
        visitor: Visitor,
    ) -> Result<SignInOutcome, Error> {
        let digest = SecretToken::from_text(pending_text).map(|pending| pending.digest());
        let known = digest.and_then(|digest| {
            Some((digest, self.pending.get(&digest, self.env.now()).filter(|it| it.side == side)?))
        });
        let Some((pending, Pending { login, password, .. })) = known else {
            return Ok(SignInOutcome::Expired);
        };
        let from = visitor.clone();
        let found = self.env.store.read(move |rows| with_client(rows, rows.login(login)?, &from));
        let (Some(login), is_known) = found.await? else { return Ok(SignInOutcome::Expired) };
        let attempt = Attempt::new(side, login.name.folded(), visitor.address, is_known);
        if let Err(until) = self.attempts.count(&attempt, self.env.now()) {
            return Ok(SignInOutcome::Wait { until });
        }
        let outcome = self.use_code_to_sign_in(login, password, code.to_owned(), visitor).await?;
        if let SignInOutcome::SignedIn { .. } = outcome {
            self.attempts.forgive(&attempt);
            self.pending.remove(&pending);
        }
        Ok(outcome)
    }

    async fn use_code_to_sign_in(
        &self,
        login: Login,
        password: Option<String>,
        code: String,
        visitor: Visitor,
    ) -> Result<SignInOutcome, Error> {
        let token = SecretToken::from_entropy(self.env.random_bytes()?);
        let (now, digest, wakeups) = (self.env.now(), token.digest(), Arc::clone(&self.wakeups));
        let id = login.id;
        let begun = self.write_as(&login, move |tx| {
            let Some(mut login) = unchanged(tx, id, password.as_ref())? else {
                return Ok(Err(SignInOutcome::Expired));
            };
            let factor = login.credentials.second_factor.as_mut();
            let action = match factor.and_then(|factor| factor.use_code(&code, now)) {
                Some(UsedCode::Device) => AuditAction::SignedIn,
                Some(UsedCode::Recovery) => AuditAction::UsedRecoveryCode,
                None => return Ok(Err(SignInOutcome::Wrong)),
            };
            begin_session(tx, &mut login, digest, &visitor, action, now)?;
            wakeups.deadlines_change_after(tx);
            Ok(Ok(()))
        });
        Ok(match begun.await? {
            Ok(()) => SignInOutcome::SignedIn { token },
            Err(outcome) => outcome,
        })
    }

    /// Begins a session for an operator whom a trusted proxy has signed in; `None` if there is no
    /// such operator, or one that is disabled.
    pub async fn sign_in_by_proxy(
        &self,
        name: &str,
        visitor: Visitor,
    ) -> Result<Option<SecretToken>, Error> {
        let Ok(name) = name.parse::<LoginName>() else { return Ok(None) };
        let found = self
            .env
            .store
            .read(move |rows| rows.login_named(Side::Console, name.as_str()))
            .await?
            .filter(|login| login.state() != LoginState::Disabled);
        let Some(login) = found else { return Ok(None) };
        let token = SecretToken::from_entropy(self.env.random_bytes()?);
        let (now, id, digest) = (self.env.now(), login.id, token.digest());
        let wakeups = Arc::clone(&self.wakeups);
        let begun = self.write_as(&login, move |tx| {
            let is_on = |login: &Login| login.state() != LoginState::Disabled;
            let Some(mut login) = tx.login(id)?.filter(is_on) else { return Ok(false) };
            begin_session(tx, &mut login, digest, &visitor, AuditAction::SignedIn, now)?;
            wakeups.deadlines_change_after(tx);
            Ok(true)
        });
        Ok(begun.await?.then_some(token))
    }
}
