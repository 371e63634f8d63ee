//! Limits that the server refuses.

use super::*;

/// At first the limit doubles from four to eight, then it grows from four to seven; both are refused.
/// In 1,000 rounds, seven is tried twice more: after 128 rounds and after 512 more.
#[test]
fn refused_limit_is_not_tried_again_for_a_long_time() {
    let service = Service { faults: FaultPattern::Refusal, ..FIFTY };
    for (pages, times) in [(150, 2), (6_000, 4)] {
        let run = service.run_adaptive(pages, 64);
        let is_refusal = |reason: &&ChangeReason| **reason == ChangeReason::RateLimit;
        assert_eq!(run.reasons.iter().filter(is_refusal).count(), times, "{pages} pages");
        assert!(run.limits.iter().rev().take(40).all(|&limit| limit <= 6), "{pages} pages");
    }
}

/// Eight in flight were answered for a round, so their number is not why eight are refused later.
#[test]
fn refusal_of_an_accepted_limit_does_not_cap_it() {
    let mut adaptive_limit = AdaptiveLimit::new(8);
    let answer_rounds = |adaptive_limit: &mut AdaptiveLimit, rounds: std::ops::Range<u64>| {
        for start in rounds.map(|round| round * 50) {
            for _ in 0..adaptive_limit.limit() {
                _ = answer(adaptive_limit, start, start + 50);
            }
        }
    };
    answer_rounds(&mut adaptive_limit, 0..2);
    let now = Nanos(100 * MILLI);
    let halved = adaptive_limit.record_failure(now, now, ChangeReason::RateLimit);
    assert_eq!(halved, Some(update(4, ChangeReason::RateLimit)));
    answer_rounds(&mut adaptive_limit, 3..7);
    assert_eq!(adaptive_limit.limit(), 8);
}
