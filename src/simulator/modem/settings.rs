//! What the host has set, and what `ATZ`, `AT&F` and a restart set back.

use super::ModemConfig;
use super::charset::Charset;
use super::store_name::StoreName;

/// The routing of messages and indications, `AT+CNMI` (TS 27.005 clause 3.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Indications {
    /// When result codes are let through: 0 buffers them.
    pub mode: usize,
    /// 0 stores silently, 1 stores and tells by `+CMTI`, 2 hands over by `+CMT`, 3 hands over
    /// class 3 only.
    pub mt: usize,
    /// How cell broadcasts are indicated (`<bm>`).
    pub bm: usize,
    /// How status reports are indicated (`<ds>`).
    pub ds: usize,
    /// 0 flushes what was buffered when the mode changes, 1 drops it.
    pub bfr: usize,
}

/// The settings that commands change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `ATE`: whether commands are echoed.
    pub echo: bool,
    /// `ATV`: whether results are words.
    pub verbose: bool,
    /// `ATQ`: no final results.
    pub quiet: bool,
    /// `AT+CMEE`: how errors are told.
    pub errors: usize,
    /// `AT+CMGF`: text mode instead of PDU mode.
    pub text_mode: bool,
    /// `AT+CSDH`: all header fields in text mode.
    pub all_headers: bool,
    /// `AT+CSCS`: the character set of strings.
    pub charset: Charset,
    /// `AT+CSMS`: 1 makes direct delivery wait for `AT+CNMA`.
    pub message_service: usize,
    /// `AT+CNMI`: how messages are indicated.
    pub indications: Indications,
    /// `AT+CPMS`: where the host reads and deletes, writes and sends, and where new messages go.
    pub stores: [StoreName; 3],
    /// `AT+CREG`, `AT+CGREG`, `AT+CEREG`, `AT+C5GREG`: level of unasked reports.
    pub registration: [usize; 4],
    /// `AT+COPS=3,<format>`: how the network is named.
    pub operator_format: usize,
    /// `AT+CSMP`: first octet, validity, protocol, coding of texts sent in text mode.
    pub text_parameters: [usize; 4],
    /// `AT+QURCCFG`, `AT^PORTSEL`: what is said unasked has been called to this port.
    pub urcs_here: bool,
    /// `S3`: the octet that ends a command line.
    pub line_end: u8,
    /// `AT+CSCLK=2` and its like: whether the modem sleeps while the line is idle.
    pub sleeps: bool,
}

impl Settings {
    /// What a modem has when it is made.
    pub fn of(config: &ModemConfig) -> Self {
        let store = config.stores.first().copied().unwrap_or(StoreName::Sm);
        Self { stores: [store; 3], ..Self::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            echo: true,
            verbose: true,
            quiet: false,
            errors: 0,
            text_mode: false,
            all_headers: false,
            charset: Charset::Gsm,
            message_service: 0,
            indications: Indications::default(),
            stores: [StoreName::Sm; 3],
            registration: [0; 4],
            operator_format: 0,
            text_parameters: [17, 167, 0, 0],
            urcs_here: false,
            line_end: b'\r',
            sleeps: false,
        }
    }
}
