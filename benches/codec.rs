//! How many PDUs the codec decodes and encodes per second on one core. `cargo bench --bench codec`
//! prints a line for each kind of message.

use simbridge::sms::{Address, Deliver, Scts, join};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long each kind is measured.
const MEASURED: Duration = Duration::from_millis(500);
/// The number of calls between two readings of the clock.
const BATCH: u64 = 256;

fn main() {
    println!("{:<34} {:>14} {:>10}", "sms codec", "PDUs/s", "ns/PDU");
    let kinds = [
        ("GSM 7 bit, 26 letters", "Your code is 4711, bye now".to_owned()),
        ("GSM 7 bit, 160 letters", "Your verification code is 4711. ".repeat(5)),
        ("extension table, 160 septets", "{[€]}".repeat(16)),
        ("UCS-2, 70 units", "код подтверждения 4711 ".repeat(3)),
    ];
    for (name, text) in &kinds {
        let message = sent(text).remove(0);
        let pdu = message.encode();
        measure(&format!("decode {name}"), 1, || {
            let read = Deliver::decode(black_box(&pdu));
            black_box(read.map(|read| read.text()))
        });
        measure(&format!("encode {name}"), 1, || black_box(&message).encode());
    }
    let parts: Vec<Vec<u8>> =
        sent(&"A long message, four parts. ".repeat(20)).iter().map(Deliver::encode).collect();
    measure("decode and join 4 parts", parts.len() as u64, || {
        let read: Result<Vec<Deliver>, _> =
            parts.iter().map(|pdu| Deliver::decode(black_box(pdu))).collect();
        read.map(|parts| join(&parts))
    });
}

fn sent(text: &str) -> Vec<Deliver> {
    let scts = Scts([0x62, 0x60, 0x22, 0x21, 0x75, 0x30, 0x80]);
    Deliver::compose(
        Some(&Address::parse("+31624000000")),
        &Address::parse("Sender"),
        scts,
        text,
        7,
    )
}

/// Calls `work`, which handles `pdus` PDUs, for a while and prints how fast that was.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn measure<T>(name: &str, pdus: u64, mut work: impl FnMut() -> T) {
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < MEASURED {
        for _ in 0..BATCH {
            black_box(work());
        }
        calls += BATCH;
    }
    let rate = (calls * pdus) as f64 / start.elapsed().as_secs_f64();
    println!("{name:<34} {rate:>14.0} {:>10.0}", 1e9 / rate);
}
