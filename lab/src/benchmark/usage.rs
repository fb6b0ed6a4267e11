//! What a process uses, where the operating system tells it in `/proc`.

use std::fs;

/// A line of the process's status, such as `VmRSS:`, in kibibytes.
pub fn memory_kib(process_id: u32, line: &str) -> Option<u64> {
    parse_memory_kib(&fs::read_to_string(format!("/proc/{process_id}/status")).ok()?, line)
}

/// Processor time that all threads of the process have used, in ticks of the clock: a unit for ratios only.
pub fn processor_ticks(process_id: u32) -> Option<u64> {
    parse_processor_ticks(&fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?)
}

fn parse_memory_kib(status: &str, line: &str) -> Option<u64> {
    let value = status.lines().find_map(|text| text.strip_prefix(line))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Fields 14 and 15, in user mode and in the kernel. The name before them may hold spaces and parentheses.
fn parse_processor_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let (user, kernel): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_line_asked_for() {
        let status = "Name:\tlab\nVmHWM:\t   12345 kB\nVmRSS:\t     678 kB\nThreads:\t3\n";
        assert_eq!(parse_memory_kib(status, "VmRSS:"), Some(678));
        assert_eq!(parse_memory_kib(status, "VmHWM:"), Some(12_345));
        assert_eq!(parse_memory_kib(status, "VmSwap:"), None);
    }

    #[test]
    fn processor_time_is_user_and_kernel() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194304 500 0 0 0 123 45 6 7 20 0 1 0 100 1000 10\n";
        assert_eq!(parse_processor_ticks(stat), Some(168));
        assert_eq!(parse_processor_ticks("42"), None);
    }
}
