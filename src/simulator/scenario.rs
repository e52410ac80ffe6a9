//! The description of a rack in a TOML file. Everything that is left out is made up from the
//! position of the modem. docs/scenarios.md has all keys.

use serde::Deserialize;

use super::bank::BankPlan;
use super::card::{Lock, SimCard};
use super::digits::Country;
use super::error::SimulatorError;
use super::memory::MessageStore;
use super::modem_plan::ModemPlan;
use super::special::SpecialMessage;

const SM_CAPACITY: usize = 20;
const PHONEBOOK_PLACES: usize = 100;

/// The modems and banks of a rack, and the cards that are in neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scenario {
    modems: Vec<ModemPlan>,
    drawer: Vec<SimPlan>,
    banks: Vec<BankPlan>,
    network: NetworkKeys,
    plan: Option<PlanKeys>,
}

/// The keys of `[network]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NetworkKeys {
    /// The pauses between the service centre's attempts to reach a subscriber that it has lost;
    /// the last one for ever (60000, 120000, 300000, 900000).
    retry_ms: Option<Vec<u64>>,
}

/// `[plan]`: mixed faults from a seed, for this many minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanKeys {
    /// The same seed gives the same faults.
    pub seed: u64,
    /// For how many minutes faults strike.
    pub minutes: u64,
}

/// The file's shape: `[[modem]]` in order, `[[bank]]` for SIM banks, `[[drawer]]` for the cards
/// that are in neither, `[network]`, and `[plan]` for what goes wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    modem: Vec<ModemPlan>,
    #[serde(default)]
    bank: Vec<BankPlan>,
    #[serde(default)]
    drawer: Vec<SimPlan>,
    #[serde(default)]
    network: NetworkKeys,
    plan: Option<PlanKeys>,
}

/// A SIM card of the scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimPlan {
    #[serde(skip)]
    pub(super) position: usize,
    number: Option<String>,
    iccid: Option<String>,
    imsi: Option<String>,
    pin: Option<String>,
    knows_number: Option<bool>,
    service_centre: Option<String>,
    denied: bool,
    pub(super) capacity: Option<usize>,
    pub(super) stored: Vec<StoredPlan>,
}

/// A message that is in a store at the start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPlan {
    /// The sender, which is a number or a name.
    pub from: String,
    /// The text. A long one takes several places of the store.
    #[serde(default)]
    pub text: String,
    /// What it is instead of a text.
    pub kind: Option<SpecialMessage>,
    /// Whether it is the draft of a message to `from`, which the card's former phone has left.
    #[serde(default)]
    pub draft: bool,
}

impl Scenario {
    /// A scenario with this many modems, each with a card, all made up.
    pub fn of_modems(count: usize) -> Self {
        Self::default().with_modems(count)
    }

    /// Reads a scenario file's text.
    ///
    /// # Errors
    /// A key or value is invalid; the error has its line and column and says what would be valid.
    pub fn parse(text: &str) -> Result<Self, SimulatorError> {
        let file: File =
            toml::from_str(text).map_err(|error| SimulatorError::Scenario(explain(&error)))?;
        let modems =
            file.modem.into_iter().map(ModemPlan::of_its_family).collect::<Result<_, _>>()?;
        let mut scenario = Self {
            modems,
            drawer: file.drawer,
            banks: file.bank,
            network: file.network,
            plan: file.plan,
        };
        scenario.number_positions();
        Ok(scenario)
    }

    /// Adds made-up modems until there are at least this many.
    #[must_use]
    pub fn with_modems(mut self, count: usize) -> Self {
        if self.modems.len() < count {
            self.modems.resize_with(count, ModemPlan::default);
        }
        self.number_positions();
        self
    }

    /// The cards in the drawer are made up from the positions behind a thousand modems.
    fn number_positions(&mut self) {
        for (position, modem) in self.modems.iter_mut().enumerate() {
            modem.stands_at(position);
        }
        for (position, sim) in self.drawer.iter_mut().enumerate() {
            sim.position = 100_000 + position;
        }
    }

    /// The modems in order.
    pub fn modems(&self) -> &[ModemPlan] {
        &self.modems
    }

    /// The plan of mixed faults, if there is one.
    pub fn plan(&self) -> Option<PlanKeys> {
        self.plan
    }

    /// The SIM banks of the scenario.
    pub fn banks(&self) -> &[BankPlan] {
        &self.banks
    }

    /// The pauses between attempts to reach a lost subscriber, if the scenario has them.
    pub fn retry_ms(&self) -> Option<Vec<u64>> {
        self.network.retry_ms.clone()
    }

    /// The cards that are in no modem and no bank.
    pub fn drawer(&self) -> Vec<SimCard> {
        self.drawer.iter().map(|plan| plan.card(1)).collect()
    }
}

/// The text of a TOML error; for an unknown key with the most similar known one.
pub(super) fn explain(error: &toml::de::Error) -> String {
    let quoted = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let message = error.message();
    let nearest = match quoted(message).split_first() {
        Some((unknown, known)) if message.starts_with("unknown ") => known
            .iter()
            .max_by(|a, b| {
                strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b))
            })
            .cloned(),
        _ => None,
    };
    match nearest {
        Some(nearest) => format!("{error}did you mean `{nearest}`?"),
        None => error.to_string(),
    }
}

impl SimPlan {
    /// A card of which everything is made up.
    pub(super) fn at(position: usize) -> Self {
        Self { position, ..Self::default() }
    }

    pub(super) fn card(&self, first_index: usize) -> SimCard {
        let position = self.position;
        let made_up = Country::of_modem(position);
        let number = self.number.clone().unwrap_or_else(|| made_up.number(position));
        let country = Country::of_number(&number);
        SimCard {
            iccid: self.iccid.clone().unwrap_or_else(|| country.iccid(position)),
            imsi: self.imsi.clone().unwrap_or_else(|| country.imsi(position)),
            own_number: self.knows_number.unwrap_or(true).then(|| number.clone()),
            service_centre: self
                .service_centre
                .clone()
                .unwrap_or_else(|| country.service_centre().to_owned()),
            lock: self.pin.as_deref().map_or(Lock::Off, Lock::with_pin),
            denied: self.denied,
            messages: MessageStore::new(self.capacity.unwrap_or(SM_CAPACITY), first_index),
            phonebook: vec![None; PHONEBOOK_PLACES],
            number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_made_up_from_the_position() {
        let scenario =
            Scenario::parse("[[modem]]\n[[modem]]\nmodel = \"M\"\nsim.pin = \"1234\"\n").unwrap();
        let [first, second] = scenario.modems() else { panic!("two modems") };
        assert_eq!(first.config().model, "SIMULATED");
        assert_eq!(second.config().model, "M");
        assert_ne!(first.config().imei, second.config().imei);
        assert_ne!(first.card().unwrap().iccid, second.card().unwrap().iccid);
        assert!(!second.card().unwrap().lock.is_open());
        assert_eq!(scenario.with_modems(3).modems().len(), 3);
    }

    #[test]
    fn a_card_is_of_its_numbers_country() {
        let scenario = Scenario::parse("[[modem]]\nsim.number = \"+447684563067\"\n").unwrap();
        let card = scenario.modems()[0].card().unwrap();
        assert!(card.imsi.starts_with("234") && card.iccid.starts_with("8944"));
    }

    #[test]
    fn a_scenario_may_have_every_kind_of_entry() {
        let text = r#"
            [[modem]]
            manufacturer = "A"
            no_sim = true
            replies = { "+CCID" = "ERROR" }
            stored = [{ from = "Bank", text = "hello" }]
            faults = [
                { kind = "silence", commands = 3 },
                { kind = "refuse", command = "+CNMI=2,1", times = 1 },
            ]
            [[drawer]]
            number = "+31612345678"
        "#;
        let scenario = Scenario::parse(text).unwrap();
        assert!(scenario.modems()[0].card().is_none());
        assert_eq!(scenario.modems()[0].faults().len(), 2);
        assert_eq!(scenario.drawer()[0].number, "+31612345678");
    }

    /// The words that an error names as possible.
    fn possible(text: &str) -> Vec<String> {
        let error = Scenario::parse(text).unwrap_err().to_string();
        let expected = error.split("expected").nth(1).unwrap_or_else(|| panic!("{error}"));
        let words = expected.split('`').skip(1).step_by(2);
        let words = words.filter(|word| *word != "zzz" && !word.contains(' '));
        words.map(str::to_owned).collect()
    }

    #[test]
    fn the_page_about_scenarios_has_every_key_and_its_example_is_one() {
        let page = include_str!("../../docs/scenarios.md");
        for place in [
            "zzz = 1",
            "[[modem]]\nzzz = 1",
            "[[drawer]]\nzzz = 1",
            "[[bank]]\nzzz = 1",
            "[network]\nzzz = 1",
            "[plan]\nzzz = 1",
            "[[modem]]\nstored = [{ zzz = 1 }]",
            "[[modem]]\nstored = [{ from = \"a\", kind = \"zzz\" }]",
            "[[modem]]\nquirks = [\"zzz\"]",
            "[[modem]]\nfaults = [{ kind = \"zzz\" }]",
            "[[modem]]\nfaults = [{ kind = \"leftover\", state = \"zzz\" }]",
            "[[bank]]\nfaults = [{ kind = \"zzz\" }]",
        ] {
            let words = possible(place);
            assert!(!words.is_empty(), "{place}");
            for word in words {
                let is_there = [format!("`{word}`"), format!("[{word}]")];
                assert!(is_there.iter().any(|text| page.contains(text)), "{place}: {word}");
            }
        }
        let blocks = page.lines().filter_map(|line| line.strip_prefix("    "));
        let example = blocks.collect::<Vec<_>>().join("\n");
        assert_eq!(Scenario::parse(&example).unwrap().modems().len(), 2);
    }

    #[test]
    fn a_wrong_key_is_refused_and_the_nearest_right_one_named() {
        let cases = [
            ("[[modm]]\n", "did you mean `modem`?"),
            ("[[modem]]\nmodell = \"x\"\n", "did you mean `model`?"),
            ("[[modem]]\nsim.pinn = \"1\"\n", "did you mean `pin`?"),
            ("[[modem]]\nfamily = \"quectel-ec26\"\n", "did you mean `quectel-ec25`?"),
            ("[[modem]]\nquirks = [\"no-spice\"]\n", "did you mean `no-space`?"),
            (
                "[[modem]]\nfaults = [{ kind = \"silense\", commands = 1 }]\n",
                "did you mean `silence`?",
            ),
        ];
        for (text, hint) in cases {
            let message = Scenario::parse(text).unwrap_err().to_string();
            assert!(message.contains(hint), "{text}: {message}");
        }
    }
}
