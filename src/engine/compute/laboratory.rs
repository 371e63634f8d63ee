//! The state that all computed runs of a session share: the measured speed of the machine, and the
//! server for mixed tasks.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::ComputeJob;
use super::turns::Pace;
use crate::engine::clock::{self, Clock};
use crate::github::server::{DEFAULT_USER, Faults, Latency, Server, ServerError, Settings};
use crate::model::{Compute, Failure, FailureKind, Plan, Work};

/// The speed of the machine and the server for mixed tasks, measured and started on first use.
#[derive(Debug, Default)]
pub(in crate::engine) struct Laboratory {
    pace: OnceLock<Pace>,
    /// The server, with the latency that it was started with.
    server: Mutex<Option<(Duration, Server)>>,
}

impl Laboratory {
    /// Fills in the number of turns per task on this machine, if the plan computes and lacks it.
    pub(in crate::engine) fn settle(&self, mut plan: Plan, clock: &Clock) -> Plan {
        if let Work::Cpu(compute) | Work::Native(compute) | Work::Mixed(compute) = &mut plan.work
            && compute.simulation.is_none()
            && compute.turns == 0
        {
            let pace = self.pace.get_or_init(|| Pace::measure(clock));
            compute.turns = pace.turns_in(compute.size);
        }
        plan
    }

    /// Returns the job for work whose turns are filled in, for this process or any other on this
    /// machine. The server of mixed tasks runs until this is dropped or another latency is needed.
    pub(in crate::engine) fn job(&self, work: &Work) -> Result<ComputeJob, Failure> {
        let server = match work {
            Work::Mixed(compute) => Some(self.server(compute)?),
            _ => None,
        };
        Ok(ComputeJob { work: work.clone(), server })
    }

    /// Returns the URL of a server whose latency is the I/O time of these tasks.
    fn server(&self, compute: &Compute) -> Result<String, Failure> {
        let latency = Duration::from(super::io_of(compute));
        let mut running = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let server = match running.take() {
            Some((as_before, server)) if as_before == latency => server,
            _ => start(latency).map_err(|error| no_server(&error))?,
        };
        let url = server.url();
        *running = Some((latency, server));
        drop(running);
        Ok(url)
    }
}

fn start(latency: Duration) -> Result<Server, ServerError> {
    Server::start(Settings {
        user: DEFAULT_USER.to_owned(),
        followers: super::fetch::FOLLOWERS,
        latency: Latency::Uniform { latency, jitter: Duration::ZERO, seed: 0 },
        faults: Faults::default(),
        at_once: None,
        port: 0,
        wall_clock: clock::wall_clock,
    })
}

fn no_server(error: &ServerError) -> Failure {
    Failure::new(FailureKind::Worker, format!("cannot start the server for mixed tasks: {error}"))
}
