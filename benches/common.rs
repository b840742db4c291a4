//! What the benches share.

/// The median of some numbers, which are put in order.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    0.5 * (low + high)
}

/// The most memory that the process has held, in MiB, where the system tells.
pub fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))?;
    kibibytes.parse::<f64>().ok().map(|kibibytes| kibibytes / 1024.0)
}
