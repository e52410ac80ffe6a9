//! What to do about each alarm: the table in the operator's guide, so that what the guide says and
//! what the console says are one.

use super::alarm::AlarmName;

const GUIDE: &str = include_str!("../../docs/operators-guide.md");

/// What to do about an alarm, as the guide writes it. The commands that help stand in a column of
/// their own: the console has pages for that.
pub fn what_to_do(name: AlarmName) -> &'static str {
    let named = format!("`{name}`");
    let rows = GUIDE.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let mut rows = rows.filter(|(names, _)| names.split(", ").any(|one| one == named));
    let text = rows.next().and_then(|(_, rest)| rest.split_once(" | "));
    text.map_or("", |(text, _commands)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_says_of_each_alarm_what_to_do() {
        for name in AlarmName::ALL {
            assert!(what_to_do(name).len() > 20, "{name}: {}", what_to_do(name));
            assert!(!what_to_do(name).contains("simbridge "), "{name}: {}", what_to_do(name));
        }
        assert!(what_to_do(AlarmName::DiskLow).starts_with("make room on the disk"));
        assert!(
            what_to_do(AlarmName::StockOut).ends_with("what becomes of its SIMs, and add more")
        );
    }
}
