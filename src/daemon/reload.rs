//! Reloading the configuration while the daemon runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::check::{self, Report, UserIdentity};
use super::config::{
    BankSection, Config, ConfigError, EffectiveEntry, Fault, ModemSection, TakesEffect,
    takes_effect,
};
use super::modem_control::business_settings;
use super::{logging, ports};
use crate::domain::audit::AuditAction;
use crate::driver::{self, Port};
use crate::gateway::{
    BoxFuture, ConfigFindings, ConfigInEffect, ConfigValue, Gateway, Reload, Reloaded,
};
use crate::http::Throttle;

/// Why there is nothing to read.
const NO_FILE: &str = "this daemon has no configuration file";

/// The parts that a reload changes, and the configuration in effect.
pub(super) struct Reloader {
    pub file: Option<PathBuf>,
    /// The business and the limits of its customers, which a site has not.
    pub business: Option<(Gateway, Throttle)>,
    pub driver: driver::Handle,
    /// The configuration that the daemon was started with.
    pub started_with: Config,
    /// The configuration in effect now, after the reloads so far.
    pub in_effect: Mutex<Config>,
}

impl Reload for Reloader {
    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, String>> {
        Box::pin(async move {
            let done = self.reload_config().await;
            match &done {
                Ok(done) => {
                    let (applied, needs_restart) =
                        (done.applied.join("; "), done.needs_restart.join("; "));
                    tracing::info!(
                        event = "reloaded",
                        applied,
                        needs_restart,
                        "the configuration was reloaded"
                    );
                    self.note(done).await;
                }
                Err(why) => {
                    tracing::error!(event = "reload_failed", why, "nothing was changed");
                }
            }
            done
        })
    }

    fn in_effect(&self) -> ConfigInEffect {
        let entries = entries_in_effect(&self.started_with, &self.in_effect.lock());
        let value = |entry: EffectiveEntry| ConfigValue {
            key: entry.path(),
            value: entry.value,
            line: entry.line,
        };
        let file = self.file.as_ref().map(|file| file.display().to_string());
        ConfigInEffect { file, values: entries.into_iter().map(value).collect() }
    }

    fn check(&self) -> BoxFuture<'_, Result<ConfigFindings, String>> {
        let file = self.file.clone();
        Box::pin(async move {
            let file = file.ok_or(NO_FILE)?;
            let runtime = Handle::current();
            // It looks at files and ports, which may take its time.
            let checked = tokio::task::spawn_blocking(move || {
                runtime.block_on(Report::of(&file, &UserIdentity::this_process())).findings
            });
            checked.await.map_err(|error| error.to_string())
        })
    }
}

/// The values in effect after reloads: of the keys that need a restart, those of the start.
fn entries_in_effect(started: &Config, in_effect: &Config) -> Vec<EffectiveEntry> {
    let needs_restart =
        |entry: &EffectiveEntry| takes_effect(&entry.section, &entry.key) == TakesEffect::Restart;
    let of_start = started.effective_entries().into_iter().filter(needs_restart);
    let of_reload = in_effect.effective_entries().into_iter();
    let mut entries: Vec<EffectiveEntry> =
        of_start.chain(of_reload.filter(|entry| !needs_restart(entry))).collect();
    // Both are in the order of the reference, of which the sections of the start have the most.
    let mut sections: Vec<String> = Vec::new();
    for config in [in_effect, started] {
        for entry in config.effective_entries() {
            if !sections.contains(&entry.section) {
                sections.push(entry.section);
            }
        }
    }
    entries.sort_by_key(|entry| {
        let section = sections.iter().position(|section| *section == entry.section);
        (section, entry.index)
    });
    entries
}

impl Reloader {
    /// Records in the audit what was applied. The new settings hold even if that fails.
    async fn note(&self, done: &Reloaded) {
        let Some((gateway, _)) = self.business.as_ref().filter(|_| !done.applied.is_empty()) else {
            return;
        };
        let (audit, subject) = (gateway.audit(), done.applied.join("; "));
        let subject = format!("the configuration: {subject}");
        if let Err(error) = audit.note_operator_action(AuditAction::Reloaded, subject).await {
            tracing::error!(
                event = "audit_failed", %error,
                "cannot record in the audit that the configuration was reloaded"
            );
        }
    }

    async fn reload_config(&self) -> Result<Reloaded, String> {
        let file = self.file.as_ref().ok_or(NO_FILE)?;
        let found = load_without_faults(file.clone()).await?;
        if found.entries.is_empty() {
            // An editor is probably writing the file at this moment.
            return Err(format!("{} is empty; nothing was changed", file.display()));
        }
        if let Some((gateway, _)) = &self.business {
            let reloaded = gateway.services().reload().await;
            reloaded.map_err(|error| format!("nothing was changed: {error}"))?;
        }
        let mut in_effect = self.in_effect.lock();
        let done = compare(&self.started_with, &in_effect, &found);
        let next = applicable(&self.started_with, &in_effect, found);
        if let Some((gateway, throttle)) = &self.business {
            gateway.apply_settings(business_settings(&next));
            throttle.set(next.limits);
        }
        if next.modems != in_effect.modems {
            self.driver.serve(ports(&next));
        }
        if next.log.level != in_effect.log.level {
            logging::set_level(&next.log.level);
        }
        *in_effect = next;
        Ok(done)
    }
}

/// Reads a file in which `simbridge check` finds nothing that stays wrong until somebody mends it.
/// A modem that is unplugged, or whose port another program has, is waited for as always.
async fn load_without_faults(file: PathBuf) -> Result<Config, String> {
    let checked = tokio::task::spawn_blocking(move || {
        let mut reading = Config::inspect(&file)?;
        // An empty file names no port either; it has an answer of its own.
        if !reading.config.entries.is_empty() {
            let who = UserIdentity::this_process();
            reading.faults.extend(check::lasting_faults(&reading, &who));
        }
        let of_hardware = check::hardware_faults(&reading.config).into_iter();
        reading
            .faults
            .extend(of_hardware.map(|(file, error)| Fault { line: 0, text: error.in_file(&file) }));
        match reading.faults.is_empty() {
            true => Ok(reading.config),
            false => Err(ConfigError { path: file, faults: Ok(reading.faults) }),
        }
    });
    let checked = checked.await.map_err(|error| error.to_string())?;
    checked.map_err(|error| error.to_string())
}

/// The part of a file that a reload can apply; keys that need a restart keep their values from the
/// start.
fn applicable(started: &Config, in_effect: &Config, found: Config) -> Config {
    let started = started.clone();
    let mut gateway = found.gateway;
    if gateway.currency != started.gateway.currency {
        // The new prices would be converted into a currency that the accounts do not have yet. That
        // nothing is sold has no currency.
        if !gateway.packages.on_sale().is_empty() {
            gateway.packages = in_effect.gateway.packages.clone();
        }
        gateway.currency = started.gateway.currency;
        gateway.spend_per_day = in_effect.gateway.spend_per_day;
    }
    Config {
        database: started.database,
        cluster: started.cluster,
        http: started.http,
        admin: started.admin,
        banks: started.banks,
        notify: started.notify,
        hardware: started.hardware,
        recovery: started.recovery,
        gateway,
        sites: started.sites,
        site: started.site,
        log: super::config::Log { level: found.log.level, ..started.log },
        ..found
    }
}

/// The differences between the configurations, in words for the operator.
fn compare(started: &Config, in_effect: &Config, found: &Config) -> Reloaded {
    let (old, current, new) = (values(started), values(in_effect), values(found));
    let new_currency = found.gateway.currency != started.gateway.currency;
    let mut done = Reloaded {
        applied: ports_changed(&in_effect.modems, &found.modems),
        needs_restart: Vec::new(),
    };
    let mut keys: Vec<&(String, String)> =
        new.keys().chain(current.keys()).chain(old.keys()).collect();
    keys.sort();
    keys.dedup();
    let same = |a: &[BankSection], b: &[BankSection]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.has_content_of(b))
    };
    if !same(&started.banks, &found.banks) {
        done.needs_restart.push("[[bank]]".to_owned());
    }
    let (before, after) = (&started.notify, &found.notify);
    if before.len() != after.len()
        || !before.iter().zip(after).all(|(before, after)| before.has_content_of(after))
    {
        done.needs_restart.push("[[notify]]".to_owned());
    }
    for key in keys {
        let (group, name) = key;
        let value = new.get(key).map_or("is not set", String::as_str);
        // These are amounts in, or rates into, the currency that needs a restart.
        let is_amount = matches!(group.as_str(), "rentals.packages" | "money.rates")
            || (group.as_str(), name.as_str()) == ("limits", "spend_per_day");
        let waits = new_currency && is_amount;
        match takes_effect(group, name) {
            TakesEffect::Reload if !waits => {
                if new.get(key) != current.get(key) {
                    done.applied.push(format!("{group}.{name} {value}"));
                }
            }
            _ => {
                if new.get(key) != old.get(key) {
                    done.needs_restart.push(format!("{group}.{name} {value}"));
                }
            }
        }
    }
    done
}

/// Every value in effect except those of modems and banks, as `= value`.
fn values(config: &Config) -> BTreeMap<(String, String), String> {
    let entries = config.effective_entries().into_iter().filter(|entry| entry.index.is_none());
    entries.map(|entry| ((entry.section, entry.key), format!("= {}", entry.value))).collect()
}

fn ports_changed(before: &[ModemSection], after: &[ModemSection]) -> Vec<String> {
    let find = |ports: &[ModemSection], port: &Port| {
        ports.iter().find(|modem| modem.port == *port).cloned()
    };
    let removed = before.iter().filter(|modem| find(after, &modem.port).is_none());
    let removed = removed.map(|modem| format!("modem {} removed", modem.port));
    let added_or_changed = after.iter().filter_map(|modem| match find(before, &modem.port) {
        None => Some(format!("modem {} added", modem.port)),
        Some(known) if !known.has_content_of(modem) => {
            Some(format!("modem {} changed", modem.port))
        }
        Some(_) => None,
    });
    removed.chain(added_or_changed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn applied_changes_and_those_that_need_a_restart_are_reported() {
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
    fn a_change_that_needs_a_restart_is_reported_again_and_an_applied_one_is_not() {
        let started = config("");
        let found = config(
            "[orders]\nlifetime = \"5m\"\n[log]\nformat = \"json\"\nlevel = \
             \"debug\"\n[money]\ncurrency = \"EUR\"",
        );
        let in_effect = applicable(&started, &started, found.clone());
        assert_eq!(
            (in_effect.log.level.as_str(), in_effect.log.format),
            ("debug", started.log.format)
        );
        assert_eq!(
            (in_effect.gateway.currency.to_string().as_str(), &in_effect.gateway.packages),
            ("USD", &started.gateway.packages)
        );
        let again = compare(&started, &in_effect, &found);
        assert_eq!(again.applied, [""; 0]);
        assert_eq!(again.needs_restart, ["log.format = \"json\"", "money.currency = \"EUR\""]);
    }

    #[test]
    fn what_needs_a_restart_is_in_effect_as_it_was_at_the_start() {
        let started = config("[orders]\nlifetime = \"9m\"\n[log]\nformat = \"json\"");
        let found = config("[log]\nformat = \"text\"\nlevel = \"debug\"");
        let in_effect = applicable(&started, &started, found);
        let entries = entries_in_effect(&started, &in_effect);
        let value = |path: &str| {
            let entry = entries.iter().find(|entry| entry.path() == path).unwrap();
            (entry.value.as_str(), entry.line)
        };
        assert_eq!(value("log.format"), ("\"json\"", Some(4)), "it waits for a restart");
        assert_eq!(value("log.level"), ("\"debug\"", Some(3)), "it was applied");
        assert_eq!(value("orders.lifetime"), ("\"10m\"", None), "it is not set any more");
        let mut paths: Vec<String> = entries.iter().map(EffectiveEntry::path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), entries.len(), "each is there once");
    }
}
