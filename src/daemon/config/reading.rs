//! A file as far as it can be understood: for those who help while it has faults.

use std::collections::BTreeSet;
use std::path::Path;

use super::reader::Document;
use super::{Config, ConfigError, Fault};

/// What could be read of a file.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What it says, with defaults for what could not be understood.
    pub config: Config,
    /// Everything that is wrong in it.
    pub faults: Vec<Fault>,
    doubtful: BTreeSet<String>,
}

impl Reading {
    /// Whether a key has the value that the file means: what it says without a fault; or the
    /// default, when nothing else in its section can have been meant for it.
    pub fn is_sure(&self, group: &str, key: &str) -> bool {
        match self.config.said.iter().find(|said| said.group == group && said.key == key) {
            Some(said) => self.faults.iter().all(|fault| fault.line != said.line),
            None => ["", group].iter().all(|section| !self.doubtful.contains(*section)),
        }
    }
}

impl Config {
    /// Reads a file as far as it can be understood.
    pub fn look(path: &Path) -> Result<Reading, ConfigError> {
        let failed = |error| ConfigError { path: path.to_owned(), faults: Err(error) };
        let reading = Config::look_at(&std::fs::read_to_string(path).map_err(failed)?);
        Ok(Reading { config: Config { file: Some(path.to_owned()), ..reading.config }, ..reading })
    }

    pub(super) fn look_at(text: &str) -> Reading {
        let document = Document::parse(text);
        let config = Config::read(&document);
        Reading { config, faults: document.faults(), doubtful: document.doubtful() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_faulty_file_says_surely() {
        for (text, is_sure) in [
            ("", true),
            ("[admin]\nsocket = \"/x\"\nsockett = 1", true),
            ("[htpp]\n[admin]\nsocket = \"/x\"", true),
            ("[http]\nlissten = 1", true),
            ("[http\n[admin]\nsocket = \"/x\"", true),
            ("[admin]\nsockett = \"/x\"", false),
            ("[admin]\nsocket = 1", false),
            ("[amdin]\nsocket = \"/x\"", false),
            ("admin = 1", false),
            ("[http\n", false),
        ] {
            assert_eq!(Config::look_at(text).is_sure("admin", "socket"), is_sure, "{text}");
        }
    }
}
