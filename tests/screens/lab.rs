//! Whole screens of the laboratory: CPU work, native code, mixed work and commands, in every mode.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{ComputeSpec, Mode, ModeChoice, Selection, Simulation, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::snapshots::{NARROW, USUAL, WIDE, pictures, screens};

/// The sizes at which these are drawn.
const SIZES: [(u16, u16); 3] = [WIDE, USUAL, NARROW];

fn race(workload: Workload) -> AppDriver {
    AppDriver::new(Scenario::default(), Selection::race(workload))
}

/// Every mode alone, one after the other in the same sitting, so that each has something to be
/// measured against.
fn each_alone(workload: Workload) -> String {
    let mut modes = workload.mode_choices().iter().filter_map(|choice| match choice {
        ModeChoice::Race | ModeChoice::Sweep => None,
        ModeChoice::Only(mode) => Some(*mode),
    });
    let first = modes.next().unwrap();
    let mut driver =
        AppDriver::new(Scenario::default(), Selection::only(workload, first)).play_to_end();
    let mut text = pictures(&mut driver, &SIZES);
    for _ in modes {
        driver.press(KeyCode::Tab);
        if workload == Workload::Commands {
            driver = driver.press_keys("r");
        }
        driver = driver.play_to_end();
        text.push_str(&pictures(&mut driver, &SIZES));
    }
    text
}

#[test]
fn a_race_of_cpu_work() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).play_to_end(), &SIZES));
}

#[test]
fn a_race_of_native_code() {
    insta::assert_snapshot!(screens(race(Workload::Native).play_to_end(), &SIZES));
}

#[test]
fn a_race_of_mixed_work() {
    insta::assert_snapshot!(screens(race(Workload::Mixed).play_to_end(), &SIZES));
}

#[test]
fn a_race_of_commands() {
    insta::assert_snapshot!(screens(race(Workload::Commands).play_to_end(), &SIZES));
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
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    let mut text = pictures(&mut driver, &SIZES);
    let mut driver = driver.press_keys("5").play_to_end();
    text.push_str(&pictures(&mut driver, &SIZES));
    insta::assert_snapshot!(text);
}

/// Before the last mode has begun: each has its rows, and nothing is concluded.
#[test]
fn a_race_while_the_gil_is_taken_in_turns() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).play_until(Mode::Gil, 500), &SIZES));
}

/// The woven rope: close enough, each turn has its cells, and the GIL's row says whose it is.
fn rope() -> AppDriver {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    driver.draw(USUAL, COLOUR);
    let mut driver = driver.press_keys("++++");
    driver.press(KeyCode::Home);
    driver
}

#[test]
fn the_woven_rope() {
    insta::assert_snapshot!(screens(rope(), &SIZES));
}

#[test]
fn the_woven_rope_in_ascii() {
    let screen = rope().text(USUAL, TerminalKind(ColorDepth::True, GlyphSet::Ascii));
    assert!(screen.is_ascii(), "only ASCII was asked for:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn the_woven_rope_without_colour() {
    insta::assert_snapshot!(rope().text(USUAL, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode)));
}

#[test]
fn races_in_ascii_and_without_colour() {
    let kits = [
        TerminalKind(ColorDepth::True, GlyphSet::Ascii),
        TerminalKind(ColorDepth::Mono, GlyphSet::Unicode),
    ];
    for workload in [Workload::Native, Workload::Mixed, Workload::Commands] {
        let mut driver = race(workload).play_to_end();
        let screens = kits.map(|terminal_kind| driver.text(WIDE, terminal_kind));
        insta::assert_snapshot!(
            format!("{workload}_in_ascii_and_without_colour"),
            screens.join("\n")
        );
    }
}

#[test]
fn a_simulated_machine() {
    let simulation = Some(Simulation { seed: 1, cores: 2 });
    let job = Scenario {
        compute: ComputeSpec { simulation, ..ComputeSpec::default() },
        ..Scenario::default()
    };
    let driver = AppDriver::new(job, Selection::only(Workload::Mixed, Mode::Threads));
    let sizes = [WIDE, (90, 20), USUAL, (60, 20), (40, 20), (60, 14), NARROW];
    let mut driver = driver.play_until(Mode::Threads, 200);
    let heads = sizes.map(|size| driver.rows(size)[..2].join("\n"));
    insta::assert_snapshot!(heads.join("\n"));
}
