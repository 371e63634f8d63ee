//! The lessons can be read: short panels, whole sentences, and no term before it was explained.

use threadline::cli::{MAX_PANEL_WORDS, built_in_lessons};
use threadline::model::lesson::{Lesson, LessonText, TextPart};

use super::played_lesson::PlayedLesson;

/// Terms in the order of the lessons: the words that may not come before, and those that explain them.
const TERMS: [(&[&str], &str); 15] = [
    (&["thread"], "a thread is one line of work"),
    (&["page"], "a page is a part of a list on a server"),
    (&["lane"], "each lane, a row of the picture, is a thread"),
    (&["wave"], "rounds, called waves"),
    (&["lock"], "a lock is held by one thread at a time"),
    (&["gil"], "the lock of python, the gil"),
    (&["cpu"], "cpu work is computing without waiting"),
    (&["core"], "a core is a part of the machine that computes one thing at a time"),
    (&["switch interval"], "waits 5 ms, the switch interval, and then asks"),
    (&["extension"], "an extension is code in c that python calls"),
    (&["native"], "the extension, which the lanes call native"),
    (&["process"], "a process is a running program"),
    (&["pool", "worker"], "a pool is a number of threads, its workers"),
    (&["job", "queue"], "take jobs from a line, the queue"),
    (&["kernel"], "the kernel, the part of the system that gives cores to threads"),
];

/// Returns the texts of a lesson in the order in which they are shown, in small letters.
fn texts(lesson: &Lesson) -> Vec<String> {
    let mut texts = vec![lesson.claim.clone()];
    for (index, question) in lesson.questions.iter().enumerate() {
        texts.push(words(&question.ask));
        texts.extend(question.answers.iter().map(|answer| answer.text.clone()));
        texts.extend(question.explanation.iter().map(|statement| words(&statement.text)));
        if index == 0 {
            texts.push(words(&lesson.experiment));
        }
    }
    texts.extend(lesson.reality.as_ref().map(words));
    texts.iter().map(|text| text.to_lowercase()).collect()
}

/// Returns a text without its figures and keys.
fn words(text: &LessonText) -> String {
    let part = |part: &TextPart| match part {
        TextPart::Words(words) | TextPart::Marked(words, _) => words.clone(),
        TextPart::Figure(_) | TextPart::Key(_) => "1 s".to_owned(),
    };
    text.parts.iter().map(part).collect()
}

/// Returns the place of a word, also as the beginning of another, as in `waves`.
fn place_of(text: &str, word: &str) -> Option<usize> {
    let before = |at| text.get(..at).unwrap();
    let begins = |&(at, _): &(usize, &str)| !before(at).ends_with(char::is_alphabetic);
    text.match_indices(word).find(begins).map(|(at, _)| at)
}

#[test]
fn no_term_comes_before_its_explanation() {
    let lessons = built_in_lessons().unwrap();
    let all: String = lessons.iter().flat_map(texts).map(|text| text + "\n").collect();
    for (terms, explanation) in TERMS {
        let explained = all.find(explanation).unwrap_or_else(|| panic!("{explanation}"));
        for term in terms {
            let first = place_of(&all, term).unwrap();
            let line = all.get(first..).unwrap().lines().next().unwrap();
            assert!(first >= explained, "{term} comes before {explanation:?}: {line}");
        }
    }
}

#[test]
fn words_are_found_at_their_beginning_only() {
    assert_eq!(place_of("score, cores", "core"), Some(7));
    assert_eq!(place_of("a block", "lock"), None);
}

/// With the figures of the runs filled in, and all that a panel may show at the same time.
#[test]
fn no_panel_is_longer_than_seventy_words() {
    for played in built_in_lessons().unwrap().into_iter().map(PlayedLesson::new) {
        let lesson = &played.lesson;
        let count = |text: &str| text.split_whitespace().count();
        let mut panels = vec![("claim", count(&lesson.claim) + count(&lesson.source))];
        for (index, question) in lesson.questions.iter().enumerate() {
            let answers = question.answers.iter().map(|answer| count(&answer.text) + 1);
            panels.push(("question", count(&words(&question.ask)) + answers.sum::<usize>()));
            let outcome = played.outcome(index);
            let sentences = outcome.statements.iter().map(|one| count(&one.text.plain()));
            let experiment = if index == 0 { count(&words(&lesson.experiment)) } else { 0 };
            panels.push(("explanation", sentences.sum::<usize>() + experiment));
        }
        for (panel, count) in panels {
            assert!(count <= MAX_PANEL_WORDS, "{}: {panel} has {count} words", lesson.name);
        }
    }
}

#[test]
fn each_text_is_sentences_of_plain_letters() {
    for lesson in built_in_lessons().unwrap() {
        for text in texts(&lesson) {
            assert!(text.is_ascii(), "{}: {text}", lesson.name);
            assert!(!text.contains("  ") && !text.contains(" ,"), "{}: {text}", lesson.name);
        }
        let mut sentences = vec![lesson.claim.clone(), words(&lesson.experiment)];
        for question in &lesson.questions {
            assert!(words(&question.ask).ends_with('?'), "{}", lesson.name);
            // It stands beside its own number.
            let is_word = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(question.answers.iter().all(|one| is_word(&one.text)), "{}", lesson.name);
            assert_eq!(question.explanation.len(), 2, "{}", lesson.name);
            sentences.extend(question.explanation.iter().map(|one| words(&one.text)));
        }
        for sentence in sentences {
            assert!(sentence.ends_with('.'), "{}: {sentence}", lesson.name);
        }
    }
}

#[test]
fn names_and_titles_are_unique_and_sources_have_an_address() {
    let lessons = built_in_lessons().unwrap();
    let expected =
        ["waiting", "waves", "gil-io", "gil", "extension", "processes", "queue", "mixed", "real"];
    assert_eq!(lessons.iter().map(|lesson| lesson.name.as_str()).collect::<Vec<_>>(), expected);
    for (index, lesson) in lessons.iter().enumerate() {
        assert!(lesson.source.contains("https://"), "{}", lesson.source);
        assert!(lessons[..index].iter().all(|other| other.title != lesson.title));
    }
}

#[test]
fn each_first_question_predicts_a_time_on_the_axis_except_in_the_watched_program() {
    use threadline::analysis::lesson::Prediction;
    for played in built_in_lessons().unwrap().into_iter().map(PlayedLesson::new) {
        let question = &played.lesson.questions[0];
        let time = Prediction::Answer(0).time(question, played.runs(0));
        assert_eq!(time.is_some(), played.lesson.name != "real", "{}", played.lesson.name);
    }
}
