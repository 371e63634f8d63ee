//! The totals: one row per mode, updated live.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::layout::ScreenLayout;
use super::state_bar::{Segment, draw_bar};
use super::theme::Theme;
use super::{accent, program_totals, sweep};
use crate::analysis::RateLimitHold;
use crate::analysis::verdict::{LIMITED, efficiency_percent};
use crate::app::App;
use crate::model::lesson::Highlight;
use crate::model::{Mode, Nanos, Plan, Run, Selection, State, TaskKind};

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
const FOLLOWERS: [TotalsColumn; 6] = columns_of_pages("followers");
const ITEMS: [TotalsColumn; 6] = columns_of_pages("items");
const BYTES: [TotalsColumn; 6] = columns_of_pages("bytes");
const PAGES_SUBSETS: [&[usize]; 4] =
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

/// Returns the columns of a workload of pages.
const fn columns_of_pages(results: &'static str) -> [TotalsColumn; 6] {
    [
        ELAPSED,
        TotalsColumn { caption: "pages", width: 9, tight: 8, figure: tasks },
        TotalsColumn {
            caption: results,
            width: 11,
            tight: 8,
            figure: |_, run| run.progress().result_count().to_string(),
        },
        TotalsColumn { caption: "pages/s", width: 9, tight: 8, figure: rate },
        SPEED_UP,
        EFFICIENCY,
    ]
}

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
    let workload = app.selection().workload;
    let pages = match workload.has_accounts() {
        true => &FOLLOWERS,
        false if app.runs().iter().any(|run| run.progress().counts_bytes()) => &BYTES,
        false => &ITEMS,
    };
    let (all, forms): (&[TotalsColumn], &[&[usize]]) = match workload.kind() {
        TaskKind::Page => (pages, &PAGES_SUBSETS),
        TaskKind::Computation => (&COMPUTED, &COMPUTED_SUBSETS),
        TaskKind::Command | TaskKind::Thread => (&COMMANDS, &COMMANDS_SUBSETS),
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
    if app.selection().workload.is_program() {
        let elapsed = app.runs().first().map_or(Nanos::ZERO, |run| run.elapsed(app.now()));
        return format!(" watched for {:.2} s ", elapsed.as_secs_f64());
    }
    let columns = fitting_columns(app, layout, width).into_iter();
    columns
        .map(|(column, width)| {
            format!("{:─>1$}", format!(" {} ", column.caption), usize::from(width))
        })
        .collect::<Vec<String>>()
        .concat()
}

/// Returns the number of rows.
pub(super) fn row_count(app: &App, layout: ScreenLayout) -> u16 {
    if app.selection().workload.is_program() {
        program_totals::row_count(app, layout)
    } else {
        app.modes().len() as u16
    }
}

/// Draws the runs' rows.
pub(super) fn draw_rows(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if app.selection().workload.is_program() {
        return program_totals::draw_rows(app, theme, area, buf);
    }
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
        let name_area = Rect { width: names.min(row.width), ..row };
        accent::draw(app, Highlight::Totals(*mode), theme, name_area, buf);
        let Some(run) = started else { continue };
        let mut x = row.right().saturating_sub(figures);
        let bar = Rect {
            x: row.x + names.min(row.width),
            width: x.saturating_sub(row.x + names).saturating_sub(1),
            ..row
        };
        let share = run.elapsed(app.now()).0 as f64 / longest.0.max(1) as f64;
        draw_bar(&bar_segments(app, run, share, bar.width), theme, bar, buf);
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

/// Divides a bar of this share of the width by what the workers did, without idle time.
fn bar_segments(app: &App, run: &Run, share: f64, width: u16) -> Vec<Segment> {
    let times = run.state_times_between(Nanos::ZERO, run.elapsed(app.now()));
    let all = (times.total() - times[State::Idle]).max(1) as f64;
    let eighths = share.clamp(0.0, 1.0) * f64::from(width) * 8.0;
    let (mut spent, mut start) = (0, 0);
    let busy = times.spent().filter(|&(state, _)| state != State::Idle);
    busy.map(|(state, time)| {
        spent += time;
        let end = (eighths * spent as f64 / all).round() as u16;
        let length = end - start;
        start = end;
        (state, length)
    })
    .collect()
}

fn tasks(app: &App, run: &Run) -> String {
    // Padded to the final width, so that figures stay in place.
    let workload = run.plan().workload();
    let is_known = run.is_task_count_known() || app.session().task_count(workload).is_some();
    let all = if is_known { run.progress().known_tasks().to_string() } else { "?".to_owned() };
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
    let mut runs = app.runs().iter().filter(|other| other.plan().mode == Mode::Sequential);
    let is_limited = |run: &Run| RateLimitHold::affects(run, app.now());
    if run.plan().mode != Mode::Sequential && (is_limited(run) || runs.any(is_limited)) {
        return LIMITED.to_owned();
    }
    let least = app.session().least_speed_up(app.selection(), run, app.now());
    least.map_or_else(String::new, |least| format!(">{least:.2}x"))
}

fn worker_efficiency(app: &App, run: &Run) -> String {
    match speed_up_of(app, run) {
        Some(speed_up) if run.plan().mode != Mode::Sequential => {
            let percent = efficiency_percent(app.runs(), run, speed_up, app.now());
            percent.map_or_else(String::new, |percent| format!("{percent} %"))
        }
        _ => String::new(),
    }
}

fn speed_up_of(app: &App, run: &Run) -> Option<f64> {
    app.session().speed_up(app.selection(), run, app.now())
}
