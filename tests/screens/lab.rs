//! Whole screens of the laboratory: CPU work, native code, mixed work and commands, in every mode.

use threadline::model::{Mode, Selection, Workload};

use crate::fabricate::{Job, Sitting};
use crate::snapshots::{NARROW, USUAL, WIDE, screens};

/// The sizes at which these are drawn.
const SIZES: [(u16, u16); 3] = [WIDE, USUAL, NARROW];

fn race(workload: Workload) -> Sitting {
    Sitting::new(Job::default(), Selection::race(workload))
}

#[test]
fn a_race_of_cpu_work() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).finished(), &SIZES));
}

#[test]
fn a_race_of_cpu_work_under_the_gil() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).until(Mode::Gil, 500), &SIZES));
}

#[test]
fn a_race_of_native_code() {
    insta::assert_snapshot!(screens(race(Workload::Native).finished(), &SIZES));
}

#[test]
fn a_race_of_mixed_work() {
    insta::assert_snapshot!(screens(race(Workload::Mixed).finished(), &SIZES));
}

#[test]
fn a_race_of_commands() {
    insta::assert_snapshot!(screens(race(Workload::Commands).finished(), &SIZES));
}
