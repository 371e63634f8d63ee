//! The status line under the totals: an active rate limit, a failure, the progress, or the
//! conclusion.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::header::draw_left_and_right;
use super::layout::ScreenLayout;
use super::theme::Theme;
use super::{rate_limits, run_summary, text};
use crate::analysis::verdict::{self, Form};
use crate::app::App;
use crate::model::{Mode, Run};

/// The maximum number of lines once the run is over.
const MAX_LINES: usize = 4;

/// The maximum number of lines of a conclusion made of clauses.
const MAX_CLAUSE_LINES: usize = 2;

/// The status line, fitted to the screen.
pub(super) struct StatusLine {
    text: String,
    style: Style,
    /// The waves, right-aligned on the same line.
    waves: String,
}

impl StatusLine {
    /// Creates the status line for lines of `room` cells. It takes one line during a run, so that the
    /// rows below stay in place.
    pub(super) fn for_app(app: &App, layout: ScreenLayout, theme: Theme, room: usize) -> Self {
        let (text, style) = if app.session().active() == Some(app.selection()) {
            text_while_running(app, layout, theme, room)
        } else {
            text_at_rest(app, layout, theme, room)
        };
        let beside = room.saturating_sub(text::width(&text) + 1);
        // Only equal pages come in waves: CPU work competes for cores, and commands differ in length.
        // A sweep shows the waves of its knee.
        let pages = app.selection().workload.is_fetched() && !app.selection().is_sweep();
        let mut runs = app.runs().iter().filter(|_| pages && run_summary::problem(app).is_none());
        let threads = runs.find(|run| run.plan().mode == Mode::Threads && !run.plan().auto);
        let waves = threads.and_then(Run::waves).into_iter();
        let waves = waves.flat_map(|waves| {
            [Form::Long, Form::Short].map(|form| verdict::waves_text(waves, form))
        });
        let waves = waves.into_iter().find(|waves| waves.len() <= beside);
        Self { text, style, waves: waves.unwrap_or_default() }
    }

    /// Returns the number of lines it takes.
    pub(super) fn line_count(&self, room: usize) -> u16 {
        text::line_count(&self.text, room).min(MAX_LINES) as u16
    }

    /// Draws the status line.
    pub(super) fn draw(self, theme: Theme, area: Rect, buf: &mut Buffer) {
        if area.height > 1 {
            let text = Paragraph::new(self.text).wrap(Wrap { trim: true });
            text.style(self.style).render(area, buf);
            return;
        }
        let waves = Span::styled(self.waves, theme.muted());
        draw_left_and_right(Span::styled(self.text, self.style).into(), waves.into(), area, buf);
    }
}

fn text_while_running(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    room: usize,
) -> (String, Style) {
    if let Some(stage) = app.unfinished_stage() {
        let forms = [run_summary::progress(app, room), format!("ends here, {stage}")];
        return (text::first_fitting(forms, room), theme.strong());
    }
    if let Some(limit) = rate_limits::active_limit(app) {
        return (
            text::first_fitting(rate_limits::limit_texts(limit, app.now()), room),
            theme.strong(),
        );
    }
    if let Some((problem, _)) = run_summary::problem(app) {
        return (text::fit_words(&problem, "", theme, room, 1), theme.problem());
    }
    match (
        app.picture().time_behind(app.session()),
        app.session().active_run().and_then(Run::reduced_limit),
    ) {
        // With headings, the timeline's heading already says so.
        (Some(behind), _) if !layout.has_headings() => {
            (run_summary::paused_text(behind), theme.strong())
        }
        (_, Some(most)) => {
            (text::first_fitting(rate_limits::narrowed_texts(most), room), theme.text())
        }
        _ => {
            (text::fit_words(&run_summary::progress(app, room), "", theme, room, 1), theme.muted())
        }
    }
}

fn text_at_rest(app: &App, layout: ScreenLayout, theme: Theme, room: usize) -> (String, Style) {
    if let Some((problem, then)) = run_summary::problem(app) {
        return (text::fit_words(&problem, &then, theme, room, MAX_LINES), theme.problem());
    }
    if let (Some(behind), false) = (app.picture().time_behind(app.session()), layout.has_headings())
    {
        return (run_summary::paused_text(behind), theme.strong());
    }
    let lines = if layout.has_headings() { MAX_CLAUSE_LINES } else { 1 };
    match run_summary::conclusion(app) {
        Some(sentences) if app.selection().is_sweep() => {
            (text::fit_parts(&sentences, ". ", theme, room, MAX_LINES), theme.strong())
        }
        Some(sentence) if app.selection().workload.is_fetched() => (sentence, theme.strong()),
        Some(sentence) => (text::fit_parts(&sentence, "; ", theme, room, lines), theme.strong()),
        None => (run_summary::progress(app, room) + &run_summary::remarks(app), theme.muted()),
    }
}
