//! What the times of several modes mean, in one sentence.

use super::plan::{Compute, Mode, Work};
use super::run::Run;
use super::stats;
use super::time::Nanos;

/// Less than this many times quicker is no gain: runs of the same differ by as much.
const GAIN: f64 = 1.15;

/// More than this many times what is possible is no rounding: the sequential run was slowed.
const TOO_GOOD: f64 = 1.05;

/// How much quicker a mode was than one task after another.
#[derive(Clone, Copy)]
struct Figure {
    mode: Mode,
    workers: u16,
    tasks: u32,
    speed_up: f64,
}

impl Figure {
    /// How many times quicker equal tasks can be on so many workers: all but the last wave are full.
    fn most(self) -> f64 {
        f64::from(self.tasks) / f64::from(stats::Waves::new(self.tasks, self.workers).count.max(1))
    }
}

/// What the whole ones of these runs mean, where the sequential one took `baseline`: `threads under
/// the GIL gain nothing on CPU work: 0.97x; 4 processes: 1.90x on 2 cores`. `cores` is how many this
/// machine has. Nothing where there is nothing to say.
pub fn of(runs: &[Run], baseline: Option<Nanos>, cores: Option<u16>) -> Option<String> {
    let baseline = baseline?;
    let whole = runs.iter().filter(|run| run.is_whole() && run.plan().mode != Mode::Sequential);
    let figures = whole.filter_map(|run| {
        let speed_up = stats::speed_up(baseline, run.took()?)?;
        let workers = run.mean_workers(Nanos::ZERO).round() as u16;
        Some(Figure { mode: run.plan().mode, workers, tasks: run.known_tasks(), speed_up })
    });
    sentence(&runs.first()?.plan().work, &figures.collect::<Vec<_>>(), cores)
}

fn sentence(work: &Work, figures: &[Figure], cores: Option<u16>) -> Option<String> {
    let simulated = work.compute().and_then(|compute| compute.simulation);
    let cores = simulated.map(|machine| machine.cores).or(cores);
    let gil = figures.iter().find(|figure| figure.mode == Mode::Gil);
    let first = gil.and_then(|gil| match work {
        Work::Profile(_) | Work::Commands { .. } => None,
        _ if gil.most() <= 1.0 => Some(of_one(*gil)),
        Work::Cpu(_) => Some(of_cpu(*gil)),
        Work::Native(_) => Some(of_native(*gil)),
        Work::Mixed(compute) => Some(of_mixed(compute, *gil)),
        Work::Followers(_) => Some(of_waiting(*gil)),
    });
    let second = work.compute().and_then(|_| without_a_gil(figures, cores, simulated.is_some()));
    let parts: Vec<String> = first.into_iter().chain(second).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// One thread, or one task: nobody else wants the GIL.
fn of_one(Figure { tasks, speed_up, .. }: Figure) -> String {
    let why = if tasks == 1 {
        "one task is done by one thread"
    } else {
        "one thread shares it with nobody"
    };
    format!("under the GIL {why}: {speed_up:.2}x")
}

fn of_cpu(Figure { speed_up, .. }: Figure) -> String {
    if speed_up < GAIN {
        return format!("threads under the GIL gain nothing on CPU work: {speed_up:.2}x");
    }
    format!(
        "threads under the GIL took less time on CPU work, where they can gain nothing: \
         {speed_up:.2}x, so something else slowed the sequential run"
    )
}

fn of_native(Figure { speed_up, .. }: Figure) -> String {
    if speed_up < GAIN {
        return format!(
            "native code releases the GIL, but threads gained nothing by it: {speed_up:.2}x"
        );
    }
    format!("native code releases the GIL, so threads gain: {speed_up:.2}x")
}

/// The CPU work of all tasks is done one after another, so no run can take less time than that.
fn of_mixed(compute: &Compute, gil: Figure) -> String {
    let (share, speed_up) = (compute.share, gil.speed_up);
    match share {
        0 => return of_waiting(gil),
        100 => return of_cpu(gil),
        _ => {}
    }
    let most = (100.0 / f64::from(share)).min(gil.most());
    if speed_up > most * TOO_GOOD {
        return format!(
            "threads under the GIL took less time than {share} % CPU work allows: {speed_up:.2}x, \
             where {most:.2}x is the most, so something else slowed the sequential run"
        );
    }
    if most < GAIN && speed_up < GAIN {
        return format!(
            "threads under the GIL gain nothing where {share} % of a task is CPU work: {speed_up:.2}x"
        );
    }
    if speed_up < GAIN {
        return format!(
            "threads under the GIL gained nothing, where waiting together allows {most:.2}x: \
             {speed_up:.2}x"
        );
    }
    format!(
        "threads under the GIL wait together, but compute one at a time: {speed_up:.2}x, where \
         {share} % CPU work allows {most:.2}x"
    )
}

fn of_waiting(Figure { workers, speed_up, .. }: Figure) -> String {
    let workers = plural(workers, "thread");
    if speed_up < GAIN {
        return format!(
            "the GIL is released while threads wait, but {workers} gained nothing by it: \
             {speed_up:.2}x"
        );
    }
    format!("the GIL is released while threads wait, so {workers} gain: {speed_up:.2}x")
}

/// The modes that may use every core.
fn without_a_gil(figures: &[Figure], cores: Option<u16>, simulated: bool) -> Option<String> {
    let free: Vec<Figure> = [Mode::Threads, Mode::Processes]
        .into_iter()
        .filter_map(|mode| figures.iter().find(|figure| figure.mode == mode).copied())
        .collect();
    let each = |figure: &Figure| {
        let workers = match figure.mode {
            Mode::Processes => plural(figure.workers, "process"),
            _ => plural(figure.workers, "thread") + " without a GIL",
        };
        format!("{workers}: {:.2}x", figure.speed_up)
    };
    let told: Vec<String> = free.iter().map(each).collect();
    let several = free.iter().any(|figure| figure.most() > 1.0);
    let gains = |figure: &Figure| figure.speed_up >= GAIN;
    let lost = |figure: &Figure| figure.mode == Mode::Processes && !gains(figure);
    let place = cores.map_or_else(String::new, |cores| format!(" on {}", plural(cores, "core")));
    let reason = match cores {
        _ if !several => "",
        _ if free.iter().any(gains) && free.iter().any(lost) => {
            ", as processes cost more than such short tasks"
        }
        _ if free.iter().any(gains) => "",
        Some(1) => ", where only one can compute at a time",
        _ if simulated => ", as the tasks are too few or too short for what workers cost",
        _ => ", as the cores had other work, or the tasks are too short for what workers cost",
    };
    (!told.is_empty()).then(|| told.join(", ") + &place + reason)
}

/// `1 process`, `4 processes`.
fn plural(count: u16, thing: &str) -> String {
    let ending = match thing {
        _ if count == 1 => "",
        "process" => "es",
        _ => "s",
    };
    format!("{count} {thing}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::{Simulation, Target};

    fn said(work: &Work, speed_ups: &[(Mode, f64)], cores: Option<u16>) -> String {
        told(work, speed_ups, cores, (4, 8))
    }

    fn told(
        work: &Work,
        speed_ups: &[(Mode, f64)],
        cores: Option<u16>,
        (workers, tasks): (u16, u32),
    ) -> String {
        let figure = |&(mode, speed_up)| Figure { mode, workers, tasks, speed_up };
        let figures: Vec<Figure> = speed_ups.iter().map(figure).collect();
        sentence(work, &figures, cores).unwrap_or_default()
    }

    fn race(gil: f64, threads: f64, processes: f64) -> [(Mode, f64); 3] {
        [(Mode::Gil, gil), (Mode::Threads, threads), (Mode::Processes, processes)]
    }

    fn cpu() -> Work {
        Work::Cpu(Compute::default())
    }

    #[test]
    fn cpu_work() {
        assert_eq!(
            said(&cpu(), &race(0.97, 1.95, 1.9), Some(2)),
            "threads under the GIL gain nothing on CPU work: 0.97x; 4 threads without a GIL: 1.95x, \
             4 processes: 1.90x on 2 cores"
        );
        assert_eq!(
            said(&cpu(), &[(Mode::Gil, 0.97), (Mode::Processes, 1.9)], Some(2)),
            "threads under the GIL gain nothing on CPU work: 0.97x; 4 processes: 1.90x on 2 cores"
        );
        assert_eq!(
            said(&cpu(), &race(1.149, 0.99, 1.14), Some(1)),
            "threads under the GIL gain nothing on CPU work: 1.15x; 4 threads without a GIL: 0.99x, \
             4 processes: 1.14x on 1 core, where only one can compute at a time"
        );
        assert_eq!(
            said(&cpu(), &race(1.4, 0.99, 0.8), None),
            "threads under the GIL took less time on CPU work, where they can gain nothing: 1.40x, \
             so something else slowed the sequential run; 4 threads without a GIL: 0.99x, 4 \
             processes: 0.80x, as the cores had other work, or the tasks are too short for what \
             workers cost"
        );
    }

    #[test]
    fn native_code() {
        let native = Work::Native(Compute::default());
        assert_eq!(
            said(&native, &[(Mode::Gil, 1.85)], Some(2)),
            "native code releases the GIL, so threads gain: 1.85x"
        );
        assert_eq!(
            said(&native, &[(Mode::Gil, 1.0), (Mode::Threads, 1.01)], Some(1)),
            "native code releases the GIL, but threads gained nothing by it: 1.00x; 4 threads \
             without a GIL: 1.01x on 1 core, where only one can compute at a time"
        );
    }

    #[test]
    fn mixed_work() {
        let mixed = |share, speed_up| {
            let work = Work::Mixed(Compute { share, ..Compute::default() });
            said(&work, &[(Mode::Gil, speed_up)], None)
        };
        assert_eq!(
            mixed(30, 2.4),
            "threads under the GIL wait together, but compute one at a time: 2.40x, where 30 % CPU \
             work allows 3.33x"
        );
        assert_eq!(
            mixed(0, 3.9),
            "the GIL is released while threads wait, so 4 threads gain: 3.90x"
        );
        assert!(mixed(100, 1.02).starts_with("threads under the GIL gain nothing on CPU work"));
        assert_eq!(
            mixed(50, 2.4),
            "threads under the GIL took less time than 50 % CPU work allows: 2.40x, where 2.00x is \
             the most, so something else slowed the sequential run"
        );
        assert_eq!(
            mixed(95, 1.02),
            "threads under the GIL gain nothing where 95 % of a task is CPU work: 1.02x"
        );
        assert_eq!(
            mixed(30, 1.1),
            "threads under the GIL gained nothing, where waiting together allows 3.33x: 1.10x"
        );
    }

    #[test]
    fn few_tasks_allow_no_more_than_their_waves() {
        let mixed = Work::Mixed(Compute { share: 10, ..Compute::default() });
        let five = told(&mixed, &[(Mode::Gil, 2.38)], None, (4, 5));
        assert!(five.ends_with("2.38x, where 10 % CPU work allows 2.50x"), "{five}");
        let one = told(&cpu(), &race(1.0, 1.0, 0.7), Some(2), (4, 1));
        assert_eq!(
            one,
            "under the GIL one task is done by one thread: 1.00x; 4 threads without a GIL: 1.00x, 4 \
             processes: 0.70x on 2 cores"
        );
        let alone = told(&cpu(), &[(Mode::Gil, 1.0)], Some(2), (1, 8));
        assert_eq!(alone, "under the GIL one thread shares it with nobody: 1.00x");
    }

    #[test]
    fn processes_that_cost_more_than_their_tasks() {
        let short = said(&cpu(), &race(1.0, 1.9, 0.12), Some(2));
        let why = "4 processes: 0.12x on 2 cores, as processes cost more than such short tasks";
        assert!(short.ends_with(why), "{short}");
    }

    #[test]
    fn pages_that_are_waited_for() {
        let work = Work::Followers(Target {
            user: "octocat".to_owned(),
            api: Target::BUILT_IN.to_owned(),
            per_page: 30,
            costs_quota: false,
        });
        assert_eq!(said(&work, &[(Mode::Threads, 4.4)], Some(2)), "");
        let waiting = "the GIL is released while threads wait, ";
        assert_eq!(
            said(&work, &[(Mode::Gil, 3.9)], None),
            format!("{waiting}so 4 threads gain: 3.90x")
        );
        assert_eq!(
            said(&work, &[(Mode::Gil, 1.0)], None),
            format!("{waiting}but 4 threads gained nothing by it: 1.00x")
        );
    }

    #[test]
    fn a_simulated_machine_has_its_own_cores() {
        let machine = Some(Simulation { seed: 1, cores: 8 });
        let work = Work::Cpu(Compute { simulation: machine, ..Compute::default() });
        assert_eq!(
            said(&work, &[(Mode::Processes, 4.0)], Some(2)),
            "4 processes: 4.00x on 8 cores"
        );
    }

    #[test]
    fn nothing_that_was_measured_is_nothing_to_say() {
        assert_eq!(said(&cpu(), &[], Some(2)), "");
        assert_eq!(of(&[], Some(Nanos(1)), Some(2)), None);
    }
}
