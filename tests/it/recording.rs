//! Recording files: round trips, and files that are foreign, truncated, damaged or hostile.

use std::io::{self, BufReader, Read};

use crate::app_driver::memory_log::MemoryLog;
use threadline::app::Session;
use threadline::model::{
    Event, EventKind, LaneId, LogEntry, Mode, Nanos, Plan, PlannedRun, Run, RunOutcome, Selection,
    Setup, Target, TaskId, TaskOutcome, Workload,
};
use threadline::run::read_recording;
use threadline::source::recording::{
    self, DefectKind, ReadRecordingError, Recording, RecordingDefect,
};

/// Returns the runs of the selection that was started last.
fn last_runs(recording: &Recording) -> Vec<Run> {
    let session = Session::from_log(recording.setup(), recording.entries());
    session.runs(recording.last_selection()).to_vec()
}

/// The outcomes of the pages.
const PAGES: [&str; 2] = [
    r#"{"done":{"answer":null,"product":{"followers":[{"id":1,"login":"a","html_url":"b/a"},{"id":2,"login":"c","html_url":"b/c"}]}}}"#,
    r#"{"done":{"answer":null,"product":{"followers":[{"id":3,"login":"d","html_url":"b/d"}]}}}"#,
];

/// Returns a session with a finished race of two pages, and its log.
fn race_session() -> (Session, MemoryLog) {
    let target = Target {
        user: "aaronlelevier".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 2,
        costs_quota: false,
    };
    let log = MemoryLog::default();
    let mut session = log.attach(Session::new(Setup::followers(target, None)).with_pages(2));
    let mut next = session.start_selection(Selection::race(Workload::Followers));
    while let Some(planned) = next.pop() {
        next.extend(apply_run(&mut session, &planned));
    }
    (session, log)
}

/// Applies the events of a run, one task after another; returns the next plan.
fn apply_run(session: &mut Session, PlannedRun { run, plan }: &PlannedRun) -> Option<PlannedRun> {
    let mut next = None;
    for event in run_events(plan) {
        next = session.apply(*run, &event);
    }
    next
}

/// The events of a run, one task after another.
fn run_events(plan: &Plan) -> Vec<Event> {
    let mut kinds = vec![EventKind::TaskCountChanged { tasks: plan.tasks }];
    for (task, outcome) in (1..).zip(PAGES) {
        let (task, outcome) = (TaskId(task), serde_json::from_str::<TaskOutcome>(outcome).unwrap());
        kinds.extend([EventKind::TaskStarted { task }, EventKind::TaskFinished { task, outcome }]);
    }
    kinds.splice(0..0, plan.opening().map(|(_, kind)| kind));
    kinds.push(EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None });
    let event = |(at, kind)| Event { at: Nanos::from_millis(at), lane: LaneId(0), kind };
    (0..).zip(kinds).map(event).collect()
}

/// Returns the recording of a session as the bytes of its file.
fn record((session, log): &(Session, MemoryLog)) -> Vec<u8> {
    let mut file = Vec::new();
    recording::write(session.setup(), &log.entries(), &mut file).unwrap();
    file
}

/// Reads a recording that must be complete.
fn read_complete(file: &[u8]) -> Recording {
    let recording = read_recording("a file", file).unwrap();
    assert_eq!(recording.defect(), None);
    recording
}

fn race_bytes() -> Vec<u8> {
    record(&race_session())
}

/// Returns the first `lines` lines of a race's recording, followed by `tail`.
fn truncated_race(lines: usize, tail: &[u8]) -> Vec<u8> {
    let file = race_bytes();
    let mut parts = file.split_inclusive(|&byte| byte == b'\n').take(lines).collect::<Vec<_>>();
    parts.push(tail);
    parts.concat()
}

fn read_error(file: &[u8]) -> String {
    read_recording("run.jsonl", file).unwrap_err().to_string()
}

/// Reads a damaged recording; returns the line and the kind of the defect.
fn read_defect(file: &[u8]) -> (u64, DefectKind, Recording) {
    let recording = read_recording("run.jsonl", file).unwrap();
    let defect = recording.defect().expect("a defect").clone();
    (defect.line, defect.why, recording)
}

#[test]
fn recording_replays_the_whole_session() {
    let recorded = race_session();
    let recording = read_complete(&record(&recorded));
    let (session, log) = recorded;
    assert_eq!((recording.entries(), recording.setup()), (&log.entries()[..], session.setup()));
    let race = Selection::race(Workload::Followers);
    assert_eq!(recording.last_selection(), race);
    let runs = last_runs(&recording);
    assert_eq!(
        runs.iter().map(|run| run.plan().mode).collect::<Vec<_>>(),
        [Mode::Sequential, Mode::Threads]
    );
    for (run, live) in runs.iter().zip(session.runs(race)) {
        assert_eq!(run.duration(), live.duration());
        assert!(run.followers().eq(live.followers()));
    }
}

/// Runs at the same moment share the log: each event names its run.
#[test]
fn recording_replays_runs_that_overlap() {
    let (log, race) = (MemoryLog::default(), Selection::race(Workload::Followers));
    let target = Target {
        user: "aaronlelevier".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 2,
        costs_quota: false,
    };
    let mut session = log.attach(Session::new(Setup::followers(target, None)).with_pages(2));
    let planned = session.start_selection(race);
    let mut runs: Vec<_> = planned
        .iter()
        .map(|planned| (planned.run, run_events(&planned.plan).into_iter()))
        .collect();
    // One event of each run in turn.
    while runs.iter().any(|(_, events)| events.len() > 0) {
        for (run, events) in &mut runs {
            events.next().map(|event| session.apply(*run, &event));
        }
    }
    assert_eq!(session.active(), None);
    let file = record(&(session, log.clone()));
    let threads = String::from_utf8(file.clone()).unwrap();
    assert!(threads.contains(r#"{"run":1,"at":0,"lane":0,"event":"run_started""#), "{threads}");
    let recording = read_complete(&file);
    assert_eq!(recording.entries(), &log.entries()[..]);
    let replayed = last_runs(&recording);
    assert_eq!(
        replayed.iter().map(|run| (run.plan().mode, run.is_complete())).collect::<Vec<_>>(),
        [(Mode::Sequential, true), (Mode::Threads, true), (Mode::Gil, true)]
    );
    let cut = file.split_inclusive(|&byte| byte == b'\n').count() - 1;
    let cut: Vec<u8> =
        file.split_inclusive(|&byte| byte == b'\n').take(cut).flatten().copied().collect();
    let (.., cut) = read_defect(&cut);
    assert!(
        cut.defect().unwrap().to_string().ends_with(", during GIL threads"),
        "{:?}",
        cut.defect()
    );
}

/// Printing a recording is safe on any terminal, whatever the logins contain.
#[test]
fn recording_contains_only_printable_ascii() {
    let file = String::from_utf8(race_bytes()).unwrap();
    let hostile =
        r"\u007f\u0085\u009b31m\u200b\u200d\u2060\u202e\u2066\ufeff\udb40\udc41\u001b[2Jé日本🦀";
    let file = file.replace("\"a\"", &format!("\"{hostile}\"")).replace("aaronlelevier", "é\u{9b}");
    let recording = read_complete(file.as_bytes());
    let mut rewritten = Vec::new();
    recording::write(recording.setup(), recording.entries(), &mut rewritten).unwrap();
    let printable = |byte: &u8| (b' '..=b'~').contains(byte) || *byte == b'\n';
    assert!(rewritten.iter().all(printable), "{}", String::from_utf8_lossy(&rewritten));
    assert_eq!(read_complete(&rewritten).entries(), recording.entries());
    let login: String = serde_json::from_str(&format!("\"{hostile}\"")).unwrap();
    let runs = last_runs(&recording);
    assert!(runs[0].followers().any(|follower| *follower.login == *login));
}

/// Long sessions drop their first selections.
#[test]
fn selection_replays_without_the_earlier_ones() {
    let (mut session, log) = race_session();
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let planned = session.start_selection(threads).remove(0);
    apply_run(&mut session, &planned);
    let is_start = |entry: &LogEntry| matches!(entry, LogEntry::Start(_));
    let entries = log.entries();
    let last_start = entries.iter().rposition(is_start).unwrap();
    let mut file = Vec::new();
    recording::write(session.setup(), &entries[last_start..], &mut file).unwrap();
    let replayed = Session::from_log(read_complete(&file).setup(), read_complete(&file).entries());
    let [run] = replayed.runs(threads) else { unreachable!("one mode is one run") };
    assert!(run.is_complete() && run.progress().result_count() == 3);
}

#[test]
fn file_that_is_not_a_recording_is_rejected_with_a_message() {
    assert!(read_error(b"").starts_with("run.jsonl is empty"));
    for foreign in [
        &b"\n"[..],
        b"{}",
        b"null\n",
        b"\xff\xfe\x00",
        b"[{\"name\":\"process_name\",\"ph\":\"M\"},\n",
        b"{\"format\":\"asciicast\",\"version\":2,\"events\":4,\"setup\":{}}\n",
    ] {
        let error = read_error(foreign);
        assert!(error.starts_with("run.jsonl is not a threadline recording"), "{error}");
    }
    let header = r#"{"format":"threadline.recording","version":3,"events":4,"setup":{}}"#;
    assert!(read_error(header.as_bytes()).starts_with("cannot use the header of run.jsonl"));
    assert!(read_error(&race_bytes()[..90]).contains("it is cut off"));
    let directory_error = threadline::run::open_recording(&std::env::temp_dir()).unwrap_err();
    assert!(matches!(directory_error, ReadRecordingError::Unreadable { .. }), "{directory_error}");
}

#[test]
fn unsupported_version_is_named_in_the_error() {
    for (from, to) in [("\"version\":3", "\"version\":9"), ("\"events\":4", "\"events\":9")] {
        let file = String::from_utf8(race_bytes()).unwrap().replacen(from, to, 1);
        let error = read_error(file.as_bytes());
        assert!(error.contains("version 9") && error.contains("replay it with"), "{error}");
    }
    // The first released format, whose lanes were not opened by events.
    let old = r#"{"format":"threadline.recording","version":1,"events":3,"setup":{"workers":null}}
{"at":0,"lane":0,"event":"withdrawn","shortage":{"kind":"exhausted","message":"too many"}}"#;
    let old = read_error(old.as_bytes());
    assert!(old.contains("version 1 with events of version 3"), "{old}");
    assert_eq!(old.lines().count(), 1, "one sentence");
    // Headers of later versions may have other keys.
    let later = read_error(br#"{"format":"threadline.recording","version":4}"#);
    assert!(later.contains("version 4"), "{later}");
}

#[test]
fn unknown_keys_are_ignored() {
    let file = String::from_utf8(race_bytes()).unwrap();
    let extended = file.replace("{\"run\":", "{\"later\":[{}],\"run\":").replacen(
        "\"format\"",
        "\"host\":\"elsewhere\",\"format\"",
        1,
    );
    assert_eq!(
        read_complete(extended.as_bytes()).entries(),
        read_complete(file.as_bytes()).entries()
    );
}

#[test]
fn truncated_recording_opens_wherever_it_is_cut() {
    let file = race_bytes();
    let header = file.iter().position(|&byte| byte == b'\n').unwrap();
    let all = read_complete(&file).entries().len();
    let first_entry_end =
        header + 1 + file[header + 1..].iter().position(|&byte| byte == b'\n').unwrap();
    for cut in (first_entry_end..file.len()).step_by(97) {
        let (file, lines) = (&file[..cut], file[..cut].split(|&byte| byte == b'\n').count());
        let recording = read_recording("run.jsonl", file).unwrap();
        let kept = recording.entries().len();
        assert!(kept <= all && kept + 1 >= lines - 1, "{kept} of {lines} lines");
        let RecordingDefect { why, line } = recording.defect().expect("a defect").clone();
        match why {
            DefectKind::Unfinished(_) => assert_eq!(line as usize, kept + 1),
            why => assert_eq!((why, line as usize), (DefectKind::Truncated, lines)),
        }
        Session::from_log(recording.setup(), recording.entries());
    }
}

#[test]
fn recording_is_read_up_to_its_first_defect() {
    let error =
        read_error(&truncated_race(1, br#"{"run":0,"at":1,"lane":0,"event":"queued","tasks":3}"#));
    assert_eq!(error, "run.jsonl contains no runs: line 2 comes before the first run");
    assert_eq!(read_error(&truncated_race(1, b"")), "run.jsonl contains no runs");
    let (line, why, _) = read_defect(&[truncated_race(9, b""), race_bytes()].concat());
    assert_eq!((line, why), (10, DefectKind::SecondHeader));
    for invalid in
        [&b"\xff\xfe\n"[..], b"\n", b"{\"at\":-1}\n", b"[[[[[[[\n", b"{\"begin\":\"race\"}\n"]
    {
        let (line, why, recording) = read_defect(&truncated_race(5, invalid));
        assert!(
            matches!((line, &why), (6, DefectKind::InvalidJson | DefectKind::Unknown)),
            "{line} {why:?}"
        );
        let error = RecordingDefect { line, why }.to_string();
        assert!(error.matches("line").count() == 1 && !error.contains("struct"), "{error}");
        assert_eq!(recording.entries().len(), 4);
    }
    let file = String::from_utf8(truncated_race(2, b"")).unwrap();
    let start = file.lines().nth(1).unwrap();
    for (from, to) in
        [("\"per_page\":2", "\"per_page\":0"), ("\"tasks\":8", "\"tasks\":1000000000")]
    {
        let invalid = start.replace(from, to);
        assert_eq!(read_defect(&truncated_race(5, invalid.as_bytes())).1, DefectKind::Impossible);
    }
}

#[test]
fn impossible_events_do_not_break_the_replay() {
    let impossible = [
        r#"{"run":0,"at":0,"lane":65535,"event":"started","task":1}"#,
        r#"{"run":0,"at":0,"lane":0,"event":"queued","tasks":1000000000}"#,
        r#"{"run":0,"at":9000000,"lane":0,"event":"started","task":4294967295}"#,
    ];
    let (.., recording) = read_defect(&truncated_race(6, impossible.join("\n").as_bytes()));
    assert_eq!(recording.entries().len(), 8);
    Session::from_log(recording.setup(), recording.entries());
}

#[test]
fn texts_of_a_recording_are_escaped() {
    let hostile = r"\u001b[2J\u202e";
    let file = String::from_utf8(race_bytes()).unwrap();
    let file =
        file.replace("aaronlelevier", hostile).replace("\"nowhere\"", &format!("\"{hostile}\""));
    let failed = format!(
        r#"{{"run":1,"at":9,"lane":0,"event":"run_finished","end":{{"failed":{{"kind":"server","message":"{hostile}"}}}}}}"#
    );
    let recording = read_complete(
        (file.lines().take(12).collect::<Vec<_>>().join("\n") + "\n" + &failed).as_bytes(),
    );
    let target = recording.setup().target.clone().unwrap();
    let escaped = r"\u{1b}[2J\u{202e}";
    assert_eq!((target.user.as_str(), target.api.as_str()), (escaped, escaped));
    for entry in recording.entries() {
        let text = match entry {
            LogEntry::Start(start) => start.setup.target.clone().unwrap().user,
            LogEntry::Event { event, .. } => match &event.kind {
                EventKind::RunStarted { plan } => plan.work.target().unwrap().user.clone(),
                EventKind::RunFinished { outcome: RunOutcome::Failed(failure), .. } => {
                    failure.message.clone()
                }
                _ => continue,
            },
        };
        assert_eq!(text, escaped);
    }
}

/// Returns the message for a race's recording that ends after `lines` lines.
fn truncation_message(lines: usize) -> String {
    let (line, why, _) = read_defect(&truncated_race(lines, b""));
    assert!(matches!(why, DefectKind::Unfinished(_)), "{why:?}");
    RecordingDefect { line, why }.to_string()
}

#[test]
fn truncated_recording_names_the_stage_at_its_end() {
    let file = String::from_utf8(race_bytes()).unwrap();
    let run_ends: Vec<usize> = (1..)
        .zip(file.lines())
        .filter(|(_, line)| line.contains("\"run_finished\""))
        .map(|(number, _)| number)
        .collect();
    let [sequential, threads] = run_ends.try_into().unwrap();
    for (lines, stage) in [
        (2, "before sequential started"),
        (3, "during sequential"),
        (sequential - 1, "during sequential"),
        (sequential, "before threads (no GIL) started"),
        (threads - 1, "during threads (no GIL)"),
    ] {
        assert_eq!(truncation_message(lines), format!("the recording ends here, {stage}"));
    }
}

#[test]
fn times_that_go_back_on_a_lane_or_exceed_a_year_are_defects() {
    let (year, day) = (365 * 86_400_000_000_000_u64, 86_400_000_000_000);
    let entered = |at: u64, lane: u16| {
        format!(r#"{{"run":0,"at":{at},"lane":{lane},"event":"entered","state":"waiting"}}"#)
    };
    let read_with =
        |events: &[String]| read_defect(&truncated_race(9, events.join("\n").as_bytes()));
    let (line, why, recording) =
        read_with(&[entered(day, 0), entered(day - 1, 0), entered(day, 0)]);
    assert_eq!((line, &why, recording.entries().len()), (11, &DefectKind::TimeReversed, 9));
    let error = RecordingDefect { line, why }.to_string();
    assert!(error.starts_with("line 11: its time is before the lane's previous event;"), "{error}");
    // Lanes run in parallel, so the events of different lanes may be out of order.
    let (_, why, recording) = read_with(&[entered(day, 0), entered(day - 1, 1), entered(year, 0)]);
    assert_eq!((recording.entries().len(), matches!(why, DefectKind::Unfinished(_))), (11, true));
    for at in [year + 1, u64::MAX] {
        assert_eq!(read_with(&[entered(at, 0)]).1, DefectKind::TooLate);
    }
}

#[test]
fn byte_order_mark_is_skipped() {
    let file = [b"\xEF\xBB\xBF", race_bytes().as_slice()].concat();
    assert_eq!(read_complete(&file).entries(), read_complete(&race_bytes()).entries());
}

/// Yields this many spaces, without a line break.
struct EndlessReader(u64);

impl Read for EndlessReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = (buf.len() as u64).min(self.0) as usize;
        buf[..count].fill(b' ');
        self.0 -= count as u64;
        Ok(count)
    }
}

#[test]
fn line_of_a_gigabyte_is_a_defect() {
    let file = truncated_race(3, b"");
    let endless = BufReader::new(file.as_slice().chain(EndlessReader(1 << 30)));
    let recording = read_recording("run.jsonl", endless).unwrap();
    let defect = recording.defect().unwrap();
    assert_eq!((defect.line, &defect.why), (4, &DefectKind::TooLong));
    assert_eq!(defect.to_string(), "line 4 is too long; showing what comes before it");
    assert!(
        read_error(b"").len() > 1
            && read_recording("x", BufReader::new(EndlessReader(1 << 30))).is_err()
    );
}
