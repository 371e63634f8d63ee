//! The state that all computed runs of a session share: the measured speed of the machine, and the
//! server for mixed tasks.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::ComputeJob;
use super::turns::TurnRate;
use crate::model::{ComputeSpec, Failure, FailureKind, Plan, WorkSpec};
use crate::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerError, ServerSettings};
use crate::source::clock::{self, Clock};

/// The speed of the machine and the server for mixed tasks, measured and started on first use.
#[derive(Debug, Default)]
pub(in crate::source) struct ComputeResources {
    turn_rate: OnceLock<TurnRate>,
    /// The server, with the latency that it was started with.
    server: Mutex<Option<(Duration, Server)>>,
}

impl ComputeResources {
    /// Fills in the number of turns per task on this machine, if the plan computes and lacks it.
    pub(in crate::source) fn complete_plan(&self, mut plan: Plan, clock: &Clock) -> Plan {
        if let Some(compute) = plan.work.compute_mut()
            && compute.simulation.is_none()
            && compute.turns == 0
        {
            let turn_rate = self.turn_rate.get_or_init(|| TurnRate::measure(clock));
            compute.turns = turn_rate.turns_in(compute.size);
        }
        plan
    }

    /// Returns the job for work whose turns are filled in, for this process or any other on this
    /// machine. The server of mixed tasks runs until this is dropped or another latency is needed.
    pub(in crate::source) fn compute_job(&self, work: &WorkSpec) -> Result<ComputeJob, Failure> {
        let waits = work.workload().spec().has_io_share;
        let server = work.compute().filter(|_| waits).map(|compute| self.server(compute));
        let server = server.transpose()?;
        Ok(ComputeJob { work: work.clone(), server })
    }

    /// Returns the URL of a server whose latency is the I/O time of these tasks.
    fn server(&self, compute: &ComputeSpec) -> Result<String, Failure> {
        let latency = Duration::from(super::io_time(compute));
        let mut running = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let server = match running.take() {
            Some((as_before, server)) if as_before == latency => server,
            _ => start_server(latency).map_err(|error| server_failure(&error))?,
        };
        let url = server.url();
        *running = Some((latency, server));
        drop(running);
        Ok(url)
    }
}

fn start_server(latency: Duration) -> Result<Server, ServerError> {
    Server::start(ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: super::page_fetcher::FOLLOWERS,
        latency: Latency::Uniform { latency, jitter: Duration::ZERO, seed: 0 },
        faults: FaultScript::default(),
        at_once: None,
        port: 0,
        wall_clock: clock::wall_clock,
    })
}

fn server_failure(error: &ServerError) -> Failure {
    Failure::new(FailureKind::Worker, format!("cannot start the server for mixed tasks: {error}"))
}
