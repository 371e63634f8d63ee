//! The picture of a lesson: its caption, and the mark of the prediction.

use threadline::app::Background;
use threadline::model::Nanos;
use threadline::report::{LessonCaption, ReportSubject, svg};

use super::{AppDriver, subject};

/// Returns the picture of a finished race with a prediction of this time.
fn picture(at: Nanos) -> String {
    let driver = AppDriver::race().play_to_end();
    let lesson = LessonCaption {
        title: "Waiting <side by side>".to_owned(),
        sentences: vec!["Threads wait at once.".to_owned(), "Predicted: 2 s\u{1b}.".to_owned()],
        mark: Some(("you".to_owned(), at)),
    };
    let subject = ReportSubject { lesson: Some(&lesson), ..subject(&driver, Background::Light) };
    let mut out = Vec::new();
    svg::write(&mut out, &subject).unwrap();
    String::from_utf8(out).unwrap()
}

/// The horizontal position of the mark's line.
fn mark_x(picture: &str) -> f64 {
    let (_, line) = picture.split_once("stroke-dasharray").unwrap();
    let (_, line) = line.split_once(" d=\"M").unwrap();
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn picture_of_a_lesson_has_its_title_claim_and_prediction() {
    let picture = picture(Nanos::from_millis(2_000));
    for text in [
        "<title>Waiting &lt;side by side&gt;</title>",
        ">Threads wait at once.</text>",
        ">Predicted: 2 s\\u{1b}.</text>",
        ">you: 2.000 s</text>",
    ] {
        assert!(picture.contains(text), "no {text} in {picture}");
    }
    assert!(!picture.contains("Next: "), "the lesson says what comes next");
}

#[test]
fn prediction_is_at_its_time_on_the_axis() {
    let [two, four] = [2_000, 4_000].map(|at| mark_x(&picture(Nanos::from_millis(at))));
    let left = 150.0;
    assert!(((four - left) - 2.0 * (two - left)).abs() < 0.1, "{two} and {four}");
}

#[test]
fn axis_reaches_a_later_prediction_and_ends_before_one_that_is_far_off() {
    let later = picture(Nanos::from_millis(9_000));
    assert!((900.0..1004.0).contains(&mark_x(&later)), "{}", mark_x(&later));
    let far = picture(Nanos::from_millis(900_000));
    assert!((mark_x(&far) - 1004.0).abs() < 0.1 && far.contains("you: 900.000 s →"), "{far}");
}
