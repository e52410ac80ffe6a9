//! Whatever the parameters are, an answer is one of the protocol, and the daemon goes on.

use simbridge::domain::Random;
use simbridge::simulator::Scenario;

use super::{Answer, Customer, add_service};
use crate::support::Site;

const SEED: u64 = 0x5EED_0078;
const REQUESTS: usize = 3000;

const ACTIONS: &[&str] = &[
    "getBalance",
    "getBalanceAndCashBack",
    "getNumber",
    "getNumbers",
    "getNumberV2",
    "getStatus",
    "getStatusV2",
    "getFullSms",
    "getAllSms",
    "setStatus",
    "finishActivation",
    "cancelActivation",
    "getPrices",
    "getPricesExtended",
    "getPricesVerification",
    "getPricesV2",
    "getPricesV3",
    "getNumbersStatus",
    "getCountries",
    "getServicesList",
    "getOperators",
    "getTopCountriesByService",
    "getTopCountriesByServiceRank",
    "getListOfTopCountriesByService",
    "getActiveActivations",
    "getCurrentActivations",
    "getListOfActiveActivations",
    "getHistory",
    "checkExtraActivation",
    "getExtraActivation",
    "getAdditionalService",
    "reactivate",
    "reactivationPrice",
    "getRentServicesAndCountries",
    "getRentNumber",
    "getRentStatus",
    "setRentStatus",
    "getRentList",
    "continueRentNumber",
    "getContinueRentPriceNumber",
    "continueRentInfo",
    "serviceCountRent",
    "getRentPrices",
    "getMultiServiceNumber",
    "nonsense",
    "",
];

const NAMES: &[&str] = &[
    "service",
    "country",
    "operator",
    "maxPrice",
    "max_price",
    "minPrice",
    "fixedPrice",
    "freePrice",
    "phoneException",
    "forward",
    "activationType",
    "orderId",
    "id",
    "activationId",
    "status",
    "page",
    "size",
    "length",
    "limit",
    "offset",
    "start",
    "end",
    "rent_time",
    "time",
    "hours",
    "duration",
    "needHistory",
    "incomingCall",
    "lang",
    "currency",
    "userId",
    "ref",
    "json",
];

/// Values that are right somewhere, and others.
const VALUES: &[&str] = &[
    "wa",
    "WA",
    "full",
    "any",
    "zz",
    "48",
    "187",
    "0",
    "1",
    "2",
    "3",
    "6",
    "8",
    "-1",
    "10",
    "720",
    "4294967296",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "99999999999999999999999999",
    "0.5",
    "0,5",
    ".5",
    "5.",
    "1e400",
    "NaN",
    "Infinity",
    "0x10",
    "１２",
    "true",
    "false",
    "True",
    "316123",
    "316123,3161",
    ",,,",
    "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21",
    "%00",
    "%FF%FE",
    "%F0%9F%98%80",
    "%0d%0aX:1",
    "..%2f..%2f",
    "' OR 1=1 --",
    "2026-11-28T00:00:00Z",
    "1782133023",
    "%20%20",
    "",
];

/// Pieces of paths below `/v1`.
const PIECES: &[&str] = &[
    "user",
    "guest",
    "vendor",
    "buy",
    "activation",
    "hosting",
    "reuse",
    "check",
    "finish",
    "cancel",
    "ban",
    "sms",
    "inbox",
    "orders",
    "payments",
    "profile",
    "max-prices",
    "products",
    "prices",
    "countries",
    "flash",
    "netherlands",
    "any",
    "virtual4",
    "whatsapp",
    "1month",
    "3hours",
    "en",
    "1",
    "1000000001",
    "9223372036854775808",
    "-1",
    "%2B31612340000",
    "%00",
    "%FF",
    "..",
    "%C3%A9",
    "",
];

fn one<'l>(random: &mut Random, list: &[&'l str]) -> &'l str {
    list[random.index(list.len())]
}

fn parameters(random: &mut Random) -> String {
    let count = random.index(6);
    let pairs = (0..count).map(|_| {
        let (name, value) = (one(random, NAMES), one(random, VALUES));
        let blank = if random.below(8) == 0 { "%20" } else { "" };
        format!("&{name}{blank}={}", value.replace(' ', "%20"))
    });
    pairs.collect()
}

/// Checks what an answer of `handler_api` looks like.
fn check_action(asked: &str, answer: &Answer) {
    assert!(matches!(answer.status, 200 | 204), "{asked}: {answer:?}");
    match answer.kind.as_str() {
        "application/json" => assert!(!answer.json().is_null(), "{asked}: {answer:?}"),
        "text/plain; charset=utf-8" => {
            let word = answer.body.split(':').next().unwrap();
            let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            assert!(!word.is_empty() && word.chars().all(is_word), "{asked}: {answer:?}");
            assert_ne!(word, "ERROR_SQL", "{asked}: {answer:?}");
        }
        other => assert_eq!((answer.status, other), (204, ""), "{asked}: {answer:?}"),
    }
}

/// Checks what an answer of 5sim's API looks like.
fn check_fivesim(asked: &str, answer: &Answer) {
    match (answer.status, answer.kind.as_str()) {
        (200, "application/json") => assert!(!answer.json().is_null(), "{asked}: {answer:?}"),
        (400 | 404, "text/plain") => assert!(!answer.body.contains('\n'), "{asked}: {answer:?}"),
        (404 | 405, _) => assert_eq!(answer.body, "", "{asked}: {answer:?}"),
        _ => panic!("{asked}: {answer:?}"),
    }
}

#[test]
fn no_parameters_make_the_daemon_fail() {
    let settings = "[orders]\nnumber_cooldown = \"1s\"\nnumber_rest = \"0s\"\n[rentals]\nrest = \
                    \"0s\"\ngrace = \"0s\"\n[limits]\nkey_per_second = 100000\n\
                    address_per_second = 100000\n";
    let site = Site::with(3, Scenario::default(), settings);
    let _daemon = site.serve_ready();
    add_service(&site);
    let ann = Customer::new(&site, "ann", "10000");
    let mut random = Random::new(SEED);
    for n in 0..REQUESTS {
        let query = format!("{}{}", one(&mut random, ACTIONS), parameters(&mut random));
        let asked = match n % 3 {
            // In a form, too.
            0 => ann.ask(
                "POST",
                "/stubs/handler_api.php",
                &format!("api_key={}&action={query}", ann.key),
            ),
            _ => ann.action(&query),
        };
        check_action(&query, &asked.unwrap_or_else(|| panic!("no answer to {query}")));
        let count = 1 + random.index(6);
        let pieces: Vec<&str> = (0..count).map(|_| one(&mut random, PIECES)).collect();
        let path = format!("{}?{}", pieces.join("/"), parameters(&mut random));
        let answer = ann.fivesim(&path).unwrap_or_else(|| panic!("no answer to {path}"));
        check_fivesim(&path, &answer);
    }
    let said = site.json(&["verify"]);
    assert_eq!(said["ok"], true, "{said}");
}
