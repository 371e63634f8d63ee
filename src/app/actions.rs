//! The actions: what a key or a gesture of the mouse does to the session, the picture and the
//! overlay.

use std::fmt;
use std::ops::ControlFlow;

use super::keymap::{Action, KeyContext};
use super::message::{Effect, Gesture, PointerTarget};
use super::overlay::{ExportMenu, HelpView, OutputPager, Overlay, OverlayOutcome, Question};
use super::switching::Successor;
use super::{App, Background};
use crate::analysis::search::SearchHit;
use crate::analysis::sweep::{WorkerTerms, counts_text};
use crate::model::{ExportKind, Mode, ModeChoice, Nanos, Run, Selection, file_stem};

impl App {
    /// The context in which a key is looked up now.
    pub(super) fn key_context(&self) -> KeyContext {
        match (&self.overlay, &self.screen) {
            (Some(Overlay::Table(_)), _) => KeyContext::Table,
            (_, screen) => screen.key_context(self.selection()),
        }
    }

    pub(super) fn handle_action(&mut self, action: Action) -> Option<Effect> {
        if !matches!(action, Action::Interrupt | Action::Suspend)
            && self.overlay.is_none()
            && let ControlFlow::Break(effect) = self.handle_lesson_action(action)
        {
            return effect;
        }
        match action {
            Action::Interrupt => return Some(Effect::Interrupt),
            Action::Suspend => return Some(Effect::Suspend),
            _ if self.overlay.is_some() => return self.handle_overlay_action(action),
            _ if self.screen.recording().is_some() && self.handle_replay_action(action) => {}
            _ if self.selection().workload.is_program() && self.handle_program_action(action) => {}
            Action::Mode(index) => return self.show_choice(index),
            Action::NextMode => return self.show_next_choice(1),
            Action::PreviousMode => return self.show_next_choice(self.choices().len() - 1),
            Action::NextWorkload => return self.show_next_workload(),
            Action::Run => return self.start_again(),
            Action::Stop if self.watches_launched() => return self.stop_program(),
            Action::Stop => return self.stop(),
            Action::LetGo => return self.let_program_go(),
            Action::FewerWorkers | Action::MoreWorkers
                if self.selection().workload.is_program() =>
            {
                self.notify("the program decides how many threads it has");
            }
            Action::FewerWorkers => self.change_workers(-1),
            Action::MoreWorkers => self.change_workers(1),
            Action::Inspect if self.selection().workload.is_command() => self.open_output(),
            Action::Inspect => self.picture.view.toggle_inspector(self.picture.runs(&self.session)),
            Action::HideWaiting | Action::Order => {
                self.notify("only the threads of a watched program can be ordered and hidden");
            }
            Action::Compare => self.select_next_baseline(),
            Action::Find => self.picture.search.open_input(),
            Action::NextFound => self.go_to_next_hit(true),
            Action::PreviousFound => self.go_to_next_hit(false),
            Action::NextSpan | Action::PreviousSpan => self.move_to_next_span(action),
            Action::Table => self.open_table(),
            Action::Simulate => return self.toggle_simulation(),
            Action::ShowGil => return self.show_gil(),
            Action::Slower | Action::Faster => self.change_speed(action == Action::Faster),
            Action::Pause => self.toggle_pause(),
            Action::StepBack | Action::StepForward => {
                return self.step(action == Action::StepForward);
            }
            Action::ScrubBack | Action::ScrubForward => {
                return self.scrub(action == Action::ScrubForward);
            }
            Action::Export => return self.open_export_menu(),
            Action::Theme => self.toggle_theme(),
            Action::Help => {
                self.overlay = Some(Overlay::Help(HelpView::for_runs(self.visible_runs())));
            }
            Action::Quit => return self.request_quit(),
            _ => self.handle_view_action(action),
        }
        None
    }

    /// Handles an action that changes only the view.
    pub(super) fn handle_view_action(&mut self, action: Action) {
        let runs = self.picture.runs(&self.session);
        self.picture.view.handle_action(action, runs, self.picture.now);
    }

    /// Handles a gesture. A press on a mode or a key does what that says. In the table and the help,
    /// the wheel moves through rows and pages; other overlays ignore the mouse.
    pub(super) fn handle_mouse(
        &mut self,
        gesture: Gesture,
        target: PointerTarget,
    ) -> Option<Effect> {
        match (&self.overlay, gesture, target.action) {
            (None, ..) if self.picture.search.is_entering_text() => {}
            (None, Gesture::Press, Some(action)) => return self.handle_action(action),
            (None, ..) => self.picture.view.handle_mouse(gesture, target),
            (Some(Overlay::Table(_) | Overlay::Help(_)), Gesture::ScrollUp, _) => {
                self.handle_overlay_action(Action::PreviousLane);
            }
            (Some(Overlay::Table(_) | Overlay::Help(_)), Gesture::ScrollDown, _) => {
                self.handle_overlay_action(Action::NextLane);
            }
            _ => {}
        }
        None
    }

    fn handle_overlay_action(&mut self, action: Action) -> Option<Effect> {
        let visible: Vec<(&Run, Nanos)> = self.picture.visible_runs(&self.session).collect();
        let outcome = self.overlay.as_mut()?.handle_action(action, &visible);
        match outcome {
            OverlayOutcome::Open => return None,
            OverlayOutcome::Quit => return Some(Effect::Quit),
            OverlayOutcome::LetGo => return Some(Effect::LetProgramGo { quits: true }),
            OverlayOutcome::Kill => return self.kill_program(),
            OverlayOutcome::Closed | OverlayOutcome::Export(_) => {}
            OverlayOutcome::Attempt(row) => {
                let attempt = row.attempt(&visible)?;
                let (lane, start) = (attempt.lane, attempt.span.start);
                self.picture.go_to(&self.session, row.run(), lane, start);
            }
        }
        if let Some(Overlay::Table(table_view)) = self.overlay.take() {
            self.picture.closed_table = table_view;
        }
        let OverlayOutcome::Export(kind) = outcome else { return None };
        self.notify(format!("writing the {kind}"));
        Some(Effect::Export { kind, stem: self.file_stem() })
    }

    /// Opens the table with its previous sort order.
    fn open_table(&mut self) {
        let mut table_view = std::mem::take(&mut self.picture.closed_table);
        table_view.refresh(&self.visible_runs().collect::<Vec<_>>());
        self.overlay = Some(Overlay::Table(table_view));
    }

    /// Shows the output of the selected lane's command under the cursor, or else of the latest in
    /// view.
    fn open_output(&mut self) {
        let Some(lane) = self.picture.lane_index() else {
            let (next, previous) =
                (self.key_of(Action::NextLane), self.key_of(Action::PreviousLane));
            return self.notify(format!("no lane selected; {next}/{previous} select a lane"));
        };
        let end = self.picture.view.focus_time();
        match OutputPager::for_lane(lane, self.visible_runs(), end) {
            Some(pager) => self.overlay = Some(Overlay::Output(pager)),
            None => self.notify("no command has started on this lane yet"),
        }
    }

    /// Opens the menu if there is anything to export, and requests unused file names.
    fn open_export_menu(&mut self) -> Option<Effect> {
        let (runs, _) = self.runs_to_export();
        if !runs.iter().any(Run::has_started) {
            self.notify("nothing to export yet; run something first");
            return None;
        }
        let stem = self.file_stem();
        let named = |kind: ExportKind| (kind, format!("{stem}.{}", kind.extension()));
        let entries = ExportKind::for_workload(self.selection().workload).map(named).collect();
        self.overlay = Some(Overlay::Export(ExportMenu { entries, selected: 0 }));
        Some(Effect::FindExportNames(stem))
    }

    fn file_stem(&self) -> String {
        file_stem(self.selection(), self.session.setup())
    }

    /// The modes of the workload shown, in the order of their keys.
    pub(super) fn choices(&self) -> &'static [ModeChoice] {
        self.selection().workload.spec().mode_choices
    }

    fn show_choice(&mut self, index: usize) -> Option<Effect> {
        let selection = Selection { choice: *self.choices().get(index)?, ..self.selection() };
        if self.can_show(selection) {
            return self.show(selection);
        }
        self.notify(self.unrecorded_notice(selection));
        None
    }

    /// Shows the switches of the GIL, or goes back to the view before. A selection without a GIL is
    /// left for the mode that has one.
    fn show_gil(&mut self) -> Option<Effect> {
        if self.toggle_switches() {
            return None;
        }
        let gil = ModeChoice::Only(Mode::Gil);
        let Some(index) = self.choices().iter().position(|&choice| choice == gil) else {
            self.notify("commands have no GIL that can be seen");
            return None;
        };
        let effect = self.show_choice(index);
        self.toggle_switches();
        effect
    }

    /// Returns `false` if no run shown has a GIL.
    pub(super) fn toggle_switches(&mut self) -> bool {
        let follows = self.is_moving() && self.is_slow_motion();
        let runs = self.picture.runs(&self.session);
        self.picture.view.toggle_switches(runs, self.picture.now, follows)
    }

    /// Shows the next choice, in steps of `by` through all choices.
    fn show_next_choice(&mut self, by: usize) -> Option<Effect> {
        let (choices, shown) = (self.choices(), self.selection());
        let choice = |steps| choices.get((shown.index() + steps * by) % choices.len());
        let others = (1..choices.len()).filter_map(choice);
        self.show_first(others.map(|&choice| Selection { choice, ..shown }).collect(), &shown)
    }

    fn show_next_workload(&mut self) -> Option<Effect> {
        let (workloads, shown) = (self.session.setup().workloads(), self.selection().workload);
        let here = workloads.iter().position(|&workload| workload == shown).unwrap_or(0);
        let others = workloads.iter().cycle().skip(here + 1).take(workloads.len() - 1);
        let others = others.filter_map(|&workload| self.selection_of(workload)).collect();
        self.show_first(others, &shown)
    }

    /// Shows the first of these selections that can be shown, or that there is only the one shown.
    fn show_first(&mut self, others: Vec<Selection>, shown: &dyn fmt::Display) -> Option<Effect> {
        let next = others.into_iter().find(|&other| self.can_show(other));
        if next.is_none() && self.screen.recording().is_some() {
            self.notify(format!("the recording contains only {shown}"));
        }
        self.show(next?)
    }

    /// Runs the selection shown again, in place of what is active if both are free.
    fn start_again(&mut self) -> Option<Effect> {
        let shown = self.selection();
        match self.session.active() {
            None => self.start_live(),
            Some(active) if self.is_free(active) && self.is_free(shown) => {
                self.replace(active, Successor::Again(shown))
            }
            Some(active) if active == shown => {
                let ([verb, pronoun], stop) = (active.agreement(), self.key_of(Action::Stop));
                self.notify(format!("{active} {verb} running; {stop} stops {pronoun}"));
                None
            }
            Some(active) => {
                self.notify(self.waiting_notice(shown, active));
                None
            }
        }
    }

    /// Stops the active run. The selection that would run next does not start.
    fn stop(&mut self) -> Option<Effect> {
        let (active, shown) = (self.session.active()?, self.selection());
        if active != shown && self.runs().is_empty() {
            let (active, shown) = (active.beside(shown), shown.beside(active));
            let run = self.key_of(Action::Run);
            self.notify(format!("stopping {active}; {run} runs {shown}"));
        }
        self.stopping = Some(shown);
        self.replaced = None;
        if self.is_playback() { self.stop_simulated_run() } else { Some(Effect::Stop) }
    }

    fn request_quit(&mut self) -> Option<Effect> {
        let is_attached = self.selection().workload.is_program() && !self.watches_launched();
        if self.screen.recording().is_some() || self.session.active().is_none() || is_attached {
            return Some(Effect::Quit);
        }
        let is_program = self.watches_launched();
        let question = if is_program { Question::QuitProgram } else { Question::Quit };
        self.overlay = Some(Overlay::Question(question));
        None
    }

    /// Changes the number of workers from the next run on, or the counts of the next sweep.
    fn change_workers(&mut self, by: i32) {
        let shown = self.selection();
        if !shown.is_sweep() {
            self.session.change_workers(shown.workload, by);
        } else if self.session.active() == Some(shown) {
            self.notify("the counts of a running sweep are fixed");
        } else {
            let counts = self.session.change_sweep_counts(shown.workload, by > 0);
            let worker = WorkerTerms::for_run(shown.workload, Mode::Threads).worker;
            self.notify(format!("next sweep: {}", counts_text(&counts, worker)));
        }
    }

    fn toggle_theme(&mut self) {
        self.chosen_background = Some(match self.background() {
            Background::Dark => Background::Light,
            Background::Light => Background::Dark,
        });
    }

    /// Moves to the next or previous span of the selected lane, or shows that there is none.
    fn move_to_next_span(&mut self, action: Action) {
        let before = (self.picture.lane_index(), self.picture.cursor());
        self.handle_view_action(action);
        let after = (self.picture.lane_index(), self.picture.cursor());
        if before == after && before.0.is_some() {
            let which = if action == Action::NextSpan { "last" } else { "first" };
            self.notify(format!("{which} span on this lane"));
        }
    }

    /// Goes to the first match from the cursor on. An empty text continues the previous search.
    pub(super) fn start_search(&mut self, text: &str) {
        if !self.picture.search.start(text) {
            return self.go_to_next_hit(true);
        }
        let (run, at) = self.picture.cursor_position(&self.session);
        let visible: Vec<(&Run, Nanos)> = self.picture.visible_runs(&self.session).collect();
        let hit = self.picture.search.first_hit_from(run, at, &visible);
        self.go_to_hit(hit);
    }

    /// Goes to the next or previous match.
    fn go_to_next_hit(&mut self, forward: bool) {
        if !self.picture.search.is_active() {
            let find = self.key_of(Action::Find);
            return self.notify(format!("no search yet; {find} starts one"));
        }
        let visible: Vec<(&Run, Nanos)> = self.picture.visible_runs(&self.session).collect();
        let hit = self.picture.search.next_hit(forward, &visible);
        self.go_to_hit(hit);
    }

    fn go_to_hit(&mut self, hit: Option<SearchHit>) {
        if let Some(SearchHit { run, start, lane, .. }) = hit {
            self.picture.go_to(&self.session, run, lane, start);
        }
    }

    /// Selects the next baseline, or none after the last.
    fn select_next_baseline(&mut self) {
        let shown = self.selection();
        if shown.is_sweep() {
            return self.notify("the chart already compares the trials of a sweep");
        }
        let (compare, run) = (self.key_of(Action::Compare), self.key_of(Action::Run));
        let next = self.picture.baseline_index.map_or(0, |at| at + 1);
        let baselines = self.session.baselines(shown);
        let names: Vec<String> = baselines.into_iter().map(|baseline| baseline.name).collect();
        self.picture.baseline_index = (next < names.len()).then_some(next);
        let mismatch = self.session.external_baseline_mismatch(shown).filter(|_| next == 0);
        let notice = match (names.get(next), names.get(next + 1)) {
            (Some(name), Some(other)) => {
                Some(format!("compared with {name}; {compare} compares with {other}"))
            }
            (Some(name), None) => Some(format!("compared with {name}; {compare} ends it")),
            (None, _) if names.is_empty() && mismatch.is_none() => {
                Some(format!("no other run to compare with; {run} runs again and keeps this run"))
            }
            (None, _) => None,
        };
        let texts: Vec<String> = mismatch.into_iter().chain(notice).collect();
        if !texts.is_empty() {
            self.notify(texts.join("; "));
        }
    }
}
