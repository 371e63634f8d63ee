//! The scenario of a fabricated session: its server's data, its settings, and its faults.

use std::collections::VecDeque;

use threadline::model::{ComputeSpec, Event, LimitKind, Mode, Plan, SweepSetup, Workload};

use super::{auto_script, compute_script, fetch_script};

/// The server's data, the settings of the session, and the faults in it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The server, unless it is the real API. On the built-in one, the modes of a race start at the
    /// same moment.
    pub(crate) host: &'static str,
    /// `true` if the server is the real API, which has a quota.
    pub(crate) costs_quota: bool,
    /// The requests left of the quota.
    pub(crate) remaining: u32,
    /// The number of followers that is known before the first request, without a quota.
    pub(crate) followers: u32,
    /// The number of followers in the list.
    pub(crate) listed: u32,
    /// The number of followers on each page that the page before has, too.
    pub(crate) doubled: u32,
    /// The number of followers that leave at the list's start and join at its end before the
    /// threaded run.
    pub(crate) moved: u32,
    /// The last page that the server serves; it answers 422 to later ones.
    pub(crate) shown: u32,
    /// The number of worker threads, or `None` for the default.
    pub(crate) workers: Option<u16>,
    /// The counts and the repeats of a sweep.
    pub(crate) sweep: SweepSetup,
    /// The number of pages that the service works on at once, each for 50 ms; `None` has no limit,
    /// and the delays of the built-in server.
    pub(crate) at_once: Option<usize>,
    /// If set, the concurrency is adapted during the run.
    pub(crate) auto: bool,
    /// If set, the first request fails because the user does not exist.
    pub(crate) unknown_user: bool,
    /// The mode and the page that fails with a 502.
    pub(crate) bad_page: Option<(Mode, u32)>,
    /// The server's error message for pages that fail.
    pub(crate) error_message: &'static str,
    /// The mode, the page that fails at first, and the number of its failed attempts.
    pub(crate) retried: Option<(Mode, u32, u32)>,
    /// The mode, and the page at which a rate limit is reached.
    pub(crate) limited: Option<(Mode, u32, LimitKind)>,
    /// The tasks of CPU work.
    pub(crate) compute: ComputeSpec,
    /// The task during which a worker process is killed.
    pub(crate) lost: Option<u32>,
    /// The mode, and the task whose value there differs from that in the other modes.
    pub(crate) wrong: Option<(Mode, u32)>,
}

/// 127 followers on 5 pages of 30, on a server without a quota and without faults. The modes of a race
/// follow one another.
impl Default for Scenario {
    fn default() -> Self {
        Self {
            host: "localhost:18080",
            costs_quota: false,
            remaining: 4_990,
            followers: 127,
            listed: 127,
            doubled: 0,
            moved: 0,
            shown: u32::MAX,
            workers: None,
            sweep: SweepSetup::default(),
            at_once: None,
            auto: false,
            unknown_user: false,
            bad_page: None,
            error_message: "Bad Gateway",
            retried: None,
            limited: None,
            compute: ComputeSpec::default(),
            lost: None,
            wrong: None,
        }
    }
}

impl Scenario {
    /// The host name of the API.
    pub(crate) const fn api(&self) -> &'static str {
        if self.costs_quota { "api.github.com" } else { self.host }
    }
}

pub(crate) const PER_PAGE: u8 = 30;

/// Returns the events of a run of `plan`, in order, and subtracts its requests from `remaining`,
/// the rest of the quota.
pub(super) fn events(scenario: &Scenario, plan: &Plan, remaining: &mut u32) -> VecDeque<Event> {
    match plan.workload() {
        Workload::Followers if plan.auto => auto_script::events(plan),
        Workload::Followers => fetch_script::events(scenario, plan, remaining),
        _ => compute_script::events(scenario, plan),
    }
}
