//! The operator's block list: whose messages no customer is to see.
//!
//! A number that was somebody's before, or that somebody gives to a bank, gets messages that open
//! more than an account with a shop. What a rule fits is kept for the operator and given to no
//! order and no rental.

use regex::{RegexSet, RegexSetBuilder};

/// The most memory that the compiled rules of one kind may take, in bytes.
const SIZE_LIMIT: usize = 4 << 20;

/// One reason to withhold messages, such as `banks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRule {
    /// What it is called in the record.
    pub name: String,
    /// Patterns of senders.
    pub senders: Vec<String>,
    /// Patterns of texts.
    pub texts: Vec<String>,
}

/// All rules, compiled once. Patterns do not tell capitals from small letters.
#[derive(Debug, Clone)]
pub struct BlockList {
    senders: Patterns,
    texts: Patterns,
}

#[derive(Debug, Clone)]
struct Patterns {
    set: RegexSet,
    /// The rule of each pattern.
    rules: Vec<String>,
}

impl Patterns {
    fn compile<'r>(
        patterns: impl Iterator<Item = (&'r str, &'r String)>,
    ) -> Result<Patterns, String> {
        let (rules, patterns): (Vec<String>, Vec<&String>) =
            patterns.map(|(rule, p)| (rule.to_owned(), p)).unzip();
        let set =
            RegexSetBuilder::new(patterns).case_insensitive(true).size_limit(SIZE_LIMIT).build();
        Ok(Patterns { set: set.map_err(|error| error.to_string())?, rules })
    }

    fn rule(&self, text: &str) -> Option<&str> {
        let first = self.set.matches(text).iter().next()?;
        self.rules.get(first).map(String::as_str)
    }
}

impl Default for BlockList {
    /// Nothing is withheld.
    fn default() -> BlockList {
        let none = || Patterns { set: RegexSet::empty(), rules: Vec::new() };
        BlockList { senders: none(), texts: none() }
    }
}

impl BlockList {
    /// Compiles rules; what the regex parser says of a bad one.
    pub fn new(rules: &[BlockRule]) -> Result<BlockList, String> {
        let of = |patterns: fn(&BlockRule) -> &Vec<String>| {
            Patterns::compile(
                rules
                    .iter()
                    .flat_map(|rule| patterns(rule).iter().map(|p| (rule.name.as_str(), p))),
            )
        };
        Ok(BlockList { senders: of(|rule| &rule.senders)?, texts: of(|rule| &rule.texts)? })
    }

    /// The rule that withholds a message, if one does.
    pub fn rule(&self, sender: &str, text: &str) -> Option<&str> {
        self.senders.rule(sender).or_else(|| self.texts.rule(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_and_words_withhold() {
        let rule = |name: &str, senders: &[&str], texts: &[&str]| BlockRule {
            name: name.into(),
            senders: senders.iter().map(ToString::to_string).collect(),
            texts: texts.iter().map(ToString::to_string).collect(),
        };
        let list = BlockList::new(&[
            rule("banks", &["^ING$"], &[r"\biban\b"]),
            rule("state", &["^DigiD$"], &[]),
        ]);
        let list = list.unwrap();
        for (sender, text, expected) in [
            ("ing", "code 1", Some("banks")),
            ("ShippING", "code 1", None),
            ("Uber", "Your IBAN was changed", Some("banks")),
            ("DIGID", "", Some("state")),
            ("Uber", "code 1", None),
        ] {
            assert_eq!(list.rule(sender, text), expected, "{sender} {text}");
        }
        assert!(BlockList::new(&[rule("bad", &["("], &[])]).is_err());
        assert_eq!(BlockList::default().rule("ING", "iban"), None);
    }
}
