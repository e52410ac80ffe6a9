//! SQLite: the database's files, its migrations, and how statements are carried out.

mod backup_file;
mod copy;
mod file;
mod migrate;
mod readers;
mod statements;
mod writer;

pub use backup_file::BackupFile;
pub(super) use copy::{copies, copy_into};
pub(super) use file::OpenFiles;
pub(super) use readers::Readers;
pub(super) use statements::{change, insert, last_id_of, run, touch, visit};
pub(super) use writer::Writer;

#[cfg(test)]
pub(super) use {
    file::configure,
    migrate::migrate,
    migrate::tests::{NEWEST, made_by},
};
