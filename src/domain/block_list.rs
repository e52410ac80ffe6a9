//! The operator's block list: messages that no customer may see.
//!
//! A number that belonged to somebody before, or that a customer has given to a bank, receives
//! messages that give access to much more than an account with a shop. A message that a rule
//! matches is kept for the operator, and given to no order and no rental.

use std::sync::Arc;

use regex::{RegexSet, RegexSetBuilder};

/// The most memory that the compiled rules of one kind may take, in bytes.
const SIZE_LIMIT: usize = 4 << 20;

/// One reason to withhold messages, such as `banks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRule {
    /// The rule's name, which is recorded with the messages that it withholds.
    pub name: String,
    /// Regular expressions. A message is withheld when its sender matches one of them.
    pub senders: Vec<String>,
    /// Regular expressions. A message is withheld when its text matches one of them.
    pub texts: Vec<String>,
}

/// All rules, compiled once. Patterns ignore the case of letters.
#[derive(Debug, Clone)]
pub struct BlockList {
    rules: Arc<[BlockRule]>,
    senders: Patterns,
    texts: Patterns,
}

#[derive(Debug, Clone)]
struct Patterns {
    set: RegexSet,
    /// The name of each pattern's rule, in the order of the set.
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
    /// The empty list, which withholds nothing.
    fn default() -> BlockList {
        let none = || Patterns { set: RegexSet::empty(), rules: Vec::new() };
        BlockList { rules: Arc::default(), senders: none(), texts: none() }
    }
}

impl BlockList {
    /// Compiles the rules. The error is what the regex parser says about a pattern that it refuses.
    pub fn new(rules: &[BlockRule]) -> Result<BlockList, String> {
        let of = |patterns: fn(&BlockRule) -> &Vec<String>| {
            Patterns::compile(
                rules
                    .iter()
                    .flat_map(|rule| patterns(rule).iter().map(|p| (rule.name.as_str(), p))),
            )
        };
        let (senders, texts) = (of(|rule| &rule.senders)?, of(|rule| &rule.texts)?);
        Ok(BlockList { rules: rules.into(), senders, texts })
    }

    /// The rules, in the order in which they are looked at.
    pub fn rules(&self) -> &[BlockRule] {
        &self.rules
    }

    /// The name of the rule that withholds a message, if one does.
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
        let names: Vec<&str> = list.rules().iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["banks", "state"]);
        assert!(BlockList::new(&[rule("bad", &["("], &[])]).is_err());
        assert_eq!(BlockList::default().rule("ING", "iban"), None);
    }
}
