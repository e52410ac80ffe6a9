//! Mobile operators: what they are called, and the USSD code by which each tells a subscriber the
//! number of the SIM card.
//! The data comes from `hardware/operators/*.toml` and from the hardware folder of whoever runs the
//! gateway; an operator is found by MCC and MNC.

use serde::Deserialize;

use super::profile::{ProfileError, explain};

/// The files of `hardware/operators`, which are part of the program.
const FILES: &[&str] = &[include_str!("../../hardware/operators/t-mobile-us.toml")];

/// A mobile operator, as its file describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MobileOperator {
    pub name: String,
    /// Where the facts in the file come from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What the IMSIs of its cards begin with: MCC and MNC, five or six digits.
    pub networks: Vec<String>,
    /// The USSD code that is answered with the number of the SIM card, if there is one.
    pub own_number: Option<String>,
}

impl MobileOperator {
    /// Reads an operator's file.
    ///
    /// # Errors
    /// The file is malformed; the error says what is wrong and in which line.
    pub fn parse(text: &str) -> Result<MobileOperator, ProfileError> {
        let operator: MobileOperator =
            toml::from_str(text).map_err(|error| explain(text, &error))?;
        let digits = |network: &String| {
            matches!(network.len(), 5 | 6) && network.bytes().all(|byte| byte.is_ascii_digit())
        };
        match operator.networks.iter().find(|network| !digits(network)) {
            Some(wrong) => {
                let text =
                    format!("`networks` has \"{wrong}\"; it must have MCC and MNC like \"20404\"");
                Err(ProfileError { line: None, text })
            }
            None => Ok(operator),
        }
    }

    /// The USSD code for the card with this IMSI. Operators in `own` come before the embedded ones,
    /// and a longer network code before a shorter one.
    pub fn own_number_code(own: &[MobileOperator], imsi: &str) -> Option<String> {
        let embedded: Vec<MobileOperator> =
            FILES.iter().filter_map(|text| MobileOperator::parse(text).ok()).collect();
        let best = |operators: &[MobileOperator]| {
            let with_code = operators.iter().filter(|known| known.own_number.is_some());
            let networks = with_code
                .flat_map(|known| known.networks.iter().map(move |network| (network, known)));
            let fitting = networks.filter(|(network, _)| imsi.starts_with(network.as_str()));
            fitting
                .max_by_key(|(network, _)| network.len())
                .and_then(|(_, operator)| operator.own_number.clone())
        };
        best(own).or_else(|| best(&embedded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_operators_by_the_longest_network() {
        for text in FILES {
            assert!(!MobileOperator::parse(text).unwrap().sources.is_empty());
        }
        let own = |networks: &str, code: &str| {
            MobileOperator::parse(&format!(
                "name = \"x\"\nnetworks = [\"{networks}\"]\nown_number = \"{code}\"\n"
            ))
            .unwrap()
        };
        let operators = [own("20404", "*1#"), own("204041", "*2#")];
        let code = |imsi| MobileOperator::own_number_code(&operators, imsi);
        assert_eq!(code("204041234567890").as_deref(), Some("*2#"));
        assert_eq!(code("204047234567890").as_deref(), Some("*1#"));
        assert_eq!(code("310260123456789").as_deref(), Some("#686#"));
        assert_eq!(code("234150123456789"), None);
        assert!(
            MobileOperator::parse("name = \"x\"\nnetworks = [\"KPN\"]\nown_number = \"*1#\"")
                .unwrap_err()
                .text
                .contains("20404")
        );
    }
}
