//! The pages of the help on a watched program: how to read its rows, how exact its events are, and what
//! watching costs.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::legend::{self, states_line};
use super::program_header::accuracy_texts;
use super::text;
use super::theme::Theme;
use super::uncertain_edges::HATCH;
use crate::analysis::program::SelfCheck;
use crate::app::{Action, App, ProgramFigures};
use crate::model::{Exactness, Run, State};

/// Returns how to read the picture, with a heading and a blank line.
pub(super) fn picture_lines(app: &App, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let key = |action| app.key_of(action);
    let entry = |state: Option<State>, forms: [String; 2]| {
        let words = text::first_fitting(forms, width.saturating_sub(7));
        let (glyph, style) = state.map_or((" ", theme.text()), |state| theme.state_cell(state));
        let sample = if state.is_some() { glyph.repeat(2) } else { String::new() };
        let gap = if state.is_some() { "  " } else { "" };
        Line::from(vec![
            Span::raw("   "),
            Span::styled(sample, style),
            Span::styled(format!("{gap}{words}"), theme.text()),
        ])
    };
    let pair = |long: &str, short: &str| [long.to_owned(), short.to_owned()];
    let fold = key(Action::Inspect);
    let mut lines = vec![
        Line::from(Span::styled(" How to read a watched program", theme.strong())),
        entry(
            None,
            pair(
                "A row is a thread; time runs to the right. What worked is above what only waited.",
                "A row is a thread. What worked is above the rest.",
            ),
        ),
        states_line(app, theme, width),
        entry(
            Some(State::NoCore),
            pair("it wants to run, and no core is free", "no core is free for it"),
        ),
        entry(
            Some(State::LockWait),
            pair("it waits for a lock or the GIL, with the holder's name", "waits for a lock"),
        ),
        entry(
            Some(State::Parked),
            pair(
                "it waits for another thread: a lock or queue of Python, or for work",
                "waits for another thread",
            ),
        ),
    ];
    if legend::occurring_states(app).any(|state| state == State::Blocked) {
        let words =
            pair("it waited, too briefly for the reason to be read", "too brief to see what for");
        lines.push(entry(Some(State::Blocked), words));
    }
    if !is_exact(app) {
        lines.push(hatch_line(app, theme, width));
    }
    lines.push(entry(
        None,
        [
            format!(
                "Threads with one name and other numbers are one row, stacked; {fold} opens it."
            ),
            format!("Alike threads are stacked in a row; {fold} opens it."),
        ],
    ));
    lines.push(Line::default());
    lines
}

/// Returns what a key does in a watched program, if that is less than in other runs.
pub(super) const fn key_text(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::Find => "find a thread, call or function",
        Action::Table => "table of all threads",
        Action::Inspect => "inspect the thread; output; open a group",
        Action::PreviousSpan => "previous thread of the lane",
        Action::NextSpan => "next thread of the lane",
        _ => return None,
    })
}

/// Returns `true` unless the edges of states are known only to a period.
fn is_exact(app: &App) -> bool {
    let record = app.runs().first().and_then(Run::program);
    let accuracy = record.and_then(|record| record.accuracy());
    accuracy.is_none_or(|accuracy| accuracy.edges == Exactness::Exact)
}

/// Returns a sample of an uncertain edge, with its meaning.
fn hatch_line(app: &App, theme: Theme, width: usize) -> Line<'static> {
    let state = legend::occurring_states(app).find(|&state| !theme.is_sparse(state));
    let color = state.and_then(|state| theme.color(state));
    let style = color.map_or(theme.text(), |color| Style::new().fg(color));
    let glyph = if theme.has_patterns() { theme.glyph(State::Unknown) } else { HATCH };
    let words = [
        "the state changed somewhere here: threads are looked at only now and then",
        "the state changed somewhere here",
    ];
    let words = text::first_fitting(words.map(str::to_owned), width.saturating_sub(7));
    Line::from(vec![
        Span::raw("   "),
        Span::styled(glyph.repeat(2), style),
        Span::styled(format!("  {words}"), theme.text()),
    ])
}

/// Returns how far the figures of a watched program can be trusted, and what watching costs.
pub(super) fn trust_lines(app: &App, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let Some(run) = app.runs().first() else { return Vec::new() };
    let mut lines = Vec::new();
    let mut push = |text: &str, is_problem: bool| {
        let style = if is_problem { theme.problem() } else { theme.text() };
        let words = text::to_drawable(text.to_owned(), theme);
        lines.extend(wrapped(&words, room).into_iter().map(|line| Line::styled(line, style)));
    };
    let accuracy = accuracy_texts(Some(run)).into_iter().next().unwrap_or_default();
    push(&format!("accuracy: {accuracy}"), false);
    push(exactness_meaning(run), false);
    let table = app.key_of(Action::Table);
    let waits = format!(
        "{table} lists all threads; \"waited most for\" is the longest of a thread's waits, added up by reason."
    );
    push(&waits, false);
    let losses = run.timing().losses();
    if losses.gaps > 0 {
        let lost = format!("{} records lost in {}: shown as unknown", losses.events, losses.time);
        push(&lost, true);
    }
    if let Some(check) = SelfCheck::of_run(run) {
        let agrees = [check.on_cpu_agrees(), check.sum_agrees()];
        for (text, agrees) in check.texts().iter().zip(agrees) {
            push(text, !agrees);
        }
    }
    if let Some(ProgramFigures { totals, .. }) = app.picture().program_figures() {
        let [own, inside] = [totals.own_cores, totals.cost_to_program_cores].map(|one| one * 100.0);
        push(&format!("watching costs {own:.1} % of a core here"), false);
        push(&format!("and {inside:.1} % in the program: 2.2 us for each switch"), false);
    }
    lines
}

/// Returns what the exactness of a run means for its picture.
fn exactness_meaning(run: &Run) -> &'static str {
    let accuracy = run.program().and_then(|record| record.accuracy());
    match accuracy.map(|accuracy| accuracy.edges) {
        None | Some(Exactness::Exact) => {
            "Each time on a CPU begins and ends as the kernel recorded it. A wait that was too \
             short for its reason to be read is blocked."
        }
        Some(Exactness::Counted { .. }) => {
            "Times on a CPU and without a core are exact sums. Where states begin and end is known \
             to one period."
        }
        Some(Exactness::Coarse) => {
            "Times on a CPU and without a core are exact sums. States are seen only now and then."
        }
    }
}

/// Wraps a text between words into lines of `room` cells, indented by one.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text::width(line) + 1 + text::width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("   {word}")),
        }
    }
    lines
}
