//! Model fits of a simulated service whose concurrency limit is known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;
use threadline::analysis::scaling::ScalingModel;

use super::*;

/// A service that answers at most `cap` requests at once, in `page` seconds each. The duration of
/// each page varies by the share `jitter`, and that of each run by the share `noise`.
#[derive(Clone, Copy, Debug)]
struct SimulatedService {
    cap: u16,
    page: f64,
    jitter: f64,
    noise: f64,
    seed: u64,
}

impl SimulatedService {
    fn sweep(self, counts: &[u16], tasks: u32) -> Sweep {
        let mut random = fastrand::Rng::with_seed(self.seed);
        run_sweep(counts, 3, tasks, |workers| self.run_seconds(workers, tasks, &mut random))
    }

    /// Returns the seconds of a run in which the first free worker takes the next page.
    fn run_seconds(self, workers: u16, tasks: u32, random: &mut fastrand::Rng) -> f64 {
        let mut free: BinaryHeap<Reverse<u64>> =
            (0..workers.min(self.cap)).map(|_| Reverse(0)).collect();
        let mut vary = |share: f64| 1.0 + share * (2.0 * random.f64() - 1.0);
        let mut end = 0;
        for _ in 0..tasks {
            let Reverse(begin) = free.pop().unwrap();
            let done = begin + (self.page * 1e9 * vary(self.jitter)) as u64;
            free.push(Reverse(done));
            end = end.max(done);
        }
        end as f64 / 1e9 * vary(self.noise)
    }
}

const EXACT: SimulatedService =
    SimulatedService { cap: 8, page: 0.05, jitter: 0.0, noise: 0.0, seed: 1 };

fn doubling() -> Vec<u16> {
    vec![1, 2, 4, 8, 16, 32]
}

fn all_up_to_16() -> Vec<u16> {
    (1..=16).collect()
}

#[test]
fn service_with_eight_slots_fits_a_plateau_with_knee_8() {
    for counts in [doubling(), all_up_to_16()] {
        let sweep = EXACT.sweep(&counts, 60);
        let ScalingModel::Plateau { gain, capacity } = sweep.fits()[0].model else {
            panic!("{sweep:?}")
        };
        // 60 pages take 8 waves.
        assert!((gain - 20.0).abs() < 1e-6 && (capacity - 150.0).abs() < 1e-6, "{gain} {capacity}");
        assert_eq!(sweep.knee().unwrap().to_string(), "8");
        assert!(!sweep.is_guess() && sweep.has_wave_steps());
    }
}

/// On a service without a limit, equal tasks give a linear fit despite the steps of the waves.
#[test]
fn wave_steps_are_not_fitted_as_a_model() {
    for tasks in [13, 60, 100] {
        let sweep = SimulatedService { cap: 1_000, ..EXACT }.sweep(&all_up_to_16(), tasks);
        let fit = &sweep.fits()[0];
        assert_eq!((fit.name(), sweep.has_wave_steps()), ("linear", true), "{tasks}: {fit:?}");
        assert!((fit.rate(1.0) - 20.0).abs() < 1e-6);
    }
}

/// Jitter blurs the steps of the waves; the last step must not be taken for a plateau.
#[test]
fn jitter_without_a_limit_rarely_fits_a_plateau() {
    let sweeps = (1..=20).map(|seed| {
        SimulatedService { cap: 1_000, jitter: 0.3, seed, ..EXACT }.sweep(&all_up_to_16(), 60)
    });
    let plateaus = sweeps.filter(|sweep| sweep.fits()[0].name() == "plateau").count();
    assert!(plateaus <= 3, "{plateaus} of 20");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 25, ..ProptestConfig::default()
    })]

    #[test]
    fn plateau_is_found_despite_noise(
        seed: u64, jitter in 0.0..0.3, noise in 0.0..0.03, all: bool
    ) {
        let counts = if all { all_up_to_16() } else { doubling() };
        let sweep = SimulatedService { jitter, noise, seed, ..EXACT }.sweep(&counts, 60);
        prop_assert_eq!(sweep.fits()[0].name(), "plateau");
        let knee = sweep.knee().unwrap();
        prop_assert!((7..=9).contains(&knee.workers), "{}", knee);
    }
}
