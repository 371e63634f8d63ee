//! threadline shows thread activity live: it fetches the pages of a GitHub user's followers, computes,
//! or runs commands, first one task after another, then with worker threads, with or without a GIL, and
//! with worker processes, and draws each worker's states on a shared time axis. On Linux, it also
//! watches the threads of any program, which it starts or which is running already, and of CPython its
//! GIL.
//!
//! # The map
//!
//! Everything that happens is a [`model::Event`]: a source stamps events and sends them over a channel,
//! and the screen, the reports and the recordings are folds of them. Dependencies point one way, which
//! a test holds: `model ← analysis ← app ← ui ← terminal ← run`, `model ← http ← github ← source ← run`,
//! `analysis ← report ← source`, `app ← cli ← run`.
//!
//! | room | what it does |
//! | --- | --- |
//! | [`model`] | what happened: events, setups, plans, lanes, runs; no clock, no I/O, no terminal |
//! | [`analysis`] | what it means: statistics, attempts, scaling models, conclusions |
//! | [`http`] | requests of any API: timing, proxies, time-outs, retries, limits |
//! | [`github`] | GitHub's REST API: pages, quotas, limits, errors |
//! | [`server`] | the built-in server that answers like GitHub, with faults if asked to |
//! | [`report`] | files to keep: reports, a trace, a picture, followers |
//! | [`source`] | makes things happen: worker threads and processes, watched programs, the simulator, recordings |
//! | [`app`] | the state of a session: what runs next, what is shown, what a key does |
//! | [`ui`] | draws that state |
//! | [`terminal`] | input, output, signals, and giving the terminal back |
//! | [`cli`] | arguments, configuration, documentation, usage errors |
//! | [`run`] | carries out a command, with or without a screen; exit codes |
//!
//! To follow one run: [`app::App::update`] returns an [`app::Effect`] that holds its [`model::Plan`];
//! [`run::screen_loop`] hands it to the [`source::Launcher`]; [`source::pool`] fills a queue and starts
//! workers, whose [`source::Worker`] requests a page through [`github::Client`] once the run's rate
//! limiter grants a permit; events return through the channel, and [`app::Session`] folds them into the
//! [`model::Run`] that [`ui`] draws. Other kinds of tasks are other [`source::Job`]s: CPU work
//! ([`source::tasks::compute`]), optionally under [`source::gil`]; tasks in worker processes
//! ([`source::tasks::process`]); the user's commands. A simulated run has no workers: [`source::simulate`]
//! computes its events, and [`app::playback`] plays them as it plays those of a recording.
//!
//! A watched program is one run, too, and each of its threads a task: the `observer` in
//! `source/program` turns what the kernel records, and what `/proc` and the memory of CPython hold, into
//! readings; `thread_fold` folds them into events; [`model::ProgramRecord`] keeps what these say beyond
//! the states of lanes; and [`analysis::program`] sums up the run for the screen and all reports.
//!
//! # Glossary
//!
//! <!-- glossary -->
//!
//! | term | type or module | meaning |
//! | --- | --- | --- |
//! | task | [`model::TaskId`] | one unit of work: a page, a computation, a command |
//! | workload | [`model::Workload`] | a list of tasks of one kind |
//! | work | [`model::WorkSpec`] | what the tasks of a run are, with their parameters |
//! | list | [`model::PagedList`] | the pages at a URL, or at a range or a file of URLs |
//! | mode | [`model::Mode`] | how tasks are given to workers |
//! | selection | [`model::Selection`] | a workload in one mode, a race of modes, or a sweep |
//! | plan | [`model::Plan`] | everything that is decided before a run starts |
//! | run | [`model::Run`] | one workload in one mode, from start to end |
//! | session | [`app::Session`] | all runs of one sitting at the program |
//! | event | [`model::Event`] | what a worker reports, with its time |
//! | lane | [`model::Lane`] | one worker's states over time; its row on the screen |
//! | state | [`model::State`] | what a lane does at a moment |
//! | span | [`model::Span`] | a stretch of a lane: one attempt at a task |
//! | attempt | `attempt` | one try at a task; a retry is another attempt |
//! | worker | [`source::Worker`] | one thread's or process's means to do tasks |
//! | job | [`source::Job`] | a kind of work, shared by the threads of a run |
//! | pool | [`source::pool`] | named threads that take tasks from one queue |
//! | permit | [`source::Permit`] | the right to have one more request in flight |
//! | rate limiter | `rate_limiter` | gives out permits, and holds them back during a limit |
//! | limit policy | [`http::LimitPolicy`] | an API's rules for requests that it refuses because of a limit |
//! | adaptive limit | `adaptive_limit` | decides how many requests may be in flight (TCP Vegas) |
//! | lane slots | `lane_slots` | which lanes may take a task while their number adapts |
//! | task tracker | `task_tracker` | which tasks exist, and which are still to be done |
//! | retry loop | `retry_loop` | the attempts at one task |
//! | failure | [`model::Failure`] | why a task or a run failed, in a sentence |
//! | quota | [`model::Quota`] | how many requests a server still allows |
//! | GIL | [`source::gil`] | a lock like CPython's: one thread computes at a time |
//! | simulation | [`source::simulate`] | a run in virtual time, the same on every machine |
//! | launcher | [`source::Launcher`] | starts planned runs |
//! | source | [`source::Source`] | starts, sends events, and ends or is stopped |
//! | player | [`app::playback`] | plays the log of a recording or of a simulated selection |
//! | view | `view` | which part of which runs is shown |
//! | viewport | `viewport` | the stretch of time in view, and its scale |
//! | sweep | `sweep` | a workload repeated over thread counts |
//! | scaling model | `scaling` | how speed grows with threads: linear, plateau, Amdahl, USL |
//! | baseline | [`app::Baseline`] | the run that others are compared with |
//! | watched program | [`model::WatchedProgram`] | a program whose threads are the tasks of a run |
//! | thread | [`model::ThreadRecord`] | a thread of a watched program, from its birth to its end |
//! | wait reason | [`model::WaitReason`] | the call and the object that a thread waits for, and the holder |
//! | thread counters | [`model::ThreadCounters`] | the kernel's sums of a thread's time on a CPU and without a core |
//! | accuracy | [`model::Accuracy`] | how exact the events of a watched program are, and why |
//! | interpreter | [`model::PythonInterpreter`] | a CPython in a watched program, with a GIL or without |
//! | code place | [`model::CodePlace`] | the function, file and line that a thread of CPython is in |
//! | observer | `observer` | reads a watched program: records of switches, or samples |
//! | reading | `reading` | what was read about a watched program, with its time |
//! | thread fold | `thread_fold` | makes events of readings; pure, so that tapes of readings test it |
//! | thread group | [`app::ThreadGroup`] | the threads with one name stem, in one row until it is opened |
//! | program summary | [`analysis::program::ProgramSummary`] | what each thread did and waited for, with totals |
//! | verdict | [`analysis::verdict::Verdict`] | the sentence that says what was faster, and why |
//! | suggestion | [`analysis::verdict::Suggestion`] | what to try next, with its key or its option |
//! | recording | [`source::recording::Recording`] | a session in a file |
//! | lesson | [`model::Lesson`] | a claim, questions that are answered before anything runs, and what explains the runs |
//! | course | [`app::lessons::Course`] | the lessons to choose from |
//! | prediction | [`analysis::lesson::Prediction`] | the answer to a question before anything runs |
//! | theme | [`ui::theme`] | the colours and glyphs of roles and states |
//!
//! <!-- /glossary -->
//!
//! # Where do I change …
//!
//! | what | where |
//! | --- | --- |
//! | a key | the table in `app/keymap.rs`; the key bar, `?`, help, manual and configuration follow |
//! | a color or a glyph | `ui/theme.rs`; distances between states are tested in `tests/it/palette.rs` |
//! | a sentence on the screen | `ui/status_line.rs`; conclusions in `analysis/verdict.rs` (its causes in `verdict/mode_result.rs`; of watched programs in `verdict/program.rs`) and `analysis/sweep/advice.rs` |
//! | a column | `ui/timeline.rs` (beside the lanes), `ui/totals.rs`, `ui/table.rs` |
//! | an option | `cli/`, one file per group; `assets/docs` has the generated tables |
//! | a report field | `report/json.rs` and what fills it, `report/json/from_runs.rs`; `assets/docs/automation.md` |
//! | a state | the table in `model/state.rs`, its colour in `ui/theme.rs` |
//! | a state of a watched thread | as any state; when it is entered, in `source/program/thread_fold/`; whether it has a reason, `State::has_reason` |
//! | a reason for waiting | `source/program/wait_reason.rs`; the numbers of calls in `source/program/system_calls.rs` |
//! | a version of CPython | `source/program/python/layout.rs`, with a recording of its memory in `tests/fixtures/program` |
//! | the verdict on a watched program | `analysis/verdict/program.rs`, what stands in its way in `verdict/program/obstacle.rs` |
//! | a field of the JSON of a watched program | `report/json/program.rs`, its figures in `analysis/program/`; `assets/docs/automation.md` |
//! | a workload | its row in `model/workload.rs`, `WorkSpec` in `model/plan.rs`, its work in `model/setup.rs`, its [`source::Job`] and how to simulate it; `tests/it/workloads/new_workload.patch` adds one |
//! | a step of a lesson | its order in `app/lessons/lesson_steps.rs`, its keys in `app/lessons/lesson_keys.rs`, its words in `ui/lesson_text.rs` |
//! | the lessons as text, what they need, and which are done | `run/learn/`, `run/finished_lessons.rs`, `cli/learn.rs` |
//! | a fault of the built-in server | `server/faults/fault_action.rs`; one for tests alone: `tests/common/fault_relay.rs` |
//! | a lesson | `assets/lessons/*.toml`; `tests/it/lessons` finds it true, short and in order |
//! | a key of a lesson's file | `cli/lesson_file/`; what figures and texts may say in `model/lesson/`, measured in `analysis/lesson/figures.rs`; `assets/docs/lessons.md` |
//! | a snapshot | `INSTA_UPDATE=always cargo test --test it screens::`, then read the diff |

pub mod analysis;
pub mod app;
pub mod cli;
pub mod github;
pub mod http;
pub mod model;
pub mod report;
pub mod run;
pub mod server;
pub mod source;
pub mod terminal;
pub mod ui;
