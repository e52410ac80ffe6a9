//! Reads TOML tables key by key and gathers every fault, each with its line, instead of stopping at
//! the first.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, RawEntry};

/// Names that differ in more than this share of their letters are not what was meant.
const LIKENESS: f64 = 0.6;

/// A parsed file and what is wrong in it so far.
pub(super) struct Document<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
    /// Lines that are not TOML.
    broken: BTreeSet<usize>,
    faults: RefCell<Vec<Fault>>,
    said: RefCell<Vec<RawEntry>>,
    doubtful: RefCell<BTreeSet<String>>,
    asked: RefCell<BTreeSet<(String, &'static str)>>,
}

/// One table. Each key that is asked for is a key that may stand in it; [`Section::end`] finds the
/// others.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    name: String,
    /// Which of several of that name.
    place: usize,
    table: Option<&'d DeTable<'d>>,
    at: usize,
    known: BTreeSet<&'static str>,
}

/// A key that may have any name.
pub(super) struct NamedText {
    pub(super) name: String,
    /// `None`: it is no text.
    pub(super) value: Option<String>,
    pub(super) line: usize,
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

impl<'t> Document<'t> {
    /// Reads a text as far as it is TOML.
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
            said: RefCell::default(),
            doubtful: RefCell::default(),
            asked: RefCell::default(),
        };
        if !document.broken.is_empty() {
            document.doubt("");
        }
        document
    }

    /// Sections of which something was not understood, so that what they do not say may be meant
    /// otherwise; `""` is the file.
    pub(super) fn doubtful(&self) -> BTreeSet<String> {
        self.doubtful.borrow().clone()
    }

    fn doubt(&self, section: &str) {
        self.doubtful.borrow_mut().insert(section.to_owned());
    }

    /// Every value that was asked for and is there, in the order of the lines.
    pub(super) fn said(&self) -> Vec<RawEntry> {
        let mut said = self.said.borrow().clone();
        said.sort_by_key(|said| said.line);
        said
    }

    /// Every key that was asked for, by its section.
    #[cfg(test)]
    pub(super) fn asked(&self) -> BTreeSet<(String, &'static str)> {
        self.asked.borrow().clone()
    }

    fn note(&self, group: &str, place: usize, key: &str, value: &Spanned<DeValue<'_>>) {
        let value_text = self.text.get(value.span()).unwrap_or_default().to_owned();
        let line = line_of(self.text, value.span().start);
        let said = RawEntry {
            group: group.to_owned(),
            place,
            key: key.to_owned(),
            value: value_text,
            line,
        };
        self.said.borrow_mut().push(said);
    }

    pub(super) fn root(&'t self) -> Section<'t> {
        Section::new(self, String::new(), Some(self.root.get_ref()), 0)
    }

    /// All faults in the order of their lines.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = self.faults.borrow().clone();
        faults.sort_by_key(|fault| fault.line);
        faults
    }

    fn fault(&self, line: usize, text: impl Into<String>) {
        // What was made of a line that is not TOML is not what it says.
        if !self.broken.contains(&line) {
            self.faults.borrow_mut().push(Fault { line, text: text.into() });
        }
    }
}

impl<'d> Section<'d> {
    fn new(
        document: &'d Document<'d>,
        name: String,
        table: Option<&'d DeTable<'d>>,
        at: usize,
    ) -> Section<'d> {
        Section { document, name, place: 0, table, at, known: BTreeSet::new() }
    }

    /// The line that it begins on.
    pub(super) fn line(&self) -> usize {
        line_of(self.document.text, self.at)
    }

    /// A value. That it was asked for is noted, and what the file says.
    fn get(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.document.asked.borrow_mut().insert((self.name.clone(), key));
        let value = self.look(key)?;
        self.document.note(&self.name, self.place, key, value);
        Some(value)
    }

    /// A value or a section.
    fn look(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.known.insert(key);
        self.table?.get(key)
    }

    /// Notes a fault of a key's value.
    pub(super) fn fault(&self, key: &str, text: impl Into<String>) {
        let at =
            self.table.and_then(|table| table.get(key)).map_or(self.at, |value| value.span().start);
        self.document.fault(line_of(self.document.text, at), text);
    }

    /// Notes a fault of the whole section.
    pub(super) fn fault_here(&self, text: impl Into<String>) {
        self.document.fault(self.line(), text);
    }

    /// Notes a fault at a line.
    pub(super) fn fault_at(&self, line: usize, text: impl Into<String>) {
        self.document.fault(line, text);
    }

    fn must<T>(&self, key: &str, value: Option<T>, what: &str) -> Option<T> {
        if value.is_none() {
            self.fault(key, format!("`{key}` must be {what}"));
        }
        value
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let value = self.get(key)?.get_ref();
        self.must(key, value.as_str().map(str::to_owned), "a text in quotes")
    }

    /// A text that means something else; `what` says what it must be.
    pub(super) fn parsed<T: FromStr>(&mut self, key: &'static str, what: &str) -> Option<T> {
        let text = self.text(key)?;
        self.must(key, text.parse().ok(), what)
    }

    /// A time with its unit.
    pub(super) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let text = self.text(key)?;
        let read = humantime::parse_duration(&text).ok().filter(|time| !time.is_zero());
        self.must(key, read, "a time like \"10m\", \"4h\" or \"30d\"")
    }

    /// A time with its unit; also none at all, as "0s".
    pub(super) fn duration_or_zero(&mut self, key: &'static str) -> Option<Duration> {
        let text = self.text(key)?;
        self.must(
            key,
            humantime::parse_duration(&text).ok(),
            "a time like \"10m\", \"4h\" or \"30d\"",
        )
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?.get_ref();
        self.must(key, value.as_bool(), "true or false")
    }

    /// A whole number within a range.
    pub(super) fn whole(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.get(key)?.get_ref();
        let read = integer(value).filter(|number| range.contains(number));
        self.must(key, read, &format!("from {} to {}", range.start(), range.end()))
    }

    /// A small count.
    pub(super) fn count(&mut self, key: &'static str) -> Option<usize> {
        self.whole(key, 1..=20).and_then(|count| usize::try_from(count).ok())
    }

    /// Digits, as a text since they may begin with 0.
    pub(super) fn digits(&mut self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        self.must(key, digits.then_some(text), "digits in quotes, like \"49\"")
    }

    /// A list of texts; none when it is not there.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        self.list(key, |value| value.as_str().map(str::to_owned), "a list of texts in quotes")
    }

    /// A list of mobile country codes (ITU-T E.212).
    pub(super) fn mobile_codes(&mut self, key: &'static str) -> Vec<u16> {
        let code = |value: &DeValue<'_>| integer(value).filter(|code| (1..=999).contains(code));
        self.list(
            key,
            |value| code(value).and_then(|code| u16::try_from(code).ok()),
            "a list of numbers like [262]",
        )
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
        what: &str,
    ) -> Vec<T> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = value.get_ref().as_array();
        let read = items.and_then(|items| items.iter().map(|item| read(item.get_ref())).collect());
        self.must(key, read, what).unwrap_or_default()
    }

    /// One of some words.
    pub(super) fn one_of<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        self.must(key, found, &format!("one of {}", all.join(", ")))
    }

    /// A table inside this one; empty when it is not there.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'d> {
        let value = self.look(key);
        let table = value.and_then(|value| value.get_ref().as_table());
        if value.is_some() && table.is_none() {
            self.fault(key, format!("`{key}` is a section: write [{key}]"));
            self.document.doubt("");
        }
        let name =
            if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        Section::new(self.document, name, table, value.map_or(0, |value| value.span().start))
    }

    /// A list of tables.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.look(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.fault(key, format!("`{key}` is a list: write [[{key}]]"));
            return Vec::new();
        };
        let section = |(place, item): (usize, &'d Spanned<DeValue<'d>>)| {
            let section = Section::new(
                self.document,
                key.to_owned(),
                item.get_ref().as_table(),
                item.span().start,
            );
            Section { place, ..section }
        };
        items.iter().enumerate().map(section).collect()
    }

    /// Every key of this table, whatever its name, with its value if that is a text.
    pub(super) fn named_texts(&mut self) -> Vec<NamedText> {
        let Some(table) = self.table.take() else { return Vec::new() };
        let named = table.iter().map(|(key, value)| {
            self.document.note(&self.name, 0, key.get_ref(), value);
            NamedText {
                name: key.get_ref().to_string(),
                value: value.get_ref().as_str().map(str::to_owned),
                line: line_of(self.document.text, key.span().start),
            }
        });
        named.collect()
    }

    /// Every table inside this one, whatever its name.
    pub(super) fn named_sections(&mut self) -> Vec<(String, Section<'d>)> {
        let Some(table) = self.table.take() else { return Vec::new() };
        let named = table.iter().map(|(key, value)| {
            let name = key.get_ref().to_string();
            let path = format!("{}.{name}", self.name);
            if value.get_ref().as_table().is_none() {
                self.document.fault(
                    line_of(self.document.text, key.span().start),
                    format!("`{name}` is a section: write [{path}]"),
                );
            }
            (
                name,
                Section::new(self.document, path, value.get_ref().as_table(), value.span().start),
            )
        });
        named.collect()
    }

    /// Notes every key that nobody asked for.
    pub(super) fn end(self) {
        for key in self.table.into_iter().flat_map(DeTable::keys) {
            if !self.known.contains(key.get_ref().as_ref()) {
                let line = line_of(self.document.text, key.span().start);
                self.document.fault(line, self.unknown(key.get_ref()));
                self.document.doubt(&self.name);
            }
        }
    }

    fn unknown(&self, key: &str) -> String {
        let place =
            if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
        let likeness = |known: &&'static str| strsim::jaro_winkler(known, key);
        let nearest = self.known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match nearest.filter(|near| likeness(near) >= LIKENESS) {
            Some(near) => format!("unknown key `{key}`{place}; did you mean `{near}`?"),
            None => {
                let all: Vec<String> =
                    self.known.iter().map(|known| format!("`{known}`")).collect();
                format!("unknown key `{key}`{place}; there are {}", all.join(", "))
            }
        }
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
