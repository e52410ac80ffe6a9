//! Lists of SIM cards and their numbers, as operators keep them in files.

use std::collections::HashMap;

/// A line of a list that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSim {
    /// The line's number in the file, from 1.
    pub line: usize,
    /// The ICCID as it is written there.
    pub iccid: String,
    /// The number as it is written there.
    pub number: String,
}

/// What is wrong with a line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// The line's number in the file, from 1.
    pub line: usize,
    /// The fault, in words for the operator.
    pub fault: String,
}

/// Reads the ICCID and the phone number of each line. A first line that names the columns, empty
/// lines, and lines that begin with # are skipped. Columns are separated by a comma, a semicolon or
/// a tab. An ICCID or a number that stands in an earlier line is a fault.
pub fn read_sim_list(text: &str) -> Vec<Result<ListedSim, LineFault>> {
    let mut known = HashMap::new();
    rows(text).map(|row| row.and_then(|row| check_new(&mut known, row))).collect()
}

fn rows(text: &str) -> impl Iterator<Item = Result<ListedSim, LineFault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .filter(|(number, line)| *number != 1 || line.bytes().any(|byte| byte.is_ascii_digit()))
        .map(|(number, line)| read_line(number, line))
}

fn read_line(line: usize, text: &str) -> Result<ListedSim, LineFault> {
    let mut columns = text
        .split([',', ';', '\t'])
        .map(|column| column.trim().trim_matches('"').trim().to_owned());
    match (columns.next(), columns.next()) {
        (Some(iccid), Some(number)) if !iccid.is_empty() && !number.is_empty() => {
            Ok(ListedSim { line, iccid, number })
        }
        _ => {
            let fault = "a line must have an ICCID, a comma and a number".to_owned();
            Err(LineFault { line, fault })
        }
    }
}

/// The row, unless its ICCID or its number stands in an earlier line. `known` has the line of each.
fn check_new(known: &mut HashMap<String, usize>, row: ListedSim) -> Result<ListedSim, LineFault> {
    let line = row.line;
    let digits = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let names = [("ICCID", &row.iccid), ("number", &row.number)]
        .map(|(what, text)| (what, format!("{what} {}", digits(text))));
    for (what, name) in &names {
        if let Some(earlier) = known.get(name) {
            let fault = format!("this {what} stands in line {earlier} already");
            return Err(LineFault { line, fault });
        }
    }
    known.extend(names.map(|(_, name)| (name, line)));
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_operators_export_them() {
        let text = "\u{feff}iccid;number\r\n\"8931440400000000123\";\"+31612345678\"\r\n\n# \
                    spare\n8931440400000000999,0612345679,x\n8931\n";
        let row = |line, iccid: &str, number: &str| {
            Ok(ListedSim { line, iccid: iccid.to_owned(), number: number.to_owned() })
        };
        let fault = "a line must have an ICCID, a comma and a number".to_owned();
        let expected = [
            row(2, "8931440400000000123", "+31612345678"),
            row(5, "8931440400000000999", "0612345679"),
            Err(LineFault { line: 6, fault }),
        ];
        assert_eq!(read_sim_list(text), expected);
    }

    #[test]
    fn what_stands_in_an_earlier_line_is_a_fault() {
        let text = "8931440400000000123,0612345678\n8931 4404 0000 0000 123,0612345679\n\
                    8931440400000000999,06-12345678\n";
        let faults = read_sim_list(text).into_iter().filter_map(Result::err);
        let faults: Vec<_> = faults.map(|fault| (fault.line, fault.fault)).collect();
        let expected = [
            (2, "this ICCID stands in line 1 already".to_owned()),
            (3, "this number stands in line 1 already".to_owned()),
        ];
        assert_eq!(faults, expected);
    }
}
