//! The first line of a message in text mode (27.005 3.4): sender and time as text, and with
//! `AT+CSDH=1` how the text behind it is written. A status report is on such a line alone.

use super::fields::{fields, parse_int, payload, unquote};

/// The first line of a message in text mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextHeader {
    /// Where the message lies (`+CMGL` only; 0 for the others).
    pub index: i32,
    /// Whether `<stat>` or `<fo>` says that it was not received: it was sent from here, or is a
    /// draft.
    pub is_outgoing: bool,
    /// `<oa>`, `<da>` or `<ra>` in the character set in force.
    pub address: String,
    /// `<scts>`, the service centre's time stamp, like `26/06/22,12:57:03+08`. Empty for a message
    /// that has none.
    pub time: String,
    /// What `AT+CSDH=1` adds, where the line has it.
    pub parameters: Option<TextParameters>,
    /// `<length>`, where the line has it: how many characters or octets follow.
    pub length: Option<usize>,
    /// What the line says of a status report; such a line has no text behind it.
    pub report: Option<ReportFields>,
}

/// What `AT+CSDH=1` adds to the first line of a message (27.005 3.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextParameters {
    /// `<tooa>`, the type of the sender's address.
    pub address_type: Option<u8>,
    /// `<fo>`, the first octet of the message.
    pub first: u8,
    /// `<pid>`, the protocol identifier.
    pub pid: u8,
    /// `<dcs>`, the data coding scheme.
    pub dcs: u8,
    /// `<sca>`, the address of the service centre. Empty where there is none.
    pub centre: String,
}

/// What the line of a status report has beside address and time stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFields {
    /// `<fo>`, the first octet of the report.
    pub first: u8,
    /// `<mr>`, the number of the message that it is about.
    pub number: u8,
    /// `<tora>`, the type of the address.
    pub address_type: Option<u8>,
    /// `<dt>`, when the message was delivered or last tried, like [`TextHeader::time`].
    pub discharge: String,
    /// `<st>`, what became of it.
    pub status: u8,
}

/// The bits of `<fo>` that tell the type of a message (23.040 9.2.3.1), and that of one that is
/// sent.
const MESSAGE_TYPE: u8 = 0x03;
const SUBMIT: u8 = 0x01;
/// The bit of `<fo>` that says that the text begins with a header (23.040 9.2.3.23).
const USER_DATA_HEADER: u8 = 0x40;
/// How `<stat>` begins for what was not received, in plain characters and in UCS-2.
const OUTGOING: [&str; 2] = ["STO", "00530054004F"];

/// Reads a line as such a one:
/// `+CMT: <oa>,[<alpha>],<scts>[,<tooa>,<fo>,<pid>,<dcs>,<sca>,<tosca>,<length>]`,
/// `+CMGR: <stat>,` and the same, or `+CMGL: <index>,<stat>,<oa>,[<alpha>],[<scts>][,<tooa>,
/// <length>]`. What is not received has `[<vp>]` behind `<dcs>`, and no `<scts>`. A status report
/// is `[<index>,][<stat>,]<fo>,<mr>,[<ra>],[<tora>],<scts>,<dt>,<st>` behind any of these tags, or
/// behind `+CDS:`. `None`: another kind of line, or one of PDU mode.
pub fn parse_text_header(line: &str) -> Option<TextHeader> {
    if let Some(text) = payload(line, "+CDS:") {
        let all: Vec<&str> = fields(text).collect();
        return parse_report(0, &all);
    }
    if let Some(text) = payload(line, "+CMT:") {
        let all: Vec<&str> = fields(text).collect();
        return all
            .iter()
            .any(|field| is_date(field))
            .then(|| parse_received_header(0, &all, false));
    }
    let listed = payload(line, "+CMGL:");
    let text = listed.or_else(|| payload(line, "+CMGR:"))?;
    let mut parts = fields(text);
    let index = if listed.is_some() { parts.next().and_then(parse_int)? } else { 0 };
    let stat = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let is_text = parse_int(stat).is_none()
        && (!stat.is_empty() || rest.iter().any(|field| is_date(field)))
        && !rest.is_empty();
    if !is_text {
        return None;
    }
    let is_stored = OUTGOING.iter().any(|word| unquote(stat).starts_with(word));
    Some(match parse_report(index, &rest) {
        Some(report) => report,
        None if is_stored => parse_outgoing_header(index, &rest, listed.is_some()),
        None => parse_received_header(index, &rest, listed.is_some()),
    })
}

/// Reads the fields from `<oa>` on.
fn parse_received_header(index: i32, fields: &[&str], listed: bool) -> TextHeader {
    let date = fields.iter().position(|field| is_date(field));
    let (time, after) = date.map_or((String::new(), fields.len()), |at| parse_time(fields, at));
    let behind = fields.get(after..).unwrap_or_default();
    let parameters = if listed { None } else { parse_parameters(behind, 4) };
    let is_outgoing = parameters.as_ref().is_some_and(|found| found.first & MESSAGE_TYPE == SUBMIT);
    let sender = fields.first().filter(|_| date != Some(0)).map_or("", |field| unquote(field));
    TextHeader {
        index,
        is_outgoing,
        address: sender.to_owned(),
        time,
        parameters,
        length: parse_size(behind.get(if listed { 1 } else { 6 })),
        report: None,
    }
}

/// Reads the fields from `<da>` on. `<vp>` is a number, a time, or nothing.
fn parse_outgoing_header(index: i32, fields: &[&str], listed: bool) -> TextHeader {
    let recipient = fields.first().map_or("", |field| unquote(field));
    // In a list the place of a time stamp may be there, and be empty.
    let behind = fields.get(if listed { 3 } else { 2 }..).unwrap_or_default();
    let last = behind.last().filter(|_| behind.len() >= if listed { 2 } else { 7 });
    TextHeader {
        index,
        is_outgoing: true,
        address: recipient.to_owned(),
        parameters: if listed { None } else { parse_parameters(behind, 5) },
        length: parse_size(last),
        ..TextHeader::default()
    }
}

/// Reads `<tooa>,<fo>,<pid>,<dcs>`, and the service centre's address at this place.
fn parse_parameters(fields: &[&str], centre: usize) -> Option<TextParameters> {
    let at = |place: usize| fields.get(place).and_then(|field| parse_octet(field));
    Some(TextParameters {
        address_type: at(0),
        first: at(1)?,
        pid: at(2)?,
        dcs: at(3)?,
        centre: fields.get(centre).map_or("", |field| unquote(field)).to_owned(),
    })
}

/// Reads the fields of a status report, which are known by their two times.
fn parse_report(index: i32, fields: &[&str]) -> Option<TextHeader> {
    let (first, number) = (parse_octet(fields.first()?)?, parse_octet(fields.get(1)?)?);
    let date = fields.iter().position(|field| is_date(field)).filter(|date| *date >= 2)?;
    let (time, after) = parse_time(fields, date);
    fields.get(after).filter(|field| is_date(field))?;
    let (discharge, after) = parse_time(fields, after);
    let status = parse_octet(fields.get(after)?)?;
    let before = fields.get(2..date)?;
    Some(TextHeader {
        index,
        address: before.first().map_or("", |field| unquote(field)).to_owned(),
        time,
        report: Some(ReportFields {
            first,
            number,
            address_type: before.get(1).and_then(|field| parse_octet(field)),
            discharge,
            status,
        }),
        ..TextHeader::default()
    })
}

/// The time that begins in this field, and the place behind it. Without its quotes it is two
/// fields.
fn parse_time(fields: &[&str], at: usize) -> (String, usize) {
    match (fields.get(at), fields.get(at + 1)) {
        (Some(date), Some(clock)) if !date.contains(',') && clock.contains(':') => {
            (format!("{},{}", unquote(date), unquote(clock)), at + 2)
        }
        (date, _) => (unquote(date.unwrap_or(&"")).to_owned(), at + 1),
    }
}

fn parse_octet(field: &str) -> Option<u8> {
    parse_int(field).and_then(|number| u8::try_from(number).ok())
}

fn parse_size(field: Option<&&str>) -> Option<usize> {
    field.and_then(|field| parse_int(field)).and_then(|length| usize::try_from(length).ok())
}

impl TextHeader {
    /// Whether the line says that no text follows. Some modems do not count a header in `<length>`,
    /// and show it all the same.
    pub fn is_alone(&self) -> bool {
        let has_header =
            self.parameters.as_ref().is_some_and(|found| found.first & USER_DATA_HEADER != 0);
        self.report.is_some() || (self.length == Some(0) && !has_header)
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

    fn from(index: i32, sender: &str) -> TextHeader {
        TextHeader {
            index,
            address: sender.to_owned(),
            time: SCTS.to_owned(),
            ..TextHeader::default()
        }
    }

    fn shown(kind: u8, [first, pid, dcs]: [u8; 3], centre: &str) -> Option<TextParameters> {
        let address_type = Some(kind);
        Some(TextParameters { address_type, first, pid, dcs, centre: centre.to_owned() })
    }

    #[test]
    fn first_lines_of_text_mode_with_and_without_more_fields() {
        let table = [
            (format!("+CMT: \"+31612345678\",,\"{SCTS}\""), from(0, "+31612345678")),
            (format!("+CMT: \"Uber\",\"a, b\",\"{SCTS}\""), from(0, "Uber")),
            (format!("+CMT: \"Uber\",\"{SCTS}\""), from(0, "Uber")),
            (format!("+CMT: \"Uber\",,{SCTS}"), from(0, "Uber")),
            (
                format!("+CMT: \"+31\",,\"{SCTS}\",145,4,0,8,\"+316540\",145,12"),
                TextHeader {
                    parameters: shown(145, [4, 0, 8], "+316540"),
                    length: Some(12),
                    ..from(0, "+31")
                },
            ),
            (format!("+CMGR: \"REC UNREAD\",\"+31\",,\"{SCTS}\""), from(0, "+31")),
            (format!("+CMGR: ,\"+31\",,\"{SCTS}\""), from(0, "+31")),
            (
                format!("+CMGR: \"REC READ\",\"+31\",,\"{SCTS}\",145,68,64,0,,,7"),
                TextHeader {
                    parameters: shown(145, [68, 64, 0], ""),
                    length: Some(7),
                    ..from(0, "+31")
                },
            ),
            (format!("+CMGL: 300,\"REC READ\",\"Uber\",,\"{SCTS}\""), from(300, "Uber")),
            (
                format!("+CMGL: 0,\"REC READ\",\"Uber\",\"\",\"{SCTS}\",208,40"),
                TextHeader { length: Some(40), ..from(0, "Uber") },
            ),
        ];
        for (line, expected) in table {
            assert_eq!(parse_text_header(&line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_was_sent_or_is_a_draft() {
        let to =
            |index| TextHeader { is_outgoing: true, time: String::new(), ..from(index, "+31") };
        let with = |length| TextHeader {
            parameters: shown(145, [17, 0, 8], "+316540"),
            length: Some(length),
            ..to(0)
        };
        let table = [
            ("+CMGL: 4,\"STO UNSENT\",\"+31\",,".to_owned(), to(4)),
            ("+CMGL: 4,\"STO UNSENT\",\"+31\"".to_owned(), to(4)),
            (
                "+CMGL: 4,\"STO SENT\",\"+31\",,,145,9".to_owned(),
                TextHeader { length: Some(9), ..to(4) },
            ),
            ("+CMGR: \"STO UNSENT\",\"+31\",".to_owned(), to(0)),
            ("+CMGR: \"00530054004F002000530045004E0054\",\"+31\",".to_owned(), to(0)),
            ("+CMGR: \"STO SENT\",\"+31\",,145,17,0,8,167,\"+316540\",145,5".to_owned(), with(5)),
            ("+CMGR: \"STO SENT\",\"+31\",,145,17,0,8,,\"+316540\",145,0".to_owned(), with(0)),
            (
                format!("+CMGR: \"STO SENT\",\"+31\",,145,17,0,8,\"{SCTS}\",\"+316540\",145,5"),
                with(5),
            ),
            // Where `<stat>` does not say so, `<fo>` does.
            (
                format!("+CMGR: \"\",\"+31\",,\"{SCTS}\",145,17,0,8,\"+316540\",145,5"),
                TextHeader { time: SCTS.to_owned(), ..with(5) },
            ),
        ];
        for (line, expected) in table {
            assert_eq!(parse_text_header(&line), Some(expected), "{line}");
        }
    }

    #[test]
    fn status_reports_are_on_one_line() {
        let later = "26/06/22,12:57:09+08";
        let report = |address: &str, address_type, discharge: &str| TextHeader {
            report: Some(ReportFields {
                first: 6,
                number: 43,
                address_type,
                discharge: discharge.to_owned(),
                status: 0,
            }),
            ..from(0, address)
        };
        let whole = report("+31612345678", Some(145), later);
        let table = [
            (format!("+CDS: 6,43,\"+31612345678\",145,\"{SCTS}\",\"{later}\",0"), whole.clone()),
            (format!("+CDS: 6,43,,,\"{SCTS}\",\"{SCTS}\",0"), report("", None, SCTS)),
            (format!("+CDS: 6,43,,,{SCTS},{SCTS},0"), report("", None, SCTS)),
            (
                format!("+CMGR: \"REC READ\",6,43,\"+31612345678\",145,\"{SCTS}\",\"{later}\",0"),
                whole.clone(),
            ),
            (
                format!("+CMGL: 7,\"REC READ\",6,43,\"+31612345678\",145,{SCTS},\"{later}\",0"),
                TextHeader { index: 7, ..whole },
            ),
        ];
        for (line, expected) in table {
            let header = parse_text_header(&line).unwrap_or_default();
            assert!(header.is_alone(), "{line}");
            assert_eq!(header, expected, "{line}");
        }
    }

    #[test]
    fn a_length_of_nought_has_nothing_behind_it_unless_there_is_a_header() {
        let line = |first: u8, length: u8| {
            format!("+CMGR: \"REC READ\",\"Uber\",,\"{SCTS}\",208,{first},0,0,,,{length}")
        };
        let is_alone = |line: String| parse_text_header(&line).unwrap_or_default().is_alone();
        assert!(is_alone(line(4, 0)));
        assert!(!is_alone(line(4, 1)));
        assert!(!is_alone(line(68, 0)));
        assert!(!is_alone(format!("+CMT: \"Uber\",,\"{SCTS}\"")));
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
            "+CDS: 25",
            "+CDS: ,25",
            "+CSQ: 20,99",
        ] {
            assert_eq!(parse_text_header(line), None, "{line}");
        }
    }
}
