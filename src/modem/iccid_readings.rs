//! Decides when an ICCID that was read is believed.

use crate::domain::Iccid;

/// How many readings that neither check nor agree are made of one command.
const MAX_READINGS: usize = 4;

/// The readings of one card that nothing has confirmed. On a line that loses octets an ICCID may be
/// cut short, or belong to no card at all, and whatever is known of the card would go to another
/// one.
#[derive(Debug, Default)]
pub(super) struct IccidReadings {
    unproven: Vec<Iccid>,
}

/// What to make of a reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This is the card.
    Believed(Iccid),
    /// Read it again with the same command.
    ReadAgain,
    /// The command gives something else each time.
    Unusable,
}

impl IccidReadings {
    /// Takes a reading. One with a right check digit is believed at once. Many cards have an ICCID
    /// without one, so any other is believed when it was read twice.
    pub fn judge(&mut self, iccid: Iccid) -> Verdict {
        if iccid.has_right_check_digit() || self.unproven.contains(&iccid) {
            return Verdict::Believed(iccid);
        }
        self.unproven.push(iccid);
        if self.unproven.len() < MAX_READINGS {
            return Verdict::ReadAgain;
        }
        self.unproven.clear();
        Verdict::Unusable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iccid_is_believed_that_checks_or_was_read_twice() {
        let iccid = |text: &str| text.parse::<Iccid>().unwrap();
        let (right, long) = (iccid("8931040000000000018"), iccid("89310400000000000260"));
        let cut = [4, 5, 6, 7].map(|at| {
            let mut digits = long.to_string();
            digits.replace_range(at..=at, "9");
            iccid(&digits)
        });
        let mut readings = IccidReadings::default();
        assert_eq!(readings.judge(right.clone()), Verdict::Believed(right.clone()));
        assert_eq!(readings.judge(cut[0].clone()), Verdict::ReadAgain);
        assert_eq!(readings.judge(long.clone()), Verdict::ReadAgain);
        assert_eq!(readings.judge(long.clone()), Verdict::Believed(long));
        assert_eq!(readings.judge(right.clone()), Verdict::Believed(right));
        let mut readings = IccidReadings::default();
        let verdicts = cut.map(|iccid| readings.judge(iccid));
        assert_eq!(verdicts[2..], [Verdict::ReadAgain, Verdict::Unusable]);
    }
}
