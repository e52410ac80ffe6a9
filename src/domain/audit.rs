//! The vocabulary of the audit: who did what.

use std::fmt;
use std::str::FromStr;

use super::login::{LoginName, Role};
use super::sim::NumberSource;
use super::webhook::OffReason;
use super::{AccountId, EventId};

/// The operator, customer or daemon that did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who may use the admin socket.
    Operator,
    /// A customer, by the account whose key was used.
    Account(AccountId),
    /// The daemon, on its own.
    Daemon,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Operator => f.write_str("operator"),
            Actor::Account(account) => write!(f, "account {account}"),
            Actor::Daemon => f.write_str("daemon"),
        }
    }
}

/// Which person an operator is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Person {
    /// A user of this machine who may use the admin socket.
    User {
        /// The number of the user, which the kernel vouches for.
        uid: u32,
        /// The user's name at that time, unless there was none.
        name: Option<String>,
    },
    /// Somebody who has signed in to the console, by the name of the login.
    Login(LoginName),
}

impl Person {
    /// The number of the user of this machine, if it is one.
    pub fn uid(&self) -> Option<u32> {
        match self {
            Person::User { uid, .. } => Some(*uid),
            Person::Login(_) => None,
        }
    }

    /// The name of the user or the login.
    pub fn name(&self) -> Option<&str> {
        match self {
            Person::User { name, .. } => name.as_deref(),
            Person::Login(name) => Some(name.as_str()),
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Person::User { name: Some(name), .. } => f.write_str(name),
            Person::User { uid, name: None } => write!(f, "uid {uid}"),
            Person::Login(name) => f.write_str(name.as_str()),
        }
    }
}

/// The error for a text that names no actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor is operator, daemon or an account with its id")]
pub struct NotAnActor;

impl FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Actor, NotAnActor> {
        match (text, text.strip_prefix("account ")) {
            ("operator", _) => Ok(Actor::Operator),
            ("daemon", _) => Ok(Actor::Daemon),
            (_, Some(id)) => id.parse().map(Actor::Account).map_err(|_| NotAnActor),
            _ => Err(NotAnActor),
        }
    }
}

/// What was done. It is displayed as the audit stores it: with the actor before it and the subject
/// after it, it reads as a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAction<'a> {
    /// An account or a service was added.
    Added,
    /// A key was added to an account.
    AddedKey,
    /// A key was revoked.
    RevokedKey,
    /// Credit was added to an account.
    ToppedUp,
    /// An account's balance was corrected.
    AdjustedBalance,
    /// All that is kept of an account was handed out.
    Exported,
    /// What is personal of an account was erased.
    Erased,
    /// An account's keys were switched off.
    Suspended,
    /// An account's keys were switched on again.
    Resumed,
    /// Services were imported into the catalogue.
    Imported,
    /// A service was changed.
    Changed,
    /// A service, a SIM or a site was removed.
    Removed,
    /// A service can be ordered again.
    Enabled,
    /// A service cannot be ordered any more.
    Disabled,
    /// A SIM was rented.
    Rented,
    /// A rental was given another term by its customer.
    Extended,
    /// A rental is renewed at its end from now on.
    SwitchedAutoRenewalOn,
    /// A rental is not renewed at its end any more.
    SwitchedAutoRenewalOff,
    /// A rental was given another term at its end.
    Renewed,
    /// A rental that had ended runs again.
    Revived,
    /// A rental was ended.
    Ended,
    /// The operator moved a rental to another SIM.
    Moved,
    /// The operator let a rental run on for some days.
    GaveDays,
    /// The operator canceled an order.
    Canceled,
    /// The operator let an account have a number again that it had skipped.
    UndidSkip,
    /// What an order or a rental had been charged was given back.
    Refunded,
    /// The operator gave a message to the order that it was for.
    Delivered,
    /// A customer was shown a message for the first time.
    Saw,
    /// The operator was shown messages.
    SawMessages,
    /// The operator was shown who had a number when, and what came to it.
    SawHolders,
    /// A message is kept from customers by this rule of the block list.
    Withheld {
        /// The name of the rule.
        rule: &'a str,
    },
    /// The operator set a SIM's number.
    SetNumber,
    /// The operator had a SIM's number forgotten.
    ClearedNumber,
    /// A SIM's number was learnt from this source.
    LearntNumber { source: NumberSource },
    /// A SIM's number was written onto its card.
    WroteNumber,
    /// The operator said that a number counts as used for a service.
    MarkedUsed,
    /// The operator said that a number's uses for a service count for nothing.
    MarkedUnused,
    /// The operator set what a SIM is sold for.
    SetPool,
    /// The operator set until when a SIM, or a number for a service, is given to nobody.
    SetRest,
    /// The operator had forgotten what speaks against a number for a service, or a SIM.
    ClearedHealth,
    /// A SIM is not sold any more.
    Retired,
    /// A SIM that was retired is sold again.
    TookBack,
    /// The operator allowed that a card's PIN is tried once more.
    AllowedPin,
    /// A command was sent to a modem.
    SentCommand,
    /// A USSD code was sent by a modem.
    SentUssd,
    /// A modem was reset.
    Reset,
    /// A modem's conversation was read.
    Recorded,
    /// The operator switched a bank to a slot.
    SwitchedByHand,
    /// A copy of the database was sent to an operator, to be written to a file.
    Copied,
    /// The operator noted that an alarm is known.
    Acknowledged,
    /// The configuration was read again and changes of it were applied.
    Reloaded,
    /// A webhook endpoint was given a new secret.
    ChangedSecret,
    /// An event was sent to a webhook endpoint once more.
    SentAgain { event: EventId },
    /// A webhook endpoint was switched off for this reason.
    SwitchedEndpointOff { reason: OffReason },
    /// An operator or a customer was given a link that sets a password and signs in.
    Invited,
    /// A login lost its password and its second factor, and was given a new link.
    ResetLogin,
    /// An operator was given this role.
    SetRole { role: Role },
    /// Somebody signed in.
    SignedIn,
    /// Somebody signed in with a recovery code in place of a second factor's.
    UsedRecoveryCode,
    /// Somebody signed out.
    SignedOut,
    /// A session of somebody's was ended by that person, from another one.
    EndedSession,
    /// Somebody changed the own password.
    ChangedPassword,
    /// Somebody added a second factor, with recovery codes.
    AddedSecondFactor,
    /// Somebody had the own recovery codes replaced by new ones.
    ReplacedRecoveryCodes,
    /// Somebody took the own second factor away.
    RemovedSecondFactor,
}

impl fmt::Display for AuditAction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AuditAction::Withheld { rule } => return write!(f, "withheld, rule {rule}"),
            AuditAction::LearntNumber { source } => {
                return write!(f, "learned by {} the number of", source.as_str());
            }
            AuditAction::SentAgain { event } => {
                return write!(f, "sent event {event} again to");
            }
            AuditAction::SwitchedEndpointOff { reason } => {
                return write!(f, "switched off, reason {},", reason.as_str());
            }
            AuditAction::SetRole { role } => {
                return write!(f, "gave the role {} to", role.as_str());
            }
            AuditAction::Invited => "invited",
            AuditAction::ResetLogin => "reset",
            AuditAction::SignedIn => "signed in as",
            AuditAction::UsedRecoveryCode => "signed in by a recovery code as",
            AuditAction::SignedOut => "signed out of",
            AuditAction::EndedSession => "ended a session of",
            AuditAction::ChangedPassword => "changed the password of",
            AuditAction::AddedSecondFactor => "added a second factor to",
            AuditAction::ReplacedRecoveryCodes => "replaced the recovery codes of",
            AuditAction::RemovedSecondFactor => "removed the second factor of",
            AuditAction::ChangedSecret => "changed the secret of",
            AuditAction::Added => "added",
            AuditAction::AddedKey => "added a key",
            AuditAction::RevokedKey => "revoked a key",
            AuditAction::ToppedUp => "topped up",
            AuditAction::AdjustedBalance => "adjusted the balance",
            AuditAction::Exported => "exported",
            AuditAction::Erased => "erased",
            AuditAction::Suspended => "suspended",
            AuditAction::Resumed => "resumed",
            AuditAction::Imported => "imported",
            AuditAction::Changed => "changed",
            AuditAction::Removed => "removed",
            AuditAction::Enabled => "enabled",
            AuditAction::Disabled => "disabled",
            AuditAction::Rented => "rented",
            AuditAction::Extended => "extended",
            AuditAction::SwitchedAutoRenewalOn => "switched auto-renewal on",
            AuditAction::SwitchedAutoRenewalOff => "switched auto-renewal off",
            AuditAction::Renewed => "renewed",
            AuditAction::Revived => "revived",
            AuditAction::Ended => "ended",
            AuditAction::Moved => "moved",
            AuditAction::GaveDays => "gave free days to",
            AuditAction::Canceled => "canceled",
            AuditAction::UndidSkip => "undid a skip of",
            AuditAction::Refunded => "refunded",
            AuditAction::Delivered => "delivered",
            AuditAction::Saw => "saw",
            AuditAction::SawMessages => "saw the messages",
            AuditAction::SawHolders => "saw who had",
            AuditAction::SetNumber => "set the number of",
            AuditAction::ClearedNumber => "cleared the number of",
            AuditAction::WroteNumber => "wrote its number onto",
            AuditAction::MarkedUsed => "marked as used",
            AuditAction::MarkedUnused => "marked as unused",
            AuditAction::SetPool => "set the pool of",
            AuditAction::SetRest => "set the rest of",
            AuditAction::ClearedHealth => "cleared the health of",
            AuditAction::Retired => "retired",
            AuditAction::TookBack => "undid the retirement of",
            AuditAction::AllowedPin => "allowed another try of the PIN of",
            AuditAction::SentCommand => "sent a command to",
            AuditAction::SentUssd => "sent a USSD code by",
            AuditAction::Reset => "reset",
            AuditAction::Recorded => "recorded",
            AuditAction::SwitchedByHand => "switched by hand",
            AuditAction::Copied => "took a copy of",
            AuditAction::Acknowledged => "acknowledged",
            AuditAction::Reloaded => "reloaded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_read_as_they_are_written() {
        for actor in [Actor::Operator, Actor::Daemon, Actor::Account(AccountId(7))] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        for text in ["", "account", "account x", "Operator"] {
            assert_eq!(text.parse::<Actor>(), Err(NotAnActor), "{text}");
        }
    }

    #[test]
    fn actions_read_on_as_sentences() {
        let withheld = AuditAction::Withheld { rule: "banks" };
        assert_eq!(withheld.to_string(), "withheld, rule banks");
        let learnt = AuditAction::LearntNumber { source: NumberSource::Ussd };
        assert_eq!(learnt.to_string(), "learned by ussd the number of");
    }
}
