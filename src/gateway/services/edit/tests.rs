use super::*;
use crate::domain::ServiceId;

fn uber() -> Service {
    Service {
        country_prices: [("UK".to_owned(), Amount(80).into())].into(),
        senders: vec!["^Uber$".into(), "^UBER$".into()],
        ..Service::new(ServiceId(1), "Uber", Amount(50))
    }
}

fn shown(before: &Service, after: &NewService) -> Vec<String> {
    let words = |change: &ServiceChange| change.in_words(Currency::USD, &Countries::default());
    changes(before, after).iter().map(words).collect()
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let edit = ServiceEdit {
        price: Some(Amount(95)),
        country_prices: [("UK".to_owned(), None), ("NL".to_owned(), Some(CountryPrice::Off))]
            .into(),
        reuse_window: Some(Some(Duration::from_secs(3600))),
        charge_on: Some(Some(ChargeOn::Sms)),
        code: Some("ub".parse().ok()),
        fivesim: Some("uber".parse().ok()),
        senders: PatternEdit {
            add: vec!["^Uber BV$".into(), "^Uber$".into()],
            remove: vec!["^UBER$".into()],
            ..PatternEdit::default()
        },
        texts: PatternEdit { replace: vec!["code".into()], ..PatternEdit::default() },
        ..ServiceEdit::default()
    };
    let after = edit.apply(&uber()).unwrap();
    assert_eq!(
        shown(&uber(), &after),
        [
            "price 0.50 -> 0.95",
            "price in NL default -> off",
            "price in GB 0.80 -> default",
            "reuse window default -> 1h",
            "charge on default -> sms",
            "code none -> ub",
            "5sim name none -> uber",
            "sender removed: ^UBER$",
            "sender added: ^Uber BV$",
            "text added: code",
        ]
    );
    assert_eq!(shown(&uber(), &ServiceEdit::default().apply(&uber()).unwrap()), [""; 0]);
    let nothing = PatternEdit { remove: vec!["^Lyft$".into()], ..PatternEdit::default() };
    let edit = ServiceEdit { senders: nothing, ..ServiceEdit::default() };
    assert_eq!(edit.apply(&uber()), Err(NoSuchPattern("^Lyft$".into())));
}

#[test]
fn an_edit_makes_a_service_be_as_it_is_wanted() {
    let other = NewService {
        price: Amount(95),
        country_prices: [("NL".to_owned(), CountryPrice::Off)].into(),
        priority: 3,
        charge_on: Some(ChargeOn::Sms),
        senders: vec![],
        texts: vec!["code".into(), "Uber".into()],
        ..contents(&uber())
    };
    for wanted in [other, contents(&uber())] {
        let edit = ServiceEdit::between(&uber(), &wanted);
        assert_eq!(edit.apply(&uber()).as_ref(), Ok(&wanted));
    }
}

#[test]
fn an_import_takes_only_what_its_mode_says() {
    let file = NewService {
        price: Amount(60),
        country_prices: [("NL".to_owned(), Amount(70).into())].into(),
        priority: 5,
        senders: vec!["^Uber$".into(), "^Uber BV$".into()],
        texts: vec!["code".into()],
        ..contents(&uber())
    };
    let import = |mode| shown(&uber(), &merge(&uber(), &file, mode));
    assert_eq!(import(ImportMode::AddPatterns), ["sender added: ^Uber BV$"]);
    assert_eq!(
        import(ImportMode::TakePrices),
        ["price 0.50 -> 0.60", "price in NL default -> 0.70", "sender added: ^Uber BV$"]
    );
    assert_eq!(
        import(ImportMode::Replace),
        [
            "price 0.50 -> 0.60",
            "price in NL default -> 0.70",
            "price in GB 0.80 -> default",
            "priority 0 -> 5",
            "sender removed: ^UBER$",
            "sender added: ^Uber BV$",
            "text added: code",
        ]
    );
    let bare = Service { senders: vec![], ..uber() };
    let gained = shown(&bare, &merge(&bare, &file, ImportMode::AddPatterns));
    assert_eq!(gained, ["sender added: ^Uber$", "sender added: ^Uber BV$", "text added: code"]);
}
