//! Arbitrary measurements: no panic, no infinite figure, and no advice that contradicts the
//! figures.

use proptest::prelude::*;
use threadline::analysis::scaling::{self, Fit};
use threadline::model::{Mode, Workload};
use threadline::report::{json, plain};

use super::*;
use crate::fabricated_runs::sweep_plan;

fn assert_valid_fits(fits: &[Fit]) {
    for fit in fits {
        let estimates = fit.parameters.iter().map(|&(_, estimate)| estimate).chain(fit.knee);
        for estimate in estimates {
            let bounds =
                estimate.interval.map_or([0.0; 2], |interval| [interval.low, interval.high]);
            assert!(estimate.value.is_finite() && estimate.value >= 0.0, "{fit:?}");
            assert!(bounds.iter().all(|bound| bound.is_finite()), "{fit:?}");
        }
        let figures = [fit.peak(), fit.model.limit(), fit.r2, fit.aicc, Some(fit.rss)];
        assert!(figures.iter().flatten().all(|value| value.is_finite()), "{fit:?}");
        assert!(fit.r2.is_none_or(|r2| r2 <= 1.0 + 1e-9), "{fit:?}");
        assert!((1..100).all(|n| fit.rate(n.into()).is_finite()), "{fit:?}");
    }
}

/// Returns the thread count that the advice begins with, or `None`.
fn advised_workers(advice: &str) -> Option<u16> {
    advice.split(' ').next()?.parse().ok()
}

fn assert_advice_matches_rates(sweep: &Sweep, advice: &str) {
    let best_rate = sweep.points().iter().map(|point| point.rate).fold(0.0, f64::max);
    let point = |workers| sweep.points().iter().find(|point| point.workers == workers);
    if let Some(workers) = advised_workers(advice).filter(|_| !advice.contains("Stay with")) {
        assert!(point(workers).unwrap().rate * 1.15 >= best_rate, "{advice} {:?}", sweep.points());
    }
    let last = sweep.points().last().unwrap();
    if advice.contains("Still growing") {
        assert!(last.rate * 1.1 >= best_rate, "{advice} {:?}", sweep.points());
    }
    if advice.contains("slow it down") {
        assert!(last.rate < best_rate, "{advice} {:?}", sweep.points());
    }
    if advice.contains("no gain over") {
        assert!(sweep.points().iter().all(|point| point.rate * 1.15 > best_rate), "{advice}");
    }
}

fn rates() -> impl Strategy<Value = f64> {
    prop_oneof![1e-3..1e3, 1e-9..1e9, Just(1.0), Just(f64::MAX), Just(f64::MIN_POSITIVE)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 60, ..ProptestConfig::default()
    })]

    #[test]
    fn fits_of_any_rates_are_finite(
        points in prop::collection::vec((1..2_000_u16, rates()), 0..12),
    ) {
        let points: Vec<_> = points.iter().map(|&(n, rate)| (f64::from(n), rate)).collect();
        assert_valid_fits(&scaling::fit_models(&points));
    }

    #[test]
    fn reports_of_any_trials_are_finite_and_consistent(
        counts in prop::collection::vec(0..40_u16, 0..9),
        trials in prop::collection::vec((0_u64..5_000_000_000, 0_u32..200), 0..20),
        extreme: bool,
        workload in prop::sample::select(Workload::SELECTABLE.to_vec()),
    ) {
        let mut sweep = Sweep::new(counts, 2);
        for (nanos, tasks) in trials {
            let Some(workers) = sweep.next_workers() else { break };
            let duration = Nanos(if extreme { nanos.wrapping_mul(nanos) } else { nanos });
            sweep.add_trial(Trial { workers, duration, tasks, is_held_back: false });
            assert_valid_fits(sweep.fits());
        }
        for mode in Mode::ALL {
            let advice = sweep.advice(workload, mode);
            let has_rate = sweep.points().first().is_some_and(|point| point.rate > 0.0);
            prop_assert_eq!(advice.is_some(), has_rate && sweep.points().len() > 1);
            if let Some(advice) = &advice {
                assert_advice_matches_rates(&sweep, advice);
            }
        }
        let mut out = Vec::new();
        plain::sweep::write(&mut out, &sweep, &sweep_plan(workload)).unwrap();
        prop_assert_eq!(out.is_empty(), sweep.trials().is_empty());
        let report = json::JsonReport::from_runs(None, &[], None);
        report.with_sweep(&sweep, workload, Mode::Threads).write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
    }
}

#[test]
fn invalid_rates_are_left_out_of_fits() {
    let points = [(1.0, 1.0), (2.0, f64::NAN), (0.0, 1.0), (3.0, -1.0), (f64::INFINITY, 1.0)];
    assert_eq!(scaling::fit_models(&points), []);
    let valid = [(2.0, 2.0), (3.0, 3.0)];
    assert_eq!(scaling::fit_models(&[points.as_slice(), &valid].concat())[0].points, 3);
}

/// A complex model that fits exactly must not beat a simpler one that does too.
#[test]
fn exact_rates_select_the_simplest_model() {
    for counts in [3_u16, 4, 5, 6, 20] {
        let line: Vec<_> = (1..=counts).map(|n| (f64::from(n), 3.0 * f64::from(n))).collect();
        assert_eq!(scaling::fit_models(&line)[0].name(), "linear", "{counts}");
    }
    let plateau: Vec<_> = (1..=9).map(|n| (f64::from(n), f64::from(n.min(4)))).collect();
    assert_eq!(scaling::fit_models(&plateau)[0].name(), "plateau");
    let amdahl: Vec<_> = (1..=9).map(f64::from).map(|n| (n, n / (0.9 + 0.1 * n))).collect();
    let fits = scaling::fit_models(&amdahl);
    assert_eq!((fits[0].name(), fits[1].name()), ("Amdahl", "USL"));
}
