//! What is compared of a table and its copy: the number of the rows, and a SHA-256 over them in the
//! order of their key. Both databases' rows are read in the same way, and each value becomes the
//! same octets.

use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::super::as_stored;
use super::super::engine::Row;

/// How many rows a table has, and the SHA-256 over them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub rows: u64,
    digest: [u8; 32],
}

/// Takes a fingerprint row by row.
#[derive(Default)]
pub(super) struct Fingerprinter {
    rows: u64,
    hasher: Sha256,
    octets: Vec<u8>,
}

impl Fingerprinter {
    /// How many rows were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row with so many columns.
    pub fn add(&mut self, row: &Row<'_>, columns: usize) -> rusqlite::Result<()> {
        self.octets.clear();
        for column in 0..columns {
            put_canonical(&mut self.octets, row.get_ref(column)?);
        }
        self.hasher.update(&self.octets);
        self.rows += 1;
        Ok(())
    }

    pub fn finish(self) -> Fingerprint {
        Fingerprint { rows: self.rows, digest: self.hasher.finalize().into() }
    }
}

/// Appends the octets of a value: its kind, and its content, preceded by the length where that
/// differs. A text counts as it is stored now; a file may have U+0000 in texts from before.
fn put_canonical(octets: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => octets.push(0),
        ValueRef::Integer(number) => {
            octets.push(1);
            octets.extend(number.to_be_bytes());
        }
        ValueRef::Real(number) => {
            octets.push(2);
            octets.extend(number.to_bits().to_be_bytes());
        }
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => put_sized(octets, 3, as_stored(text).as_bytes()),
            Err(_) => put_sized(octets, 3, text),
        },
        ValueRef::Blob(content) => put_sized(octets, 4, content),
    }
}

fn put_sized(octets: &mut Vec<u8>, kind: u8, content: &[u8]) {
    octets.push(kind);
    octets.extend(content.len().to_be_bytes());
    octets.extend(content);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn canonical(values: &[ValueRef<'_>]) -> Vec<u8> {
        let mut octets = Vec::new();
        values.iter().for_each(|value| put_canonical(&mut octets, *value));
        octets
    }

    #[test]
    fn different_rows_have_different_octets() {
        use ValueRef::{Blob, Integer, Null, Real, Text};
        let rows = [
            [Null, Null],
            [Null, Text(b"")],
            [Null, Blob(b"")],
            [Text(b""), Null],
            [Text(b"ab"), Text(b"c")],
            [Text(b"a"), Text(b"bc")],
            [Text(b"1"), Null],
            [Integer(1), Null],
            [Real(1.0), Null],
            [Blob(b"1"), Null],
            [Integer(i64::MAX), Integer(i64::MIN)],
            [Integer(-1), Integer(0)],
        ];
        let different: BTreeSet<_> = rows.iter().map(|row| canonical(row)).collect();
        assert_eq!(different.len(), rows.len());
    }

    #[test]
    fn octets_stay_as_they_are() {
        assert_eq!(canonical(&[ValueRef::Integer(258)]), [1, 0, 0, 0, 0, 0, 0, 1, 2]);
        let text = canonical(&[ValueRef::Text("é".as_bytes())]);
        assert_eq!(text, [3, 0, 0, 0, 0, 0, 0, 0, 2, 0xc3, 0xa9]);
        let replaced = canonical(&[ValueRef::Text("a\u{FFFD}".as_bytes())]);
        assert_eq!(canonical(&[ValueRef::Text(b"a\0")]), replaced);
        assert_ne!(canonical(&[ValueRef::Blob(b"a\0")]), replaced);
    }
}
