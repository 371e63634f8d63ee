//! The CPU quota of a program's control group, which holds its threads back although cores are free: version 2
//! (`cpu.max`, <https://docs.kernel.org/admin-guide/cgroup-v2.html>) and version 1 (`cpu.cfs_quota_us`,
//! <https://docs.kernel.org/scheduler/sched-bwc.html>).

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::CpuQuota;

/// The control group with the tightest quota among those that a process is in.
pub(super) struct QuotaReader {
    directory: PathBuf,
    millicores: u64,
    /// The counts when the reader was created.
    first: PeriodCounts,
}

/// The kernel's counts of the periods of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PeriodCounts {
    periods: u64,
    used_up: u64,
}

impl QuotaReader {
    /// Returns the reader for a process, or `None` if no quota can be read.
    pub(super) fn for_process(pid: u32) -> Option<Self> {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let directories = group_directories(&groups, &mounts);
        let limits = directories.into_iter().filter_map(|directory| {
            let millicores = read_limit(&directory)?;
            Some((millicores, directory))
        });
        let (millicores, directory) = limits.min_by_key(|(millicores, _)| *millicores)?;
        let first = read_counts(&directory)?;
        Some(Self { directory, millicores, first })
    }

    /// Returns the use of the quota since the reader was created.
    pub(super) fn read(&self) -> Option<CpuQuota> {
        let now = read_counts(&self.directory)?;
        Some(CpuQuota {
            millicores: self.millicores,
            periods: now.periods.saturating_sub(self.first.periods),
            used_up: now.used_up.saturating_sub(self.first.used_up),
        })
    }
}

/// Returns the directories of a process's control groups that may have a CPU quota, those of their parents
/// included.
fn group_directories(groups: &str, mounts: &str) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { continue };
        let is_unified = controllers.is_empty();
        if !is_unified && !controllers.split(',').any(|one| one == "cpu") {
            continue;
        }
        let Some((root, mount)) = mount_of(mounts, is_unified) else { continue };
        // A mount may show only a part of the tree, as in a container.
        let inside = Path::new(group).strip_prefix(root).unwrap_or(Path::new(""));
        let relative = inside.strip_prefix("/").unwrap_or(inside);
        directories.extend(relative.ancestors().map(|ancestor| Path::new(mount).join(ancestor)));
    }
    directories
}

/// Returns the root and the mount point of the control groups' file system.
fn mount_of(mounts: &str, is_unified: bool) -> Option<(&str, &str)> {
    mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let (kind, options) = (system.next()?, system.nth(1)?);
        let is_wanted = if is_unified {
            kind == "cgroup2"
        } else {
            kind == "cgroup" && options.split(',').any(|option| option == "cpu")
        };
        let mut fields = mount.split(' ').skip(3);
        is_wanted.then_some((fields.next()?, fields.next()?))
    })
}

/// Returns the quota of a control group in thousandths of a core, or `None` if it has none.
fn read_limit(directory: &Path) -> Option<u64> {
    let read = |name| fs::read_to_string(directory.join(name)).ok();
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (quota, period) = match read("cpu.max") {
        Some(limit) => {
            let (quota, period) = limit.trim().split_once(' ')?;
            (number(quota)?, number(period)?)
        }
        None => (number(&read("cpu.cfs_quota_us")?)?, number(&read("cpu.cfs_period_us")?)?),
    };
    quota.checked_mul(1_000)?.checked_div(period)
}

fn read_counts(directory: &Path) -> Option<PeriodCounts> {
    let text = fs::read_to_string(directory.join("cpu.stat")).ok()?;
    let count = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line?.trim().parse().ok()
    };
    Some(PeriodCounts { periods: count("nr_periods")?, used_up: count("nr_throttled")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(groups: &str, mounts: &str) -> Vec<String> {
        let found = group_directories(groups, mounts);
        found.into_iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn groups_of_version_2_are_found_with_their_parents() {
        let mounts = "25 24 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
        assert_eq!(
            paths("0::/user.slice/app\n", mounts),
            ["/sys/fs/cgroup/user.slice/app", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup/"]
        );
    }

    #[test]
    fn groups_of_version_1_are_those_of_the_cpu_controller() {
        let mounts = "30 25 0:25 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
                      31 25 0:26 /docker/ab /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct";
        let groups = "5:cpuset:/\n2:cpu,cpuacct:/docker/ab/job\n0::/\n";
        assert_eq!(
            paths(groups, mounts),
            ["/sys/fs/cgroup/cpu,cpuacct/job", "/sys/fs/cgroup/cpu,cpuacct/"]
        );
    }

    #[test]
    fn limit_and_counts_are_read() {
        let group = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(group.path().join(name), text).unwrap();
        assert_eq!(read_limit(group.path()), None);
        write("cpu.cfs_quota_us", "-1\n");
        write("cpu.cfs_period_us", "100000\n");
        assert_eq!(read_limit(group.path()), None);
        write("cpu.cfs_quota_us", "150000\n");
        assert_eq!(read_limit(group.path()), Some(1_500));
        write("cpu.max", "max 100000\n");
        assert_eq!(read_limit(group.path()), None);
        write("cpu.max", "50000 100000\n");
        assert_eq!(read_limit(group.path()), Some(500));
        write("cpu.stat", "usage_usec 7\nnr_periods 20\nnr_throttled 19\nthrottled_usec 9\n");
        assert_eq!(read_counts(group.path()), Some(PeriodCounts { periods: 20, used_up: 19 }));
    }
}
