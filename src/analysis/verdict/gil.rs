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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::{Simulation, Target};

    fn verdict_text(work: &WorkSpec, speed_ups: &[(Mode, f64)], cores: Option<u16>) -> String {
        verdict_text_for(work, speed_ups, cores, (4, 8))
    }

    fn verdict_text_for(
        work: &WorkSpec,
        speed_ups: &[(Mode, f64)],
        cores: Option<u16>,
        (workers, tasks): (u16, u32),
    ) -> String {
        let figure = |&(mode, speed_up)| ModeSpeedUp { mode, workers, tasks, speed_up };
        let figures: Vec<ModeSpeedUp> = speed_ups.iter().map(figure).collect();
        verdict_sentence(work, &figures, cores).unwrap_or_default()
    }

    fn race(gil: f64, threads: f64, processes: f64) -> [(Mode, f64); 3] {
        [(Mode::Gil, gil), (Mode::Threads, threads), (Mode::Processes, processes)]
    }

    fn cpu() -> WorkSpec {
        WorkSpec::Cpu(ComputeSpec::default())
    }

    #[test]
    fn cpu_work_gains_only_without_a_shared_gil() {
        assert_eq!(
            verdict_text(&cpu(), &race(0.97, 1.95, 1.9), Some(2)),
            "threads under the GIL: 0.97x, no gain on CPU work; 4 threads without a GIL: 1.95x, \
             4 processes: 1.90x on 2 cores"
        );
        assert_eq!(
            verdict_text(&cpu(), &[(Mode::Gil, 0.97), (Mode::Processes, 1.9)], Some(2)),
            "threads under the GIL: 0.97x, no gain on CPU work; 4 processes: 1.90x on 2 cores"
        );
        assert_eq!(
            verdict_text(&cpu(), &race(1.149, 0.99, 1.14), Some(1)),
            "threads under the GIL: 1.15x, no gain on CPU work; 4 threads without a GIL: 0.99x, \
             4 processes: 1.14x on 1 core, where only one computes at a time"
        );
        assert_eq!(
            verdict_text(&cpu(), &race(1.4, 0.99, 0.8), None),
            "threads under the GIL: 1.40x, more than CPU work allows, so something slowed the \
             sequential run; 4 threads without a GIL: 0.99x, 4 processes: 0.80x, because the cores \
             were busy or the tasks are too short for the overhead of workers"
        );
    }

    #[test]
    fn native_code_gains_under_the_gil() {
        let native = WorkSpec::Native(ComputeSpec::default());
        assert_eq!(
            verdict_text(&native, &[(Mode::Gil, 1.85)], Some(2)),
            "threads under the GIL: 1.85x, because native code releases it"
        );
        assert_eq!(
            verdict_text(&native, &[(Mode::Gil, 1.0), (Mode::Threads, 1.01)], Some(1)),
            "threads under the GIL: 1.00x, no gain although native code releases it; 4 threads \
             without a GIL: 1.01x on 1 core, where only one computes at a time"
        );
    }

    #[test]
    fn mixed_work_is_bounded_by_its_cpu_share() {
        let mixed = |share, speed_up| {
            let work = WorkSpec::Mixed(ComputeSpec { share, ..ComputeSpec::default() });
            verdict_text(&work, &[(Mode::Gil, speed_up)], None)
        };
        assert_eq!(
            mixed(30, 2.4),
            "threads under the GIL: 2.40x of at most 3.33x, because waits overlap but the 30 % CPU \
             work does not"
        );
        assert_eq!(mixed(0, 3.9), "4 threads under the GIL: 3.90x, because waiting releases it");
        assert_eq!(mixed(100, 1.02), "threads under the GIL: 1.02x, no gain on CPU work");
        assert_eq!(
            mixed(50, 2.4),
            "threads under the GIL: 2.40x, more than the 2.00x that 50 % CPU work allows, so \
             something slowed the sequential run"
        );
        assert_eq!(mixed(95, 1.02), "threads under the GIL: 1.02x, no gain with 95 % CPU work");
        assert_eq!(
            mixed(30, 1.1),
            "threads under the GIL: 1.10x, no gain although 30 % CPU work allows 3.33x"
        );
    }

    #[test]
    fn waves_bound_the_speed_up_of_few_tasks() {
        let mixed = WorkSpec::Mixed(ComputeSpec { share: 10, ..ComputeSpec::default() });
        let five = verdict_text_for(&mixed, &[(Mode::Gil, 2.38)], None, (4, 5));
        assert!(
            five.contains("2.38x of at most 2.50x, because waits overlap but the 10 % CPU work"),
            "{five}"
        );
        let one = verdict_text_for(&cpu(), &race(1.0, 1.0, 0.7), Some(2), (4, 1));
        assert_eq!(
            one,
            "threads under the GIL: 1.00x, because one task runs on one thread; 4 threads without a \
             GIL: 1.00x, 4 processes: 0.70x on 2 cores"
        );
        let alone = verdict_text_for(&cpu(), &[(Mode::Gil, 1.0)], Some(2), (1, 8));
        let reason = "because one thread never waits for it";
        assert_eq!(alone, format!("threads under the GIL: 1.00x, {reason}"));
    }

    #[test]
    fn process_overhead_explains_slow_processes() {
        let short = verdict_text(&cpu(), &race(1.0, 1.9, 0.12), Some(2));
        let reason = "4 processes: 0.12x on 2 cores, because the tasks are too short for the overhead \
                   of processes";
        assert!(short.ends_with(reason), "{short}");
    }

    #[test]
    fn waiting_releases_the_gil() {
        let work = WorkSpec::Followers(Target {
            user: "octocat".to_owned(),
            api: Target::BUILT_IN.to_owned(),
            per_page: 30,
            costs_quota: false,
        });
        assert_eq!(verdict_text(&work, &[(Mode::Threads, 4.4)], Some(2)), "");
        assert_eq!(
            verdict_text(&work, &[(Mode::Gil, 3.9)], None),
            "4 threads under the GIL: 3.90x, because waiting releases it"
        );
        assert_eq!(
            verdict_text(&work, &[(Mode::Gil, 1.0)], None),
            "4 threads under the GIL: 1.00x, no gain although waiting releases it"
        );
    }

    #[test]
    fn simulated_cores_replace_those_of_this_machine() {
        let machine = Some(Simulation { seed: 1, cores: 8 });
        let work = WorkSpec::Cpu(ComputeSpec { simulation: machine, ..ComputeSpec::default() });
        assert_eq!(
            verdict_text(&work, &[(Mode::Processes, 4.0)], Some(2)),
            "4 processes: 4.00x on 8 cores"
        );
    }

    #[test]
    fn no_runs_give_no_conclusion() {
        assert_eq!(verdict_text(&cpu(), &[], Some(2)), "");
        assert_eq!(interpretation(&[], Nanos(1), Some(2)), None);
    }
}
