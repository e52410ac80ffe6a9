//! Walks over octets and knows where it is, so that a fault can say so.

use super::error::{DecodeError, Problem};

/// A place in a PDU.
pub(super) struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Reader<'a> {
        Reader { octets, at: 0 }
    }

    /// The offset of the next octet.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The octets not yet read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    /// The next octet, when there is one.
    pub(super) fn next(&mut self) -> Option<u8> {
        let octet = *self.octets.get(self.at)?;
        self.at += 1;
        Some(octet)
    }

    /// The next octet, which is all of `field`, or its beginning.
    pub(super) fn octet(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        let at = self.at;
        self.next()
            .ok_or_else(|| DecodeError::new(field, at, Problem::Missing { needed: 1, left: 0 }))
    }

    /// The next `count` octets, which are `field`.
    pub(super) fn take(
        &mut self,
        count: usize,
        field: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let rest = self.rest();
        let Some(taken) = rest.get(..count) else {
            return Err(DecodeError::new(
                field,
                self.at,
                Problem::Missing { needed: count, left: rest.len() },
            ));
        };
        self.at += count;
        Ok(taken)
    }

    /// The next `N` octets, which are `field`.
    pub(super) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        let at = self.at;
        let left = self.rest().len();
        let taken = self.take(N, field)?;
        taken
            .try_into()
            .map_err(|_| DecodeError::new(field, at, Problem::Missing { needed: N, left }))
    }
}
