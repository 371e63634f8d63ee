//! The plain report of CPU workloads.

use std::io::{self, Write};

use super::{gil_and_processes, new_remark, unfinished_remarks, write_remarks, write_times};
use crate::analysis::plural;
use crate::analysis::verdict::{Form, Verdict};
use crate::model::{ComputeSpec, Run};
use crate::report::{Comparison, duration_percentiles, run_time};

pub(super) fn write(out: &mut dyn Write, runs: &[Run], cores: Option<u16>) -> io::Result<()> {
    write_times(out, runs)?;
    if let Some((run, task)) = runs.first().and_then(|run| Some((run, describe_task(run, cores)?)))
    {
        writeln!(out, "\n{}: {task}\n", run.plan().workload())?;
    }
    write_table(out, runs)?;
    write_remarks(out, gil_and_processes::remarks(runs))?;
    let verdict = Verdict::new(runs, cores);
    let results = verdict.agreement_text(Form::Long);
    write_remarks(out, results.map(|text| new_remark("results", text)))?;
    write_remarks(out, verdict.interpretation().map(|text| new_remark("meaning", text)))?;
    write_remarks(out, unfinished_remarks(runs))
}

/// Describes the tasks of a run and the machine. Returns `None` for a workload without CPU work.
pub(in crate::report) fn describe_task(run: &Run, cores: Option<u16>) -> Option<String> {
    let ComputeSpec { size, turns, share, switch_interval, simulation } =
        run.plan().work.compute()?;
    let tasks = plural::count(run.progress().known_tasks(), "task");
    let share = if run.plan().workload().spec().has_io_share {
        format!(", {share} % of it CPU work")
    } else {
        String::new()
    };
    let turns = match turns {
        0 => String::new(),
        turns => format!(" ({turns} turns)"),
    };
    let on = |cores: u16| format!("on {}", plural::count(cores, "core"));
    let machine = match simulation {
        Some(machine) => format!("; simulated {}, seed {}", on(machine.cores), machine.seed),
        None => cores.map_or_else(String::new, |cores| format!("; {}", on(cores))),
    };
    Some(format!(
        "{tasks} of about {size} each{turns}{share}; switch interval {switch_interval}\
         {machine}"
    ))
}

fn write_table(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let (median, p95, speed_up) = ("median", "p95", "speed-up");
    writeln!(
        out,
        "{:<13}{:>9}{:>14}{:>9}{median:>10}{p95:>10}{speed_up:>10}{:>12}",
        "mode", "elapsed", "tasks", "tasks/s", "efficiency"
    )?;
    for run in runs.iter().filter(|run| run.has_started()) {
        let elapsed = run_time(run);
        let tasks = format!("{}/{}", run.progress().done_tasks(), run.progress().known_tasks());
        let name = run.plan().name();
        write!(out, "{name:<12} {elapsed:>9} {tasks:>13} {:>8.2}", run.rate(elapsed))?;
        match duration_percentiles(run, [0.5, 0.95]) {
            Some([median, p95]) => write!(out, " {median:>9} {p95:>9}")?,
            None => write!(out, "{:>10}{:>10}", "-", "-")?,
        }
        match Comparison::for_run(runs, run) {
            Some(Comparison { speed_up: Some(s), efficiency: Some(e), .. }) => {
                writeln!(out, " {:>9}{:>12}", format!("{s:.2}x"), format!("{:.0} %", e * 100.0))?;
            }
            _ => writeln!(out, "{:>10}{:>12}", "-", "-")?,
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Event, EventKind, Failure, FailureKind, LaneId, Mode, Nanos, Plan, RunOutcome, Simulation,
        TaskId, TaskOutcome, WorkSpec,
    };
    use crate::report::fixture::{computed, not_begun};
    use crate::report::plain;

    fn report(runs: &[Run], cores: Option<u16>) -> String {
        let mut out = Vec::new();
        plain::write(&mut out, None, runs, cores).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn report_of_a_complete_race() {
        let values = [7, 8, 9, 10];
        let race = Mode::ALL.map(|mode| {
            let workers = if mode == Mode::Sequential { 1 } else { 2 };
            computed(mode, workers, &values)
        });
        assert_eq!(
            report(&race, Some(2)),
            "\
single_threaded time(sec): 4.0
multi_threaded time(sec): 2.0
multi_threaded_gil time(sec): 4.0
multi_process time(sec): 2.4

cpu: 4 tasks of about 150 ms each (9000000 turns); switch interval 5.0 ms; on 2 cores

mode           elapsed         tasks  tasks/s    median       p95  speed-up  efficiency
sequential     4.000 s           4/4     1.00   1.000 s   1.000 s         -           -
threads x2     2.000 s           4/4     2.00   1.000 s   1.000 s     2.00x       100 %
gil x2         4.000 s           4/4     1.00   1.000 s   1.000 s     1.00x        50 %
processes x2   2.400 s           4/4     1.67   1.100 s   1.100 s     1.67x        83 %

GIL          held 100 % of the time, 0.5 threads waiting on average, 1 switches/s, longest hold 1.000 s by worker-1
GIL cost     2.000 s of waiting, summed over all threads
processes    400 ms to start, 400 ms to hand over tasks and results, summed over all processes
results      the same 4 results in all 4 modes
meaning      threads under the GIL: 1.00x, no gain on CPU work; 2 threads without a GIL: 2.00x, \
2 processes: 1.67x on 2 cores
"
        );
    }

    #[test]
    fn differing_values_are_reported() {
        let runs =
            [computed(Mode::Sequential, 1, &[1, 2, 3]), computed(Mode::Threads, 3, &[1, 5, 4])];
        let line = "results      the modes disagree on 2 results; this is a bug in threadline, \
                    please report it\n";
        assert!(report(&runs, None).contains(line), "{}", report(&runs, None));
    }

    #[test]
    fn single_mode_has_no_comparison() {
        let report = report(&[computed(Mode::Gil, 2, &[1, 2])], None);
        assert!(
            report.starts_with("multi_threaded_gil time(sec): 2.0\n\ncpu: 2 tasks"),
            "{report}"
        );
        assert!(!report.contains("results") && !report.contains("meaning"), "{report}");
        assert!(report.contains("gil x2         2.000 s           2/2     1.00   1.000 s   1.000 s         -           -\n"));
    }

    #[test]
    fn task_description_names_size_and_machine() {
        let first = |work: WorkSpec| {
            let mut run = Run::opened(Plan::new(work, Mode::Sequential, 1, 1));
            let plan = run.plan().clone();
            run.apply(&Event {
                at: Nanos::ZERO,
                lane: LaneId(0),
                kind: EventKind::RunStarted { plan },
            });
            let report = report(&[run], Some(4));
            report.lines().nth(2).unwrap().to_owned()
        };
        let usual = ComputeSpec { size: Nanos::from_millis(1_500), ..ComputeSpec::default() };
        assert_eq!(
            first(WorkSpec::Mixed(usual)),
            "mixed: 1 task of about 1.500 s each, 30 % of it CPU work; switch interval 5.0 ms; on 4 cores"
        );
        let simulation = Some(Simulation { seed: 7, cores: 1 });
        assert_eq!(
            first(WorkSpec::Native(ComputeSpec { turns: 5, simulation, ..usual })),
            "native: 1 task of about 1.500 s each (5 turns); switch interval 5.0 ms; simulated on 1 \
             core, seed 7"
        );
    }

    #[test]
    fn crashed_process_and_mode_that_did_not_run_are_reported() {
        let sequential = computed(Mode::Sequential, 1, &[1, 2]);
        let plan = Plan::new(sequential.plan().work.clone(), Mode::Processes, 1, 2);
        let mut run = Run::opened(plan.clone());
        let failure = |message: &str| Failure::new(FailureKind::Worker, message);
        let lost = TaskOutcome::Requeued(failure("killed"));
        let task = TaskId(1);
        for kind in [
            EventKind::RunStarted { plan },
            EventKind::TaskStarted { task },
            EventKind::TaskFinished { task, outcome: lost },
            EventKind::RunFinished {
                outcome: RunOutcome::Failed(failure("no worker process starts; see why")),
            },
        ] {
            run.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind });
        }
        let report = report(&[sequential, run], None);
        let end = "\
lost         in processes x1, 1 worker process died; its task was retried
results      not compared: a run is incomplete
processes x1 0 of 2 tasks done; no worker process starts; see why
";
        assert!(report.ends_with(end), "{report}");
        let stopped = not_begun(Mode::Processes);
        let report = self::report(&[computed(Mode::Sequential, 1, &[1]), stopped], None);
        assert!(report.contains("multi_process time(sec): not run\n"), "{report}");
    }
}
