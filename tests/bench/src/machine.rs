//! What is measured on: printed with every result, because only ratios travel.

use std::fs;

/// One line: processor, cores, memory, kernel.
#[must_use]
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor =
        field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| gibibytes(&text))
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{processor}, {cores} cores, {memory} GiB, Linux {}",
        kernel.trim()
    )
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// From `24396348 kB`.
fn gibibytes(text: &str) -> Option<u64> {
    let kibibytes: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes.div_ceil(1 << 20))
}
