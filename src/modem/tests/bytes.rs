//! Anything at all on the line.

use std::time::Duration;

use proptest::prelude::*;

use super::super::*;
use super::bench::*;

/// Plays bytes against a session, with commands answered now and then, and checks that it stays
/// small and quiet.
fn survive(mut bench: Bench, chunks: Vec<Vec<u8>>) {
    for chunk in chunks {
        bench.raw(&chunk);
        bench.wait(Duration::from_millis(700));
        if bench.sent.pop_front().is_some() {
            bench.lines("OK");
        }
        while let Some(token) = bench.uncommitted.pop_front() {
            bench.session.on_stored(token, token.0 % 3 != 0, bench.now);
            bench.act();
        }
        bench.sent.clear();
    }
    bench.wait(Duration::from_secs(300));
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let urcs = prop::sample::select(vec![
        "\r\n+CMTI: \"ME\",3\r\n",
        "\r\n+CMT: ,30\r\n",
        "+CMGL: 1,1,,30\r\n",
        "+CMGR: 0,,30\n",
        "OK\r\n",
        "\nERROR\r",
        "> ",
        "+CPIN: ",
        "READY\r\n",
        "+QUSIM: 1\r\n",
        "RDY\r\n",
        "+CREG: 1\r\n",
        "+CREG: 0\r\n",
        "861234567890123\r\n",
        "+CME ERROR: 10\r\n",
        "8931440400000000123\r\n",
        "07911326040000F0\r\n",
        "^SMMEMFULL\r\n",
        "+CPMS: (\"SM\"),(\"ME\")\r\n",
        "+CMGD: (0-99999)\r\n",
    ]);
    prop_oneof![
        3 => urcs.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_break_a_session_that_begins(
        chunks in prop::collection::vec(piece(), 0..60),
    ) {
        survive(Bench::new(), chunks);
    }

    #[test]
    fn arbitrary_bytes_never_break_a_session_that_is_ready(
        chunks in prop::collection::vec(piece(), 0..60),
    ) {
        survive(Bench::ready(), chunks);
    }
}

#[test]
fn megabytes_without_a_line_end_are_not_kept() {
    let mut bench = Bench::ready();
    for _ in 0..1000 {
        bench.raw(&[b'x'; 5000]);
    }
    bench.lines("OK");
    assert_eq!(bench.session.lines_cut(), 1);
    bench.auto(Duration::from_secs(60));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_session_is_small() {
    assert!(size_of::<Session>() <= 2112, "{}", size_of::<Session>());
}
