//! Starts the runs of a session.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use super::clock::Clock;
use super::gil::Gil;
use super::pool::rate_limiter::{RateLimiter, SharedLimit};
use super::pool::task::Job;
use super::run_handle::RunHandle;
use super::simulate::SimulatedRun;
#[cfg(unix)]
use super::tasks::commands::CommandsJob;
use super::tasks::compute::resources::ComputeResources;
use super::tasks::followers::GithubJob;
use super::tasks::gil_job::GilJob;
use super::tasks::github_request::GithubRequest;
use super::tasks::process::{JobSpec, ProcessJob, ProcessStarter, RequestSpec};
use super::tasks::quota_guard::QuotaGuard;
use super::{FailedRun, Pool, Source as _};
use crate::github::{Api, GithubLimits};
use crate::http::RetryPolicy;
use crate::model::{ComputeSpec, Failure, FailureKind, Mode, Nanos, Plan, TaskKind};

/// Provides the job for a plan.
pub trait JobProvider: Debug + Send + Sync {
    /// Completes a plan with values that depend on this machine, such as the number of turns per task.
    fn complete_plan(&self, plan: Plan) -> Plan {
        plan
    }

    /// Returns the job for a plan. Fails if the plan cannot be run here.
    fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure>;
}

/// The jobs and the clock that all runs of a session share.
#[derive(Clone, Debug)]
pub struct Launcher {
    jobs: Arc<dyn JobProvider>,
    clock: Clock,
}

impl Launcher {
    /// Creates a launcher whose runs send requests to `api`, with the retries and timeouts of
    /// `patience`, and are timed by `clock`.
    pub fn new(api: Option<Arc<Api>>, retry_policy: RetryPolicy, clock: Clock) -> Self {
        Self::with_processes(api, retry_policy, clock, None)
    }

    /// Creates a launcher that can also start worker processes. `program` is the path of this
    /// program's executable.
    pub fn with_processes(
        api: Option<Arc<Api>>,
        retry_policy: RetryPolicy,
        clock: Clock,
        program: Option<PathBuf>,
    ) -> Self {
        let (shared_limit, compute_resources) =
            (SharedLimit::default(), ComputeResources::default());
        let jobs = JobFactory {
            api,
            retry_policy,
            clock: clock.clone(),
            shared_limit,
            compute_resources,
            program,
        };
        Self::with_jobs(Arc::new(jobs), clock)
    }

    /// Creates a launcher whose runs do the jobs of `jobs` and are timed by `clock`.
    pub fn with_jobs(jobs: Arc<dyn JobProvider>, clock: Clock) -> Self {
        Self { jobs, clock }
    }

    /// Starts a run. A simulated run is computed as fast as its events are received.
    pub fn start(&self, plan: Plan) -> RunHandle {
        if let Some(run) = SimulatedRun::new(&plan) {
            return run.start(&self.clock);
        }
        let plan = self.jobs.complete_plan(plan);
        match self.jobs.job(&plan) {
            Ok(job) => Pool { plan, job }.start(&self.clock),
            Err(failure) => FailedRun { plan, failure }.start(&self.clock),
        }
    }

    /// The current time of the clock.
    pub fn now(&self) -> Nanos {
        self.clock.now()
    }
}

/// All jobs of this program.
#[derive(Debug)]
struct JobFactory {
    api: Option<Arc<Api>>,
    retry_policy: RetryPolicy,
    clock: Clock,
    shared_limit: SharedLimit,
    compute_resources: ComputeResources,
    program: Option<PathBuf>,
}

impl JobProvider for JobFactory {
    fn complete_plan(&self, plan: Plan) -> Plan {
        self.compute_resources.complete_plan(plan, &self.clock)
    }

    fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match plan.mode {
            Mode::Sequential | Mode::Threads => self.thread_job(plan),
            Mode::Gil => Ok(gil_job(self.thread_job(plan)?, plan)),
            Mode::Processes => self.process_job(plan),
        }
    }
}

impl JobFactory {
    /// Returns the job for threads of this process, without a GIL.
    fn thread_job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match plan.workload().kind() {
            TaskKind::Page => {
                let (api, request) = self.github_request(plan)?;
                Ok(Arc::new(self.github_job(plan, api, request, None)))
            }
            TaskKind::Computation => Ok(Arc::new(self.compute_resources.compute_job(&plan.work)?)),
            #[cfg(unix)]
            TaskKind::Command => Ok(Arc::new(CommandsJob::new(plan))),
            #[cfg(not(unix))]
            TaskKind::Command => Err(unsupported_plan(plan)),
        }
    }

    /// Returns the job for threads with a worker process each.
    fn process_job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        let starter = |job| {
            ProcessStarter::new(self.program.clone(), job, self.retry_policy.timeout).map(Arc::new)
        };
        match plan.workload().kind() {
            TaskKind::Page => {
                let (api, request) = self.github_request(plan)?;
                let starter = starter(JobSpec::Ask(RequestSpec {
                    base: api.base().to_string(),
                    with_token: api.token().is_some(),
                    timeout: self.retry_policy.timeout,
                    request: request.clone(),
                }))?;
                Ok(Arc::new(self.github_job(plan, api, request, Some(starter))))
            }
            TaskKind::Computation => {
                let job = JobSpec::Compute(self.compute_resources.compute_job(&plan.work)?);
                Ok(Arc::new(ProcessJob(starter(job)?)))
            }
            TaskKind::Command => Err(unsupported_plan(plan)),
        }
    }

    /// Returns the API and the requests of the run.
    fn github_request(&self, plan: &Plan) -> Result<(&Arc<Api>, GithubRequest), Failure> {
        let (Some(api), Some(target)) = (&self.api, plan.work.target()) else {
            return Err(unsupported_plan(plan));
        };
        Ok((api, GithubRequest { target: target.clone() }))
    }

    fn github_job(
        &self,
        plan: &Plan,
        api: &Arc<Api>,
        request: GithubRequest,
        starter: Option<Arc<ProcessStarter>>,
    ) -> GithubJob {
        let Self { retry_policy, clock, shared_limit, .. } = self;
        let policy = Arc::new(GithubLimits::new(Arc::clone(api), retry_policy.max_wait));
        let rate_limiter = RateLimiter::new(policy, clock.clone(), plan, Arc::clone(shared_limit));
        GithubJob {
            api: Arc::clone(api),
            request,
            rate_limiter: Arc::new(rate_limiter),
            clock: clock.clone(),
            retry_policy: *retry_policy,
            quota_guard: Arc::new(QuotaGuard::new(plan.quota_check.as_deref().cloned())),
            starter,
        }
    }
}

/// Returns a job that does `job` on threads that share a GIL.
fn gil_job(job: Arc<dyn Job>, plan: &Plan) -> Arc<dyn Job> {
    let interval = plan.work.compute().map_or(ComputeSpec::SWITCH_INTERVAL, |c| c.switch_interval);
    Arc::new(GilJob::new(job, Gil::new(interval)))
}

fn unsupported_plan(plan: &Plan) -> Failure {
    Failure::new(
        FailureKind::Worker,
        format!("cannot run workload {} in mode {}", plan.workload(), plan.mode),
    )
}
