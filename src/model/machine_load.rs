//! The load of the machine during a run.

use serde::{Deserialize, Serialize};

/// The cores of a machine that were in use during a run, on average, in thousandths of a core. The
/// rest was idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineLoad {
    /// The number of cores of the machine.
    pub cores: u16,
    /// Used by this program and the processes that it started.
    pub own_millicores: u32,
    /// Used by all other programs.
    pub other_millicores: u32,
    /// Taken by the host of a virtual machine while a program here was ready to run (steal time).
    pub stolen_millicores: u32,
}
