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
            (top_up.text("reference", "Reference of the payment")
                .hint("with the same one again nothing is added; may be empty"))
            (top_up.checkbox("meant", "A large amount is meant"))
            (top_up.button("Top up"))
        }))
        (adjust.asked(
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

/// The amount of a form.
fn amount_of(visit: &Visit<Operator>, form: &Form, mut faults: Faults) -> Result<Amount, Fault> {
    let amount = faults.check("amount", visit.gateway().currency().parse(form.text("amount")));
    faults.result()?;
    Ok(amount.unwrap_or(Amount::ZERO))
}

/// Has an amount confirmed that is most likely a slip.
async fn confirm_slip(
    visit: &Visit<Operator>,
    id: AccountId,
    form: &Form,
    amount: Amount,
) -> Result<(), Fault> {
    let mut faults = Faults::new();
    if !form.is_set("meant")
        && let Some(slip) = visit.gateway().accounts().find_slip(id.to_string(), amount).await?
    {
        faults.add("meant", format!("Confirm that it is meant: {slip}."));
    }
    faults.result()
}

async fn top_up(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (id, accounts) = (AccountId(visit.id("id")?), visit.gateway().accounts());
    let amount = amount_of(&visit, &form, Faults::new())?;
    accounts.check_top_up(amount).map_err(Fault::of_field("amount"))?;
    confirm_slip(&visit, id, &form, amount).await?;
    // Without a reference the form's own key says which request it is; nobody is shown that.
    let request = form.optional("reference").unwrap_or_else(|| form.request_key()).to_owned();
    let (account, is_repeated) = accounts.top_up_once(id.to_string(), amount, request).await?;
    let (amount, balance) = (visit.money(amount), visit.money(account.funds.balance));
    let line = match is_repeated {
        true => format!("{amount} was added before with this reference; the balance is {balance}."),
        false => format!("{amount} was added; the balance is {balance}."),
    };
    Ok(Done::at(address(id), line))
}

async fn adjust(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = AccountId(visit.id("id")?);
    let mut faults = Faults::new();
    if form.text("reason").is_empty() {
        faults.add("reason", "An adjustment has a reason, for the ledger.");
    }
    let amount = amount_of(&visit, &form, faults)?;
    confirm_slip(&visit, id, &form, amount).await?;
    let (reason, request) = (form.text("reason").to_owned(), form.request_key().to_owned());
    let accounts = visit.gateway().accounts();
    let account = accounts.adjust_balance(id.to_string(), amount, reason, request).await?;
    let line = format!("The balance is {}.", visit.money(account.funds.balance));
    Ok(Done::at(address(id), line))
}
