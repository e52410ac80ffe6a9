//! Permanent deviations of modem models from the standards, by names from a closed list. A family
//! has some; a fault ([`Fault::Habit`](super::Fault::Habit)) gives one to any modem.

use serde::{Deserialize, Serialize};

/// A deviation of some models from the standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// Lines have no space after the colon: `+CPIN:READY`.
    NoSpace,
    /// Lines end with a line feed alone.
    LineFeedOnly,
    /// Every line end is sent twice.
    DoubledLineEnds,
    /// The URC has no usable index: `+CMTI: "ME",-1`.
    CmtiWithoutIndex,
    /// The URC has more fields than in the standard: `+CMTI: "SM",1,"MMS PUSH",2,1`.
    CmtiWithMore,
    /// `AT+CPMS?` reports 0 messages for half a second after a `+CMTI` (Huawei).
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
    /// The list has an empty name instead of none: `+CMGL: 0,1,"",32` (SIM7670G).
    EmptyName,
    /// `AT+CREG?` and `AT+CGREG?` stay 0; only `AT+CEREG?` reports the registration.
    LteOnly,
    /// `AT+CEREG?` reports 6, "registered for SMS only"; the others stay 0.
    SmsOnly,
    /// `AT+CNMA` is answered by a prompt (SIM800C).
    PromptAfterCnma,
    /// There is an unexpected prompt before the final result of a message that was sent: `> OK`.
    PromptBeforeResult,
    /// `AT+CUSD` takes and gives packed septets in hexadecimal.
    UssdPacked,
    /// `AT+CUSD` takes and gives UCS-2 in hexadecimal.
    UssdUcs2,
    /// Unsolicited lines go to another port of the stick until `AT+QURCCFG` or `AT^PORTSEL` has
    /// directed them to this one.
    UrcsElsewhere,
    /// There is an unsolicited line between the lines of each reply and its final result.
    ChatterInReplies,
    /// Commands are echoed whatever `ATE0` is answered (A7672).
    EchoStays,
    /// Each echo comes twice.
    EchoTwice,
    /// `AT+CSCS` is answered `ERROR`, except as a question.
    CharsetStays,
    /// The modem is registered with a 5G network alone: only `AT+C5GREG?` reports it.
    FiveGOnly,
    /// `AT+CGSN` and `AT+GSN` are refused with `+CME ERROR: 23`, and the IMEI in the reply to `ATI`
    /// is empty (A7670G and SIM7000G after a firmware upgrade, E153).
    NoImei,
    /// `AT+CGSN` and `AT+GSN` are answered `OK` without an IMEI.
    EmptyImei,
    /// The IMEI consists of zeros (A9G after flashing).
    ZeroImei,
    /// `AT+CGSN` and `AT+GSN` return a serial number with letters; `AT+CGSN=1` is refused.
    SerialNumber,
    /// `AT+CGSN` returns a serial number with letters, and only `AT+CGSN=1` the IMEI (nRF93M1).
    ImeiByType,
    /// A warning about the voltage stands before the last line of each reply: the supply sags
    /// whenever the modem does something.
    VoltageInReplies,
    /// `<stat>` is empty in the headers of messages: `+CMGR: ,,24`.
    EmptyStatus,
    /// `AT+CMGL` shows nothing, whatever `AT+CPMS` counts.
    EmptyList,
    /// The card has room for no message: `+CPMS: 0,0`.
    CardWithoutRoom,
    /// `AT+CMGF=0` is answered `ERROR`: the modem knows text mode alone.
    TextModeOnly,
    /// `AT+CMGF=0` is answered `OK`, and the modem keeps to text mode.
    KeepsTextMode,
    /// The modem does not announce that its card was removed or inserted.
    SilentCard,
    /// The modem does not even announce a restart.
    SilentBoot,
    /// `AT+CPIN?` reports `SIM PIN2`, as after a command that needs the second PIN.
    Pin2Wanted,
    /// `AT+CPIN?` reports `SIM PUK2`.
    Puk2Wanted,
    /// The modem is locked to another network: `AT+CPIN?` reports `PH-NET PIN`, and no network
    /// takes it.
    NetworkLocked,
    /// How many attempts are left for the PIN is told by `AT+CPINR` only.
    StandardCountOnly,
    /// No command tells how many attempts are left for the PIN.
    NoPinCount,
}
