//! Which tables there are, and in which order they can be filled.

use std::path::Path;

use rusqlite::Connection;

use super::super::{StoreError, sqlite};

/// A table of both schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<String>,
    /// The columns of its primary key; none of a table without one.
    key: Vec<String>,
    /// Whether it gives no id twice (AUTOINCREMENT).
    pub remembers_ids: bool,
    /// The other tables that its rows refer to.
    references: Vec<String>,
}

impl Table {
    /// The names of all columns, as they stand in a statement.
    pub fn column_list(&self) -> String {
        quoted(&self.columns).join(", ")
    }

    /// The statement that reads all rows, in the order of the key. Rows without a key are in the
    /// order of all their columns, where it does not matter which of two equal ones is first.
    pub fn select(&self) -> String {
        let order = match self.key.is_empty() {
            true => quoted(&self.columns).join(" NULLS FIRST, ") + " NULLS FIRST",
            false => quoted(&self.key).join(", "),
        };
        format!("SELECT {} FROM \"{}\" ORDER BY {order}", self.column_list(), self.name)
    }

    /// The statement that inserts a row.
    pub fn insert(&self) -> String {
        let values: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        let (columns, values) = (self.column_list(), values.join(", "));
        format!("INSERT INTO \"{}\" ({columns}) VALUES ({values})", self.name)
    }

    /// The statement that removes all rows.
    pub fn delete(&self) -> String {
        format!("DELETE FROM \"{}\"", self.name)
    }
}

fn quoted(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("\"{name}\"")).collect()
}

/// All tables of the newest schema, each after those that its rows refer to. They are those of an
/// empty database, so that a table which another program has made is not among them, as Litestream
/// does in a file.
pub(super) fn tables() -> Result<Vec<Table>, StoreError> {
    let mut conn = Connection::open_in_memory()?;
    sqlite::migrate(&mut conn, Path::new(":memory:"))?;
    let names = texts(
        &conn,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY \
         name",
        [],
    )?;
    let tables: Result<Vec<Table>, StoreError> =
        names.into_iter().map(|name| table(&conn, name)).collect();
    in_order_of_references(tables?)
}

fn table(conn: &Connection, name: String) -> Result<Table, StoreError> {
    let of_table = |sql: &str| texts(conn, sql, [&name]);
    let remembers_ids = of_table(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1 AND sql LIKE '%PRIMARY \
         KEY AUTOINCREMENT%'",
    )?;
    Ok(Table {
        columns: of_table("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?,
        key: of_table("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?,
        references: of_table(
            "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1) WHERE \"table\" <> ?1",
        )?,
        remembers_ids: !remembers_ids.is_empty(),
        name,
    })
}

fn texts<P: rusqlite::Params>(
    conn: &Connection,
    sql: &str,
    values: P,
) -> rusqlite::Result<Vec<String>> {
    conn.prepare(sql)?.query_map(values, |row| row.get(0))?.collect()
}

/// Puts each table after those that its rows refer to.
fn in_order_of_references(mut tables: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let is_there = |name: &String| ordered.iter().any(|table| table.name == *name);
        let (mut ready, waiting): (Vec<Table>, Vec<Table>) =
            tables.into_iter().partition(|table| table.references.iter().all(is_there));
        if ready.is_empty() {
            return Err(StoreError::Other("tables refer to each other in a circle".to_owned()));
        }
        ordered.append(&mut ready);
        tables = waiting;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, references: &[&str]) -> Table {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Table {
            name: name.to_owned(),
            columns: owned(&["id", "at"]),
            key: owned(&["id"]),
            remembers_ids: false,
            references: owned(references),
        }
    }

    fn names(tables: &[Table]) -> Vec<&str> {
        tables.iter().map(|table| table.name.as_str()).collect()
    }

    #[test]
    fn a_table_is_filled_after_those_that_it_refers_to() {
        let tables = vec![table("a", &["b", "c"]), table("b", &["c"]), table("c", &[])];
        assert_eq!(names(&in_order_of_references(tables).unwrap()), ["c", "b", "a"]);
        let circle = vec![table("a", &["b"]), table("b", &["a"])];
        assert!(in_order_of_references(circle).is_err());
    }

    #[test]
    fn all_tables_are_there_with_their_keys() {
        let tables = tables().unwrap();
        let place = |name: &str| tables.iter().position(|table| table.name == name).unwrap();
        assert!(place("account") < place("orders") && place("sim") < place("orders"));
        assert!(place("orders") < place("message") && place("assembly") < place("part"));
        let orders = &tables[place("orders")];
        assert!(orders.remembers_ids && !tables[place("sim")].remembers_ids);
        assert_eq!(orders.key, ["id"]);
        assert_eq!(tables[place("sample")].key, ["topic", "span", "at"]);
        assert!(tables.iter().all(|table| !table.name.starts_with("sqlite_")));
    }

    #[test]
    fn rows_without_a_key_are_in_the_order_of_all_columns() {
        let with_key = table("thing", &[]);
        assert_eq!(with_key.select(), r#"SELECT "id", "at" FROM "thing" ORDER BY "id""#);
        let without = Table { key: Vec::new(), ..with_key };
        assert_eq!(
            without.select(),
            r#"SELECT "id", "at" FROM "thing" ORDER BY "id" NULLS FIRST, "at" NULLS FIRST"#
        );
        assert_eq!(without.insert(), r#"INSERT INTO "thing" ("id", "at") VALUES ($1, $2)"#);
    }
}
