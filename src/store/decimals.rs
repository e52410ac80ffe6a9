//! How many decimals the amounts in the database have.

use super::{ReadTx, StoreError, WriteTx};

impl ReadTx<'_> {
    /// How many decimals all amounts have.
    pub fn decimals(&self) -> Result<u32, StoreError> {
        let kept = self.first("SELECT decimals FROM money", [], |row| row.get(0))?;
        let fault = "does not exist";
        kept.ok_or_else(|| StoreError::Row { table: "money", key: "1".to_owned(), fault })
    }
}

impl WriteTx<'_> {
    /// Lets amounts have so many decimals from now on, unless there may be some already: whatever
    /// has an amount belongs to an account or a service. Returns whether they have.
    pub fn set_decimals(&self, decimals: u32) -> Result<bool, StoreError> {
        let sql = "UPDATE money SET decimals = $1 WHERE NOT EXISTS (SELECT 1 FROM account) AND \
                   NOT EXISTS (SELECT 1 FROM service)";
        Ok(self.change_counted(sql, [decimals])? == 1)
    }
}
