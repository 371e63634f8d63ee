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
}

/// The programs that panic, in the pseudo-terminal.
#[cfg(unix)]
mod child {
    use std::process::ExitCode;
    use std::sync::Arc;

    use threadline::app::{App, Options, Session};
    use threadline::model::Background;
    use threadline::model::Setup;
    use threadline::model::{
        Completion, Failure, Follower, Mode, Plan, Product, ResponseSummary, Selection, Target,
        TaskId, TaskOutcome, Workload,
    };
    use threadline::run::screen_loop;
    use threadline::source::{
        CancelToken, Clock, Job, JobProvider, LaneReporter, Launcher, Permit, TaskResult, Worker,
    };
    use threadline::terminal::screen::ScreenOptions;
    use threadline::terminal::signals::Signals;
    use threadline::ui::theme::{ColorDepth, GlyphSet};

    pub(crate) fn run(name: &str) -> ExitCode {
        let target = Target {
            user: "aaronlelevier".to_owned(),
            api: "a script".to_owned(),
            per_page: 30,
            costs_quota: false,
        };
        let selection = Selection::only(Workload::Followers, Mode::Threads);
        let session = Session::new(Setup::followers(target, Some(5))).with_pages(5);
        let app = App::new(session, selection, Options::default());
        let launcher = Launcher::with_jobs(
            Arc::new(PanicJobs { starts: name != "between-frames" }),
            Clock::system(),
        );
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
    }

    impl JobProvider for PanicJobs {
        fn job(&self, _: &Plan) -> Result<Arc<dyn Job>, Failure> {
            assert!(self.starts, "a run cannot start");
            Ok(Arc::new(PanicJob))
        }
    }

    struct PanicJob;

    impl Job for PanicJob {
        fn create_worker(&self, _: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
            Ok(Box::new(Self))
        }
    }

    impl Worker for PanicJob {
        fn run(&mut self, task: TaskId, _: Option<Permit>, _: &CancelToken) -> TaskResult {
            let product = match task {
                TaskId(2) => panic!("a worker panics, as it should here"),
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
