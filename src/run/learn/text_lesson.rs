//! A walk through lessons as text: the question is asked on stdin, the runs have no screen, and what
//! happened is told beside what was predicted.

use std::io::Write;
use std::sync::Arc;

use crate::analysis::lesson::{FilledText, LessonRuns};
use crate::app::Session;
use crate::app::lessons::Course;
use crate::cli::{LearnCommand, Progress, lesson_command};
use crate::model::lesson::{LessonQuestion, LessonRun, LessonText, LessonWork};
use crate::model::{Lesson, Run};
use crate::run::exit::{CommandError, Exit, print_error};
use crate::run::headless;
use crate::terminal::signals::Signals;

use super::conversation::{Conversation, Interruption};
use super::lesson_list::{self, key_named};
use super::lesson_records::labelled;
use super::opened_course::OpenedCourse;
use super::text_outcome::TextOutcome;
use super::text_question;

/// The number of times that a lesson is asked for.
const MAX_TRIES: usize = 3;

/// A walk through lessons.
pub(super) struct TextWalk<'a> {
    pub(super) opened: OpenedCourse,
    pub(super) learn: &'a LearnCommand,
    /// The progress of the runs on stderr.
    pub(super) progress: Progress,
    pub(super) err: &'a mut dyn Write,
}

impl TextWalk<'_> {
    /// Plays one lesson, or else those that are chosen from the list.
    pub(super) fn play(
        mut self,
        first: Option<usize>,
        width: Option<u16>,
        signals: &Signals,
    ) -> Result<Exit, CommandError> {
        let echoes = !self.learn.terminals.stdin;
        let conversation = Conversation::start(width, echoes, signals.receiver())?;
        if let Some(notice) = &self.opened.notice {
            print_error(self.err, notice);
        }
        let played = match first {
            Some(index) => self.play_lesson(index, &conversation),
            None => self.play_chosen(&conversation),
        };
        played.map_or_else(Interruption::into_exit, |()| Ok(Exit::Success))
    }

    /// Shows the list and plays what is chosen, until nothing is.
    fn play_chosen(&mut self, conversation: &Conversation<'_>) -> Result<(), Interruption> {
        let mut tries = 0;
        loop {
            if tries == 0 {
                let lines = lesson_list::lines(&self.learn.lessons, &self.done_names());
                conversation.say(&(lines.join("\n") + "\n"))?;
            }
            let lessons = &self.learn.lessons;
            let prompt = format!("lesson, 1 to {} (Enter alone ends): ", lessons.len());
            let Some(word) = conversation.ask(&prompt)?.filter(|word| !word.is_empty()) else {
                return Ok(());
            };
            match crate::cli::find_lesson(&word, lessons) {
                Ok(index) => {
                    tries = 0;
                    self.play_lesson(index, conversation)?;
                }
                Err(error) => {
                    tries += 1;
                    conversation.say(&format!("{error}\n"))?;
                    if tries == MAX_TRIES {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The names of the lessons that are done.
    fn done_names(&self) -> Vec<String> {
        let lessons = self.opened.course.lessons.iter().filter(|lesson| lesson.is_done);
        lessons.map(|lesson| lesson.lesson.name.clone()).collect()
    }

    fn play_lesson(
        &mut self,
        index: usize,
        conversation: &Conversation<'_>,
    ) -> Result<(), Interruption> {
        let Some(found) = self.opened.course.lessons.get(index) else { return Ok(()) };
        let lesson = Arc::clone(&found.lesson);
        let number = match self.learn.lessons.len() {
            1 => String::new(),
            count => format!("{} of {count}: ", index + 1),
        };
        conversation.say(&labelled("lesson", &format!("{number}{}", lesson.title)))?;
        conversation.say(&labelled("claim", &lesson.claim))?;
        conversation.say(&labelled("source", &lesson.source))?;
        let mut played = PlayedRuns::default();
        let mut is_answered = true;
        for (place, question) in lesson.questions.iter().enumerate() {
            is_answered &= self.play_question(question, &mut played, conversation)?;
            if place == 0 {
                self.say_experiment(&lesson, &played, conversation)?;
            }
        }
        if let Some(reality) = &lesson.reality {
            let text = self.fill(reality, played.runs());
            conversation.say(&labelled("for real", &text))?;
            if let Some(command) = played.run.as_ref().and_then(|run| lesson_command(run, true)) {
                conversation.say(&labelled("", &command))?;
            }
        }
        if is_answered {
            self.finish_lesson(index);
        }
        Ok(())
    }

    /// Keeps that a lesson is done, or names the reason why that is impossible.
    fn finish_lesson(&mut self, index: usize) {
        let Some(found) = self.opened.course.lessons.get_mut(index) else { return };
        found.is_done = true;
        let problem = self.opened.finished.record(&found.lesson.name).err();
        let problem = problem.map(|error| error.to_string());
        // A problem that was there from the beginning is known.
        if let Some(problem) = problem.filter(|one| Some(one) != self.opened.notice.as_ref()) {
            print_error(self.err, &problem);
        }
    }

    /// Asks a question, runs what answers it, and explains. Returns `true` if it was answered.
    fn play_question(
        &mut self,
        question: &LessonQuestion,
        played: &mut PlayedRuns,
        conversation: &Conversation<'_>,
    ) -> Result<bool, Interruption> {
        let ask = self.fill(&question.ask, played.before(question));
        conversation.say(&format!("\n{}", labelled("question", &ask)))?;
        let prediction = text_question::ask(question, conversation)?;
        if let Some(run) = &question.run {
            let runs = self.follow(run, conversation)?;
            played.replace(run.clone(), runs);
        }
        let outcome = TextOutcome { question, prediction, runs: played.runs() };
        conversation.say(&outcome.describe(&self.learn.output.display.keys))?;
        Ok(prediction.is_some())
    }

    /// Says what to try alone: the keys of the screen, and the command that does the same without it.
    fn say_experiment(
        &self,
        lesson: &Lesson,
        played: &PlayedRuns,
        conversation: &Conversation<'_>,
    ) -> Result<(), Interruption> {
        let experiment = self.fill(&lesson.experiment, played.runs());
        conversation.say(&labelled("screen", &experiment))?;
        let command = played.run.as_ref().and_then(|run| lesson_command(run, false));
        command.map_or(Ok(()), |command| conversation.say(&labelled("try", &command)))
    }

    /// Returns a text with the figures of these runs.
    fn fill(&self, text: &LessonText, runs: LessonRuns<'_>) -> String {
        let keys = &self.learn.output.display.keys;
        FilledText::new(text, runs, &|name| key_named(name, keys)).plain()
    }

    /// Follows the runs that answer a question to their end.
    fn follow(
        &mut self,
        run: &LessonRun,
        conversation: &Conversation<'_>,
    ) -> Result<Vec<Run>, Interruption> {
        let Course { user, cores, script, recording, followers, .. } = &self.opened.course;
        if let (LessonWork::Script, Some((setup, entries))) = (&run.work, recording) {
            let why = self.opened.no_script.as_deref().unwrap_or_default();
            conversation.say(&labelled("recording", &format!("{why}; this is a recording")))?;
            let session = Session::from_log(setup, entries);
            return Ok(session.latest_runs().to_vec());
        }
        conversation.say(&labelled("running", &describe_run(run)))?;
        let mut session = Session::new(run.setup(user, *cores, script));
        if let LessonWork::Followers { per_page } = run.work {
            session = session.with_pages(followers.div_ceil(per_page.max(1).into()));
        }
        let (selection, launcher) = (run.selection(), &self.opened.launcher);
        let (progress, signals) = (self.progress, conversation.signals());
        let signal =
            headless::run_selection(&mut session, selection, launcher, progress, signals, self.err);
        match signal {
            Some(signal) => Err(Interruption::Signal(signal)),
            None => Ok(session.runs(selection).to_vec()),
        }
    }
}

/// Describes the runs that are about to start.
fn describe_run(run: &LessonRun) -> String {
    let modes: Vec<String> = run.modes.iter().map(ToString::to_string).collect();
    let modes = modes.join(", ");
    match &run.work {
        LessonWork::Followers { .. } => format!("{modes}, on the built-in server"),
        LessonWork::Computation { .. } if run.is_simulated() => {
            format!("{modes}, on a simulated machine")
        }
        LessonWork::Computation { .. } => format!("{modes}, on this machine"),
        LessonWork::Script => "the Python script, watched".to_owned(),
    }
}

/// The runs so far.
#[derive(Default)]
struct PlayedRuns {
    /// The description of the latest ones.
    run: Option<LessonRun>,
    current: Vec<Run>,
    /// The runs of the question before.
    earlier: Vec<Run>,
}

impl PlayedRuns {
    /// Adds the runs of the next question.
    fn replace(&mut self, run: LessonRun, runs: Vec<Run>) {
        self.run = Some(run);
        self.earlier = std::mem::replace(&mut self.current, runs);
    }

    /// The runs that an explanation is about.
    fn runs(&self) -> LessonRuns<'_> {
        LessonRuns { current: &self.current, earlier: &self.earlier }
    }

    /// The runs that a question may name before its own are over.
    fn before(&self, question: &LessonQuestion) -> LessonRuns<'_> {
        match question.run {
            Some(_) => LessonRuns { current: &[], earlier: &self.current },
            None => self.runs(),
        }
    }
}
