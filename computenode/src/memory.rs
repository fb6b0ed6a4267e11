//! How much memory this process may use, as the system tells it: the machine's, a container's or a shell's limit.

use std::fs;
use std::path::{Path, PathBuf};

/// The share that images may take of what there is; programs, connections, files that wait and other programs take the
/// rest.
const SHARE: u64 = 2;
/// The same of a limit on addresses, of which the memory of threads takes many that it does not use.
const SHARE_OF_ADDRESSES: u64 = 4;

/// Memory for images unless somebody says otherwise, in bytes. Without any limit that the system tells, all there is.
pub(crate) fn for_images() -> u64 {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let limits = read("/proc/self/limits");
    let groups = read("/proc/self/cgroup");
    let of_groups =
        group_files(&groups).into_iter().filter_map(|path| bytes(&fs::read_to_string(path).ok()?));
    let found = [
        machine(&read("/proc/meminfo")).map(|bytes| bytes / SHARE),
        limit(&limits, "Max data size").map(|bytes| bytes / SHARE),
        limit(&limits, "Max address space").map(|bytes| bytes / SHARE_OF_ADDRESSES),
        of_groups.min().map(|bytes| bytes / SHARE),
    ];
    found.into_iter().flatten().min().unwrap_or(u64::MAX)
}

/// The machine's memory, out of `/proc/meminfo`.
fn machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// A soft limit of `/proc/self/limits`; none where there is none.
fn limit(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// A file of one number; none where it says `max`.
fn bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Files with the limits of this process's control groups and of those round them, out of `/proc/self/cgroup`. Not all of
/// them need be there.
fn group_files(text: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(kinds), Some(group)) = (fields.next(), fields.next()) else { continue };
        let (top, file) = match kinds {
            "" => ("/sys/fs/cgroup", "memory.max"),
            kinds if kinds.split(',').any(|kind| kind == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let within = Path::new(top).join(group.trim_start_matches('/'));
        let round = within.ancestors().take_while(|path| path.starts_with(top));
        files.extend(round.map(|folder| folder.join(file)));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_read() {
        assert_eq!(machine("MemTotal:       24655872 kB\nMemFree: 1 kB\n"), Some(24_655_872 << 10));
        assert_eq!(machine(""), None);
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max data size             1073741824           unlimited            bytes     \n\
                      Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(limit(limits, "Max data size"), Some(1 << 30));
        assert_eq!(limit(limits, "Max address space"), None);
        assert_eq!(bytes("536870912\n"), Some(512 << 20));
        assert_eq!(bytes("max\n"), None);
    }

    #[test]
    fn the_limits_of_all_groups_round_a_process_count() {
        let found = |text: &str| -> Vec<String> {
            group_files(text).iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(
            found("0::/user/node\n"),
            [
                "/sys/fs/cgroup/user/node/memory.max",
                "/sys/fs/cgroup/user/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            found("8:pids:/a\n4:memory:/a\n"),
            ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        );
        assert!(found("nonsense").is_empty());
    }

    #[test]
    fn there_is_an_answer_on_every_machine() {
        assert!(for_images() > 0);
    }
}
