//! TP-User-Data-Header (23.040 9.2.3.24): information elements before the text.

/// A user data header: the octets after its length octet, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Header(pub Vec<u8>);

/// One information element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier (23.040 9.2.3.24, the table).
    pub id: u8,
    /// What it says.
    pub data: &'a [u8],
}

/// Which part of which long message this is (23.040 9.2.3.24.1 and .8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concat {
    /// The same in all parts; used again sooner or later.
    pub reference: u16,
    /// How many parts there are, 1–255.
    pub total: u8,
    /// Which of them this is, 1 to `total`.
    pub sequence: u8,
    /// Whether the reference has 16 bits. One of 8 bits and one of 16 are never the same.
    pub wide: bool,
}

const CONCAT_8: u8 = 0x00;
const CONCAT_16: u8 = 0x08;

impl Header {
    /// A header with nothing in it.
    #[must_use]
    pub fn new() -> Header {
        Header::default()
    }

    /// The header with one more element, of which the first 255 octets count.
    #[must_use]
    pub fn with(mut self, id: u8, data: &[u8]) -> Header {
        let data = data.get(..255).unwrap_or(data);
        self.0.extend([id, data.len() as u8]);
        self.0.extend(data);
        self
    }

    /// The header with a concatenation element of 8 or 16 bits.
    #[must_use]
    pub fn with_concat(self, concat: Concat) -> Header {
        let [high, low] = concat.reference.to_be_bytes();
        if concat.wide {
            self.with(CONCAT_16, &[high, low, concat.total, concat.sequence])
        } else {
            self.with(CONCAT_8, &[low, concat.total, concat.sequence])
        }
    }

    /// Each element in turn. None at all when the lengths do not add up: the standard says to ignore such a header.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        Elements(if self.is_whole() { &self.0 } else { &[] })
    }

    /// Whether the elements end where the header does.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let mut elements = Elements(&self.0);
        elements.by_ref().for_each(drop);
        elements.0.is_empty()
    }

    /// Which part of which long message this is; the last element that makes sense counts, of either width.
    #[must_use]
    pub fn concat(&self) -> Option<Concat> {
        self.elements().filter_map(Element::concat).last()
    }
}

impl Element<'_> {
    fn concat(self) -> Option<Concat> {
        let concat = match (self.id, self.data) {
            (CONCAT_8, &[reference, total, sequence]) => {
                Concat { reference: u16::from(reference), total, sequence, wide: false }
            }
            (CONCAT_16, &[high, low, total, sequence]) => {
                Concat { reference: u16::from_be_bytes([high, low]), total, sequence, wide: true }
            }
            _ => return None,
        };
        (concat.sequence >= 1 && concat.sequence <= concat.total).then_some(concat)
    }
}

/// Walks over elements and stops in front of one that runs past the end.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let [id, length, rest @ ..] = self.0 else { return None };
        let (data, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(Element { id: *id, data })
    }
}
