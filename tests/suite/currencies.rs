//! Amounts in currencies that have not two decimals, on the real program.

use simbridge::simulator::Scenario;

use crate::support::{Site, wait_for};

/// What one site is told and tells: the currency, credit, a price, what is left, a price that is
/// too fine with what is said of it, and what a month's rental of 15.00 EUR costs.
const SITES: [[&str; 7]; 2] = [
    ["JPY", "5000", "120", "4880", "0.50", "JPY has no decimals: write it like 12", "2483"],
    [
        "KWD",
        "20.000",
        "0.125",
        "19.875",
        "0.1255",
        "more than 3 decimals: write it like 12.500",
        "2482.500",
    ],
];

#[test]
fn amounts_have_the_decimals_of_their_currency_wherever_they_are_read_and_shown() {
    for [currency, credit, price, left, too_fine, said, rent] in SITES {
        let configuration = format!(
            "[money]\ncurrency = \"{currency}\"\n[money.rates]\nEUR = \"165.5\"\n[rentals]\n\
             rest_after_orders = \"0s\"\n"
        );
        let site = Site::with(1, Scenario::default(), &configuration);
        let _daemon = site.serve_ready();
        let key = site.customer("ann", credit);
        let add = |price: &str| {
            site.run(&["service", "add", "Uber", "--price", price, "--sender", "^Uber$"])
        };
        for refused in [
            add(too_fine),
            site.run(&["account", "topup", "ann", too_fine]),
            site.run(&["account", "price", "ann", "*", too_fine]),
        ] {
            let words = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(refused.status.code(), Some(1), "{words}");
            assert!(words.contains(said) || words.contains("a share of"), "{words}");
        }
        assert!(add(price).status.success());
        assert_eq!(site.json(&["service", "list"])[0]["price"], price);
        assert!(site.ok(&["service", "export"]).contains(&format!("price = \"{price}\"")));
        let services = site.get(&format!("/api/services?key={key}"));
        assert!(services.contains(&format!("\"price\":\"{price}\"")), "{services}");
        let made = site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
        assert!(made.starts_with("ORDER_ID_1_"), "{made}");
        assert_eq!(site.json(&["account", "show", "ann"])["held"], price);
        site.send("Uber", &site.network().numbers()[0], "Your code is 123456");
        let sms = || site.get(&format!("/api/getsms?key={key}&orderId=1"));
        wait_for("the code", || sms().starts_with("SUCCESS_"));
        assert!(site.get(&format!("/api/getbalance?key={key}")).ends_with(left));
        let report = site.json(&["report", "revenue", "--by", "service"]);
        assert_eq!(
            (&report["total"][0]["amount"], &report["total"][0]["currency"]),
            (&price.into(), &currency.into())
        );
        let metric = format!("simbridge_accounts_balance{{currency=\"{currency}\"}} {left}\n");
        wait_for("the metric", || site.page("/metrics").contains(&metric));
        site.ok(&["order", "refund", "1", "--reason", "a gift"]);
        let audit = site.ok(&["audit", "list", "--limit", "0"]);
        assert!(audit.contains(&format!("order 1, {price} {currency}")), "{audit}");
        site.ok(&["account", "limit", "ann", "--spend-per-day", price]);
        assert_eq!(site.json(&["account", "show", "ann"])["spend_per_day"], price);
        let shown = site.ok(&["check"]);
        assert!(shown.contains(&format!("1m 15.00 EUR ({rent} {currency})")), "{shown}");
        assert_eq!(site.json(&["verify"])["ok"], true);
    }
}

#[test]
fn a_database_keeps_the_decimals_that_its_amounts_began_with() {
    let site = Site::with(0, Scenario::default(), "[money]\ncurrency = \"EUR\"\n");
    let configure = |money: &str| {
        let before = std::fs::read_to_string(site.config()).unwrap();
        let (head, _) = before.split_once("[money]\n").unwrap();
        std::fs::write(site.config(), format!("{head}[money]\n{money}")).unwrap();
    };
    site.serve().terminate();
    configure("currency = \"JPY\"\n");
    let daemon = site.serve();
    site.ok(&["account", "add", "ann"]);
    site.ok(&["account", "topup", "ann", "1250"]);
    daemon.terminate();
    configure("currency = \"KWD\"\n");
    let refused = site.run(&["serve"]);
    let words = String::from_utf8(refused.stderr).unwrap();
    let right = "the amounts in this database have 0 decimals, but with [money] currency = \
                 \"KWD\" they would have 3: set decimals = 0 there too, or another currency";
    assert!(refused.status.code() == Some(78) && words.contains(right), "{words}");
    for (money, balance) in
        [("currency = \"KWD\"\ndecimals = 0\n", "1250"), ("currency = \"KRW\"\n", "1250")]
    {
        configure(money);
        let daemon = site.serve();
        assert_eq!(site.json(&["account", "show", "ann"])["balance"], balance);
        daemon.terminate();
    }
}
