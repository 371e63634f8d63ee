//! Resource limits of the system, above all that of open files.

use std::error::Error;
use std::io;

/// Raises the soft limit of open files to the hard limit, because each worker needs several. Child
/// processes inherit the raised limit.
#[cfg(unix)]
pub fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    // macOS accepts at most OPEN_MAX, even if the hard limit is unlimited.
    let highest = [maximum, Some(OPEN_MAX)];
    highest
        .into_iter()
        .find(|&current| setrlimit(Resource::Nofile, Rlimit { current, maximum }).is_ok());
}

/// `OPEN_MAX` of macOS (`sys/syslimits.h`).
#[cfg(unix)]
const OPEN_MAX: u64 = 10_240;

/// Does nothing: only Unix has such a limit.
#[cfg(not(unix))]
pub const fn raise_file_limit() {}

/// The soft limit of open files, or `None` if there is none.
#[cfg(unix)]
fn file_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
const fn file_limit() -> Option<u64> {
    None
}

/// Describes the system resource that ran out, or returns `None` if the error has another cause.
pub fn shortage(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return io_shortage(error);
        }
        cause = error.source();
    }
    None
}

/// Describes the system resource that ran out, or returns `None` if starting a process failed for
/// another reason.
pub fn spawn_shortage(error: &io::Error) -> Option<String> {
    // `fork` returns EAGAIN for this limit; elsewhere the same number means "try again".
    let too_many = error.kind() == io::ErrorKind::WouldBlock;
    let shortage = || "the system allows no more processes (ulimit -u)".to_owned();
    too_many.then(shortage).or_else(|| io_shortage(error))
}

#[cfg(unix)]
fn io_shortage(error: &io::Error) -> Option<String> {
    use rustix::io::Errno;

    // An error that wraps another one has no errno of its own.
    let Some(number) = Errno::from_io_error(error) else {
        return error.get_ref().and_then(|inner| shortage(inner));
    };
    let what = match number {
        Errno::MFILE => match file_limit() {
            Some(limit) => format!("only {limit} files may be open at once (ulimit -n)"),
            None => "no more files may be open at once".to_owned(),
        },
        Errno::NFILE => "the system has too many files open".to_owned(),
        Errno::NOBUFS | Errno::NOMEM => "the system is out of memory".to_owned(),
        _ => return None,
    };
    Some(what)
}

#[cfg(not(unix))]
const fn io_shortage(_: &io::Error) -> Option<String> {
    None
}
