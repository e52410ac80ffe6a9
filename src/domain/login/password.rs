//! Which passwords are accepted. How they are hashed is in `gateway::people`.

use super::{LoginName, Side};
use crate::domain::text::folded;

/// The fewest characters of an operator's password.
const LEAST_OF_OPERATOR: usize = 12;
/// The fewest characters of a customer's password.
const LEAST_OF_CUSTOMER: usize = 10;
/// The most characters of a password.
const MOST: usize = 256;
/// A thousand of the commonest passwords that are long enough, one on each line, in small letters.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("a password has at least {least} characters")]
    TooShort { least: usize },
    #[error("a password has at most {MOST} characters")]
    TooLong,
    #[error("a password is not the name with which one signs in; choose another one")]
    IsName,
    #[error("this password is one of those that are tried first; choose another one")]
    IsCommon,
}

/// Checks a password that somebody wants to sign in with. No characters are asked for that it must
/// have: length keeps a password from being guessed, rules make it predictable.
pub fn check_password(side: Side, name: &LoginName, password: &str) -> Result<(), PasswordFault> {
    let least = match side {
        Side::Console => LEAST_OF_OPERATOR,
        Side::Portal => LEAST_OF_CUSTOMER,
    };
    let length = password.chars().count();
    let plain = folded(password);
    match () {
        () if length < least => Err(PasswordFault::TooShort { least }),
        () if length > MOST => Err(PasswordFault::TooLong),
        () if plain.replace(&name.folded(), "").is_empty() => Err(PasswordFault::IsName),
        () if COMMON.lines().any(|common| common == plain) => Err(PasswordFault::IsCommon),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn passwords_are_judged_by_their_length_the_name_and_the_commonest() {
        let ann = LoginName::from_stored("Ann");
        let short = |least| Err(PasswordFault::TooShort { least });
        for (password, console, portal) in [
            ("", short(12), short(10)),
            ("kfjehwgqp", short(12), short(10)),
            ("kfjehwgqpx", short(12), Ok(())),
            ("kfjehwgqpxzv", Ok(()), Ok(())),
            ("пароль из слов", Ok(()), Ok(())),
            ("annAnnANNann", Err(PasswordFault::IsName), Err(PasswordFault::IsName)),
            ("Password1234", Err(PasswordFault::IsCommon), Err(PasswordFault::IsCommon)),
            ("qwertyuiop", short(12), Err(PasswordFault::IsCommon)),
        ] {
            assert_eq!(check_password(Side::Console, &ann, password), console, "{password}");
            assert_eq!(check_password(Side::Portal, &ann, password), portal, "{password}");
        }
        assert_eq!(check_password(Side::Portal, &ann, &"é".repeat(MOST)), Ok(()));
        let long = "é".repeat(MOST + 1);
        assert_eq!(check_password(Side::Portal, &ann, &long), Err(PasswordFault::TooLong));
    }

    #[test]
    fn the_commonest_passwords_are_a_thousand_that_length_alone_would_let_through() {
        let common: BTreeSet<&str> = COMMON.lines().collect();
        assert_eq!((common.len(), COMMON.lines().count()), (1000, 1000), "each once");
        for password in common {
            assert_eq!(folded(password), password, "in small letters");
            assert!(password.chars().count() >= LEAST_OF_CUSTOMER, "{password}");
        }
    }
}
