//! The page of the help on how far the figures can be trusted: figures that are measured apart and must
//! agree, lost events, and the overhead of the program itself.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::theme::Theme;
use super::{program_help, text};
use crate::analysis::latency::LittlesLaw;
use crate::app::{App, HelpView, Overhead};
use crate::model::{Exactness, Nanos, Run};

/// The meaning of the figures, in lines of up to 62 columns.
const INTRODUCTION: [&str; 3] = [
    " Requests in flight = rate x time of each (Little's law). The",
    " three are measured apart: both sides must agree. Overhead is",
    " the time that threadline itself takes.",
];

/// Returns the lines of the self-check: whether independently computed figures agree, and the overhead
/// of the program itself. Little's law is first; a figure that was not measured has no line.
pub(super) fn lines(view: &HelpView, app: &App, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let heading = Line::from(Span::styled(" Can the figures be trusted?", theme.strong()));
    if app.selection().workload.is_program() {
        let own = program_help::trust_lines(app, theme, room);
        let rest = overhead_lines(app, theme, room);
        return [heading].into_iter().chain(own).chain(rest).collect();
    }
    let mut lines = vec![heading];
    for line in INTRODUCTION {
        lines.push(Line::from(Span::styled(
            text::truncate(line.to_owned(), theme, room),
            theme.muted(),
        )));
    }
    lines.push(Line::default());
    let law = view.self_checks.iter().map(|(name, law)| {
        let style = if law.holds() { theme.text() } else { theme.problem() };
        Line::styled(
            text::truncate(text::first_fitting(law_texts(name, law), room), theme, room),
            style,
        )
    });
    lines.extend(law);
    lines.extend(exactness_line(app, theme, room));
    lines.extend(overhead_lines(app, theme, room));
    lines
}

/// Returns both sides of Little's law, from the longest form to the shortest.
fn law_texts(name: &str, law: &LittlesLaw) -> [String; 3] {
    let LittlesLaw { in_flight, rate, time } = law;
    let verdict = if law.holds() { "ok" } else { "mismatch" };
    let sides = format!("in flight {in_flight:.2} = {rate:.2}/s x {time:.2} s: {verdict}");
    [
        format!(" {name}: L = X R: {sides}"),
        format!(" {name}: {sides}"),
        format!(" L = {in_flight:.2} = {rate:.2}/s x {time:.2} s: {verdict}"),
    ]
}

fn last_started_run(app: &App) -> Option<(&Run, Nanos)> {
    app.visible_runs().filter(|(run, _)| run.has_started()).last()
}

/// Returns the exactness of the last run that has started, and what it lost.
fn exactness_line(app: &App, theme: Theme, room: usize) -> Option<Line<'static>> {
    let (run, _) = last_started_run(app)?;
    let losses = run.timing().losses();
    let exactness = match run.plan().exactness {
        Exactness::Exact => "exact".to_owned(),
        Exactness::Counted { period } => format!("counted every {period}"),
        Exactness::Coarse => "coarse".to_owned(),
    };
    let (lost, style) = match losses.gaps {
        0 => ("none lost".to_owned(), theme.text()),
        gaps => {
            let gaps = if gaps == 1 { "1 gap".to_owned() } else { format!("{gaps} gaps") };
            (format!("{} lost in {gaps} of {}", losses.events, losses.time), theme.problem())
        }
    };
    let text = format!(" events: {exactness}, {lost}");
    Some(Line::styled(text::truncate(text, theme, room), style))
}

/// Returns the overhead per event and of the last run that has started, and the time per frame.
fn overhead_lines(app: &App, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let overhead = app.overhead();
    let Some(event) = overhead.event else { return Vec::new() };
    let run = last_started_run(app);
    let share = run.and_then(|(run, until)| overhead.share_of_run(run, until));
    let disturbs = share.is_some_and(Overhead::is_significant);
    let style = if disturbs { theme.problem() } else { theme.text() };
    let share = share.map(|share| match share * 100.0 {
        ..0.01 => "under 0.01 % of the run".to_owned(),
        percent if disturbs => format!("{percent:.1} % of the run: this distorts it"),
        percent => format!("{percent:.2} % of the run"),
    });
    let mut parts = vec![("", format!("overhead: {event}/event"), style)];
    parts.extend(share.map(|share| (", ", share, style)));
    if let (Some(frame), Some(slowest)) = (overhead.frame, overhead.slowest) {
        parts.push(("; ", format!("frame {frame}, slowest {slowest}"), theme.text()));
    }
    wrap_parts(parts, room)
}

/// Wraps parts into lines without breaking any; a mark separates parts on the same line.
pub(super) fn wrap_parts(parts: Vec<(&str, String, Style)>, room: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (mark, part, style) in parts {
        match lines.last_mut() {
            Some(line) if line.width() + mark.len() + text::width(&part) <= room => {
                line.push_span(Span::styled(format!("{mark}{part}"), style));
            }
            _ => lines.push(Line::from(Span::styled(format!(" {part}"), style))),
        }
    }
    lines
}
