//! A wrong PIN is entered once and never again for that card (I10), whatever restarts.
//!
//! A card is known by its ICCID where it tells it before its PIN, else by the IMEI of its modem: a
//! digest of four digits would be as good as the digits. A try that was taken is forgotten, so that
//! a right PIN works at every start.

use super::{Error, Gateway};

fn card(imei: &str, iccid: Option<&str>) -> String {
    iccid.map_or_else(|| format!("imei {imei}"), |iccid| format!("iccid {iccid}"))
}

impl Gateway {
    /// Whether a PIN may be entered now. When it may, that it is tried is on disk.
    pub async fn may_enter_pin(&self, imei: &str, iccid: Option<&str>) -> Result<bool, Error> {
        let (now, card) = (self.now(), card(imei, iccid));
        self.store.write(move |tx| Ok(tx.note_pin_try(&card, now)?)).await
    }

    /// The card took the PIN.
    pub async fn pin_accepted(&self, imei: &str, iccid: Option<&str>) -> Result<(), Error> {
        let card = card(imei, iccid);
        self.store.write(move |tx| Ok(tx.forget_pin_try(&card)?)).await
    }
}
