//! Whole screens of CPU work, native code, mixed work and commands in every mode.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{ComputeSpec, Mode, ModeChoice, Selection, Simulation, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::screen_text::{NARROW, STANDARD, WIDE, draw_screens, screens};

const SIZES: [(u16, u16); 3] = [WIDE, STANDARD, NARROW];

fn race(workload: Workload) -> AppDriver {
    AppDriver::new(Scenario::default(), Selection::race(workload))
}

/// The screens of each mode alone, run one after another in one session, so that later modes have a
/// baseline.
fn each_mode(workload: Workload) -> String {
    let mut modes = workload.spec().mode_choices.iter().filter_map(|choice| match choice {
        ModeChoice::Race | ModeChoice::Sweep => None,
        ModeChoice::Only(mode) => Some(*mode),
    });
    let first = modes.next().unwrap();
    let mut driver =
        AppDriver::new(Scenario::default(), Selection::only(workload, first)).play_to_end();
    let mut text = draw_screens(&mut driver, &SIZES);
    for _ in modes {
        driver.press(KeyCode::Tab);
        if workload == Workload::Commands {
            driver = driver.press_keys("r");
        }
        driver = driver.play_to_end();
        text.push_str(&draw_screens(&mut driver, &SIZES));
    }
    text
}

#[test]
fn cpu_race_is_drawn() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).play_to_end(), &SIZES));
}

#[test]
fn native_code_race_is_drawn() {
    insta::assert_snapshot!(screens(race(Workload::Native).play_to_end(), &SIZES));
}

#[test]
fn mixed_work_race_is_drawn() {
    insta::assert_snapshot!(screens(race(Workload::Mixed).play_to_end(), &SIZES));
}

#[test]
fn commands_race_is_drawn() {
    insta::assert_snapshot!(screens(race(Workload::Commands).play_to_end(), &SIZES));
}

#[test]
fn cpu_work_is_drawn_in_each_mode() {
    insta::assert_snapshot!(each_mode(Workload::Cpu));
}

#[test]
fn native_code_is_drawn_in_each_mode() {
    insta::assert_snapshot!(each_mode(Workload::Native));
}

#[test]
fn mixed_work_is_drawn_in_each_mode() {
    insta::assert_snapshot!(each_mode(Workload::Mixed));
}

#[test]
fn commands_are_drawn_in_each_mode() {
    insta::assert_snapshot!(each_mode(Workload::Commands));
}

#[test]
fn followers_are_drawn_under_the_gil_and_in_processes() {
    let gil = Selection::only(Workload::Followers, Mode::Gil);
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    let mut text = draw_screens(&mut driver, &SIZES);
    let mut driver = driver.press_keys("5").play_to_end();
    text.push_str(&draw_screens(&mut driver, &SIZES));
    insta::assert_snapshot!(text);
}

/// There is no verdict yet.
#[test]
fn race_has_rows_for_every_mode_before_the_last_one_starts() {
    insta::assert_snapshot!(screens(race(Workload::Cpu).play_until(Mode::Gil, 500), &SIZES));
}

/// A GIL run, zoomed in until each turn of the GIL has its own cells.
fn zoomed_gil_run() -> AppDriver {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    driver.draw(STANDARD, COLOUR);
    let mut driver = driver.press_keys("++++");
    driver.press(KeyCode::Home);
    driver
}

#[test]
fn zoomed_gil_run_shows_each_holder_in_turn() {
    insta::assert_snapshot!(screens(zoomed_gil_run(), &SIZES));
}

#[test]
fn zoomed_gil_run_is_drawn_in_ascii() {
    let screen = zoomed_gil_run().text(STANDARD, TerminalKind(ColorDepth::True, GlyphSet::Ascii));
    assert!(screen.is_ascii(), "not only ASCII:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn zoomed_gil_run_is_drawn_without_colour() {
    insta::assert_snapshot!(
        zoomed_gil_run().text(STANDARD, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode))
    );
}

#[test]
fn compute_races_are_drawn_in_ascii_and_without_colour() {
    let terminal_kinds = [
        TerminalKind(ColorDepth::True, GlyphSet::Ascii),
        TerminalKind(ColorDepth::Mono, GlyphSet::Unicode),
    ];
    for workload in [Workload::Native, Workload::Mixed, Workload::Commands] {
        let mut driver = race(workload).play_to_end();
        let screens = terminal_kinds.map(|terminal_kind| driver.text(WIDE, terminal_kind));
        insta::assert_snapshot!(
            format!("{workload}_in_ascii_and_without_colour"),
            screens.join("\n")
        );
    }
}

#[test]
fn header_names_the_simulated_machine_at_every_width() {
    let simulation = Some(Simulation { seed: 1, cores: 2 });
    let scenario = Scenario {
        compute: ComputeSpec { simulation, ..ComputeSpec::default() },
        ..Scenario::default()
    };
    let driver = AppDriver::new(scenario, Selection::only(Workload::Mixed, Mode::Threads));
    let sizes = [WIDE, (90, 20), STANDARD, (60, 20), (40, 20), (60, 14), NARROW];
    let mut driver = driver.play_until(Mode::Threads, 200);
    let headers = sizes.map(|size| driver.rows(size)[..2].join("\n"));
    insta::assert_snapshot!(headers.join("\n"));
}
