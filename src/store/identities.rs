//! Identities as columns and parameters of statements. What a column holds was checked before it
//! was stored, so it is taken as it is.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};

use crate::domain::{Iccid, Imsi, ModemId, Msisdn, PortName};

macro_rules! stored_as_text {
    ($($identity:ident),*) => {$(
        impl ToSql for $identity {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $identity {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$identity> {
                value.as_str().map($identity::from_stored)
            }
        }
    )*};
}

stored_as_text!(Iccid, Imsi, ModemId, Msisdn, PortName);
