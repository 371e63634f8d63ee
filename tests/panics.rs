//! What a panic leaves behind. Without the usual test harness, as this program runs itself in a
//! terminal: with `as` and a name as its arguments it is the program that panics.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at once when what it is about is not there, and here panics are meant"
)]

#[cfg(unix)]
#[path = "common/pty.rs"]
#[expect(dead_code, reason = "panics need less of it than signals and keys do")]
mod pty;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("as"), Some(name)) => return child::run(&name),
        // A test runner asks for a list of tests: there is none to choose from.
        (Some("--list"), _) => {}
        _ => {
            parent::a_panic_between_frames_gives_the_terminal_back();
            parent::a_workers_panic_is_an_error_on_its_lane();
        }
    }
    std::process::ExitCode::SUCCESS
}

#[cfg(not(unix))]
fn main() {}

/// The tests.
#[cfg(unix)]
mod parent {
    use crate::pty::{Pty, PtyExit};

    fn start(name: &str) -> Pty {
        let this = std::env::current_exe().expect("this program");
        Pty::start(this, &["as", name], &[], (120, 36))
    }

    /// A terminal that is given back has no half frame on it, and the panic stands there in words.
    fn assert_reported(ended: &PtyExit, words: &str) {
        assert_eq!(ended.code, 101);
        assert!(ended.screen.contains(words), "{}", ended.screen);
        assert!(ended.screen.trim_start().starts_with("thread 'main'"), "{}", ended.screen);
        let farewell = ended.output_after_screen().replace(crate::pty::SHOW_CURSOR, "");
        assert!(!farewell.contains('\x1b'), "only words: {farewell:?}");
        assert!(!farewell.contains("threadline   "), "no picture: {farewell:?}");
    }

    pub(crate) fn a_panic_between_frames_gives_the_terminal_back() {
        assert_reported(&start("between-frames").wait_for_exit(), "a run cannot start");
    }

    pub(crate) fn a_workers_panic_is_an_error_on_its_lane() {
        let mut pty = start("worker");
        pty.wait("the sentence", |view| view.has("panicked ("));
        pty.wait("the error on a lane", |view| {
            let mut lanes = view.screen.rows(0, 120).filter(|row| row.contains("worker-"));
            view.screen.alternate_screen() && lanes.any(|row| row.contains('!'))
        });
        pty.wait("the others' pages", |view| view.has("4/5"));
        pty.keys("?");
        pty.wait_text("Shift-Tab");
        pty.keys("qq");
        let ended = pty.wait_for_exit();
        assert_eq!(ended.code, 6, "some was fetched, and some is missing");
        assert!(!ended.output.contains("panicked at"), "{}", ended.output);
    }
}

/// The programs that panic.
#[cfg(unix)]
mod child {
    use std::process::ExitCode;
    use std::sync::Arc;

    use threadline::app::session::Setup;
    use threadline::app::{App, Background, Session};
    use threadline::engine::{
        CancelToken, Clock, Job, JobProvider, LaneReporter, Launcher, Permit, TaskCount, Worker,
    };
    use threadline::model::{
        Completion, Failure, Follower, Mode, Plan, Product, Profile, ResponseSummary, Selection,
        Target, TaskId, TaskOutcome, Workload,
    };
    use threadline::signals::Signals;
    use threadline::tui::{self, ScreenOptions};
    use threadline::ui::theme::{ColorDepth, GlyphSet};

    pub(crate) fn run(name: &str) -> ExitCode {
        let target = Target {
            user: "aaronlelevier".to_owned(),
            api: "a script".to_owned(),
            per_page: 30,
            costs_quota: false,
        };
        let selection = Selection::only(Workload::Followers, Mode::Threads);
        let app =
            App::new(Session::new(Setup::followers(target, Some(5))), selection, Background::Dark);
        let launcher = Launcher::with_jobs(
            Arc::new(PanicJobs { starts: name != "between-frames" }),
            Clock::system(),
        );
        let background = Some(Background::Dark);
        let look = ScreenOptions {
            background,
            depth: ColorDepth::Indexed,
            glyphs: GlyphSet::Unicode,
            guarded: false,
            mouse: true,
            reduced_motion: false,
        };
        let signals = Signals::for_screen().expect("signals");
        let (app, _) = tui::run(app, &launcher, (look, "threadline"), &signals).expect("a screen");
        let whole = app.runs().iter().all(threadline::model::Run::is_complete);
        if whole { ExitCode::SUCCESS } else { ExitCode::from(6) }
    }

    /// A profile, and five pages, of which one panics.
    #[derive(Debug)]
    struct PanicJobs {
        /// Whether the followers' run starts; if not, the thread that would start it panics.
        starts: bool,
    }

    impl JobProvider for PanicJobs {
        fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
            assert!(self.starts || plan.workload() == Workload::Profile, "a run cannot start");
            Ok(Arc::new(PanicJob(plan.workload())))
        }
    }

    struct PanicJob(Workload);

    impl Job for PanicJob {
        fn create_worker(&self, _: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
            Ok(Box::new(Self(self.0)))
        }
    }

    impl Worker for PanicJob {
        fn run(
            &mut self,
            task: TaskId,
            _: Option<Permit>,
            _: &CancelToken,
        ) -> (TaskOutcome, TaskCount) {
            let product = match (self.0, task) {
                (Workload::Profile, _) => {
                    Product::Profile(Profile { login: "aaronlelevier".to_owned(), followers: 127 })
                }
                (_, TaskId(2)) => panic!("a worker panics, as it should here"),
                (_, TaskId(page)) => {
                    let (id, login) = (u64::from(page), format!("follower-{page}").into());
                    let html_url = "https://github.com/".into();
                    let page = [Follower { id, login, html_url }].into_iter().collect();
                    Product::Followers(Arc::new(page))
                }
            };
            (
                TaskOutcome::Done(Completion {
                    response: Some(ResponseSummary { status: 200, bytes: 0, connected: false }),
                    product,
                }),
                TaskCount::Unknown,
            )
        }
    }
}
