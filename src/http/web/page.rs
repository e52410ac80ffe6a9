//! A page as its function makes it: a title, and parts that are kept current one by one.

use std::hash::{DefaultHasher, Hash, Hasher};

use maud::{Markup, html};

use super::Faults;
use super::form_view::fault_list;

/// A page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub(super) title: String,
    pub(super) heading: Option<Markup>,
    /// The pages above this one, each with its address.
    pub(super) above: Vec<(String, String)>,
    pub(super) intro: Option<Markup>,
    pub(super) help: Option<Markup>,
    pub(super) mark: Option<String>,
    pub(super) parts: Vec<Part>,
}

/// How much of the page's width a part takes, where there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Whole,
    Half,
    Third,
}

impl Width {
    fn class(self) -> &'static str {
        match self {
            Width::Whole => "part",
            Width::Half => "part half",
            Width::Third => "part third",
        }
    }
}

/// A part of a page.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) id: String,
    /// With its `<section>`.
    pub(super) markup: Markup,
}

impl Part {
    fn new(id: impl Into<String>, width: Width, content: &Markup) -> Part {
        let id = id.into();
        let markup = html! { section id=(id) class=(width.class()) { (content) } };
        Part { id, markup }
    }

    /// A part outside of a page's main section, which has its own element.
    pub(super) fn of_frame(id: &str, markup: Markup) -> Part {
        Part { id: id.to_owned(), markup }
    }

    /// Two parts with the same hash look the same.
    pub(super) fn hash(&self) -> u64 {
        hash_of(&self.markup.0)
    }
}

fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Page {
    /// An empty page. Its title is also its heading.
    pub fn new(title: impl Into<String>) -> Page {
        Page { title: title.into(), ..Page::default() }
    }

    /// A heading that is more than the title.
    pub fn heading(mut self, heading: Markup) -> Page {
        self.heading = Some(heading);
        self
    }

    /// A page that this one stands below, with its address. The nearest comes last.
    pub fn below(mut self, title: impl Into<String>, address: impl Into<String>) -> Page {
        self.above.push((title.into(), address.into()));
        self
    }

    /// What stands between the heading and the parts, and is not kept current.
    pub fn intro(mut self, intro: Markup) -> Page {
        self.intro = Some(intro);
        self
    }

    /// What stands at the end: what is done in a shell, with the command.
    pub fn help(mut self, help: Markup) -> Page {
        self.help = Some(help);
        self
    }

    /// What the tab's title begins with, such as a code that has come.
    pub fn mark(mut self, mark: impl Into<String>) -> Page {
        self.mark = Some(mark.into());
        self
    }

    /// Adds a part over the whole width. Each part of a page has an id of its own.
    pub fn part(self, id: impl Into<String>, content: Markup) -> Page {
        self.with(Part::new(id, Width::Whole, &content))
    }

    /// Adds a part that shares its row with another one.
    pub fn half_part(self, id: impl Into<String>, content: Markup) -> Page {
        self.with(Part::new(id, Width::Half, &content))
    }

    /// Adds a part that shares its row with two others.
    pub fn third_part(self, id: impl Into<String>, content: Markup) -> Page {
        self.with(Part::new(id, Width::Third, &content))
    }

    /// Says what was wrong with a form that does not say so itself: with filters, or with one that
    /// the page has no more, because things have changed meanwhile. What was done instead of what
    /// the form asks for comes first.
    pub(super) fn with_faults(mut self, faults: &Faults, instead: &str) -> Page {
        if !self.has(r#"class="faults""#) {
            let id_of = |field: &str| {
                let id = super::filters::id_of(field);
                Some(id).filter(|id| self.has(&format!("id=\"{id}\"")))
            };
            let list = fault_list(faults, instead, id_of);
            let intro = self.intro.take().unwrap_or_default();
            self.intro = Some(html! { (list) (intro) });
        }
        self
    }

    /// Whether something stands in the page's markup.
    fn has(&self, piece: &str) -> bool {
        let mut all = self.intro.iter().chain(self.parts.iter().map(|part| &part.markup));
        all.any(|markup| markup.0.contains(piece))
    }

    fn with(mut self, part: Part) -> Page {
        self.parts.push(part);
        self
    }

    /// What the browser's tab says.
    pub(super) fn tab_title(&self, brand: &str) -> String {
        let mark = self.mark.as_deref().map(|mark| format!("{mark} ")).unwrap_or_default();
        format!("{mark}{} – {brand}", self.title)
    }
}

/// What a browser has of a page: the title of its tab, and each part by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) title: String,
    parts: Vec<(String, u64)>,
}

impl Shown {
    pub(super) fn of(title: String, parts: &[Part]) -> Shown {
        let parts = parts.iter().map(|part| (part.id.clone(), part.hash())).collect();
        Shown { title, parts }
    }

    /// A few characters that are the same only while the page looks the same.
    pub(super) fn state(&self) -> String {
        format!("{:016x}", hash_of(&(&self.title, &self.parts)))
    }

    /// Whether a part looks as it does here.
    pub(super) fn has(&self, part: &Part) -> bool {
        self.parts.iter().any(|(id, hash)| *id == part.id && *hash == part.hash())
    }

    /// The ids of the parts, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(id, _)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pages_state_changes_with_its_title_and_each_of_its_parts() {
        let page = |mark: &str, text: &str| {
            let page = Page::new("SIMs").mark(mark).part("list", html! { (text) });
            let page = page.half_part("facts", html! { "same" });
            Shown::of(page.tab_title("simbridge"), &page.parts)
        };
        let before = page("●", "a");
        assert_eq!(before.title, "● SIMs – simbridge");
        assert_eq!(before.state(), page("●", "a").state());
        assert_ne!(before.state(), page("", "a").state());
        let after = page("●", "b");
        assert_ne!(before.state(), after.state());
        let parts = Page::new("").part("list", html! { "b" }).half_part("facts", html! { "same" });
        let same: Vec<bool> = parts.parts.iter().map(|part| before.has(part)).collect();
        assert_eq!(same, [false, true]);
    }
}
