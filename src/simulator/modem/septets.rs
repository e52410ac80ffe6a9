//! Texts as septets of the GSM default alphabet, an octet each: the codec's alphabet, reached
//! through its public face.

use crate::sms::{Address, Body, Dcs, Deliver, Pid, Scts, UserData};

/// The time is of no matter to a text.
const NO_TIME: Scts = Scts([0; 7]);

/// The septets of a text; `?` for a character that the alphabet lacks.
pub fn septets_of(text: &str) -> Vec<u8> {
    whole(text).unwrap_or_else(|| {
        text.chars()
            .flat_map(|c| whole(c.encode_utf8(&mut [0; 4])).unwrap_or_else(|| b"?".to_vec()))
            .collect()
    })
}

/// `None` when a character is outside the alphabet.
fn whole(text: &str) -> Option<Vec<u8>> {
    let parts = Deliver::compose(None, &Address::parse(""), NO_TIME, text, 0);
    let bodies = parts.into_iter().map(|part| match part.user_data.body {
        Body::Septets(septets) => Some(septets),
        Body::Octets(_) => None,
    });
    Some(bodies.collect::<Option<Vec<_>>>()?.concat())
}

/// The text that septets say.
pub fn text_of(septets: Vec<u8>) -> String {
    let message = Deliver {
        smsc: None,
        more_to_send: false,
        loop_prevention: false,
        status_report: false,
        reply_path: false,
        originator: Address::parse(""),
        pid: Pid::default(),
        dcs: Dcs::GSM7,
        scts: NO_TIME,
        user_data: UserData::new(None, Body::Septets(septets)),
    };
    message.text().text
}
