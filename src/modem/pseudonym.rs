//! Rewrites a conversation so that it can be given to others and still be replayed. Each number is
//! replaced by another of the same length, and always by the same one. Texts keep their length,
//! alphabet and encoding, but nothing of their content.

use std::collections::HashMap;

use super::mask::Kind;
use crate::at;
use crate::sms::{self, Address, Alphabet, Body, Deliver, UserData};

/// This many digits in a row, or more, may be a number that identifies somebody.
const MIN_DIGITS: usize = 6;
/// How many leading digits of a number are kept: they tell the country, network or model.
const KEPT_DIGITS: usize = 4;
/// Commands whose replies are names of models or firmware, which may contain digits and are kept.
const NAMES: [&str; 3] = ["+CGMI", "+CGMM", "+CGMR"];
/// Lines whose quoted parts are texts or names.
const TEXTS: [&str; 7] = ["+CPBR:", "+CLIP:", "+CUSATP:", "+CMGL:", "+CMGR:", "+CMT:", "+CNUM:"];
/// Lines whose quoted parts give away where the modem is.
const PLACES: [&str; 3] = ["+CREG:", "+CGREG:", "+CEREG:"];

/// Rewrites the lines of one conversation, and remembers the pseudonym of each number.
#[derive(Debug, Default)]
pub struct Pseudonyms {
    known: HashMap<String, String>,
    /// Whether the last command was one of [`NAMES`].
    asked_name: bool,
}

impl Pseudonyms {
    /// Rewrites a line into the format of recordings. `None` for the text that was sent at a
    /// prompt.
    pub fn rewrite_line(&mut self, kind: Kind, line: &str) -> Option<String> {
        match kind {
            Kind::Sent => {
                let upper = line.to_ascii_uppercase();
                self.asked_name = NAMES.iter().any(|name| upper.ends_with(name));
                let without_mask = line.strip_suffix("***");
                let whole = || self.rewrite_numbers(line);
                (!line.starts_with('<'))
                    .then(|| format!("> {}", without_mask.map_or_else(whole, str::to_owned)))
            }
            Kind::Received if self.asked_name => Some(format!("< {line}")),
            Kind::Received => Some(format!("< {}", self.rewrite_received(line))),
            Kind::Body => Some(format!("< {}", self.rewrite_body(line))),
        }
    }

    fn rewrite_received(&mut self, line: &str) -> String {
        let begins = |heads: &[&str]| heads.iter().any(|head| at::payload(line, head).is_some());
        let ussd = at::parse_ussd(line).and_then(|report| report.text);
        if let Some((text, (head, behind))) = ussd.zip(line.split_once(',')) {
            // The text may have quotation marks of its own.
            let parts: Vec<String> =
                text.split('"').map(|part| self.rewrite_string(part)).collect();
            return format!("{head},{}", behind.replacen(text, &parts.join("\""), 1));
        }
        let in_quotes: fn(&mut Pseudonyms, &str) -> String = match () {
            () if begins(&PLACES) => |_, part| {
                part.chars().map(|c| if c.is_ascii_hexdigit() { '0' } else { c }).collect()
            },
            () if begins(&TEXTS) => Pseudonyms::rewrite_string,
            () => Pseudonyms::rewrite_numbers,
        };
        let parts = line.split('"').enumerate();
        let parts: Vec<String> =
            parts
                .map(|(index, part)| {
                    if index % 2 == 1 { in_quotes(self, part) } else { self.rewrite_numbers(part) }
                })
                .collect();
        parts.join("\"")
    }

    /// Rewrites a quoted string, which may be plain or in one of the hexadecimal encodings of USSD.
    fn rewrite_string(&mut self, part: &str) -> String {
        let is_hex = part.len() > 15 && hex::decode(part).is_ok();
        if !is_hex {
            return self.rewrite_text(part);
        }
        let original = sms::ussd_text(part, None).text;
        let other = self.rewrite_text(&original);
        let same = |form: &Option<String>| {
            form.as_ref().is_some_and(|form| form.eq_ignore_ascii_case(part))
        };
        if same(&Some(sms::ussd_ucs2(&original))) {
            return sms::ussd_ucs2(&other);
        }
        let packed = sms::ussd_packed(&other).filter(|_| same(&sms::ussd_packed(&original)));
        packed.unwrap_or_else(|| "0".repeat(part.len()))
    }

    /// Rewrites the second line of a message, which is a PDU or a text.
    fn rewrite_body(&mut self, line: &str) -> String {
        let Ok(octets) = hex::decode(line) else { return self.rewrite_text(line) };
        let other = Deliver::decode(&octets).map(|message| self.rewrite_message(message).encode());
        match other {
            Ok(other) if other.len() == octets.len() => hex::encode_upper(other),
            // Nothing is kept of a PDU that cannot be decoded, because its text could be anywhere.
            _ => "0".repeat(line.len()),
        }
    }

    fn rewrite_message(&mut self, message: Deliver) -> Deliver {
        let UserData { header, body, .. } = message.user_data;
        let body = match body {
            Body::Septets(septets) => Body::Septets(vec![b'x'; septets.len()]),
            Body::Octets(octets) if message.dcs.alphabet() == Alphabet::Ucs2 => {
                Body::Octets([0, b'x'].into_iter().cycle().take(octets.len()).collect())
            }
            Body::Octets(octets) => Body::Octets(vec![0; octets.len()]),
        };
        Deliver {
            smsc: message.smsc.map(|centre| self.rewrite_address(centre)),
            originator: self.rewrite_address(message.originator),
            user_data: UserData::new(header, body),
            ..message
        }
    }

    fn rewrite_address(&mut self, address: Address) -> Address {
        let Address { kind, value } = address;
        let is_name = value.chars().any(|c| !c.is_ascii_digit());
        Address {
            kind,
            value: if is_name {
                "x".repeat(value.chars().count())
            } else {
                self.rewrite_number(&value)
            },
        }
    }

    /// Replaces letters by `x`, and numbers by their pseudonyms.
    fn rewrite_text(&mut self, text: &str) -> String {
        let blank = |c: char| if c.is_alphabetic() { 'x' } else { c };
        let blanked: String = text.chars().map(blank).collect();
        self.rewrite_runs(&blanked, |c| c.is_ascii_digit())
    }

    /// Replaces each run of hexadecimal digits that may be a number by its pseudonym.
    fn rewrite_numbers(&mut self, line: &str) -> String {
        self.rewrite_runs(line, |c| c.is_ascii_hexdigit())
    }

    /// Replaces each run of characters that `belongs` accepts, if it may be a number.
    fn rewrite_runs(&mut self, line: &str, belongs: fn(char) -> bool) -> String {
        let mut other = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(start) = rest.find(belongs) {
            let (head, tail) = rest.split_at(start);
            let (run, behind) = tail.split_at(tail.find(|c| !belongs(c)).unwrap_or(tail.len()));
            other.push_str(head);
            other.push_str(&self.rewrite_number(run));
            rest = behind;
        }
        other + rest
    }

    /// Replaces the digits of a run by those of its pseudonym. Other characters stay where they
    /// are.
    fn rewrite_number(&mut self, run: &str) -> String {
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < MIN_DIGITS {
            return run.to_owned();
        }
        let count = self.known.len() + 1;
        let other = self.known.entry(digits).or_insert_with_key(|digits| {
            let (kept, width) =
                (digits.get(..KEPT_DIGITS).unwrap_or_default(), digits.len() - KEPT_DIGITS);
            let numbered = format!("{count:0width$}");
            format!("{kept}{}", numbered.get(numbered.len() - width..).unwrap_or_default())
        });
        let mut next = other.chars();
        run.chars()
            .map(|c| if c.is_ascii_digit() { next.next().unwrap_or('0') } else { c })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_everywhere_and_every_length_stays() {
        let mut names = Pseudonyms::default();
        let table = [
            (Kind::Sent, "AT+CGMR", "> AT+CGMR"),
            (Kind::Received, "1575B09SIM800C32_BT", "< 1575B09SIM800C32_BT"),
            (Kind::Sent, "AT+CGSN", "> AT+CGSN"),
            (Kind::Received, "861234567890123", "< 861200000000001"),
            (Kind::Sent, "AT+CPIN=***", "> AT+CPIN="),
            (Kind::Sent, "<34 characters>", ""),
            (Kind::Received, "+CCID: 8931440400000000123F", "< +CCID: 8931000000000000002F"),
            (
                Kind::Received,
                "+CNUM: \"Jan\",\"+31612345678\",145",
                "< +CNUM: \"xxx\",\"+31610000003\",145",
            ),
            (
                Kind::Received,
                "+CUSD: 0,\"Your number is +31612345678.\",15",
                "< +CUSD: 0,\"xxxx xxxxxx xx +31610000003.\",15",
            ),
            (
                Kind::Received,
                "+CUSD: 0,\"hear \"this song\" now\",15",
                "< +CUSD: 0,\"xxxx \"xxxx xxxx\" xxx\",15",
            ),
            (
                Kind::Received,
                "+CREG: 2,1,\"00C3\",\"0000F2A1\",7",
                "< +CREG: 2,1,\"0000\",\"00000000\",7",
            ),
            (Kind::Received, "+CMTI: \"SM\",3", "< +CMTI: \"SM\",3"),
            (Kind::Body, "your code is 4711", "< xxxx xxxx xx 4711"),
            (Kind::Body, "0791FFFF", "< 00000000"),
        ];
        for (kind, line, expected) in table {
            let rewritten = names.rewrite_line(kind, line).unwrap_or_default();
            assert_eq!(rewritten, expected);
        }
    }

    #[test]
    fn a_message_keeps_its_form_and_nothing_of_its_content() {
        let mut names = Pseudonyms::default();
        let number = names.rewrite_line(Kind::Received, "+31612345678").unwrap();
        for text in ["your code is 4711", "код 4711", &"a long one, 4711 ".repeat(12)] {
            for sender in ["+31612345678", "Uber"] {
                let sender = Address::parse(sender);
                for part in Deliver::compose(None, &sender, sms::Scts([0; 7]), text, 7) {
                    let line = hex::encode_upper(part.encode());
                    let rewritten = names.rewrite_line(Kind::Body, &line).unwrap();
                    let other = Deliver::decode(&hex::decode(&rewritten[2..]).unwrap()).unwrap();
                    assert_eq!(rewritten.len(), line.len() + 2);
                    assert_eq!((other.concat(), other.dcs), (part.concat(), part.dcs));
                    let blank = other.text().text;
                    assert!(
                        blank.chars().all(|c| c == 'x')
                            && blank.chars().count() == part.text().text.chars().count()
                    );
                    let originator = other.originator.to_string();
                    assert!(
                        originator == "xxxx" || format!("< {originator}") == number,
                        "{originator}"
                    );
                }
            }
        }
    }

    #[test]
    fn ussd_text_keeps_its_encoding() {
        let mut names = Pseudonyms::default();
        let text = "Nummer: 0612345678";
        for string in [text.to_owned(), sms::ussd_ucs2(text), sms::ussd_packed(text).unwrap()] {
            let rewritten =
                names.rewrite_line(Kind::Received, &format!("+CUSD: 0,\"{string}\",15")).unwrap();
            let string = rewritten.split('"').nth(1).unwrap();
            assert_eq!(sms::ussd_text(string, None).text, "xxxxxx: 0612000001", "{rewritten}");
        }
    }
}
