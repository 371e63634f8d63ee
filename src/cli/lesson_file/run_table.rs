//! The runs of a question: `[question.run]`.

use clap::ValueEnum as _;

use super::table_reader::{ProblemList, TableReader, elements};
use super::value_parsers::{option_text, parse_words, whole_number};
use crate::app::playback::{DEFAULT_SLOWDOWN, MAX_SLOWDOWN};
use crate::cli::toml_file::{TomlEntry, TomlProblem, problem_at, unknown_name};
use crate::cli::values::{MAX_CORES, parse_per_page, parse_size, parse_switch_interval, whole};
use crate::model::lesson::{LessonRun, LessonView, LessonWork};
use crate::model::plan::MAX_TASKS;
use crate::model::setup::{DEFAULT_COMPUTE_TASKS, MAX_PROCESSES, MAX_WORKERS};
use crate::model::workload::Mode;
use crate::model::{ComputeSpec, Simulation, Workload};

/// The keys of all runs, of those that fetch followers, and of those that compute.
const KEYS: [&str; 12] = [
    "workload",
    "modes",
    "threads",
    "per-page",
    "tasks",
    "size",
    "share",
    "switch-interval",
    "cores",
    "seed",
    "slow",
    "view",
];
const FOLLOWERS_KEYS: [&str; 4] = ["workload", "modes", "threads", "per-page"];
const CPU_KEYS: [&str; 10] = [
    "workload",
    "modes",
    "threads",
    "tasks",
    "size",
    "switch-interval",
    "cores",
    "seed",
    "slow",
    "view",
];
const SCRIPT_KEYS: [&str; 3] = ["workload", "modes", "view"];

/// The workloads of lessons.
const WORKLOADS: [&str; 5] = ["followers", "cpu", "native", "mixed", "script"];

/// The number of followers per page, if not given.
const USUAL_PER_PAGE: u8 = 30;

/// Reads the runs of a question.
pub(super) fn read(entry: TomlEntry<'_>, problems: &mut ProblemList) -> Option<LessonRun> {
    let table = TableReader::within("a run", entry, &KEYS, problems)?;
    let name = table.parsed("workload", parse_workload, problems)?;
    let keys: &[&str] = match name {
        "followers" => &FOLLOWERS_KEYS,
        "script" => &SCRIPT_KEYS,
        _ => &CPU_KEYS,
    };
    let is_foreign = |key: &&str| !keys.contains(key) && (*key, name) != ("share", "mixed");
    for (key, at, _) in KEYS.into_iter().filter(is_foreign).filter_map(|key| table.entry(key)) {
        problems.add((at, format!("{key} does not apply to the workload {name}; remove it")));
    }
    let modes = read_modes(&table, name, problems);
    let workers = match &modes {
        _ if name == "script" => Some(1),
        Some(modes) if *modes == [Mode::Sequential] => Some(1),
        modes => read_workers(&table, modes.as_deref().unwrap_or_default(), problems),
    };
    let work = read_work(&table, name, problems);
    let slow = whole_number(whole(1..=u64::from(MAX_SLOWDOWN)));
    let slowdown = table.parsed_or("slow", usual_slowdown(name), slow, problems);
    let view = table.parsed_or("view", LessonView::Whole, parse_view, problems)?;
    let modes = modes?;
    if view == LessonView::Switches && name != "script" && !modes.contains(&Mode::Gil) {
        let what = "view: these runs have no GIL; add gil to the modes, or use \"whole\"";
        problems.add((table.entry("view").map_or(0, |(_, at, _)| at), what.to_owned()));
        return None;
    }
    Some(LessonRun { work: work?, modes, workers: workers?, slowdown: slowdown?, view })
}

/// Only simulated runs are slower than real time.
fn usual_slowdown(workload: &str) -> u32 {
    if matches!(workload, "followers" | "script") { 1 } else { DEFAULT_SLOWDOWN }
}

fn parse_workload(entry: TomlEntry<'_>) -> Result<&'static str, TomlProblem> {
    let text = parse_words(entry)?;
    let found = WORKLOADS.into_iter().find(|name| *name == text);
    found.ok_or_else(|| problem_at(entry)(&unknown_name("workload", &text, &WORKLOADS)))
}

/// Returns the modes. A script runs as it likes, which counts as threads.
fn read_modes(
    table: &TableReader<'_>,
    workload: &str,
    problems: &mut ProblemList,
) -> Option<Vec<Mode>> {
    let is_script = workload == "script";
    if is_script && table.entry("modes").is_none() {
        return Some(vec![Mode::Threads]);
    }
    let entry = table.required("modes", problems)?;
    let mut modes = Vec::new();
    for element in elements(entry, problems)? {
        let mode = problems.take(parse_mode(element))?;
        if modes.contains(&mode) {
            problems.add((element.1, format!("modes: {mode} is there twice; remove one")));
        }
        modes.push(mode);
    }
    if modes.is_empty() {
        problems.add(problem_at(entry)("name at least one, as in modes = [\"threads\"]"));
    }
    if is_script && modes != [Mode::Threads] {
        problems.add(problem_at(entry)("a script has the mode threads only; remove the others"));
    }
    Some(modes)
}

fn parse_mode(entry: TomlEntry<'_>) -> Result<Mode, TomlProblem> {
    let text = parse_words(entry)?;
    let names = Mode::ALL.map(|mode| mode.to_string());
    let found = Mode::ALL.into_iter().find(|mode| mode.to_string() == text);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    found.ok_or_else(|| problem_at(entry)(&unknown_name("mode", &text, &names)))
}

fn read_workers(
    table: &TableReader<'_>,
    modes: &[Mode],
    problems: &mut ProblemList,
) -> Option<u16> {
    let most = if modes.contains(&Mode::Processes) { MAX_PROCESSES } else { MAX_WORKERS };
    table.parsed("threads", whole_number(whole(1..=u64::from(most))), problems)
}

fn parse_view(entry: TomlEntry<'_>) -> Result<LessonView, TomlProblem> {
    match parse_words(entry)?.as_str() {
        "whole" => Ok(LessonView::Whole),
        "switches" => Ok(LessonView::Switches),
        _ => Err(problem_at(entry)("use \"whole\" or \"switches\"")),
    }
}

fn read_work(
    table: &TableReader<'_>,
    name: &str,
    problems: &mut ProblemList,
) -> Option<LessonWork> {
    match name {
        "followers" => {
            let parse = whole_number(parse_per_page);
            let per_page = table.parsed_or("per-page", USUAL_PER_PAGE, parse, problems)?;
            Some(LessonWork::Followers { per_page })
        }
        "script" => Some(LessonWork::Script),
        _ => read_computation(table, Workload::from_str(name, false).ok()?, problems),
    }
}

fn read_computation(
    table: &TableReader<'_>,
    workload: Workload,
    problems: &mut ProblemList,
) -> Option<LessonWork> {
    let (usual, machine) = (ComputeSpec::default(), Simulation::default());
    let tasks = whole_number(whole(1..=u64::from(MAX_TASKS)));
    let tasks = table.parsed_or("tasks", DEFAULT_COMPUTE_TASKS, tasks, problems);
    let size = option_text(|text| parse_size(text).map(Into::into));
    let size = table.parsed_or("size", usual.size, size, problems);
    let share = table.parsed_or("share", usual.share, whole_number(whole(0..=100)), problems);
    let interval = option_text(|text| parse_switch_interval(text).map(Into::into));
    let interval = table.parsed_or("switch-interval", usual.switch_interval, interval, problems);
    let cores = whole_number(whole(1..=MAX_CORES));
    let cores = table.parsed_or("cores", machine.cores, cores, problems);
    let seed = table.parsed_or("seed", machine.seed, whole_number(whole(0..=u64::MAX)), problems);
    let simulation = Some(Simulation { seed: seed?, cores: cores? });
    let (size, share, switch_interval) = (size?, share?, interval?);
    let compute = ComputeSpec { size, share, switch_interval, simulation, ..usual };
    Some(LessonWork::Computation { workload, compute, tasks: tasks? })
}
