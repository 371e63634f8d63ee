//! The shares of a lane's time by state.

use threadline::analysis::TimeShare;
use threadline::model::{Lane, Nanos, State, TaskId};

/// Returns a lane that was in these states, each for a number of nanoseconds.
fn lane(states: &[(State, u64)]) -> Lane {
    let mut lane = Lane::planned("worker-1".to_owned());
    lane.open(Nanos::ZERO, "worker-1");
    lane.start_task(Nanos::ZERO, TaskId(1));
    let mut at = 0;
    for &(state, time) in states {
        lane.enter_state(Nanos(at), state);
        at += time;
    }
    lane.close(Nanos(at));
    lane
}

#[test]
fn largest_shares_say_what_a_lane_did() {
    let gil = lane(&[(State::LockWait, 748), (State::Computing, 250), (State::Waiting, 2)]);
    assert_eq!(TimeShare::largest_text(&gil, Nanos(1_000), 1), "lock wait 75 %");
    assert_eq!(TimeShare::largest_text(&gil, Nanos(1_000), 2), "computing 25 %, lock wait 75 %");
    // The share of a state that rounds to 0 % is left out.
    assert_eq!(TimeShare::largest(&gil, Nanos(1_000), 9).len(), 2);
}

#[test]
fn shares_refer_to_the_whole_time_and_idle_is_last() {
    let fetched = lane(&[(State::Waiting, 300)]);
    assert_eq!(TimeShare::largest_text(&fetched, Nanos(300), 2), "waiting 100 %");
    assert_eq!(TimeShare::largest_text(&fetched, Nanos(1_000), 2), "waiting 30 %, idle 70 %");
    assert_eq!(TimeShare::largest_text(&fetched, Nanos::ZERO, 2), "idle");
}

#[test]
fn retries_and_rate_limits_have_their_own_words() {
    let held = lane(&[(State::RetryWait, 40), (State::Throttled, 60)]);
    let text = TimeShare::largest_text(&held, Nanos(100), 2);
    assert_eq!(text, "retry wait 40 %, rate limited 60 %");
}
