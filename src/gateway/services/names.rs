//! Pure: what services are called on other markets, where no two have one name.

use std::collections::HashMap;

use super::super::Error;
use crate::domain::Service;
use crate::domain::market_names::MarketNames;

/// What a new service is called on other markets: as the operator says, else as usual, unless a
/// service that there is has that name.
pub(super) fn names_of_new_service(
    name: &str,
    given: &MarketNames,
    services: &[Service],
) -> MarketNames {
    let usual = MarketNames::usual(name);
    let all = || services.iter().map(|service| &service.market_names);
    let code = usual.code.filter(|code| all().all(|known| known.code.as_ref() != Some(code)));
    let fivesim =
        usual.fivesim.filter(|name| all().all(|known| known.fivesim.as_ref() != Some(name)));
    MarketNames { code: given.code.clone().or(code), fivesim: given.fivesim.clone().or(fivesim) }
}

/// Checks that of all services, each with its name, no two are called the same on another market.
///
/// # Errors
/// Two are; the error names both.
pub(super) fn check_market_names<'s>(
    services: impl Iterator<Item = (&'s str, &'s MarketNames)>,
) -> Result<(), Error> {
    let (mut codes, mut names) = (HashMap::new(), HashMap::new());
    for (service, MarketNames { code, fivesim }) in services {
        let taken = code.as_ref().and_then(|code| codes.insert(code, service));
        if let (Some(other), Some(code)) = (taken, code) {
            return Err(refused(other, service, "code", code.as_str()));
        }
        let taken = fivesim.as_ref().and_then(|name| names.insert(name, service));
        if let (Some(other), Some(name)) = (taken, fivesim) {
            return Err(refused(other, service, "5sim name", name.as_str()));
        }
    }
    Ok(())
}

fn refused(other: &str, service: &str, what: &str, taken: &str) -> Error {
    let why = format!("{other} and {service} cannot both have the {what} {taken}");
    Error::refused(why).in_shell("`simbridge service list --wide` shows all")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, ServiceId};

    fn names(code: &str, fivesim: &str) -> MarketNames {
        MarketNames { code: code.parse().ok(), fivesim: fivesim.parse().ok() }
    }

    #[test]
    fn a_new_service_has_its_usual_names_unless_they_are_taken() {
        let own = names("wap", "");
        let named = |given: &MarketNames, services: &[Service]| {
            names_of_new_service("WhatsApp", given, services)
        };
        assert_eq!(named(&MarketNames::default(), &[]), names("wa", "whatsapp"));
        assert_eq!(named(&own, &[]), names("wap", "whatsapp"));
        let other = Service {
            market_names: names("wa", "other"),
            ..Service::new(ServiceId(1), "Other", Amount(1))
        };
        assert_eq!(named(&MarketNames::default(), &[other]), names("", "whatsapp"));
    }

    #[test]
    fn a_name_is_of_one_service() {
        let (wa, other, none) = (names("wa", "whatsapp"), names("tg", "wa"), names("", ""));
        let check = |all: &[(&str, &MarketNames)]| {
            check_market_names(all.iter().copied()).map_err(|error| error.to_string())
        };
        assert_eq!(check(&[("A", &wa), ("B", &other), ("C", &none), ("D", &none)]), Ok(()));
        for (code, fivesim, taken) in
            [("WA", "", "code wa"), ("", "WhatsApp", "5sim name whatsapp")]
        {
            let refused = check(&[("A", &wa), ("B", &names(code, fivesim))]).unwrap_err();
            assert!(refused.starts_with(&format!("A and B cannot both have the {taken}")));
        }
    }
}
