//! Numbers that the network told when the operator had it asked.

use super::{Error, Gateway, SimView};
use crate::sms::number_in_ussd;

impl Gateway {
    /// Takes the number out of the network's answer to a USSD code. It counts as the operator's own word, who had the code sent.
    pub async fn number_told(&self, iccid: String, text: &str) -> Result<SimView, Error> {
        let number = number_in_ussd(text, None).ok_or_else(|| {
            Error::refused("there is no number in the network's answer; set it by `simbridge sim set-number`")
        })?;
        self.set_number(iccid, number).await
    }
}
