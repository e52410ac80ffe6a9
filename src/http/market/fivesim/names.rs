//! What countries, operators and products are called in paths and in answers.

use super::reply::Phrase;
use crate::domain::{Countries, Service, market_countries};
use crate::gateway::{PurchaseCountry, Settings};

/// The only operator. Which network a SIM is of is not told here, and this is a name that clients
/// know: some refuse others, and some pass over one that is called `any`.
pub(super) const OPERATOR: &str = "virtual4";
/// The word for any country and any operator.
const ANY: &str = "any";

/// How long a number is rented, as a product, and the package that this is.
const HOSTING: [(&str, &str); 1] = [("1month", "1m")];

/// The package that a hosting product is.
pub(super) fn package_of(product: &str) -> Option<&'static str> {
    let found = HOSTING.iter().find(|(name, _)| product.eq_ignore_ascii_case(name));
    found.map(|(_, package)| *package)
}

/// The hosting products, each with the package that it is.
pub(super) fn hosting_products() -> impl Iterator<Item = (&'static str, &'static str)> {
    HOSTING.into_iter()
}

/// What a package is called as a product; one that is not sold as one has its own name.
pub(super) fn hosting_product(package: &str) -> &str {
    let found = HOSTING.iter().find(|(_, known)| *known == package);
    found.map_or(package, |(name, _)| name)
}

/// The code of the country with this name.
pub(super) fn country_code(countries: &Countries, name: &str) -> Option<String> {
    let known = market_countries::by_fivesim_name(name)?;
    Some(countries.find(known.iso_code)?.code.clone())
}

/// The country in a path, or any; `None` if there is no such country.
pub(super) fn country_in(countries: &Countries, name: &str) -> Option<PurchaseCountry> {
    if name.eq_ignore_ascii_case(ANY) {
        return Some(PurchaseCountry::Cheapest);
    }
    country_code(countries, name).map(PurchaseCountry::Code)
}

/// Whether there is an operator with this name.
pub(super) fn is_operator(name: &str) -> bool {
    name.eq_ignore_ascii_case(ANY) || name.eq_ignore_ascii_case(OPERATOR)
}

/// The country and the product in a path: country, operator and product.
pub(super) fn place<'p>(
    countries: &Countries,
    path: &[&'p str],
) -> Result<(PurchaseCountry, &'p str), Phrase> {
    let mut path = path.iter();
    let country = path.next().ok_or(Phrase::SelectCountry)?;
    let country = country_in(countries, country).ok_or(Phrase::BadCountry)?;
    let operator = path.next().ok_or(Phrase::SelectOperator)?;
    if !is_operator(operator) {
        return Err(Phrase::BadOperator);
    }
    let product = path.next().ok_or(Phrase::NoProduct)?;
    Ok((country, product))
}

/// What the country with this code is called.
pub(super) fn country_name(countries: &Countries, code: &str) -> String {
    let known = market_countries::by_iso_code(countries.iso_code(code));
    known.map_or_else(|| plain(code), |known| known.fivesim.to_owned())
}

/// What a service is called. One that has no name here is called by its own in the same way: it may
/// have been ordered otherwise.
pub(super) fn product_name(service: Option<&Service>) -> String {
    let Some(service) = service else { return "other".to_owned() };
    match &service.market_names.fivesim {
        Some(name) => name.as_str().to_owned(),
        None => plain(&service.name),
    }
}

/// The letters and digits of a name, in small letters.
fn plain(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if name.is_empty() { "other".to_owned() } else { name.to_ascii_lowercase() }
}

/// A country and a product with what an order cost, as a profile names the last order.
pub(super) fn last_order(
    settings: &Settings,
    country: &str,
    service: Option<&Service>,
    price: &serde_json::Number,
) -> String {
    let country = country_name(&settings.countries, country);
    let id = service.map_or(0, |service| service.id.0);
    format!("{country}:{}:{OPERATOR}:{id}:{price}", product_name(service))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, ServiceId};

    #[test]
    fn a_place_is_a_country_an_operator_and_a_product() {
        let countries = Countries::default();
        let at = |path: &[&'static str]| place(&countries, path);
        let in_country = |code: &str| PurchaseCountry::Code(code.to_owned());
        for (path, expected) in [
            (&["netherlands", "any", "whatsapp"][..], Ok((in_country("NL"), "whatsapp"))),
            (&["England", "virtual4", "uber"], Ok((in_country("UK"), "uber"))),
            (&["usa", "VIRTUAL4", "1month"], Ok((in_country("USA"), "1month"))),
            (&["any", "any", "whatsapp"], Ok((PurchaseCountry::Cheapest, "whatsapp"))),
            (&["france", "any", "x"], Ok((in_country("FR"), "x"))),
            (&["unitedarabemirates", "any", "x"], Ok((in_country("AE"), "x"))),
            (&["atlantis", "nothing", "nothing"], Err(Phrase::BadCountry)),
            (&["NL", "any", "whatsapp"], Err(Phrase::BadCountry)),
            (&["netherlands", "kpn", "nothing"], Err(Phrase::BadOperator)),
            (&[], Err(Phrase::SelectCountry)),
            (&["netherlands"], Err(Phrase::SelectOperator)),
            (&["netherlands", "any"], Err(Phrase::NoProduct)),
        ] {
            assert_eq!(at(path), expected, "{path:?}");
        }
    }

    #[test]
    fn everything_has_a_name_here() {
        let countries = Countries::default();
        for (code, name) in [
            ("NL", "netherlands"),
            ("UK", "england"),
            ("USA", "usa"),
            ("AE", "unitedarabemirates"),
            ("ATLANTIS", "atlantis"),
        ] {
            assert_eq!(country_name(&countries, code), name);
        }
        let service = |name: &str| Service::new(ServiceId(1), name, Amount(50));
        let mut whatsapp = service("WhatsApp NL");
        assert_eq!(product_name(Some(&whatsapp)), "whatsappnl");
        whatsapp.market_names.fivesim = "whatsapp".parse().ok();
        assert_eq!(product_name(Some(&whatsapp)), "whatsapp");
        assert_eq!(product_name(Some(&service("微信"))), "other");
        assert_eq!(product_name(None), "other");
    }

    #[test]
    fn a_month_is_the_only_time_that_is_rented() {
        assert_eq!((package_of("1month"), package_of("1MONTH")), (Some("1m"), Some("1m")));
        for product in ["3hours", "1day", "10days", "1m", "whatsapp", ""] {
            assert_eq!(package_of(product), None, "{product}");
        }
        assert_eq!((hosting_product("1m"), hosting_product("3m")), ("1month", "3m"));
    }
}
