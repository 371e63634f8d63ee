//! Every lesson is played through: each sentence of its explanations holds of the runs that it speaks
//! of, and each question has one right answer that is far from the others.

use threadline::cli::built_in_lessons;
use threadline::model::Mode;
use threadline::model::lesson::{ConditionSide, LessonFigure, LessonWork};

use super::played_lesson::{PlayedLesson, play, setup};

/// The maximum distance of a figure from the right answer, and the minimum from any other, as factors.
const MAX_FROM_RIGHT: f64 = 1.1;
const MIN_FROM_WRONG: f64 = 1.25;

fn played() -> Vec<PlayedLesson> {
    built_in_lessons().unwrap().into_iter().map(PlayedLesson::new).collect()
}

#[test]
fn each_sentence_of_each_explanation_holds() {
    for played in played() {
        for (index, question) in played.lesson.questions.iter().enumerate() {
            let (runs, outcome) = (played.runs(index), played.outcome(index));
            for (statement, result) in question.explanation.iter().zip(&outcome.statements) {
                let side = |side: ConditionSide| side.figure.and_then(|one| runs.measure(one));
                let sides = |condition: &threadline::model::lesson::LessonCondition| {
                    (condition.to_string(), side(condition.left), side(condition.right))
                };
                let conditions: Vec<_> = statement.conditions.iter().map(sides).collect();
                let text = result.text.plain();
                assert!(result.holds, "{}: {text}\n{conditions:#?}", played.lesson.name);
                assert!(!text.contains('?'), "{}: {text}", played.lesson.name);
            }
        }
    }
}

#[test]
fn each_question_has_one_right_answer() {
    for played in played() {
        for (index, question) in played.lesson.questions.iter().enumerate() {
            let outcome = played.outcome(index);
            for (answer, choice) in question.answers.iter().enumerate() {
                let factor = (outcome.measured / choice.value).ln().abs().exp();
                let what = format!(
                    "{} {}: {} is {}, a factor {factor:.2} from {:?}",
                    played.lesson.name, index, question.figure, outcome.measured, choice.text
                );
                if answer == outcome.right {
                    assert!(factor <= MAX_FROM_RIGHT, "{what}");
                } else {
                    assert!(factor >= MIN_FROM_WRONG, "{what}");
                }
            }
        }
    }
}

/// The first answer must not be the right one everywhere, nor any other.
#[test]
fn right_answers_have_different_places() {
    let lessons = played();
    let places = lessons.iter().flat_map(|played| [played.outcome(0), played.outcome(1)]);
    let mut counts = [0; 4];
    places.for_each(|outcome| counts[outcome.right] += 1);
    assert!(counts.iter().all(|&count| count <= 9), "{counts:?}");
}

#[test]
fn the_same_lesson_gives_the_same_figures_twice() {
    let texts = |played: &PlayedLesson| {
        let outcomes = [played.outcome(0), played.outcome(1)];
        outcomes.map(|outcome| (outcome.measured.to_bits(), outcome.statements))
    };
    for (one, other) in played().iter().zip(&played()) {
        assert_eq!(texts(one), texts(other), "{}", one.lesson.name);
    }
}

#[test]
fn lessons_four_to_eight_are_simulated_and_only_they_say_what_is_real() {
    for (number, lesson) in (1..).zip(built_in_lessons().unwrap()) {
        let runs = lesson.questions.iter().filter_map(|question| question.run.as_ref());
        let simulated = (4..=8).contains(&number);
        assert!(runs.clone().all(|run| run.is_simulated() == simulated), "{}", lesson.name);
        assert_eq!(lesson.reality.is_some(), simulated, "{}", lesson.name);
        let is_script = |work: &LessonWork| matches!(work, LessonWork::Script);
        assert!(runs.clone().all(|run| is_script(&run.work) == (number == 9)), "{}", lesson.name);
    }
}

/// The runs of lessons on the built-in server are those that the app plans.
#[test]
fn setups_of_lessons_are_valid_and_run_their_modes() {
    for lesson in built_in_lessons().unwrap() {
        for run in lesson.questions.iter().filter_map(|question| question.run.as_ref()) {
            let (setup, selection) = (setup(run), run.selection());
            assert!(setup.is_valid(), "{}", lesson.name);
            let modes: Vec<Mode> = setup.modes(selection).to_vec();
            assert_eq!(modes, run.modes, "{}", lesson.name);
        }
    }
}

#[test]
fn a_statement_whose_condition_fails_does_not_hold() {
    let mut lesson = built_in_lessons().unwrap().swap_remove(3);
    let statement = &mut lesson.questions[0].explanation[0];
    statement.conditions.push("gil.speed-up > 2".parse().unwrap());
    let outcome = PlayedLesson::new(lesson).outcome(0);
    assert_eq!(outcome.statements.iter().map(|one| one.holds).collect::<Vec<_>>(), [false, true]);
}

/// A figure of the simulator does not depend on what runs beside it.
#[test]
fn a_mode_alone_has_the_figures_that_it_has_in_a_race() {
    let lesson = built_in_lessons().unwrap().swap_remove(3);
    let mut run = lesson.questions[0].run.clone().unwrap();
    let figure: LessonFigure = "gil.seconds".parse().unwrap();
    let seconds = |runs: &[threadline::model::Run]| {
        threadline::analysis::lesson::LessonRuns { current: runs, earlier: &[] }.measure(figure)
    };
    let in_race = play(&run);
    run.modes = vec![Mode::Gil];
    assert_eq!(seconds(&play(&run)), seconds(&in_race));
}
