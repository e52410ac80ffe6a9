//! TP-Protocol-Identifier (23.040 9.2.3.9).

/// The protocol identifier, as it came. It never keeps a message from being read: every value may
/// carry a text. [`Deliver::purpose`](super::Deliver::purpose) says whether that is for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pid(pub u8);

impl Pid {
    /// A return call message: the number to call stands in its originating address, and its text
    /// may say how many messages wait.
    pub const RETURN_CALL: Pid = Pid(0x5f);

    /// A short message type 0: to be acknowledged and otherwise ignored by a handset; it says
    /// nothing to anyone.
    #[must_use]
    pub fn is_type_0(self) -> bool {
        self.0 == 0x40
    }

    /// The number (1–7) of a "replace short message type": a message that replaces an earlier one
    /// with the same number and address. Nothing is replaced here, both are kept.
    #[must_use]
    pub fn replaces(self) -> Option<u8> {
        (0x41..=0x47).contains(&self.0).then_some(self.0 & 0x07)
    }

    /// Whether the content is for the card or the mobile equipment: ANSI-136 R-DATA, data download
    /// to the mobile equipment, its de-personalisation, and data download to the SIM.
    #[must_use]
    pub fn is_data_download(self) -> bool {
        (0x7c..=0x7f).contains(&self.0)
    }
}
