use super::*;

fn service(id: i64, senders: &[&str], texts: &[&str]) -> Service {
    let own = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect();
    Service {
        senders: own(senders),
        texts: own(texts),
        ..Service::new(ServiceId(id), format!("service {id}"), Amount(50))
    }
}

fn waits(order: u8, service: i64, open: bool) -> Waiting<u8> {
    Waiting { order, service: ServiceId(service), open }
}

const UBER: i64 = 1;
const UBER_EATS: i64 = 2;
const ANY: i64 = 3;
const TINDER: i64 = 4;

fn catalogue() -> Catalogue {
    Catalogue::new(&[
        service(UBER, &["^Uber$"], &[]),
        service(UBER_EATS, &["^Uber$"], &["Eats"]),
        service(ANY, &[], &[]),
        service(TINDER, &[], &["(?i)tinder"]),
    ])
    .unwrap()
}

#[test]
fn a_message_goes_to_the_order_whose_service_fits_best() {
    for (waiting, sender, text, expected, why) in [
        (vec![waits(1, UBER, true)], "Uber", "code 1", Some(1), "fits"),
        (vec![waits(1, UBER, true)], "Lyft", "code 1", None, "does not fit"),
        (
            vec![waits(1, UBER, true), waits(2, UBER_EATS, true)],
            "Uber",
            "Eats 1",
            Some(2),
            "the more specific service",
        ),
        (vec![waits(1, UBER_EATS, true)], "Uber", "code 1", None, "sender and text must both fit"),
        (
            vec![waits(1, UBER, false), waits(2, UBER, true)],
            "Uber",
            "code",
            Some(2),
            "open before collecting",
        ),
        (vec![waits(1, UBER, false)], "Uber", "code", Some(1), "collecting"),
        (
            vec![waits(1, ANY, true)],
            "Unknown",
            "hello",
            Some(1),
            "a service without patterns gets what no service claims",
        ),
        (vec![waits(1, ANY, true)], "x", "your Tinder code", None, "another service claims it"),
        (
            vec![waits(1, ANY, true), waits(2, UBER, false)],
            "Uber",
            "again",
            Some(2),
            "the service that claims it has a collecting order",
        ),
        (
            vec![waits(1, 99, true)],
            "Uber",
            "code",
            None,
            "a service that the catalogue does not know",
        ),
        (vec![], "Uber", "code", None, "no order waits"),
    ] {
        let claims = catalogue().claims(sender, text);
        assert_eq!(catalogue().choose(&waiting, &claims), expected, "{why}");
    }
}

#[test]
fn the_services_that_claim_a_message_and_the_patterns_that_fit() {
    let claim = |service, sender, text| Claim { service: ServiceId(service), sender, text };
    let expected = [claim(UBER_EATS, Some(0), Some(0)), claim(UBER, Some(0), None)];
    assert_eq!(catalogue().claims("Uber", "Eats 1"), expected);
    assert_eq!(catalogue().claims("Nobody", "hello"), []);
}

#[test]
fn a_service_with_patterns_charges_on_codes_unless_it_says_otherwise() {
    let links = Service { charge_on: Some(ChargeOn::Sms), ..service(UBER, &["Uber"], &[]) };
    let codes = Service { charge_on: Some(ChargeOn::Code), ..service(ANY, &[], &[]) };
    for (service, expected) in [
        (service(UBER, &["Uber"], &[]), ChargeOn::Code),
        (service(UBER, &[], &["Uber"]), ChargeOn::Code),
        (service(ANY, &[], &[]), ChargeOn::Sms),
        (links, ChargeOn::Sms),
        (codes, ChargeOn::Code),
    ] {
        assert_eq!(service.charges_on(), expected, "{service:?}");
        assert_eq!(Catalogue::new([&service]).unwrap().charges_on(service.id), expected);
    }
    assert_eq!("code".parse(), Ok(ChargeOn::Code));
    assert!("text".parse::<ChargeOn>().is_err());
}

#[test]
fn priority_goes_before_specificity() {
    let first = Service { priority: 1, ..service(UBER, &["Uber"], &[]) };
    let catalogue = Catalogue::new(&[first, service(UBER_EATS, &["Uber"], &["Eats"])]).unwrap();
    let waiting = [waits(1, UBER_EATS, true), waits(2, UBER, true)];
    let claims = catalogue.claims("Uber", "Eats 1");
    assert_eq!(catalogue.choose(&waiting, &claims), Some(2));
}

#[test]
fn bad_and_huge_patterns_are_refused_by_name() {
    for pattern in ["(", "(a{1000}){1000}"] {
        let bad = service(1, &[pattern], &[]);
        let error = Catalogue::check(&bad).unwrap_err();
        let in_all = Catalogue::new([&service(2, &["^Lyft$"], &[]), &bad]).unwrap_err();
        assert_eq!(in_all, error);
        assert!(error.to_string().starts_with("pattern of service service 1: "), "{error}");
    }
}

#[test]
fn a_broken_pattern_says_where() {
    for (pattern, at, reason) in [
        ("^Uber$", None, ""),
        ("code (\\d+", Some(6), "unclosed group"),
        ("ü[", Some(2), "unclosed character class"),
        ("a**{2,1}", Some(4), "invalid repetition count range, the start must be <= the end"),
        (r"\p{Nope}", Some(1), "Unicode property not found"),
    ] {
        let fault = check_pattern(pattern).err();
        let told = fault.as_ref().map_or("", |fault| fault.reason.as_str());
        assert!(told.starts_with(reason), "{pattern}: {told}");
        assert_eq!(fault.and_then(|fault| fault.at), at, "{pattern}");
    }
    assert_eq!(check_pattern("(a{1000}){1000}").unwrap_err().at, None);
}

#[test]
fn countries_have_their_own_prices() {
    let service = Service {
        country_prices: BTreeMap::from([
            ("UK".to_owned(), Amount(80).into()),
            ("USA".to_owned(), CountryPrice::Off),
        ]),
        ..service(1, &[], &[])
    };
    let price = |country| service.price_in(country);
    assert_eq!(
        [price("UK"), price("NL"), price("USA")],
        [Some(Amount(80)), Some(Amount(50)), None]
    );
    for text in ["off", "0.80"] {
        let price = CountryPrice::parse(text, Currency::USD).unwrap();
        assert_eq!(price.text(Currency::USD), text);
    }
    assert!(CountryPrice::parse("Off", Currency::USD).is_err());
}
