//! `[block_list]`: the rules that come with simbridge, and the operator's own.

use serde::Deserialize;

use super::document::SectionReader;
use super::table::block_list::{SENDERS, SHIPPED, TEXTS};
use crate::domain::BlockList;
use crate::domain::block_list::BlockRule;

/// Rules for banks, payment services and governments.
const SHIPPED_RULES: &str = include_str!("../../../hardware/block-list.toml");

#[derive(Deserialize)]
struct RulesFile {
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    senders: Vec<String>,
    texts: Vec<String>,
    /// Messages that it withholds, for the tests.
    #[serde(rename = "withholds")]
    #[cfg_attr(not(test), expect(dead_code, reason = "only the tests read them"))]
    withheld: Vec<Example>,
    /// Messages that no rule may withhold, however near they come to this one.
    #[serde(rename = "lets_through")]
    #[cfg_attr(not(test), expect(dead_code, reason = "only the tests read them"))]
    let_through: Vec<Example>,
}

/// A sender and a text.
type Example = (String, String);

/// The shipped rules, unless `shipped = false`, and the operator's own.
pub(super) fn block_list(section: &SectionReader<'_>) -> BlockList {
    let senders = section.get(&SENDERS).into_iter().map(|pattern| own_rule(pattern, true));
    let texts = section.get(&TEXTS).into_iter().map(|pattern| own_rule(pattern, false));
    let own: Vec<BlockRule> = senders.chain(texts).collect();
    let mut rules =
        if section.get(&SHIPPED) { shipped_rules().unwrap_or_default() } else { Vec::new() };
    if let Err(reason) = BlockList::new(&own) {
        section.fault_here(format!("[block_list]: not a pattern: {reason}"));
    } else {
        rules.extend(own);
    }
    BlockList::new(&rules).unwrap_or_default()
}

/// A rule of the operator's own. It is called by its pattern, as it stands in the configuration.
fn own_rule(pattern: String, is_of_senders: bool) -> BlockRule {
    let name = format!("own {} {pattern}", if is_of_senders { "sender" } else { "text" });
    let (senders, texts) =
        if is_of_senders { (vec![pattern], Vec::new()) } else { (Vec::new(), vec![pattern]) };
    BlockRule { name, senders, texts }
}

fn shipped_rules() -> Result<Vec<BlockRule>, toml::de::Error> {
    let file: RulesFile = toml::from_str(SHIPPED_RULES)?;
    let rules = file.rule.into_iter();
    Ok(rules
        .map(|rule| BlockRule { name: rule.name, senders: rule.senders, texts: rule.texts })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shipped_rule_withholds_what_it_names_and_lets_through_what_it_names() {
        let list = BlockList::new(&shipped_rules().unwrap()).unwrap();
        let file: RulesFile = toml::from_str(SHIPPED_RULES).unwrap();
        for rule in file.rule {
            assert!(rule.withheld.len() > 4 && !rule.let_through.is_empty(), "{}", rule.name);
            for (sender, text) in rule.withheld {
                let found = list.rule(&sender, &text);
                assert_eq!(found, Some(rule.name.as_str()), "{sender}: {text}");
            }
            for (sender, text) in rule.let_through {
                assert_eq!(list.rule(&sender, &text), None, "{sender}: {text}");
            }
        }
    }

    #[test]
    fn the_shipped_rules_withhold_banks_and_leave_shops_alone() {
        let list = BlockList::new(&shipped_rules().unwrap()).unwrap();
        for (sender, text, rule) in [
            ("Rabobank", "1234", Some("banks")),
            ("DigiD", "Uw sms-code", Some("government")),
            ("PayPal", "1234", Some("payments")),
            ("+31612345678", "HMRC: you are owed a tax refund", Some("government")),
            ("+31612345678", "Use 123456 to authorise a payment", Some("payments")),
            ("Uber", "Your Uber code is 0183. Never share this code.", None),
            ("SinchVerify", "Your Tinder code is 417097 Don’t share @tinder.com #417097", None),
            ("Booking", "Your PIN is 1234", None),
            ("Bank", "a made-up sender", None),
        ] {
            assert_eq!(list.rule(sender, text), rule, "{sender}: {text}");
        }
    }
}
