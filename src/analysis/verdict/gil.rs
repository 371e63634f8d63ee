//! The meaning of the speed-ups of several modes for the GIL and the cores, in one sentence.

use crate::analysis::{plural, stats};
use crate::model::plan::{ComputeSpec, WorkSpec};
use crate::model::run::Run;
use crate::model::time::Nanos;
use crate::model::{Mode, Waves};

/// The minimum speed-up that counts as a gain: identical runs differ by less.
const MIN_GAIN: f64 = 1.15;

/// The maximum ratio of a measured to the possible speed-up. A higher one is no rounding error:
/// something slowed the sequential run.
const MAX_EXCESS: f64 = 1.05;

/// The speed-up of a mode over the sequential run.
#[derive(Clone, Copy)]
struct ModeSpeedUp {
    mode: Mode,
    workers: u16,
    tasks: u32,
    speed_up: f64,
}

impl ModeSpeedUp {
    /// The maximum speed-up of equal tasks on this number of workers: all waves but the last are full.
    fn max_speed_up(self) -> f64 {
        f64::from(self.tasks) / f64::from(Waves::new(self.tasks, self.workers).count.max(1))
    }
}

/// Returns the meaning of the complete runs, given the sequential run's time `baseline` and this
/// machine's number of cores: `threads under the GIL: 0.97x, no gain on CPU work; 4 processes: 1.90x on
/// 2 cores`. Returns `None` if no run allows a conclusion.
pub(super) fn interpretation(runs: &[Run], baseline: Nanos, cores: Option<u16>) -> Option<String> {
    let whole = runs.iter().filter(|run| run.is_complete() && run.plan().mode != Mode::Sequential);
    let figures = whole.filter_map(|run| {
        let speed_up = stats::speed_up(baseline, run.duration()?)?;
        let workers = run.mean_workers(Nanos::ZERO).round() as u16;
        Some(ModeSpeedUp {
            mode: run.plan().mode,
            workers,
            tasks: run.progress().known_tasks(),
            speed_up,
        })
    });
    verdict_sentence(&runs.first()?.plan().work, &figures.collect::<Vec<_>>(), cores)
}

fn verdict_sentence(
    work: &WorkSpec,
    figures: &[ModeSpeedUp],
    cores: Option<u16>,
) -> Option<String> {
    let simulated = work.compute().and_then(|compute| compute.simulation);
    let cores = simulated.map(|machine| machine.cores).or(cores);
    let gil = figures.iter().find(|figure| figure.mode == Mode::Gil);
    let first = gil.and_then(|gil| match work {
        WorkSpec::Commands { .. } => None,
        _ if gil.max_speed_up() <= 1.0 => Some(single_task_sentence(*gil)),
        WorkSpec::Cpu(_) => Some(cpu_sentence(*gil)),
        WorkSpec::Native(_) => Some(native_sentence(*gil)),
        WorkSpec::Mixed(compute) => Some(mixed_sentence(compute, *gil)),
        WorkSpec::Followers(_) => Some(waiting_sentence(*gil)),
    });
    let second =
        work.compute().and_then(|_| parallel_sentence(figures, cores, simulated.is_some()));
    let parts: Vec<String> = first.into_iter().chain(second).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The clause about one thread, or one task: the GIL is never contended.
fn single_task_sentence(ModeSpeedUp { tasks, speed_up, .. }: ModeSpeedUp) -> String {
    let reason = if tasks == 1 {
        "because one task runs on one thread"
    } else {
        "because one thread never waits for it"
    };
    format!("threads under the GIL: {speed_up:.2}x, {reason}")
}

fn cpu_sentence(ModeSpeedUp { speed_up, .. }: ModeSpeedUp) -> String {
    if speed_up < MIN_GAIN {
        return format!("threads under the GIL: {speed_up:.2}x, no gain on CPU work");
    }
    format!(
        "threads under the GIL: {speed_up:.2}x, more than CPU work allows, so something slowed the \
         sequential run"
    )
}

fn native_sentence(ModeSpeedUp { speed_up, .. }: ModeSpeedUp) -> String {
    if speed_up < MIN_GAIN {
        return format!(
            "threads under the GIL: {speed_up:.2}x, no gain although native code releases it"
        );
    }
    format!("threads under the GIL: {speed_up:.2}x, because native code releases it")
}

/// The clause about mixed work: the CPU work of all tasks runs one after another, which bounds the
/// speed-up.
fn mixed_sentence(compute: &ComputeSpec, gil: ModeSpeedUp) -> String {
    let (share, speed_up) = (compute.share, gil.speed_up);
    match share {
        0 => return waiting_sentence(gil),
        100 => return cpu_sentence(gil),
        _ => {}
    }
    let most = (100.0 / f64::from(share)).min(gil.max_speed_up());
    if speed_up > most * MAX_EXCESS {
        return format!(
            "threads under the GIL: {speed_up:.2}x, more than the {most:.2}x that {share} % CPU work \
             allows, so something slowed the sequential run"
        );
    }
    if most < MIN_GAIN && speed_up < MIN_GAIN {
        return format!("threads under the GIL: {speed_up:.2}x, no gain with {share} % CPU work");
    }
    if speed_up < MIN_GAIN {
        return format!(
            "threads under the GIL: {speed_up:.2}x, no gain although {share} % CPU work allows \
             {most:.2}x"
        );
    }
    format!(
        "threads under the GIL: {speed_up:.2}x of at most {most:.2}x, because waits overlap but the \
         {share} % CPU work does not"
    )
}

fn waiting_sentence(ModeSpeedUp { workers, speed_up, .. }: ModeSpeedUp) -> String {
    let workers = plural::count(workers, "thread");
    if speed_up < MIN_GAIN {
        return format!(
            "{workers} under the GIL: {speed_up:.2}x, no gain although waiting releases it"
        );
    }
    format!("{workers} under the GIL: {speed_up:.2}x, because waiting releases it")
}

/// The clause about the modes that can use every core.
fn parallel_sentence(
    figures: &[ModeSpeedUp],
    cores: Option<u16>,
    simulated: bool,
) -> Option<String> {
    let free: Vec<ModeSpeedUp> = [Mode::Threads, Mode::Processes]
        .into_iter()
        .filter_map(|mode| figures.iter().find(|figure| figure.mode == mode).copied())
        .collect();
    let each = |figure: &ModeSpeedUp| {
        let workers = match figure.mode {
            Mode::Processes => plural::count(figure.workers, "process"),
            _ => plural::count(figure.workers, "thread") + " without a GIL",
        };
        format!("{workers}: {:.2}x", figure.speed_up)
    };
    let texts: Vec<String> = free.iter().map(each).collect();
    let several = free.iter().any(|figure| figure.max_speed_up() > 1.0);
    let gains = |figure: &ModeSpeedUp| figure.speed_up >= MIN_GAIN;
    let lost = |figure: &ModeSpeedUp| figure.mode == Mode::Processes && !gains(figure);
    let location =
        cores.map_or_else(String::new, |cores| format!(" on {}", plural::count(cores, "core")));
    let reason = match cores {
        _ if !several => "",
        _ if free.iter().any(gains) && free.iter().any(lost) => {
            ", because the tasks are too short for the overhead of processes"
        }
        _ if free.iter().any(gains) => "",
        Some(1) => ", where only one computes at a time",
        _ if simulated => {
            ", because the tasks are too few or too short for the overhead of workers"
        }
        _ => ", because the cores were busy or the tasks are too short for the overhead of workers",
    };
    (!texts.is_empty()).then(|| texts.join(", ") + &location + reason)
}
