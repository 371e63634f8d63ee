//! The processes of this machine, as `/proc` lists them (proc(5)).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::process::Pid;

use super::proc_line::StatLine;

/// A process of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedProcess {
    /// The process ID.
    pub pid: u32,
    /// The name of its first thread, of at most 15 bytes. Not safe to print.
    pub name: String,
    /// The arguments, separated by blanks; empty for a kernel thread. Not safe to print.
    pub command: String,
    /// The user who runs it: a name, or the number of one without a name.
    pub user: String,
    /// It has ended, but is not reaped by its parent.
    pub is_zombie: bool,
    /// It belongs to the kernel.
    pub is_kernel: bool,
}

/// Returns the process with this ID, or `None` if there is none.
pub fn find_process(pid: u32) -> Option<ListedProcess> {
    let directory = PathBuf::from(format!("/proc/{pid}"));
    let stat = process_stat(pid)?;
    let arguments = fs::read(directory.join("cmdline")).unwrap_or_default();
    let arguments: Vec<_> =
        arguments.split(|&byte| byte == 0).map(String::from_utf8_lossy).collect();
    let owner = fs::metadata(&directory).map(|found| found.uid()).ok()?;
    Some(ListedProcess {
        pid,
        command: arguments.join(" ").trim_end().to_owned(),
        user: user_name(owner),
        is_zombie: stat.letter == 'Z',
        is_kernel: stat.is_kernel,
        name: stat.name,
    })
}

/// Returns the processes that a name denotes, in the order of their IDs: those whose first thread or
/// whose executable, as it was called, has it. Neither this process nor one that cannot be watched is
/// among them.
pub fn processes_named(name: &str) -> Vec<ListedProcess> {
    let own = std::process::id();
    let found = process_ids().filter(|&pid| pid != own).filter_map(find_process);
    found.filter(|one| !one.is_zombie && !one.is_kernel && one.has_name(name)).collect()
}

impl ListedProcess {
    fn has_name(&self, name: &str) -> bool {
        let program = self.command.split(' ').next().unwrap_or_default();
        let called = program.rsplit('/').next().unwrap_or_default();
        self.name == name || called == name
    }
}

/// Returns the living processes of a group.
pub(super) fn group_members(group: Pid) -> Vec<Pid> {
    let wanted = group.as_raw_nonzero().get();
    let is_member = |stat: StatLine| stat.group == wanted && !matches!(stat.letter, 'Z' | 'X');
    process_ids()
        .filter(|&pid| process_stat(pid).is_some_and(is_member))
        .filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        .collect()
}

/// Returns the living processes that come from this one, without itself.
pub(super) fn descendants(pid: u32) -> Vec<u32> {
    let stats = process_ids().filter_map(|id| Some((id, process_stat(id)?)));
    let living = stats.filter(|(_, stat)| !matches!(stat.letter, 'Z' | 'X'));
    let parents: Vec<(u32, u32)> = living.map(|(id, stat)| (id, stat.parent)).collect();
    let mut found = Vec::new();
    let mut ancestors = vec![pid];
    while let Some(ancestor) = ancestors.pop() {
        let children = parents.iter().filter(|(_, parent)| *parent == ancestor);
        let children: Vec<u32> = children.map(|(id, _)| *id).collect();
        ancestors.extend(&children);
        found.extend(children);
    }
    found
}

/// Returns the IDs of all processes in ascending order.
fn process_ids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let mut ids: Vec<u32> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    ids.into_iter()
}

fn process_stat(pid: u32) -> Option<StatLine> {
    StatLine::parse(&String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?))
}

/// Returns the name of a user (passwd(5)), or the number if the system has no name for it.
fn user_name(user: u32) -> String {
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == user.to_string()).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| user.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_process_is_found_by_its_id_alone() {
        let own = find_process(std::process::id()).unwrap();
        assert!(!own.is_zombie && !own.is_kernel && !own.command.is_empty(), "{own:?}");
        assert!(processes_named(&own.name).iter().all(|one| one.pid != own.pid));
        assert_eq!(find_process(u32::MAX), None);
    }
}
