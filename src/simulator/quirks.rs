//! Permanent deviations of modem models from the standards, by names from a closed list. A family
//! has some; a fault ([`Fault::Habit`](super::Fault::Habit)) gives one to any modem.

use serde::{Deserialize, Serialize};

/// A deviation of some models from the standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// `+CPIN:READY`: no space behind the colon of a line.
    NoSpace,
    /// Lines end with a line feed alone.
    LineFeedOnly,
    /// Every line end comes twice.
    DoubledLineEnds,
    /// `+CMTI: "ME",-1`: the URC has no usable index.
    CmtiWithoutIndex,
    /// `+CMTI: "SM",1,"MMS PUSH",2,1`: the URC has more fields than the standard.
    CmtiWithMore,
    /// `AT+CPMS?` says 0 for half a second after a `+CMTI` (Huawei).
    CountsLag,
    /// Each message is put into the store twice (A7670).
    DeliversTwice,
    /// After a full store there is no `+CMTI` until the store has been emptied and `AT+CNMI` set
    /// again, or the modem reset.
    DeafWhenFull,
    /// `AT+CMGL` is answered `ERROR`.
    NoList,
    /// `AT+CMGD=<index>,<flag>` is answered `ERROR` (MC35).
    DeleteWithoutFlag,
    /// `+CMGL: 0,1,"",32`: an empty name instead of none (SIM7670G).
    EmptyName,
    /// `AT+CREG?` and `AT+CGREG?` stay 0; only `AT+CEREG?` tells of the registration.
    LteOnly,
    /// `AT+CEREG?` says 6, "registered for SMS only"; the others stay 0.
    SmsOnly,
    /// `AT+CNMA` is answered by a prompt (SIM800C).
    PromptAfterCnma,
    /// A prompt that nobody asked for stands before the final result of a message that was sent: `>
    /// OK`.
    PromptBeforeResult,
    /// `AT+CUSD` takes and gives packed septets in hexadecimal.
    UssdPacked,
    /// `AT+CUSD` takes and gives UCS-2 in hexadecimal.
    UssdUcs2,
    /// What is said unasked goes to another port of the stick until `AT+QURCCFG` or `AT^PORTSEL`
    /// has called it here.
    UrcsElsewhere,
    /// An unasked line stands between the lines of each reply and its final result.
    ChatterInReplies,
    /// The card's going and coming is not told.
    SilentCard,
    /// Not even a restart is told.
    SilentBoot,
}
