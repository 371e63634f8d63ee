//! A step function's mean, against adding up every nanosecond's worth by hand.

use proptest::prelude::*;
use threadline::model::Nanos;
use threadline::model::steps::Steps;

use super::config;

proptest! {
    #![proptest_config(config())]
    #[test]
    fn the_mean_is_the_area_over_the_width(
        steps in prop::collection::vec((0..40_u64, 0..9_u32), 0..200),
        a in 0..4_000_u64,
        width in 0..4_000_u64,
    ) {
        let mut folded = Steps::default();
        let mut level_at = vec![0_u32; 8_000];
        let (mut at, mut peak) = (0, 0);
        for (pause, level) in steps {
            at += pause;
            folded.push(Nanos(at), level);
            level_at[at as usize..].fill(level);
            peak = peak.max(level);
            prop_assert_eq!(folded.at(Nanos(at)), level);
        }
        let area: u64 =
            level_at[a as usize..(a + width) as usize].iter().map(|&level| u64::from(level)).sum();
        let mean = if width == 0 { 0.0 } else { area as f64 / width as f64 };
        prop_assert!((folded.mean(Nanos(a), Nanos(a + width)) - mean).abs() < 1e-9);
        prop_assert_eq!(folded.at(Nanos(a)), level_at[a as usize]);
        prop_assert_eq!(folded.peak(), peak);
    }
}

#[test]
fn a_time_before_the_last_counts_as_the_last() {
    let mut steps = Steps::default();
    steps.push(Nanos(10), 4);
    steps.push(Nanos(5), 2);
    assert!((steps.mean(Nanos(0), Nanos(20)) - 1.0).abs() < 1e-9);
    assert!((steps.mean(Nanos(20), Nanos(0))).abs() < 1e-9);
}

/// A queue of as many tasks as there can be, for a day.
#[test]
fn a_long_queue_for_a_long_time_has_a_mean() {
    let (day, tasks) = (86_400_000_000_000, 1_000_000);
    let mut steps = Steps::default();
    steps.push(Nanos(0), tasks);
    let mean = steps.mean(Nanos(day / 2), Nanos(day));
    assert!((mean / f64::from(tasks) - 1.0).abs() < 1e-9, "{mean}");
}
