//! The legend and the keys, or a word on the last key.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::theme::Theme;
use crate::app::App;
use crate::app::keymap::{Action, key_of};
use crate::model::{State, Target, Workload};

/// The states that a run of followers can be in.
const LEGEND: [State; 7] = [
    State::Connecting,
    State::Waiting,
    State::Receiving,
    State::Computing,
    State::Throttled,
    State::Error,
    State::Idle,
];

/// Draws a sample of each state beside its word, as many as fit whole. The built-in server throttles
/// nobody.
pub(super) fn legend(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut entries: Vec<(String, Style, &str)> = Vec::new();
    let built_in = app.session().target().is_some_and(Target::is_built_in);
    for state in LEGEND.into_iter().filter(|state| !built_in || *state != State::Throttled) {
        let (glyph, style) = theme.state_cell(state);
        entries.push((glyph.repeat(2), style, state.word()));
    }
    if !theme.has_patterns() {
        for (glyph, words) in [("▌", "exact edge"), ("▄", "merged")] {
            entries.push((glyph.to_owned(), theme.bar(false), words));
        }
    }
    let mut line = Line::raw(" ");
    for (sample, style, words) in entries {
        let words = Span::styled(format!(" {words}"), theme.quiet());
        let sample = Span::styled(sample, style);
        if line.width() + sample.width() + words.width() > usize::from(area.width) {
            break;
        }
        line.extend([sample, words, Span::raw("  ")]);
    }
    line.render(area, buf);
}

/// Draws the keys that do something now, the most useful first, as many as fit.
pub(super) fn keys(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    if let Some(notice) = app.notice() {
        Line::styled(format!(" {notice}"), theme.strong()).render(area, buf);
        return;
    }
    let runs = app.session().active().is_some();
    // As wide in every state, so that no key moves.
    let pause = if app.behind().is_some() { "go on" } else { "pause" };
    let run = if app.runs().is_empty() { "run      " } else { "run again" };
    let mut hints: Vec<(&[Action], &str)> = vec![(&[Action::NextMode], "mode")];
    hints.push(if runs { (&[Action::Stop], "stop     ") } else { (&[Action::Run], run) });
    hints.extend([
        (&[Action::FewerWorkers, Action::MoreWorkers][..], "workers"),
        (&[Action::Pause], pause),
        (&[Action::ZoomIn, Action::ZoomOut], "zoom"),
        (&[Action::PanLeft, Action::PanRight], "pan"),
        (&[Action::Fit], "fit"),
        (&[Action::NextLane, Action::PreviousLane], "lane"),
        (&[Action::Theme], "theme"),
    ]);
    if app.shown().workload == Workload::Commands {
        hints.insert(2, (&[Action::Output], "output"));
    }
    let help: (&[Action], &str) = (&[Action::Help], "help");
    let quit: (&[Action], &str) = (&[Action::Quit], "quit");
    let width = |(actions, word): &(&[Action], &str)| {
        label(actions, theme).chars().count() + word.chars().count() + 3
    };
    let mut room = usize::from(area.width).saturating_sub(width(&help) + width(&quit) + 1);
    hints.retain(|hint| {
        let fits = width(hint) <= room;
        room = if fits { room - width(hint) } else { 0 };
        fits
    });
    hints.extend([help, quit]);
    let mut spans = vec![Span::raw(" ")];
    for (actions, word) in hints {
        spans.push(Span::styled(label(actions, theme), theme.key()));
        spans.push(Span::styled(format!(" {word}  "), theme.quiet()));
    }
    Line::from(spans).render(area, buf);
}

/// The keys of a hint, arrows as arrows where they can be drawn.
fn label(actions: &[Action], theme: Theme) -> String {
    let arrows = [("Left", "←"), ("Right", "→")];
    let name = |&action: &Action| {
        let key = key_of(action);
        match arrows.iter().find(|(word, _)| *word == key) {
            Some((word, arrow)) => theme.pick(arrow, word).to_owned(),
            None => key,
        }
    };
    let names: Vec<String> = actions.iter().map(name).collect();
    names.join(if names.iter().any(|name| name.len() > 3) { "/" } else { " " })
}
