//! Reading: the panel is short, words and the parts of the screen that they are about have the accent, and
//! every size can be drawn.

use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;
use threadline::ui::theme::{ColorDepth, GlyphSet};

use super::course::{SERVER, SIMULATED, answer, finish_run, list, open};
use crate::app_driver::{AppDriver, COLOUR, TerminalKind};

/// The maximum number of words of a panel.
const MAX_WORDS: usize = 70;

const ASCII: TerminalKind = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);

const ACCENT: Modifier = Modifier::BOLD.union(Modifier::UNDERLINED);

/// A lesson at each of its steps, from the first question to the real run.
fn steps(lesson: usize) -> Vec<AppDriver> {
    let mut steps = vec![open(lesson)];
    let mut running = open(lesson).press_keys("2");
    running.press(KeyCode::Enter);
    running.advance(300);
    steps.push(running);
    // The keys that follow the first outcome.
    for keys in ["", "\n", "\n\n", "\n\n2\n", "\n\n2\n\n", "\n\n2\n\ns"] {
        let mut driver = open(lesson);
        answer(&mut driver, "2");
        for key in keys.chars() {
            driver.press(if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) });
            finish_run(&mut driver);
        }
        steps.push(driver);
    }
    steps
}

/// The words of the panel: between its heading and that of the totals.
fn panel_words(driver: &mut AppDriver) -> Vec<String> {
    let rows = driver.rows((80, 24));
    let first = rows.iter().position(|row| row.contains(" lesson ")).unwrap();
    let last = rows.iter().position(|row| row.contains(" totals ")).unwrap_or(rows.len() - 1);
    rows[first + 1..last].iter().flat_map(|row| row.split_whitespace()).map(str::to_owned).collect()
}

#[test]
fn no_panel_is_longer_than_seventy_words() {
    for mut driver in steps(SERVER).into_iter().chain(steps(SIMULATED)) {
        let words = panel_words(&mut driver);
        assert!((5..=MAX_WORDS).contains(&words.len()), "{}: {words:?}", words.len());
    }
}

/// The words with the accent, row by row.
fn accented(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    let has_accent = |cell: &Cell| cell.modifier.contains(ACCENT);
    let rows = buffer.content().chunks(width);
    let spans =
        rows.flat_map(|row| row.chunk_by(move |one, other| has_accent(one) == has_accent(other)));
    let spans = spans.filter(|span| span.first().is_some_and(has_accent));
    spans.map(|span| span.iter().map(Cell::symbol).collect::<String>().trim().to_owned()).collect()
}

#[test]
fn words_and_what_they_are_about_have_the_accent() {
    for kind in [COLOUR, ASCII] {
        let mut driver = open(SERVER);
        answer(&mut driver, "1");
        let texts = accented(driver.draw((80, 24), kind).current_buffer_mut());
        for text in ["five threads", "all of", "them", "threads", "x5", "waiting"] {
            assert!(texts.contains(&text.to_owned()), "{text}: {texts:?}");
        }
        let is_lane = |text: &&String| text.starts_with("worker");
        assert_eq!(texts.iter().filter(is_lane).count(), 5, "{texts:?}");
        assert_eq!(texts.iter().filter(|text| *text == "waiting").count(), 2, "{texts:?}");
        driver.press(KeyCode::Enter);
        assert_eq!(accented(driver.draw((80, 24), kind).current_buffer_mut()), [""; 0]);
    }
}

#[test]
fn prediction_is_a_mark_with_a_line_in_any_terminal() {
    for (kind, label, line) in [(COLOUR, "▼you: 1.6", "╏"), (ASCII, "vyou: 1.6", ";")] {
        let mut driver = open(SERVER).press_keys("2");
        driver.press(KeyCode::Enter);
        driver.advance(300);
        let text = driver.text((80, 24), kind);
        assert!(text.contains(label), "{text}");
        assert!(text.matches(line).count() >= 5, "{text}");
    }
}

#[test]
fn view_reaches_a_prediction_that_is_far_too_long() {
    let mut driver = open(SERVER).press_keys("60");
    driver.press(KeyCode::Enter);
    finish_run(&mut driver);
    let text = driver.rows((80, 24)).join("\n");
    assert!(text.contains("you: 60.000 s▼"), "the mark is in view: {text}");
    assert!(text.contains("you said 60.00 s"), "{text}");
}

#[test]
fn pages_of_a_panel_that_is_too_long_for_the_screen_are_turned() {
    let mut driver = open(SERVER);
    let first = driver.rows((40, 10)).join("\n");
    assert!(first.contains("page 1 of 2, Page Down"), "{first}");
    driver.press(KeyCode::PageDown);
    let second = driver.rows((40, 10)).join("\n");
    assert!(second.contains("page 2 of 2") && second.contains("Your answer"), "{second}");
}

#[test]
fn every_step_draws_at_every_size() {
    let mut drivers = steps(SERVER);
    drivers.extend(steps(SIMULATED));
    drivers.push(list());
    for mut driver in drivers {
        for width in
            (0..=200).filter(|width| width % 23 == 0 || [39, 40, 60, 80, 110].contains(width))
        {
            for height in [0, 1, 2, 5, 9, 10, 12, 14, 20, 24, 30, 36, 60] {
                driver.draw((width, height), COLOUR);
                driver.draw((width, height), ASCII);
            }
        }
    }
}
