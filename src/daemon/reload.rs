//! Reading the configuration anew while everything runs.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::config::{BankKeys, Config, ModemPorts, TakesEffect, takes_effect};
use super::{limits, logging, ports, settings};
use crate::driver;
use crate::gateway::{BoxFuture, Gateway, Reload, Reloaded};
use crate::http::Throttle;

/// What can be changed, and what it was changed to last.
pub(super) struct Reloader {
    pub file: Option<PathBuf>,
    pub gateway: Gateway,
    pub driver: driver::Handle,
    pub throttle: Throttle,
    /// What the daemon was started with.
    pub started: Config,
    /// What holds now.
    pub held: Mutex<Config>,
}

impl Reload for Reloader {
    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, String>> {
        Box::pin(async move {
            let done = self.reread().await;
            match &done {
                Ok(done) => {
                    let (applied, needs_restart) =
                        (done.applied.join("; "), done.needs_restart.join("; "));
                    tracing::info!(
                        event = "reloaded",
                        applied,
                        needs_restart,
                        "the configuration was read anew"
                    );
                }
                Err(why) => tracing::error!(event = "reload_failed", why, "nothing was changed"),
            }
            done
        })
    }
}

impl Reloader {
    async fn reread(&self) -> Result<Reloaded, String> {
        let file = self.file.as_ref().ok_or("this daemon has no configuration file")?;
        let found = Config::load(file).map_err(|error| error.to_string())?;
        if found.said.is_empty() {
            // An editor that writes the file at this moment, more likely than a wish for no modems
            // at all.
            return Err(format!("{} is empty; nothing was changed", file.display()));
        }
        self.gateway
            .services()
            .reload()
            .await
            .map_err(|error| format!("nothing was changed: {error}"))?;
        let mut held = self.held.lock();
        let done = compare(&self.started, &held, &found);
        let next = within(&self.started, &held, found);
        self.gateway.apply_settings(settings(&next));
        self.throttle.set(limits(&next));
        if next.modems != held.modems {
            self.driver.serve(ports(&next));
        }
        if next.log.level != held.log.level {
            logging::set_level(&next.log.level);
        }
        *held = next;
        Ok(done)
    }
}

/// What holds of a file while the daemon runs: what needs a restart is as at the start.
fn within(started: &Config, held: &Config, found: Config) -> Config {
    let started = started.clone();
    // Prices in a currency that is not the accounts' would be wrong.
    let packages =
        if found.currency == started.currency { found.packages } else { held.packages.clone() };
    Config {
        database: started.database,
        http: started.http,
        socket: started.socket,
        banks: started.banks,
        hardware: started.hardware,
        recovery: started.recovery,
        currency: started.currency,
        packages,
        log: super::config::Log { level: found.log.level, ..started.log },
        ..found
    }
}

/// What is other than it was, in words.
fn compare(started: &Config, held: &Config, found: &Config) -> Reloaded {
    let (started_values, held_values, values) = (values(started), values(held), values(found));
    let money_waits = found.currency != started.currency;
    let mut done =
        Reloaded { applied: ports_changed(&held.modems, &found.modems), needs_restart: Vec::new() };
    let mut keys: Vec<&(String, String)> =
        values.keys().chain(held_values.keys()).chain(started_values.keys()).collect();
    keys.sort();
    keys.dedup();
    let same = |a: &[BankKeys], b: &[BankKeys]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_meant_as(b))
    };
    if !same(&started.banks, &found.banks) {
        done.needs_restart.push("[[bank]]".to_owned());
    }
    for key in keys {
        let (group, name) = key;
        let said = values.get(key).map_or("is not set", String::as_str);
        let waits = money_waits && matches!(group.as_str(), "rentals.packages" | "money.rates");
        match takes_effect(group, name) {
            TakesEffect::Reload if !waits => {
                if values.get(key) != held_values.get(key) {
                    done.applied.push(format!("{group}.{name} {said}"));
                }
            }
            _ => {
                if values.get(key) != started_values.get(key) {
                    done.needs_restart.push(format!("{group}.{name} {said}"));
                }
            }
        }
    }
    done
}

/// Every value that holds beside the modems', as `= value`.
fn values(config: &Config) -> BTreeMap<(String, String), String> {
    let shown = config.shown().into_iter().filter(|shown| shown.place.is_none());
    shown.map(|shown| ((shown.group, shown.key), format!("= {}", shown.value))).collect()
}

fn ports_changed(before: &[ModemPorts], after: &[ModemPorts]) -> Vec<String> {
    let of =
        |ports: &[ModemPorts], port: &str| ports.iter().find(|modem| modem.port == port).cloned();
    let removed = before.iter().filter(|modem| of(after, &modem.port).is_none());
    let removed = removed.map(|modem| format!("modem {} removed", modem.port));
    let here = after.iter().filter_map(|modem| match of(before, &modem.port) {
        None => Some(format!("modem {} added", modem.port)),
        Some(known) if !known.is_meant_as(modem) => Some(format!("modem {} changed", modem.port)),
        Some(_) => None,
    });
    removed.chain(here).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn what_is_applied_and_what_waits_is_told_in_words() {
        let started = config(
            "[http]\nlisten = \"127.0.0.1:1\"\n[[modem]]\nport = \"/dev/a\"\n[[modem]]\nport = \
             \"/dev/b\"",
        );
        for (found, applied, waits) in [
            (
                "[http]\nlisten = \"127.0.0.1:1\"\n[[modem]]\nport = \"/dev/a\"\n[[modem]]\nport \
                 = \"/dev/b\"",
                &[][..],
                &[][..],
            ),
            (
                "# more lines\n\n[[modem]]\nport = \"/dev/a\"\n[[modem]]\nport = \"/dev/b\"",
                &[],
                &["http.listen = \"127.0.0.1:8080\""],
            ),
            (
                "[http]\nlisten = \"127.0.0.1:1\"\n[orders]\nlifetime = \"5m\"\n[[modem]]\nport = \
                 \"/dev/b\"\nbaud = 9600\n[[modem]]\nport = \"/dev/c\"",
                &[
                    "modem /dev/a removed",
                    "modem /dev/b changed",
                    "modem /dev/c added",
                    "orders.lifetime = \"5m\"",
                ],
                &[],
            ),
            (
                "[http]\nlisten = \"127.0.0.1:1\"\n[money]\ncurrency = \
                 \"EUR\"\n[rentals.packages]\n1m = \"9.00 EUR\"\n[[modem]]\nport = \
                 \"/dev/a\"\n[[modem]]\nport = \"/dev/b\"",
                &[],
                &["money.currency = \"EUR\"", "rentals.packages.1m = \"9.00 EUR\""],
            ),
        ] {
            let done = compare(&started, &started, &config(found));
            assert_eq!(
                (done.applied, done.needs_restart),
                (
                    applied.iter().map(|w| w.to_string()).collect(),
                    waits.iter().map(|w| w.to_string()).collect()
                ),
                "{found}"
            );
        }
    }

    #[test]
    fn what_waits_for_a_restart_is_named_again_and_what_was_applied_is_not() {
        let started = config("");
        let found = config(
            "[orders]\nlifetime = \"5m\"\n[log]\nformat = \"json\"\nlevel = \
             \"debug\"\n[money]\ncurrency = \"EUR\"",
        );
        let held = within(&started, &started, found.clone());
        assert_eq!((held.log.level.as_str(), held.log.format), ("debug", started.log.format));
        assert_eq!((held.currency.as_str(), &held.packages), ("USD", &started.packages));
        let again = compare(&started, &held, &found);
        assert_eq!(again.applied, [""; 0]);
        assert_eq!(again.needs_restart, ["log.format = \"json\"", "money.currency = \"EUR\""]);
    }
}
