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

/// The processor's seconds that all threads of the process have had, where the system tells, and else the time of day: differences
/// count. On a machine that others use too it is what the work costs.
pub fn cpu_seconds() -> f64 {
    let ticks = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The program's name may hold blanks; user and system time are the 14th and 15th field.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    };
    let now =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
    // Linux counts hundredths of seconds there, whatever its clock is.
    ticks().map_or_else(now, |ticks| ticks / 100.0)
}
