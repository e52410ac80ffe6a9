//! What somebody changes of the own login: password, second factor, preferences.

use super::attempts::Attempt;
use super::{AttemptResult, People, SignedIn, Visitor};
use crate::domain::Timestamp;
use crate::domain::audit::AuditAction;
use crate::domain::login::{
    PasswordFault, Preferences, RecoveryCode, RecoveryCodes, SecondFactor, check_password,
};
use crate::domain::totp::{TotpSecret, is_code};
use crate::gateway::Error;
use crate::store::Login;

/// Why somebody has not proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofRefusal {
    /// The password or the code is wrong.
    Wrong,
    /// There were too many wrong attempts. The next one may come at this time.
    Wait { until: Timestamp },
    /// Too many sign in at this moment.
    Busy,
}

/// Why a password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordRefusal {
    /// The old password was not proved.
    Old(ProofRefusal),
    /// The new password is not accepted.
    New(PasswordFault),
    /// Too many sign in at this moment.
    Busy,
}

impl People {
    /// Has somebody prove again who it is, by the password or by a code of the second factor.
    pub async fn prove(
        &self,
        by: &SignedIn,
        password_or_code: String,
        visitor: &Visitor,
    ) -> Result<Result<(), ProofRefusal>, Error> {
        let attempt = match self.count_attempt(by, visitor) {
            Ok(attempt) => attempt,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let proved = match by.has_second_factor && is_code(&password_or_code) {
            true => Ok(self.prove_by_code(by, password_or_code).await?),
            false => self.prove_by_password(by, password_or_code).await?,
        };
        if proved != Ok(false) {
            self.attempts.forgive(&attempt);
        }
        match proved {
            Ok(true) => {}
            Ok(false) => return Ok(Err(ProofRefusal::Wrong)),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let (now, session) = (self.env.now(), by.session);
        let noted = self.change_own_if(by, None, move |tx, _| {
            tx.note_proof(session, now)?;
            Ok(true)
        });
        noted.await.map(|_| Ok(()))
    }

    /// Counts an attempt from where somebody has signed in.
    fn count_attempt(&self, by: &SignedIn, visitor: &Visitor) -> Result<Attempt, ProofRefusal> {
        let attempt = Attempt::new(by.kind.side(), by.name.folded(), visitor.address, true);
        match self.attempts.count(&attempt, self.env.now()) {
            Ok(()) => Ok(attempt),
            Err(until) => {
                self.counts.note(by.kind.side(), AttemptResult::Limited, self.env.now());
                Err(ProofRefusal::Wait { until })
            }
        }
    }

    async fn prove_by_code(&self, by: &SignedIn, code: String) -> Result<bool, Error> {
        let now = self.env.now();
        let used = self.change_own_if(by, None, move |tx, login| {
            let factor = login.credentials.second_factor.as_mut();
            let is_right = factor.and_then(|factor| factor.use_code(&code, now)).is_some();
            tx.save_login(login)?;
            Ok(is_right)
        });
        used.await
    }

    async fn prove_by_password(
        &self,
        by: &SignedIn,
        password: String,
    ) -> Result<Result<bool, ProofRefusal>, Error> {
        let hash = self.own_login(by).await?.credentials.password;
        Ok(self.passwords.matches(hash, password).await.map_err(|_| ProofRefusal::Busy))
    }

    /// Changes somebody's own password, which ends all other sessions.
    pub async fn change_password(
        &self,
        by: &SignedIn,
        old: String,
        new: String,
        visitor: &Visitor,
    ) -> Result<Result<(), PasswordRefusal>, Error> {
        if let Err(fault) = check_password(by.kind.side(), &by.name, &new) {
            return Ok(Err(PasswordRefusal::New(fault)));
        }
        let attempt = match self.count_attempt(by, visitor) {
            Ok(attempt) => attempt,
            Err(refusal) => return Ok(Err(PasswordRefusal::Old(refusal))),
        };
        match self.prove_by_password(by, old).await? {
            Ok(true) => self.attempts.forgive(&attempt),
            Ok(false) => return Ok(Err(PasswordRefusal::Old(ProofRefusal::Wrong))),
            Err(refusal) => {
                self.attempts.forgive(&attempt);
                return Ok(Err(PasswordRefusal::Old(refusal)));
            }
        }
        let Ok(hash) = self.passwords.hash(new, self.env.random_bytes()?).await else {
            return Ok(Err(PasswordRefusal::Busy));
        };
        let (hash, session, now) = (hash?, by.session, self.env.now());
        let changed = self.change_own(by, AuditAction::ChangedPassword, move |tx, login| {
            login.credentials.password = Some(hash);
            tx.save_login(login)?;
            tx.remove_sessions_of(login.id, Some(session))?;
            Ok(tx.note_proof(session, now)?)
        });
        changed.await.map(Ok)
    }

    /// Begins to add a second factor, or to replace the one that there is: makes a secret, which
    /// [`People::confirm_second_factor`] puts to use.
    pub async fn begin_second_factor(&self, by: &SignedIn) -> Result<TotpSecret, Error> {
        let secret = TotpSecret::from_entropy(self.env.random_bytes()?);
        let offered = self.change_own_if(by, None, move |tx, login| {
            login.credentials.offered_secret = Some(secret);
            tx.save_login(login)?;
            Ok(true)
        });
        offered.await?;
        Ok(secret)
    }

    /// The secret that was made by [`People::begin_second_factor`] and not yet put to use, to be
    /// shown again after a wrong code.
    pub async fn offered_second_factor(&self, by: &SignedIn) -> Result<Option<TotpSecret>, Error> {
        Ok(self.own_login(by).await?.credentials.offered_secret)
    }

    /// Puts a second factor to use whose device shows the right code. Answers its recovery codes,
    /// which are shown once; `None` if the code is wrong, or no secret was made before.
    pub async fn confirm_second_factor(
        &self,
        by: &SignedIn,
        code: String,
    ) -> Result<Option<RecoveryCodes>, Error> {
        let (now, codes) = (self.env.now(), self.new_recovery_codes()?);
        let digests = digests(&codes);
        let action = AuditAction::AddedSecondFactor;
        let added = self.change_own_if(by, Some(action), move |tx, login| {
            let Some(secret) = login.credentials.offered_secret else { return Ok(false) };
            let Some(step) = secret.step_of(&code, now, None) else { return Ok(false) };
            login.credentials.offered_secret = None;
            login.credentials.second_factor =
                Some(SecondFactor { secret, last_step: Some(step), recovery_codes: digests });
            tx.save_login(login)?;
            Ok(true)
        });
        Ok(added.await?.then_some(codes))
    }

    /// Replaces somebody's recovery codes; `None` if there is no second factor.
    pub async fn replace_recovery_codes(
        &self,
        by: &SignedIn,
    ) -> Result<Option<RecoveryCodes>, Error> {
        let codes = self.new_recovery_codes()?;
        let digests = digests(&codes);
        let action = AuditAction::ReplacedRecoveryCodes;
        let replaced = self.change_own_if(by, Some(action), move |tx, login| {
            let Some(factor) = &mut login.credentials.second_factor else { return Ok(false) };
            factor.recovery_codes = digests;
            tx.save_login(login)?;
            Ok(true)
        });
        Ok(replaced.await?.then_some(codes))
    }

    /// How many recovery codes somebody has left.
    pub async fn recovery_codes_left(&self, by: &SignedIn) -> Result<usize, Error> {
        let factor = self.own_login(by).await?.credentials.second_factor;
        Ok(factor.map_or(0, |factor| factor.recovery_codes.len()))
    }

    /// Takes somebody's second factor away.
    pub async fn remove_second_factor(&self, by: &SignedIn) -> Result<(), Error> {
        let removed = self.change_own(by, AuditAction::RemovedSecondFactor, |tx, login| {
            login.credentials.second_factor = None;
            login.credentials.offered_secret = None;
            Ok(tx.save_login(login)?)
        });
        removed.await
    }

    /// Sets how somebody wants the pages to be.
    pub async fn set_preferences(
        &self,
        by: &SignedIn,
        preferences: Preferences,
    ) -> Result<(), Error> {
        let set = self.change_own_if(by, None, move |tx, login: &mut Login| {
            login.preferences = preferences;
            tx.save_login(login)?;
            Ok(true)
        });
        set.await.map(drop)
    }

    fn new_recovery_codes(&self) -> Result<RecoveryCodes, Error> {
        let random = [self.env.random_bytes()?, self.env.random_bytes()?];
        Ok(RecoveryCodes::from_entropy(random))
    }
}

fn digests(RecoveryCodes(codes): &RecoveryCodes) -> Vec<[u8; 32]> {
    codes.iter().map(RecoveryCode::digest).collect()
}
