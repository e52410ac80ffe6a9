//! People who sign in: operators to the console, customers to the portal. Who they are, what each
//! may do, and how their passwords, sessions and second factors are judged.

mod password;
mod preferences;
mod recovery;
mod second_factor;
mod session;
mod token;

use std::fmt;
use std::str::FromStr;

use super::{AccountId, UnknownWord};
pub use password::{PasswordFault, check_password};
pub use preferences::{Preferences, Theme, TimeZone};
pub use recovery::{RECOVERY_CODES, RecoveryCode, RecoveryCodes};
pub use second_factor::{SecondFactor, UsedCode};
pub use session::{Lifetime, PROOF_LASTS, SEEN_SAVED_EVERY};
pub use token::SecretToken;

/// The most characters that a login's name has.
const MAX_NAME: usize = 64;

/// The two web sides that people sign in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The operators' pages.
    Console,
    /// The customers' pages.
    Portal,
}

impl Side {
    /// The word in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Console => "console",
            Side::Portal => "portal",
        }
    }
}

/// What an operator is trusted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May do everything, also invite other operators.
    Owner,
    /// May do all of the daily work.
    Operator,
    /// May look, without seeing the texts of messages and whole numbers.
    Viewer,
}

impl Role {
    /// All roles, from the one that may do most.
    pub const ALL: [Role; 3] = [Role::Owner, Role::Operator, Role::Viewer];

    /// The word in the database, in commands and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Operator => "operator",
            Role::Viewer => "viewer",
        }
    }

    /// Whether an operator of this role may do something.
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Look => true,
            Permission::SeeTexts | Permission::Act => self != Role::Viewer,
            Permission::ManagePeople | Permission::Backup | Permission::Configure => {
                self == Role::Owner
            }
        }
    }

    /// Whether a second factor is asked of operators of this role.
    pub fn needs_second_factor(self) -> bool {
        self.may(Permission::Act)
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Role, UnknownWord> {
        Role::ALL.into_iter().find(|role| role.as_str() == word).ok_or(UnknownWord)
    }
}

/// What a page shows or does, as far as not everybody may see or do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Seeing states, figures and lists.
    Look,
    /// Seeing the texts of messages and whole numbers.
    SeeTexts,
    /// Changing something of the site.
    Act,
    /// Inviting operators, changing their roles and shutting them out.
    ManagePeople,
    /// Taking a copy of the database.
    Backup,
    /// Having the configuration read again.
    Configure,
}

impl Permission {
    /// All permissions, in the order of this enum.
    pub const ALL: [Permission; 6] = [
        Permission::Look,
        Permission::SeeTexts,
        Permission::Act,
        Permission::ManagePeople,
        Permission::Backup,
        Permission::Configure,
    ];
}

/// Whose login it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginKind {
    /// An operator's, for the console.
    Operator(Role),
    /// One of an account's, for the portal. All logins of an account may do the same.
    Customer(AccountId),
}

impl LoginKind {
    /// The side that it signs in to.
    pub fn side(self) -> Side {
        match self {
            LoginKind::Operator(_) => Side::Console,
            LoginKind::Customer(_) => Side::Portal,
        }
    }

    /// The operator's role.
    pub fn role(self) -> Option<Role> {
        match self {
            LoginKind::Operator(role) => Some(role),
            LoginKind::Customer(_) => None,
        }
    }

    /// The customer's account.
    pub fn account(self) -> Option<AccountId> {
        match self {
            LoginKind::Operator(_) => None,
            LoginKind::Customer(account) => Some(account),
        }
    }
}

/// Whether a login lets anybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginState {
    /// It has no password yet, or not any more: its link was not used.
    Invited,
    Active,
    /// It was switched off.
    Disabled,
    /// Its account is suspended.
    Suspended,
}

impl LoginState {
    /// All states, in the order of this enum.
    pub const ALL: [LoginState; 4] =
        [LoginState::Invited, LoginState::Active, LoginState::Disabled, LoginState::Suspended];

    /// The word in lists and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            LoginState::Invited => "invited",
            LoginState::Active => "active",
            LoginState::Disabled => "disabled",
            LoginState::Suspended => "suspended",
        }
    }
}

/// The name with which somebody signs in. On each side no two names differ only in small and
/// capital letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginName(String);

/// The error for a text that cannot be the name of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a login has 1 to {MAX_NAME} characters, at least one of them a letter: letters \
     and digits of ASCII and . _ - @ +"
)]
pub struct NotALoginName;

impl LoginName {
    /// A name of the database.
    pub fn from_stored(name: impl Into<String>) -> LoginName {
        LoginName(name.into())
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without the difference between small and capital letters.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LoginName {
    type Err = NotALoginName;

    /// A name as somebody types it; spaces around it do not count.
    fn from_str(text: &str) -> Result<LoginName, NotALoginName> {
        let name = text.trim();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
        let has_letter = name.chars().any(|c| c.is_ascii_alphabetic());
        match has_letter && name.len() <= MAX_NAME && name.chars().all(is_allowed) {
            true => Ok(LoginName(name.to_owned())),
            false => Err(NotALoginName),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_its_work_needs() {
        use Permission::{Act, Look, SeeTexts};
        let allowed = |role: Role| -> Vec<Permission> {
            Permission::ALL.into_iter().filter(|permission| role.may(*permission)).collect()
        };
        assert_eq!(allowed(Role::Owner), Permission::ALL);
        assert_eq!(allowed(Role::Operator), [Look, SeeTexts, Act]);
        assert_eq!(allowed(Role::Viewer), [Look]);
        assert_eq!(Role::ALL.map(Role::needs_second_factor), [true, true, false]);
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("Owner".parse::<Role>(), Err(UnknownWord));
    }

    #[test]
    fn a_name_can_be_typed_on_every_keyboard_and_is_no_id() {
        for (text, name) in [
            ("ann", Some("ann")),
            (" Ann.B_c-d+7@example.com ", Some("Ann.B_c-d+7@example.com")),
            ("7a", Some("7a")),
            ("7", None),
            ("", None),
            ("a b", None),
            ("änn", None),
            ("ann\u{200b}", None),
        ] {
            assert_eq!(text.parse::<LoginName>().ok().as_ref().map(LoginName::as_str), name);
        }
        assert!("a".repeat(MAX_NAME).parse::<LoginName>().is_ok());
        assert_eq!("a".repeat(MAX_NAME + 1).parse::<LoginName>(), Err(NotALoginName));
        assert_eq!("Ann".parse::<LoginName>().unwrap().folded(), "ann");
    }
}
