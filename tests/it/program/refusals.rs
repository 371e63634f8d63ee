//! Ways into the system that are closed: each has its sentence, and watching goes on less exactly.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;
use threadline::model::{Accuracy, EventKind, Exactness, ReasonSource};
use threadline::source::Clock;
use threadline::source::program::accuracy_ladder::Restrictions;
use threadline::source::program::observer::{AttachError, Observer};
use threadline::source::program::program_access::{AccessRow, program_access_with};
use threadline::source::program::switch_records::RingFailure;
use threadline::source::program::thread_readers::SystemAccess;

/// A process that sleeps until it is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        let child = Command::new("sleep").arg("300").stdin(Stdio::null()).spawn().unwrap();
        let function = format!("/proc/{}/wchan", child.id());
        while !std::fs::read_to_string(&function).unwrap().contains("nanosleep") {
            std::thread::yield_now();
        }
        Self(child)
    }

    fn access(&self, system: SystemAccess) -> Vec<AccessRow> {
        program_access_with(self.0.id(), system).unwrap()
    }

    /// Returns the accuracy with which the process is watched.
    fn accuracy(&self, system: SystemAccess) -> Accuracy {
        let clock = Clock::system();
        let mut observer = Observer::attached_with(self.0.id(), &clock, system).unwrap();
        let mut found = None;
        let status = observer.poll(&mut |event| {
            if let EventKind::AccuracyChanged(accuracy) = event.kind {
                found = Some(accuracy);
            }
        });
        assert!(status.threads_alive);
        found.unwrap()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn open_unless(is_refused: bool, path: &Path) -> io::Result<File> {
    if is_refused { Err(Errno::ACCESS.into()) } else { File::open(path) }
}

fn unrestricted() -> SystemAccess {
    SystemAccess { restrictions: Restrictions::default, ..SystemAccess::default() }
}

#[test]
fn each_refusal_of_records_has_its_sentence() {
    let paranoid = Restrictions { perf_event_paranoid: Some(4), ptrace_scope: None };
    let free = Restrictions { perf_event_paranoid: Some(2), ptrace_scope: Some(0) };
    for (restrictions, failure, words) in [
        (paranoid, RingFailure::Event(Errno::ACCESS), "sudo sysctl kernel.perf_event_paranoid=2"),
        (paranoid, RingFailure::Event(Errno::PERM), "sudo sysctl kernel.perf_event_paranoid=2"),
        (free, RingFailure::Event(Errno::ACCESS), "run threadline as its user"),
        (free, RingFailure::Event(Errno::PERM), "security policy"),
        (free, RingFailure::Event(Errno::NOSYS), "CONFIG_PERF_EVENTS"),
        (free, RingFailure::Event(Errno::NOENT), "CONFIG_PERF_EVENTS"),
        (free, RingFailure::Event(Errno::MFILE), "ulimit -n"),
        (free, RingFailure::Memory(Errno::PERM), "ulimit -l"),
        (free, RingFailure::Event(Errno::INVAL), "cannot be recorded"),
    ] {
        let sentence = restrictions.explain_rings(failure);
        assert!(sentence.contains(words), "{failure:?}: {sentence}");
    }
}

#[test]
fn without_records_threads_are_counted() {
    let sleeper = Sleeper::start();
    for open_ring in [
        |_| Err(RingFailure::Event(Errno::ACCESS)),
        |_| Err(RingFailure::Event(Errno::PERM)),
        |_| Err(RingFailure::Event(Errno::NOSYS)),
        |_| Err(RingFailure::Event(Errno::MFILE)),
        |_| Err(RingFailure::Memory(Errno::PERM)),
    ] {
        let accuracy = sleeper.accuracy(SystemAccess { open_ring, ..unrestricted() });
        assert!(matches!(accuracy.edges, Exactness::Counted { .. }), "{accuracy:?}");
        assert_eq!(accuracy.reasons, ReasonSource::Syscall);
        assert!(accuracy.why.is_some());
    }
}

#[test]
fn without_system_calls_reasons_are_kernel_functions_or_none() {
    let sleeper = Sleeper::start();
    let open_ring = |_| Err(RingFailure::Event(Errno::ACCESS));
    let without_calls = SystemAccess {
        open_ring,
        open_file: |path| open_unless(path.ends_with("syscall"), path),
        ..unrestricted()
    };
    assert_eq!(sleeper.accuracy(without_calls).reasons, ReasonSource::Wchan);
    let without_both = SystemAccess {
        open_file: |path| open_unless(path.ends_with("syscall") || path.ends_with("wchan"), path),
        ..without_calls
    };
    let accuracy = sleeper.accuracy(without_both);
    assert_eq!((accuracy.edges, accuracy.reasons), (Exactness::Coarse, ReasonSource::None));
}

#[test]
fn what_may_not_be_seen_is_told_with_what_would_change_it() {
    let sleeper = Sleeper::start();
    let rows = sleeper.access(SystemAccess {
        open_ring: |_| Err(RingFailure::Event(Errno::ACCESS)),
        open_file: |path| open_unless(path.ends_with("syscall") || path.ends_with("mem"), path),
        restrictions: || Restrictions { perf_event_paranoid: Some(4), ptrace_scope: Some(1) },
    });
    let refused: Vec<_> =
        rows.iter().filter_map(|row| Some((row.subject, row.refusal.as_deref()?))).collect();
    assert_eq!(
        refused,
        [
            (
                "switch records",
                "kernel.perf_event_paranoid is 4; \
                 sudo sysctl kernel.perf_event_paranoid=2 makes it exact"
            ),
            (
                "system calls",
                "kernel.yama.ptrace_scope is 1; \
                 sudo sysctl kernel.yama.ptrace_scope=0 allows it"
            ),
            (
                "memory",
                "kernel.yama.ptrace_scope is 1; \
                 sudo sysctl kernel.yama.ptrace_scope=0 allows it"
            ),
        ]
    );
}

#[test]
fn process_that_cannot_be_watched_is_refused() {
    let clock = Clock::system();
    let no_pid = 0x7fff_fff0;
    let refusal = Observer::attached(no_pid, &clock).err();
    assert_eq!(refusal, Some(AttachError::NoProcess { pid: no_pid }));
    // Process 2 is the kernel's, unless this is a container.
    if std::fs::read_to_string("/proc/2/comm").is_ok_and(|name| name.trim() == "kthreadd") {
        let refusal = Observer::attached(2, &clock).err();
        assert_eq!(refusal, Some(AttachError::KernelThread { pid: 2 }));
    }
    let mut ended = Command::new("true").spawn().unwrap();
    let stat = format!("/proc/{}/stat", ended.id());
    while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
        std::thread::yield_now();
    }
    let refusal = Observer::attached(ended.id(), &clock).err();
    assert_eq!(refusal, Some(AttachError::Ended { pid: ended.id() }));
    ended.wait().unwrap();
}

thread_local! {
    /// The end of the paths that may not be opened on this thread, and the error.
    static REFUSED: Cell<(&'static str, Errno)> = const { Cell::new(("none", Errno::ACCESS)) };
}

fn open_unless_refused(path: &Path) -> io::Result<File> {
    let (end, errno) = REFUSED.get();
    if path.ends_with(end) { Err(errno.into()) } else { File::open(path) }
}

/// Whatever may not be read, for whatever reason: watching goes on less exactly, or says why it cannot.
#[test]
fn each_refusal_of_a_file_is_survived() {
    let sleeper = Sleeper::start();
    let (pid, clock) = (sleeper.0.id(), Clock::system());
    let system = SystemAccess { open_file: open_unless_refused, ..unrestricted() };
    for errno in [Errno::ACCESS, Errno::PERM, Errno::NOSYS, Errno::MFILE] {
        for file in
            ["stat", "schedstat", "syscall", "wchan", "comm", "children", "mem", "exe", "task"]
        {
            for open_ring in [system.open_ring, |_| Err(RingFailure::Event(Errno::ACCESS))] {
                REFUSED.set((file, errno));
                let mut observer = match Observer::attached_with(
                    pid,
                    &clock,
                    SystemAccess { open_ring, ..system },
                ) {
                    Ok(observer) => observer,
                    Err(refusal) => {
                        assert_eq!(file, "stat");
                        let text = refusal.to_string();
                        let remedy = "; run threadline as its user or with sudo";
                        assert!(text.contains(&errno.to_string()), "{text}");
                        assert!(text.ends_with(remedy), "{text}");
                        continue;
                    }
                };
                let mut found = None;
                for _ in 0..3 {
                    let status = observer.poll(&mut |event| {
                        if let EventKind::AccuracyChanged(accuracy) = event.kind {
                            found = Some(accuracy);
                        }
                    });
                    assert!(status.threads_alive, "{file}: {errno}");
                }
                observer.finish(&mut |_| {});
                let accuracy = found.unwrap();
                let expected =
                    if file == "syscall" { ReasonSource::Wchan } else { ReasonSource::Syscall };
                assert_eq!(accuracy.reasons, expected, "{file}: {errno}");
                let is_best =
                    accuracy.edges == Exactness::Exact && expected == ReasonSource::Syscall;
                assert_eq!(accuracy.why.is_none(), is_best, "{file}: {errno}");
            }
        }
    }
    REFUSED.set(("none", Errno::ACCESS));
}
