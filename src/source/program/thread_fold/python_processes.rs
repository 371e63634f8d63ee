//! The processes of a program that are CPython, with their GILs.

use std::collections::{HashMap, VecDeque};

use super::gil_holds::GilLook;
use crate::model::{InterpreterId, Nanos, State, WaitReason};
use crate::source::program::proc_line::SyscallLine;
use crate::source::program::reading::{GilAddresses, Sight};
use crate::source::program::wait_reason::Wait;

/// The minimum time between two reports of a GIL's hand-overs.
const COUNT_INTERVAL: Nanos = Nanos::from_millis(950);

/// The CPython processes by process ID.
#[derive(Debug, Default)]
pub(super) struct PythonProcesses {
    gils: HashMap<u32, Vec<GilTrack>>,
    found: u16,
}

/// A GIL from its discovery on.
#[derive(Debug)]
pub(super) struct GilTrack {
    pub(super) interpreter: InterpreterId,
    addresses: GilAddresses,
    /// The last look whose holder has been told.
    pub(super) last: GilLook,
    /// Looks that wait for the records from before them.
    pub(super) looks: VecDeque<GilLook>,
    /// The hand-overs at the first look.
    base: Option<u64>,
    /// The hand-overs that were sent last, and when.
    sent: (Nanos, u64),
}

impl PythonProcesses {
    /// Adds an interpreter. Returns its number, or `None` if its GIL is known already or it cannot be
    /// numbered.
    pub(super) fn add(
        &mut self,
        at: Nanos,
        pid: u32,
        gil: Option<GilAddresses>,
    ) -> Option<InterpreterId> {
        let interpreter = InterpreterId(self.found);
        let next = self.found.checked_add(1)?;
        if let Some(addresses) = gil {
            let gils = self.gils.entry(pid).or_default();
            if gils.iter().any(|track| track.addresses.start == addresses.start) {
                return None;
            }
            let last = GilLook { at, holder: None, last_holder: None, hand_overs: 0 };
            gils.push(GilTrack {
                interpreter,
                addresses,
                last,
                looks: VecDeque::new(),
                base: None,
                sent: (at, 0),
            });
        }
        self.found = next;
        Some(interpreter)
    }

    /// Forgets the GILs of a process. Returns `true` if it had some.
    pub(super) fn remove(&mut self, pid: u32) -> bool {
        self.gils.remove(&pid).is_some()
    }

    /// Returns `true` if a process has a GIL.
    pub(super) fn has_gil(&self, pid: u32) -> bool {
        self.gils.contains_key(&pid)
    }

    /// Returns `true` if no process has a GIL.
    pub(super) fn is_empty(&self) -> bool {
        self.gils.is_empty()
    }

    /// Returns `true` if no interpreter has been found so far. What was held of one that is gone may
    /// still have to be sent.
    pub(super) const fn is_unknown(&self) -> bool {
        self.found == 0
    }

    /// The processes with a GIL.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.gils.keys().copied().collect()
    }

    /// The GILs of a process.
    pub(super) fn of_process(&mut self, pid: u32) -> &mut [GilTrack] {
        self.gils.get_mut(&pid).map_or(&mut [], Vec::as_mut_slice)
    }

    /// Records a look at a GIL.
    pub(super) fn look(&mut self, pid: u32, address: u64, look: GilLook) {
        let mut tracks = self.of_process(pid).iter_mut();
        let Some(track) = tracks.find(|track| track.addresses.start == address) else { return };
        if track.base.is_none() {
            track.base = Some(look.hand_overs);
            track.last.hand_overs = look.hand_overs;
        }
        if look.at >= track.newest().at {
            track.looks.push_back(look);
        }
    }

    /// Returns the wait of a thread, which is for the GIL if the thread sleeps at an address in it.
    pub(super) fn name_wait(&self, pid: u32, tid: u32, sight: &Sight, wait: Wait) -> Wait {
        let Some(tracks) = self.gils.get(&pid) else { return wait };
        let is_futex = wait.call.as_deref().is_some_and(|call| call.starts_with("futex"));
        let Sight::Call { line, .. } = sight else { return wait };
        let Some(SyscallLine::InCall { arguments: [address, ..], .. }) = SyscallLine::parse(line)
        else {
            return wait;
        };
        let track = tracks.iter().find(|track| track.addresses.contains(address));
        let Some(track) = track.filter(|_| is_futex) else { return wait };
        let holder = track.newest().holder.filter(|holder| *holder != tid);
        let object = Some(WaitReason::GIL.to_owned());
        Wait { state: State::LockWait, object, holder, call: wait.call }
    }

    /// The GILs whose hand-overs are to be reported, with their numbers since the discovery.
    pub(super) fn take_counts(&mut self, at: Nanos, is_end: bool) -> Vec<(InterpreterId, u64)> {
        let mut counts = Vec::new();
        for track in self.gils.values_mut().flatten() {
            let newest = track.newest().hand_overs;
            let count = newest.saturating_sub(track.base.unwrap_or(newest));
            let is_due = is_end || at.since(track.sent.0) >= COUNT_INTERVAL;
            if is_due && count != track.sent.1 {
                track.sent = (at, count);
                counts.push((track.interpreter, count));
            }
        }
        counts
    }
}

impl GilTrack {
    fn newest(&self) -> &GilLook {
        self.looks.back().unwrap_or(&self.last)
    }
}
