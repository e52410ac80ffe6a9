//! A client's side of Telnet (RFC 854, 855) with the option by which the speed and the signals of a
//! remote serial line are set (RFC 2217). Pure: octets in, octets out.

/// Begins each command; as data it is sent twice.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// Begins what belongs to an option, up to `IAC SE`.
const SB: u8 = 250;
const SE: u8 = 240;

/// Octets are sent as they are (RFC 856).
const BINARY: u8 = 0;
/// There are no turns in sending (RFC 858).
const SUPPRESS_GO_AHEAD: u8 = 3;
/// Asks the other side to say something (RFC 860). Whoever does not know this option refuses it,
/// which serves as well.
const TIMING_MARK: u8 = 6;
const COM_PORT: u8 = 44;

/// Settings of a line, by their codes in RFC 2217, and their values: 8 data bits, no parity, one
/// stop bit, no flow control, the signals DTR and RTS on, and no notices of the line's state.
const SETTINGS: [(u8, u8); 8] = [(2, 8), (3, 1), (4, 1), (5, 1), (5, 8), (5, 11), (10, 0), (11, 0)];
const SET_BAUD_RATE: u8 = 1;

/// What has become of an option on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Agreement {
    /// Off, and not asked for.
    #[default]
    Off,
    /// This side has asked for it and has no answer yet.
    Asked,
    On,
    /// The other side has refused it.
    Refused,
}

/// An option that is wanted on one side: `ours` are those that this side uses (`WILL`), the others
/// those that the server does (`DO`).
#[derive(Debug)]
struct Wanted {
    option: u8,
    ours: bool,
    agreement: Agreement,
}

/// Where in the stream of received octets the parser is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Data,
    /// After `IAC`.
    Command,
    /// After `IAC` and this verb, such as `WILL`.
    Option(u8),
    /// In the content of an option, which is passed over: it is an answer to a setting or a notice.
    Content,
    /// After `IAC` in such content.
    ContentCommand,
}

/// The conversation with one server.
#[derive(Debug)]
pub(crate) struct Telnet {
    baud: u32,
    wanted: [Wanted; 5],
    place: Place,
    /// What is to be sent now.
    output: Vec<u8>,
}

impl Telnet {
    /// Begins a conversation, in which the line is to have this speed.
    pub fn new(baud: u32) -> Telnet {
        let [ours, theirs] = [true, false]
            .map(|ours| move |option| Wanted { option, ours, agreement: Agreement::default() });
        let wanted = [
            ours(BINARY),
            theirs(BINARY),
            ours(SUPPRESS_GO_AHEAD),
            theirs(SUPPRESS_GO_AHEAD),
            ours(COM_PORT),
        ];
        let mut telnet = Telnet { baud, wanted, place: Place::default(), output: Vec::new() };
        for wanted in &mut telnet.wanted {
            wanted.agreement = Agreement::Asked;
            let verb = if wanted.ours { WILL } else { DO };
            telnet.output.extend([IAC, verb, wanted.option]);
        }
        telnet
    }

    /// Whether the server has said that it sets the line, or that it does not.
    pub fn is_settled(&self) -> bool {
        let com_port = self.wanted.iter().find(|wanted| wanted.option == COM_PORT);
        com_port.is_none_or(|wanted| wanted.agreement != Agreement::Asked)
    }

    /// Takes what was received, and adds the octets of the line to `data`.
    pub fn receive(&mut self, octets: &[u8], data: &mut Vec<u8>) {
        for &octet in octets {
            self.place = match (self.place, octet) {
                (Place::Data, IAC) => Place::Command,
                (Place::Command, WILL | WONT | DO | DONT) => Place::Option(octet),
                (Place::Command, SB) => Place::Content,
                (Place::Content, IAC) => Place::ContentCommand,
                (Place::ContentCommand, SE) => Place::Data,
                (Place::Content | Place::ContentCommand, _) => Place::Content,
                (Place::Data, _) | (Place::Command, IAC) => {
                    data.push(octet);
                    Place::Data
                }
                (Place::Option(verb), option) => {
                    self.negotiate(verb, option);
                    Place::Data
                }
                // Other commands have no meaning for a line.
                (Place::Command, _) => Place::Data,
            };
        }
    }

    /// Answers a request about an option, or takes the answer to one. An answer is not answered,
    /// so that the two sides come to an end.
    fn negotiate(&mut self, verb: u8, option: u8) {
        let (ours, agrees) = (matches!(verb, DO | DONT), matches!(verb, DO | WILL));
        let (yes, no) = if ours { (WILL, WONT) } else { (DO, DONT) };
        let found =
            self.wanted.iter_mut().find(|wanted| wanted.option == option && wanted.ours == ours);
        let Some(wanted) = found else {
            if agrees && (ours || option != TIMING_MARK) {
                self.output.extend([IAC, no, option]);
            }
            return;
        };
        let before = wanted.agreement;
        wanted.agreement = if agrees { Agreement::On } else { Agreement::Refused };
        match (before, agrees) {
            (Agreement::Asked, _) | (Agreement::On, true) | (Agreement::Refused, false) => {}
            (_, true) => self.output.extend([IAC, yes, option]),
            (_, false) => self.output.extend([IAC, no, option]),
        }
        if option == COM_PORT && agrees && before != Agreement::On {
            self.set_line();
        }
    }

    fn set_line(&mut self) {
        let baud = self.baud.to_be_bytes();
        self.set(SET_BAUD_RATE, &baud);
        for (setting, value) in SETTINGS {
            self.set(setting, &[value]);
        }
    }

    fn set(&mut self, setting: u8, value: &[u8]) {
        self.output.extend([IAC, SB, COM_PORT, setting]);
        escape(value, &mut self.output);
        self.output.extend([IAC, SE]);
    }

    /// Has the server say something, whatever the modem is doing.
    pub fn ask_for_sign_of_life(&mut self) {
        self.output.extend([IAC, DO, TIMING_MARK]);
    }

    /// Moves what is to be sent to the end of `unsent`.
    pub fn take_output(&mut self, unsent: &mut Vec<u8>) {
        unsent.append(&mut self.output);
    }
}

/// Adds octets of the line to `output` as they are sent.
pub(crate) fn escape(octets: &[u8], output: &mut Vec<u8>) {
    for &octet in octets {
        output.push(octet);
        if octet == IAC {
            output.push(IAC);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is sent after these octets were received.
    fn answer(telnet: &mut Telnet, octets: &[u8]) -> Vec<u8> {
        let (mut data, mut sent) = (Vec::new(), Vec::new());
        telnet.receive(octets, &mut data);
        telnet.take_output(&mut sent);
        assert_eq!(data, b"", "no data was sent");
        sent
    }

    #[test]
    fn the_line_is_set_once_the_server_agrees_to_set_it() {
        let mut telnet = Telnet::new(115_200);
        let asked = [[IAC, WILL, 0], [IAC, DO, 0], [IAC, WILL, 3], [IAC, DO, 3], [IAC, WILL, 44]];
        assert_eq!(answer(&mut telnet, b""), asked.concat());
        // What ser2net begins with.
        assert_eq!(
            answer(&mut telnet, &[IAC, WILL, 3, IAC, DO, 3, IAC, WILL, 1, IAC, DONT, 1]),
            [IAC, DONT, 1],
            "an echo is refused, the rest was asked for"
        );
        assert!(!telnet.is_settled());
        let set = answer(&mut telnet, &[IAC, DO, 0, IAC, WILL, 0, IAC, DO, 44]);
        assert!(set.starts_with(&[IAC, SB, 44, 1, 0, 1, 0xc2, 0, IAC, SE, IAC, SB, 44, 2, 8, IAC]));
        assert!(telnet.is_settled());
        assert_eq!(answer(&mut telnet, &[IAC, DO, 44]), b"", "it is on already");
        // Its answers, the second with an octet 255 in it, and a notice of the modem's signals.
        let told = [IAC, SB, 44, 101, 0, 1, 0xc2, 0, IAC, SE, IAC, SB, 44, 107, IAC, IAC, IAC, SE];
        assert_eq!(answer(&mut telnet, &told), b"");
    }

    #[test]
    fn a_speed_with_an_octet_255_is_escaped() {
        let mut telnet = Telnet::new(65_280);
        let set = answer(&mut telnet, &[IAC, DO, 44]);
        let speed = [IAC, SB, 44, 1, 0, 0, IAC, IAC, 0, IAC, SE];
        assert!(set.windows(speed.len()).any(|part| part == speed), "{set:?}");
    }

    #[test]
    fn what_is_refused_and_asked_for_again_is_agreed_to_and_a_beat_ends_with_its_answer() {
        let mut telnet = Telnet::new(9600);
        answer(&mut telnet, b"");
        assert_eq!(answer(&mut telnet, &[IAC, DONT, 0]), b"");
        assert_eq!(answer(&mut telnet, &[IAC, DONT, 0]), b"");
        assert_eq!(answer(&mut telnet, &[IAC, DO, 0]), [IAC, WILL, 0]);
        assert_eq!(answer(&mut telnet, &[IAC, DONT, 0]), [IAC, WONT, 0]);
        assert_eq!(answer(&mut telnet, &[IAC, DO, 24]), [IAC, WONT, 24]);
        telnet.ask_for_sign_of_life();
        assert_eq!(answer(&mut telnet, b""), [IAC, DO, TIMING_MARK]);
        assert_eq!(answer(&mut telnet, &[IAC, WONT, TIMING_MARK]), b"");
        assert_eq!(answer(&mut telnet, &[IAC, WILL, TIMING_MARK]), b"");
        assert_eq!(answer(&mut telnet, &[IAC, DO, TIMING_MARK]), [IAC, WONT, TIMING_MARK]);
    }

    /// Octets of which many have a meaning.
    fn octets() -> impl Strategy<Value = Vec<u8>> {
        let meant = prop::sample::select(vec![IAC, DO, DONT, WILL, WONT, SB, SE, 0, 3, 6, 44]);
        prop::collection::vec(prop_oneof![meant, any::<u8>()], 0..200)
    }

    proptest! {
        #[test]
        fn any_octets_come_through_as_they_were_whatever_stands_between_them(
            parts in prop::collection::vec(octets(), 0..6),
            cut in 0_usize..64,
        ) {
            let mut sent = Vec::new();
            for part in &parts {
                escape(part, &mut sent);
                sent.extend([IAC, SB, COM_PORT, 107, IAC, IAC, 0, IAC, SE, IAC, WILL, 1]);
            }
            let (mut telnet, mut data) = (Telnet::new(9600), Vec::new());
            for piece in sent.chunks(cut + 1) {
                telnet.receive(piece, &mut data);
            }
            prop_assert_eq!(data, parts.concat());
        }

        #[test]
        fn whatever_a_server_sends_the_answers_are_few(octets in octets()) {
            let (mut telnet, mut data, mut sent) = (Telnet::new(9600), Vec::new(), Vec::new());
            telnet.take_output(&mut sent);
            sent.clear();
            telnet.receive(&octets, &mut data);
            telnet.take_output(&mut sent);
            prop_assert!(data.len() <= octets.len());
            // One option in three octets is answered by three, and setting the line takes a page.
            let settings = octets.windows(3).filter(|part| part.starts_with(&[IAC, DO])).count();
            prop_assert!(sent.len() <= octets.len() + settings * 100, "{:?}", sent);
        }
    }
}
