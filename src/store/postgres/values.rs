//! Values between PostgreSQL's types and those of rusqlite, which both engines' rows and parameters
//! have.

use std::error::Error;

use rusqlite::types::{ToSqlOutput, Type as Kind, Value, ValueRef};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Fault = Box<dyn Error + Sync + Send>;

/// A row of a statement's result.
pub(in crate::store) struct Row(pub tokio_postgres::Row);

impl Row {
    /// The value of a column, counted from 0.
    pub fn get_ref(&self, column: usize) -> rusqlite::Result<ValueRef<'_>> {
        let value = self.0.try_get::<_, Option<Column<'_>>>(column);
        let value = value.map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(column, Kind::Null, Box::new(error))
        })?;
        Ok(value.map_or(ValueRef::Null, |column| column.0))
    }
}

/// A value that is not NULL.
struct Column<'r>(ValueRef<'r>);

impl<'r> FromSql<'r> for Column<'r> {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Column<'r>, Fault> {
        Ok(Column(match *kind {
            Type::INT8 => ValueRef::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => ValueRef::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => ValueRef::Integer(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => ValueRef::Integer(bool::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => ValueRef::Real(f64::from_sql(kind, raw)?),
            Type::BYTEA => ValueRef::Blob(raw),
            _ => ValueRef::Text(raw),
        }))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8
                | Type::INT4
                | Type::INT2
                | Type::BOOL
                | Type::FLOAT8
                | Type::BYTEA
                | Type::TEXT
                | Type::VARCHAR
                | Type::UNKNOWN
        )
    }
}

/// A value for a parameter.
#[derive(Debug)]
pub(super) struct Parameter(Value);

impl Parameter {
    pub fn of(value: ToSqlOutput<'_>) -> rusqlite::Result<Parameter> {
        match value {
            ToSqlOutput::Owned(value) => Ok(Parameter(value)),
            ToSqlOutput::Borrowed(value) => Ok(Parameter(value.try_into()?)),
            _ => Err(rusqlite::Error::ToSqlConversionFailure("a value of no known kind".into())),
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match (&self.0, kind) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Integer(value), &Type::INT8) => value.to_sql(kind, out),
            (Value::Integer(value), &Type::INT4) => i32::try_from(*value)?.to_sql(kind, out),
            (Value::Integer(value), &Type::BOOL) => (*value != 0).to_sql(kind, out),
            (Value::Real(value), &Type::FLOAT8) => value.to_sql(kind, out),
            (Value::Text(value), &Type::TEXT) => value.to_sql(kind, out),
            (Value::Blob(value), &Type::BYTEA) => value.to_sql(kind, out),
            (value, kind) => Err(format!("{:?} is no {kind}", value.data_type()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
