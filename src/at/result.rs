//! The line that ends a reply: V.250 5.7.1, `+CME ERROR` of 27.007 9.2, `+CMS ERROR` of 27.005
//! 3.2.5.

use super::fields::{payload, unquote};
use crate::domain::modem::FinalResult;

/// What an error says about the SIM card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimTrouble {
    /// No card is in.
    Absent,
    /// It wants its PIN.
    Pin,
    /// It wants its PUK.
    Puk,
    /// It is broken, or the wrong one.
    Failure,
    /// It will answer a little later.
    Busy,
}

/// Verbose texts (`+CMEE=2`) and their numbers, as far as anything here depends on them: (CME
/// number, CMS number, text).
const TEXTS: &[(u16, u16, &str)] = &[
    (3, 302, "operation not allowed"),
    (4, 303, "operation not supported"),
    (10, 310, "SIM not inserted"),
    (11, 311, "SIM PIN required"),
    (12, 316, "SIM PUK required"),
    (13, 313, "SIM failure"),
    (14, 314, "SIM busy"),
    (15, 315, "SIM wrong"),
    (20, 322, "memory full"),
    (21, 321, "invalid index"),
    (21, 321, "invalid memory index"),
    (22, 321, "not found"),
];

fn code(text: &str, cms: bool) -> Option<u16> {
    let text = unquote(text);
    text.parse().ok().or_else(|| {
        let (for_cme, for_cms, _) =
            TEXTS.iter().find(|(_, _, known)| known.eq_ignore_ascii_case(text))?;
        Some(if cms { *for_cms } else { *for_cme })
    })
}

impl FinalResult {
    /// Reads a line; `None` when it is no final result.
    pub fn parse(line: &str) -> Option<FinalResult> {
        if let Some(text) = payload(line, "+CME ERROR:") {
            return Some(FinalResult::Cme(code(text, false)));
        }
        if let Some(text) = payload(line, "+CMS ERROR:") {
            return Some(FinalResult::Cms(code(text, true)));
        }
        Some(match line {
            "OK" => FinalResult::Ok,
            // The last two are Huawei's words.
            "ERROR" | "COMMAND NOT SUPPORT" | "TOO MANY PARAMETERS" => FinalResult::Error,
            "NO CARRIER" => FinalResult::NoCarrier,
            "BUSY" => FinalResult::Busy,
            "NO ANSWER" => FinalResult::NoAnswer,
            "NO DIALTONE" => FinalResult::NoDialtone,
            _ => return None,
        })
    }

    /// Whether it is `OK`.
    pub fn is_ok(self) -> bool {
        self == FinalResult::Ok
    }

    /// Whether it ends a call rather than a command: such a line also comes unasked.
    pub fn ends_a_call(self) -> bool {
        matches!(
            self,
            FinalResult::NoCarrier
                | FinalResult::Busy
                | FinalResult::NoAnswer
                | FinalResult::NoDialtone
        )
    }

    /// What it says about the SIM card, if anything.
    pub fn sim_trouble(self) -> Option<SimTrouble> {
        Some(match self {
            FinalResult::Cme(Some(10)) | FinalResult::Cms(Some(310)) => SimTrouble::Absent,
            FinalResult::Cme(Some(11)) | FinalResult::Cms(Some(311)) => SimTrouble::Pin,
            FinalResult::Cme(Some(12)) | FinalResult::Cms(Some(316)) => SimTrouble::Puk,
            FinalResult::Cme(Some(13 | 15)) | FinalResult::Cms(Some(313 | 315)) => {
                SimTrouble::Failure
            }
            FinalResult::Cme(Some(14)) | FinalResult::Cms(Some(314)) => SimTrouble::Busy,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_results_and_lines_that_only_look_like_one() {
        let table = [
            ("OK", Some(FinalResult::Ok)),
            ("ERROR", Some(FinalResult::Error)),
            ("COMMAND NOT SUPPORT", Some(FinalResult::Error)),
            ("+CME ERROR: 10", Some(FinalResult::Cme(Some(10)))),
            ("+CME ERROR:10", Some(FinalResult::Cme(Some(10)))),
            ("+CME ERROR: SIM not inserted", Some(FinalResult::Cme(Some(10)))),
            ("+CMS ERROR: SIM busy", Some(FinalResult::Cms(Some(314)))),
            ("+CMS ERROR: 321", Some(FinalResult::Cms(Some(321)))),
            ("+CME ERROR: flux capacitor", Some(FinalResult::Cme(None))),
            ("NO CARRIER", Some(FinalResult::NoCarrier)),
            ("OK then", None),
            ("OKAY", None),
            ("my ERROR", None),
            ("", None),
        ];
        for (line, expected) in table {
            assert_eq!(FinalResult::parse(line), expected, "{line}");
        }
    }

    #[test]
    fn both_families_of_errors_speak_of_the_sim() {
        let trouble = |line| FinalResult::parse(line).and_then(FinalResult::sim_trouble);
        assert_eq!(trouble("+CME ERROR: 13"), Some(SimTrouble::Failure));
        assert_eq!(trouble("+CMS ERROR: 310"), Some(SimTrouble::Absent));
        assert_eq!(trouble("+CME ERROR: SIM PIN required"), Some(SimTrouble::Pin));
        assert_eq!(trouble("+CMS ERROR: 321"), None);
        assert_eq!(trouble("ERROR"), None);
    }
}
