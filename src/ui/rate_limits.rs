//! The texts about rate limits, back-offs and quotas.

use super::text::group_thousands;
use crate::app::App;
use crate::model::time::time_of_day;
use crate::model::{Lane, LimitKind, Nanos, Quota, ReachedLimit, Run, State};

/// Returns the rate limit that holds back the active run, if that is selected.
pub(super) fn active_limit(app: &App) -> Option<&ReachedLimit> {
    let session = app.session();
    let run = session.active_run().filter(|_| session.active() == Some(app.selection()))?;
    run.limit_at(app.now())
}

/// Returns the remaining time of a lane that is throttled at `until`, if known.
pub(super) fn time_left(run: &Run, lane: &Lane, until: Nanos) -> Option<Nanos> {
    if run.is_over() {
        return None;
    }
    let throttled =
        lane.state_times_between(Nanos(until.0.saturating_sub(1)), until)[State::Throttled];
    if throttled == 0 {
        return None;
    }
    let limit = run.limit_at(until).map(|limit| limit.until);
    let failed = lane.span_at(until).and_then(|span| {
        run.tasks().failed_attempts(span.task).get((span.attempt as usize).saturating_sub(1))
    });
    let end = limit.max(failed.map(|failed| failed.retry_at))?;
    (end > until).then(|| end.since(until))
}

/// Formats a countdown: `1.2 s`, `42 s`, or from two minutes on `4:10`.
pub(super) fn countdown_text(left: Nanos) -> String {
    let (tenths, seconds) = (left.0.div_ceil(100_000_000), left.0.div_ceil(1_000_000_000));
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match seconds {
        _ if tenths < 100 => format!("{}.{} s", tenths / 10, tenths % 10),
        0..120 => format!("{seconds} s"),
        120..3_600 => format!("{minutes}:{rest:02}"),
        _ => format!("{}:{:02}:{rest:02}", minutes / 60, minutes % 60),
    }
}

/// Returns the text of an active rate limit, from the longest form to the shortest.
pub(super) fn limit_texts(limit: &ReachedLimit, now: Nanos) -> [String; 4] {
    let (which, short) = match limit.kind {
        LimitKind::Primary => ("rate limit", "rate limit"),
        LimitKind::Secondary => ("secondary rate limit", "secondary limit"),
    };
    let left = countdown_text(limit.until.since(now));
    let (time, seconds) = (time_of_day(limit.until_utc), limit.until_utc % 60);
    [
        format!("{which}: no requests for {left}, until {time}:{seconds:02} UTC"),
        format!("{which}: {left}, until {time}:{seconds:02} UTC"),
        format!("{short}: {left}, until {time} UTC"),
        format!("{short}: {left}"),
    ]
}

/// Returns the text of a reduced concurrency limit, the longer form first.
pub(super) fn narrowed_texts(most: u16) -> [String; 2] {
    [format!("at most {most} in flight after a rate limit"), format!("at most {most} in flight")]
}

/// Returns the remaining quota, the longer form first.
pub(super) fn remaining_texts(quota: Quota) -> [String; 2] {
    let remaining = format!("{:>6}", group_thousands(quota.remaining));
    [format!("{remaining} of {}", group_thousands(quota.limit)), remaining]
}

/// Returns the reset time of a quota, from the longest form to the shortest.
pub(super) fn reset_texts(quota: Quota) -> [String; 3] {
    let time = time_of_day(quota.reset);
    [format!(" resets {time} UTC"), format!(" until {time} UTC"), String::new()]
}
