//! National languages and their tables (23.038 6.2.1.2, annex A; the identifiers in 6.2.1.2.4).

use super::{
    Locking, Single, bengali, default, gujarati, hindi, kannada, malayalam, oriya, portuguese,
    punjabi, spanish, tamil, telugu, turkish, urdu,
};
use crate::sms::header::Header;

/// A language that has a table of its own in 23.038.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
#[repr(u8)]
pub enum Language {
    Turkish = 1,
    Spanish = 2,
    Portuguese = 3,
    Bengali = 4,
    Gujarati = 5,
    Hindi = 6,
    Kannada = 7,
    Malayalam = 8,
    Oriya = 9,
    Punjabi = 10,
    Tamil = 11,
    Telugu = 12,
    Urdu = 13,
}

impl Language {
    /// All of them, in the order of their identifiers.
    pub const ALL: [Language; 13] = [
        Language::Turkish,
        Language::Spanish,
        Language::Portuguese,
        Language::Bengali,
        Language::Gujarati,
        Language::Hindi,
        Language::Kannada,
        Language::Malayalam,
        Language::Oriya,
        Language::Punjabi,
        Language::Tamil,
        Language::Telugu,
        Language::Urdu,
    ];

    /// The language with this national language identifier.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Language> {
        Language::ALL.into_iter().find(|language| *language as u8 == id)
    }

    /// Its locking shift table; Spanish has none.
    fn locking(self) -> Option<&'static Locking> {
        Some(match self {
            Language::Turkish => &turkish::LOCKING,
            Language::Spanish => return None,
            Language::Portuguese => &portuguese::LOCKING,
            Language::Bengali => &bengali::LOCKING,
            Language::Gujarati => &gujarati::LOCKING,
            Language::Hindi => &hindi::LOCKING,
            Language::Kannada => &kannada::LOCKING,
            Language::Malayalam => &malayalam::LOCKING,
            Language::Oriya => &oriya::LOCKING,
            Language::Punjabi => &punjabi::LOCKING,
            Language::Tamil => &tamil::LOCKING,
            Language::Telugu => &telugu::LOCKING,
            Language::Urdu => &urdu::LOCKING,
        })
    }

    /// Its single shift table.
    fn single(self) -> &'static Single {
        match self {
            Language::Turkish => &turkish::SINGLE,
            Language::Spanish => &spanish::SINGLE,
            Language::Portuguese => &portuguese::SINGLE,
            Language::Bengali => &bengali::SINGLE,
            Language::Gujarati => &gujarati::SINGLE,
            Language::Hindi => &hindi::SINGLE,
            Language::Kannada => &kannada::SINGLE,
            Language::Malayalam => &malayalam::SINGLE,
            Language::Oriya => &oriya::SINGLE,
            Language::Punjabi => &punjabi::SINGLE,
            Language::Tamil => &tamil::SINGLE,
            Language::Telugu => &telugu::SINGLE,
            Language::Urdu => &urdu::SINGLE,
        }
    }
}

/// The tables that a text is in.
#[derive(Clone, Copy)]
pub(in crate::sms) struct Languages {
    pub(super) locking: &'static Locking,
    pub(super) single: &'static Single,
    /// Whether the header named a language that has no such table; the default stands in for it.
    pub(super) unknown: bool,
}

impl Languages {
    /// The default alphabet and its extension.
    pub(in crate::sms) const DEFAULT: Languages =
        Languages { locking: &default::LOCKING, single: &default::SINGLE, unknown: false };

    /// Those that a header names: each table stands alone, a single shift does not change the
    /// locking table.
    pub(in crate::sms) fn of(header: Option<&Header>) -> Languages {
        let mut languages = Languages::DEFAULT;
        let Some(header) = header else { return languages };
        if let Some(id) = header.locking_language() {
            match Language::from_id(id).and_then(Language::locking) {
                Some(table) => languages.locking = table,
                None => languages.unknown = true,
            }
        }
        if let Some(id) = header.single_language() {
            match Language::from_id(id).map(Language::single) {
                Some(table) => languages.single = table,
                None => languages.unknown = true,
            }
        }
        languages
    }
}
