//! The exit code that follows from the runs of a session.

use threadline::model::{FailureKind, Mode, Run, RunOutcome};
use threadline::run::exit::Exit;

use crate::fabricated_runs::{computed, ended, not_begun, run};

const WHOLE: [Result<&[u64], FailureKind>; 2] = [Ok(&[1, 2]), Ok(&[3])];

fn race(threads: Run) -> Exit {
    Exit::for_runs(&[run(Mode::Sequential, 1, &WHOLE), threads])
}

#[test]
fn complete_runs_exit_with_whole() {
    assert_eq!(race(run(Mode::Threads, 2, &WHOLE)), Exit::Success);
    let hidden = [run(Mode::Sequential, 1, &[Ok(&[])])];
    assert_eq!(Exit::for_runs(&hidden), Exit::Success);
}

#[test]
fn failures_with_a_code_of_their_own_decide() {
    for (kind, exit) in [
        (FailureKind::NotFound, Exit::NoSuchUser),
        (FailureKind::Refused, Exit::Refused),
        (FailureKind::RateLimited, Exit::RateLimited),
    ] {
        assert_eq!(Exit::for_runs(&[run(Mode::Sequential, 1, &[Err(kind)])]), exit);
        assert_eq!(race(run(Mode::Threads, 2, &[Ok(&[1, 2]), Err(kind)])), exit);
    }
}

#[test]
fn some_results_are_partial_and_none_is_failed() {
    let broken = FailureKind::Server;
    assert_eq!(race(run(Mode::Threads, 2, &[Ok(&[1, 2]), Err(broken)])), Exit::Partial);
    assert_eq!(race(ended(Mode::Threads, 2, &WHOLE[..1], RunOutcome::Stopped)), Exit::Partial);
    let nothing = [run(Mode::Threads, 2, &[Err(broken), Err(broken)])];
    assert_eq!(Exit::for_runs(&nothing), Exit::Failed);
    let no_worker = run(Mode::Processes, 1, &[Err(FailureKind::Worker)]);
    assert_eq!(Exit::for_runs(std::slice::from_ref(&no_worker)), Exit::Failed);
    let computed = computed(Mode::Sequential, 1, &[7]);
    assert_eq!(Exit::for_runs(&[computed, no_worker]), Exit::Partial);
}

#[test]
fn runs_that_never_started_are_ignored() {
    let kind = FailureKind::RateLimited;
    let runs = [run(Mode::Sequential, 1, &[Err(kind)]), not_begun(Mode::Threads)];
    assert_eq!(Exit::for_runs(&runs), Exit::RateLimited);
    assert_eq!(Exit::for_runs(&[not_begun(Mode::Threads)]), Exit::Failed);
}

#[test]
fn exit_codes_are_stable() {
    let codes = [
        Exit::Success,
        Exit::Failed,
        Exit::Usage,
        Exit::NoSuchUser,
        Exit::Refused,
        Exit::RateLimited,
        Exit::Partial,
        Exit::Signal(2),
        Exit::Signal(15),
    ];
    assert_eq!(codes.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 130, 143]);
}
