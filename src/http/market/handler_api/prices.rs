//! The shapes of prices. They are written row by row: there may be tens of thousands.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Arguments, Display, Write};
use std::sync::Arc;

use crate::domain::{Amount, Currency, Service};
use crate::gateway::CountryPrices;

/// How prices are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `{"48":{"wa":{"cost":0.5,"count":12,"physicalCount":12}}}`.
    ByCountry,
    /// The same with `"freePriceMap":{"0.50":12}`.
    WithPriceMap,
    /// `{"48":{"wa":{"0.50":12}}}`.
    PriceMap,
    /// `{"48":{"wa":{"1":{"count":12,"price":0.5,"provider_id":1}}}}`.
    ByProvider,
    /// `{"wa":{"48":{"count":12,"price":0.5}}}`.
    ByService,
}

/// What is sold, as far as this dialect has names for it.
pub(super) struct Sold {
    rows: Vec<Row>,
    /// The countries' numbers by their codes of the API.
    numbers: HashMap<String, u16>,
}

/// A service in a country, with the names that this dialect has for both.
struct Row {
    country: u16,
    service: Arc<Service>,
    price: Arc<WrittenPrice>,
    count: usize,
}

/// A price in all its forms. There are many rows and few prices, so each is written once.
struct WrittenPrice {
    amount: Amount,
    units: f64,
    /// As a JSON number.
    number: String,
    /// As the API writes it.
    text: String,
}

/// A service in a country.
pub(super) struct SoldRow<'s> {
    pub(super) country: u16,
    /// The service's code.
    pub(super) service: &'s str,
    pub(super) name: &'s str,
    pub(super) price: f64,
    /// The price as a JSON number.
    number: &'s str,
    /// The price as the API writes it.
    pub(super) price_text: &'s str,
    pub(super) count: usize,
}

/// The code of a service; one without a code is not shown.
fn code(service: &Service) -> Option<&str> {
    service.market_names.code.as_ref().map(|code| code.as_str())
}

impl Sold {
    /// `number_of` tells the number of a country that has this code of the API.
    pub(super) fn new(
        currency: Currency,
        number_of: impl Fn(&str) -> Option<u16>,
        list: Vec<CountryPrices>,
    ) -> Sold {
        let mut prices: HashMap<i64, Arc<WrittenPrice>> = HashMap::new();
        let (mut rows, mut numbers) = (Vec::new(), HashMap::new());
        for CountryPrices { country, offers } in list {
            let Some(number) = number_of(&country) else { continue };
            numbers.insert(country, number);
            for offer in offers {
                if code(&offer.service).is_none() {
                    continue;
                }
                let price = prices
                    .entry(offer.price.0)
                    .or_insert_with(|| Arc::new(WrittenPrice::new(currency, offer.price)));
                rows.push(Row {
                    country: number,
                    price: Arc::clone(price),
                    count: offer.count,
                    service: offer.service,
                });
            }
        }
        rows.sort_by_key(|row| row.country);
        Sold { rows, numbers }
    }

    /// The number of a country in which something is sold.
    pub(super) fn country_number(&self, code: &str) -> Option<u16> {
        self.numbers.get(code).copied()
    }

    /// Sorts the rows so that those with numbers come first, the cheapest first.
    pub(super) fn sort_best_first(&mut self) {
        self.rows.sort_by_key(|row| (row.count == 0, row.price.amount, row.country));
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = SoldRow<'_>> {
        self.rows.iter().filter_map(|row| {
            Some(SoldRow {
                country: row.country,
                service: code(&row.service)?,
                name: &row.service.name,
                price: row.price.units,
                number: &row.price.number,
                price_text: &row.price.text,
                count: row.count,
            })
        })
    }

    /// The prices in JSON.
    pub(super) fn prices(&self, form: Form) -> String {
        if form == Form::ByService {
            let mut json = Nested::default();
            let mut by_service: BTreeMap<&str, Vec<SoldRow<'_>>> = BTreeMap::new();
            for row in self.rows() {
                by_service.entry(row.service).or_default().push(row);
            }
            for row in by_service.into_values().flatten() {
                let (country, price, count) = (row.country, row.number, row.count);
                let value = format_args!("{{\"count\":{count},\"price\":{price}}}");
                json.add(row.service, country, value);
            }
            return json.end();
        }
        let mut json = Nested::default();
        for row in self.rows() {
            let SoldRow { country, service, number: price, price_text, count, .. } = row;
            let cost = format_args!("\"cost\":{price},\"count\":{count},\"physicalCount\":{count}");
            match form {
                Form::ByCountry => json.add(country, service, format_args!("{{{cost}}}")),
                Form::WithPriceMap => {
                    let map = format_args!("\"freePriceMap\":{{\"{price_text}\":{count}}}");
                    json.add(country, service, format_args!("{{{cost},{map}}}"));
                }
                Form::PriceMap => {
                    json.add(country, service, format_args!("{{\"{price_text}\":{count}}}"));
                }
                Form::ByProvider | Form::ByService => {
                    let price = format_args!("\"count\":{count},\"price\":{price}");
                    let value = format_args!("{{\"1\":{{{price},\"provider_id\":1}}}}");
                    json.add(country, service, value);
                }
            }
        }
        json.end()
    }
}

impl WrittenPrice {
    fn new(currency: Currency, amount: Amount) -> WrittenPrice {
        let units = currency.units(amount);
        WrittenPrice { amount, units, number: units.to_string(), text: currency.text(amount) }
    }
}

/// An object of objects that is written row by row. The names in it are codes and numbers, which
/// need no escapes. Rows with the same first name come one after the other.
struct Nested<O> {
    text: String,
    /// The last row's first name.
    outer: Option<O>,
}

impl<O> Default for Nested<O> {
    fn default() -> Nested<O> {
        Nested { text: String::new(), outer: None }
    }
}

impl<O: Display + PartialEq> Nested<O> {
    fn add(&mut self, outer: O, inner: impl Display, value: Arguments<'_>) {
        // To write into a text cannot fail.
        let _ = match &self.outer {
            Some(last) if *last == outer => write!(self.text, ",\"{inner}\":{value}"),
            Some(_) => write!(self.text, "}},\"{outer}\":{{\"{inner}\":{value}"),
            None => write!(self.text, "{{\"{outer}\":{{\"{inner}\":{value}"),
        };
        self.outer = Some(outer);
    }

    fn end(mut self) -> String {
        self.text.push_str(if self.text.is_empty() { "{}" } else { "}}" });
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ServiceId;
    use crate::domain::market_names::{MarketNames, ServiceCode};
    use crate::gateway::PricedService;

    fn sold() -> Sold {
        let service = |id, code: Option<&str>| {
            let code = code.map(ServiceCode::from_stored);
            let names = MarketNames { code, ..MarketNames::default() };
            let service = Service::new(ServiceId(id), format!("Service {id}"), Amount(50));
            Arc::new(Service { market_names: names, ..service })
        };
        let services = [service(1, Some("wa")), service(2, Some("tg")), service(3, None)];
        let offers = |prices: [i64; 3]| {
            let priced = services.iter().zip(prices).map(|(service, price)| PricedService {
                service: Arc::clone(service),
                price: Amount(price),
                count: usize::try_from(price % 7).unwrap(),
            });
            priced.collect()
        };
        let list = vec![
            CountryPrices { country: "UK".into(), offers: offers([100, 29, 1]) },
            CountryPrices { country: "NL".into(), offers: offers([50, 49, 1]) },
            CountryPrices { country: "Nowhere".into(), offers: offers([50, 49, 1]) },
        ];
        let numbers = BTreeMap::from([("UK", 16), ("NL", 48)]);
        Sold::new(Currency::USD, |code| numbers.get(code).copied(), list)
    }

    #[test]
    fn prices_have_the_shapes_that_programs_read() {
        let sold = sold();
        for (form, expected) in [
            (
                Form::ByCountry,
                concat!(
                    r#"{"16":{"wa":{"cost":1,"count":2,"physicalCount":2},"#,
                    r#""tg":{"cost":0.29,"count":1,"physicalCount":1}},"#,
                    r#""48":{"wa":{"cost":0.5,"count":1,"physicalCount":1},"#,
                    r#""tg":{"cost":0.49,"count":0,"physicalCount":0}}}"#,
                ),
            ),
            (
                Form::WithPriceMap,
                concat!(
                    r#"{"16":{"wa":{"cost":1,"count":2,"physicalCount":2,"#,
                    r#""freePriceMap":{"1.00":2}},"#,
                    r#""tg":{"cost":0.29,"count":1,"physicalCount":1,"freePriceMap":{"0.29":1}}},"#,
                    r#""48":{"wa":{"cost":0.5,"count":1,"physicalCount":1,"#,
                    r#""freePriceMap":{"0.50":1}},"#,
                    r#""tg":{"cost":0.49,"count":0,"physicalCount":0,"freePriceMap":{"0.49":0}}}}"#,
                ),
            ),
            (
                Form::PriceMap,
                concat!(
                    r#"{"16":{"wa":{"1.00":2},"tg":{"0.29":1}},"48":{"wa":{"0.50":1},"#,
                    r#""tg":{"0.49":0}}}"#,
                ),
            ),
            (
                Form::ByProvider,
                concat!(
                    r#"{"16":{"wa":{"1":{"count":2,"price":1,"provider_id":1}},"#,
                    r#""tg":{"1":{"count":1,"price":0.29,"provider_id":1}}},"#,
                    r#""48":{"wa":{"1":{"count":1,"price":0.5,"provider_id":1}},"#,
                    r#""tg":{"1":{"count":0,"price":0.49,"provider_id":1}}}}"#,
                ),
            ),
            (
                Form::ByService,
                concat!(
                    r#"{"tg":{"16":{"count":1,"price":0.29},"48":{"count":0,"price":0.49}},"#,
                    r#""wa":{"16":{"count":2,"price":1},"48":{"count":1,"price":0.5}}}"#,
                ),
            ),
        ] {
            assert_eq!(sold.prices(form), expected, "{form:?}");
        }
        let nothing = Sold { rows: Vec::new(), numbers: HashMap::new() };
        assert_eq!(nothing.prices(Form::ByCountry), "{}");
    }

    #[test]
    fn what_is_sold_is_sorted_with_the_best_first() {
        let mut sold = sold();
        sold.sort_best_first();
        let rows = sold.rows().map(|row| (row.country, row.service, row.count));
        assert_eq!(
            rows.collect::<Vec<_>>(),
            [(16, "tg", 1), (48, "wa", 1), (16, "wa", 2), (48, "tg", 0)]
        );
    }
}
