//! Tables that can be pasted into `docs/performance.md`.

use std::time::Duration;

/// Prints which machine this is, without which no figure means anything.
pub fn machine() {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or_default();
    println!(
        "{} cores of {}, Linux {}; load before the run {busy}",
        cores,
        model.trim_start_matches([' ', '\t', ':']).trim(),
        kernel.trim()
    );
}

/// Prints the head of a table.
pub fn head(columns: &[&str]) {
    println!("\n| {} |", columns.join(" | "));
    println!("|{}", " --- |".repeat(columns.len()));
}

/// Prints a row of a table.
pub fn row(cells: &[&str]) {
    println!("| {} |", cells.join(" | "));
}

/// The median, the 99th percentile and the maximum of the durations, in milliseconds.
pub fn percentiles(taken: &mut [Duration]) -> [f64; 3] {
    taken.sort();
    let at = |part: f64| {
        taken[((taken.len() - 1) as f64 * part).round() as usize].as_secs_f64() * 1000.0
    };
    [at(0.5), at(0.99), at(1.0)]
}
