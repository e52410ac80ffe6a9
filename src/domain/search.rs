//! What is searched for in texts.

/// The most characters of a word that is searched for.
pub const LONGEST_NEEDLE: usize = 100;

/// A word that is searched for in texts, in small or capital letters of any script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle(String);

/// The error for a word that cannot be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write from 1 to {LONGEST_NEEDLE} characters to search for")]
pub struct NotSearched;

impl Needle {
    /// The word without the spaces around it.
    pub fn new(word: &str) -> Result<Needle, NotSearched> {
        let word = word.trim();
        match (1..=LONGEST_NEEDLE).contains(&word.chars().count()) {
            true => Ok(Needle(word.to_lowercase())),
            false => Err(NotSearched),
        }
    }

    /// Whether a text has the word, also within another word.
    pub fn is_in(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_letters_of_any_size_and_script() {
        for (word, text, is_in) in [
            ("CODE", "Your code is 1234", true),
            (" 1234 ", "Your code is 1234", true),
            ("is 12", "Your code is 1234", true),
            ("КОД", "Ваш код 1234", true),
            ("código", "Tu CÓDIGO es 1234", true),
            ("codes", "Your code is 1234", false),
        ] {
            assert_eq!(Needle::new(word).unwrap().is_in(text), is_in, "{word}");
        }
        for word in ["", " \n", &"x".repeat(101)] {
            assert_eq!(Needle::new(word), Err(NotSearched));
        }
    }
}
