//! What an account may do at a time and in a day, and what it has done today.

use super::{Accounts, find_account, refuse_erased, subject_of};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::fair_use::{AccountLimits, Allowance, DayUse, OwnLimits};
use crate::domain::{Amount, Currency};
use crate::gateway::Error;
use crate::store::Account;

/// The limits that hold for an account, and what it has done today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub limits: AccountLimits,
    pub today: DayUse,
}

/// What is to change of an account's limits, in the operator's words: a number or an amount, `none`
/// for no limit, `default` for the configuration's. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct LimitEdit {
    pub max_open: Option<String>,
    pub orders_per_day: Option<String>,
    pub spend_per_day: Option<String>,
}

impl LimitEdit {
    fn applied_to(self, own: OwnLimits, currency: Currency) -> Result<OwnLimits, Error> {
        let count = |text: &str| text.parse().map_err(|_| "a number like 20".to_owned());
        let amount = |text: &str| {
            let like =
                || format!("an amount like {}", currency.text(Amount(50 * currency.minor_units())));
            Ok(currency.parse(text).map_err(|_| like())?.0)
        };
        Ok(OwnLimits {
            max_open: changed(own.max_open, self.max_open, "open orders", count)?,
            orders_per_day: changed(
                own.orders_per_day,
                self.orders_per_day,
                "orders in a day",
                count,
            )?,
            spend_per_day: changed(
                own.spend_per_day,
                self.spend_per_day,
                "spending in a day",
                amount,
            )?,
        })
    }
}

/// A limit after what the operator says about it. What is limited is named in refusals.
fn changed(
    before: Option<Allowance>,
    said: Option<String>,
    of: &str,
    read: impl Fn(&str) -> Result<i64, String>,
) -> Result<Option<Allowance>, Error> {
    let Some(text) = said else { return Ok(before) };
    match text.trim() {
        "default" => Ok(None),
        "none" => Ok(Some(Allowance::Unlimited)),
        text => match read(text) {
            Ok(0) => Err(Error::refused(format!(
                "a limit of 0 for {of} would let nothing be ordered: say `none` for no limit, or \
                 suspend the account"
            ))
            .in_shell("`simbridge account suspend` does that")),
            Ok(most) if most > 0 => Ok(Some(Allowance::AtMost(most))),
            Ok(_) | Err(_) => {
                let like = read("").err().unwrap_or_default();
                Err(Error::refused(format!(
                    "{text}: a limit for {of} is {like}, `none`, or `default` for the \
                     configuration's"
                )))
            }
        },
    }
}

/// An account's own limits, for the audit.
fn in_words(own: &OwnLimits, currency: Currency) -> String {
    let word = |own: Option<Allowance>, shown: &dyn Fn(i64) -> String| match own {
        None => "default".to_owned(),
        Some(allowance) => allowance.most().map_or_else(|| "none".to_owned(), shown),
    };
    format!(
        "max_open {}, orders_per_day {}, spend_per_day {}",
        word(own.max_open, &|most| most.to_string()),
        word(own.orders_per_day, &|most| most.to_string()),
        word(own.spend_per_day, &|most| currency.text(Amount(most))),
    )
}

impl Accounts {
    /// Changes an account's limits. What it has done today counts.
    pub async fn limit(&self, reference: String, edit: LimitEdit) -> Result<Account, Error> {
        let (now, currency) = (self.env.now(), self.env.settings().currency);
        let limited = self.env.store.write(move |tx| {
            let account = find_account(tx, &reference)?;
            refuse_erased(&account)?;
            let limits = edit.applied_to(account.limits, currency)?;
            if limits != account.limits {
                tx.set_limits(account.id, &limits)?;
                let subject = format!(
                    "{}, limits from: {}; to: {}",
                    subject_of(&account),
                    in_words(&account.limits, currency),
                    in_words(&limits, currency)
                );
                tx.note(Actor::Operator, AuditAction::Changed, subject, now)?;
            }
            find_account(tx, &account.id.to_string())
        });
        limited.await
    }

    /// The limits that hold for an account, and what it has done today.
    pub fn standing(&self, account: &Account) -> Standing {
        Standing {
            limits: account.limits.or(self.env.settings().account_limits()),
            today: account.day.on(self.env.day_of(self.env.now())),
        }
    }
}
