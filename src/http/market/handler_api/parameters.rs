//! Parameters as programs for number markets write them.

use crate::domain::market_countries;
use crate::domain::{Amount, Countries, Currency, OrderId, Timestamp};
use crate::gateway::{PriceCondition, PurchaseCountry};
use crate::http::params::Params;

use super::answer::Word;

/// How many prefixes may be avoided, and how many digits each has, at least and at most.
const MOST_PREFIXES: usize = 20;
const PREFIX_DIGITS: std::ops::RangeInclusive<usize> = 4..=11;

/// The first of several spellings of a parameter that the request has.
pub(super) fn either<'p>(params: &'p Params, names: &[&str]) -> Option<&'p str> {
    names.iter().find_map(|name| params.get(name))
}

/// Whether a parameter says yes.
pub(super) fn is_set(params: &Params, name: &str) -> bool {
    params.get(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

/// The id of an order. One that is too large to be one is that of none.
pub(super) fn order_id(params: &Params, names: &[&str]) -> Result<OrderId, Word> {
    let text = either(params, names).ok_or(Word::WrongActivationId)?;
    let is_number = text.bytes().all(|octet| octet.is_ascii_digit());
    match is_number {
        true => Ok(text.parse().unwrap_or(OrderId(i64::MAX))),
        false => Err(Word::WrongActivationId),
    }
}

/// The code of the country that a number stands for.
pub(super) fn country_of_number(countries: &Countries, text: &str) -> Result<String, Word> {
    let number = text.parse::<u16>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let known = number.and_then(market_countries::by_number).ok_or(Word::BadCountry)?;
    let country = countries.find(known.iso_code).ok_or(Word::BadCountry)?;
    Ok(country.code.clone())
}

/// The country in which a number is bought.
pub(super) fn purchase_country(
    countries: &Countries,
    by_default: &str,
    text: Option<&str>,
) -> Result<PurchaseCountry, Word> {
    match text {
        None => Ok(PurchaseCountry::Code(by_default.to_owned())),
        Some(word) if word.eq_ignore_ascii_case("any") => Ok(PurchaseCountry::Cheapest),
        Some(text) => country_of_number(countries, text).map(PurchaseCountry::Code),
    }
}

/// The digits that a number must not begin with.
pub(super) fn avoided_prefixes(text: Option<&str>) -> Result<Vec<String>, Word> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let prefixes: Vec<&str> = text.split(',').map(str::trim).collect();
    let is_prefix = |prefix: &&str| {
        PREFIX_DIGITS.contains(&prefix.len()) && prefix.bytes().all(|octet| octet.is_ascii_digit())
    };
    match prefixes.len() <= MOST_PREFIXES && prefixes.iter().all(is_prefix) {
        true => Ok(prefixes.into_iter().map(str::to_owned).collect()),
        false => Err(Word::WrongExceptionPhone),
    }
}

/// A price as a program writes it: in minor units, and whether it has more decimals than the
/// currency, which are left off.
fn written_price(currency: Currency, text: &str) -> Option<(Amount, bool)> {
    let text = text.replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let are_digits = |part: &str| part.bytes().all(|octet| octet.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let decimals = usize::try_from(currency.decimals()).unwrap_or(0);
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(decimals).collect();
    let is_finer = fraction.bytes().skip(decimals).any(|octet| octet != b'0');
    // What is too large to be an amount is more than any price.
    let minor = format!("0{whole}{kept}").parse().unwrap_or(i64::MAX);
    Some((Amount(minor), is_finer))
}

/// What a number may cost. A limit that is no price is below every price.
pub(in super::super) fn price_condition(currency: Currency, params: &Params) -> PriceCondition {
    const BELOW_ALL: Amount = Amount(-1);
    let limit = either(params, &["maxPrice", "max_price"])
        .map(|text| written_price(currency, text).filter(|(price, _)| *price > Amount::ZERO));
    let at_most = limit.map(|limit| limit.map_or(BELOW_ALL, |(price, _)| price));
    let at_least = params.get("minPrice").and_then(|text| written_price(currency, text));
    let at_least =
        at_least.map(|(price, is_finer)| Amount(price.0.saturating_add(is_finer.into())));
    match limit.filter(|_| is_set(params, "fixedPrice")) {
        Some(Some((price, is_finer))) => {
            let exactly = Some(if is_finer { BELOW_ALL } else { price });
            PriceCondition { at_most: None, at_least, exactly }
        }
        _ => PriceCondition { at_most, at_least, exactly: None },
    }
}

/// A time in seconds since 1970, or in ISO 8601 with a zone or without one, which means UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    if text.bytes().all(|octet| octet.is_ascii_digit()) {
        let seconds: i64 = text.parse().ok()?;
        return seconds.checked_mul(1_000_000).map(Timestamp);
    }
    let text = text.replacen(' ', "T", 1);
    let with_time = if text.contains('T') { text } else { format!("{text}T00:00:00") };
    with_time.parse().or_else(|_| format!("{with_time}Z").parse()).ok()
}

/// A number of rows or of a page, if the parameter is one.
pub(super) fn count(params: &Params, names: &[&str]) -> Option<u32> {
    either(params, names)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    fn params(query: &str) -> Params {
        let request = Request::builder().uri(format!("/x?{query}")).body(()).unwrap();
        Params::from_head(&request, None).trimmed()
    }

    #[test]
    fn a_price_condition_is_read_as_it_is_written() {
        let amount = |minor| Some(Amount(minor));
        for (query, at_most, at_least, exactly) in [
            ("", None, None, None),
            ("maxPrice=", None, None, None),
            ("maxPrice=0.50", amount(50), None, None),
            ("max_price=0,5", amount(50), None, None),
            ("maxPrice=.5", amount(50), None, None),
            ("maxPrice=0.499", amount(49), None, None),
            ("maxPrice=9", amount(900), None, None),
            ("maxPrice=99999999999999999999", amount(i64::MAX), None, None),
            ("maxPrice=abc", amount(-1), None, None),
            ("maxPrice=0", amount(-1), None, None),
            ("maxPrice=-1", amount(-1), None, None),
            ("maxPrice=1e3", amount(-1), None, None),
            ("maxPrice=.", amount(-1), None, None),
            ("minPrice=0.5", None, amount(50), None),
            ("minPrice=0.501", None, amount(51), None),
            ("minPrice=abc", None, None, None),
            ("fixedPrice=true", None, None, None),
            ("maxPrice=0.5&fixedPrice=true", None, None, amount(50)),
            ("maxPrice=0.5&fixedPrice=1&minPrice=0.6", None, amount(60), amount(50)),
            ("maxPrice=0.505&fixedPrice=1", None, None, amount(-1)),
            ("maxPrice=0.5&fixedPrice=0", amount(50), None, None),
        ] {
            let condition = price_condition(Currency::USD, &params(query));
            assert_eq!(condition, PriceCondition { at_most, at_least, exactly }, "{query}");
        }
    }

    #[test]
    fn prefixes_are_four_to_eleven_digits_and_at_most_twenty() {
        let read = |text: &str| avoided_prefixes(Some(text)).map(|prefixes| prefixes.len());
        assert_eq!(avoided_prefixes(None), Ok(Vec::new()));
        assert_eq!(
            (read("316123"), read("7918,79281"), read(" 3161 , 3162 ")),
            (Ok(1), Ok(2), Ok(2))
        );
        assert_eq!(read(&["3161"; 20].join(",")), Ok(20));
        for text in
            ["abc", "316", "316123456789", "+3161", "3161,", "3161;3162", &["3161"; 21].join(",")]
        {
            assert_eq!(read(text), Err(Word::WrongExceptionPhone), "{text}");
        }
    }

    #[test]
    fn countries_are_numbers_of_the_table() {
        let countries = Countries::default();
        let code = |text: &str| country_of_number(&countries, text);
        let of = |code: &str| Ok(code.to_owned());
        assert_eq!((code("48"), code("16"), code("0")), (of("NL"), of("UK"), of("RU")));
        assert_eq!((code("187"), code("12")), (of("USA"), of("USA")));
        for text in ["abc", "999", "NL", "-1", "+48", "4.8", "70000"] {
            assert_eq!(code(text), Err(Word::BadCountry), "{text}");
        }
        let bought_in = |text| purchase_country(&countries, "NL", text);
        assert_eq!(bought_in(None), Ok(PurchaseCountry::Code("NL".into())));
        assert_eq!(bought_in(Some("any")), Ok(PurchaseCountry::Cheapest));
        assert_eq!(bought_in(Some("all")), Err(Word::BadCountry));
    }

    #[test]
    fn ids_are_digits() {
        let id = |query: &str| order_id(&params(query), &["activationId", "id"]);
        assert_eq!((id("id=7"), id("activationId=8&id=7")), (Ok(OrderId(7)), Ok(OrderId(8))));
        assert_eq!(id("id=99999999999999999999"), Ok(OrderId(i64::MAX)));
        for query in ["", "id=", "id=x", "id=-1", "id=1.0"] {
            assert_eq!(id(query), Err(Word::WrongActivationId), "{query}");
        }
    }

    #[test]
    fn times_are_seconds_or_iso_8601() {
        let at = Some(Timestamp(1_795_824_000_000_000));
        for text in ["1795824000", "2026-11-28", "2026-11-28T00:00:00Z", "2026-11-28 00:00:00"] {
            assert_eq!(time(text), at, "{text}");
        }
        for text in ["", "x", "yesterday", "2026-13-01", "99999999999999999999"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
