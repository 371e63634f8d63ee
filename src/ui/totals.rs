//! The totals: one row per mode, updated live.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::lane_bar::{LEFT_EIGHTHS, eighth_glyph};
use super::layout::{ScreenLayout, draw_symbol};
use super::sweep;
use super::theme::Theme;
use crate::analysis::stats::efficiency;
use crate::app::App;
use crate::model::{Mode, Nanos, Plan, Run, Selection, TaskKind};

/// A column of figures.
struct TotalsColumn {
    caption: &'static str,
    /// The width with a caption.
    width: u16,
    /// The width without a caption.
    tight: u16,
    figure: fn(&App, &Run) -> String,
}

const ELAPSED: TotalsColumn = TotalsColumn {
    caption: "elapsed",
    width: 10,
    tight: 9,
    figure: |app, run| format!("{:.3} s", run.elapsed(app.now()).as_secs_f64()),
};
const SPEED_UP: TotalsColumn =
    TotalsColumn { caption: "speed-up", width: 10, tight: 8, figure: speed_up };
const EFFICIENCY: TotalsColumn =
    TotalsColumn { caption: "efficiency", width: 12, tight: 7, figure: worker_efficiency };

/// The columns of each workload; and the subsets, by index, that remain as the width shrinks.
const FOLLOWERS: [TotalsColumn; 6] = [
    ELAPSED,
    TotalsColumn { caption: "pages", width: 9, tight: 8, figure: tasks },
    TotalsColumn {
        caption: "followers",
        width: 11,
        tight: 8,
        figure: |_, run| run.progress().follower_count().to_string(),
    },
    TotalsColumn { caption: "pages/s", width: 9, tight: 8, figure: rate },
    SPEED_UP,
    EFFICIENCY,
];
const FOLLOWERS_SUBSETS: [&[usize]; 4] =
    [&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 4, 5], &[0, 1, 2, 4], &[0, 1, 4]];

const COMPUTED: [TotalsColumn; 5] = [
    ELAPSED,
    TotalsColumn { caption: "tasks", width: 9, tight: 8, figure: tasks },
    TotalsColumn { caption: "tasks/s", width: 9, tight: 8, figure: rate },
    SPEED_UP,
    EFFICIENCY,
];
const COMPUTED_SUBSETS: [&[usize]; 4] = [&[0, 1, 2, 3, 4], &[0, 1, 3, 4], &[0, 1, 3], &[0, 3]];

const COMMANDS: [TotalsColumn; 4] = [
    ELAPSED,
    TotalsColumn { caption: "commands", width: 11, tight: 9, figure: tasks },
    TotalsColumn {
        caption: "failed",
        width: 8,
        tight: 7,
        figure: |_, run| run.failed_tasks().to_string(),
    },
    SPEED_UP,
];
const COMMANDS_SUBSETS: [&[usize]; 3] = [&[0, 1, 2, 3], &[0, 2, 3], &[0, 3]];

/// The usual width of the modes' names.
const NAME_WIDTH: u16 = 13;

/// The minimum width of a bar beside full names of the modes.
const USUAL_BAR_WIDTH: u16 = 20;

/// The minimum width of a bar.
const MIN_BAR_WIDTH: u16 = 8;

/// Returns the columns that fit beside a bar, or the smallest subset if none do. A column grows with
/// its longest figure.
fn fitting_columns(
    app: &App,
    layout: ScreenLayout,
    width: u16,
) -> Vec<(&'static TotalsColumn, u16)> {
    let wide = |column: &TotalsColumn| {
        let usual = if layout.has_headings() { column.width } else { column.tight };
        let started = app.runs().iter().filter(|run| run.has_started());
        let longest = started.map(|run| (column.figure)(app, run).len()).max().unwrap_or(0);
        usual.max(longest as u16 + 2)
    };
    let names = name_width(app, Plan::short_name);
    let (all, forms): (&[TotalsColumn], &[&[usize]]) = match app.selection().workload.kind() {
        TaskKind::Page => (&FOLLOWERS, &FOLLOWERS_SUBSETS),
        TaskKind::Computation => (&COMPUTED, &COMPUTED_SUBSETS),
        TaskKind::Command => (&COMMANDS, &COMMANDS_SUBSETS),
    };
    let choose = |kept: &&[usize]| -> Vec<(&'static TotalsColumn, u16)> {
        let columns = kept.iter().filter_map(|&index| all.get(index));
        columns.map(|column| (column, wide(column))).collect()
    };
    let fits = |columns: &Vec<(_, u16)>, beside: u16| {
        beside + columns.iter().map(|(_, width)| width).sum::<u16>() <= width
    };
    let with_bar = forms.iter().map(choose).find(|columns| fits(columns, names + MIN_BAR_WIDTH));
    let mut fitting = with_bar.or_else(|| forms.last().map(choose)).unwrap_or_default();
    // The elapsed time and the speed-up say more than a name cut short.
    while fitting.len() > 2 && !fits(&fitting, longest_name(app, Plan::short_name)) {
        fitting.remove(1);
    }
    fitting
}

/// Returns the width of the modes' names in a form.
fn name_width(app: &App, form: fn(&Plan) -> String) -> u16 {
    longest_name(app, form).max(NAME_WIDTH)
}

/// Returns the width of the longest name in a form, and the cell after it.
fn longest_name(app: &App, form: fn(&Plan) -> String) -> u16 {
    let names = app.runs().iter().map(|run| run_name(app, run, form).len() as u16 + 1);
    names.max().unwrap_or(NAME_WIDTH)
}

/// Returns the name of a run in a form. That of a sweep is one trial, not the result.
fn run_name(app: &App, run: &Run, form: fn(&Plan) -> String) -> String {
    sweep::trial_name(app, run).unwrap_or_else(|| form(run.plan()))
}

/// Returns the captions for the heading of the totals, aligned with the figures.
pub(super) fn captions(app: &App, layout: ScreenLayout, width: u16) -> String {
    let columns = fitting_columns(app, layout, width).into_iter();
    columns
        .map(|(column, width)| {
            format!("{:─>1$}", format!(" {} ", column.caption), usize::from(width))
        })
        .collect::<Vec<String>>()
        .concat()
}

/// Draws the runs' rows.
pub(super) fn draw_rows(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let columns = fitting_columns(app, layout, area.width);
    let figures: u16 = columns.iter().map(|(_, width)| width).sum();
    let fits = name_width(app, Plan::name) + USUAL_BAR_WIDTH + figures <= area.width;
    let form = if fits { Plan::name } else { Plan::short_name };
    let names = name_width(app, form);
    let longest = full_bar_time(app);
    for (mode, row) in app.modes().iter().zip(area.rows()) {
        let run = app.runs().iter().find(|run| run.plan().mode == *mode);
        let started = run.filter(|run| run.has_started());
        let selection = Selection::only(app.selection().workload, *mode);
        let name = run.map_or_else(|| selection.to_string(), |run| run_name(app, run, form));
        Line::styled(name, theme.text()).render(row, buf);
        let Some(run) = started else { continue };
        let mut x = row.right().saturating_sub(figures);
        let bar = Rect {
            x: row.x + names.min(row.width),
            width: x.saturating_sub(row.x + names).saturating_sub(1),
            ..row
        };
        let share = run.elapsed(app.now()).0 as f64 / longest.0.max(1) as f64;
        draw_bar(share, theme, theme.bar(*mode == Mode::Sequential), bar, buf);
        for &(column, width) in &columns {
            let text = format!("{:>1$} ", (column.figure)(app, run), usize::from(width) - 1);
            let cell = Rect { x, width, ..row }.intersection(row);
            Line::styled(text, theme.text()).render(cell, buf);
            x += width;
        }
    }
}

/// Returns the duration of a full bar: the longest run or, during a run, the span of the timeline if
/// that is longer.
fn full_bar_time(app: &App) -> Nanos {
    let window = app.picture().viewport();
    let longest = app.runs().iter().map(|run| run.elapsed(app.now())).max().unwrap_or_default();
    if app.is_moving() { longest.max(window.horizon()) } else { longest }
}

fn draw_bar(share: f64, theme: Theme, style: Style, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let eighths = (share.clamp(0.0, 1.0) * f64::from(area.width) * 8.0).round() as u16;
    for (column, x) in (area.left()..area.right()).enumerate() {
        let left = eighths.saturating_sub(column as u16 * 8);
        let symbol = match left {
            0 => return,
            8.. => theme.pick("█", "|"),
            _ if theme.is_ascii() => return,
            _ => eighth_glyph(&LEFT_EIGHTHS, left as u8),
        };
        draw_symbol(x, area.y, symbol, style, buf);
    }
}

fn tasks(_: &App, run: &Run) -> String {
    // Padded to the final width, so that figures stay in place.
    let all = run.progress().known_tasks().to_string();
    // Includes failed tasks: a command that failed has run, too.
    let done = run.ended_tasks();
    format!("{done:>0$}/{all}", all.len())
}

fn rate(app: &App, run: &Run) -> String {
    format!("{:.1}", run.rate(app.now()))
}

fn speed_up(app: &App, run: &Run) -> String {
    if let Some(speed_up) = speed_up_of(app, run) {
        return format!("{speed_up:.2}x");
    }
    let least = app.session().least_speed_up(app.selection(), run, app.now());
    least.map_or_else(String::new, |least| format!(">{least:.2}x"))
}

fn worker_efficiency(app: &App, run: &Run) -> String {
    match speed_up_of(app, run) {
        Some(speed_up) if run.plan().mode != Mode::Sequential => {
            format!("{:.0} %", efficiency(speed_up, run.mean_workers(app.now())) * 100.0)
        }
        _ => String::new(),
    }
}

fn speed_up_of(app: &App, run: &Run) -> Option<f64> {
    app.session().speed_up(app.selection(), run, app.now())
}
