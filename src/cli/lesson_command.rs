//! The command line that does the same as the runs of a lesson.

use crate::model::lesson::{LessonRun, LessonWork};
use crate::model::{ComputeSpec, Mode, Nanos};

/// Returns the command line that does the same as the runs of a lesson, without a screen: on this machine
/// if `is_real`, even if the lesson's runs are simulated. `None` if no command does.
pub fn lesson_command(run: &LessonRun, is_real: bool) -> Option<String> {
    let mut words = vec!["threadline".to_owned()];
    match &run.work {
        LessonWork::Followers { per_page } => {
            words.extend(["--per-page".to_owned(), per_page.to_string()]);
        }
        LessonWork::Computation { workload, compute, tasks } => {
            words.extend(["--workload".to_owned(), workload.to_string()]);
            words.extend(["--tasks".to_owned(), tasks.to_string()]);
            words.extend(compute_words(compute, workload.spec().has_io_share, is_real));
        }
        LessonWork::Script => return None,
    }
    if let [mode] = run.modes.as_slice() {
        words.extend(["--mode".to_owned(), mode.to_string()]);
    }
    if run.modes.as_slice() != [Mode::Sequential] {
        words.extend(["--threads".to_owned(), run.workers.to_string()]);
    }
    words.push("--plain".to_owned());
    Some(words.join(" "))
}

/// Returns the options of CPU work that differ from the usual.
fn compute_words(compute: &ComputeSpec, has_share: bool, is_real: bool) -> Vec<String> {
    let usual = ComputeSpec::default();
    let mut words = Vec::new();
    let mut push = |option: &str, value: String| words.extend([option.to_owned(), value]);
    push("--size", option_value(compute.size));
    if has_share {
        push("--share", compute.share.to_string());
    }
    if compute.switch_interval != usual.switch_interval {
        push("--switch-interval", option_value(compute.switch_interval));
    }
    if let Some(simulation) = compute.simulation.filter(|_| !is_real) {
        push("--cores", simulation.cores.to_string());
        push("--seed", simulation.seed.to_string());
        words.push("--simulate".to_owned());
    }
    words
}

/// Returns a duration as an option takes it, exactly: `150ms`.
fn option_value(duration: Nanos) -> String {
    let microseconds = duration.0 / 1_000;
    if microseconds.is_multiple_of(1_000) {
        format!("{}ms", microseconds / 1_000)
    } else {
        format!("{microseconds}us")
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Command, FollowersCommand, Terminals, built_in_lessons, parse};

    /// Parses a command as it was typed.
    fn parsed(command: &str) -> FollowersCommand {
        let words = command.split(' ').map(OsString::from);
        match parse(words, &|_| None, Terminals::default()).unwrap() {
            Command::Followers(command) => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_do_what_the_lessons_do() {
        let lessons = built_in_lessons().unwrap();
        let questions = lessons.iter().flat_map(|lesson| &lesson.questions);
        let runs: Vec<&LessonRun> =
            questions.filter_map(|question| question.run.as_ref()).collect();
        let mut commands = 0;
        for run in runs {
            let Some(command) = lesson_command(run, false) else { continue };
            let FollowersCommand { compute_options, per_page, workers, selection, .. } =
                parsed(&command);
            commands += 1;
            assert_eq!(selection.workload, run.workload(), "{command}");
            assert_eq!(workers.unwrap_or(1), run.workers, "{command}");
            match &run.work {
                LessonWork::Followers { per_page: expected } => assert_eq!(per_page, *expected),
                LessonWork::Computation { compute, tasks, .. } => {
                    assert_eq!(
                        (compute_options.compute, compute_options.tasks),
                        (*compute, *tasks)
                    );
                    let real = parsed(&lesson_command(run, true).unwrap());
                    assert_eq!(real.compute_options.compute.simulation, None, "{command}");
                }
                LessonWork::Script => unreachable!("it has no command"),
            }
        }
        assert!(commands >= 8, "{commands}");
    }
}
