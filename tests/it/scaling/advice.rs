//! The advice of a sweep, by its measured durations.

use threadline::model::{Mode, Workload};

use super::*;

const DOUBLING: [u16; 6] = [1, 2, 4, 8, 16, 32];

fn advice(sweep: &Sweep) -> String {
    sweep.advice(Workload::Followers, Mode::Threads).unwrap_or_default()
}

/// Returns the milliseconds of a run by its thread count, for equal pages of 50 ms from a service
/// that answers at most `cap` requests at once.
fn capped(cap: u16, tasks: u32) -> impl Fn(u16) -> f64 {
    move |workers| f64::from(tasks.div_ceil(workers.min(cap).into())) * 50.0
}

/// Returns the milliseconds of a run by its thread count, for 100 s of work by the universal
/// scalability law (USL).
fn usl(contention: f64, coherency: f64) -> impl Fn(u16) -> f64 {
    move |workers| {
        let n = f64::from(workers);
        1e5 * (1.0 + contention * (n - 1.0) + coherency * n * (n - 1.0)) / n
    }
}

fn sweep_over(counts: &[u16], tasks: u32, millis: impl Fn(u16) -> f64) -> Sweep {
    sweep(tasks, &counts.iter().map(|&workers| (workers, millis(workers))).collect::<Vec<_>>())
}

#[test]
fn advice_names_the_knee_of_a_plateau() {
    assert_eq!(
        advice(&sweep_over(&DOUBLING, 100, capped(8, 100))),
        "8 threads: 7.69x. 16 add nothing for twice the connections. Throughput levels off at 154 \
         pages/s from 8 threads on. 100 pages in 13 waves of 8 leave 4 lanes idle in the last wave."
    );
    let ten: Vec<u16> = (1..=10).collect();
    assert_eq!(
        advice(&sweep_over(&ten, 64, capped(8, 64))),
        "8 threads: 8.00x. 10 add nothing for 1.2 times the connections. Throughput levels off at \
         160 pages/s from 8 threads on."
    );
}

#[test]
fn advice_states_a_small_gain_beyond_the_chosen_count() {
    let times = [(1, 1_000.0), (2, 505.0), (4, 255.0), (8, 130.0), (16, 125.0), (32, 125.0)];
    assert_eq!(
        advice(&sweep(640, &times)),
        "8 threads: 7.69x. 16 add 4 % for twice the connections. Throughput levels off at 5120 \
         pages/s from 9 threads on."
    );
}

#[test]
fn gain_within_the_noise_of_the_trials_is_reported_as_not_measurable() {
    let times = DOUBLING.map(|n| (n, capped(8, 60)(n) * if n == 16 { 0.95 } else { 1.0 }));
    let line =
        "16 add nothing measurable for twice the connections: the difference is within the noise.";
    assert!(advice(&sweep_with_spread(60, &times, 0.08)).contains(line));
    let significant = "16 add 5 % for twice the connections.";
    assert!(advice(&sweep_with_spread(60, &times, 0.01)).contains(significant));
}

#[test]
fn growing_throughput_suggests_a_larger_count() {
    let sweep = sweep_over(&DOUBLING, 60, capped(1_000, 60));
    assert_eq!(advice(&sweep), "32 threads: 30.00x. Still growing at 32: try 60.");
    let sixteen: Vec<u16> = (1..=16).collect();
    let sweep = sweep_over(&sixteen, 60, capped(1_000, 60));
    // 15 and 16 threads need the same number of waves, as do 30 and 32.
    assert_eq!(advice(&sweep), "15 threads: 15.00x. Still growing at 16: try 30.");
    let sweep = sweep_over(&DOUBLING, 10_000, usl(0.02, 0.0));
    assert_eq!(advice(&sweep), "32 threads: 19.75x. Still growing at 32: try 64.");
}

#[test]
fn diminishing_returns_are_predicted_by_the_best_fit() {
    assert_eq!(
        advice(&sweep_over(&DOUBLING, 10_000, usl(0.2, 0.0))),
        "32 threads: 4.44x. 64 would add 6 % for twice the connections, by the best fit (Amdahl)."
    );
}

#[test]
fn slowdown_beyond_the_best_count_is_reported() {
    assert_eq!(
        advice(&sweep_over(&[1, 2, 4, 6, 8, 10], 10_000, usl(0.02, 0.02))),
        "6 threads: 3.53x. 10 are 5 % slower and cost 1.7 times the connections. The best fit (USL) \
         peaks at 7 threads."
    );
    assert_eq!(
        advice(&sweep_over(&DOUBLING, 10_000, usl(0.02, 0.02))),
        "8 threads: 3.54x. More than 8 slow it down: 32 are 0.42x as fast as 8."
    );
    assert_eq!(
        advice(&sweep_over(&DOUBLING, 10_000, |n| 1e5 * f64::from(n).sqrt())),
        "32 threads: 0.18x as fast as 1. Stay with 1 thread."
    );
}

#[test]
fn flat_throughput_is_reported_as_no_gain() {
    let sweep = sweep_over(&DOUBLING, 100, |n| 1e4 * (1.0 + f64::from(n) / 1e3));
    assert_eq!(
        sweep.advice(Workload::Cpu, Mode::Gil).unwrap(),
        "32 threads: 0.97x, no gain over 1: only one thread at a time holds the GIL."
    );
    assert_eq!(
        sweep.advice(Workload::Commands, Mode::Threads).unwrap(),
        "32 jobs: 0.97x, no gain over 1."
    );
}

#[test]
fn advice_states_that_threads_beyond_the_tasks_are_idle() {
    let guess = "4 thread counts are too few to fit a model; treat this as a guess.";
    let surplus = sweep_over(&[1, 2, 4, 8], 5, capped(1_000, 5));
    let enough = "8 threads: 5.00x. 5 threads would be enough: one per page.";
    assert_eq!(advice(&surplus), format!("{enough} {guess}"));
    let equal = sweep_over(&[1, 2, 4, 5], 5, capped(1_000, 5));
    let idle = "5 threads: 5.00x. More threads would be idle: there is already one per page.";
    assert_eq!(advice(&equal), format!("{idle} {guess}"));
}

#[test]
fn advice_from_few_counts_is_marked_as_a_guess() {
    assert_eq!(
        advice(&sweep_over(&[4, 8, 16, 32], 60, capped(8, 60))),
        "8 threads: 1.88x as fast as 4. 16 add nothing for twice the connections. 60 pages in 8 \
         waves of 8 leave 4 lanes idle in the last wave. 4 thread counts are too few to fit a model; \
         treat this as a guess."
    );
    assert_eq!(
        advice(&sweep_over(&[1, 8], 60, capped(8, 60))),
        "8 threads: 7.50x. Still growing at 8: try 15. 2 thread counts are too few to fit a model; \
         treat this as a guess."
    );
    let same_waves = sweep_over(&[1, 2, 3, 4, 8, 16], 8, capped(2, 8));
    let end = "Too few of the thread counts differ in waves to fit a model; treat this as a guess.";
    assert!(advice(&same_waves).ends_with(end), "{}", advice(&same_waves));
    assert_eq!(
        sweep_over(&[8], 60, capped(8, 60)).advice(Workload::Followers, Mode::Threads),
        None
    );
}

/// Rates measured on a noisy connection. From two threads on, they differ no more than two trials
/// of the same count.
#[test]
fn advice_from_single_trials_is_marked_as_a_guess() {
    let rates = [(1, 1.0), (2, 1.63), (4, 1.68), (8, 1.67), (12, 1.84), (16, 1.64)];
    let counts = rates.map(|(workers, _)| workers);
    let rate = |workers| rates.iter().find(|&&(count, _)| count == workers).unwrap().1;
    let sweep = run_sweep(&counts, 1, 60, |workers| 6.0 / rate(workers));
    assert_eq!(sweep.knee().unwrap().workers, 2);
    assert_eq!(
        advice(&sweep),
        "2 threads: 1.63x. 4 add nothing measurable for twice the connections: the difference is \
         within the noise. Throughput levels off at 16.9 pages/s from 2 [2-3] threads on. One trial \
         per thread count does not show the noise; treat this as a guess."
    );
}

/// Seven of the 24 counts are within the noise of one trial; the knee at 8 decides.
#[test]
fn knee_of_a_plateau_decides_between_close_single_trials() {
    let counts: Vec<u16> = (1..=24).collect();
    let capped = capped(8, 60);
    let advice = advice(&run_sweep(&counts, 1, 60, |workers| capped(workers) / 1e3));
    assert!(advice.starts_with("8 threads: 7.50x."), "{advice}");
}

#[test]
fn slowdown_is_relative_to_a_named_count() {
    let times = [(1, 1_000.0), (2, 595.0), (4, 510.0), (8, 515.0), (12, 500.0), (16, 1_000.0)];
    let line = "More than 12 slow it down: 16 are 0.50x as fast as 12.";
    assert!(advice(&sweep(600, &times)).contains(line), "{}", advice(&sweep(600, &times)));
}

/// More threads than cores cannot speed up work that only computes.
#[test]
fn advised_threads_of_compute_workloads_are_limited_by_the_cores() {
    let growing = |cores| sweep_over(&[1, 2], 60, capped(1_000, 60)).with_cores(cores);
    let advice = |cores, workload| growing(cores).advice(workload, Mode::Threads).unwrap();
    let two_cores = advice(Some(2), Workload::Cpu);
    assert!(
        two_cores.contains("More than 2 would compete for the 2 cores of this machine."),
        "{two_cores}"
    );
    assert!(advice(Some(3), Workload::Native).contains("try 3."));
    assert!(advice(Some(2), Workload::Followers).contains("try 4."));
    assert!(advice(None, Workload::Cpu).contains("try 4."));
}

/// With 60 pages, at most 60 threads have work.
#[test]
fn knee_beyond_the_number_of_tasks_is_none() {
    let many = sweep_over(&DOUBLING, 10_000, usl(0.01, 0.0));
    assert_eq!(many.knee().unwrap().workers, 445);
    let few = sweep_over(&DOUBLING, 60, usl(0.01, 0.0));
    assert_eq!((few.knee(), few.max_without_knee()), (None, Some(60)));
}

#[test]
fn single_slow_trial_does_not_change_the_advice() {
    let mut with_slow_trial = sweep_over(&DOUBLING, 100, capped(8, 100));
    let duration = Nanos::from_millis(60_000);
    with_slow_trial.add_trial(Trial { workers: 8, duration, tasks: 100, is_held_back: false });
    assert_eq!(advice(&with_slow_trial), advice(&sweep_over(&DOUBLING, 100, capped(8, 100))));
}

/// The order alternates up and down, so that each count runs both early and late in the sweep.
#[test]
fn trials_are_interleaved() {
    let sweep = Sweep::new(vec![4, 1, 2, 2, 0], 3);
    assert_eq!(sweep.schedule().collect::<Vec<_>>(), [1, 2, 4, 4, 2, 1, 1, 2, 4]);
    let mut sweep = Sweep::new(vec![1, 2], 0);
    assert_eq!((sweep.repeats(), sweep.planned_trials(), sweep.next_workers()), (1, 2, Some(1)));
    for workers in [1, 2] {
        assert_eq!(sweep.next_workers(), Some(workers));
        sweep.add_trial(Trial { workers, duration: Nanos(1), tasks: 1, is_held_back: false });
    }
    assert_eq!(sweep.next_workers(), None);
}
