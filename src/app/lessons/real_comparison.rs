//! The figure of a simulated lesson beside the same figure of a real run on this machine.

use crate::model::MachineLoad;
use crate::model::lesson::LessonFigure;

/// A simulated figure and a real one, with what is known of the machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealComparison {
    /// The figure.
    pub figure: LessonFigure,
    /// Its value in the simulation.
    pub simulated: f64,
    /// Its value on this machine, or `None` if the run was not completed.
    pub real: Option<f64>,
    /// The number of cores that were simulated.
    pub simulated_cores: u16,
    /// The number of cores of this machine, if known.
    pub cores: Option<u16>,
    /// The load of this machine during the run, if measured.
    pub load: Option<MachineLoad>,
}

impl RealComparison {
    /// The difference between the real figure and the simulated one, in percent of the latter.
    pub fn difference(&self) -> Option<f64> {
        let real = self.real.filter(|_| self.simulated > 0.0)?;
        Some((real / self.simulated - 1.0) * 100.0)
    }
}
