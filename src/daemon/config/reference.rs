//! What is made from the table of keys: the template of a configuration file, and the reference in
//! docs/configuration.md.

use std::fmt::Write;

use super::key::{AnyKey, Shape, TakesEffect};
use super::table::SECTIONS;

/// A file to start with: every key with its help text, commented out.
pub fn template() -> String {
    let mut text = String::new();
    comment(
        &mut text,
        "The configuration of simbridge. Everything but the ports of the modems has a default: \
         remove the # in front of what you want to change. `simbridge check` reports every fault, \
         `simbridge config` shows the values in effect.",
    );
    for section in SECTIONS {
        text.push('\n');
        comment(&mut text, section.help);
        // Without content these sections would add a modem, a bank or a country.
        let prefix = match section.shape {
            Shape::List | Shape::FreeName => "#",
            Shape::Table | Shape::FreeKeys => "",
        };
        let _ = writeln!(text, "{prefix}{}", section.header(section.name));
        for key in section.keys {
            comment(&mut text, key.help());
            let _ = writeln!(text, "#{} = {}", key.name(), key.sample_text());
        }
    }
    text
}

/// Adds a comment, in lines that fit a terminal.
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

/// The reference of all keys, in Markdown.
pub fn reference() -> String {
    let mut text = String::new();
    for section in SECTIONS {
        let _ = writeln!(text, "\n## `{}`\n", section.header(section.name));
        if !section.help.is_empty() {
            let _ = writeln!(text, "{}\n", section.help);
        }
        text.push_str("| key | type | default | takes effect | meaning |\n");
        text.push_str("| --- | --- | --- | --- | --- |\n");
        section.keys.iter().for_each(|key| reference_row(&mut text, *key));
    }
    text
}

fn reference_row(text: &mut String, key: &dyn AnyKey) {
    let default = key.default_text().map(|default| format!("`{default}`")).unwrap_or_default();
    let takes_effect = match key.takes_effect() {
        TakesEffect::Reload => "reload",
        TakesEffect::Restart => "restart",
    };
    let _ = writeln!(
        text,
        "| `{}` | {} | {default} | {takes_effect} | {} |",
        key.name(),
        key.type_name(),
        key.help()
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::Config;
    use super::super::document::Document;
    use super::super::key::Section;
    use super::*;

    /// Separates the introduction of docs/configuration.md, written by hand, from the reference.
    const BEGIN: &str = "<!-- The rest of this page is made from src/daemon/config/table.rs. -->\n";

    /// The template with the `#` taken away before every key.
    fn uncommented() -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        template().lines().map(line).collect()
    }

    /// A text, and its section `[site]`, which takes most other sections' place.
    fn cut_site(text: &str) -> (String, String) {
        let (before, rest) = text.split_once("[site]\n").unwrap();
        let (site, after) = rest.split_once("\n[").unwrap();
        (format!("{before}[{after}"), format!("[site]\n{site}\n"))
    }

    /// A text, and its keys for a database in a file, which exclude those for one on a server.
    fn cut_database_file(text: &str) -> (String, String) {
        let (before, rest) = text.split_once("[database]\n").unwrap();
        let (file, server) = rest.split_once("\nurl = ").unwrap();
        (format!("{before}[database]\nurl = {server}"), format!("[database]\n{file}\n"))
    }

    fn without_entries(config: Config) -> String {
        format!("{:?}", Config { entries: Vec::new(), ..config })
    }

    #[test]
    fn the_template_sets_nothing_until_a_key_is_uncommented() {
        let config = Config::parse(&template()).unwrap();
        assert_eq!(config.entries, []);
        assert_eq!(without_entries(config), without_entries(Config::parse("").unwrap()));
    }

    #[test]
    fn every_key_of_the_template_is_valid_and_its_default_is_in_effect() {
        let (text, of_site) = cut_site(&uncommented());
        let (text, of_file) = cut_database_file(&text);
        let all = Config::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}"));
        let file = Config::parse(&of_file).unwrap_or_else(|faults| panic!("{faults:?}"));
        let site = Config::parse(&of_site).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert!(site.site.is_some());
        let keys: usize = SECTIONS.iter().map(|section| section.keys.len()).sum();
        assert_eq!(all.entries.len() + file.entries.len() + site.entries.len(), keys);
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
                .gateway
                .countries
        };
        assert_eq!(format!("{:?}", all.gateway.countries), format!("{:?}", country(49)));
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
        let mut all = all;
        assert!(all.admin.metrics_listen.take().is_some());
        assert!(all.console.listen.is_some() && all.portal.origin.is_some());
        assert!(all.sites.listen.is_some());
        (all.console, all.portal) = (plain.console.clone(), plain.portal.clone());
        all.sites = plain.sites.clone();
        assert!(all.database.path().is_none() && all.cluster.name.take().is_some());
        assert_eq!(file.database, plain.database);
        all.database = plain.database.clone();
        all.modems.clear();
        all.banks.clear();
        assert!(!all.notify.is_empty());
        all.notify.clear();
        all.gateway.countries = plain.gateway.countries.clone();
        assert_eq!(without_entries(all), without_entries(plain));
    }

    #[test]
    fn every_key_of_the_table_is_read() {
        let text = uncommented();
        let document = Document::parse(&text);
        Config::read(&document);
        let keys = |section: &&&Section| section.shape != Shape::FreeKeys;
        let declared: BTreeSet<(&str, &str)> = SECTIONS
            .iter()
            .filter(keys)
            .flat_map(|section| section.keys.iter().map(|key| (section.name, key.name())))
            .collect();
        assert_eq!(document.keys_read(), declared);
    }

    #[test]
    fn the_documentation_has_the_reference() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (introduction, _) = page.split_once(BEGIN).expect("the page has the marker");
        let right = format!("{introduction}{BEGIN}{}", reference());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &right).unwrap();
        }
        assert!(
            page == right || std::env::var_os("UPDATE_DOCS").is_some(),
            "docs/configuration.md is out of date: UPDATE_DOCS=1 cargo test --lib config::"
        );
    }
}
