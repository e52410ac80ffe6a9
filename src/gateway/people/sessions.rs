//! Sessions: looked up for each request, listed and ended.

use std::sync::Arc;

use tokio::sync::watch;

use super::{People, note_own};
use crate::domain::audit::AuditAction;
use crate::domain::login::{
    LoginKind, LoginName, LoginState, PROOF_LASTS, Permission, Preferences, Side,
};
use crate::domain::{AccountId, LoginId, SessionId, Timestamp};
use crate::gateway::Error;
use crate::gateway::session_cache::{KnownSession, Whose};
use crate::store::{Login, Session, StoreError, WriteTx};

/// Who has signed in, as a request needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub login: LoginId,
    pub name: LoginName,
    pub kind: LoginKind,
    pub session: SessionId,
    /// The customer's account with its name.
    pub account: Option<(AccountId, String)>,
    /// When the person gave the password or a code last.
    pub proven_at: Timestamp,
    pub has_second_factor: bool,
    /// Whether nothing else may be done before a second factor has been added.
    pub must_add_second_factor: bool,
    pub preferences: Preferences,
}

impl SignedIn {
    fn of(known: &KnownSession, is_second_factor_required: bool) -> SignedIn {
        let login = &known.login;
        let has_second_factor = login.credentials.second_factor.is_some();
        let is_asked = login.kind.role().is_some_and(|role| role.needs_second_factor());
        // At the first time, people look around.
        let must_add = is_second_factor_required && is_asked && login.sign_ins > 1;
        SignedIn {
            login: login.id,
            name: login.name.clone(),
            kind: login.kind,
            session: known.session.id,
            account: login.kind.account().zip(login.account_name.clone()),
            proven_at: known.session.proven_at,
            has_second_factor,
            must_add_second_factor: must_add && !has_second_factor,
            preferences: login.preferences,
        }
    }

    /// Whether an operator may do this. A customer may do what the portal offers.
    pub fn may(&self, permission: Permission) -> bool {
        self.kind.role().is_some_and(|role| role.may(permission))
    }

    /// Whether the person has proved who it is so recently that nothing more is asked before money
    /// is moved, keys are made or people let in.
    pub fn has_fresh_proof(&self, now: Timestamp) -> bool {
        now < self.proven_at.plus(PROOF_LASTS)
    }
}

/// A session, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    pub id: SessionId,
    pub since: Timestamp,
    /// When it was used last, at most ten minutes late.
    pub last: Timestamp,
    /// From where the person signed in, while that is kept.
    pub address: Option<String>,
    pub browser: String,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl SessionView {
    /// A session, seen from the one that asks.
    pub(in crate::gateway) fn of(session: Session, asking: Option<SessionId>) -> SessionView {
        SessionView {
            id: session.id,
            since: session.created_at,
            last: session.seen_at,
            address: session.address,
            browser: session.browser,
            is_current: asking == Some(session.id),
        }
    }
}

impl People {
    /// Who has signed in with the session whose secret has this SHA-256; `None` if it has ended, or
    /// its login or account is shut out. Counts as a use of the session.
    pub async fn session(
        &self,
        side: Side,
        token_digest: [u8; 32],
    ) -> Result<Option<SignedIn>, Error> {
        let known = match self.cache.session(&token_digest) {
            Ok(known) => Some(known),
            Err(generation) => {
                let found = self.read_session(token_digest).await?.map(Arc::new);
                if let Some(known) = &found {
                    self.cache.remember(token_digest, Arc::clone(known), generation);
                }
                found
            }
        };
        let now = self.env.now();
        let is_current =
            |known: &Arc<KnownSession>| known.login.kind.side() == side && now < known.ends_at();
        let Some(known) = known.filter(is_current) else { return Ok(None) };
        if known.note_use(now) {
            self.save_use(&known, now);
        }
        Ok(Some(SignedIn::of(&known, self.env.settings().require_second_factor)))
    }

    async fn read_session(&self, digest: [u8; 32]) -> Result<Option<KnownSession>, StoreError> {
        let read = self.env.store.read(move |rows| {
            let Some(session) = rows.session_by_digest(&digest)? else { return Ok(None) };
            let is_let_in = |login: &Login| {
                !matches!(login.state(), LoginState::Disabled | LoginState::Suspended)
            };
            let login = rows.login(session.login)?.filter(is_let_in);
            Ok::<_, StoreError>(login.map(|login| KnownSession::new(session, login)))
        });
        read.await
    }

    /// Writes that a session was used, without holding the request up.
    fn save_use(&self, known: &KnownSession, now: Timestamp) {
        let (store, id, ends_at) = (self.env.store.clone(), known.session.id, known.ends_at());
        tokio::spawn(async move {
            // When the database cannot be written, others tell.
            let _ = store.write(move |tx| tx.note_session_use(id, now, ends_at)).await;
        });
    }

    /// Notified of each change of what sessions open, for streams that are open.
    pub fn follow_sessions(&self) -> watch::Receiver<()> {
        self.cache.follow()
    }

    /// Signs somebody out on the browser that the request came from.
    pub async fn sign_out(&self, by: &SignedIn) -> Result<(), Error> {
        let session = by.session;
        let ended = self
            .change_own(by, AuditAction::SignedOut, move |tx, _| Ok(tx.remove_session(session)?));
        ended.await
    }

    /// Somebody's own sessions, the newest first, without those that have ended.
    pub async fn sessions(&self, by: &SignedIn) -> Result<Vec<SessionView>, Error> {
        let (now, login, current) = (self.env.now(), by.login, by.session);
        let mut sessions = self.env.store.read(move |rows| rows.sessions(login)).await?;
        sessions.retain(|session| now < session.ends_at || session.id == current);
        sessions.reverse();
        let views = sessions.into_iter().map(|session| SessionView::of(session, Some(current)));
        Ok(views.collect())
    }

    /// The sessions of an account's people, each with the name of its login, the newest first,
    /// without those that have ended.
    pub async fn sessions_of_account(
        &self,
        account: AccountId,
    ) -> Result<Vec<(LoginName, SessionView)>, Error> {
        let now = self.env.now();
        let read = self.env.store.read(move |rows| {
            let mut all = Vec::new();
            for login in rows.logins_of(account)? {
                let open = rows.sessions(login.id)?.into_iter();
                let open = open.filter(|session| now < session.ends_at);
                let named = |session| (login.name.clone(), SessionView::of(session, None));
                all.extend(open.map(named));
            }
            Ok::<_, StoreError>(all)
        });
        let mut all = read.await?;
        all.sort_by_key(|(_, session)| std::cmp::Reverse(session.since));
        Ok(all)
    }

    /// Ends one of somebody's own sessions. Answers whether there was such a one.
    pub async fn end_session(&self, by: &SignedIn, id: SessionId) -> Result<bool, Error> {
        let login = by.login;
        let found = self.env.store.read(move |rows| rows.session(id)).await?;
        if found.is_none_or(|session| session.login != login) {
            return Ok(false);
        }
        let ended =
            self.change_own(by, AuditAction::EndedSession, move |tx, _| Ok(tx.remove_session(id)?));
        ended.await.map(|()| true)
    }

    /// Changes somebody's own login, notes that, and has its sessions looked up again.
    pub(super) async fn change_own(
        &self,
        by: &SignedIn,
        action: AuditAction<'static>,
        change: impl FnOnce(&WriteTx<'_>, &mut Login) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let done = self.change_own_if(by, Some(action), move |tx, login| {
            change(tx, login)?;
            Ok(true)
        });
        done.await.map(drop)
    }

    /// As [`People::change_own`], for a change that is made or not. Answers whether it was.
    pub(super) async fn change_own_if(
        &self,
        by: &SignedIn,
        action: Option<AuditAction<'static>>,
        change: impl FnOnce(&WriteTx<'_>, &mut Login) -> Result<bool, Error> + Send + 'static,
    ) -> Result<bool, Error> {
        let (now, id, cache) = (self.env.now(), by.login, Arc::clone(&self.cache));
        let login = self.own_login(by).await?;
        let changed = self.write_as(&login, move |tx| {
            let mut login = tx.login(id)?.ok_or_else(gone)?;
            let is_changed = change(tx, &mut login)?;
            if is_changed {
                cache.forget_after(tx, Whose::Login(id));
                action.map_or(Ok(()), |action| note_own(tx, action, &login, None, now))?;
            }
            Ok(is_changed)
        });
        changed.await
    }

    /// The login of somebody who has signed in.
    pub(super) async fn own_login(&self, by: &SignedIn) -> Result<Login, Error> {
        let id = by.login;
        self.env.store.read(move |rows| rows.login(id)).await?.ok_or_else(gone)
    }
}

fn gone() -> Error {
    Error::refused("this login was removed")
}
