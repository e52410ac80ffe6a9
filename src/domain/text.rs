//! Characters of a text that are not shown themselves, but change what a terminal, a reader of
//! lines or a person sees of the others.

use std::borrow::Cow;
use std::fmt;

/// A name is suggested for a word when their Jaro-Winkler similarity is at least this.
const LEAST_LIKENESS: f64 = 0.75;
/// Stands for a character that cannot be shown.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Whether a program that reads lines may take the character for the end of one. These are the
/// mandatory breaks of Unicode's UAX #14, and the separators 0x1C to 0x1E of ASCII, at which Python
/// splits a text into lines too.
fn ends_line(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether the character is not shown itself: control characters (Cc), separators of lines and
/// paragraphs (Zl, Zp), format characters (Cf), among which are those that change the direction of
/// writing and those without width, and the others that Unicode has ignored where they are not
/// supported (Default_Ignorable_Code_Point). Variation selectors 1 to 16 are left out: they come
/// with each other emoji, and only choose how that looks.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}'
            | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text as it may be shown on one line of a terminal: line ends and tabs become spaces, and
/// what else is invisible becomes a replacement character, so that it is seen that it was there.
pub fn visible(text: &str) -> String {
    text.chars().map(visible_char).collect()
}

/// Like [`visible`], for a text that may have several lines: `\n` and tabs stay.
pub fn visible_lines(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { visible_char(c) }).collect()
}

/// Like [`visible_lines`], for a text whose control characters are our own, such as the colours of
/// a line of the log.
pub fn visible_with_controls(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c } else { visible_char(c) }).collect()
}

fn visible_char(c: char) -> char {
    match c {
        '\t' => ' ',
        _ if ends_line(c) => ' ',
        _ if is_invisible(c) => REPLACEMENT,
        _ => c,
    }
}

/// The text on one line, as `getsms` answers it: every run of control characters and line ends
/// becomes one space. Format characters stay: scripts and emoji are written with them.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        let breaks = c.is_control() || ends_line(c);
        if !breaks {
            line.push(c);
        } else if !in_run {
            line.push(' ');
        }
        in_run = breaks;
    }
    line
}

/// The text without the difference between small and capital letters, for comparison. Capitals
/// first: `ß` is one letter with two as its capital.
pub fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// How many there are of something, with the words for one of it or for several: `1 order` or
/// `2 orders`. The words may say more, as in `1 SIM rests`.
pub fn counted_noun<N: fmt::Display + PartialEq + From<u8>>(
    count: N,
    one: &str,
    several: &str,
) -> String {
    let words = if count == N::from(1) { one } else { several };
    format!("{count} {words}")
}

/// A text as a field of CSV (RFC 4180): between quotes where it needs them.
pub fn csv_field(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}

/// The most characters that an answer repeats of what it was asked for.
const LONGEST_ECHO: usize = 60;

/// As much of a text that somebody sent as an answer may repeat.
pub fn beginning(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

/// Why a text cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has the character U+{:04X}, which cannot be seen; leave it out", u32::from(*.0))]
pub struct Invisible(char);

/// Checks that all characters of a name can be seen, so that no two names look alike that are not.
pub fn check_name(name: &str) -> Result<(), Invisible> {
    name.chars().find(|c| is_invisible(*c)).map_or(Ok(()), |c| Err(Invisible(c)))
}

/// A question for whoever wrote a word that names nothing: whether it was to be the name that is
/// most like it. Empty when none is.
pub fn did_you_mean(names: &[String], word: &str) -> String {
    let nearest = nearest(names.iter().map(String::as_str), word);
    nearest.map(|name| format!("did you mean {name}? ")).unwrap_or_default()
}

/// What is wrong, and behind it a question of [`did_you_mean`], if there is one.
pub fn with_question(text: &str, question: &str) -> String {
    match question.trim_end() {
        "" => text.to_owned(),
        question => format!("{text}; {question}"),
    }
}

/// A text, and behind it a clause about a command that tells more.
pub fn with_command(text: &str, command: &str) -> String {
    let joint = if text.ends_with(['.', '?']) { "" } else { ";" };
    format!("{text}{joint} {command}")
}

/// The name that is most like a word, in any case of the letters, if it is so like it that whoever
/// wrote the word may have meant it.
fn nearest<'n>(names: impl IntoIterator<Item = &'n str>, word: &str) -> Option<&'n str> {
    let word = word.to_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &word);
    let rated = names.into_iter().map(|name| (likeness(name), name));
    let (likeness, name) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= LEAST_LIKENESS).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_no_other() {
        let names = ["Uber", "WhatsApp", "Über"];
        for (word, name) in [
            ("uber", Some("Uber")),
            ("UBR", Some("Uber")),
            ("whatsap", Some("WhatsApp")),
            ("Telegram", None),
            ("", None),
        ] {
            assert_eq!(nearest(names, word), name, "{word}");
        }
    }

    #[test]
    fn invisible_characters_are_those_of_unicode() {
        let class =
            r"[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\u{fe00}-\u{fe0f}]]";
        let class = regex::Regex::new(class).unwrap();
        let differs = |c: &char| class.is_match(c.encode_utf8(&mut [0; 4])) != is_invisible(*c);
        let wrong: Vec<_> = ('\0'..=char::MAX).filter(differs).map(u32::from).collect();
        assert!(wrong.is_empty(), "{wrong:x?}");
    }

    #[test]
    fn on_a_terminal_nothing_is_interpreted_and_nothing_vanishes() {
        for (text, shown) in [
            ("two\nlines \u{1b}[31m", "two lines \u{fffd}[31m"),
            ("a\tb\u{85}c\u{2028}d", "a b c d"),
            ("\u{9b}31m\u{7}\u{7f}", "\u{fffd}31m\u{fffd}\u{fffd}"),
            ("Ub\u{200b}er \u{202e}reverse", "Ub\u{fffd}er \u{fffd}reverse"),
            ("Grüße 你好 ❤\u{fe0f} 😀", "Grüße 你好 ❤\u{fe0f} 😀"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_lines("a\n\tb\r\u{1b}c"), "a\n\tb \u{fffd}c");
        assert_eq!(visible_with_controls("\u{1b}[2ma\u{202e}\u{2028}\n"), "\u{1b}[2ma\u{fffd} \n");
    }

    #[test]
    fn one_is_counted_otherwise_than_none_and_several() {
        let orders = |count: usize| counted_noun(count, "order ended", "orders ended");
        assert_eq!(
            [0, 1, 2].map(orders),
            ["0 orders ended", "1 order ended", "2 orders ended"].map(str::to_owned)
        );
        assert_eq!(counted_noun(1.0, "SIM", "SIMs"), "1 SIM");
    }

    #[test]
    fn runs_of_control_characters_and_line_ends_become_one_space() {
        for (text, line) in [
            ("Your code\r\nis 1234", "Your code is 1234"),
            ("a \n b", "a   b"),
            ("\u{0}\u{7}x\u{85}", " x "),
            ("a\u{b}b\u{c}c\u{1c}d\u{1d}e\u{1e}f\u{1f}g", "a b c d e f g"),
            ("code\u{2028}4711\u{2029}\r\nend", "code 4711 end"),
            ("plain é 😀", "plain é 😀"),
            ("می\u{200c}خواهم 👩\u{200d}🔧 \u{200e}1", "می\u{200c}خواهم 👩\u{200d}🔧 \u{200e}1"),
        ] {
            assert_eq!(one_line(text), line);
        }
    }

    #[test]
    fn a_field_of_csv_is_quoted_where_it_has_to_be() {
        for (text, field) in [
            ("", ""),
            ("two words", "two words"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }

    #[test]
    fn texts_that_differ_in_capitals_are_the_same_folded() {
        for (one, other) in [("Code", "cODE"), ("Straße", "STRASSE"), ("ÉTÉ", "été"), ("Σ", "ς")]
        {
            assert_eq!(folded(one), folded(other));
        }
        assert_ne!(folded("e"), folded("é"));
    }

    #[test]
    fn of_a_long_text_the_beginning_is_repeated() {
        let longest = "é".repeat(60);
        assert_eq!(beginning(&longest), longest);
        assert_eq!(beginning(&format!("{longest}é")), format!("{longest}…"));
    }

    #[test]
    fn a_name_is_seen_as_a_whole() {
        assert_eq!(check_name("Uber Grüße 你好"), Ok(()));
        let error = check_name("Ub\u{200b}er").unwrap_err().to_string();
        assert_eq!(error, "it has the character U+200B, which cannot be seen; leave it out");
        for c in ['\n', '\u{1b}', '\u{9b}', '\u{202e}', '\u{2028}', '\u{feff}', '\u{3164}'] {
            assert_eq!(check_name(&format!("a{c}b")), Err(Invisible(c)));
        }
    }
}
