//! What an account pays where it has prices of its own.

use super::price::percent_of;
use super::{Amount, Currency, Service, ServiceId};

/// The most that an own price is of a service's price, in percent.
const MOST_PERCENT: u32 = 1000;

/// What is paid instead of a service's price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnPrice {
    Amount(Amount),
    /// So much of the service's price, whatever that is.
    Percent(u32),
}

impl OwnPrice {
    /// Reads an amount, or a share like `90%`.
    ///
    /// # Errors
    /// The text is neither; the error says what would be.
    pub fn parse(text: &str, currency: Currency) -> Result<OwnPrice, String> {
        let wrong = || {
            format!(
                "{text}: a price is an amount like {}, a share of the service's price from 0% to \
                 {MOST_PERCENT}%, or `default`",
                currency.text(Amount(60))
            )
        };
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.parse().ok().filter(|percent| *percent <= MOST_PERCENT);
            return percent.map(OwnPrice::Percent).ok_or_else(wrong);
        }
        let amount = currency.parse(text).ok().filter(|amount| *amount >= Amount::ZERO);
        amount.map(OwnPrice::Amount).ok_or_else(wrong)
    }

    /// The amount, or the share.
    pub fn text(self, currency: Currency) -> String {
        match self {
            OwnPrice::Amount(amount) => currency.text(amount),
            OwnPrice::Percent(percent) => format!("{percent}%"),
        }
    }
}

/// An own price, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPrice {
    /// The service; `None` for every one.
    pub service: Option<ServiceId>,
    /// The country's code; `None` for every one.
    pub country: Option<String>,
    pub price: OwnPrice,
}

impl AccountPrice {
    fn is_for(&self, service: ServiceId, country: &str) -> bool {
        self.service.is_none_or(|own| own == service)
            && self.country.as_deref().is_none_or(|own| own == country)
    }
}

/// What an account pays for a service in a country; `None` if it is not sold there. Of its own
/// prices the one that says most about what it is for holds: one for the service before one for
/// every service, and among those one for the country before one for every country.
pub fn price_for(service: &Service, country: &str, own: &[AccountPrice]) -> Option<Amount> {
    let price = service.price_in(country)?;
    let fitting = own.iter().filter(|own| own.is_for(service.id, country));
    let own = fitting.max_by_key(|own| (own.service.is_some(), own.country.is_some()));
    Some(match own.map(|own| own.price) {
        Some(OwnPrice::Amount(amount)) => amount,
        Some(OwnPrice::Percent(percent)) => percent_of(price, percent),
        None => price,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::catalogue::CountryPrice;
    use super::*;

    fn own(service: Option<i64>, country: Option<&str>, price: &str) -> AccountPrice {
        AccountPrice {
            service: service.map(ServiceId),
            country: country.map(str::to_owned),
            price: OwnPrice::parse(price, Currency::USD).unwrap(),
        }
    }

    #[test]
    fn the_price_that_says_most_about_what_it_is_for_holds() {
        let service = Service {
            country_prices: BTreeMap::from([
                ("UK".to_owned(), CountryPrice::Amount(Amount(81))),
                ("USA".to_owned(), CountryPrice::Off),
            ]),
            ..Service::new(ServiceId(1), "Uber", Amount(50))
        };
        let all = [
            own(None, None, "90%"),
            own(None, Some("UK"), "50%"),
            own(Some(1), None, "0.60"),
            own(Some(1), Some("UK"), "0.70"),
            own(Some(2), Some("UK"), "9.99"),
        ];
        for (count, in_uk, in_nl) in
            [(0, 81, 50), (1, 73, 45), (2, 41, 45), (3, 60, 60), (5, 70, 60)]
        {
            let own = &all[..count];
            assert_eq!(price_for(&service, "UK", own), Some(Amount(in_uk)), "{count}");
            assert_eq!(price_for(&service, "NL", own), Some(Amount(in_nl)), "{count}");
            assert_eq!(price_for(&service, "USA", own), None, "an own price sells nothing");
        }
    }

    #[test]
    fn prices_are_amounts_or_shares() {
        for text in ["0.60", "0.00", "90%", "0%", "1000%"] {
            let price = OwnPrice::parse(text, Currency::USD).unwrap();
            assert_eq!(price.text(Currency::USD), text);
        }
        for text in ["", "%", "-1", "-5%", "1001%", "0.5%", "0.001", "cheap"] {
            let refused = OwnPrice::parse(text, Currency::USD).unwrap_err();
            assert!(refused.contains("an amount like 0.60, a share of the service's"), "{refused}");
        }
    }
}
