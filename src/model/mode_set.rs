//! A set of modes, for a race of fewer modes than a workload has.

use serde::{Deserialize, Serialize};

use super::workload::Mode;
use super::workload::Mode::{Gil, Processes, Sequential, Threads};

/// All sets, by the bits of their modes.
static SETS: [&[Mode]; 16] = [
    &[],
    &[Sequential],
    &[Threads],
    &[Sequential, Threads],
    &[Gil],
    &[Sequential, Gil],
    &[Threads, Gil],
    &[Sequential, Threads, Gil],
    &[Processes],
    &[Sequential, Processes],
    &[Threads, Processes],
    &[Sequential, Threads, Processes],
    &[Gil, Processes],
    &[Sequential, Gil, Processes],
    &[Threads, Gil, Processes],
    &[Sequential, Threads, Gil, Processes],
];

/// A set of modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Mode>", into = "Vec<Mode>")]
pub struct ModeSet(u8);

impl ModeSet {
    /// The modes, in the order of the keys.
    pub fn modes(self) -> &'static [Mode] {
        SETS.get(usize::from(self.0)).copied().unwrap_or(&[])
    }
}

impl FromIterator<Mode> for ModeSet {
    fn from_iter<T: IntoIterator<Item = Mode>>(modes: T) -> Self {
        Self(modes.into_iter().fold(0, |bits, mode| bits | 1 << mode as u8))
    }
}

impl From<Vec<Mode>> for ModeSet {
    fn from(modes: Vec<Mode>) -> Self {
        modes.into_iter().collect()
    }
}

impl From<ModeSet> for Vec<Mode> {
    fn from(set: ModeSet) -> Self {
        set.modes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_its_own_modes() {
        for bits in 0..16_u8 {
            let set: ModeSet = ModeSet(bits).modes().iter().copied().collect();
            assert_eq!(set, ModeSet(bits));
        }
    }
}
