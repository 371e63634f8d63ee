//! Tests the terminal and the screen after a panic. The target has no test harness, because it runs
//! itself in a pseudo-terminal: with the arguments `as` and a name it is the program that panics.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers fail a test by panicking, too, and panics are tested here"
)]

#[cfg(unix)]
#[path = "common/pty.rs"]
#[expect(dead_code, reason = "these tests need only a part of it")]
mod pty;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("as"), Some(name)) => return child::run(&name),
        // Test runners request a list of tests, which a target without a harness does not have.
        (Some("--list"), _) => {}
        _ => {
            parent::panic_between_frames_restores_the_terminal();
            parent::worker_panic_is_an_error_on_its_lane();
            parent::panics_show_no_secret();
        }
    }
    std::process::ExitCode::SUCCESS
}

#[cfg(not(unix))]
fn main() {}

/// The tests, in the process that owns the pseudo-terminal.
#[cfg(unix)]
mod parent {
    use crate::pty::{Pty, PtyExit};

    fn start(name: &str) -> Pty {
        let this = std::env::current_exe().expect("this program");
        Pty::start(this, &["as", name], &[], (120, 36))
    }

    /// Asserts that the panic message is on the restored terminal, without a part of a frame.
    fn assert_reported(exit: &PtyExit, message: &str) {
        assert_eq!(exit.code, 101);
        assert!(exit.screen.contains(message), "{}", exit.screen);
        assert!(exit.screen.trim_start().starts_with("thread 'main'"), "{}", exit.screen);
        let output = exit.output_after_screen().replace(crate::pty::SHOW_CURSOR, "");
        assert!(!output.contains('\x1b'), "escape sequences: {output:?}");
        assert!(!output.contains("threadline   "), "part of a frame: {output:?}");
    }

    pub(crate) fn panic_between_frames_restores_the_terminal() {
        assert_reported(&start("between-frames").wait_for_exit(), "a run cannot start");
    }

    pub(crate) fn worker_panic_is_an_error_on_its_lane() {
        let mut pty = start("worker");
        pty.wait("the failure", |view| view.has("panicked ("));
        pty.wait("the error on the lane", |view| {
            let mut lanes = view.screen.rows(0, 120).filter(|row| row.contains("worker-"));
            view.screen.alternate_screen() && lanes.any(|row| row.contains('!'))
        });
        pty.wait("the pages of the other workers", |view| view.has("4/5"));
        pty.keys("?");
        pty.wait_text("Shift-Tab");
        pty.keys("qq");
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, 6, "the exit code of a partial result");
        assert!(!exit.output.contains("panicked at"), "{}", exit.output);
    }

    /// Workers and the main thread panic with messages that quote secrets which they hold.
    pub(crate) fn panics_show_no_secret() {
        let mut pty = start("secrets-on-screen");
        pty.wait("the failure", |view| view.has("panicked (held [x-key] and ***"));
        pty.wait("the pages of the other workers", |view| view.has("4/5"));
        pty.keys("qq");
        let screen = pty.wait_for_exit();
        assert_eq!(screen.code, 6, "the exit code of a partial result");
        let plain = start("secrets").wait_for_exit();
        assert_eq!(plain.code, 101);
        for report in ["thread 'worker-", "thread 'main' panicked at tests/panics.rs:"] {
            assert!(plain.output.contains(report), "{}", plain.output);
        }
        // The report of the worker, its failure, and the report of the main thread.
        assert_eq!(plain.output.matches("held [x-key] and ***").count(), 3, "{}", plain.output);
        for secret in super::SECRETS {
            let shows = [&screen, &plain].map(|exit| exit.output.contains(secret));
            assert_eq!(shows, [false, false], "{secret}");
        }
    }
}

/// The value of a header, and one of the query, which must not be shown.
#[cfg(unix)]
const SECRETS: [&str; 2] = ["marked-panic-header", "marked-panic-query"];

/// The programs that panic, in the pseudo-terminal.
#[cfg(unix)]
mod child {
    use std::io::Write as _;
    use std::process::ExitCode;
    use std::sync::Arc;

    use threadline::app::{App, Options, Session};
    use threadline::http::url_range::parse_url;
    use threadline::http::{ListAddresses, ListRequest, ProxySettings, SecretHeaders, SecretUrl};
    use threadline::model::Background;
    use threadline::model::Setup;
    use threadline::model::item_page::ItemPointers;
    use threadline::model::{
        Completion, EventKind, Failure, Follower, Mode, Plan, Product, ResponseSummary, Selection,
        Target, TaskId, TaskOutcome, WorkSpec, Workload,
    };
    use threadline::run::{panic_report, screen_loop};
    use threadline::source::tasks::page_client::list_server::ListServer;
    use threadline::source::tasks::pages::list_source::ListSource;
    use threadline::source::{
        CancelToken, Clock, Job, JobProvider, LaneReporter, Launcher, Permit, TaskResult, Worker,
    };
    use threadline::terminal::screen::ScreenOptions;
    use threadline::terminal::signals::Signals;
    use threadline::ui::theme::{ColorDepth, GlyphSet};

    /// Returns a list that holds the secrets.
    fn secret_list() -> Arc<ListSource> {
        let [header, query] = super::SECRETS;
        let first = parse_url(&format!("https://a.b/x?token={query}")).expect("a URL");
        let first = SecretUrl(first);
        let request = ListRequest {
            first: first.clone(),
            headers: SecretHeaders::parse(&[format!("X-Key: {header}")]).expect("a header"),
            github: None,
            with_token: false,
            max_body_size: 1 << 20,
            pointers: ItemPointers::default(),
            reads_links: true,
            next: None,
            needs_items: false,
        };
        let server = ListServer::new(request, None, &ProxySettings::default()).expect("a server");
        Arc::new(ListSource::new(ListAddresses::First(first), server, None))
    }

    /// Panics with the secrets in the message, as a thread may that holds the list.
    fn panic_with_secrets(list: &ListSource) -> ! {
        let [header, query] = super::SECRETS;
        panic!("held {header} and {query} of {list:?}")
    }

    /// Runs workers without a screen, one of which panics, prints its failure, and panics.
    fn run_without_screen(list: &ListSource, plan: Plan, launcher: &Launcher) -> ! {
        let handle = launcher.start(plan);
        for event in handle.events() {
            if let EventKind::TaskFinished { outcome: TaskOutcome::Failed(failure), .. } =
                event.kind
            {
                writeln!(std::io::stderr(), "{failure}").expect("a terminal");
            }
        }
        panic_with_secrets(list)
    }

    pub(crate) fn run(name: &str) -> ExitCode {
        let list = secret_list();
        let held = Arc::clone(&list);
        panic_report::install(move |text| held.redact(text));
        let target = Target {
            user: "aaronlelevier".to_owned(),
            api: "a script".to_owned(),
            per_page: 30,
            costs_quota: false,
        };
        let selection = Selection::only(Workload::Followers, Mode::Threads);
        let session = Session::new(Setup::followers(target.clone(), Some(5))).with_pages(5);
        let app = App::new(session, selection, Options::default());
        let jobs = PanicJobs {
            starts: name != "between-frames",
            list: name.starts_with("secrets").then(|| Arc::clone(&list)),
        };
        let launcher = Launcher::with_jobs(Arc::new(jobs), Clock::system());
        if name == "secrets" {
            let work = WorkSpec::Followers(target);
            run_without_screen(&list, Plan::new(work, Mode::Threads, 5, 5), &launcher);
        }
        let background = Some(Background::Dark);
        let options = ScreenOptions {
            background,
            depth: ColorDepth::Indexed,
            glyphs: GlyphSet::Unicode,
            guarded: false,
            mouse: true,
            reduced_motion: false,
        };
        let signals = Signals::for_screen().expect("signals");
        let (app, _) =
            screen_loop::run(app, &launcher, options, "threadline", &signals).expect("a screen");
        let is_complete = app.runs().iter().all(threadline::model::Run::is_complete);
        if is_complete { ExitCode::SUCCESS } else { ExitCode::from(6) }
    }

    /// Provides five pages, one of which panics.
    #[derive(Debug)]
    struct PanicJobs {
        /// If not set, the thread that starts the run of followers panics.
        starts: bool,
        /// The list whose secrets are in the message.
        list: Option<Arc<ListSource>>,
    }

    impl JobProvider for PanicJobs {
        fn job(&self, _: &Plan) -> Result<Arc<dyn Job>, Failure> {
            assert!(self.starts, "a run cannot start");
            Ok(Arc::new(PanicJob { list: self.list.clone() }))
        }
    }

    #[derive(Clone)]
    struct PanicJob {
        list: Option<Arc<ListSource>>,
    }

    impl Job for PanicJob {
        fn create_worker(&self, _: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
            Ok(Box::new(self.clone()))
        }

        fn redact(&self, text: &str) -> String {
            self.list.as_ref().map_or_else(|| text.to_owned(), |list| list.redact(text))
        }
    }

    impl Worker for PanicJob {
        fn run(&mut self, task: TaskId, _: Option<Permit>, _: &CancelToken) -> TaskResult {
            let product = match task {
                TaskId(2) => match &self.list {
                    Some(list) => panic_with_secrets(list),
                    None => panic!("a worker panics, as it should here"),
                },
                TaskId(page) => {
                    let (id, login) = (u64::from(page), format!("follower-{page}").into());
                    let html_url = "https://github.com/".into();
                    let page = [Follower { id, login, html_url }].into_iter().collect();
                    Product::Followers(Arc::new(page))
                }
            };
            let response = Some(ResponseSummary { status: 200, bytes: 0, connected: false });
            TaskOutcome::Done(Completion { response, product }).into()
        }
    }
}
