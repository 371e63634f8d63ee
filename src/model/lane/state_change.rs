//! A change of state in 64 bits. A lane may have millions of them.

use crate::model::state::State;
use crate::model::time::Nanos;

/// The number of bits for the state.
const STATE_BITS: u32 = 5;

/// The flag of a change that ends an attempt.
const ATTEMPT_END: u64 = 1 << STATE_BITS;

/// The number of bits below the time.
const TIME_SHIFT: u32 = STATE_BITS + 1;

const _: () = assert!(State::ALL.len() <= 1 << STATE_BITS, "every state fits");
const _: () = assert!(Nanos::MAX.0 << TIME_SHIFT >> TIME_SHIFT == Nanos::MAX.0, "every time fits");

/// A change: its time, the new state, and whether it ended an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct StateChange(u64);

impl StateChange {
    pub(super) const fn new(at: u64, state: State) -> Self {
        Self(at << TIME_SHIFT | state as u64)
    }

    /// Marks the change as the end of an attempt.
    pub(super) const fn ending_attempt(self) -> Self {
        Self(self.0 | ATTEMPT_END)
    }

    /// The time of the change.
    pub(super) const fn at(self) -> u64 {
        self.0 >> TIME_SHIFT
    }

    /// The state after the change.
    pub(super) fn state(self) -> State {
        let index = (self.0 & (ATTEMPT_END - 1)) as usize;
        State::ALL.get(index).copied().unwrap_or_default()
    }

    /// Returns `true` if the change ends an attempt.
    pub(super) const fn ends_attempt(self) -> bool {
        self.0 & ATTEMPT_END != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_time_is_unpacked_as_it_was_packed() {
        assert_eq!(size_of::<StateChange>(), 8);
        for state in State::ALL {
            for at in [0, 1, 1 << 40, Nanos::MAX.0] {
                let change = StateChange::new(at, state);
                assert_eq!((change.at(), change.state()), (at, state));
                assert!(!change.ends_attempt());
                let end = change.ending_attempt();
                assert_eq!((end.at(), end.state(), end.ends_attempt()), (at, state, true));
            }
        }
    }
}
