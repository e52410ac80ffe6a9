//! Catalogues of services: TOML files that are read and written.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::read_catalogue;

/// Reads a catalogue. Errors name the file, the line and the column.
pub(super) fn read(path: &Path) -> anyhow::Result<Value> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> anyhow::Result<Value> {
    Ok(json!({ "services": read_catalogue(text)? }))
}

/// The catalogue that has these services, as the daemon lists them.
pub(super) fn write(services: &Value) -> anyhow::Result<String> {
    let service = Vec::<Listed>::deserialize(services)?;
    Ok(toml::to_string(&Catalogue { service })?)
}

#[derive(Serialize)]
struct Catalogue {
    service: Vec<Listed>,
}

/// A service as the daemon lists it, serialized with the names that a catalogue has. `country`
/// comes last, as TOML demands of tables.
#[derive(Deserialize, Serialize)]
struct Listed {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fivesim: Option<String>,
    price: String,
    #[serde(skip_serializing_if = "is_zero")]
    priority: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reuse_window: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reuse_price_percent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_on: Option<String>,
    #[serde(rename(serialize = "sender"), skip_serializing_if = "Vec::is_empty")]
    senders: Vec<String>,
    #[serde(rename(serialize = "text"), skip_serializing_if = "Vec::is_empty")]
    texts: Vec<String>,
    #[serde(rename(serialize = "country"), skip_serializing_if = "BTreeMap::is_empty")]
    countries: BTreeMap<String, String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::SHIPPED_CATALOGUE;

    #[test]
    fn the_operators_guide_has_every_key() {
        let guide = include_str!("../../docs/operators-guide.md");
        let error = parse("[[service]]\nzzz = 1").unwrap_err().to_string();
        let keys: Vec<&str> =
            error.split("expected").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(keys.len() > 5, "{error}");
        for key in keys {
            assert!(guide.contains(&format!("`{key}`")), "{key}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let listed = json!([{
            "id": 1, "name": "x \"y\"", "code": "xy", "fivesim": "xyz",
            "price": "0.50", "enabled": true, "priority": -1,
            "reuse_window": "1h 30m", "reuse_price_percent": 25, "countries": { "UK": "0.80" },
            "charge_on": "sms", "senders": ["^x\\d$"], "texts": ["'a'"],
        }, {
            "id": 2, "name": "z", "code": null, "fivesim": null, "price": "1.00",
            "enabled": true, "priority": 0,
            "reuse_window": null, "reuse_price_percent": null, "countries": {},
            "charge_on": null, "senders": [], "texts": [],
        }]);
        let expected = json!({ "services": [{
            "name": "x \"y\"", "code": "xy", "fivesim": "xyz",
            "price": "0.50", "priority": -1, "reuse_window_seconds": 5400,
            "reuse_price_percent": 25, "charge_on": "sms", "countries": { "UK": "0.80" },
            "senders": ["^x\\d$"], "texts": ["'a'"],
        }, {
            "name": "z", "code": null, "fivesim": null, "price": "1.00",
            "priority": 0, "reuse_window_seconds": null,
            "reuse_price_percent": null, "charge_on": null, "countries": {}, "senders": [],
            "texts": [],
        }] });
        assert_eq!(parse(&write(&listed).unwrap()).unwrap(), expected);
    }

    #[test]
    fn the_example_can_be_imported_and_has_no_name_twice() {
        let services = parse(SHIPPED_CATALOGUE).unwrap();
        let mut names: Vec<_> =
            services["services"].as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
        assert!(names.len() >= 30, "{}", names.len());
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        for kind in ["code", "fivesim"] {
            let listed = services["services"].as_array().unwrap();
            let names: Vec<_> = listed.iter().filter_map(|one| one[kind].as_str()).collect();
            let unique: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!((unique.len(), names.len() > 25), (names.len(), true), "{kind}");
        }
    }

    #[test]
    fn a_service_may_have_its_own_terms_of_reuse() {
        let own = "[[service]]\nname = \"x\"\nprice = \"1\"\nreuse_window = \
                   \"90m\"\nreuse_price_percent = 25\n";
        let service = &parse(own).unwrap()["services"][0];
        assert_eq!(
            (&service["reuse_window_seconds"], &service["reuse_price_percent"]),
            (&5400.into(), &25.into())
        );
        let error = parse(&own.replace("90m", "soon")).unwrap_err().to_string();
        assert!(error.contains("line 4"), "{error}");
    }

    #[test]
    fn a_service_may_say_what_its_orders_are_charged_for() {
        let own = "[[service]]\nname = \"x\"\nprice = \"1\"\ncharge_on = \"sms\"\n";
        assert_eq!(parse(own).unwrap()["services"][0]["charge_on"], "sms");
    }

    #[test]
    fn an_error_names_its_line() {
        let error = parse("[[service]]\nname = \"x\"\nprise = \"1\"\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("prise"), "{error}");
    }
}
