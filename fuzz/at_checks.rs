//! What must hold for any bytes that a modem sends. The fuzz target `at_lines` calls it, and so
//! does a bounded run in the ordinary tests.

use simbridge::at::{self, FinalResult, Item, LineBuffer, MAX_LINE};

/// Bytes from a modem; the first says into what pieces the others are cut, which must not matter.
pub fn lines(bytes: &[u8]) {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    let whole = items(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(*piece).max(1)).collect();
    assert_eq!(items(&pieces), whole, "pieces of {piece} bytes");
    for line in &whole {
        // A byte that is not UTF-8 becomes a character of three.
        assert!(
            line.len() <= MAX_LINE * 3 && !line.contains(['\r', '\n']),
            "a line of {} bytes",
            line.len()
        );
        read(line);
    }
}

fn items(pieces: &[&[u8]]) -> Vec<String> {
    let mut buffer = LineBuffer::default();
    let mut items = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(item) = buffer.next(&mut input) {
            items.push(match item {
                Item::Line(line) => line.into_owned(),
                Item::Prompt => String::new(),
            });
        }
        assert!(input.is_empty(), "all is used up");
    }
    items
}

/// Every reader there is, for a line may come in answer to anything.
fn read(line: &str) {
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    assert!(at::parse_iccid(line).is_none_or(|iccid| iccid.bytes().all(|c| c.is_ascii_hexdigit())));
    assert!(at::parse_imei(line).is_none_or(|imei| digits(imei.as_str())));
    let _ = (
        at::parse_serial_number(line),
        at::parse_labelled_imei(line),
        at::parse_labelled_serial(line),
    );
    assert!(at::parse_imsi(line).is_none_or(digits));
    assert!(at::parse_signal_dbm(line).is_none_or(|dbm| (-140..=-25).contains(&dbm)), "{line}");
    assert!(at::parse_choices(line).len() <= line.len() + 1);
    assert!(at::fields(line).count() <= line.len() + 1);
    let _ = (
        at::parse_urc(line),
        FinalResult::parse(line),
        at::parse_pin_state(line),
        at::parse_registration(line),
    );
    let _ = (
        at::parse_own_number(line),
        at::parse_phonebook_number(line),
        at::parse_operator(line),
        at::parse_indexes(line),
    );
    let _ = (
        at::parse_stores_supported(line),
        at::parse_store_fills(line),
        at::parse_indications(line),
    );
    let _ = (at::parse_list_header(line), at::parse_read_header(line), at::value(line));
}
