//! Whatever is measured: nothing panics, nothing is infinite, and no advice is against the figures.

use proptest::prelude::*;
use threadline::export::{json, plain};
use threadline::model::scaling::{self, Fit};
use threadline::model::{Mode, Workload};

use super::*;

fn assert_sound(fits: &[Fit]) {
    for fit in fits {
        let estimates = fit.parameters.iter().map(|&(_, estimate)| estimate).chain(fit.knee);
        for estimate in estimates {
            let ends = estimate.interval.map_or([0.0; 2], |interval| [interval.low, interval.high]);
            assert!(estimate.value.is_finite() && estimate.value >= 0.0, "{fit:?}");
            assert!(ends.iter().all(|end| end.is_finite()), "{fit:?}");
        }
        let others = [fit.peak(), fit.model.limit(), fit.r2, fit.aicc, Some(fit.rss)];
        assert!(others.iter().flatten().all(|value| value.is_finite()), "{fit:?}");
        assert!(fit.r2.is_none_or(|r2| r2 <= 1.0 + 1e-9), "{fit:?}");
        assert!((1..100).all(|n| fit.rate(n.into()).is_finite()), "{fit:?}");
    }
}

/// The number that the advice begins with, where it begins with one.
fn advised(advice: &str) -> Option<u16> {
    advice.split(' ').next()?.parse().ok()
}

fn assert_in_keeping(sweep: &Sweep, advice: &str) {
    let best = sweep.points().iter().map(|point| point.rate).fold(0.0, f64::max);
    let point = |workers| sweep.points().iter().find(|point| point.workers == workers);
    if let Some(workers) = advised(advice).filter(|_| !advice.contains("Stay with")) {
        assert!(point(workers).unwrap().rate * 1.15 >= best, "{advice} {:?}", sweep.points());
    }
    let last = sweep.points().last().unwrap();
    if advice.contains("Still growing") {
        assert!(last.rate * 1.1 >= best, "{advice} {:?}", sweep.points());
    }
    if advice.contains("slow it down") {
        assert!(last.rate < best, "{advice} {:?}", sweep.points());
    }
    if advice.contains("no gain over") {
        assert!(sweep.points().iter().all(|point| point.rate * 1.15 > best), "{advice}");
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
    fn any_rates_are_fitted(points in prop::collection::vec((1..2_000_u16, rates()), 0..12)) {
        let points: Vec<_> = points.iter().map(|&(n, rate)| (f64::from(n), rate)).collect();
        assert_sound(&scaling::fit_models(&points));
    }

    #[test]
    fn any_trials_are_reported(
        counts in prop::collection::vec(0..40_u16, 0..9),
        trials in prop::collection::vec((0_u64..5_000_000_000, 0_u32..200), 0..20),
        extreme: bool,
        workload in prop::sample::select(Workload::SELECTABLE.to_vec()),
    ) {
        let mut sweep = Sweep::new(counts, 2);
        for (took, tasks) in trials {
            let Some(workers) = sweep.next_workers() else { break };
            let duration = Nanos(if extreme { took.wrapping_mul(took) } else { took });
            sweep.add_trial(Trial { workers, duration, tasks });
            assert_sound(sweep.fits());
        }
        for mode in Mode::ALL {
            let advice = sweep.advice(workload, mode);
            let is_sound = sweep.points().first().is_some_and(|point| point.rate > 0.0);
            prop_assert_eq!(advice.is_some(), is_sound && sweep.points().len() > 1);
            if let Some(advice) = &advice {
                assert_in_keeping(&sweep, advice);
            }
        }
        let mut out = Vec::new();
        plain::sweep::write(&mut out, &sweep, workload, Mode::Threads).unwrap();
        prop_assert_eq!(out.is_empty(), sweep.trials().is_empty());
        let report = json::JsonReport::from_runs(None, None, &[], None);
        report.with_sweep(&sweep, workload, Mode::Threads).write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
    }
}

#[test]
fn what_is_no_rate_is_left_out() {
    let points = [(1.0, 1.0), (2.0, f64::NAN), (0.0, 1.0), (3.0, -1.0), (f64::INFINITY, 1.0)];
    assert_eq!(scaling::fit_models(&points), []);
    let more = [(2.0, 2.0), (3.0, 3.0)];
    assert_eq!(scaling::fit_models(&[points.as_slice(), &more].concat())[0].points, 3);
}

/// What fits exactly does not win by that alone.
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
