//! What an order, a rental or an account shows of its past: ledger entries and messages.

use serde_json::Value;

use super::{message, print};

const AWAITED: &[&str] = &["sender", "arrived", "parts", "since", "until"];
const ENTRY: &[&str] = &[
    "id",
    "at",
    "kind",
    "amount",
    "hold",
    "?currency",
    "order",
    "rental",
    "?price",
    "?rate",
    "?key",
    "note",
];

/// Prints an order or a rental with its ledger entries and messages.
pub(super) fn print_history(
    json: bool,
    shown: &Value,
    fields: &[&str],
    inboxes: &[&str],
) -> anyhow::Result<()> {
    if json {
        return print::json(shown);
    }
    print::fields(shown, fields)?;
    print::heading("ledger")?;
    print::table(&entries(shown.get("ledger")), ENTRY, "nothing")?;
    for inbox in inboxes {
        print::heading(inbox)?;
        message::table(shown.get(inbox).unwrap_or(&Value::Null), "none")?;
    }
    print_awaited(shown)
}

/// Entries of a ledger as people read them: what an entry adds is an amount, and the balance is the
/// account's after it.
pub(super) fn entries(entries: Option<&Value>) -> Value {
    let mut entries = entries.cloned().unwrap_or_default();
    for entry in entries.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for (added, after, shown) in
            [("balance", "balance_after", "amount"), ("held", "held_after", "hold")]
        {
            let change = entry.remove(added).unwrap_or_default();
            entry.insert(shown.to_owned(), change);
            let after = entry.remove(after).unwrap_or_default();
            entry.insert(added.to_owned(), after);
        }
    }
    entries
}

/// Prints the long messages whose rest is awaited, if there are any.
pub(super) fn print_awaited(shown: &Value) -> anyhow::Result<()> {
    match shown.get("awaited") {
        Some(messages) if messages.as_array().is_some_and(|all| !all.is_empty()) => {
            print::heading("long messages whose rest is awaited")?;
            print::table(messages, AWAITED, "")
        }
        _ => Ok(()),
    }
}
