//! Amounts that are more likely a slip than meant.

use std::fmt;

use super::{Accounts, subject_of};
use crate::domain::Amount;
use crate::gateway::Error;

/// An amount that is more likely a slip than meant, in minor units: 100000.00 dollars.
const LARGE: u64 = 10_000_000;

/// What is most likely a slip. Displays as a clause, which whoever asks whether it is meant ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slip {
    /// The balance of an account would be negative.
    BelowZero { account: String, balance: String },
    /// The amount is large.
    Large { amount: String },
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slip::BelowZero { account, balance } => {
                write!(f, "the balance of {account} would be {balance}")
            }
            Slip::Large { amount } => write!(f, "{amount} is a large amount"),
        }
    }
}

impl Accounts {
    /// Whether adding an amount to an account is most likely a slip.
    pub async fn find_slip(
        &self,
        reference: String,
        amount: Amount,
    ) -> Result<Option<Slip>, Error> {
        let (account, currency) = (self.find(reference).await?, self.env.settings().currency);
        let after = account.funds.balance.0.saturating_add(amount.0);
        if after < 0 && amount < Amount::ZERO {
            let (account, balance) = (subject_of(&account), currency.text(Amount(after)));
            return Ok(Some(Slip::BelowZero { account, balance }));
        }
        let is_large = amount.0.unsigned_abs() >= LARGE;
        Ok(is_large.then(|| Slip::Large { amount: currency.text(amount) }))
    }
}
