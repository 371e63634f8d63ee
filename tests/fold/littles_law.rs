//! Little's law holds over every run, whatever happens in it: the area under the level of requests in
//! flight is the sum of the times that the lanes' attempts took.

use proptest::prelude::*;
use threadline::model::littles_law::LittlesLaw;
use threadline::model::{Nanos, Run};

use crate::config;
use crate::legal::event_history;

proptest! {
    #![proptest_config(config())]

    /// After every event, and between two.
    #[test]
    fn both_sides_are_the_same(history in event_history(), later in 0..500_u64) {
        let mut run = Run::new(history.plan);
        for history_step in history.history_steps {
            run.apply(&history_step.event);
            let until = run.elapsed(history_step.event.at + Nanos(later));
            if until == Nanos::ZERO {
                continue;
            }
            if let Some(law) = LittlesLaw::for_run(&run, until) {
                let product = law.rate * law.time;
                prop_assert!((law.in_flight - product).abs() <= 1e-9 * product.max(1.0), "{law:?}");
                prop_assert!(law.holds());
            } else {
                prop_assert!(run.in_flight_level().mean(Nanos::ZERO, until) < f64::EPSILON);
            }
        }
    }
}

#[test]
fn sides_that_differ_are_told() {
    let law = LittlesLaw { in_flight: 4.43, rate: 4.76, time: 0.93 };
    assert!(law.holds());
    assert!(!LittlesLaw { time: 0.95, ..law }.holds());
    assert!(!LittlesLaw { in_flight: 0.0, ..law }.holds());
}
