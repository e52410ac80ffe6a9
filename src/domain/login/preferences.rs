//! How somebody who signs in wants the pages to be.

use std::str::FromStr;

use crate::domain::UnknownWord;

/// In which zone times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeZone {
    /// The reader's own.
    #[default]
    Local,
    Utc,
}

impl TimeZone {
    /// All zones, in the order of this enum.
    pub const ALL: [TimeZone; 2] = [TimeZone::Local, TimeZone::Utc];

    /// The word in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            TimeZone::Local => "local",
            TimeZone::Utc => "utc",
        }
    }
}

impl FromStr for TimeZone {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<TimeZone, UnknownWord> {
        TimeZone::ALL.into_iter().find(|zone| zone.as_str() == word).ok_or(UnknownWord)
    }
}

/// The colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the reader's system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// All themes, in the order of this enum.
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// The word in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl FromStr for Theme {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Theme, UnknownWord> {
        Theme::ALL.into_iter().find(|theme| theme.as_str() == word).ok_or(UnknownWord)
    }
}

/// How somebody wants the pages to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub time_zone: TimeZone,
    pub theme: Theme,
    /// Whether a sound is played when a code has come.
    pub sound: bool,
    /// Whether single keys are commands.
    pub shortcuts: bool,
}

impl Default for Preferences {
    fn default() -> Preferences {
        Preferences {
            time_zone: TimeZone::Local,
            theme: Theme::System,
            sound: false,
            shortcuts: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_as_they_are_written() {
        for zone in TimeZone::ALL {
            assert_eq!(zone.as_str().parse(), Ok(zone));
        }
        for theme in Theme::ALL {
            assert_eq!(theme.as_str().parse(), Ok(theme));
        }
        assert_eq!("blue".parse::<Theme>(), Err(UnknownWord));
    }
}
