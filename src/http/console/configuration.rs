//! The configuration that is in effect, with the file and the line that each value is from; looking
//! for faults in the file as it is now, and having it read again.

use maud::{Markup, html};

use super::Operator;
use super::alarm_view::with_code;
use crate::domain::login::Permission::Configure;
use crate::gateway::{ConfigFault, ConfigFindings, ConfigInEffect, ConfigValue, Reloaded};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Filters, Form, Page, Route, Row, Table, Tone, Visit, badge,
    hostile, link,
};

const PAGE: &str = "/system/configuration";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let may = May(Configure);
    vec![
        Route::page(PAGE, may, show),
        Route::post("/system/configuration/check", may, PAGE, check).only_shows(),
        Route::post("/system/configuration/reload", may, PAGE, reload).with_proof(),
    ]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let ConfigInEffect { file, values } = visit.reload().in_effect();
    let filters = Filters::new(&visit).search("key", "Key").flag("set", "Only what the file sets");
    let (key, only_set) = (visit.query("key"), visit.query("set").is_some());
    let is_wanted = |value: &&ConfigValue| {
        key.is_none_or(|key| value.key.contains(key)) && (!only_set || value.line.is_some())
    };
    let rows = values.iter().filter(is_wanted).map(|value| row(file.as_deref(), value));
    let table = Table::new("values", "Values in effect")
        .column("Key")
        .column("Value")
        .column("From")
        .rows(rows)
        .empty(Empty::new("No value fits these filters."));
    let page = Page::new("Configuration")
        .below("System", "/system")
        .intro(html! { (forms(&visit, file.as_deref())) (filters) })
        .part("list", html! { (table) })
        .help(html! { "The file is edited in the shell of the machine." });
    Ok(page)
}

fn row(file: Option<&str>, value: &ConfigValue) -> Row {
    let from = match (value.line, file) {
        (Some(line), Some(file)) => format!("{file}:{line}"),
        (Some(line), None) => format!("line {line}"),
        (None, _) => "default".to_owned(),
    };
    Row::new(
        &value.key,
        [html! { code { (value.key) } }, html! { code { (value.value) } }, html! { (from) }],
    )
}

fn forms(visit: &Visit<Operator>, file: Option<&str>) -> Markup {
    let check = visit.form("/system/configuration/check");
    let reload = visit.form("/system/configuration/reload");
    html! {
        @match file {
            None => p { "This daemon has no configuration file: all values are defaults." },
            Some(file) => {
                p { "The file is " code { (file) } "." }
                div class="buttons" {
                    (check.inline(check.quiet_button("Check the file")))
                    (reload.asked(
                        "Read the file again",
                        "What can change while everything runs is applied. A file with faults \
                         changes nothing.",
                        reload.button("Read it"),
                    ))
                }
            }
        }
    }
}

async fn check(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let ConfigFindings { faults, warnings } = visit.reload().check().await.map_err(Fault::form)?;
    let page = result_page("Check of the file").intro(html! {
        @if faults.is_empty() { p { (badge(Tone::Good, "no faults")) } } @else { (list(&faults)) }
        @if !warnings.is_empty() {
            h2 { "Warnings" }
            ul { @for warning in &warnings { li { (warning) } } }
        }
        (back())
    });
    Ok(Done::shown(page))
}

fn result_page(title: &str) -> Page {
    Page::new(title).below("System", "/system").below("Configuration", PAGE)
}

fn back() -> Markup {
    html! { p { (link(PAGE, "Back to the configuration")) } }
}

/// Faults, each with its file and line.
fn list(faults: &[ConfigFault]) -> Markup {
    html! {
        p { (badge(Tone::Bad, "faults")) }
        ul {
            @for ConfigFault { file, line, text } in faults {
                li {
                    code { (file) @if let Some(line) = line { ":" (line) } } " "
                    (with_code(text, hostile))
                }
            }
        }
    }
}

async fn reload(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let page = match visit.reload().reload().await {
        Ok(reloaded) => result_page("The file was read").intro(applied(&reloaded)),
        Err(why) => result_page("Nothing was changed").intro(html! {
            p { (badge(Tone::Bad, "faults")) " The configuration in effect stays." }
            ul { @for line in why.lines() { li { (with_code(line, hostile)) } } }
            (back())
        }),
    };
    Ok(Done::shown(page))
}

/// What holds now, and what waits for a restart.
fn applied(reloaded: &Reloaded) -> Markup {
    let Reloaded { applied, needs_restart } = reloaded;
    html! {
        h2 { "Applied" }
        @if applied.is_empty() { p { "Nothing: no value that can be applied has changed." } }
        @else { ul { @for change in applied { li { code { (change) } } } } }
        @if !needs_restart.is_empty() {
            h2 { "Waits for a restart" }
            ul { @for change in needs_restart { li { code { (change) } } } }
            p { "In the shell: " code { "systemctl restart simbridge" } "." }
        }
        (back())
    }
}
