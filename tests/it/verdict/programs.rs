//! Conclusions about watched programs: each sentence from a program that deserves it.

use crate::scripted_program::ScriptedProgram;
use threadline::analysis::verdict::{Conclusion, Verdict};
use threadline::model::Nanos;

fn conclude(table: &str) -> Conclusion {
    let run = ScriptedProgram::new(table).run();
    Verdict::new(&[run], None).conclusion().unwrap()
}

fn sentence(table: &str) -> String {
    conclude(table).sentence()
}

/// The longest sentence about a program so far.
fn sentence_so_far(table: &str, seconds: f64) -> String {
    let run = ScriptedProgram::new(table).run_until(seconds);
    let now = Nanos((seconds * 1e9) as u64);
    Verdict::new(&[run], None).progress_forms(now)[0].clone()
}

/// Four threads that compute in turn, and a main thread that waits for them.
const GIL_BOUND: &str = "
    cores 2
    python 3.12
    main: parked 10 futex
    worker-1: 100x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    worker-2: lock_wait 0.025 futex:GIL, 99x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    worker-3: lock_wait 0.05 futex:GIL, 99x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    worker-4: lock_wait 0.075 futex:GIL, 99x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    exit 0";

#[test]
fn threads_that_wait_for_the_gil_buy_nothing() {
    let conclusion = conclude(GIL_BOUND);
}
