//! What `/proc` says about a process.

use std::time::Duration;

/// The CPU time of a process, user and system together, from `/proc/PID/stat` (proc(5): fields 14
/// and 15, in ticks of 10 ms).
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 =
        after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// The CPU time to the nanosecond, but only of threads that exist now. It is for processes that do
/// almost nothing.
pub fn cpu_of_threads(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of_thread = |thread: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        stat.split(' ')
            .next()
            .and_then(|nanos| nanos.parse().ok())
            .map_or(Duration::ZERO, Duration::from_nanos)
    };
    threads.flatten().map(of_thread).sum()
}

/// How often the present threads of a process have waited for something, which is how often they
/// were woken.
pub fn wakeups(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of_thread = |thread: std::fs::DirEntry| {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let waits = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        waits.and_then(|waits| waits.trim().parse::<u64>().ok()).unwrap_or_default()
    };
    threads.flatten().map(of_thread).sum()
}

/// The anonymous memory that a process uses, in KiB, from `/proc/PID/smaps_rollup`.
/// (`Private_Dirty` would include the program's file while it has just been built and is not on
/// disk yet.)
pub fn private_kib(pid: u32) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let anonymous = maps.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    anonymous.trim().trim_end_matches(" kB").parse().unwrap()
}
