//! The reason for which a thread is blocked: its system call's number and arguments, or the kernel function
//! that it sleeps in, become a state and a reason.

use serde::{Deserialize, Serialize};

use super::proc_line::SyscallLine;
use super::system_calls::Abi;
use crate::model::State;

/// `FUTEX_CMD_MASK`: without `FUTEX_PRIVATE_FLAG` and `FUTEX_CLOCK_REALTIME`.
const FUTEX_COMMAND: u64 = 0x7f;
/// `FUTEX_LOCK_PI`, `FUTEX_LOCK_PI2`.
const FUTEX_LOCKS: [u64; 2] = [6, 13];
/// `FUTEX_WAIT`, private: glibc's mutexes.
const PRIVATE_WAIT: u64 = 0x80;
/// `FUTEX_WAIT`, shared between processes.
const SHARED_WAIT: u64 = 0;
/// `FUTEX_WAIT_BITSET`, private: locks of Rust's standard library.
const PRIVATE_WAIT_BITSET: u64 = 0x89;
/// `FUTEX_WAIT_BITSET` on the wall clock, private: glibc's condition variables.
const PRIVATE_CLOCK_WAIT: u64 = 0x189;
/// `FUTEX_WAIT_BITSET` on the wall clock, shared: `pthread_join`.
const SHARED_CLOCK_WAIT: u64 = 0x109;
/// The word of a mutex that is held and waited for, of glibc and of Rust.
const CONTENDED: u64 = 2;
/// The word of a parked thread of Rust.
const RUST_PARKED: u64 = 0xffff_ffff;
/// The TID in the word of a mutex with priority inheritance.
const FUTEX_TID_MASK: u32 = 0x3fff_ffff;

/// The offset of the holder's TID behind the futex of a glibc mutex: `__owner` of
/// `__pthread_mutex_s`.
const OWNER_OFFSET: u64 = 8;

/// `F_SETLKW` and `F_OFD_SETLKW` (fcntl(2)).
const FILE_LOCK_WAITS: [u64; 2] = [7, 38];

/// The state of a blocked thread, with what was read about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The state.
    pub state: State,
    /// The call or kernel function, or `None` if it continues the call before.
    pub call: Option<String>,
    /// The object that the call waits on.
    pub object: Option<String>,
    /// The TID of the thread that holds the lock, or whose end is waited for.
    pub holder: Option<u32>,
}

/// The further readings about a call that blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitDetail {
    /// The word of memory at the address holds the TID of a lock's holder.
    Owner {
        /// The address.
        address: u64,
    },
    /// The file descriptor leads to what the call waits on.
    File {
        /// The descriptor.
        descriptor: u64,
    },
}

/// The kind of a wait in `futex(2)`.
enum FutexWait {
    PriorityMutex,
    GlibcMutex,
    RustMutex,
    Join,
    Condition,
    RustPark,
    Other,
}

impl FutexWait {
    /// Distinguishes the users of futexes by operation, value and timeout.
    const fn from_arguments([_, operation, value, timeout, ..]: [u64; 6]) -> Self {
        let (operation, value) = (operation & 0xffff_ffff, value & 0xffff_ffff);
        let command = operation & FUTEX_COMMAND;
        if command == FUTEX_LOCKS[0] || command == FUTEX_LOCKS[1] {
            return Self::PriorityMutex;
        }
        match (operation, value, timeout) {
            (PRIVATE_WAIT | SHARED_WAIT, CONTENDED, 0) => Self::GlibcMutex,
            (PRIVATE_WAIT_BITSET, CONTENDED, 0) => Self::RustMutex,
            (SHARED_CLOCK_WAIT, 1.., 0) => Self::Join,
            (PRIVATE_CLOCK_WAIT, ..) | (PRIVATE_WAIT_BITSET, _, 1..) => Self::Condition,
            (PRIVATE_WAIT_BITSET, RUST_PARKED, 0) => Self::RustPark,
            _ => Self::Other,
        }
    }
}

/// Returns what else may be read about a thread that is blocked as `line` says.
pub fn wanted_detail(line: &str, abi: Abi) -> Option<WaitDetail> {
    let SyscallLine::InCall { number, arguments } = SyscallLine::parse(line)? else { return None };
    let [first, ..] = arguments;
    match abi.call_name(number)? {
        "futex" | "futex_time64" => {
            let address = match FutexWait::from_arguments(arguments) {
                FutexWait::PriorityMutex => first,
                FutexWait::GlibcMutex => first.checked_add(OWNER_OFFSET)?,
                _ => return None,
            };
            Some(WaitDetail::Owner { address })
        }
        "read" | "write" | "readv" | "writev" | "ioctl" | "close" => {
            Some(WaitDetail::File { descriptor: first })
        }
        _ => None,
    }
}

/// Returns the kind of file that a link in `/proc/PID/fd` leads to.
pub fn kind_of_file(target: &str) -> &str {
    let anonymous = target.strip_prefix("anon_inode:").map(|kind| kind.trim_matches(['[', ']']));
    match (anonymous, target) {
        (Some(kind), _) => kind,
        _ if target.starts_with("pipe:") => "pipe",
        _ if target.starts_with("socket:") => "socket",
        _ if target.starts_with("/dev/pts/") || target.starts_with("/dev/tty") => "terminal",
        _ if target.starts_with("/dev/") => "device",
        _ => "file",
    }
}

impl Wait {
    /// The wait of a thread that a signal or a debugger has stopped.
    pub(super) const STOPPED: Self =
        Self { state: State::Stopped, call: None, object: None, holder: None };

    fn new(state: State, call: &str, object: Option<&str>) -> Self {
        let object = object.map(str::to_owned);
        Self { state, call: Some(call.to_owned()), object, holder: None }
    }

    /// Returns the wait that a line of `syscall` describes, or `None` if the thread does not wait.
    /// `owner` and `file` are what was read as [`wanted_detail`] asks.
    pub fn from_line(line: &str, abi: Abi, owner: Option<u32>, file: Option<&str>) -> Option<Self> {
        let (number, arguments) = match SyscallLine::parse(line)? {
            SyscallLine::Running => return None,
            SyscallLine::OutsideCall => return Some(Self::new(State::Waiting, "page fault", None)),
            SyscallLine::InCall { number, arguments } => (number, arguments),
        };
        let numbered;
        let call = if let Some(name) = abi.call_name(number) {
            name
        } else {
            numbered = format!("system call {number}");
            &numbered
        };
        match call {
            "restart_syscall" => Some(Self { call: None, ..Self::new(State::Blocked, "", None) }),
            "futex" | "futex_time64" => Some(Self::from_futex(call, arguments, owner)),
            _ => {
                let (state, object) = state_in_call(call, arguments);
                let file = file.filter(|_| state == State::Waiting).map(kind_of_file);
                let object = object.or(file);
                Some(Self::new(state, call, object))
            }
        }
    }

    fn from_futex(call: &str, arguments: [u64; 6], owner: Option<u32>) -> Self {
        let (state, object, holder) = match FutexWait::from_arguments(arguments) {
            FutexWait::PriorityMutex => {
                (State::LockWait, Some("mutex"), owner.map(|word| word & FUTEX_TID_MASK))
            }
            FutexWait::GlibcMutex => (State::LockWait, Some("mutex"), owner),
            FutexWait::RustMutex => (State::LockWait, Some("mutex"), None),
            FutexWait::Join => {
                let [_, _, tid, ..] = arguments;
                (State::Parked, Some("thread"), u32::try_from(tid).ok())
            }
            FutexWait::Condition => (State::Parked, Some("condition"), None),
            FutexWait::RustPark => (State::Parked, Some("park"), None),
            FutexWait::Other => (State::Parked, None, None),
        };
        Self { holder: holder.filter(|tid| *tid != 0), ..Self::new(state, call, object) }
    }

    /// Returns the wait in a kernel function, from `wchan`, or `None` if the kernel does not say.
    /// Names change between versions of the kernel; their stems do not.
    pub fn from_kernel_function(function: &str) -> Option<Self> {
        const STEMS: [(State, &[&str]); 5] = [
            (State::Parked, &["futex", "do_wait", "sigtimedwait", "sigsuspend", "do_pause"]),
            (State::Sleeping, &["nanosleep"]),
            (State::Events, &["ep_poll", "poll_schedule", "do_poll", "do_select", "csk_accept"]),
            (State::LockWait, &["flock", "posix_lock"]),
            (
                State::Waiting,
                &[
                    "pipe",
                    "unix_stream",
                    "sk_wait",
                    "skb_wait",
                    "wait_for_connect",
                    "io_schedule",
                    "jbd2",
                    "wait_on_page",
                    "folio_wait",
                    "tty_read",
                    "wait_woken",
                    "submit_bio",
                ],
            ),
        ];
        let function = function.trim();
        if function.is_empty() || function == "0" {
            return None;
        }
        let matches = |stems: &&[&str]| stems.iter().any(|stem| function.contains(stem));
        let found = STEMS.iter().find(|(_, stems)| matches(stems));
        Some(Self::new(found.map_or(State::Blocked, |(state, _)| *state), function, None))
    }
}

/// Returns the state of a thread in a call, and what it waits on if the call alone says so. All calls
/// but a few that wait for other threads, for time or for events are about I/O.
fn state_in_call(call: &str, [first, second, ..]: [u64; 6]) -> (State, Option<&'static str>) {
    match call {
        "nanosleep" | "clock_nanosleep" | "clock_nanosleep_time64" => (State::Sleeping, None),
        "select" | "_newselect" | "pselect6" | "pselect6_time64" if first == 0 => {
            (State::Sleeping, None)
        }
        "poll" | "ppoll" | "ppoll_time64" if second == 0 => (State::Sleeping, None),
        "select"
        | "_newselect"
        | "pselect6"
        | "pselect6_time64"
        | "poll"
        | "ppoll"
        | "ppoll_time64"
        | "epoll_wait"
        | "epoll_wait_old"
        | "epoll_pwait"
        | "epoll_pwait2"
        | "io_getevents"
        | "io_pgetevents"
        | "io_pgetevents_time64"
        | "io_uring_enter" => (State::Events, None),
        "accept" | "accept4" => (State::Events, Some("socket")),
        "futex_waitv" => (State::Parked, None),
        "pause" | "rt_sigtimedwait" | "rt_sigtimedwait_time64" | "rt_sigsuspend" | "sigsuspend" => {
            (State::Parked, Some("signal"))
        }
        "wait4" | "waitid" | "waitpid" | "vfork" | "clone" | "clone3" => {
            (State::Parked, Some("process"))
        }
        "semop" | "semtimedop" | "semtimedop_time64" => (State::Parked, Some("semaphore")),
        "msgrcv" | "mq_timedreceive" | "mq_timedreceive_time64" => {
            (State::Parked, Some("message queue"))
        }
        "flock" => (State::LockWait, Some("file lock")),
        "fcntl" | "fcntl64" if FILE_LOCK_WAITS.contains(&second) => {
            (State::LockWait, Some("file lock"))
        }
        "recvfrom" | "recvmsg" | "recvmmsg" | "recvmmsg_time64" | "recv" | "sendto" | "sendmsg"
        | "sendmmsg" | "send" | "connect" | "socketcall" => (State::Waiting, Some("socket")),
        "fsync" | "fdatasync" | "pread64" | "pwrite64" | "preadv" | "pwritev"
        | "sync_file_range" | "getdents64" => (State::Waiting, Some("file")),
        _ => (State::Waiting, None),
    }
}
