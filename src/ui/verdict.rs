//! The sentence under the totals: what holds the runs back, what went wrong, what goes on, or what
//! it came to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::header::left_and_right;
use super::layout::Layout;
use super::theme::Theme;
use super::{limits, sentences, text};
use crate::app::App;
use crate::model::{Mode, Run, Workload};

/// How many lines it may take once nothing moves.
const MOST_LINES: usize = 4;

/// How many of them what the figures mean may take, where lanes have not everything else.
const MOST_CLAUSES: usize = 2;

/// The sentence, as there is room for it.
pub(super) struct Verdict {
    text: String,
    style: Style,
    /// How the waves fill, on the same line.
    waves: String,
}

impl Verdict {
    /// What is to be said on lines of `room` cells. As long as something moves, no row does: until
    /// then it takes one line.
    pub(super) fn of(app: &App, layout: Layout, theme: Theme, room: usize) -> Self {
        let (text, style) = if app.session().active() == Some(app.shown()) {
            moving(app, layout, theme, room)
        } else {
            at_rest(app, layout, theme, room)
        };
        let beside = room.saturating_sub(text::width(&text) + 1);
        // Neither what is computed on few cores nor a person's commands come in equal rounds. A sweep
        // speaks of those of its knee.
        let pages = app.shown().workload == Workload::Followers && !app.shown().is_sweep();
        let mut runs = app.runs().iter().filter(|_| pages && sentences::problem(app).is_none());
        let threads = runs.find(|run| run.plan().mode == Mode::Threads && !run.plan().auto);
        let waves = threads.and_then(Run::waves).map(sentences::waves);
        let waves = waves.into_iter().flatten().find(|waves| waves.len() <= beside);
        Self { text, style, waves: waves.unwrap_or_default() }
    }

    /// How many lines it takes.
    pub(super) fn lines(&self, room: usize) -> u16 {
        text::lines_of(&self.text, room).min(MOST_LINES) as u16
    }

    /// Draws it.
    pub(super) fn draw(self, theme: Theme, area: Rect, buf: &mut Buffer) {
        if area.height > 1 {
            let text = Paragraph::new(self.text).wrap(Wrap { trim: true });
            text.style(self.style).render(area, buf);
            return;
        }
        let waves = Span::styled(self.waves, theme.quiet());
        left_and_right(Span::styled(self.text, self.style).into(), waves.into(), area, buf);
    }
}

fn moving(app: &App, layout: Layout, theme: Theme, room: usize) -> (String, Style) {
    if let Some(stage) = app.ends_early() {
        let forms = [sentences::progress(app, room), format!("ends here, {stage}")];
        return (text::fitting(forms, room), theme.strong());
    }
    if let Some(limit) = limits::holding(app) {
        return (text::fitting(limits::holds(limit, app.now()), room), theme.strong());
    }
    if let Some((problem, _)) = sentences::problem(app) {
        return (text::fit(&problem, "", theme, room, 1), theme.problem());
    }
    match (app.behind(), app.session().active_run().and_then(Run::narrowed)) {
        // Elsewhere the timeline's heading says it.
        (Some(behind), _) if !layout.has_headings() => (sentences::paused(behind), theme.strong()),
        (_, Some(most)) => (text::fitting(limits::narrowed(most), room), theme.text()),
        _ => (text::fit(&sentences::progress(app, room), "", theme, room, 1), theme.quiet()),
    }
}

fn at_rest(app: &App, layout: Layout, theme: Theme, room: usize) -> (String, Style) {
    if let Some((problem, then)) = sentences::problem(app) {
        return (text::fit(&problem, &then, theme, room, MOST_LINES), theme.problem());
    }
    if let (Some(behind), false) = (app.behind(), layout.has_headings()) {
        return (sentences::paused(behind), theme.strong());
    }
    let lines = if layout.has_headings() { MOST_CLAUSES } else { 1 };
    match sentences::conclusion(app) {
        Some(sentences) if app.shown().is_sweep() => {
            (text::parts(&sentences, ". ", theme, room, MOST_LINES), theme.strong())
        }
        Some(sentence) if app.shown().workload == Workload::Followers => (sentence, theme.strong()),
        Some(sentence) => (text::parts(&sentence, "; ", theme, room, lines), theme.strong()),
        None => (sentences::progress(app, room) + &sentences::remarks(app), theme.quiet()),
    }
}
