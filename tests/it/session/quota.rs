//! The quota in a session: what the first response reports, and the check of a plan.

use super::*;

/// Applies the first response of a run on an API with `left` requests of its quota left.
pub(super) fn apply_first_response(session: &mut Session, plan: &Plan, left: u32, pages: u32) {
    open(session, plan);
    apply(session, 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    apply(session, 1, EventKind::TaskStarted { task: TaskId(1) });
    let quota = Quota { limit: 60, remaining: left, reset: 1_700_000_000 };
    apply(session, 2, EventKind::QuotaReported(quota));
    apply(session, 3, EventKind::TaskFinished { task: TaskId(1), outcome: page(&[1]) });
    apply(session, 3, EventKind::TaskCountChanged { tasks: pages });
}

#[test]
fn first_response_reports_what_the_selection_still_needs() {
    let mut session = session(true, None);
    let plan = begin(&mut session, Selection::race(Workload::Followers));
    assert_eq!(session.quota_estimate(), None);
    apply_first_response(&mut session, &plan, 58, 5);
    let estimate = session.quota_estimate().unwrap();
    assert_eq!((estimate.requests, estimate.quota.remaining), (9, 58));
}

#[test]
fn plan_checks_the_quota_unless_the_user_has_agreed() {
    let race = Selection::race(Workload::Followers);
    for (costs_quota, agreed) in [(true, false), (true, true), (false, false)] {
        let setup = session(costs_quota, None).setup().clone();
        let mut session = Session::new(Setup { agreed, ..setup }).with_pages(5);
        let plan = begin(&mut session, race);
        assert_eq!(plan.quota_check.is_some(), costs_quota && !agreed);
        if let Some(check) = plan.quota_check {
            assert_eq!((check.selection, check.remaining_requests(5, 1)), (race, 9));
        }
    }
}
