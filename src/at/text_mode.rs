//! The first line of a message in text mode (27.005 3.4): sender and time as text, and with
//! `AT+CSDH=1` how the text behind it is written.

use super::fields::{fields, int, payload, unquote};

/// The first line of a message in text mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextHeader {
    /// Where the message lies (`+CMGL` only; 0 for the others).
    pub index: i32,
    /// `<oa>` in the character set in force.
    pub sender: String,
    /// `<scts>`, the service centre's time stamp, like `26/06/22,12:57:03+08`. Empty for a message
    /// that has none.
    pub time: String,
    /// `<fo>`, the first octet of the message, where the line has it.
    pub first: Option<u8>,
    /// `<dcs>`, the data coding scheme, where the line has it.
    pub dcs: Option<u8>,
    /// `<length>`, where the line has it.
    pub length: Option<usize>,
}

/// Reads a line as such a one:
/// `+CMT: <oa>,[<alpha>],<scts>[,<tooa>,<fo>,<pid>,<dcs>,<sca>,<tosca>,<length>]`,
/// `+CMGR: <stat>,` and the same, or `+CMGL: <index>,<stat>,<oa>,[<alpha>],[<scts>][,<tooa>,
/// <length>]`. `None`: another kind of line, or one of PDU mode.
pub fn text_header(line: &str) -> Option<TextHeader> {
    if let Some(text) = payload(line, "+CMT:") {
        let all: Vec<&str> = fields(text).collect();
        return all.iter().any(|field| is_date(field)).then(|| header(0, &all, false));
    }
    let listed = payload(line, "+CMGL:");
    let text = listed.or_else(|| payload(line, "+CMGR:"))?;
    let mut parts = fields(text);
    let index = if listed.is_some() { parts.next().and_then(int)? } else { 0 };
    let stat = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let is_text = int(stat).is_none()
        && (!stat.is_empty() || rest.iter().any(|field| is_date(field)))
        && !rest.is_empty();
    is_text.then(|| header(index, &rest, listed.is_some()))
}

/// Reads the fields from `<oa>` on.
fn header(index: i32, fields: &[&str], listed: bool) -> TextHeader {
    let date = fields.iter().position(|field| is_date(field));
    // Without its quotes a time stamp is two fields.
    let (time, after) = match date {
        None => (String::new(), fields.len()),
        Some(at) => match (fields.get(at), fields.get(at + 1)) {
            (Some(date), Some(clock)) if !date.contains(',') && clock.contains(':') => {
                (format!("{},{}", unquote(date), unquote(clock)), at + 2)
            }
            (date, _) => (unquote(date.unwrap_or(&"")).to_owned(), at + 1),
        },
    };
    let number = |place: usize| fields.get(after + place).and_then(|field| int(field));
    let octet = |place: usize| number(place).and_then(|octet| u8::try_from(octet).ok());
    let length = number(if listed { 1 } else { 6 });
    let sender = fields.first().filter(|_| date != Some(0)).map_or("", |field| unquote(field));
    TextHeader {
        index,
        sender: sender.to_owned(),
        time,
        first: octet(1).filter(|_| !listed),
        dcs: octet(3).filter(|_| !listed),
        length: length.and_then(|length| usize::try_from(length).ok()),
    }
}

/// Whether a field begins with a date, as in `<scts>`.
pub(super) fn is_date(field: &str) -> bool {
    let date = unquote(field).split(',').next().unwrap_or_default();
    let mut numbers = date.split('/');
    let is_number = |text: &str| {
        (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    numbers.clone().count() == 3 && numbers.all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCTS: &str = "26/06/22,12:57:03+08";

    #[test]
    fn first_lines_of_text_mode_with_and_without_more_fields() {
        let header = |index, sender: &str| TextHeader {
            index,
            sender: sender.to_owned(),
            time: SCTS.to_owned(),
            first: None,
            dcs: None,
            length: None,
        };
        let table = [
            (format!("+CMT: \"+31612345678\",,\"{SCTS}\""), header(0, "+31612345678")),
            (format!("+CMT: \"Uber\",\"a, b\",\"{SCTS}\""), header(0, "Uber")),
            (format!("+CMT: \"Uber\",\"{SCTS}\""), header(0, "Uber")),
            (format!("+CMT: \"Uber\",,{SCTS}"), header(0, "Uber")),
            (
                format!("+CMT: \"+31\",,\"{SCTS}\",145,4,0,8,\"+316540\",145,12"),
                TextHeader { first: Some(4), dcs: Some(8), length: Some(12), ..header(0, "+31") },
            ),
            (format!("+CMGR: \"REC UNREAD\",\"+31\",,\"{SCTS}\""), header(0, "+31")),
            (format!("+CMGR: ,\"+31\",,\"{SCTS}\""), header(0, "+31")),
            (
                format!("+CMGR: \"REC READ\",\"+31\",,\"{SCTS}\",145,68,0,0,\"+316540\",145,7"),
                TextHeader { first: Some(68), dcs: Some(0), length: Some(7), ..header(0, "+31") },
            ),
            (format!("+CMGL: 300,\"REC READ\",\"Uber\",,\"{SCTS}\""), header(300, "Uber")),
            (
                format!("+CMGL: 0,\"REC READ\",\"Uber\",\"\",\"{SCTS}\",208,40"),
                TextHeader { length: Some(40), ..header(0, "Uber") },
            ),
            (
                "+CMGL: 4,\"STO UNSENT\",\"+31\",,".to_owned(),
                TextHeader { time: String::new(), ..header(4, "+31") },
            ),
        ];
        for (line, expected) in table {
            assert_eq!(text_header(&line), Some(expected), "{line}");
        }
    }

    #[test]
    fn lines_of_pdu_mode_are_none() {
        for line in [
            "+CMT: ,24",
            "+CMT: \"Jan\",24",
            "+CMT: 24",
            "+CMT:",
            "+CMGR: 1,,24",
            "+CMGR: ,,24",
            "+CMGR: ",
            "+CMGL: 3,1,,24",
            "+CMGL: 3,,,24",
            "+CMGL: ",
            "+CMTI: \"SM\",3",
            "+CSQ: 20,99",
        ] {
            assert_eq!(text_header(line), None, "{line}");
        }
    }
}
