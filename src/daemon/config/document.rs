//! Reads TOML key by key and gathers every fault, each with its line, instead of stopping at the
//! first.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::{Format, Key, OptionalKey, Section, Shape};
use super::table::SECTIONS;
use super::{Fault, RawEntry};

/// A known key is suggested for an unknown one when their Jaro-Winkler similarity is at least this.
const LEAST_SIMILARITY: f64 = 0.6;

/// A parsed file and its faults so far.
pub(super) struct Document<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
    /// Lines that are not TOML.
    broken: BTreeSet<usize>,
    faults: RefCell<Vec<Fault>>,
    entries: RefCell<Vec<RawEntry>>,
    /// Sections with something that was not understood; `""` is the whole file.
    doubtful: RefCell<BTreeSet<String>>,
    /// Every key that was read, whether or not the file has it.
    keys_read: RefCell<BTreeSet<(&'static str, &'static str)>>,
}

/// A section of the file, which may be absent.
pub(super) struct SectionReader<'d> {
    document: &'d Document<'d>,
    section: &'static Section,
    table: Option<&'d DeTable<'d>>,
    /// The line that the section begins on.
    line: usize,
}

/// A key of any name in a section with free keys.
pub(super) struct FreeEntry {
    pub(super) name: String,
    /// `None` when the value is not a text.
    pub(super) value: Option<String>,
    pub(super) line: usize,
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

impl<'t> Document<'t> {
    /// Parses a text as far as it is TOML.
    pub(super) fn parse(text: &'t str) -> Document<'t> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let faults: Vec<Fault> = errors
            .iter()
            .map(|error| Fault {
                line: line_of(text, error.span().map_or(0, |span| span.start)),
                text: format!("not TOML: {}", error.message()),
            })
            .collect();
        let document = Document {
            text,
            root,
            broken: faults.iter().map(|fault| fault.line).collect(),
            faults: RefCell::new(faults),
            entries: RefCell::default(),
            doubtful: RefCell::default(),
            keys_read: RefCell::default(),
        };
        if !document.broken.is_empty() {
            document.mark_doubtful("");
        }
        document
    }

    /// Sections with something that was not understood, so that a key that seems to be absent may
    /// be there misspelt; `""` is the whole file.
    pub(super) fn doubtful(&self) -> BTreeSet<String> {
        self.doubtful.borrow().clone()
    }

    /// Every key of the sections that were read, in the order of the lines.
    pub(super) fn entries(&self) -> Vec<RawEntry> {
        let mut entries = self.entries.borrow().clone();
        entries.sort_by_key(|entry| entry.line);
        entries
    }

    /// Every key that was read, with its section.
    #[cfg(test)]
    pub(super) fn keys_read(&self) -> BTreeSet<(&'static str, &'static str)> {
        self.keys_read.borrow().clone()
    }

    /// All faults in the order of their lines.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = self.faults.borrow().clone();
        faults.sort_by_key(|fault| fault.line);
        faults
    }

    /// Notes a fault for every name at the top of the file that is not a section.
    pub(super) fn check_section_names(&'t self) {
        self.check_names("", self.root.get_ref());
    }

    /// A section that stands once in the file.
    pub(super) fn section(&'t self, section: &'static Section) -> SectionReader<'t> {
        let absent = SectionReader::new(self, section, section.name, None, 1);
        let (parent, name) = match section.name.rsplit_once('.') {
            Some((parent, name)) => {
                let parent = self.root.get_ref().get(parent);
                (parent.and_then(|parent| parent.get_ref().as_table()), name)
            }
            None => (Some(self.root.get_ref()), section.name),
        };
        let Some(value) = parent.and_then(|parent| parent.get(name)) else { return absent };
        let (table, line) = (value.get_ref().as_table(), self.line_at(value));
        if table.is_none() {
            self.fault(line, format!("`{name}` is a section: write [{}]", section.name));
            self.mark_doubtful("");
        }
        SectionReader::new(self, section, section.name, table, line)
    }

    /// The sections of a list, in the order of the file.
    pub(super) fn list(&'t self, section: &'static Section) -> Vec<SectionReader<'t>> {
        let name = section.name;
        let Some(value) = self.root.get_ref().get(name) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.fault(self.line_at(value), format!("`{name}` is a list: write [[{name}]]"));
            return Vec::new();
        };
        let readers = items.iter().enumerate().map(|(index, item)| {
            let (table, line) = (item.get_ref().as_table(), self.line_at(item));
            SectionReader::with_index(self, section, name, (table, index), line)
        });
        readers.collect()
    }

    /// The sections whose last part may have any name, each with that part.
    pub(super) fn free_names(
        &'t self,
        section: &'static Section,
    ) -> Vec<(String, SectionReader<'t>)> {
        let group = section.name.split('.').next().unwrap_or_default();
        let Some(value) = self.root.get_ref().get(group) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            let line = self.line_at(value);
            self.fault(line, format!("`{group}` is a section: write [{group}]"));
            self.mark_doubtful("");
            return Vec::new();
        };
        let readers = table.iter().map(|(key, value)| {
            let part = key.get_ref().to_string();
            let name = format!("{group}.{part}");
            let table = value.get_ref().as_table();
            if table.is_none() {
                let line = line_of(self.text, key.span().start);
                self.fault(line, format!("`{part}` is a section: write [{name}]"));
            }
            (part, SectionReader::new(self, section, &name, table, self.line_at(value)))
        });
        readers.collect()
    }

    /// The known names at the top of the file under which something is set.
    pub(super) fn sections_with_keys(&'t self) -> impl Iterator<Item = String> {
        let known = known_names("");
        let is_set = |value: &DeValue<'_>| value.as_table().is_none_or(|keys| !keys.is_empty());
        let set = self.root.get_ref().iter().filter(move |(_, value)| is_set(value.get_ref()));
        let names = set.map(|(name, _)| name.get_ref().to_string());
        names.filter(move |name| known.contains(name.as_str()))
    }

    /// Notes a fault of a whole section, by its name at the top of the file.
    pub(super) fn fault_of_section(&self, name: &str, text: impl Into<String>) {
        let key = self.root.get_ref().keys().find(|key| key.get_ref() == name);
        let line = key.map_or(0, |key| line_of(self.text, key.span().start));
        self.fault(line, text);
    }

    fn line_at<T>(&self, value: &Spanned<T>) -> usize {
        line_of(self.text, value.span().start)
    }

    fn mark_doubtful(&self, section: &str) {
        self.doubtful.borrow_mut().insert(section.to_owned());
    }

    fn add_entry(&self, section: &str, index: usize, key: &str, value: &Spanned<DeValue<'_>>) {
        let entry = RawEntry {
            section: section.to_owned(),
            index,
            key: key.to_owned(),
            value: self.text.get(value.span()).unwrap_or_default().to_owned(),
            line: self.line_at(value),
        };
        self.entries.borrow_mut().push(entry);
    }

    fn fault(&self, line: usize, text: impl Into<String>) {
        // What the parser made of a line that is not TOML is not what the line says.
        if !self.broken.contains(&line) {
            self.faults.borrow_mut().push(Fault { line, text: text.into() });
        }
    }

    /// Whether the header above a line is not TOML, so that the key on the line was taken for a key
    /// of another section.
    fn has_broken_header(&self, line: usize) -> bool {
        let lines = self.text.lines().take(line).enumerate();
        let headers = lines.filter(|(_, text)| text.trim_start().starts_with('['));
        headers.last().is_some_and(|(index, _)| self.broken.contains(&(index + 1)))
    }

    /// Notes a fault for every name in a table that is neither a key of the section nor a section
    /// below it.
    fn check_names(&self, section: &str, table: &DeTable<'_>) {
        let known = known_names(section);
        for key in table.keys().filter(|key| !known.contains(key.get_ref().as_ref())) {
            let line = line_of(self.text, key.span().start);
            if !self.has_broken_header(line) {
                self.fault(line, unknown_key(section, &known, key.get_ref()));
            }
            self.mark_doubtful(section);
        }
    }
}

/// The names that may stand in a section; `""` is the top of the file.
fn known_names(section: &str) -> BTreeSet<&'static str> {
    let below = SECTIONS.iter().filter_map(|known| match section {
        "" => known.name.split('.').next(),
        _ => known.name.strip_prefix(section)?.strip_prefix('.'),
    });
    let own = SECTIONS.iter().filter(|known| known.has_name(section));
    own.flat_map(|known| known.keys.iter().map(|key| key.name())).chain(below).collect()
}

fn unknown_key(section: &str, known: &BTreeSet<&str>, key: &str) -> String {
    let place = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
    let similarity = |known: &&str| strsim::jaro_winkler(known, key);
    let nearest = known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match nearest.filter(|nearest| similarity(nearest) >= LEAST_SIMILARITY) {
        Some(nearest) => format!("unknown key `{key}`{place}; did you mean `{nearest}`?"),
        None => {
            let all: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("unknown key `{key}`{place}; there are {}", all.join(", "))
        }
    }
}

impl<'d> SectionReader<'d> {
    fn new(
        document: &'d Document<'d>,
        section: &'static Section,
        name: &str,
        table: Option<&'d DeTable<'d>>,
        line: usize,
    ) -> SectionReader<'d> {
        SectionReader::with_index(document, section, name, (table, 0), line)
    }

    /// `index` says which of several sections of the same name it is.
    fn with_index(
        document: &'d Document<'d>,
        section: &'static Section,
        name: &str,
        (table, index): (Option<&'d DeTable<'d>>, usize),
        line: usize,
    ) -> SectionReader<'d> {
        for (key, value) in table.into_iter().flatten() {
            let key = key.get_ref().as_ref();
            if section.shape == Shape::FreeKeys || section.key(key).is_some() {
                document.add_entry(name, index, key, value);
            }
        }
        if let Some(table) = table.filter(|_| section.shape != Shape::FreeKeys) {
            document.check_names(name, table);
        }
        SectionReader { document, section, table, line }
    }

    /// Whether the file sets anything in the section.
    pub(super) fn has_keys(&self) -> bool {
        self.table.is_some_and(|table| !table.is_empty())
    }

    /// Whether the file sets a key, rightly or not.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.get(key).is_some())
    }

    /// The line that the section begins on.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The value that the file sets, else the default.
    pub(super) fn get<F: Format>(&self, key: &Key<F>) -> F::Value {
        self.read(key.name, &key.format).unwrap_or_else(key.default)
    }

    /// The value that the file sets, if any.
    pub(super) fn find<F: Format>(&self, key: &OptionalKey<F>) -> Option<F::Value> {
        self.read(key.name, &key.format)
    }

    fn read<F: Format>(&self, key: &'static str, format: &F) -> Option<F::Value> {
        self.document.keys_read.borrow_mut().insert((self.section.name, key));
        let value = self.table?.get(key)?;
        let read = format.read(value.get_ref());
        read.map_err(|must_be| self.fault(key, format!("`{key}` must be {must_be}"))).ok()
    }

    /// Every key with its value, in a section with free keys.
    pub(super) fn free_entries(&self) -> Vec<FreeEntry> {
        let entries = self.table.into_iter().flatten().map(|(key, value)| FreeEntry {
            name: key.get_ref().to_string(),
            value: value.get_ref().as_str().map(str::to_owned),
            line: line_of(self.document.text, key.span().start),
        });
        entries.collect()
    }

    /// Notes a fault of a key's value.
    pub(super) fn fault(&self, key: &str, text: impl Into<String>) {
        let value = self.table.and_then(|table| table.get(key));
        let line = value.map_or(self.line, |value| self.document.line_at(value));
        self.document.fault(line, text);
    }

    /// Notes a fault of the whole section.
    pub(super) fn fault_here(&self, text: impl Into<String>) {
        self.document.fault(self.line, text);
    }

    /// Notes a fault on a line.
    pub(super) fn fault_at(&self, line: usize, text: impl Into<String>) {
        self.document.fault(line, text);
    }
}
