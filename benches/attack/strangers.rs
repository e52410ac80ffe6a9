//! What strangers send: parts that belong to nothing, other names than their own, stamps that are
//! wrong, and octets at random.

use std::time::Duration;

use chrono::Utc;
use simbridge::domain::Random;
use simbridge::simulator::{Network, SpecialMessage};
use simbridge::sms::{Address, Body, Concat, Dcs, Deliver, Header, Pid, Scts, UserData, tpdu};
use tokio::time::sleep;

use super::Over;

/// The time between two messages of a stranger.
const PAUSE: Duration = Duration::from_millis(150);

/// Writes to the numbers of one country again and again.
pub async fn write(network: Network, calling_code: &str, mut random: Random, over: Over) {
    let numbers: Vec<String> = network
        .numbers()
        .into_iter()
        .filter(|number| number.starts_with(&format!("+{calling_code}")))
        .collect();
    let mut sent = 0;
    while !over.is() {
        let number = &numbers[random.index(numbers.len())];
        sent += 1;
        // A card that waits for somebody to read it holds up the messages behind, not the sender.
        let _ = match random.below(6) {
            0 | 1 => network.send_pdu(number, &first_part(sent)),
            2 => network.send_special(special(&mut random), "S1", number, "no code here"),
            3 => network.send("S2", number, "\u{1b}]0;owned\u{7}\u{202e} no code here"),
            4 => network.send_pdu(number, &stamped_wrong(sent)),
            _ => network.send_pdu(number, &random.octets()),
        };
        sleep(PAUSE).await;
    }
}

fn special(random: &mut Random) -> SpecialMessage {
    use SpecialMessage::{Binary, ClientProvisioning, Empty, MmsNotification, Probe, SimData};
    random.one_of(&[Binary, ClientProvisioning, Empty, MmsNotification, Probe, SimData])
}

/// The first of 255 parts, always with the same reference.
fn first_part(sent: u64) -> Vec<u8> {
    let concat = Concat { reference: 7, total: 255, sequence: 1, wide: false };
    encode(Some(Header::new().with_concat(concat)), &format!("begin {sent}"), 0)
}

fn stamped_wrong(sent: u64) -> Vec<u8> {
    encode(None, &format!("late {sent}"), 20)
}

/// A message whose service centre's clock is ahead by so many hours.
fn encode(header: Option<Header>, text: &str, hours_ahead: i64) -> Vec<u8> {
    let deliver = Deliver {
        smsc: None,
        more_to_send: false,
        loop_prevention: false,
        status_report: false,
        reply_path: false,
        originator: Address::parse("Stranger"),
        pid: Pid(0),
        dcs: Dcs(8),
        scts: Scts::from_utc(Utc::now() + chrono::Duration::hours(hours_ahead), 0),
        user_data: UserData::new(header, Body::ucs2(text)),
    };
    tpdu(&deliver.encode()).unwrap().to_vec()
}
