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

/// A piece of at most so many characters makes no password by being repeated.
const LONGEST_PIECE: usize = 4;
/// How often a password that is a run of neighbours may begin another one.
const MOST_LEAPS: usize = 2;
/// The letters of keyboards, row by row.
const ROWS: [&str; 5] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop"];
/// What a password may not be made of, beside the name: what it opens.
const SERVICE: &str = "simbridge";

/// Why a password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("a password has at least {least} characters")]
    TooShort { least: usize },
    #[error("a password has at most {MOST} characters")]
    TooLong,
    #[error("a password is more than a name with digits; choose another one")]
    IsName,
    /// It is one of the commonest, or made as these are (NIST SP 800-63B, section 3.1.1.2).
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
        () if is_only(&plain, &[&name.folded(), SERVICE]) => Err(PasswordFault::IsName),
        () if COMMON.lines().any(|common| common == plain) => Err(PasswordFault::IsCommon),
        () if is_repetition(&plain) || is_run(&plain) => Err(PasswordFault::IsCommon),
        () => Ok(()),
    }
}

/// Whether a text is made of these words, and of no other letters.
fn is_only(text: &str, words: &[&str]) -> bool {
    let rest = words.iter().fold(text.to_owned(), |rest, word| rest.replace(word, ""));
    rest.len() < text.len() && !rest.chars().any(char::is_alphabetic)
}

/// Whether a text is a short piece again and again.
fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=LONGEST_PIECE).any(|piece| chars.iter().zip(chars.iter().skip(piece)).all(|(a, b)| a == b))
}

/// Whether a text slides along the alphabet, the digits or the rows of a keyboard.
fn is_run(text: &str) -> bool {
    let steps = text.chars().zip(text.chars().skip(1));
    steps.filter(|(a, b)| !are_neighbours(*a, *b)).count() <= MOST_LEAPS
}

fn are_neighbours(a: char, b: char) -> bool {
    let is_next = |a, b| ROWS.iter().any(|row| row.contains(&String::from_iter([a, b])));
    let is_beside = u32::from(a).abs_diff(u32::from(b)) <= 1;
    is_beside || is_next(a, b) || is_next(b, a) || matches!((a, b), ('9', '0') | ('0', '9'))
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
            ("Ann-20261129-ann", Err(PasswordFault::IsName), Err(PasswordFault::IsName)),
            ("SimBridge-2026", Err(PasswordFault::IsName), Err(PasswordFault::IsName)),
            ("xyxyxyxyxyxyxy", Err(PasswordFault::IsCommon), Err(PasswordFault::IsCommon)),
            ("lkjhgfdsa5678", Err(PasswordFault::IsCommon), Err(PasswordFault::IsCommon)),
            ("ann likes trains", Ok(()), Ok(())),
            ("abcdef-fence-1234", Ok(()), Ok(())),
            ("58203917462058", Ok(()), Ok(())),
            ("Password1234", Err(PasswordFault::IsCommon), Err(PasswordFault::IsCommon)),
            ("qwertyuiop", short(12), Err(PasswordFault::IsCommon)),
        ] {
            assert_eq!(check_password(Side::Console, &ann, password), console, "{password}");
            assert_eq!(check_password(Side::Portal, &ann, password), portal, "{password}");
        }
        assert_eq!(check_password(Side::Portal, &ann, &"é plain ".repeat(MOST / 8)), Ok(()));
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
