//! The pieces of a line: `+TAG: field,"quoted, field",,(0-3,(4))`.

/// Iterator over the comma-separated fields of a line's payload; see [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: Option<&'a str>,
}

/// The fields of a payload in order, without the space around them. Commas inside quotes and
/// parentheses do not count; an empty field is `""`; an empty payload is one empty field. A quote
/// or parenthesis that never closes takes the rest.
pub fn fields(payload: &str) -> Fields<'_> {
    Fields { rest: Some(payload) }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let mut depth = 0_usize;
        let mut quoted = false;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'(' if !quoted => depth += 1,
                b')' if !quoted => depth = depth.saturating_sub(1),
                b',' if !quoted && depth == 0 => {
                    self.rest = rest.get(at + 1..);
                    return rest.get(..at).map(str::trim);
                }
                _ => {}
            }
        }
        self.rest = None;
        Some(rest.trim())
    }
}

/// A field without its quotes (also when one of them is missing).
pub fn unquote(field: &str) -> &str {
    let field = field.trim();
    let field = field.strip_prefix('"').unwrap_or(field);
    field.strip_suffix('"').unwrap_or(field)
}

/// A field as a decimal number, quoted or not; `None` for anything else, an empty field too.
pub fn parse_int(field: &str) -> Option<i32> {
    unquote(field).trim().parse().ok()
}

/// What follows `prefix` (`"+CREG:"`) on a line, without the space between, if the line begins with
/// it in any case.
pub fn payload<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = line.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| rest.trim())
}

/// The tag of a line that is an information response or URC by its form (`+CREG` of `+CREG: 1`),
/// else `None`.
pub fn tag(line: &str) -> Option<&str> {
    let (tag, _) = line.split_once(':')?;
    let word = tag.strip_prefix(['+', '^', '#', '*', '%', '$', '!', '_', '&'])?;
    let plain = !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b' ');
    plain.then(|| tag.trim_end())
}

/// Whether a line is a report by its form: its tag is a word in capitals, unlike the beginning of a
/// text such as `*Note: …`.
pub fn is_report(line: &str) -> bool {
    let word = tag(line).and_then(|tag| tag.get(1..)).unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_lines_as_modems_send_them() {
        let table: &[(&str, &[&str])] = &[
            ("", &[""]),
            ("1", &["1"]),
            ("\"SM\",3", &["\"SM\"", "3"]),
            ("0,1 ,\"00A1\" , \"01B2\"", &["0", "1", "\"00A1\"", "\"01B2\""]),
            (",,24", &["", "", "24"]),
            ("1,\"a,b\",24", &["1", "\"a,b\"", "24"]),
            ("(0-3),(0,1),((2),(3,4))", &["(0-3)", "(0,1)", "((2),(3,4))"]),
            ("\"never closed,1,2", &["\"never closed,1,2"]),
            ("(0-3,4", &["(0-3,4"]),
            ("0),1", &["0)", "1"]),
        ];
        for (text, expected) in table {
            assert_eq!(fields(text).collect::<Vec<_>>(), *expected, "{text}");
        }
    }

    #[test]
    fn numbers_and_prefixes() {
        assert_eq!(parse_int("\"7\""), Some(7));
        assert_eq!(parse_int("-1"), Some(-1));
        assert_eq!(parse_int(""), None);
        assert_eq!(parse_int("99999999999"), None);
        assert_eq!(payload("+CPIN:READY", "+CPIN:"), Some("READY"));
        assert_eq!(payload("+cpin:  SIM PIN", "+CPIN:"), Some("SIM PIN"));
        assert_eq!(payload("+CPI", "+CPIN:"), None);
        assert_eq!(payload("+CPI€:", "+CPIN:"), None);
    }

    #[test]
    fn reports_are_told_from_texts() {
        for line in ["+CMTI: \"SM\",3", "^RSSI: 20", "*PSUTTZ: 2026", "#QSS: 1"] {
            assert!(is_report(line), "{line}");
        }
        for line in ["*Note: dial", "#1: more", "*100#: balance", "Menu: 1", "", "+: 1"] {
            assert!(!is_report(line), "{line}");
        }
    }

    #[test]
    fn tags() {
        let table = [
            ("+CREG: 1", Some("+CREG")),
            ("^HCSQ:\"LTE\",1", Some("^HCSQ")),
            ("Revision: 1.2", None),
            ("861234567890123", None),
            ("+: 1", None),
            ("+31 6: 1", Some("+31 6")),
            ("+A-B: 1", None),
        ];
        for (line, expected) in table {
            assert_eq!(tag(line), expected, "{line}");
        }
    }
}
