//! What an operator changes of one SIM: its sale, its number, and what is asked of its network.

use maud::{Markup, html};

use super::Operator;
use super::rivals::{question, set_in_words};
use super::sims::{kept_by_tenants, read_edit, sale_buttons};
use crate::domain::Iccid;
use crate::domain::login::Permission::Act;
use crate::domain::sim::{Pool, Sim};
use crate::gateway::{SimEdit, SimView};
use crate::http::web::{Access, Done, Fault, Faults, Form, Route, SavedValues, Visit, path};

const SIM: &str = "/sims/{iccid}";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let act = Access::May(Act);
    vec![
        Route::post("/sims/{iccid}/sale", act, SIM, change_sale),
        Route::post("/sims/{iccid}/pool", act, SIM, set_pool),
        Route::post("/sims/{iccid}/number", act, SIM, set_number),
        Route::post("/sims/{iccid}/number/sure", act, SIM, set_number_surely),
        Route::post("/sims/{iccid}/number/clear", act, SIM, clear_number),
        Route::post("/sims/{iccid}/ask", act, SIM, ask_number),
        Route::post("/sims/{iccid}/hearing", act, SIM, clear_hearing),
        Route::post("/sims/{iccid}/remove", act, SIM, remove),
    ]
}

/// The forms of a SIM's page. A SIM that was in a modem cannot be removed.
pub(super) fn forms(visit: &Visit<Operator>, view: &SimView, is_removable: bool) -> Markup {
    let form = |name: &str| visit.form(&format!("{}/{name}", address(&view.sim.iccid)));
    let (sale, pool, number, ask) =
        (form("sale"), form("pool"), form("number"), form("ask").takes("up to 60 s"));
    let pools =
        [("both", "orders and rentals"), ("orders", "orders only"), ("rentals", "rentals only")];
    let saved = saved_values(&view.sim);
    let (pool, number) = (pool.editing(saved.clone()), number.editing(saved));
    html! {
        h2 { "Change" }
        div class="columns" {
            (sale.show(html! {
                (sale.text("rest", "Rest for").value("30d").hint("like 12h or 30d"))
                (sale_buttons())
            }))
            (pool.show(html! {
                (pool.choice("pool", "Sold for", &pools))
                (pool.button("Set"))
            }))
            (number.show(html! {
                (number.text("number", "Number").hint("like +31612345678").inputmode("tel")
                    .required())
                @if view.port.is_some() {
                    (number.checkbox("write", "Write it onto the card, too"))
                }
                (number.button("Set number"))
            }))
            @if view.port.is_some() {
                (ask.show(html! {
                    (ask.text("code", "Ask the network for its number").inputmode("tel")
                        .hint("A USSD code; empty: the one of its mobile operator."))
                    div class="buttons" {
                        (ask.button("Ask by USSD"))
                        (ask.button_named("loopback", "yes", "Ask by a message"))
                    }
                }))
            }
        }
        (rare_forms(visit, view, is_removable))
    }
}

/// What can be changed of a SIM, as its forms show it.
fn saved_values(sim: &Sim) -> SavedValues {
    let number = sim.number.as_ref().map(|known| known.number.to_string());
    SavedValues::new().with("pool", sim.pool.as_str()).with("number", number.unwrap_or_default())
}

/// The forms for what is done rarely, and asked about first.
fn rare_forms(visit: &Visit<Operator>, view: &SimView, is_removable: bool) -> Markup {
    let form = |name: &str| visit.form(&format!("{}/{name}", address(&view.sim.iccid)));
    let (clear, hearing, remove) = (form("number/clear"), form("hearing"), form("remove"));
    let was_deaf = view.sim.deaf_until > crate::domain::Timestamp::default();
    html! {
        div class="buttons" {
            @if was_deaf { (hearing.inline(hearing.quiet_button("It can hear again"))) }
            @if view.sim.number.is_some() {
                (clear.confirmed(
                    "Forget its number",
                    "The number is found out again, as that of a new SIM is.",
                    clear.danger_button("Forget it"),
                ))
            }
            @if is_removable {
                (remove.confirmed(
                    "Remove the SIM",
                    "It was never in a modem: its ICCID may be mistyped.",
                    remove.danger_button("Remove it"),
                ))
            }
        }
    }
}

fn address(iccid: &Iccid) -> String {
    path!("/sims/{}", iccid)
}

async fn named(visit: &Visit<Operator>) -> Result<Iccid, Fault> {
    Ok(visit.gateway().sims().named(visit.param("iccid").to_owned()).await?)
}

async fn change_sale(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let iccid = named(&visit).await?;
    let (edit, _) = read_edit(&form)?;
    let edited = visit.gateway().sims().edit_all(vec![iccid.clone()], edit).await?;
    let done = match edit {
        SimEdit { retired: Some(true), .. } => "It is retired.",
        SimEdit { retired: Some(false), .. } => "It is back on sale.",
        _ => "It rests now.",
    };
    Ok(Done::at(address(&iccid), format!("{done}{}", kept_by_tenants(edit, &edited))))
}

/// Refuses a form that would put back what was changed of a SIM since its page was opened.
async fn refuse_if_stale(visit: &Visit<Operator>, iccid: &Iccid, form: &Form) -> Result<(), Fault> {
    let view = visit.gateway().sims().find(iccid.clone()).await?;
    form.refuse_if_stale(&saved_values(&view.sim))
}

async fn set_pool(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let iccid = named(&visit).await?;
    let pool: Option<Pool> = form.text("pool").parse().ok();
    let pool = pool.ok_or_else(|| Fault::form("A SIM is sold for orders, rentals or both."))?;
    refuse_if_stale(&visit, &iccid, &form).await?;
    visit.gateway().sims().set_pool(iccid.clone(), pool).await?;
    Ok(Done::at(address(&iccid), "What it is sold for was set."))
}

/// Sets a number, unless another SIM has it: then it asks first.
async fn set_number(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let iccid = named(&visit).await?;
    let number = form.text("number");
    let mut faults = Faults::new();
    if number.is_empty() {
        faults.add("number", "Write the number, like +31612345678.");
    }
    faults.result()?;
    refuse_if_stale(&visit, &iccid, &form).await?;
    let sims = visit.gateway().sims();
    let tried = sims.try_number(iccid.clone(), number.to_owned(), false).await;
    let tried = tried.map_err(Fault::of_field("number"))?;
    let rivals = sims.rivals(&tried.sim).await?;
    if rivals.is_empty() {
        return set_number_surely(visit, form).await;
    }
    let filled = (number, form.is_set("write"));
    Ok(Done::shown(question(&visit, &iccid, filled, &rivals)))
}

async fn set_number_surely(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (iccid, gateway) = (named(&visit).await?, visit.gateway());
    let number = form.text("number").to_owned();
    let set = gateway.sims().set_number(iccid.clone(), number, false).await;
    let set = set.map_err(Fault::of_field("number"))?;
    if form.is_set("write")
        && let Err(error) = gateway.numbers().write_number(visit.modems(), &iccid).await
    {
        let sentence = format!("The number is set, but it is not on the card: {error}.");
        return Ok(Done::at(address(&iccid), sentence));
    }
    let rivals = gateway.sims().rivals(&set.sim).await?;
    Ok(Done::at(address(&iccid), set_in_words(&rivals)))
}

async fn clear_number(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let iccid = named(&visit).await?;
    visit.gateway().sims().clear_number(iccid.clone()).await?;
    Ok(Done::at(address(&iccid), "The number was forgotten. It is found out again."))
}

async fn ask_number(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let iccid = named(&visit).await?;
    let numbers = visit.gateway().numbers();
    if form.is_set("loopback") {
        numbers.ask_by_loopback(visit.modems(), &iccid).await?;
        let line =
            "The SIM has sent a message to another one. Its number is known when it arrives.";
        return Ok(Done::at(address(&iccid), line));
    }
    let code = form.optional("code").map(str::to_owned);
    let sim = numbers.ask_by_ussd(visit.modems(), &iccid, code).await?;
    let line = match &sim.sim.number {
        Some(known) => format!("The number is {}.", visit.number_text(&known.number)),
        None => "The network's answer has no number.".to_owned(),
    };
    Ok(Done::at(address(&iccid), line))
}

async fn clear_hearing(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let iccid = named(&visit).await?;
    let line = match visit.gateway().health().clear_sim(iccid.clone()).await? {
        true => "It is sold again.",
        false => "It was not in doubt.",
    };
    Ok(Done::at(address(&iccid), line))
}

async fn remove(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let iccid = named(&visit).await?;
    visit.gateway().sims().remove(iccid.clone()).await?;
    Ok(Done::at("/sims", format!("SIM {iccid} was removed.")))
}
