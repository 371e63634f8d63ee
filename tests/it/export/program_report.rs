//! The reports, the trace and the picture of a watched program.

use serde_json::Value;
use threadline::model::{Background, Nanos, Run};
use threadline::report::json::ProgramReport;
use threadline::report::{ReportSubject, markdown, plain, svg, trace};

use crate::scripted_program::ScriptedProgram;

const PROGRAM: &str = "
    command python app.py
    cores 2
    python 3.12
    cost 0.12 4200
    hand_overs 100 1780
    main: on_cpu 0.1, parked 9.9 futex
    worker-1: 100x [computing 0.05 in work /srv/app.py:12, lock_wait 0.05 futex:GIL>worker-2]
    worker-2: 100x [lock_wait 0.05 futex:GIL>worker-1, computing 0.05]
    io: 10x [native 0.1, waiting 0.9 recvfrom:socket]
    idle: parked 10 futex, lives
    exit 0";

fn plain_report(run: Run) -> String {
    let mut out = Vec::new();
    plain::write(&mut out, None, &[run], None).unwrap();
    String::from_utf8(out).unwrap()
}

fn written(run: Run, write: impl Fn(&mut Vec<u8>, &ReportSubject<'_>)) -> String {
    let runs = [run];
    let subject = ReportSubject {
        target: None,
        runs: &runs,
        sweep: None,
        fetched: None,
        now: Nanos::ZERO,
        cores: None,
        background: Background::Dark,
        command: "threadline watch -- python app.py",
        lesson: None,
    };
    let mut out = Vec::new();
    write(&mut out, &subject);
    String::from_utf8(out).unwrap()
}

fn run() -> Run {
    ScriptedProgram::new(PROGRAM).run()
}

#[test]
fn plain_report_of_a_python_program() {
    assert_eq!(
        plain_report(run()),
        "\
python app.py, pid 100: watched for 10.000 s, exit status 0

thread        tid      life  on CPU  waiting  lock wait  parked
worker-1      101  10.000 s    50 %      0 %       50 %     0 %
worker-2      102  10.000 s    50 %      0 %       50 %     0 %
io            103  10.000 s    10 %     90 %        0 %     0 %
main          100  10.000 s     1 %      0 %        0 %    99 %

and 1 that only waited

cores        1.1 of 2 cores in use on average, 0 more wanted
threads      5, at most 5 at once
switches     21/s
cost         0.1 % of a core to the program, 1.2 % to threadline
accuracy     exact
GIL          CPython 3.12, pid 100: held 100 % of the time, 1.0 threads waiting on average, 178 hand-overs/s, longest hold 50 ms by worker-1 in work() at app.py:12

2 threads wanted the GIL 100 % of the time: threads buy nothing here. Processes could use 2 cores.
Next: processes (multiprocessing), or a free-threaded build of Python

"
    );
}

#[test]
fn many_threads_share_rows_and_every_line_of_the_table_fits() {
    let pool = |n: u32| {
        format!(
            "tokio-runtime-w{n}: on_cpu 1, no_core 1, events 4 epoll_wait, waiting 1 read, sleeping 1, blocked 1, stopped 1\n"
        )
    };
    let pool: String = (1..=64).map(pool).collect();
    let report = plain_report(
        ScriptedProgram::new(&format!("{pool}main: on_cpu 1, lock_wait 4 futex, parked 5")).run(),
    );
    assert!(report.contains("\ntokio-runtime-w x64 "), "{report}");
    // The columns with the most time stay.
    let columns = "on CPU  no core  waiting  sleeping  events  blocked\n";
    assert!(report.contains(columns), "{report}");
    let table = report.lines().skip(2).take(3);
    assert!(table.into_iter().all(|line| line.len() <= 80), "{report}");
}

#[test]
fn foreign_names_reach_no_report_unescaped() {
    let hostile =
        PROGRAM.replace("worker-1", "w\u{1b}[2Jx|`<b>").replace("work /srv", "w\u{7}k /\u{9b}srv");
    let run = ScriptedProgram::new(&hostile.replace("python app.py", "py\u{1b}]0;x\u{7}")).run();
    assert!((0..5).all(|lane| !run.worker_name(lane).contains('\u{1b}')));
    let mut json = Vec::new();
    ProgramReport::from_run(&run).unwrap().write(&mut json).unwrap();
    let texts = [
        plain_report(run.clone()),
        String::from_utf8(json).unwrap(),
        written(run.clone(), |out, subject| markdown::write(out, subject).unwrap()),
        written(run.clone(), |out, subject| trace::write(out, subject.runs).unwrap()),
        written(run, |out, subject| svg::write(out, subject).unwrap()),
    ];
    for text in texts {
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    }
}

#[test]
fn markdown_names_what_threads_waited_for() {
    let report = written(run(), |out, subject| markdown::write(out, subject).unwrap());
    for line in [
        "# Threads of `python app.py`",
        "**2 threads wanted the GIL 100 % of the time: threads buy nothing here. Processes could use 2 cores.**",
        "| thread | tid | life | on CPU | waiting | lock wait | parked |",
        "| `io` | waiting | `recvfrom socket` | - | 9.000 s | 90 % |",
        "| `worker-1` | lock wait | `futex GIL` | `worker-2` | 5.000 s | 50 % |",
        "| `worker-1` | `work` | `/srv/app.py:12` | 10.000 s | 100 % |",
    ] {
        assert!(report.lines().any(|found| found == line), "{line}\n{report}");
    }
}

#[test]
fn trace_has_the_threads_and_the_reasons_of_their_states() {
    let trace = written(run(), |out, subject| trace::write(out, subject.runs).unwrap());
    let events: Vec<Value> = serde_json::from_str(&trace).unwrap();
    let named = |name: &'static str| events.iter().filter(move |event| event["name"] == name);
    let threads: Vec<&Value> = named("thread_name").map(|event| &event["args"]["name"]).collect();
    assert_eq!(threads, ["main", "worker-1", "worker-2", "io", "idle"]);
    assert_eq!(named("process_name").next().unwrap()["args"]["name"], "python app.py");
    let life = named("worker-1").next().unwrap();
    assert_eq!((&life["args"]["tid"], &life["args"]["pid"]), (&101.into(), &100.into()));
    let wait = named("lock wait").next().unwrap();
    assert_eq!(wait["args"]["object"], "GIL", "{wait}");
    assert!(named("waiting").all(|event| event["args"]["call"] == "recvfrom"));
    let waiters = named("waiting for the GIL").map(|event| event["args"]["lanes"].as_u64());
    assert_eq!(waiters.max(), Some(Some(1)));
    assert_eq!(named("queue").count(), 0);
}

#[test]
fn a_wait_for_a_mutex_is_none_for_the_gil_in_the_trace() {
    let run = ScriptedProgram::new("python 3.12\na: computing 1, lock_wait 1 futex:mutex").run();
    let trace = written(run, |out, subject| trace::write(out, subject.runs).unwrap());
    let events: Vec<Value> = serde_json::from_str(&trace).unwrap();
    let waiters = events.iter().filter(|event| event["name"] == "waiting for the GIL");
    assert!(waiters.into_iter().all(|event| event["args"]["lanes"] == 0));
}

#[test]
fn picture_has_the_lanes_and_the_states_that_occurred() {
    let picture = written(run(), |out, subject| svg::write(out, subject).unwrap());
    let document = roxmltree::Document::parse(&picture).unwrap();
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    for text in
        ["python app.py", "worker-1", "io", "at once", "on CPU", "native", "parked", "lock wait"]
    {
        assert!(texts.contains(&text), "{text}: {texts:?}");
    }
    assert!(!texts.contains(&"sleeping") && !texts.contains(&"speed-up"), "{texts:?}");
}
