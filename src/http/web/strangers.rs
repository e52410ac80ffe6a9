//! Texts that come from strangers: an SMS and its sender, the name of a network or a modem, the
//! answer to a USSD code, what a customer calls an order. They are escaped like every text, and
//! besides cannot change how the text around them reads.

use maud::{Markup, html};

use crate::domain::text::is_invisible;

/// How many characters of a text lists show.
const ON_LISTS: usize = 300;
/// The first sign of the block that depicts the control characters of ASCII.
const CONTROL_PICTURES: u32 = 0x2400;
/// Depicts DEL.
const DELETE_PICTURE: char = '\u{2421}';

/// A stranger's text on a list: on one line, and cut.
pub fn hostile(text: &str) -> Markup {
    let mut chars = text.chars();
    let shown: String = chars.by_ref().take(ON_LISTS).map(depicted).collect();
    let is_cut = chars.next().is_some();
    html! { bdi dir="auto" { (shown) @if is_cut { "…" } } }
}

/// The same for a text that may be missing.
pub fn hostile_or_dash(text: Option<&str>) -> Markup {
    text.map_or_else(|| html! { "–" }, hostile)
}

/// A stranger's text as a whole, with its lines.
pub fn hostile_whole(text: &str) -> Markup {
    let shown: String = text.chars().map(|c| if c == '\n' { c } else { depicted(c) }).collect();
    html! { bdi dir="auto" class="whole" { (shown) } }
}

/// A character, or a sign for one that is not seen itself. Joiners stay: scripts and emoji are
/// written with them, and inside of `<bdi>` they change nothing around it.
fn depicted(c: char) -> char {
    match c {
        '\u{200c}' | '\u{200d}' => c,
        '\u{7f}' => DELETE_PICTURE,
        _ if u32::from(c) < 0x20 => {
            char::from_u32(CONTROL_PICTURES + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        _ if is_invisible(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_stranger_sends_is_markup_or_runs_over_the_rest() {
        for (text, shown) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("a\u{202e}b", "a\u{fffd}b"),
            ("a\u{2069}\u{0}\u{1b}[31m\u{7f}", "a\u{fffd}␀␛[31m␡"),
            ("می\u{200c}خواهم 👩\u{200d}🔧", "می\u{200c}خواهم 👩\u{200d}🔧"),
            ("two\nlines", "two␊lines"),
        ] {
            let whole = format!("<bdi dir=\"auto\">{shown}</bdi>");
            assert_eq!(hostile(text).into_string(), whole, "{text:?}");
        }
    }

    #[test]
    fn lists_cut_long_texts_and_their_own_page_shows_all() {
        let long = "é".repeat(ON_LISTS + 1);
        let shown = hostile(&long).into_string();
        assert!(shown.contains(&format!("{}…<", "é".repeat(ON_LISTS))));
        assert!(!hostile(&"é".repeat(ON_LISTS)).into_string().contains('…'));
        let whole = hostile_whole(&format!("{long}\n\r")).into_string();
        assert!(whole.contains(&format!("{long}\n␍")));
    }
}
