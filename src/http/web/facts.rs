//! Small pieces that pages are made of.

use std::ops::Range;

use maud::{Markup, Render, html};

/// How something is. It is never told by a colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Fair,
    Bad,
    /// Of no interest now.
    Quiet,
    /// New, or under way.
    News,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Fair => "fair",
            Tone::Bad => "bad",
            Tone::Quiet => "still",
            Tone::News => "news",
        }
    }
}

/// A state in a word.
pub fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class=(format!("badge {}", tone.class())) { (word) } }
}

/// Terms with what they are here.
pub fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl class="facts" { @for (term, is) in facts { div { dt { (term) } dd { (is) } } } }
    }
}

/// What is shown where there is nothing yet, and the next step.
#[derive(Debug, Clone)]
pub struct Empty {
    sentence: String,
    next: Option<Markup>,
}

impl Empty {
    /// Says what will be there.
    pub fn new(sentence: impl Into<String>) -> Empty {
        Empty { sentence: sentence.into(), next: None }
    }

    /// What to do so that there is something.
    pub fn next(mut self, next: Markup) -> Empty {
        self.next = Some(next);
        self
    }
}

impl Render for Empty {
    fn render(&self) -> Markup {
        html! {
            div class="empty" {
                p class="what" { (self.sentence) }
                @if let Some(next) = &self.next { p { (next) } }
            }
        }
    }
}

/// A link.
pub fn link(address: &str, text: &str) -> Markup {
    html! { a href=(address) { (text) } }
}

/// A button that copies a text. It is seen where the script works.
pub fn copy_button(label: &str, text: &str) -> Markup {
    html! { button type="button" class="copy" data-copy=(text) hidden { (label) } }
}

/// A text that one may want to copy.
pub fn copyable(text: &str) -> Markup {
    html! { span class="copyable" { code { (text) } (copy_button("Copy", text)) } }
}

/// Lines as they are: a command, or what a machine said.
pub fn code_block(text: &str) -> Markup {
    html! { pre tabindex="0" { code { (text) } } }
}

/// A part of a whole, with words that say the same.
pub fn bar(value: u64, most: u64, words: &str) -> Markup {
    html! {
        span class="bar" {
            meter min="0" max=(most.max(1)) value=(value) aria-hidden="true" {}
            span { (words) }
        }
    }
}

/// A signal's strength in dBm, as bars and in figures (3GPP TS 27.007 clause 8.5 has the scale of
/// `+CSQ`; the words are those of most phones).
pub fn signal(dbm: Option<i16>) -> Markup {
    let Some(dbm) = dbm else {
        return html! { span class="signal none" title="no signal is known" { "–" } };
    };
    let (bars, word) = match dbm {
        -75.. => (4, "good"),
        -85.. => (3, "good"),
        -95.. => (2, "fair"),
        -105.. => (1, "weak"),
        _ => (0, "very weak"),
    };
    html! {
        span class="signal" title=(word) {
            svg width="20" height="14" role="img" aria-label=(word) {
                path class="on" d=(strokes(0..bars)) {}
                path class="off" d=(strokes(bars..BAR_HEIGHTS.len())) {}
            }
            span class="number" { (dbm) }
        }
    }
}

/// A signal with its unit, where no heading tells it.
pub fn signal_in_dbm(dbm: Option<i16>) -> Markup {
    html! { (signal(dbm)) @if dbm.is_some() { " dBm" } }
}

/// How high the bars of a signal are.
const BAR_HEIGHTS: [usize; 4] = [4, 7, 10, 13];

/// Some bars of a signal, each as a stroke from the ground: a list of modems has many of them.
fn strokes(bars: Range<usize>) -> String {
    let numbered = BAR_HEIGHTS.into_iter().enumerate();
    let chosen = numbered.filter(|(index, _)| bars.contains(index));
    chosen.map(|(index, height)| format!("M{} 14v-{height}", index * 5 + 2)).collect()
}

/// A figure with its name, which leads to a page if there is one.
pub fn tile(label: &str, figure: Markup, address: Option<&str>) -> Markup {
    html! {
        a class="tile" href=[address] {
            span class="label" { (label) }
            span class="figure" { (figure) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_in_bars_figures_and_a_word() {
        for (dbm, bars, word) in
            [(-60, 4, "good"), (-80, 3, "good"), (-97, 1, "weak"), (-113, 0, "very weak")]
        {
            let text = signal(Some(dbm)).into_string();
            let (on, off) = text.split_once("class=\"off\"").unwrap();
            assert_eq!((on.matches("14v-").count(), off.matches("14v-").count()), (bars, 4 - bars));
            assert!(text.contains(&format!("title=\"{word}\"")), "{text}");
            assert!(text.contains(&format!(">{dbm}<")));
        }
        assert!(signal(None).into_string().contains('–'));
    }

    #[test]
    fn what_is_copied_is_the_text_itself() {
        assert_eq!(
            copyable("a<b").into_string(),
            "<span class=\"copyable\"><code>a&lt;b</code><button type=\"button\" class=\"copy\" \
             data-copy=\"a&lt;b\" hidden>Copy</button></span>"
        );
    }
}
