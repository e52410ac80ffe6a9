//! What is said of SIMs that have the same number: which of them is not sold because of which, and
//! what to do.

use maud::{Markup, html};

use super::Operator;
use super::sims::source_in_words;
use super::ways::sim_link;
use crate::domain::Iccid;
use crate::gateway::Rival;
use crate::http::web::{Page, Tone, Visit, badge, link, path};

/// What it means for a SIM that others have its number.
pub(super) fn rivals_of(rivals: &[Rival]) -> Markup {
    html! {
        @for rival in rivals {
            p class="warning" {
                (badge(Tone::Fair, "Same number")) " SIM " (sim_link(Some(&rival.iccid)))
                " has this number, too, " (source_in_words(rival.source)) (what_it_means(rival))
            }
        }
    }
}

fn what_it_means(rival: &Rival) -> &'static str {
    match (rival.holds_back, rival.is_held_back) {
        (true, true) => {
            ". Neither of them is sold until you say whose it is: set the right number of one of \
             them, or retire it."
        }
        (true, false) => {
            ", so that this SIM is not sold: set the right number of one of the two, or retire one \
             of them."
        }
        (false, true) => {
            ". What is entered by hand counts, so that SIM is not sold until it has another number."
        }
        (false, false) => ".",
    }
}

/// What would come of it if a SIM was given a number that others have.
fn what_it_would_mean(rival: &Rival) -> &'static str {
    match (rival.holds_back, rival.is_held_back) {
        (true, true) => {
            ". If it is entered here as well, neither of the two is sold until one of them has \
             another number."
        }
        (_, true) => {
            ". What is entered by hand counts more: this SIM can be sold with it, and that one is \
             not sold until it has another number."
        }
        _ => ". This SIM is retired, so nothing changes for that one.",
    }
}

/// Asks whether a SIM is to be given a number that others have.
pub(super) fn question(
    visit: &Visit<Operator>,
    iccid: &Iccid,
    (number, is_written): (&str, bool),
    rivals: &[Rival],
) -> Page {
    let sim = path!("/sims/{}", iccid);
    let form = visit.form(&format!("{sim}/number/sure"));
    Page::new("Another SIM has this number")
        .below("SIMs", "/sims")
        .below(format!("SIM {iccid}"), sim.clone())
        .part(
            "question",
            html! {
                p { "Nothing was set yet." }
                @for rival in rivals {
                    p class="warning" {
                        "SIM " (sim_link(Some(&rival.iccid))) " has the number " (number) ", "
                        (source_in_words(rival.source)) (what_it_would_mean(rival))
                    }
                }
                (form.show(html! {
                    (form.hidden("number", number))
                    @if is_written { (form.hidden("write", "yes")) }
                    div class="buttons" {
                        (form.danger_button("Set it all the same"))
                        (link(&sim, "Leave it"))
                    }
                }))
            },
        )
}

/// What is said once a SIM has got a number that others have, too.
pub(super) fn set_in_words(rivals: &[Rival]) -> String {
    let sims: Vec<&str> = rivals.iter().map(|rival| rival.iccid.as_str()).collect();
    let others = sims.join(" and ");
    match rivals.iter().any(|rival| rival.holds_back) {
        _ if rivals.is_empty() => "The number was set.".to_owned(),
        true => format!("The number was set. SIM {others} has it as well, so neither is sold."),
        false => format!("The number was set. SIM {others} has it as well, and is not sold now."),
    }
}
