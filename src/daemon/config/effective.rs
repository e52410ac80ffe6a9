//! The values in effect, and where each comes from.

use std::fmt::Write;
use std::path::Path;

use super::key::{AnyKey, Section, Shape};
use super::sites;
use super::table::{self, SECTIONS};
use super::{Config, RawEntry};

/// A value in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveEntry {
    /// The full name of its section, such as `rentals.packages`.
    pub section: String,
    /// Which of the sections of that name it is in, from 0; `None` for one that cannot be repeated.
    pub index: Option<usize>,
    pub key: String,
    /// The value as TOML, on one line.
    pub value: String,
    /// The line in the file; `None` for a default.
    pub line: Option<usize>,
}

impl EffectiveEntry {
    /// Its key with its section, such as `orders.lifetime` or `modem[0].port`.
    pub fn path(&self) -> String {
        let index = self.index.map(|index| format!("[{index}]")).unwrap_or_default();
        format!("{}{index}.{}", self.section, self.key)
    }
}

impl Config {
    /// Every value in effect, in the order of the template.
    pub fn effective_entries(&self) -> Vec<EffectiveEntry> {
        let is_site = self.site.is_some();
        let sections =
            SECTIONS.iter().filter(|section| !is_site || sites::is_of_site(section.name));
        let entries = sections.flat_map(|section| self.entries_of(section));
        let database = &table::database::SECTION;
        entries
            .filter(|entry| entry.section != database.name || self.database.has_key(&entry.key))
            .collect()
    }

    fn entries_of(&self, section: &Section) -> Vec<EffectiveEntry> {
        let of_file = self.entries.iter().filter(|entry| section.has_name(&entry.section));
        let mut occurrences: Vec<(&str, usize)> = match section.shape {
            Shape::Table | Shape::FreeKeys => vec![(section.name, 0)],
            Shape::List | Shape::FreeName => {
                of_file.map(|entry| (entry.section.as_str(), entry.index)).collect()
            }
        };
        occurrences.dedup();
        let entries = occurrences.into_iter().flat_map(|(name, index)| {
            let is_here = |entry: &&RawEntry| entry.section == name && entry.index == index;
            let set: Vec<&RawEntry> = self.entries.iter().filter(is_here).collect();
            let known = section.keys.iter().filter_map(|key| effective(name, *key, &set));
            let others = set.iter().filter(|entry| section.key(&entry.key).is_none());
            let others = others.map(|entry| set_by_file(entry));
            let index = (section.shape == Shape::List).then_some(index);
            let entries = known.chain(others).map(|entry| EffectiveEntry { index, ..entry });
            entries.collect::<Vec<_>>()
        });
        entries.collect()
    }

    /// The values in effect as a configuration file, with where each comes from.
    pub fn explained(&self, file: &Path) -> String {
        let mut text = format!(
            "# {} as simbridge understands it, and the line that each value comes from\n",
            file.display()
        );
        let mut previous = None;
        for entry in self.effective_entries() {
            let occurrence = (entry.section.clone(), entry.index);
            if previous.as_ref() != Some(&occurrence) {
                let (open, close) = if entry.index.is_some() { ("[[", "]]") } else { ("[", "]") };
                let _ = writeln!(text, "\n{open}{}{close}", entry.section);
                previous = Some(occurrence);
            }
            let origin =
                entry.line.map_or_else(|| "default".to_owned(), |line| format!("line {line}"));
            let _ = writeln!(text, "{:48} # {origin}", format!("{} = {}", entry.key, entry.value));
        }
        text
    }
}

fn set_by_file(entry: &RawEntry) -> EffectiveEntry {
    // On one line, even if the file spreads it over several.
    let table = toml::from_str::<toml::Table>(&format!("value = {}", entry.value)).ok();
    let value = table.and_then(|table| table.get("value").map(toml::Value::to_string));
    EffectiveEntry {
        section: entry.section.clone(),
        index: None,
        key: entry.key.clone(),
        value: value.unwrap_or_else(|| entry.value.clone()),
        line: Some(entry.line),
    }
}

/// The value of a key, from the file or the default; `None` when there is neither.
fn effective(section: &str, key: &dyn AnyKey, set: &[&RawEntry]) -> Option<EffectiveEntry> {
    if let Some(entry) = set.iter().find(|entry| entry.key == key.name()) {
        return Some(set_by_file(entry));
    }
    Some(EffectiveEntry {
        section: section.to_owned(),
        index: None,
        key: key.name().to_owned(),
        value: key.default_text()?,
        line: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_a_site_no_values_of_the_central_daemon_are_in_effect() {
        let text = format!(
            "[site]\nname = \"ams\"\ncentral = [\"a:1\"]\nfingerprints = [\"{}\"]\nkey_file = \
             \"/k\"\n[[modem]]\nport = \"/dev/a\"\n",
            "ab".repeat(32)
        );
        let config = Config::parse(&text).unwrap();
        let sections = config.effective_entries().into_iter().map(|entry| entry.section);
        let sections: std::collections::BTreeSet<String> = sections.collect();
        let expected = ["admin", "hardware", "log", "modem", "recovery", "site"];
        assert_eq!(sections.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_value_in_effect_is_shown_with_its_line() {
        let text = "[http]\nlisten = \"[::1]:9\"\n[[modem]]\nport = \"/dev/a\"\n[[modem]]\nport = \
                    \"/dev/b\"\nbaud = 9600\n[rentals.packages]\n2y = \"9.00 \
                    EUR\"\n[block_list]\nsenders = [\n  \"a\",\n  \"b\"]\n";
        let explained = Config::parse(text).unwrap().explained(Path::new("x.toml"));
        for line in [
            "[[modem]]\nport = \"/dev/a\"                                  # line 4\n\
             baud = 115200                                    # default",
            "port = \"/dev/b\"                                  # line 6\n\
             baud = 9600                                      # line 7",
            "listen = \"[::1]:9\"                               # line 2",
            "2y = \"9.00 EUR\"                                  # line 9",
            "senders = [\"a\", \"b\"]                             # line 11",
            "path = \"/var/lib/simbridge/simbridge.db\"         # default",
        ] {
            assert!(explained.contains(line), "{line}\nis missing in\n{explained}");
        }
        let again = Config::parse(&explained).unwrap();
        assert_eq!(again.modems.len(), 2, "it is a configuration itself");
    }
}
