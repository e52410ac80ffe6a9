//! Typed replies. Each function takes one line of a reply and gives `None` when it does not say
//! what was asked.

use super::command::Indications;
use super::fields::{Fields, fields, parse_int, payload, tag, unquote};
use super::ranges::parse_choices;
use super::text_mode::is_date;
use crate::domain::Imei;
use crate::domain::modem::MessageStore;

/// The value of a line that is nothing but a value (`AT+CGMI` and the like), without a tag or a
/// label before it and without quotes.
pub fn value(line: &str) -> &str {
    let text = match tag(line) {
        Some(_) => line.split_once(':').map_or(line, |(_, rest)| rest),
        None => ["Manufacturer:", "Model:", "Revision:", "IMEI:"]
            .iter()
            .find_map(|label| line.strip_prefix(label))
            .unwrap_or(line),
    };
    unquote(text)
}

/// An IMEI (23.003 6.2): 15 digits, of which a 16-digit IMEISV shows 14 and the software version.
/// The digits may be in groups.
pub fn parse_imei(line: &str) -> Option<Imei> {
    let text = value(line);
    let text = text.split(',').next().map_or(text, unquote);
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '/')).collect();
    digits.parse().ok()
}

/// A serial number that is no IMEI (27.007 5.4: what `AT+CGSN` returns is up to the manufacturer).
pub fn parse_serial_number(line: &str) -> Option<&str> {
    let text = value(line);
    let text = text.split(',').next().map_or(text, unquote);
    (!text.is_empty() && parse_imei(line).is_none()).then_some(text)
}

/// The IMEI in a line of the reply to `ATI` that says that it is one.
pub fn parse_labelled_imei(line: &str) -> Option<Imei> {
    find_labelled(line, &["IMEI"]).and_then(parse_imei)
}

/// The serial number in a line of the reply to `ATI` that says that it is one. `FSN` is what Sierra
/// Wireless calls it.
pub fn parse_labelled_serial(line: &str) -> Option<&str> {
    find_labelled(line, &["SN", "S/N", "FSN", "ESN", "Serial Number", "Serial"])
        .and_then(parse_serial_number)
}

/// What follows a label and a colon.
fn find_labelled<'a>(line: &'a str, labels: &[&str]) -> Option<&'a str> {
    let (label, rest) = line.split_once(':')?;
    labels.iter().any(|known| label.trim().eq_ignore_ascii_case(known)).then(|| rest.trim())
}

/// An IMSI (23.003 2.2): 6 to 15 digits.
pub fn parse_imsi(line: &str) -> Option<&str> {
    let text = value(line);
    ((6..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(text)
}

/// `+CFUN: <fun>` (27.007 8.2).
pub fn parse_functionality(line: &str) -> Option<i32> {
    fields(payload(line, "+CFUN:")?).next().and_then(parse_int)
}

/// `+CSQ: <rssi>,<ber>` in dBm (27.007 8.5; from 100 on TD-SCDMA and LTE as vendors give it);
/// `None` also for 99, "not known".
pub fn parse_signal_dbm(line: &str) -> Option<i16> {
    let rssi = fields(payload(line, "+CSQ:")?).next().and_then(parse_int)?;
    let rssi = i16::try_from(rssi).ok()?;
    match rssi {
        0..=31 => Some(-113 + 2 * rssi),
        100..=191 => Some(-116 + (rssi - 100)),
        _ => None,
    }
}

/// The operator of `+COPS: <mode>,<format>,<oper>[,<act>]` (27.007 7.3).
pub fn parse_operator(line: &str) -> Option<String> {
    let name = fields(payload(line, "+COPS:")?).nth(2).map(unquote)?.trim();
    (!name.is_empty()).then(|| name.chars().take(64).collect())
}

/// The mode of `+COPS: <mode>…` (27.007 7.3): 0, the modem chooses the network; 1, it was chosen by
/// hand; 2, the modem was taken off the network.
pub fn parse_network_mode(line: &str) -> Option<i32> {
    fields(payload(line, "+COPS:")?).next().and_then(parse_int)
}

/// The report of `+CEER: …` (27.007 6.10) in the modem's own words; `None` when they say that there
/// is nothing to report.
pub fn parse_error_report(line: &str) -> Option<String> {
    const MAX_LENGTH: usize = 80;
    const NOTHING: [&str; 4] =
        ["no cause information", "no error", "normal, unspecified", "normal"];
    let words: Vec<&str> = fields(payload(line, "+CEER:")?).map(unquote).collect();
    let report = words.join(" ").trim().to_owned();
    let says_nothing = report.bytes().all(|octet| matches!(octet, b'0' | b' '))
        || NOTHING.iter().any(|nothing| {
            report.get(..nothing.len()).is_some_and(|head| head.eq_ignore_ascii_case(nothing))
        });
    let shown = report.chars().filter(|c| !c.is_control()).take(MAX_LENGTH);
    (!says_nothing).then(|| shown.collect())
}

fn to_international(number: &str, kind: Option<i32>) -> Option<String> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let fits = (3..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Type of address 145: international (24.008 10.5.4.7).
    let plus = number.starts_with('+') || kind == Some(145);
    fits.then(|| if plus { format!("+{digits}") } else { digits.to_owned() })
}

/// The number of `+CNUM: [<alpha>],<number>,<type>…` (27.007 7.1), with `+` when it is
/// international.
pub fn parse_own_number(line: &str) -> Option<String> {
    let mut parts = fields(payload(line, "+CNUM:")?).skip(1);
    let number = unquote(parts.next()?);
    to_international(number, parts.next().and_then(parse_int))
}

/// The number of `+CPBR: <index>,<number>,<type>,<text>` (27.007 8.12).
pub fn parse_phonebook_number(line: &str) -> Option<String> {
    let mut parts = fields(payload(line, "+CPBR:")?).skip(1);
    let number = unquote(parts.next()?);
    to_international(number, parts.next().and_then(parse_int))
}

impl MessageStore {
    /// From its name, quoted or not; `None` for one that 27.005 does not know.
    pub fn parse(name: &str) -> Option<MessageStore> {
        Some(match unquote(name).trim().to_ascii_uppercase().as_str() {
            "SM" => MessageStore::Sim,
            "ME" => MessageStore::Modem,
            "MT" => MessageStore::Both,
            "SR" => MessageStore::Reports,
            "BM" => MessageStore::Broadcasts,
            "TA" => MessageStore::Adaptor,
            _ => return None,
        })
    }
}

/// `+CPMS: ("SM","ME"),("SM","ME"),("SM")`: the stores that each parameter may take. Fewer than
/// three lists: the command takes fewer. An empty list: which stores it takes is not known.
///
/// Modems leave out parentheses or single quotes, or put more around it all, so that only the names
/// are relied upon. Without parentheses it is not certain whether the names belong to one parameter
/// or to one each, so each gets them all.
pub fn parse_stores_supported(line: &str) -> Option<Vec<Vec<MessageStore>>> {
    let text = payload(line, "+CPMS:")?;
    let lists: Vec<_> = if text.contains('(') {
        let pieces = text.split('(').skip(1);
        // Before an inner parenthesis an outer one has nothing of its own.
        let lists = pieces.filter(|piece| piece.contains(')') || !piece.trim().is_empty());
        lists.take(3).map(|list| parse_stores(list.split(')').next().unwrap_or_default())).collect()
    } else {
        vec![parse_stores(text); text.split(',').count().min(3)]
    };
    lists.iter().any(|list| !list.is_empty()).then_some(lists)
}

/// The stores of a list, each once.
fn parse_stores(list: &str) -> Vec<MessageStore> {
    let mut stores = Vec::new();
    for store in list.split(',').filter_map(MessageStore::parse) {
        if !stores.contains(&store) {
            stores.push(store);
        }
    }
    stores
}

/// How many messages each store holds and how many it could: `+CPMS: 3,20,…` (reply to a choice) or
/// `+CPMS: "SM",3,20,…` (reply to the question). `None` when not even the first pair is there.
pub fn parse_store_fills(line: &str) -> Option<Vec<(u32, u32)>> {
    let numbers = fields(payload(line, "+CPMS:")?).filter_map(parse_int);
    let numbers: Vec<u32> = numbers.filter_map(|number| u32::try_from(number).ok()).collect();
    let (pairs, _) = numbers.as_chunks::<2>();
    (!pairs.is_empty()).then(|| pairs.iter().map(|[used, total]| (*used, *total)).collect())
}

/// How many messages a store holds, where `+CPMS: "SM",3,20,…` says so and that it could hold any.
pub fn parse_message_count(line: &str, store: MessageStore) -> Option<u32> {
    let all: Vec<&str> = fields(payload(line, "+CPMS:")?).collect();
    let (triples, _) = all.as_chunks::<3>();
    let count = |field: &str| parse_int(field).and_then(|count| u32::try_from(count).ok());
    triples.iter().find_map(|[name, used, total]| {
        let is_it = MessageStore::parse(name) == Some(store);
        let has_room = count(total).is_some_and(|total| total > 0);
        if is_it && has_room { count(used) } else { None }
    })
}

/// `+CNMI: <mode>,<mt>,<bm>,<ds>,<bfr>` (27.005 3.4.1) as set now.
pub fn parse_indications(line: &str) -> Option<Indications> {
    let mut parts = fields(payload(line, "+CNMI:")?)
        .map(|field| parse_int(field).and_then(|n| u8::try_from(n).ok()));
    let mode = parts.next()??;
    let mt = parts.next()??;
    let mut or_zero = || parts.next().flatten().unwrap_or(0);
    Some(Indications { mode, mt, bm: or_zero(), ds: or_zero(), bfr: or_zero() })
}

/// `+CMGD: (1,2,7),(0-4)` (27.005 3.5.4): the indexes that can be deleted, on some modems only
/// those in use. At most 512.
pub fn parse_indexes(line: &str) -> Option<Vec<i32>> {
    let lists = parse_choices(payload(line, "+CMGD:")?);
    lists.first().map(|list| list.numbers().filter(|index| *index >= 0).collect())
}

/// The line before a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListHeader {
    /// Where the message lies (`+CMGL` only; 0 for `+CMGR`).
    pub index: i32,
    /// Octets of the TPDU, without the service-centre address; `None` when the line does not say.
    pub length: Option<usize>,
}

/// Why a header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is one of text mode: the modem has forgotten `AT+CMGF=0`.
    TextMode,
    /// It is no header.
    Garbled,
}

fn parse_length(field: Option<&str>) -> Option<usize> {
    field.and_then(parse_int).and_then(|octets| usize::try_from(octets).ok())
}

/// `+CMGL: <index>,<stat>,[<alpha>],<length>` (27.005 3.4.2, PDU mode). `None`: another kind of
/// line.
pub fn parse_list_header(line: &str) -> Option<Result<ListHeader, Unreadable>> {
    let mut parts = fields(payload(line, "+CMGL:")?);
    let Some(index) = parts.next().and_then(parse_int) else {
        return Some(Err(Unreadable::Garbled));
    };
    Some(header(index, parts))
}

/// `+CMGR: <stat>,[<alpha>],<length>` (27.005 3.4.3, PDU mode). `None`: another kind of line.
pub fn parse_read_header(line: &str) -> Option<Result<ListHeader, Unreadable>> {
    Some(header(0, fields(payload(line, "+CMGR:")?)))
}

/// Reads what follows the index. `<stat>` is a number in PDU mode and words in text mode; where it
/// is empty, the time stamp shows text mode.
fn header(index: i32, mut parts: Fields<'_>) -> Result<ListHeader, Unreadable> {
    let stat = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    match parse_int(stat) {
        None if !stat.is_empty() || rest.iter().any(|field| is_date(field)) => {
            Err(Unreadable::TextMode)
        }
        None if rest.is_empty() => Err(Unreadable::Garbled),
        _ => Ok(ListHeader { index, length: parse_length(rest.last().copied()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_and_without_tags() {
        let table = [
            ("Quectel", "Quectel"),
            ("+CGMI: \"huawei\"", "huawei"),
            ("Manufacturer: QUALCOMM INCORPORATED", "QUALCOMM INCORPORATED"),
            ("Revision: EC25EFAR06A06M4G", "EC25EFAR06A06M4G"),
            ("\"SIMCOM_SIM7600E\"", "SIMCOM_SIM7600E"),
        ];
        for (line, expected) in table {
            assert_eq!(value(line), expected);
        }
        assert_eq!(parse_imsi("204041234567890"), Some("204041234567890"));
        assert_eq!(parse_imsi("*CIMI: x"), None);
    }

    #[test]
    fn imeis_of_all_lengths_and_writings() {
        let table = [
            ("861234567890123", Some("861234567890123")),
            ("+CGSN: \"861234567890123\"", Some("861234567890123")),
            ("+GSN: \"861234567890123\"", Some("861234567890123")),
            ("IMEI: 861234567890123", Some("861234567890123")),
            ("861234567890123,80ABCDEF", Some("861234567890123")),
            ("86123456789012", Some("86123456789012")),
            ("8612345678901203", Some("8612345678901203")),
            ("86 123456 789012 3", Some("861234567890123")),
            ("86-123456-789012-3", Some("861234567890123")),
            ("12345", None),
            ("2623CKLQ0009707", None),
            ("IMEI: ", None),
            ("", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_imei(line).as_ref().map(Imei::as_str), expected, "{line}");
        }
    }

    #[test]
    fn serial_numbers_are_what_is_no_imei() {
        assert_eq!(parse_serial_number("2623CKLQ0009707"), Some("2623CKLQ0009707"));
        assert_eq!(parse_serial_number("+CGSN: \"MPG1A2B3\""), Some("MPG1A2B3"));
        for line in ["861234567890123", "+CGSN: ", "\"\""] {
            assert_eq!(parse_serial_number(line), None, "{line}");
        }
        assert_eq!(parse_labelled_imei("IMEI: 861234567890123").unwrap(), "861234567890123");
        for line in ["IMEI: ", "IMEI SV: 3", "Revision: 861234567890123", "861234567890123"] {
            assert_eq!(parse_labelled_imei(line), None, "{line}");
        }
        assert_eq!(parse_labelled_serial("FSN: LF1234567890"), Some("LF1234567890"));
        assert_eq!(parse_labelled_serial("Serial Number: 4711AB"), Some("4711AB"));
        for line in ["SN: ", "Model: M1", "M1234567", "+GCAP: +CGSM"] {
            assert_eq!(parse_labelled_serial(line), None, "{line}");
        }
    }

    #[test]
    fn network_replies() {
        assert_eq!(parse_signal_dbm("+CSQ: 20,99"), Some(-73));
        assert_eq!(parse_signal_dbm("+CSQ: 99,99"), None);
        assert_eq!(parse_signal_dbm("+CSQ: 150,0"), Some(-66));
        assert_eq!(parse_signal_dbm("+CSQ: 70000,0"), None);
        assert_eq!(
            parse_operator("+COPS: 0,0,\"vodafone, NL\",7").as_deref(),
            Some("vodafone, NL")
        );
        assert_eq!(parse_operator("+COPS: 0"), None);
        assert_eq!(parse_operator("+COPS: 2"), None);
        assert_eq!(
            (parse_network_mode("+COPS: 2"), parse_network_mode("+COPS: 0,0,\"KPN\"")),
            (Some(2), Some(0))
        );
        assert_eq!(parse_network_mode("+COPS:"), None);
    }

    #[test]
    fn reports_of_errors_and_what_says_nothing() {
        let table = [
            ("+CEER: \"EMM reject\",19,\"ESM failure\"", Some("EMM reject 19 ESM failure")),
            ("+CEER: 48,13", Some("48 13")),
            ("+CEER: No cause information available", None),
            ("+CEER: No Error", None),
            ("+CEER: Normal, unspecified", None),
            ("+CEER: 0,0,0", None),
            ("+CEER:", None),
            ("+CREG: 1", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_error_report(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn the_messages_of_a_store_by_its_name() {
        let table = [
            ("+CPMS: \"SM\",3,20,\"ME\",0,100,\"ME\",0,100", Some(0)),
            ("+CPMS: \"ME\",7,100,\"SM\",0,20", Some(7)),
            ("+CPMS: \"ME\",0,0,\"ME\",0,0,\"ME\",0,0", None),
            ("+CPMS: \"SM\",3,20,\"SM\",3,20,\"SM\",3,20", None),
            ("+CPMS: 0,100,0,100,0,100", None),
            ("+CPMS:", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_message_count(line, MessageStore::Modem), expected, "{line}");
        }
    }

    #[test]
    fn own_numbers() {
        let table = [
            ("+CNUM: \"\",\"+31612345678\",145", Some("+31612345678")),
            ("+CNUM: ,\"31612345678\",145,7,4", Some("+31612345678")),
            ("+CNUM: \"Line 1\",\"0612345678\",129", Some("0612345678")),
            ("+CNUM: \"\",\"\",129", None),
            ("+CNUM: ,,", None),
            ("+CNUM:", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_own_number(line).as_deref(), expected, "{line}");
        }
        assert_eq!(
            parse_phonebook_number("+CPBR: 1,\"+447911123456\",145,\"OWN\"").as_deref(),
            Some("+447911123456")
        );
    }

    #[test]
    fn stores_and_indications() {
        let wavecom = parse_stores_supported("+CPMS: (\"SM\",\"SR\")").unwrap();
        assert_eq!(wavecom, [vec![MessageStore::Sim, MessageStore::Reports]]);
        let huawei =
            parse_stores_supported("+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")")
                .unwrap();
        assert_eq!(huawei.len(), 3);
        assert_eq!(parse_stores_supported("+CPMS: ()"), None);
        assert_eq!(parse_store_fills("+CPMS: 3,20,1,10,0,5"), Some(vec![(3, 20), (1, 10), (0, 5)]));
        assert_eq!(parse_store_fills("+CPMS: \"SM\",4,20"), Some(vec![(4, 20)]));
        assert_eq!(parse_store_fills("+CPMS: 4"), None);
        let set = parse_indications("+CNMI: 2,1,0,0,0").unwrap();
        assert_eq!((set.mode, set.mt), (2, 1));
        assert_eq!(parse_indications("+CNMI: 2"), None);
        assert_eq!(parse_indexes("+CMGD: (1-3,7),(0-4)"), Some(vec![1, 2, 3, 7]));
        assert_eq!(parse_indexes("+CMGD: (),(0-4)"), Some(vec![]));
    }

    #[test]
    fn odd_lists_of_stores_are_read_by_their_names() {
        use MessageStore::{Both, Modem, Reports, Sim};
        let table: &[(&str, &str, &[&[MessageStore]])] = &[
            ("bare values", "\"SM\",\"SM\",\"SM\"", &[&[Sim], &[Sim], &[Sim]]),
            ("bare, for one or two parameters", "\"SM\",\"ME\"", &[&[Sim, Modem], &[Sim, Modem]]),
            ("one bare value", "SM", &[&[Sim]]),
            (
                "a quote is missing",
                "(ME\", \"SR\"), (\"ME\", \"SR\"), (\"ME\")",
                &[&[Modem, Reports], &[Modem, Reports], &[Modem]],
            ),
            ("no quotes", "(SM,ME),(SM),(sm)", &[&[Sim, Modem], &[Sim], &[Sim]]),
            ("lists in a list", "((\"SM\",\"ME\"),(\"SM\"))", &[&[Sim, Modem], &[Sim]]),
            ("no comma between lists", "(\"SM\")(\"ME\")", &[&[Sim], &[Modem]]),
            ("an empty list", "(\"SM\"),(),(\"ME\")", &[&[Sim], &[], &[Modem]]),
            ("not closed", "(\"SM\",\"MT\"", &[&[Sim, Both]]),
            (
                "stores that nobody knows",
                "(\"SM\", \"SM_P\", \"MT\"), (\"ME_P\")",
                &[&[Sim, Both], &[]],
            ),
            ("a store that is named twice", "(\"SM\",\"SM\")", &[&[Sim]]),
            ("more lists than parameters", "(SM),(SM),(SM),(BM)", &[&[Sim], &[Sim], &[Sim]]),
        ];
        for (why, payload, lists) in table {
            let found = parse_stores_supported(&format!("+CPMS: {payload}"));
            let lists: Vec<Vec<MessageStore>> = lists.iter().map(|list| list.to_vec()).collect();
            assert_eq!(found, Some(lists), "{why}");
        }
        for payload in ["", "()", "(\"XX\")", "(),()"] {
            assert_eq!(parse_stores_supported(&format!("+CPMS: {payload}")), None, "{payload}");
        }
    }

    #[test]
    fn headers_of_messages() {
        let header = |index, length| Some(Ok(ListHeader { index, length }));
        assert_eq!(parse_list_header("+CMGL: 3,1,,24"), header(3, Some(24)));
        assert_eq!(parse_list_header("+CMGL: 0,0,\"a,b\",159"), header(0, Some(159)));
        assert_eq!(parse_list_header("+CMGL: 300,,,24"), header(300, Some(24)), "no status");
        assert_eq!(
            parse_list_header("+CMGL: 3,\"1\",,24"),
            header(3, Some(24)),
            "a number in quotes"
        );
        assert_eq!(parse_list_header("+CMGL: 3,1"), header(3, None));
        assert_eq!(
            parse_list_header("+CMGL: 3,\"REC UNREAD\",\"+31\",,\"26/06/22\""),
            Some(Err(Unreadable::TextMode))
        );
        assert_eq!(parse_list_header("+CMGL: "), Some(Err(Unreadable::Garbled)));
        assert_eq!(parse_list_header("07911326040000F0"), None);
        assert_eq!(parse_read_header("+CMGR: 1,,24"), header(0, Some(24)));
        assert_eq!(parse_read_header("+CMGR: 0,24"), header(0, Some(24)));
        assert_eq!(parse_read_header("+CMGR: ,,24"), header(0, Some(24)), "no status");
        assert_eq!(parse_read_header("+CMGR: ,\"Jan\",24"), header(0, Some(24)));
        assert_eq!(
            parse_read_header("+CMGR: ,\"+31\",,\"26/06/22,12:57:03+08\""),
            Some(Err(Unreadable::TextMode))
        );
        assert_eq!(parse_read_header("+CMGR: "), Some(Err(Unreadable::Garbled)));
        assert_eq!(
            parse_read_header("+CMGR: \"REC READ\",\"+31\""),
            Some(Err(Unreadable::TextMode))
        );
    }
}
