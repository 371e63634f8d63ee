//! The parts of a program that may be seen, found by trying: for users who ask why a program is not
//! watched exactly.

use super::accuracy_ladder::Restrictions;
use super::observer::AttachError;
use super::switch_records::RingTarget;
use super::thread_files::{ReadFailure, ThreadFile};
use super::thread_fold::LiveThread;
use super::thread_readers::{SystemAccess, ThreadReaders};

/// One kind of information about a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRow {
    /// The information: `switch records`.
    pub subject: &'static str,
    /// The use that watching makes of it.
    pub purpose: &'static str,
    /// The reason why it may not be seen, with what would change that, or `None` if it may.
    pub refusal: Option<String>,
}

/// Returns what may be seen of a running program.
///
/// # Errors
///
/// Fails if there is no such process, or if it is a thread of the kernel.
pub fn program_access(pid: u32) -> Result<Vec<AccessRow>, AttachError> {
    program_access_with(pid, SystemAccess::default())
}

/// Returns what may be seen of a running program by other ways into the system.
///
/// # Errors
///
/// Fails as [`program_access`] does.
pub fn program_access_with(pid: u32, system: SystemAccess) -> Result<Vec<AccessRow>, AttachError> {
    let restrictions = (system.restrictions)();
    let mut readers = ThreadReaders::new(system.open_file);
    let thread = LiveThread { pid, tid: pid };
    let states = readers.stat(thread);
    match &states {
        Err(ReadFailure::Gone) => return Err(AttachError::NoProcess { pid }),
        Ok(stat) if stat.is_kernel => return Err(AttachError::KernelThread { pid }),
        _ => {}
    }
    let runs = states.as_ref().is_ok_and(|stat| stat.letter == 'R');
    let ring = (system.open_ring)(RingTarget::Thread { tid: pid }).err();
    let calls = readers.text(thread, ThreadFile::Syscall).map(drop);
    let functions = match readers.text(thread, ThreadFile::Wchan) {
        // The kernel hides the function behind a zero, which is also that of a thread that runs.
        Ok(function) if function.trim() == "0" && calls.is_err() && !runs => {
            Err(hidden(restrictions))
        }
        function => explain(function.map(drop), restrictions),
    };
    let memory = readers.process(pid).open_memory();
    let row = |subject, purpose, refusal: Result<(), String>| AccessRow {
        subject,
        purpose,
        refusal: refusal.err(),
    };
    let counters = readers.counters(thread).map(drop);
    Ok(vec![
        row(
            "switch records",
            "exact times, births and deaths",
            ring.map_or(Ok(()), |failure| Err(restrictions.explain_rings(failure))),
        ),
        row("system calls", "why threads wait", explain(calls, restrictions)),
        row("kernel functions", "why threads wait, if calls may not be read", functions),
        row("memory", "who holds a mutex or the GIL", explain(memory, restrictions)),
        row("counters", "shares of time", explain(counters, restrictions)),
        row("states", "what threads do now and then", explain(states.map(drop), restrictions)),
    ])
}

fn explain(read: Result<(), ReadFailure>, restrictions: Restrictions) -> Result<(), String> {
    read.map_err(|failure| match failure {
        ReadFailure::Gone => "this kernel does not report it".to_owned(),
        ReadFailure::Denied(_) => hidden(restrictions),
    })
}

fn hidden(restrictions: Restrictions) -> String {
    restrictions.explain_reads()
}
