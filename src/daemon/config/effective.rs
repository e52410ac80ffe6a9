//! The configuration in words: as it is understood, and a template to begin with.

use std::fmt::Write;
use std::path::Path;

use super::groups::GROUPS;
use super::keys::{Group, Key, Kind, Value};
use super::{Config, RawEntry};

/// One value that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveEntry {
    /// Its section, like `rentals.packages`.
    pub group: String,
    /// Which of several sections of that name, from 0; `None` when there is but one.
    pub place: Option<usize>,
    /// Its key.
    pub key: String,
    /// Its value, as TOML.
    pub value: String,
    /// The file's line; `None`: it is the default.
    pub line: Option<usize>,
}

impl Config {
    /// Every value that holds, in the order of the template.
    pub fn shown(&self) -> Vec<EffectiveEntry> {
        GROUPS.iter().flat_map(|group| self.shown_group(group)).collect()
    }

    fn shown_group(&self, group: &Group) -> Vec<EffectiveEntry> {
        let mut places: Vec<(&str, usize)> = match group.kind {
            Kind::Table | Kind::Named => vec![(group.name, 0)],
            Kind::List => {
                let count = if group.name == "bank" { self.banks.len() } else { self.modems.len() };
                (0..count).map(|place| (group.name, place)).collect()
            }
            Kind::Example => self
                .said
                .iter()
                .filter(|said| like(group, said))
                .map(|said| (&*said.group, 0))
                .collect(),
        };
        places.dedup();
        let values = places.into_iter().flat_map(|(name, place)| {
            let said: Vec<&RawEntry> =
                self.said.iter().filter(|said| said.group == name && said.place == place).collect();
            let known = group.keys.iter().filter_map(|key| held(name, key, &said));
            let own = said.iter().filter(|said| group.keys.iter().all(|key| key.name != said.key));
            let own = own.map(|said| of_file(said));
            known
                .chain(own)
                .map(|shown| EffectiveEntry {
                    place: (group.kind == Kind::List).then_some(place),
                    ..shown
                })
                .collect::<Vec<_>>()
        });
        values.collect()
    }

    /// The values that hold, as TOML with where each is from.
    pub fn explained(&self, file: &Path) -> String {
        let mut text = format!(
            "# {} as it is understood, and the line that each value is from\n",
            file.display()
        );
        let mut heading = None;
        for shown in self.shown() {
            let of = (shown.group.clone(), shown.place);
            if heading.as_ref() != Some(&of) {
                let (open, close) = if shown.place.is_some() { ("[[", "]]") } else { ("[", "]") };
                let _ = writeln!(text, "\n{open}{}{close}", shown.group);
                heading = Some(of);
            }
            let from =
                shown.line.map_or_else(|| "default".to_owned(), |line| format!("line {line}"));
            let _ = writeln!(text, "{:48} # {from}", format!("{} = {}", shown.key, shown.value));
        }
        text
    }
}

fn like(group: &Group, said: &RawEntry) -> bool {
    said.group.split('.').next() == group.name.split('.').next()
}

fn of_file(said: &RawEntry) -> EffectiveEntry {
    // On one line, whatever the file's way of writing it.
    let table = toml::from_str::<toml::Table>(&format!("value = {}", said.value)).ok();
    let value = table.and_then(|table| table.get("value").map(toml::Value::to_string));
    EffectiveEntry {
        group: said.group.clone(),
        place: None,
        key: said.key.clone(),
        value: value.unwrap_or_else(|| said.value.clone()),
        line: Some(said.line),
    }
}

/// What holds of a key; `None` when nothing does.
fn held(group: &str, key: &Key, said: &[&RawEntry]) -> Option<EffectiveEntry> {
    if let Some(said) = said.iter().find(|said| said.key == key.name) {
        return Some(of_file(said));
    }
    let Value::Default(value) = key.value else { return None };
    Some(EffectiveEntry {
        group: group.to_owned(),
        place: None,
        key: key.name.to_owned(),
        value: value.to_owned(),
        line: None,
    })
}

/// A file to begin with: every key with what it does, commented out.
pub fn template() -> String {
    let mut text = "# simbridge's configuration. Everything has a default but the modems' ports: \
                    take the # away before what is\n# to be otherwise. `simbridge check` tells \
                    every fault, `simbridge config` what holds.\n"
        .to_owned();
    for group in GROUPS {
        text.push('\n');
        comment(&mut text, group.about);
        let _ = match group.kind {
            Kind::List => writeln!(text, "#[[{}]]", group.name),
            Kind::Example => writeln!(text, "#[{}]", group.name),
            Kind::Table | Kind::Named => writeln!(text, "[{}]", group.name),
        };
        for key in group.keys {
            comment(&mut text, key.about);
            let (Value::Default(value) | Value::Example(value)) = key.value;
            let _ = writeln!(text, "#{} = {value}", key.name);
        }
    }
    text
}

/// Words behind `# `, in lines that fit a terminal.
fn comment(text: &mut String, words: &str) {
    let mut line = String::new();
    for word in words.split_whitespace() {
        if line.chars().count() + word.chars().count() > 90 {
            let _ = writeln!(text, "#{line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "#{line}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::reader::Document;
    use super::*;

    /// The template with the `#` taken away before every key.
    fn uncommented() -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        template().lines().map(line).collect()
    }

    fn without_words(config: Config) -> String {
        format!("{:?}", Config { said: Vec::new(), ..config })
    }

    #[test]
    fn the_template_says_nothing_until_a_key_is_uncommented() {
        let config = Config::parse(&template()).unwrap();
        assert_eq!(config.said, []);
        assert_eq!(without_words(config), without_words(Config::parse("").unwrap()));
    }

    #[test]
    fn every_key_of_the_template_is_right_and_what_it_calls_the_default_is() {
        let all = Config::parse(&uncommented()).unwrap_or_else(|faults| panic!("{faults:?}"));
        let keys: usize = GROUPS.iter().map(|group| group.keys.len()).sum();
        assert_eq!(all.said.len(), keys);
        assert!(all.without_effect.is_empty(), "{:?}", all.without_effect);
        let plain = Config::parse("").unwrap();
        let modem = |config: &Config| {
            config.modems.first().map(|modem| (modem.baud, modem.profile.clone()))
        };
        let least = Config::parse("[[modem]]\nport = \"/dev/x\"").unwrap();
        assert_eq!(modem(&all), modem(&least));
        let country = |calling| {
            Config::parse(&format!("[countries.DE]\ncalling_code = \"{calling}\""))
                .unwrap()
                .countries
        };
        assert_eq!(format!("{:?}", all.countries), format!("{:?}", country(49)));
        let bank = |config: &Config| {
            config.banks.first().map(|bank| {
                (
                    bank.rental_visit,
                    bank.visit_on_view,
                    bank.sell_within,
                    bank.quiet,
                    bank.stay,
                    bank.baud,
                )
            })
        };
        let least =
            Config::parse("[[bank]]\nprofile = \"swit\"\nports = [\"/dev/x\"]\nslots = 1").unwrap();
        assert_eq!(bank(&all), bank(&least));
        let (modems, banks, countries) =
            (plain.modems.clone(), plain.banks.clone(), plain.countries.clone());
        assert!(all.metrics_listen.is_some());
        let all = Config { modems, banks, countries, metrics_listen: None, ..all };
        assert_eq!(without_words(all), without_words(plain));
    }

    #[test]
    fn the_reader_asks_for_the_keys_of_the_list_and_no_others() {
        let text = uncommented();
        let document = Document::parse(&text);
        Config::read(&document);
        let known: BTreeSet<(String, &str)> = GROUPS
            .iter()
            .filter(|group| group.kind != Kind::Named)
            .flat_map(|group| group.keys.iter().map(|key| (group.name.to_owned(), key.name)))
            .collect();
        assert_eq!(
            document.asked(),
            known,
            "a key that is read stands in daemon/config/groups.rs too"
        );
    }

    #[test]
    fn what_holds_is_shown_with_its_line() {
        let text = "[http]\nlisten = \"[::1]:9\"\n[[modem]]\nport = \"/dev/a\"\n[[modem]]\nport = \
                    \"/dev/b\"\nbaud = 9600\n[rentals.packages]\n2y = \"9.00 \
                    EUR\"\n[block_list]\nsenders = [\n  \"a\",\n  \"b\"]\n";
        let said = Config::parse(text).unwrap().explained(Path::new("x.toml"));
        for line in [
            "[[modem]]\nport = \"/dev/a\"                                  # line 4\nbaud = 115200                                    # default",
            "port = \"/dev/b\"                                  # line 6\nbaud = 9600                                      # line 7",
            "listen = \"[::1]:9\"                               # line 2",
            "2y = \"9.00 EUR\"                                  # line 9",
            "senders = [\"a\", \"b\"]                             # line 11",
            "path = \"/var/lib/simbridge/simbridge.db\"         # default",
        ] {
            assert!(said.contains(line), "{line}\nis missing in\n{said}");
        }
        let again = Config::parse(&said).unwrap();
        assert_eq!(again.modems.len(), 2, "it is a configuration itself");
    }
}
