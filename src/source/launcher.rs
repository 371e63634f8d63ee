//! Starts the runs of a session.

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::time::Duration;

use super::pool::rate_limiter::{RateLimiter, SharedLimit};
#[cfg(target_os = "linux")]
use super::program::{AccuracyChoice, ProgramControl, ProgramSource, TerminalSize, WatchTarget};
#[cfg(unix)]
use super::tasks::commands::CommandsJob;
use super::tasks::compute::ComputeResources;
use super::tasks::followers::FollowersJob;
use super::tasks::pages::PagesJob;
use super::tasks::pages::list_source::ListSource;
use super::tasks::process::{GithubRequest, JobSpec, ProcessJob, ProcessStarter, RequestSpec};
use super::tasks::requests::{QuotaGuard, SharedRequestState};
use super::{Clock, FailedRun, Gil, GilJob, Job, Pool, RunHandle, SimulatedRun, Source as _};
use crate::github::{Api, GithubLimits};
use crate::http::{LimitPolicy, RetryPolicy};
use crate::model::{ComputeSpec, Failure, FailureKind, Mode, Nanos, Plan, QuotaCheck, TaskKind};

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
    /// The program to watch, if the session is one of a program.
    #[cfg(target_os = "linux")]
    program: Option<WatchLauncher>,
}

/// The parameters that all runs of a watched program share.
#[cfg(target_os = "linux")]
#[derive(Clone, Debug)]
struct WatchLauncher {
    target: WatchTarget,
    duration: Option<Duration>,
    accuracy: AccuracyChoice,
    control: ProgramControl,
}

impl Launcher {
    /// Creates a launcher whose runs send requests to `api`, with the retries and timeouts of
    /// `retry_policy`, and are timed by `clock`.
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
        let mut jobs = JobFactory::new(retry_policy, clock.clone(), program);
        jobs.api = api;
        Self::with_jobs(Arc::new(jobs), clock)
    }

    /// Creates a launcher whose runs fetch the pages of a list. `program` is the path of this program's
    /// executable, for worker processes.
    pub fn for_list(
        list: Arc<ListSource>,
        retry_policy: RetryPolicy,
        clock: Clock,
        program: Option<PathBuf>,
    ) -> Self {
        let mut jobs = JobFactory::new(retry_policy, clock.clone(), program);
        jobs.list = Some(list);
        Self::with_jobs(Arc::new(jobs), clock)
    }

    /// Creates a launcher whose runs do the jobs of `jobs` and are timed by `clock`.
    pub fn with_jobs(jobs: Arc<dyn JobProvider>, clock: Clock) -> Self {
        Self {
            jobs,
            clock,
            #[cfg(target_os = "linux")]
            program: None,
        }
    }

    /// Creates a launcher whose runs watch a program, for at most `duration` if given. `executable` is
    /// the path of this program.
    #[cfg(target_os = "linux")]
    pub fn for_program(
        target: WatchTarget,
        duration: Option<Duration>,
        accuracy: AccuracyChoice,
        executable: PathBuf,
        clock: Clock,
    ) -> Self {
        let control = ProgramControl::new(executable);
        let program = Some(WatchLauncher { target, duration, accuracy, control });
        Self { program, ..Self::new(None, RetryPolicy::default(), clock) }
    }

    /// Returns a launcher that also watches a program, in the runs whose work is one. `executable` is the
    /// path of this program.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn with_program(self, target: WatchTarget, executable: PathBuf) -> Self {
        let (accuracy, control) = (AccuracyChoice::Best, ProgramControl::new(executable));
        let program = Some(WatchLauncher { target, duration: None, accuracy, control });
        Self { program, ..self }
    }

    /// Starts a run. A simulated run is computed as fast as its events are received.
    pub fn start(&self, plan: Plan) -> RunHandle {
        if let Some(run) = SimulatedRun::new(&plan) {
            return run.start(&self.clock);
        }
        #[cfg(target_os = "linux")]
        if let Some(WatchLauncher { target, duration, accuracy, control }) = self.program.clone()
            && plan.workload().is_program()
        {
            control.end_left_behind();
            let source = ProgramSource { plan, target, duration, accuracy, control };
            return source.start(&self.clock);
        }
        let plan = self.jobs.complete_plan(plan);
        match self.jobs.job(&plan) {
            Ok(job) => Pool { plan, job }.start(&self.clock),
            Err(failure) => FailedRun { plan, failure }.start(&self.clock),
        }
    }

    /// Asks the program that is watched to end, if this program started it.
    pub fn terminate_program(&self) {
        #[cfg(target_os = "linux")]
        self.program.iter().for_each(|program| program.control.terminate());
    }

    /// Kills the program that is watched, if this program started it.
    pub fn kill_program(&self) {
        #[cfg(target_os = "linux")]
        self.program.iter().for_each(|program| program.control.kill());
    }

    /// Lets the program that is watched go on without this one, and ends the run.
    ///
    /// # Errors
    ///
    /// Fails if the program's terminal cannot be kept open.
    pub fn let_program_go(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(program) = &self.program {
            return program.control.let_go();
        }
        Ok(())
    }

    /// Resizes the terminal of the watched program.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "there is no program"))]
    pub fn resize_program(&self, columns: u16, rows: u16) {
        #[cfg(target_os = "linux")]
        if let Some(program) = &self.program {
            program.control.resize(TerminalSize { columns, rows });
        }
    }

    /// Ends what a watched program left behind, unless it was let go. Returns the number of these
    /// processes.
    pub fn end_left_behind(&self) -> usize {
        #[cfg(target_os = "linux")]
        if let Some(program) = &self.program {
            return program.control.end_left_behind();
        }
        0
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
    list: Option<Arc<ListSource>>,
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
            Mode::Gil => {
                let interval = plan.work.compute().map(|compute| compute.switch_interval);
                let gil = Gil::new(interval.unwrap_or(ComputeSpec::SWITCH_INTERVAL));
                Ok(Arc::new(GilJob::new(self.thread_job(plan)?, gil)))
            }
            Mode::Processes => self.process_job(plan),
        }
    }
}

impl JobFactory {
    fn new(retry_policy: RetryPolicy, clock: Clock, program: Option<PathBuf>) -> Self {
        Self {
            api: None,
            list: None,
            retry_policy,
            clock,
            shared_limit: SharedLimit::default(),
            compute_resources: ComputeResources::default(),
            program,
        }
    }

    /// Returns the job for threads of this process, without a GIL.
    fn thread_job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match plan.workload().kind() {
            TaskKind::Page => self.request_job(plan, false),
            TaskKind::Computation => Ok(Arc::new(self.compute_resources.compute_job(&plan.work)?)),
            #[cfg(unix)]
            TaskKind::Command => Ok(Arc::new(CommandsJob::new(plan))),
            #[cfg(not(unix))]
            TaskKind::Command => Err(unsupported_plan(plan)),
            TaskKind::Thread => Err(unsupported_plan(plan)),
        }
    }

    /// Returns the job for threads with a worker process each.
    fn process_job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match plan.workload().kind() {
            TaskKind::Page => self.request_job(plan, true),
            TaskKind::Computation => {
                let job = JobSpec::Compute(self.compute_resources.compute_job(&plan.work)?);
                Ok(Arc::new(ProcessJob(self.process_starter(job)?)))
            }
            TaskKind::Command | TaskKind::Thread => Err(unsupported_plan(plan)),
        }
    }

    /// Returns the job for pages, requested by threads or by their worker processes.
    fn request_job(&self, plan: &Plan, in_processes: bool) -> Result<Arc<dyn Job>, Failure> {
        let Some(list) = self.list.as_ref().filter(|_| plan.work.list().is_some()) else {
            return self.followers_job(plan, in_processes);
        };
        let (request, timeout) = (list.server.request.clone(), self.retry_policy.timeout);
        let job = JobSpec::Fetch { request: Box::new(request), timeout };
        let starter = in_processes.then(|| self.process_starter(job)).transpose()?;
        let policy = list.server.limit_policy(self.retry_policy.max_wait);
        // The quota of another API may be one of a minute: its end is waited for.
        let quota_check = plan.quota_check.as_deref().filter(|_| list.server.is_github());
        let shared = self.request_state(plan, policy, quota_check);
        Ok(Arc::new(PagesJob::new(Arc::clone(list), shared, starter)))
    }

    /// Returns the job for pages of followers, requested by threads or by their worker processes.
    fn followers_job(&self, plan: &Plan, in_processes: bool) -> Result<Arc<dyn Job>, Failure> {
        let (Some(api), Some(target)) = (&self.api, plan.work.target()) else {
            return Err(unsupported_plan(plan));
        };
        let request = GithubRequest { target: target.clone() };
        let job = JobSpec::Ask(RequestSpec {
            base: api.base().to_string(),
            with_token: api.token().is_some(),
            timeout: self.retry_policy.timeout,
            request: request.clone(),
        });
        let starter = in_processes.then(|| self.process_starter(job)).transpose()?;
        let policy = GithubLimits::new(Arc::clone(api), self.retry_policy.max_wait);
        let shared = self.request_state(plan, Arc::new(policy), plan.quota_check.as_deref());
        Ok(Arc::new(FollowersJob { api: Arc::clone(api), request, shared, starter }))
    }

    /// Returns the state that the requests of all lanes share.
    fn request_state(
        &self,
        plan: &Plan,
        policy: Arc<dyn LimitPolicy>,
        quota_check: Option<&QuotaCheck>,
    ) -> SharedRequestState {
        let Self { retry_policy, clock, shared_limit, .. } = self;
        let rate_limiter = RateLimiter::new(policy, clock.clone(), plan, Arc::clone(shared_limit));
        SharedRequestState {
            rate_limiter: Arc::new(rate_limiter),
            retry_policy: *retry_policy,
            quota_guard: Arc::new(QuotaGuard::new(quota_check.cloned())),
        }
    }

    fn process_starter(&self, job: JobSpec) -> Result<Arc<ProcessStarter>, Failure> {
        ProcessStarter::new(self.program.clone(), job, self.retry_policy.timeout).map(Arc::new)
    }
}

fn unsupported_plan(plan: &Plan) -> Failure {
    Failure::new(
        FailureKind::Worker,
        format!("cannot run workload {} in mode {}", plan.workload(), plan.mode),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::Token;
    use crate::http::{ListAddresses, ListRequest, ProxySettings, SecretHeaders, SecretUrl};
    use crate::model::item_page::ItemPointers;
    use crate::model::{PageAddressing, PagedList, Target, WorkSpec};
    use crate::source::tasks::page_client::list_server::ListServer;

    fn list() -> ListSource {
        let urls = ["https://a.b/x?token=first-secret", "https://a.b/y?token=other-secret"];
        let urls: Vec<_> = urls.map(|url| SecretUrl(url.parse().unwrap())).into();
        let request = ListRequest {
            first: urls[0].clone(),
            headers: SecretHeaders::parse(&["X-Key: header-secret"]).unwrap(),
            github: None,
            with_token: false,
            max_body_size: 1 << 20,
            pointers: ItemPointers::default(),
            reads_links: false,
            next: None,
            needs_items: false,
        };
        let server = ListServer::new(request, None, &ProxySettings::default()).unwrap();
        ListSource::new(ListAddresses::Urls(urls), server, None)
    }

    /// A panic may quote what its thread held.
    #[test]
    fn message_of_a_panic_has_no_secret_in_any_job_of_requests() {
        let list_work = WorkSpec::Pages(PagedList {
            url: "urls".to_owned(),
            api: "a.b".to_owned(),
            addresses: PageAddressing::Urls,
            pointers: ItemPointers::default(),
            costs_quota: true,
        });
        let followers = WorkSpec::Followers(Target {
            user: "octocat".to_owned(),
            api: "api.github.com".to_owned(),
            per_page: 30,
            costs_quota: true,
        });
        let token = Token::new("GH_TOKEN", "github-secret").unwrap();
        let api = Api::new(crate::github::api::GITHUB, Some(token)).unwrap();
        let program = Some(PathBuf::from("threadline"));
        let mut jobs = JobFactory::new(RetryPolicy::default(), Clock::manual(), program);
        jobs.list = Some(Arc::new(list()));
        jobs.api = Some(Arc::new(api));
        for mode in [Mode::Sequential, Mode::Gil, Mode::Processes] {
            let job = |work: &WorkSpec| jobs.job(&Plan::new(work.clone(), mode, 1, 2)).unwrap();
            let text = "no header-secret, first-secret or other-secret in a.b";
            assert_eq!(job(&list_work).redact(text), "no [x-key], *** or *** in a.b");
            assert_eq!(job(&followers).redact("no github-secret"), "no [GH_TOKEN]", "{mode}");
        }
    }
}
