//! API keys: what the customer has, what of it is stored, and what it is for.

use std::fmt;

/// How many random characters of a key are stored, by which people tell keys apart.
const PREFIX_CHARS: usize = 8;

/// The first characters of every test key, so that nobody takes one for a live key. Live keys have
/// digits alone.
const BEGINNING_OF_TEST_KEYS: &str = "sk_test_";

/// What a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyMode {
    /// Its account's orders, rentals and money.
    #[default]
    Live,
    /// The account's sandbox ([`super::sandbox`]): nothing in it is real, and nothing costs money.
    Test,
}

impl KeyMode {
    /// The mode of test keys if `is_test`, and otherwise that of live keys.
    pub fn of_test(is_test: bool) -> KeyMode {
        if is_test { KeyMode::Test } else { KeyMode::Live }
    }

    /// Whether it is the mode of test keys.
    pub fn is_test(self) -> bool {
        self == KeyMode::Test
    }
}

/// A key as the customer has it. It has no `Display`, and its `Debug` shows nothing of it, so that
/// it never gets into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Makes a new key of 256 random bits, written as 64 hexadecimal digits. Before those of a test
    /// key stands `sk_test_`.
    pub fn from_entropy(random: [u8; 32], mode: KeyMode) -> ApiKey {
        let digits = hex::encode(random);
        ApiKey(match mode {
            KeyMode::Live => digits,
            KeyMode::Test => format!("{BEGINNING_OF_TEST_KEYS}{digits}"),
        })
    }

    /// Takes the key of a request, which can be any text.
    pub fn from_request(text: String) -> ApiKey {
        ApiKey(text)
    }

    /// The SHA-256 digest of the key, by which the database knows it. A slow password hash would
    /// add nothing, because a key is 256 random bits.
    pub fn digest(&self) -> [u8; 32] {
        use sha2::Digest;
        sha2::Sha256::digest(self.0.as_bytes()).into()
    }

    /// The first characters, by which people tell keys apart: of a test key more, as all begin
    /// alike.
    pub fn prefix(&self) -> String {
        let is_test = self.0.starts_with(BEGINNING_OF_TEST_KEYS);
        let alike = if is_test { BEGINNING_OF_TEST_KEYS.len() } else { 0 };
        self.0.chars().take(alike + PREFIX_CHARS).collect()
    }

    /// The whole key, for the one time that it is shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// What a request needs a key to be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything that changes nothing. Every key is for that.
    Read,
    /// Orders: made, given up, their numbers used again.
    Orders,
    /// Rentals: made, extended, their renewal changed.
    Rentals,
    /// Webhooks: endpoints made, changed, deleted and tested, events sent once more.
    Webhooks,
}

impl Scope {
    /// All scopes, in the order of this enum.
    pub const ALL: [Scope; 4] = [Scope::Read, Scope::Orders, Scope::Rentals, Scope::Webhooks];

    /// The word in the database and in commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Orders => "orders",
            Scope::Rentals => "rentals",
            Scope::Webhooks => "webhooks",
        }
    }
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    Active,
    /// It works no more since its time is over.
    Expired,
    Revoked,
    /// Its account is suspended.
    Suspended,
}

impl KeyState {
    /// All states, in the order of this enum.
    pub const ALL: [KeyState; 4] =
        [KeyState::Active, KeyState::Expired, KeyState::Revoked, KeyState::Suspended];

    /// The word in `key list`, in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Active => "active",
            KeyState::Expired => "expired",
            KeyState::Revoked => "revoked",
            KeyState::Suspended => "suspended",
        }
    }
}

/// Why a request with a key that there is was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRefusal {
    /// It opened nothing: its state says why, or else the address that it was used from.
    Closed,
    /// It is not for what was asked.
    Scope,
}

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scopes {
    /// Everything, also what comes to be later.
    #[default]
    All,
    /// The key may do what is in these scopes, and read everything.
    Only(Vec<Scope>),
}

impl Scopes {
    /// The word that stands for everything.
    const ALL: &str = "all";

    /// The scopes that words name. The error says what would be right.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Scopes, String> {
        let words: Vec<&str> = words.into_iter().collect();
        if words == [Scopes::ALL] {
            return Ok(Scopes::All);
        }
        let scope = |word: &&str| {
            let found = Scope::ALL.into_iter().find(|scope| scope.as_str() == *word);
            found.ok_or_else(|| {
                let known = Scope::ALL.map(Scope::as_str).join(", ");
                format!("no scope {word}; there are {known}, or `all` alone")
            })
        };
        let mut scopes = words.iter().map(scope).collect::<Result<Vec<Scope>, String>>()?;
        if scopes.is_empty() {
            return Err(format!("a key is for something: `{}`, or `all`", Scope::Read.as_str()));
        }
        scopes.sort_by_key(|scope| scope.as_str());
        scopes.dedup();
        Ok(Scopes::Only(scopes))
    }

    /// The words, separated by spaces; `None` for everything.
    pub fn stored(&self) -> Option<String> {
        match self {
            Scopes::All => None,
            Scopes::Only(scopes) => {
                Some(scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "))
            }
        }
    }

    /// As they stand in the database. A key with words that nobody knows is for reading only.
    pub fn from_stored(stored: Option<&str>) -> Scopes {
        let known = |words: &str| Scopes::from_words(words.split(' '));
        let read = || Scopes::Only(vec![Scope::Read]);
        stored.map_or(Scopes::All, |words| known(words).unwrap_or_else(|_| read()))
    }

    /// Whether a key is for what a request needs.
    pub fn allow(&self, needed: Scope) -> bool {
        match self {
            Scopes::All => true,
            Scopes::Only(scopes) => needed == Scope::Read || scopes.contains(&needed),
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stored().as_deref().unwrap_or(Scopes::ALL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_may_read_and_only_some_order_and_rent() {
        for (words, allowed) in [
            (&["all"][..], [true, true, true, true]),
            (&["read"], [true, false, false, false]),
            (&["orders"], [true, true, false, false]),
            (&["rentals", "orders", "orders"], [true, true, true, false]),
            (&["webhooks"], [true, false, false, true]),
        ] {
            let scopes = Scopes::from_words(words.iter().copied()).unwrap();
            assert_eq!(Scope::ALL.map(|scope| scopes.allow(scope)), allowed, "{words:?}");
            assert_eq!(Scopes::from_stored(scopes.stored().as_deref()), scopes);
        }
        let refused = Scopes::from_words(["reed"]).unwrap_err();
        assert_eq!(
            refused,
            "no scope reed; there are read, orders, rentals, webhooks, or `all` alone"
        );
        assert!(Scopes::from_words(["all", "read"]).is_err() && Scopes::from_words([]).is_err());
        assert!(!Scopes::from_stored(Some("everything")).allow(Scope::Orders));
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let key = ApiKey::from_entropy([0xAB; 32], KeyMode::Live);
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
        assert_eq!(key.prefix(), "abababab");
        assert_eq!(key.reveal(), "ab".repeat(32));
    }

    #[test]
    fn test_keys_say_what_they_are_and_are_told_apart_by_what_follows() {
        let key = ApiKey::from_entropy([0xAB; 32], KeyMode::Test);
        assert_eq!(key.reveal(), format!("sk_test_{}", "ab".repeat(32)));
        assert_eq!(key.prefix(), "sk_test_abababab");
        let begun = ApiKey::from_request("sk_test_ab".to_owned());
        assert_eq!(begun.prefix(), "sk_test_ab");
    }
}
