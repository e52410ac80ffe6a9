//! Reads files of recordings, whose format `hardware/recordings/README.md` describes.

use std::path::Path;

#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub name: String,
    pub head: Vec<(String, String)>,
    pub expected: Vec<String>,
    /// The lines that the modem sends when the port is opened.
    pub greeting: Vec<String>,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    /// The command as it is sent, or with `=` at its end the beginning of it.
    pub command: String,
    pub unasked: Vec<String>,
    pub reply: Vec<String>,
    pub played: bool,
}

impl Recording {
    pub fn read(path: &Path) -> Recording {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let mut recording = Recording { name, ..Recording::default() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (mark, rest) = line.split_at(1);
            recording.line(mark, rest.strip_prefix(' ').unwrap_or(rest));
        }
        recording
    }

    fn line(&mut self, mark: &str, rest: &str) {
        match (mark, self.entries.last_mut()) {
            ("#", _) => self.head_line(rest),
            (">", _) => self.entries.push(Entry {
                command: rest.to_owned(),
                unasked: Vec::new(),
                reply: Vec::new(),
                played: false,
            }),
            ("<" | ".", Some(entry)) => entry.reply.push(rest.to_owned()),
            ("!", Some(entry)) => entry.unasked.push(rest.to_owned()),
            ("!", None) => self.greeting.push(rest.to_owned()),
            _ => panic!("{}: {mark}{rest}", self.name),
        }
    }

    fn head_line(&mut self, rest: &str) {
        let (key, value) = rest.split_once(": ").unwrap_or_else(|| panic!("{}: {rest}", self.name));
        if key == "expect" {
            self.expected.push(value.trim_end().to_owned());
        }
        self.head.push((key.to_owned(), value.to_owned()));
    }

    /// The next reply to a command. A reply to the exact command comes before one to its beginning.
    /// Each is used once, and the last one for all further commands.
    pub fn answer(&mut self, command: &str) -> Option<Entry> {
        let exact = self.entries.iter().any(|entry| entry.command == command);
        let fits = |entry: &Entry| match exact {
            true => entry.command == command,
            false => {
                entry.command.ends_with('=')
                    && command.starts_with(&entry.command)
                    && !command.ends_with('?')
            }
        };
        let last = self.entries.iter().rposition(fits)?;
        let next =
            self.entries.iter().position(|entry| fits(entry) && !entry.played).unwrap_or(last);
        self.entries[next].played = true;
        Some(self.entries[next].clone())
    }
}
