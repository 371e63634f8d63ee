//! The scaling model and the knee that a sweep finds, for 60 pages of 50 ms on a service that
//! processes 8 requests at once. Headless, with the built-in server in the same process.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

use std::io;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use threadline::app::Session;
use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{PlannedRun, Selection, Setup, Target, Workload};
use threadline::report::plain;
use threadline::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};
use threadline::source::{Clock, Launcher};

const PAGES: u32 = 60;
const PER_PAGE: u8 = 100;
const LATENCY: Duration = Duration::from_millis(50);
const AT_ONCE: u16 = 8;

const SWEEP: Selection = Selection::sweep(Workload::Followers);

fn main() {
    let server = Server::start(ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: PAGES * u32::from(PER_PAGE),
        latency: Latency::Uniform { latency: LATENCY, jitter: Duration::ZERO, seed: 0 },
        faults: FaultScript::default(),
        at_once: NonZeroU16::new(AT_ONCE),
        port: 0,
        wall_clock: threadline::source::clock::wall_clock,
    })
    .unwrap();
    let api = Arc::new(Api::new(&server.url(), None).unwrap());
    let launcher = Launcher::new(Some(api), RetryPolicy::default(), Clock::system());
    let target = Target {
        user: DEFAULT_USER.to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: PER_PAGE,
        costs_quota: false,
    };
    let mut session = Session::new(Setup::followers(target, None));
    let mut next = session.start_selection(SWEEP);
    while let Some(PlannedRun { run, plan }) = next.pop() {
        for event in launcher.start(plan).events() {
            next.extend(session.apply(run, &event));
        }
    }
    let sweep = session.sweep(SWEEP).unwrap();
    assert_eq!(sweep.trials().len(), sweep.planned_trials(), "{:?}", session.failure(SWEEP));
    plain::sweep::write(&mut io::stdout(), sweep, session.latest_run().unwrap().plan()).unwrap();
    let (model, knee) = (sweep.fits().first().unwrap().name(), sweep.knee());
    let knee = knee.map_or_else(|| "none".to_owned(), |knee| knee.to_string());
    println!("model {model} (promise: plateau), knee {knee} (promise: {AT_ONCE}, plus or minus 1)");
}
