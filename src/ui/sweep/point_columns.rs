//! The columns of the table of a sweep beside the plot.

use std::borrow::Cow;

use crate::analysis::Sweep;
use crate::analysis::sweep::SweepPoint;
use crate::model::Workload;
use crate::model::printable::three_digits;
use crate::ui::layout::{ScreenLayout, WidthClass};

/// The minimum width of the chart for a table beside the plot.
const MIN_WIDTH_WITH_TABLE: u16 = 70;

/// The width of the numbers of threads.
pub(super) const THREADS_WIDTH: usize = 8;

/// The minimum width that the table leaves for the plot.
const MIN_PLOT_WIDTH: usize = 41;

/// The width of the column of failed requests.
const FAILED_WIDTH: usize = 9;

/// The text in place of a figure that was only measured while rate limits held the trials back.
const HELD_BACK: &str = "held back";

/// A column of the table, after the number of threads.
pub(super) struct PointColumn {
    pub(super) caption: Cow<'static, str>,
    pub(super) width: usize,
    pub(super) figure: fn(&Sweep, &SweepPoint) -> String,
    /// The columns of higher ranks are left out first.
    rank: u8,
}

impl PointColumn {
    fn new(
        caption: impl Into<Cow<'static, str>>,
        width: usize,
        rank: u8,
        figure: fn(&Sweep, &SweepPoint) -> String,
    ) -> Self {
        Self { caption: caption.into(), width, figure, rank }
    }
}

/// Returns the columns that fit beside the plot: the time of a run, its rate and its gain, the service
/// times of a task, and failed requests if there are any. Below a very wide screen, the plot has at least half
/// of the width.
pub(super) fn fitting(
    sweep: &Sweep,
    workload: Workload,
    layout: ScreenLayout,
    width: u16,
) -> Vec<PointColumn> {
    if width < MIN_WIDTH_WITH_TABLE {
        return Vec::new();
    }
    let spec = workload.spec();
    let p95 = format!("{} p95", spec.task);
    let points = sweep.points();
    let has_speed_up = points.first().is_none_or(|point| sweep.speed_up(point.rate).is_some());
    let has_failures = points.iter().any(|point| sweep.failures(point.workers).next().is_some());
    let mut columns = vec![
        PointColumn::new("time", 9, 3, |_, point| format!("{:.3} s", point.median.as_secs_f64())),
        // Without a speed-up, this column says that a point was held back.
        if has_speed_up {
            PointColumn::new(spec.rate, spec.rate.len() + 2, 5, rate)
        } else {
            PointColumn::new(spec.rate, HELD_BACK.len() + 1, 0, rate)
        },
    ];
    if has_speed_up {
        columns.push(PointColumn::new("speed-up", 10, 0, speed_up));
        columns.push(PointColumn::new("efficiency", 12, 4, efficiency));
    }
    columns.extend([
        PointColumn::new("p50", 8, 6, |_, point| {
            point.service.map_or_else(String::new, |all| all.p50.to_string())
        }),
        PointColumn::new(p95.clone(), p95.len() + 2, 1, |_, point| {
            point.service.map_or_else(String::new, |all| all.p95.to_string())
        }),
        PointColumn::new("p99", 8, 7, |_, point| {
            let p99 = point.service.and_then(|all| all.p99);
            p99.map_or_else(String::new, |p99| p99.to_string())
        }),
    ]);
    if has_failures {
        columns.push(PointColumn::new("failed", FAILED_WIDTH, 2, failed));
    }
    // Only a very wide screen has room for all columns beside a plot that can still be read.
    let plot_width = match layout.width {
        WidthClass::VeryWide => MIN_PLOT_WIDTH,
        _ => usize::from(width).div_ceil(2).max(MIN_PLOT_WIDTH),
    };
    let room = usize::from(width).saturating_sub(plot_width);
    while table_width(&columns) > room
        && let Some(last) = columns.iter().map(|column| column.rank).max()
    {
        columns.retain(|column| column.rank < last);
    }
    columns
}

/// Returns the width of a table with these columns.
pub(super) fn table_width(columns: &[PointColumn]) -> usize {
    let figures: usize = columns.iter().map(|column| column.width).sum();
    if columns.is_empty() { 0 } else { THREADS_WIDTH + figures }
}

fn rate(sweep: &Sweep, point: &SweepPoint) -> String {
    match (point.is_counted(), sweep.speed_up(point.rate)) {
        (true, _) => three_digits(point.rate),
        // The column of the speed-up says why.
        (false, Some(_)) => "-".to_owned(),
        (false, None) => HELD_BACK.to_owned(),
    }
}

fn speed_up(sweep: &Sweep, point: &SweepPoint) -> String {
    let speed_up = sweep.point_speed_up(point).map(|times| format!("{times:.2}x"));
    speed_up.unwrap_or_else(|| if point.is_counted() { "-" } else { HELD_BACK }.to_owned())
}

fn efficiency(sweep: &Sweep, point: &SweepPoint) -> String {
    let share = sweep.efficiency(point).map(|share| share * 100.0);
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.0} %"))
}

/// Returns the number of failed requests with their status, if they share one that fits.
fn failed(sweep: &Sweep, point: &SweepPoint) -> String {
    let failures: Vec<(&str, u32)> = sweep.failures(point.workers).collect();
    let total: u32 = failures.iter().map(|(_, count)| count).sum();
    let text = match failures.as_slice() {
        [] => "0".to_owned(),
        [(status, count)] => format!("{count}x {status}"),
        _ => total.to_string(),
    };
    if text.len() < FAILED_WIDTH { text } else { total.to_string() }
}
