//! Whole screens of the laboratory: CPU work, native code, mixed work and commands, in every mode.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Choice, Compute, Mode, Selection, Simulation, Workload};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};
use crate::snapshots::{NARROW, USUAL, WIDE, pictures, screens};

/// The sizes at which these are drawn.
const SIZES: [(u16, u16); 3] = [WIDE, USUAL, NARROW];

fn race(workload: Workload) -> Sitting {
    Sitting::new(Job::default(), Selection::race(workload))
}

/// Every mode alone, one after the other in the same sitting, so that each has something to be
/// measured against.
fn each_alone(workload: Workload) -> String {
    let mut modes = workload.choices().iter().filter_map(|choice| match choice {
        Choice::Race | Choice::Sweep => None,
        Choice::Only(mode) => Some(*mode),
    });
    let first = modes.next().unwrap();
    let mut sitting = Sitting::new(Job::default(), Selection::only(workload, first)).finished();
    let mut text = pictures(&mut sitting, &SIZES);
    for _ in modes {
        sitting.press(KeyCode::Tab);
        if workload == Workload::Commands {
            sitting = sitting.pressed("r");
        }
        sitting = sitting.finished();
        text.push_str(&pictures(&mut sitting, &SIZES));
    }
    text
}

#[test]
fn a_race_of_cpu_work() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).finished(), &SIZES));
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

#[test]
fn cpu_work_in_each_mode_alone() {
    insta::assert_snapshot!(each_alone(Workload::Cpu));
}

#[test]
fn native_code_in_each_mode_alone() {
    insta::assert_snapshot!(each_alone(Workload::Native));
}

#[test]
fn mixed_work_in_each_mode_alone() {
    insta::assert_snapshot!(each_alone(Workload::Mixed));
}

#[test]
fn commands_in_each_mode_alone() {
    insta::assert_snapshot!(each_alone(Workload::Commands));
}

#[test]
fn followers_under_the_gil_and_in_processes() {
    let gil = Selection::only(Workload::Followers, Mode::Gil);
    let mut sitting = Sitting::new(Job::default(), gil).finished();
    let mut text = pictures(&mut sitting, &SIZES);
    let mut sitting = sitting.pressed("5").finished();
    text.push_str(&pictures(&mut sitting, &SIZES));
    insta::assert_snapshot!(text);
}

/// Before the last mode has begun: each has its rows, and nothing is concluded.
#[test]
fn a_race_while_the_gil_is_taken_in_turns() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).until(Mode::Gil, 500), &SIZES));
}

/// The woven rope: close enough, each turn has its cells, and the GIL's row says whose it is.
fn rope() -> Sitting {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut sitting = Sitting::new(Job::default(), gil).finished();
    sitting.draw(USUAL, COLOUR);
    let mut sitting = sitting.pressed("++++");
    sitting.press(KeyCode::Home);
    sitting
}

#[test]
fn the_woven_rope() {
    insta::assert_snapshot!(screens(rope(), &SIZES));
}

#[test]
fn the_woven_rope_in_ascii() {
    let screen = rope().text(USUAL, Kit(Depth::True, Glyphs::Ascii));
    assert!(screen.is_ascii(), "only ASCII was asked for:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn the_woven_rope_without_colour() {
    insta::assert_snapshot!(rope().text(USUAL, Kit(Depth::Mono, Glyphs::Unicode)));
}

#[test]
fn races_in_ascii_and_without_colour() {
    let kits = [Kit(Depth::True, Glyphs::Ascii), Kit(Depth::Mono, Glyphs::Unicode)];
    for workload in [Workload::Native, Workload::Mixed, Workload::Commands] {
        let mut sitting = race(workload).finished();
        let screens = kits.map(|kit| sitting.text(WIDE, kit));
        insta::assert_snapshot!(
            format!("{workload}_in_ascii_and_without_colour"),
            screens.join("\n")
        );
    }
}

#[test]
fn a_simulated_machine() {
    let simulation = Some(Simulation { seed: 1, cores: 2 });
    let job = Job { compute: Compute { simulation, ..Compute::default() }, ..Job::default() };
    let sitting = Sitting::new(job, Selection::only(Workload::Mixed, Mode::Threads));
    let sizes = [WIDE, (90, 20), USUAL, (60, 20), (40, 20), (60, 14), NARROW];
    let mut sitting = sitting.until(Mode::Threads, 200);
    let heads = sizes.map(|size| sitting.rows(size)[..2].join("\n"));
    insta::assert_snapshot!(heads.join("\n"));
}
