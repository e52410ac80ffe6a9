//! What stands around each page: the head with the side's menu, and the foot.

use maud::{DOCTYPE, Markup, html};

use super::answering::LIVE;
use super::page::{Part, Shown};
use super::searches::LONGEST_WORD;
use super::{MenuItem, Page, Visit, Visitor, assets};
use crate::domain::login::{Side, Theme, TimeZone};

/// The id of the part of the head that is kept current.
const HEAD_PART: &str = "head-state";

/// The part of the head that is kept current.
pub(super) async fn head_part<P: Visitor>(visit: &Visit<P>) -> Markup {
    let content = super::answering::for_page(visit, P::head(visit)).await.unwrap_or_default();
    html! { div id=(HEAD_PART) class="state" { (content) } }
}

/// All parts of a page that are kept current.
pub(super) fn live_parts(page: &Page, head: Markup) -> Vec<Part> {
    let mut parts = vec![Part::of_frame(HEAD_PART, head)];
    parts.extend(page.parts.iter().cloned());
    parts
}

/// A whole page of somebody who has signed in.
pub(super) fn whole<P: Visitor>(
    visit: &Visit<P>,
    page: &Page,
    head: Markup,
    line: Option<&str>,
    is_live: bool,
) -> Markup {
    let title = page.tab_title(P::BRAND);
    let shown = Shown::of(title.clone(), &live_parts(page, head.clone()));
    let preferences = visit.person.session().preferences;
    let theme = Some(preferences.theme).filter(|theme| *theme != Theme::System);
    let zone = (preferences.time_zone == TimeZone::Utc).then_some("utc");
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme.map(Theme::as_str)] data-zone=[zone]
            data-keys=[preferences.shortcuts.then_some("on")]
            data-sound=[preferences.sound.then_some("on")] {
            (document_head(&title))
            body class=(P::SIDE.as_str())
                data-live=[is_live.then(|| format!("{LIVE}?of={}", live_of(visit)))]
                data-state=(shown.state()) data-view=(visit.place.view) {
                a class="skip" href="#main" { "Skip to the content" }
                (top(visit, &head))
                p id="connection" class="connection" role="status" hidden {}
                main id="main" tabindex="-1" {
                    (heading(page))
                    @if let Some(line) = line { p class="done" role="status" { (line) } }
                    @if let Some(intro) = &page.intro { div class="intro" { (intro) } }
                    div class="parts" { @for part in &page.parts { (part.markup) } }
                    @if let Some(help) = &page.help { aside class="help" { (help) } }
                }
                (foot::<P>())
                @if preferences.shortcuts { (keys(visit)) }
            }
        }
    }
}

fn live_of<P: Visitor>(visit: &Visit<P>) -> String {
    super::super::path_segment(&visit.address())
}

fn document_head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            link rel="stylesheet" href=(assets::style());
            link rel="icon" href=(assets::icon()) type="image/svg+xml";
            script type="module" src=(assets::script()) {}
        }
    }
}

fn heading(page: &Page) -> Markup {
    html! {
        @if !page.above.is_empty() {
            nav class="above" aria-label="You are here" {
                @for (title, address) in &page.above { a href=(address) { (title) } }
            }
        }
        h1 {
            @match &page.heading {
                Some(heading) => (heading),
                None => (page.title),
            }
        }
    }
}

fn top<P: Visitor>(visit: &Visit<P>, head: &Markup) -> Markup {
    let name = visit.person.session().name.as_str();
    html! {
        header class="top" {
            div class="bar-1" {
                a class="brand" href="/" { (icon()) span { (P::BRAND) } }
                @if visit.site.routes.has_page("/find") { (find(visit)) }
                div class="right" {
                    (head)
                    span id="live" class="live" hidden { "live" }
                    details class="drop" {
                        summary { span { (name) } }
                        div class="drop-menu" {
                            a href="/me" { "Your settings" }
                            form method="post" action="/sign-out" {
                                button type="submit" class="plain" { "Sign out" }
                            }
                        }
                    }
                    details class="drop small-menu" {
                        summary { "Menu" }
                        nav class="drop-menu" aria-label="Pages" { (menu(visit, false)) }
                    }
                }
            }
            nav class="bar-2" aria-label="Main" { (menu(visit, true)) }
        }
    }
}

fn find<P: Visitor>(visit: &Visit<P>) -> Markup {
    html! {
        form class="find" action="/find" method="post" role="search" aria-label="Find" {
            input type="search" name="q" id="find" aria-label="Find a number, SIM, order or account"
                placeholder="Find …" autocomplete="off" spellcheck="false"
                maxlength=(LONGEST_WORD)
                value=[found_word(visit)];
        }
    }
}

/// What was looked for, on the page that shows what was found: also a word that cannot be found.
fn found_word<P: Visitor>(visit: &Visit<P>) -> Option<&str> {
    let is_here = visit.path() == "/find";
    let tried = visit.attempt.as_ref().filter(|attempt| attempt.is_query);
    let word = visit.query("q").or_else(|| tried.map(|attempt| attempt.form.text("q")));
    word.filter(|_| is_here)
}

/// The entries of the menu that whoever looks may see.
fn seen_items<P: Visitor>(visit: &Visit<P>) -> impl Iterator<Item = &'static MenuItem> {
    let seen = |item: &&MenuItem| {
        // A customer may see everything in the portal's menu.
        let may = P::SIDE == Side::Portal || visit.may(item.needs);
        may && visit.site.routes.has_page(item.path)
    };
    P::menu().iter().filter(seen)
}

fn menu<P: Visitor>(visit: &Visit<P>, has_keys: bool) -> Markup {
    html! {
        @for item in seen_items(visit) {
            @let is_here = is_below(item.path, visit.path());
            a href=(item.path) aria-current=[is_here.then_some("page")]
                data-key=[has_keys.then_some(item.key)] { (item.label) }
        }
    }
}

/// Whether a page is the one of a menu's entry, or below it.
fn is_below(entry: &str, path: &str) -> bool {
    match entry {
        "/" => path == "/",
        _ => path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

/// The list of the keys, which the script opens.
fn keys<P: Visitor>(visit: &Visit<P>) -> Markup {
    let row = |key: &str, meaning: &str| html! { dt { kbd { (key) } } dd { (meaning) } };
    html! {
        dialog id="keymap" aria-label="Keys" {
            h2 { "Keys" }
            dl class="keys" {
                @if visit.site.routes.has_page("/find") { (row("/", "find")) }
                @for item in seen_items(visit) { (row(&format!("g {}", item.key), item.label)) }
                (row("?", "this list"))
            }
            form method="dialog" { button class="quiet" { "Close" } }
        }
    }
}

fn icon() -> Markup {
    html! {
        svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" {
            path class="card" d="M4 2h8l4 4v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z" {}
            path class="chip" d="M5 9h8v6H5zM9 9v6M5 12h8" {}
        }
    }
}

fn foot<P: Visitor>() -> Markup {
    let zone = "Times are in UTC.";
    html! {
        footer class="foot" {
            span { (P::BRAND) " " (env!("CARGO_PKG_VERSION")) }
            span id="zone" { (zone) }
        }
    }
}

/// A page without a menu, for whoever has not signed in.
pub(super) fn bare<P: Visitor>(page: &Page) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (document_head(&page.tab_title(P::BRAND)))
            body class=(format!("bare {}", P::SIDE.as_str())) {
                main id="main" tabindex="-1" {
                    p class="brand" { (icon()) span { (P::BRAND) } }
                    h1 { (page.title) }
                    @if let Some(intro) = &page.intro { (intro) }
                    @for part in &page.parts { (part.markup) }
                    @if let Some(help) = &page.help { aside class="help" { (help) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menus_entry_is_marked_on_its_page_and_below() {
        for (entry, path, is_here) in [
            ("/", "/", true),
            ("/", "/sims", false),
            ("/sims", "/sims", true),
            ("/sims", "/sims/89", true),
            ("/sims", "/simsalabim", false),
        ] {
            assert_eq!(is_below(entry, path), is_here, "{entry} {path}");
        }
    }
}
