//! The processes of this machine, as `/proc` lists them.

use std::fs;
use std::path::PathBuf;

/// A process that was running when `/proc` was read.
pub(super) struct Process {
    pub pid: u32,
    folder: PathBuf,
}

/// Lists the processes of this machine.
pub(super) fn processes() -> impl Iterator<Item = Process> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        Some(Process { pid, folder: entry.path() })
    })
}

/// The process ID of a running program. The kernel keeps only the first 15 bytes of its name.
pub fn pid_of_program(name: &str) -> Option<u32> {
    processes().find(|process| process.program() == name).map(|process| process.pid)
}

impl Process {
    /// The name of the program; empty when the process has ended.
    pub fn program(&self) -> String {
        fs::read_to_string(self.folder.join("comm")).unwrap_or_default().trim().to_owned()
    }

    /// The paths of the files that the process has open. There are none when it has ended, or when
    /// this process may not see them.
    pub fn open_files(&self) -> impl Iterator<Item = PathBuf> {
        let files = fs::read_dir(self.folder.join("fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_with_its_program_and_files() {
        let own = processes().find(|process| process.pid == std::process::id()).unwrap();
        let program = own.program();
        assert!(!program.is_empty() && pid_of_program(&program).is_some());
        let manifest = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let _open = fs::File::open(&manifest).unwrap();
        assert!(own.open_files().any(|file| file == manifest.canonicalize().unwrap()));
    }
}
