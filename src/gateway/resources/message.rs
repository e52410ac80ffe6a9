//! A message as customers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::message::Message;

/// A message of an order or a rental.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageResource {
    pub id: i64,
    /// The sender as it was displayed: a number, or a name that proves nothing.
    pub sender: Option<String>,
    /// The text; `null` once it is not kept any more.
    pub text: Option<String>,
    /// The code that was found in the text.
    pub code: Option<String>,
    /// When it was received; of a long message its last part.
    pub received_at: String,
    /// Whether all parts of a long message have come.
    pub complete: bool,
}

impl MessageResource {
    /// A message as its customer sees it; `None` of one that is withheld from customers.
    pub fn of(message: Message) -> Option<MessageResource> {
        let Message { id, sender, text, code, received_at, complete, withheld, .. } = message;
        let received_at = received_at.to_string();
        let shown = MessageResource { id: id.0, sender, text, code, received_at, complete };
        withheld.is_none().then_some(shown)
    }
}
