//! Packing of 7-bit characters into octets (23.038 6.1.2): the first septet in the lowest bits.

/// How many octets `septets` septets take.
pub(super) fn octets_for(septets: usize) -> usize {
    (septets * 7).div_ceil(8)
}

/// How many whole septets `octets` octets hold.
pub(super) fn septets_in(octets: usize) -> usize {
    octets * 8 / 7
}

/// How many septets the octets most likely stand for, where nothing else says so.
pub(super) fn likely_septets_in(octets: &[u8]) -> usize {
    let last = octets.last().copied().unwrap_or_default();
    // The last seven bits are as likely the fill of a text one character shorter.
    let is_fill = octets.len().is_multiple_of(7) && last >> 1 == 0;
    septets_in(octets.len()).saturating_sub(usize::from(is_fill))
}

/// Up to `count` septets out of packed octets, beginning with septet number `first`; fewer when the
/// octets end before.
pub(super) fn unpack(octets: &[u8], first: usize, count: usize) -> Vec<u8> {
    let last = septets_in(octets.len()).min(first.saturating_add(count));
    (first..last)
        .map(|index| {
            let bit = index * 7;
            let low = octets.get(bit / 8).copied().unwrap_or_default();
            let high = octets.get(bit / 8 + 1).copied().unwrap_or_default();
            (u16::from_le_bytes([low, high]) >> (bit % 8)) as u8 & 0x7f
        })
        .collect()
}

/// Appends the septets to `octets`, packed, after `fill` zero bits (0–6) that bring them to a
/// septet boundary; these are written also when there is no septet, as the user data length counts
/// them.
pub(super) fn pack(septets: &[u8], fill: usize, octets: &mut Vec<u8>) {
    let (mut held, mut bits) = (0u16, fill);
    for septet in septets {
        held |= u16::from(septet & 0x7f) << bits;
        bits += 7;
        if bits >= 8 {
            octets.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        octets.push(held as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_septets_are_seven_octets() {
        let mut octets = Vec::new();
        pack(b"hellohello", 0, &mut octets);
        assert_eq!(
            hex::encode(&octets),
            "e8329bfd4697d9ec37",
            "3GPP TS 23.038 packing, the well-known example"
        );
        assert_eq!(unpack(&octets, 0, 10), b"hellohello");
    }

    #[test]
    fn what_is_packed_after_fill_bits_is_found_behind_a_header_of_any_length() {
        for header in 0..20usize {
            let first = (header * 8).div_ceil(7);
            let mut octets = vec![0xff; header];
            pack(b"a text", first * 7 - header * 8, &mut octets);
            assert_eq!(unpack(&octets, first, 6), b"a text", "behind {header} octets");
            assert_eq!(octets.len(), octets_for(first + 6));
        }
    }

    #[test]
    fn octets_that_end_too_early_yield_the_septets_that_are_whole() {
        assert_eq!(unpack(&[0xe8, 0x32], 0, 10), b"he");
        assert_eq!(unpack(&[], 3, 10), b"");
        assert_eq!(unpack(&[0xe8], 9, usize::MAX), b"");
    }
}
