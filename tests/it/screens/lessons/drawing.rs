//! Whole screens of the list and of each step.

use ratatui::crossterm::event::KeyCode;

use super::course::{SERVER, SIMULATED, answer, list, open};
use crate::app_driver::AppDriver;
use crate::screens::screen_text::{NARROW, STANDARD, WIDE, draw_screens, screens};

const SIZES: [(u16, u16); 3] = [WIDE, STANDARD, NARROW];

#[test]
fn list_is_drawn() {
    let mut driver = list();
    driver.press(KeyCode::Char('j'));
    insta::assert_snapshot!(screens(driver, &SIZES));
}

#[test]
fn question_is_drawn() {
    let driver = open(SERVER).press_keys("2");
    insta::assert_snapshot!(screens(driver, &SIZES));
}

#[test]
fn typed_number_is_drawn() {
    let driver = open(SIMULATED).press_keys("1.5");
    insta::assert_snapshot!(screens(driver, &SIZES));
}

#[test]
fn run_is_drawn_with_the_mark() {
    let mut driver = open(SERVER).press_keys("2");
    driver.press(KeyCode::Enter);
    driver.advance(600);
    insta::assert_snapshot!(screens(driver, &SIZES));
}

#[test]
fn right_answer_is_drawn() {
    let mut driver = open(SERVER);
    answer(&mut driver, "1");
    insta::assert_snapshot!(screens(driver, &SIZES));
}

#[test]
fn wrong_answer_is_drawn() {
    let mut driver = open(SIMULATED);
    answer(&mut driver, "1");
    insta::assert_snapshot!(screens(driver, &SIZES));
}

#[test]
fn experiment_is_drawn() {
    let mut driver = open(SERVER);
    answer(&mut driver, "1");
    driver.press(KeyCode::Enter);
    insta::assert_snapshot!(screens(driver, &SIZES));
}

fn second_outcome(lesson: usize) -> AppDriver {
    let mut driver = open(lesson);
    answer(&mut driver, "1");
    driver.press(KeyCode::Enter);
    driver.press(KeyCode::Enter);
    answer(&mut driver, "2");
    driver
}

#[test]
fn second_question_and_false_statement_are_drawn() {
    let mut driver = open(SERVER);
    answer(&mut driver, "1");
    driver.press(KeyCode::Enter);
    driver.press(KeyCode::Enter);
    let mut text = draw_screens(&mut driver, &SIZES);
    answer(&mut driver, "2");
    text.push_str(&draw_screens(&mut driver, &SIZES));
    insta::assert_snapshot!(text);
}

#[test]
fn end_and_real_run_are_drawn() {
    let mut driver = second_outcome(SIMULATED);
    driver.press(KeyCode::Enter);
    let mut text = draw_screens(&mut driver, &SIZES);
    driver.press(KeyCode::Char('s'));
    super::course::finish_run(&mut driver);
    text.push_str(&draw_screens(&mut driver, &SIZES));
    insta::assert_snapshot!(text);
}
