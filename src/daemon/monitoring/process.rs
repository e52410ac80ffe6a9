//! The resources that the process uses, and the space that is left on its disk.

use std::path::Path;

/// The resources of the process at one moment. What cannot be read is `None`.
#[derive(Debug)]
pub(super) struct Process {
    pub cpu_seconds: f64,
    pub memory_bytes: Option<u64>,
    pub open_files: Option<usize>,
    pub max_files: Option<u64>,
    pub threads: Option<u64>,
}

impl Process {
    pub fn now() -> Process {
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Process {
            cpu_seconds: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
            memory_bytes: number(&status, "VmRSS:").map(|kib| kib * 1024),
            open_files: std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
            max_files: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
            threads: number(&status, "Threads:"),
        }
    }
}

/// The number in a line of `/proc/self/status`.
fn number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disk {
    pub free_bytes: u64,
    pub size_bytes: u64,
}

impl Disk {
    /// The file system that a file is on.
    pub fn of_file(path: &Path) -> Option<Disk> {
        let disk = rustix::fs::statvfs(path).ok()?;
        Some(Disk {
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            size_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
        })
    }

    /// Whether less than a twentieth is left, or less than 200 MB of a disk of more than 400 MB.
    pub fn is_low(self) -> bool {
        const LITTLE: u64 = 200_000_000;
        self.free_bytes < self.size_bytes / 20
            || (self.free_bytes < LITTLE && self.size_bytes > 2 * LITTLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_its_disk() {
        let process = Process::now();
        assert!(process.cpu_seconds > 0.0 && process.memory_bytes > Some(1_000_000), "{process:?}");
        assert!(process.open_files > Some(2) && process.threads >= Some(2), "{process:?}");
        let disk = Disk::of_file(Path::new("/proc/self/exe")).unwrap();
        assert!(disk.size_bytes >= disk.free_bytes && disk.size_bytes > 0, "{disk:?}");
        assert!(Disk::of_file(Path::new("/no/such/file")).is_none());
    }

    #[test]
    fn a_low_disk() {
        for (free_bytes, size_bytes, low) in [
            (1_000_000_000, 30_000_000_000, true),
            (2_000_000_000, 30_000_000_000, false),
            (150_000_000, 1_000_000_000, true),
            (50_000_000, 100_000_000, false),
            (4_000_000, 100_000_000, true),
        ] {
            assert_eq!(
                Disk { free_bytes, size_bytes }.is_low(),
                low,
                "{free_bytes} of {size_bytes}"
            );
        }
    }
}
