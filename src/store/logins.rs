//! The logins of people who sign in, and the links with which they set their passwords.

use std::fmt;

use rusqlite::params;
use rusqlite::types::ValueRef;

use super::engine::{Row, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::login::{LoginKind, LoginName, LoginState, Preferences, SecondFactor, Side};
use crate::domain::totp::{Step, TotpSecret};
use crate::domain::{AccountId, LoginId, Timestamp};

/// A login with what it signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub id: LoginId,
    pub name: LoginName,
    pub kind: LoginKind,
    /// The name of the customer's account.
    pub account_name: Option<String>,
    /// Whether the customer's account is suspended.
    pub is_suspended: bool,
    pub credentials: Credentials,
    /// How often it has signed in since its last link.
    pub sign_ins: u32,
    pub signed_in_at: Option<Timestamp>,
    pub preferences: Preferences,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    /// Until when its link can be used, if it has one.
    pub invited_until: Option<Timestamp>,
    /// How many sessions it has, as far as they have not been removed.
    pub sessions: u32,
}

/// What somebody signs in with. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// The hash of the password, as a PHC string; `None` until it is set by a link.
    pub password: Option<String>,
    pub second_factor: Option<SecondFactor>,
    /// A secret that was shown and not yet confirmed by a code.
    pub offered_secret: Option<TotpSecret>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Login {
    /// Whether it lets anybody in.
    pub fn state(&self) -> LoginState {
        match () {
            () if self.disabled_at.is_some() => LoginState::Disabled,
            () if self.is_suspended => LoginState::Suspended,
            () if self.credentials.password.is_none() => LoginState::Invited,
            () => LoginState::Active,
        }
    }
}

const LOGIN: &str = "SELECT l.id, l.name, l.role, l.account_id, a.name, a.suspended_at IS NOT \
                     NULL, l.password, l.totp_secret, l.totp_step, l.recovery_codes, \
                     l.offered_secret, l.sign_ins, l.signed_in_at, l.time_zone, l.theme, l.sound, \
                     l.shortcuts, l.created_at, l.disabled_at, (SELECT expires_at FROM invite i \
                     WHERE i.login_id = l.id), (SELECT count(*) FROM session s WHERE s.login_id = \
                     l.id) FROM login l LEFT JOIN account a ON a.id = l.account_id";

/// A condition for the logins of a side, which has an index for its names.
fn of_side(side: Side) -> &'static str {
    match side {
        Side::Console => "l.role IS NOT NULL",
        Side::Portal => "l.account_id IS NOT NULL",
    }
}

fn login(row: &Row<'_>) -> rusqlite::Result<Login> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<Option<i64>>(column)?.map(Timestamp));
    let kind = match row.get_ref(2)? {
        ValueRef::Null => LoginKind::Customer(AccountId(row.get(3)?)),
        _ => LoginKind::Operator(parsed(row, 2)?),
    };
    let preferences = Preferences {
        time_zone: parsed(row, 13)?,
        theme: parsed(row, 14)?,
        sound: row.get(15)?,
        shortcuts: row.get(16)?,
    };
    Ok(Login {
        id: LoginId(row.get(0)?),
        name: LoginName::from_stored(row.get::<String>(1)?),
        kind,
        account_name: row.get(4)?,
        is_suspended: row.get(5)?,
        credentials: Credentials {
            password: row.get(6)?,
            second_factor: second_factor(row)?,
            offered_secret: secret(row, 10)?,
        },
        sign_ins: row.get(11)?,
        signed_in_at: time(12)?,
        preferences,
        created_at: Timestamp(row.get(17)?),
        disabled_at: time(18)?,
        invited_until: time(19)?,
        sessions: row.get(20)?,
    })
}

fn secret(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<TotpSecret>> {
    Ok(row.get::<Option<[u8; 20]>>(column)?.map(TotpSecret::from_stored))
}

fn second_factor(row: &Row<'_>) -> rusqlite::Result<Option<SecondFactor>> {
    let Some(secret) = secret(row, 7)? else { return Ok(None) };
    let (digests, _) = row.get_ref(9)?.as_blob()?.as_chunks::<32>();
    let last_step = row.get::<Option<i64>>(8)?.map(Step);
    Ok(Some(SecondFactor { secret, last_step, recovery_codes: digests.to_vec() }))
}

impl ReadTx<'_> {
    /// The logins of a side, oldest first.
    pub fn logins(&self, side: Side) -> Result<Vec<Login>, StoreError> {
        self.all(&format!("{LOGIN} WHERE {} ORDER BY l.id", of_side(side)), [], login)
    }

    /// The logins of an account, oldest first.
    pub fn logins_of(&self, account: AccountId) -> Result<Vec<Login>, StoreError> {
        self.all(&format!("{LOGIN} WHERE l.account_id = $1 ORDER BY l.id"), [account.0], login)
    }

    pub fn login(&self, id: LoginId) -> Result<Option<Login>, StoreError> {
        self.first(&format!("{LOGIN} WHERE l.id = $1"), [id.0], login)
    }

    /// The login of a side with this name, in whatever letters.
    pub fn login_named(&self, side: Side, name: &str) -> Result<Option<Login>, StoreError> {
        let sql = format!("{LOGIN} WHERE l.name = $1 COLLATE NOCASE AND {}", of_side(side));
        self.first(&sql, [name], login)
    }

    /// The login whose link this is, by the link's digest, unless the link is too old.
    pub fn login_of_invite(
        &self,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Login>, StoreError> {
        let sql = format!(
            "{LOGIN} WHERE l.id = (SELECT login_id FROM invite WHERE digest = $1 AND expires_at > \
             $2)"
        );
        self.first(&sql, params![digest, now.0], login)
    }

    /// When the link ends that ends first.
    pub fn next_invite_end(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT expires_at FROM invite ORDER BY expires_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }
}

impl WriteTx<'_> {
    /// Adds a login without a password.
    pub fn add_login(
        &self,
        name: &LoginName,
        kind: LoginKind,
        now: Timestamp,
    ) -> Result<LoginId, StoreError> {
        let sql = "INSERT INTO login (name, role, account_id, created_at) VALUES ($1, $2, $3, $4)";
        let (role, account) = (kind.role(), kind.account());
        let values =
            params![name.as_str(), role.map(|it| it.as_str()), account.map(|it| it.0), now.0];
        Ok(LoginId(self.insert(sql, values)?))
    }

    /// Saves what can change of a login: its role, what it signs in with, how often and when it has
    /// done that, its preferences, and whether it was switched off.
    pub fn save_login(&self, login: &Login) -> Result<(), StoreError> {
        let sql = "UPDATE login SET role = $1, password = $2, totp_secret = $3, totp_step = $4, \
                   recovery_codes = $5, offered_secret = $6, sign_ins = $7, signed_in_at = $8, \
                   time_zone = $9, theme = $10, sound = $11, shortcuts = $12, disabled_at = $13 \
                   WHERE id = $14";
        let Credentials { password, second_factor, offered_secret } = &login.credentials;
        let second_factor = second_factor.as_ref();
        let codes = second_factor.map(|it| it.recovery_codes.concat()).unwrap_or_default();
        let Preferences { time_zone, theme, sound, shortcuts } = login.preferences;
        let values = params![
            login.kind.role().map(|role| role.as_str()),
            password,
            second_factor.map(|it| it.secret.bytes()),
            second_factor.and_then(|it| it.last_step).map(|step| step.0),
            codes,
            offered_secret.as_ref().map(TotpSecret::bytes),
            login.sign_ins,
            login.signed_in_at.map(|at| at.0),
            time_zone.as_str(),
            theme.as_str(),
            sound,
            shortcuts,
            login.disabled_at.map(|at| at.0),
            login.id.0
        ];
        self.change_one(sql, values, "login", login.id)
    }

    /// Removes a login with its sessions and its link.
    pub fn remove_login(&self, id: LoginId) -> Result<(), StoreError> {
        self.change("DELETE FROM login WHERE id = $1", [id.0])
    }

    /// Removes the logins of an account with their sessions and links.
    pub fn remove_logins_of(&self, account: AccountId) -> Result<(), StoreError> {
        self.change("DELETE FROM login WHERE account_id = $1", [account.0])
    }

    /// Gives a login a link, in place of the one that it has.
    pub fn set_invite(
        &self,
        login: LoginId,
        digest: &[u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO invite (digest, login_id, created_at, expires_at) VALUES ($1, $2, \
                   $3, $4) ON CONFLICT (login_id) DO UPDATE SET digest = excluded.digest, \
                   created_at = excluded.created_at, expires_at = excluded.expires_at";
        self.change(sql, params![digest, login.0, now.0, expires_at.0])
    }

    /// Removes the link of a login, because it was used.
    pub fn remove_invite(&self, login: LoginId) -> Result<(), StoreError> {
        self.change("DELETE FROM invite WHERE login_id = $1", [login.0])
    }

    /// Removes at most `limit` links that ended at `until` or before. Returns how many.
    pub fn purge_invites(&self, until: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM invite WHERE login_id IN (SELECT login_id FROM invite WHERE \
                   expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        self.change_counted(sql, [until.0, limit])
    }
}
