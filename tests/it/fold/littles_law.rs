//! Little's law holds in every run: the area under the level of requests in flight is the sum of
//! the durations of all attempts.

use proptest::prelude::*;
use threadline::analysis::latency::LittlesLaw;
use threadline::model::{Nanos, Run};

use crate::fold::config;
use crate::fold::event_history::event_history;

proptest! {
    #![proptest_config(config())]

    /// Holds at each event and between events.
    #[test]
    fn littles_law_holds_at_any_time(history in event_history(), later in 0..500_u64) {
        let mut run = Run::opened(history.plan);
        for step in history.steps {
            run.apply(&step.event);
            let until = run.elapsed(step.event.at + Nanos(later));
            if until == Nanos::ZERO {
                continue;
            }
            if let Some(law) = LittlesLaw::for_run(&run, until) {
                let product = law.rate * law.time;
                prop_assert!((law.in_flight - product).abs() <= 1e-9 * product.max(1.0), "{law:?}");
                prop_assert!(law.holds());
            } else {
                prop_assert!(run.timing().in_flight_level().mean(Nanos::ZERO, until) < f64::EPSILON);
            }
        }
    }
}

#[test]
fn littles_law_does_not_hold_if_its_sides_differ() {
    let law = LittlesLaw { in_flight: 4.43, rate: 4.76, time: 0.93 };
    assert!(law.holds());
    assert!(!LittlesLaw { time: 0.95, ..law }.holds());
    assert!(!LittlesLaw { in_flight: 0.0, ..law }.holds());
}
