//! A command line taken apart (ITU-T V.250 clause 5.2.1): `AT`, basic commands, extended ones
//! joined by `;`.

/// What is done with a command's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Carry it out: `AT+CMGL` without parameters.
    Execute,
    /// `AT+CMGF?`, which asks for the value in force.
    Query,
    /// `AT+CMGF=?`, which asks for the values that can be set.
    Test,
    /// `AT+CMGF=0`, or the number after a basic command: `ATE0`.
    Set(Arguments),
}

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// In capitals, with its prefix: `+CMGF`, `^ICCID`, `E`, `&F`, `S3`.
    pub name: String,
    /// Query, test, set or execute.
    pub ask: Ask,
}

/// What stands after `=`, split at commas outside quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments(Vec<String>);

impl Arguments {
    /// Splits `text` at its commas.
    pub fn parse(text: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut quoted = false;
        for c in text.chars() {
            quoted ^= c == '"';
            match parts.last_mut() {
                Some(part) if quoted || c != ',' => part.push(c),
                _ => parts.push(String::new()),
            }
        }
        Self(parts)
    }

    /// How many there are; `AT+X=` has one, which is empty.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The argument without its quotes; empty when it was left out.
    pub fn text(&self, place: usize) -> &str {
        self.0.get(place).map_or("", |part| part.trim().trim_matches('"'))
    }

    /// Whether the argument was left out.
    pub fn omitted(&self, place: usize) -> bool {
        self.0.get(place).is_none_or(|part| part.trim().is_empty())
    }

    /// The argument as a number; `None` when it is not one, or was left out.
    pub fn number(&self, place: usize) -> Option<usize> {
        self.text(place).parse().ok()
    }

    /// The argument as a number, `default` when it was left out, `None` when it is no number.
    pub fn number_or(&self, place: usize, default: usize) -> Option<usize> {
        if self.omitted(place) { Some(default) } else { self.number(place) }
    }
}

impl Command {
    /// The command as a host writes it, without arguments: `+CMGF?`, `+CMGS=`. What faults and
    /// dialects are matched by.
    pub fn shown(&self) -> String {
        match &self.ask {
            Ask::Execute => self.name.clone(),
            Ask::Query => format!("{}?", self.name),
            Ask::Test => format!("{}=?", self.name),
            Ask::Set(arguments) => format!("{}={}", self.name, arguments.0.join(",")),
        }
    }
}

/// The commands of a line that began with `AT`; the text is what follows those two letters. `AT`
/// alone is a command without a name.
pub fn split(body: &str) -> Vec<Command> {
    let mut rest = body;
    let mut commands = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ';']);
        let Some(first) = rest.chars().next() else { break };
        let (command, tail) =
            if first.is_ascii_alphabetic() || first == '&' { basic(rest) } else { extended(rest) };
        commands.push(command);
        rest = tail;
    }
    if commands.is_empty() {
        commands.push(Command { name: String::new(), ask: Ask::Execute });
    }
    commands
}

/// `+NAME`, `+NAME?`, `+NAME=?` or `+NAME=…`, up to a semicolon outside quotes.
fn extended(text: &str) -> (Command, &str) {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    let (whole, tail) = text.split_at(end.unwrap_or(text.len()));
    let (name, ask) = match whole.split_once('=') {
        Some((name, rest)) if rest.trim() == "?" => (name, Ask::Test),
        Some((name, rest)) => (name, Ask::Set(Arguments::parse(rest))),
        None => match whole.trim_end().strip_suffix('?') {
            Some(name) => (name, Ask::Query),
            None => (whole, Ask::Execute),
        },
    };
    (Command { name: name.trim().to_ascii_uppercase(), ask }, tail)
}

/// A letter (or `&` and a letter, or `S` and a register) with an optional number; `D` takes the
/// rest of the line.
fn basic(text: &str) -> (Command, &str) {
    let prefix = usize::from(text.starts_with('&'));
    let letter_end =
        text.char_indices().nth(prefix).map_or(text.len(), |(at, c)| at + c.len_utf8());
    let (letters, rest) = text.split_at(letter_end);
    let mut name = letters.to_ascii_uppercase();
    if name == "D" {
        return (Command { name, ask: Ask::Set(Arguments::parse(rest)) }, "");
    }
    let (number, mut tail) = leading_digits(rest);
    if name == "S" {
        name.push_str(number);
        if let Some(value) = tail.strip_prefix('=') {
            let (value, tail) = leading_digits(value);
            return (Command { name, ask: Ask::Set(Arguments::parse(value)) }, tail);
        }
    }
    let ask = if let Some(after) = tail.strip_prefix("=?") {
        tail = after;
        Ask::Test
    } else if let Some(after) = tail.strip_prefix('?') {
        tail = after;
        Ask::Query
    } else if number.is_empty() || name.starts_with('S') {
        Ask::Execute
    } else {
        Ask::Set(Arguments::parse(number))
    };
    (Command { name, ask }, tail)
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str) -> Vec<String> {
        split(body).iter().map(Command::shown).collect()
    }

    #[test]
    fn lines_and_their_commands() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[""]),
            (" ; ", &[""]),
            ("E0V1Q0", &["E=0", "V=1", "Q=0"]),
            ("e", &["E"]),
            ("&F", &["&F"]),
            ("&C1&D2", &["&C=1", "&D=2"]),
            ("S3=13", &["S3=13"]),
            ("S3?", &["S3?"]),
            ("Z+cmgf=0;+CNMI=2,1", &["Z", "+CMGF=0", "+CNMI=2,1"]),
            ("+CPMS=\"SM\",\"ME\"", &["+CPMS=\"SM\",\"ME\""]),
            ("+CMGF?;+CMGF=?", &["+CMGF?", "+CMGF=?"]),
            ("+CUSD=1,\"*1;2#\"", &["+CUSD=1,\"*1;2#\""]),
            ("^ICCID?", &["^ICCID?"]),
            ("D*99#;", &["D=*99#;"]),
            ("I3", &["I=3"]),
            (" +CSQ ", &["+CSQ"]),
        ];
        for (body, expected) in cases {
            assert_eq!(shown(body), *expected, "AT{body}");
        }
    }

    #[test]
    fn arguments() {
        let arguments = Arguments::parse("\"a,b\",,7,x");
        assert_eq!(arguments.count(), 4);
        assert_eq!((arguments.text(0), arguments.text(3), arguments.text(9)), ("a,b", "x", ""));
        assert_eq!((arguments.number(2), arguments.number(3)), (Some(7), None));
        assert_eq!((arguments.number_or(1, 5), arguments.number_or(3, 5)), (Some(5), None));
    }
}
