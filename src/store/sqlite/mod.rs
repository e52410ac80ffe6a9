//! SQLite: the database's files, its migrations, and how statements are carried out.

mod backup_file;
mod copied_file;
mod copy;
mod file;
mod migrate;
mod readers;
mod source_file;
mod statements;
mod writer;

pub use backup_file::BackupFile;
pub(super) use copied_file::CopiedFile;
pub(super) use copy::{copies, copy_into};
pub(super) use file::OpenFiles;
pub(super) use migrate::{migrate, newest_schema};
pub(super) use readers::Readers;
pub(super) use source_file::SourceFile;
pub(super) use statements::{change, insert, last_id_of, run, touch, visit};
pub(super) use writer::{GROUP, Writer};

#[cfg(test)]
pub(super) use {
    file::configure,
    migrate::tests::{NEWEST, made_by},
};
