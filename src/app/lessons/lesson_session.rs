//! The sessions of a lesson: the lanes of a run before it starts, the run itself, the runs as they ended,
//! and the same runs for real.

use super::lesson_progress::{LessonStep, QuestionProgress};
use super::real_comparison::RealComparison;
use super::{Course, CourseProgress, key_names};
use crate::analysis::lesson::{LessonOutcome, LessonRuns};
use crate::app::message::Effect;
use crate::app::playback::{PlaybackSpeed, Player};
use crate::app::screen::ScreenKind;
use crate::app::{App, Picture, Session};
use crate::model::lesson::{LessonRun, LessonView, LessonWork};
use crate::model::{LogEntry, Nanos, Run, Selection, Setup};

impl App {
    /// Shows a session in place of the one before, whose events mean nothing any more.
    fn show_session(&mut self, session: Session, selection: Selection) {
        self.simulation = session.setup().compute.simulation.unwrap_or(self.simulation);
        self.session = session;
        self.picture = Picture::new(selection);
        self.screen = ScreenKind::Live;
        (self.stopping, self.replaced) = (None, None);
        self.has_terminated = false;
    }

    /// The effect that stops what is active, before another session is shown. A watched program is asked
    /// to end.
    pub(super) fn stop_for_lesson(&self) -> Option<Effect> {
        self.session.active().filter(|_| self.screen.recording().is_none())?;
        Some(if self.watches_launched() { Effect::TerminateProgram } else { Effect::Stop })
    }

    /// Shows no runs.
    pub(super) fn show_empty_session(&mut self) {
        let selection = self.selection();
        self.show_session(Session::new(self.session.setup().clone()), selection);
    }

    /// Shows the lanes that a question's runs will have; or, if it has none of its own, the runs before.
    pub(super) fn show_planned_runs(&mut self, index: usize) {
        let Some((own, setup, selection)) = self.lesson_setup(index) else { return };
        if own != index {
            return self.show_finished_runs(index);
        }
        let mut session = self.new_session(setup);
        session.plan_selection(selection);
        self.show_session(session, selection);
    }

    /// Shows the runs that answer a question, as they ended.
    pub(super) fn show_finished_runs(&mut self, index: usize) {
        let Some((own, setup, _)) = self.lesson_setup(index) else { return };
        let progress = self.lesson().and_then(|lesson| lesson.progress_of(own));
        let Some(QuestionProgress { runs, selection: Some(selection), .. }) = progress else {
            return;
        };
        let (selection, runs) = (*selection, runs.clone());
        self.show_session(self.new_session(setup).with_finished_runs(selection, runs), selection);
    }

    /// Creates the session of a lesson's runs. The pages of the built-in server are known without a
    /// request, so that no thread requests one past the end.
    fn new_session(&self, setup: Setup) -> Session {
        let per_page = setup.target.as_ref().map_or(1, |target| target.per_page);
        let followers = self.course().map_or(0, |course| course.course().followers);
        Session::new(setup).with_pages(followers.div_ceil(per_page.max(1).into()))
    }

    /// The index of the question whose runs answer this one, and their setup and selection.
    fn lesson_setup(&self, index: usize) -> Option<(usize, Setup, Selection)> {
        let course = self.course()?;
        let (own, run) = course.lesson()?.own_run(index)?;
        if let Some((setup, entries)) = recording_of(course.course(), run) {
            let starts = entries.iter().find_map(|entry| match entry {
                LogEntry::Start(start) => Some(start.selection),
                LogEntry::Event { .. } => None,
            });
            return Some((own, setup.clone(), starts.unwrap_or_else(|| run.selection())));
        }
        let Course { user, cores, script, .. } = course.course();
        Some((own, run.setup(user, *cores, script), run.selection()))
    }

    /// Starts the runs of a question, or plays their recording.
    pub(super) fn start_lesson_run(&mut self, index: usize) -> Option<Effect> {
        let (own, setup, selection) = self.lesson_setup(index)?;
        let course = self.course()?;
        let (_, run) = course.lesson()?.own_run(own)?;
        let recording = recording_of(course.course(), run).cloned();
        self.set_lesson_speed();
        self.show_session(self.new_session(setup), selection);
        if let Some((setup, entries)) = recording {
            self.screen = ScreenKind::Replay(Box::new(setup), Player::new(entries));
            return self.apply_due_entries();
        }
        self.start_live()
    }

    /// Plays at the speed of the lesson.
    pub(super) fn set_lesson_speed(&mut self) {
        let run = self.lesson().and_then(|lesson| lesson.own_run(lesson.question_index()));
        let simulated = run.filter(|(_, run)| run.is_simulated());
        self.options.speed = simulated.map_or_else(PlaybackSpeed::default, |(_, run)| {
            PlaybackSpeed::from_slowdown(run.slowdown)
        });
    }

    /// The part of the runs that the lesson shows, if one is played.
    pub(in crate::app) fn lesson_view(&self) -> Option<LessonView> {
        Some(self.lesson()?.view())
    }

    /// Starts the runs of a simulated lesson for real.
    pub(super) fn start_real_run(&mut self) -> Option<Effect> {
        let (index, ..) = self.lesson()?.real_figure()?;
        let (_, mut setup, selection) = self.lesson_setup(index)?;
        setup.compute.simulation = None;
        self.show_session(self.new_session(setup), selection);
        self.set_step(LessonStep::RealRun);
        self.start_live()
    }

    /// Shows the outcome once the runs of a lesson have ended.
    pub(in crate::app) fn conclude_lesson_run(&mut self) {
        let is_over = match self.screen.recording() {
            Some(player) => player.is_over(),
            None => self.session.active().is_none(),
        };
        match self.lesson_step() {
            Some(LessonStep::Run(index)) if is_over => self.conclude_question(index),
            Some(LessonStep::RealRun) if is_over => self.conclude_real_run(),
            // The next one is to be seen again.
            Some(LessonStep::Experiment) if is_over && self.options.speed == PlaybackSpeed::MAX => {
                self.set_lesson_speed();
            }
            _ => {}
        }
    }

    /// Keeps the runs as they ended, and compares them with the prediction.
    pub(super) fn conclude_question(&mut self, index: usize) {
        let (runs, selection) = (self.session.runs(self.selection()).to_vec(), self.selection());
        self.set_lesson_speed();
        // A paused view would hide what the explanation is about.
        self.picture.view.resume();
        let Some(course) = self.course.as_deref_mut() else { return };
        let Some(lesson) = &mut course.lesson else { return };
        let is_own = lesson.own_run(index).is_some_and(|(own, _)| own == index);
        if let Some(progress) = lesson.progress_mut().filter(|_| is_own) {
            (progress.runs, progress.selection) = (runs, Some(selection));
        }
        let key = key_names(&self.options.keymap);
        let prediction = lesson.prediction();
        let outcome = lesson.question().zip(prediction).and_then(|(question, prediction)| {
            LessonOutcome::new(question, prediction, lesson.runs_of(index), &key)
        });
        if let Some(progress) = lesson.progress_mut() {
            progress.outcome = outcome;
        }
        lesson.step = LessonStep::Outcome(index);
        lesson.page = 0;
        course.record_outcome(index);
    }

    /// Compares the real runs with the simulated ones.
    fn conclude_real_run(&mut self) {
        let runs = self.session.runs(self.selection());
        let Some(lesson) = self.course().and_then(CourseProgress::lesson) else { return };
        let Some((_, figure, simulated)) = lesson.real_figure() else { return };
        let real = LessonRuns { current: runs, earlier: &[] }.measure(figure);
        let measured = runs.iter().find(|run| run.plan().mode == figure.mode);
        let load = measured.and_then(Run::machine_load);
        let setup = self.session.setup();
        let cores = setup.cores.or(load.map(|load| load.cores));
        let simulated_cores = self.simulated_cores();
        let comparison = RealComparison { figure, simulated, real, simulated_cores, cores, load };
        if let Some(lesson) = self.lesson_mut() {
            lesson.real = Some(comparison);
        }
        self.set_step(LessonStep::RealOutcome);
    }

    /// The number of cores of the simulated machine.
    fn simulated_cores(&self) -> u16 {
        let index = self.lesson().and_then(|lesson| Some(lesson.real_figure()?.0)).unwrap_or(0);
        let setup = self.lesson_setup(index);
        setup.and_then(|(_, setup, _)| setup.compute.simulation).unwrap_or_default().cores
    }

    /// Plays to the end of the runs at once.
    pub(super) fn play_lesson_run_to_end(&mut self) -> bool {
        let Some(player) = self.screen.player_mut() else { return false };
        player.start_playback();
        self.options.speed = PlaybackSpeed::MAX;
        true
    }

    /// Returns `true` if the runs of a lesson are played, and one has a GIL.
    pub fn can_pause_at_switch(&self) -> bool {
        let has_gil = || self.runs().iter().any(|run| run.gil().is_some());
        self.lesson().is_some() && self.is_playback() && has_gil()
    }

    /// Plays until the GIL changes hands, and pauses there.
    pub(super) fn pause_at_switch(&mut self) {
        let has_gil = self.runs().iter().any(|run| run.gil().is_some());
        let switches = self.switch_count();
        let notice = match self.screen.player_mut() {
            None => "only simulated runs and recordings can be paused at a switch",
            Some(_) if !has_gil => "no run here has a GIL",
            Some(player) if player.is_over() => "the run is over",
            Some(player) => return player.play_to_switch(switches),
        };
        self.notify(notice);
    }

    /// The number of times that the GIL changed hands in the runs shown.
    pub(in crate::app) fn switch_count(&self) -> u32 {
        self.runs().iter().filter_map(Run::gil).map(|gil| gil.switch_count()).sum()
    }

    /// Keeps the mark of the prediction in a view of the whole run.
    pub(in crate::app) fn refresh_axis_mark(&mut self) {
        let at = self.axis_mark().map_or(Nanos::ZERO, |mark| mark.at);
        self.picture.view.viewport.set_mark(at);
    }
}

/// The recording that is played in place of a run: where there is no Python, that of the script.
fn recording_of<'course>(
    course: &'course Course,
    run: &LessonRun,
) -> Option<&'course (Setup, Vec<LogEntry>)> {
    course.recording.as_ref().filter(|_| run.work == LessonWork::Script)
}
