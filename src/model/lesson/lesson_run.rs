//! The runs of a lesson, and the setup of a session that carries them out.

use crate::model::plan::{ComputeSpec, Target};
use crate::model::selection::Selection;
use crate::model::setup::Setup;
use crate::model::watched_program::WatchedProgram;
use crate::model::workload::{Mode, ModeChoice, Workload};

/// The runs that answer a question.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonRun {
    /// The work.
    pub work: LessonWork,
    /// The modes, in their order.
    pub modes: Vec<Mode>,
    /// The number of workers.
    pub workers: u16,
    /// The factor by which a simulated run is slower than real time.
    pub slowdown: u32,
    /// The part of the runs to show.
    pub view: LessonView,
}

/// The work of a lesson's runs.
#[derive(Clone, Debug, PartialEq)]
pub enum LessonWork {
    /// The followers of the built-in server.
    Followers {
        /// The number of followers per page.
        per_page: u8,
    },
    /// CPU work.
    Computation {
        /// The workload, one with CPU work.
        workload: Workload,
        /// The parameters; a simulated machine makes the runs the same everywhere.
        compute: ComputeSpec,
        /// The number of tasks.
        tasks: u32,
    },
    /// The Python script that comes with the lessons, watched by the kernel's records.
    Script,
}

/// The part of the runs that is shown first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LessonView {
    /// All of the runs.
    #[default]
    Whole,
    /// The switches of the GIL.
    Switches,
}

impl LessonRun {
    /// The workload.
    pub const fn workload(&self) -> Workload {
        match self.work {
            LessonWork::Followers { .. } => Workload::Followers,
            LessonWork::Computation { workload, .. } => workload,
            LessonWork::Script => Workload::Program,
        }
    }

    /// Returns `true` if the runs are simulated, and so the same on every machine.
    pub const fn is_simulated(&self) -> bool {
        matches!(
            self.work,
            LessonWork::Computation { compute: ComputeSpec { simulation: Some(_), .. }, .. }
        )
    }

    /// The selection to run: one mode, or a race of several.
    pub fn selection(&self) -> Selection {
        let choice = match self.modes.as_slice() {
            [mode] => ModeChoice::Only(*mode),
            _ => ModeChoice::Race,
        };
        Selection { workload: self.workload(), choice }
    }

    /// Returns the setup of a session that carries out the runs: on the built-in server as `user`, on a
    /// machine with `cores` cores. `script` is the program that is watched.
    pub fn setup(&self, user: &str, cores: Option<u16>, script: &WatchedProgram) -> Setup {
        let target = |per_page| Target {
            user: user.to_owned(),
            api: Target::BUILT_IN.to_owned(),
            per_page,
            costs_quota: false,
        };
        let race_modes = Some(self.modes.iter().copied().collect());
        let with_target = |per_page| Setup {
            cores,
            race_modes,
            ..Setup::followers(target(per_page), Some(self.workers))
        };
        match &self.work {
            LessonWork::Followers { per_page } => with_target(*per_page),
            LessonWork::Computation { compute, tasks, .. } => {
                Setup { compute: *compute, tasks: *tasks, ..with_target(30) }
            }
            LessonWork::Script => Setup::program(script.clone()),
        }
    }
}
