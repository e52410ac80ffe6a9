//! The ledger: entries are only added, each once, and the account's funds are updated in the same
//! transaction.

use rusqlite::params;

use super::engine::{Row, parsed};
use super::listing::{ListFilter, Listed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::ledger::{EntryKind, Posting, top_up_reference};
use crate::domain::price::Price;
use crate::domain::{AccountId, Amount, Currency, Funds, OrderId, RentalId, Timestamp};

/// Whether a posting was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It was applied now; these are the account's funds after it.
    Now(Funds),
    /// An entry with the same cause was applied before, so nothing was changed.
    Before,
}

/// When an entry is made, and with which key it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion<'o> {
    pub at: Timestamp,
    /// When the day began that this is on.
    pub today: Timestamp,
    /// The key's first characters, if a customer's request is the cause.
    pub key: Option<&'o str>,
}

/// The day on which an entry counts as spent, and the key with which it was.
type Spending = (Option<Timestamp>, Option<String>);

/// An entry as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The row's id; newer entries have greater ones.
    pub id: i64,
    /// What kind of entry it is.
    pub kind: EntryKind,
    pub balance: Amount,
    pub held: Amount,
    /// The currency of the accounts, in which the amounts are.
    pub currency: String,
    /// The order that it belongs to.
    pub order: Option<OrderId>,
    /// The rental that it belongs to.
    pub rental: Option<RentalId>,
    /// The price as the operator declared it, and the rate at which it was converted;
    /// only for charges whose price may be in another currency.
    pub price: Option<(Price, String)>,
    /// How many months a rental's term has, if that was kept.
    pub months: Option<u32>,
    /// The operator's note, for an adjustment or a refund.
    pub note: Option<String>,
    /// Whether the entry's customer is shown the note.
    pub is_note_shown: bool,
    /// The operator's reference for a payment, for a top-up.
    pub reference: Option<String>,
    /// The first characters of the key with which it was asked for, or what it gives back was.
    pub key: Option<String>,
    pub at: Timestamp,
    /// The account's funds after it, if that was kept.
    pub after: Option<Funds>,
}

/// The sums of all entries of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntrySums {
    pub kind: EntryKind,
    pub entries: i64,
    /// What they add to balances, in minor units.
    pub balance_minor: i64,
    /// What they add to holds, in minor units.
    pub held_minor: i64,
}

pub(super) const ENTRY: &str = "SELECT id, kind, balance_minor, held_minor, currency, order_id, \
                                rental_id, price_minor, price_currency, rate, note, created_at, \
                                key_prefix, months, cause, balance_after, held_after, note_shown \
                                FROM ledger";

const LISTED: Listed = Listed {
    table: "ledger",
    id: "id",
    time: "created_at",
    account: "account_id = ?",
    has_account_index: true,
    ..Listed::UNFILTERED
};

/// The funds in two columns from this one on, unless they are NULL.
fn funds(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Funds>> {
    let (balance, held): (Option<i64>, Option<i64>) = (row.get(column)?, row.get(column + 1)?);
    let funds = |(balance, held)| Funds { balance: Amount(balance), held: Amount(held) };
    Ok(balance.zip(held).map(funds))
}

pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let price = row.get::<Option<i64>>(7)?.map(Amount);
    let price = match (price, row.get::<Option<String>>(8)?, row.get::<Option<String>>(9)?) {
        (Some(amount), Some(currency), Some(rate)) => {
            currency.parse().ok().map(|currency| (Price { amount, currency }, rate))
        }
        _ => None,
    };
    let reference_in = |cause: &str| top_up_reference(cause).map(str::to_owned);
    Ok(Entry {
        id: row.get(0)?,
        kind: parsed(row, 1)?,
        balance: Amount(row.get(2)?),
        held: Amount(row.get(3)?),
        currency: row.get(4)?,
        order: row.get::<Option<i64>>(5)?.map(OrderId),
        rental: row.get::<Option<i64>>(6)?.map(RentalId),
        price,
        note: row.get(10)?,
        at: Timestamp(row.get(11)?),
        key: row.get(12)?,
        months: row.get(13)?,
        reference: reference_in(row.get_ref(14)?.as_str()?),
        after: funds(row, 15)?,
        is_note_shown: row.get(17)?,
    })
}

impl ReadTx<'_> {
    /// The entries that a filter selects, oldest first.
    pub fn ledger(&self, filter: &ListFilter) -> Result<Vec<Entry>, StoreError> {
        self.list(ENTRY, &LISTED, filter, entry)
    }

    /// What the entries of an account after one have added to its funds, up to the next entry of
    /// which it is known what the funds were after it; and those, if there is such an entry.
    pub fn ledger_sums_after(
        &self,
        account: AccountId,
        entry: i64,
    ) -> Result<(Funds, Option<Funds>), StoreError> {
        let sql = "SELECT id, balance_after, held_after FROM ledger WHERE account_id = $1 AND id > \
                   $2 AND balance_after IS NOT NULL ORDER BY id LIMIT 1";
        let known =
            self.first(sql, [account.0, entry], |row| Ok((row.get::<i64>(0)?, funds(row, 1)?)))?;
        let (last, after) = known.unwrap_or((i64::MAX, None));
        let sql = "SELECT CAST(coalesce(sum(balance_minor), 0) AS bigint), \
                   CAST(coalesce(sum(held_minor), 0) AS bigint) FROM ledger WHERE account_id = $1 \
                   AND id > $2 AND id <= $3";
        let sums = self.first(sql, [account.0, entry, last], |row| funds(row, 0))?;
        Ok((sums.flatten().unwrap_or_default(), after))
    }

    /// Goes through the entries of an account's ledger that were made at `from` or later, the
    /// newest first: the kind of each, its time, and what it changes the balance by. `take` says
    /// whether to go on.
    pub fn visit_entries_since(
        &self,
        account: AccountId,
        from: Timestamp,
        mut take: impl FnMut(EntryKind, Timestamp, Amount) -> bool,
    ) -> Result<(), StoreError> {
        let sql = "SELECT kind, created_at, balance_minor FROM ledger WHERE account_id = $1 ORDER \
                   BY id DESC";
        self.visit(sql, [account.0], |row| {
            let at = Timestamp(row.get(1)?);
            Ok(at >= from && take(parsed(row, 0)?, at, Amount(row.get(2)?)))
        })
    }

    /// An order's entries, oldest first.
    pub fn ledger_of_order(&self, order: OrderId) -> Result<Vec<Entry>, StoreError> {
        self.all(&format!("{ENTRY} WHERE order_id = $1 ORDER BY id"), [order.0], entry)
    }

    /// What was given back of an order's charge, if anything was.
    pub fn refund_of(&self, order: OrderId) -> Result<Option<Amount>, StoreError> {
        let sql = "SELECT balance_minor FROM ledger WHERE order_id = $1 AND kind = 'refund'";
        self.first(sql, [order.0], |row| row.get(0).map(Amount))
    }

    /// A rental's entries, oldest first.
    pub fn ledger_of_rental(&self, rental: RentalId) -> Result<Vec<Entry>, StoreError> {
        self.all(&format!("{ENTRY} WHERE rental_id = $1 ORDER BY id"), [rental.0], entry)
    }

    /// The sums of an account's entries, which its balance and holds must equal.
    pub fn ledger_sums(&self, account: AccountId) -> Result<Funds, StoreError> {
        let sql = "SELECT CAST(coalesce(sum(balance_minor), 0) AS bigint), \
                   CAST(coalesce(sum(held_minor), 0) AS bigint) FROM ledger WHERE account_id = $1";
        let sums = self.first(sql, [account.0], |row| {
            Ok(Funds { balance: Amount(row.get(0)?), held: Amount(row.get(1)?) })
        })?;
        Ok(sums.unwrap_or_default())
    }

    /// The id of the ledger's newest entry; 0 if there is none.
    pub fn newest_entry(&self) -> Result<i64, StoreError> {
        self.number("SELECT coalesce(max(id), 0) FROM ledger", [])
    }

    /// The sums, by kind, of the entries after `after` up to `last`. With this a caller that needs
    /// the sums of the whole ledger repeatedly reads only the new entries.
    pub fn sums_between(&self, after: i64, last: i64) -> Result<Vec<EntrySums>, StoreError> {
        let sql = "SELECT kind, count(*), CAST(sum(balance_minor) AS bigint), CAST(sum(held_minor) \
                   AS bigint) FROM ledger WHERE id > $1 AND id <= $2 GROUP BY kind ORDER BY kind";
        self.all(sql, [after, last], |row| {
            Ok(EntrySums {
                kind: parsed(row, 0)?,
                entries: row.get(1)?,
                balance_minor: row.get(2)?,
                held_minor: row.get(3)?,
            })
        })
    }

    /// The account of the entry with the same cause as a posting, and what it added to the balance
    /// and to the holds.
    pub fn posted(
        &self,
        posting: &Posting,
    ) -> Result<Option<(AccountId, Amount, Amount)>, StoreError> {
        let sql = "SELECT account_id, balance_minor, held_minor FROM ledger WHERE cause = $1";
        self.first(sql, [posting.cause()], |row| {
            Ok((AccountId(row.get(0)?), Amount(row.get(1)?), Amount(row.get(2)?)))
        })
    }
}

impl WriteTx<'_> {
    /// Adds an entry and updates the account's funds, and what it and the key have spent on the
    /// day. An entry with the same cause as an earlier one is not applied again.
    pub fn post(
        &self,
        account: AccountId,
        posting: &Posting,
        currency: Currency,
        occasion: Occasion<'_>,
    ) -> Result<Applied, StoreError> {
        let (balance, held) = posting.effects();
        let fault = |fault| StoreError::Row { table: "account", key: account.to_string(), fault };
        if !self.may_be_given_back(account, posting)? {
            return Err(fault("would be given back more than it was charged"));
        }
        let before = self.account(account)?.ok_or_else(|| fault("does not exist"))?;
        let today = before.day.day_of(occasion.today);
        let (day, key) = self.spending_of(posting, Occasion { today, ..occasion })?;
        let after = before.funds.after(posting);
        let sql = "INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, \
                   order_id, rental_id, price_minor, price_currency, rate, note, cause, \
                   created_at, day, key_prefix, months, balance_after, held_after, note_shown) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
                   $17, $18, $19) ON CONFLICT (cause) DO NOTHING";
        let (charge, months) = posting.term().unzip();
        let values = params![
            account.0,
            posting.kind().as_str(),
            balance.0,
            held.0,
            currency.to_string(),
            posting.order().map(|order| order.0),
            posting.rental().map(|rental| rental.0),
            charge.map(|charge| charge.price.amount.0),
            charge.map(|charge| charge.price.currency.to_string()),
            charge.map(|charge| charge.rate.to_string()),
            posting.note(),
            posting.cause(),
            occasion.at.0,
            day.map(|day| day.0),
            key,
            months,
            after.map(|after| after.balance.0),
            after.map(|after| after.held.0),
            posting.note().is_some()
        ];
        if self.change_counted(sql, values)? == 0 {
            return Ok(Applied::Before);
        }
        let funds =
            after.ok_or_else(|| fault("cannot take the entry: its holds would be negative"))?;
        let used = day.map_or(before.day, |day| before.day.after(posting, day));
        self.set_funds(account, funds, used)?;
        if let Some((day, key)) = day.zip(key)
            && let Some(used) = self.key_day(account, &key)?
        {
            self.save_key_day(account, &key, used.after(posting, day))?;
        }
        Ok(Applied::Now(funds))
    }

    /// Whether what a posting gives back is at most what the account was charged, which is true of
    /// one that gives nothing back.
    fn may_be_given_back(&self, account: AccountId, posting: &Posting) -> Result<bool, StoreError> {
        let (sql, cause, amount) = match posting {
            Posting::Refund { amount, order, .. } => (
                "SELECT coalesce(min(-balance_minor), 0) FROM ledger WHERE order_id = $1 AND \
                 account_id = $2 AND kind = 'capture'",
                order.0,
                amount,
            ),
            Posting::RentalRefund { amount, rental, .. } => (
                "SELECT CAST(coalesce(-sum(balance_minor), 0) AS bigint) FROM ledger WHERE \
                 rental_id = $1 AND account_id = $2",
                rental.0,
                amount,
            ),
            _ => return Ok(true),
        };
        let charged = self.number(sql, [cause, account.0])?;
        Ok((1..=charged).contains(&amount.0))
    }

    /// On which day an entry counts as spent, and with which key: those of its hold, if it gives
    /// something of it back. What the operator adds or takes is not spent, what was held is not
    /// spent again when it is charged, and what a rental gives back was spent on days long ago.
    fn spending_of(
        &self,
        posting: &Posting,
        occasion: Occasion<'_>,
    ) -> Result<Spending, StoreError> {
        match posting {
            Posting::Hold { .. } | Posting::Term { .. } => {
                Ok((Some(occasion.today), occasion.key.map(str::to_owned)))
            }
            Posting::Release { order, .. } | Posting::Refund { order, .. } => {
                let sql =
                    "SELECT day, key_prefix FROM ledger WHERE order_id = $1 AND kind = 'hold'";
                let of_hold = self.first(sql, [order.0], |row| {
                    Ok((row.get::<Option<i64>>(0)?.map(Timestamp), row.get(1)?))
                })?;
                Ok(of_hold.unwrap_or_default())
            }
            Posting::Capture { .. }
            | Posting::TopUp { .. }
            | Posting::Adjustment { .. }
            | Posting::RentalRefund { .. } => Ok((None, None)),
        }
    }
}
