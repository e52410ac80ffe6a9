//! The line that ends a reply: V.250 5.7.1, `+CME ERROR` of 27.007 9.2, `+CMS ERROR` of 27.005
//! 3.2.5.

use super::fields::{payload, unquote};
use crate::domain::modem::{DeviceLock, FinalResult};

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
    /// The modem is locked, and does not take this card without a code.
    Locked(DeviceLock),
}

/// Verbose texts (`+CMEE=2`) and their numbers, as far as anything here depends on them: (CME
/// number, CMS number, text).
const TEXTS: &[(u16, u16, &str)] = &[
    (3, 302, "operation not allowed"),
    (4, 303, "operation not supported"),
    (5, 312, "PH-SIM PIN required"),
    (10, 310, "SIM not inserted"),
    (11, 311, "SIM PIN required"),
    (12, 316, "SIM PUK required"),
    (13, 313, "SIM failure"),
    (14, 314, "SIM busy"),
    (15, 315, "SIM wrong"),
    (17, 317, "SIM PIN2 required"),
    (18, 318, "SIM PUK2 required"),
    (20, 322, "memory full"),
    (21, 321, "invalid index"),
    (21, 321, "invalid memory index"),
    (22, 321, "not found"),
];

fn parse_code(text: &str, cms: bool) -> Option<u16> {
    let text = unquote(text);
    text.parse().ok().or_else(|| {
        let (for_cme, for_cms, _) =
            TEXTS.iter().find(|(_, _, known)| known.eq_ignore_ascii_case(text))?;
        Some(if cms { *for_cms } else { *for_cme })
    })
}

/// The lock for which `+CME ERROR` wants a code (27.007 9.2).
fn device_lock(code: u16) -> Option<DeviceLock> {
    Some(match code {
        5 => DeviceLock::Card,
        6 | 7 => DeviceLock::FirstCard,
        40 | 41 => DeviceLock::Network,
        42 | 43 => DeviceLock::NetworkSubset,
        44 | 45 => DeviceLock::ServiceProvider,
        46 | 47 => DeviceLock::Company,
        _ => return None,
    })
}

impl FinalResult {
    /// Reads a line; `None` when it is no final result.
    pub fn parse(line: &str) -> Option<FinalResult> {
        if let Some(text) = payload(line, "+CME ERROR:") {
            return Some(FinalResult::Cme(parse_code(text, false)));
        }
        if let Some(text) = payload(line, "+CMS ERROR:") {
            return Some(FinalResult::Cms(parse_code(text, true)));
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
            // 515 is Wavecom's: initialisation or another command is in progress.
            FinalResult::Cme(Some(14 | 515)) | FinalResult::Cms(Some(314 | 515)) => {
                SimTrouble::Busy
            }
            FinalResult::Cms(Some(312)) => SimTrouble::Locked(DeviceLock::Card),
            FinalResult::Cme(Some(code)) => SimTrouble::Locked(device_lock(code)?),
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
        for busy in ["+CME ERROR: 14", "+CME ERROR: SIM busy", "+CMS ERROR: 314", "+CME ERROR: 515"]
        {
            assert_eq!(trouble(busy), Some(SimTrouble::Busy), "{busy}");
        }
        let lock = |lock| Some(SimTrouble::Locked(lock));
        assert_eq!(trouble("+CME ERROR: PH-SIM PIN required"), lock(DeviceLock::Card));
        assert_eq!(trouble("+CME ERROR: 40"), lock(DeviceLock::Network));
        assert_eq!(trouble("+CME ERROR: 17"), None, "PIN2 is wanted, and of no matter");
        assert_eq!(trouble("+CMS ERROR: 321"), None);
        assert_eq!(trouble("ERROR"), None);
    }
}
