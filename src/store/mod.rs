//! SQLite: the writer, the readers, a file per aggregate.
