//! Times and lists as they are written of rentals.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::super::shapes::time;
use crate::domain::Timestamp;

/// A time in UTC, as `2027-01-28T12:01:52`.
pub(super) fn zoneless(at: Timestamp) -> String {
    time(at).replacen(' ', "T", 1)
}

/// A list as an object with the keys `0`, `1` and so on, in this order.
pub(super) struct Numbered<T>(pub(super) Vec<T>);

impl<T: Serialize> Serialize for Numbered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (n, value) in self.0.iter().enumerate() {
            map.serialize_entry(&n.to_string(), value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_has_no_zone() {
        let at = "2026-11-28T00:24:02.999999Z".parse().unwrap();
        assert_eq!(zoneless(at), "2026-11-28T00:24:02");
    }

    #[test]
    fn a_list_keeps_its_order() {
        let list = Numbered((0..11).collect::<Vec<_>>());
        let text = serde_json::to_string(&list).unwrap();
        assert!(text.ends_with(r#""9":9,"10":10}"#), "{text}");
    }
}
