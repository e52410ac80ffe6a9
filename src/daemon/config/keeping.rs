//! `[retention]`, `[limits]`, `[numbers]` and `[block_list]`.

use std::time::Duration;

use serde::Deserialize;

use super::reader::Section;
use crate::domain::BlockList;
use crate::domain::block_list::BlockRule;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Banks, payments, governments.
const SHIPPED: &str = include_str!("../../../hardware/block-list.toml");

/// `[retention]`: for how long after the end of what a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Its text is kept.
    pub text: Duration,
    /// Its PDUs are kept.
    pub raw: Duration,
}

/// `[limits]`; 0 switches one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests a second with one key.
    pub key_per_second: u32,
    /// Requests a second from one address.
    pub address_per_second: u32,
    /// Wrong keys a minute from one address.
    pub failed_keys_per_minute: u32,
}

/// `[numbers]`: how a SIM's number is learnt that neither the operator's list nor the card has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The mobile operator is asked by USSD.
    pub ussd: bool,
    /// That failing, the SIM sends a message to another one of ours.
    pub loopback: bool,
}

pub(super) fn numbers(mut section: Section<'_>) -> Numbers {
    let (ussd, loopback) =
        (section.flag("ussd").unwrap_or(true), section.flag("loopback").unwrap_or(false));
    section.end();
    Numbers { ussd, loopback }
}

pub(super) fn retention(mut section: Section<'_>) -> Retention {
    let text = section.duration("message_text").unwrap_or(30 * DAY);
    let raw = section.duration("raw_pdu").unwrap_or(7 * DAY);
    section.end();
    Retention { text, raw }
}

pub(super) fn limits(mut section: Section<'_>) -> Limits {
    let mut limit = |key, default: u32| {
        section
            .whole(key, 0..=1_000_000)
            .and_then(|limit| u32::try_from(limit).ok())
            .unwrap_or(default)
    };
    let limits = Limits {
        key_per_second: limit("key_per_second", 5_000),
        address_per_second: limit("address_per_second", 10_000),
        failed_keys_per_minute: limit("failed_keys_per_minute", 300),
    };
    section.end();
    limits
}

#[derive(Deserialize)]
struct File {
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
    senders: Vec<String>,
    texts: Vec<String>,
}

/// The shipped rules, unless `shipped = false`, and the operator's own.
pub(super) fn block_list(mut section: Section<'_>) -> BlockList {
    let shipped = section.flag("shipped").unwrap_or(true);
    let own = BlockRule {
        name: "own".to_owned(),
        senders: section.texts("senders"),
        texts: section.texts("texts"),
    };
    let mut rules = if shipped { shipped_rules().unwrap_or_default() } else { Vec::new() };
    if let Err(reason) = BlockList::new(std::slice::from_ref(&own)) {
        section.fault_here(format!("[block_list]: not a pattern: {reason}"));
    } else {
        rules.push(own);
    }
    section.end();
    BlockList::new(&rules).unwrap_or_default()
}

fn shipped_rules() -> Result<Vec<BlockRule>, toml::de::Error> {
    let file: File = toml::from_str(SHIPPED)?;
    let rules = file.rule.into_iter();
    Ok(rules
        .map(|rule| BlockRule { name: rule.name, senders: rule.senders, texts: rule.texts })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

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
