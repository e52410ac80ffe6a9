//! Credit that an operator adds to an account, or takes from it.

use maud::{Markup, html};

use super::super::Operator;
use super::{PAGE, address};
use crate::domain::login::Permission::Act;
use crate::domain::{AccountId, Amount};
use crate::gateway::Account;
use crate::http::web::{Access::May, Done, Fault, Faults, Form, Route, Visit};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::post("/accounts/{id}/topups", May(Act), PAGE, top_up).with_proof(),
        Route::post("/accounts/{id}/adjustments", May(Act), PAGE, adjust).with_proof(),
    ]
}

/// The forms for it, for whom may.
pub(super) fn forms(visit: &Visit<Operator>, account: &Account) -> Markup {
    if !visit.may(Act) || account.erased_at.is_some() {
        return Markup::default();
    }
    let base = address(account.id);
    let top_up = visit.form(&format!("{base}/topups"));
    let adjust = visit.form(&format!("{base}/adjustments"));
    let example = format!("in {}, like 25.00", visit.gateway().currency());
    html! {
        h2 { "Credit" }
        (top_up.show(html! {
            (top_up.text("amount", "Top up by").hint(example).inputmode("decimal").required())
            (top_up.checkbox("meant", "A large amount is meant"))
            (top_up.button("Top up"))
        }))
        (adjust.confirmed(
            "Adjust the balance",
            "An adjustment corrects the balance, up or down, and stands in the ledger with its \
             reason.",
            html! {
                (adjust.text("amount", "Amount").hint("-5.00 takes 5.00 away").required())
                (adjust.text("reason", "Reason").hint("its people read it").required())
                (adjust.checkbox("meant", "A large amount, or a negative balance, is meant"))
                (adjust.button("Adjust"))
            },
        ))
    }
}

/// The amount of a form. What is most likely a slip has to be confirmed.
async fn amount_of(
    visit: &Visit<Operator>,
    id: AccountId,
    form: &Form,
    mut faults: Faults,
) -> Result<Amount, Fault> {
    let amount = faults.check("amount", visit.gateway().currency().parse(form.text("amount")));
    if let Some(amount) = amount.filter(|_| !form.is_set("meant")) {
        let slip = visit.gateway().accounts().find_slip(id.to_string(), amount).await?;
        if let Some(slip) = slip {
            faults.add("meant", format!("Confirm that it is meant: {slip}."));
        }
    }
    faults.result()?;
    Ok(amount.unwrap_or(Amount::ZERO))
}

async fn top_up(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = AccountId(visit.id("id")?);
    let amount = amount_of(&visit, id, &form, Faults::new()).await?;
    let request = form.request_key().to_owned();
    let account = visit.gateway().accounts().top_up(id.to_string(), amount, request).await?;
    let line = format!(
        "{} was added; the balance is {}.",
        visit.money(amount),
        visit.money(account.funds.balance)
    );
    Ok(Done::at(address(id), line))
}

async fn adjust(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = AccountId(visit.id("id")?);
    let mut faults = Faults::new();
    if form.text("reason").is_empty() {
        faults.add("reason", "An adjustment has a reason, for the ledger.");
    }
    let amount = amount_of(&visit, id, &form, faults).await?;
    let (reason, request) = (form.text("reason").to_owned(), form.request_key().to_owned());
    let accounts = visit.gateway().accounts();
    let account = accounts.adjust_balance(id.to_string(), amount, reason, request).await?;
    let line = format!("The balance is {}.", visit.money(account.funds.balance));
    Ok(Done::at(address(id), line))
}
