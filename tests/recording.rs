//! Recordings as files: what was a sitting comes out of one the same; and files that are none, or not
//! whole, or out to do harm.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::io::{self, BufReader, Read};

use threadline::app::Session;
use threadline::app::session::{LogEntry, Setup};
use threadline::model::{
    Event, EventKind, LaneId, Mode, Nanos, Plan, RunOutcome, Selection, Target, TaskId,
    TaskOutcome, Workload,
};
use threadline::recording::{
    self, DefectKind, ReadRecordingError, Recording, RecordingDefect, read,
};

/// What a profile's request and a page's bring, in the order of the pages.
const PROFILE: &str =
    r#"{"done":{"answer":null,"product":{"profile":{"login":"aaronlelevier","followers":3}}}}"#;
const PAGES: [&str; 2] = [
    r#"{"done":{"answer":null,"product":{"followers":[{"id":1,"login":"a","html_url":"b/a"},{"id":2,"login":"c","html_url":"b/c"}]}}}"#,
    r#"{"done":{"answer":null,"product":{"followers":[{"id":3,"login":"d","html_url":"b/d"}]}}}"#,
];

/// A finished race of two pages.
fn new_session() -> Session {
    let target = Target {
        user: "aaronlelevier".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 2,
        costs_quota: false,
    };
    let mut session = Session::new(Setup::followers(target, None)).with_log_buffer();
    let mut next = session.start_selection(Selection::race(Workload::Followers));
    while let Some(plan) = next {
        next = run(&mut session, plan);
    }
    session
}

/// Runs a plan, a task after another; returns what comes next.
fn run(session: &mut Session, plan: Plan) -> Option<Plan> {
    let outcomes = if plan.workload() == Workload::Profile { &[PROFILE][..] } else { &PAGES };
    let mut kinds = vec![EventKind::TaskCountChanged { tasks: plan.tasks }];
    for (task, outcome) in (1..).zip(outcomes) {
        let (task, outcome) = (TaskId(task), serde_json::from_str::<TaskOutcome>(outcome).unwrap());
        kinds.extend([EventKind::TaskStarted { task }, EventKind::TaskFinished { task, outcome }]);
    }
    kinds.insert(0, EventKind::RunStarted { plan });
    kinds.push(EventKind::RunFinished { outcome: RunOutcome::Finished });
    let mut next = None;
    for (at, kind) in (0..).zip(kinds) {
        next = session.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(0), kind });
    }
    next
}

/// A sitting's recording, as the bytes of its file.
fn recorded(session: &Session) -> Vec<u8> {
    let mut file = Vec::new();
    recording::write(session.setup(), session.log_entries(), &mut file).unwrap();
    file
}

/// The recording that a file is, which is whole.
fn opened(file: &[u8]) -> Recording {
    let recording = read("a file", file).unwrap();
    assert_eq!(recording.defect(), None);
    recording
}

fn race() -> Vec<u8> {
    recorded(&new_session())
}

/// The first so many lines of a race's recording, and what follows them.
fn begun(lines: usize, then: &[u8]) -> Vec<u8> {
    let file = race();
    let mut begun = file.split_inclusive(|&byte| byte == b'\n').take(lines).collect::<Vec<_>>();
    begun.push(then);
    begun.concat()
}

fn refused(file: &[u8]) -> String {
    read("run.jsonl", file).unwrap_err().to_string()
}

/// Where a recording ends, and why.
fn read_defect(file: &[u8]) -> (u64, DefectKind, Recording) {
    let recording = read("run.jsonl", file).unwrap();
    let defect = recording.defect().expect("a flaw").clone();
    (defect.line, defect.why, recording)
}

#[test]
fn a_recording_replays_the_whole_session() {
    let session = new_session();
    let recording = opened(&recorded(&session));
    assert_eq!((recording.entries(), recording.setup()), (session.log_entries(), session.setup()));
    let race = Selection::race(Workload::Followers);
    assert_eq!(recording.last_selection(), race);
    let runs = recording.last_runs();
    assert_eq!(
        runs.iter().map(|run| run.plan().mode).collect::<Vec<_>>(),
        [Mode::Sequential, Mode::Threads]
    );
    for (run, live) in runs.iter().zip(session.runs(race)) {
        assert_eq!(run.duration(), live.duration());
        assert!(run.followers().eq(live.followers()));
    }
}

/// A recording acts on no terminal that it is printed on, whatever logins and outputs have in them.
#[test]
fn a_recording_has_no_character_that_a_terminal_acts_on() {
    let file = String::from_utf8(race()).unwrap();
    let evil =
        r"\u007f\u0085\u009b31m\u200b\u200d\u2060\u202e\u2066\ufeff\udb40\udc41\u001b[2Jé日本🦀";
    let file = file.replace("\"a\"", &format!("\"{evil}\"")).replace("aaronlelevier", "é\u{9b}");
    let recording = opened(file.as_bytes());
    let mut again = Vec::new();
    recording::write(recording.setup(), recording.entries(), &mut again).unwrap();
    let printable = |byte: &u8| (b' '..=b'~').contains(byte) || *byte == b'\n';
    assert!(again.iter().all(printable), "{}", String::from_utf8_lossy(&again));
    assert_eq!(opened(&again).entries(), recording.entries());
    let login: String = serde_json::from_str(&format!("\"{evil}\"")).unwrap();
    let runs = recording.last_runs();
    assert!(runs[0].followers().any(|follower| *follower.login == *login));
}

/// The first selections of a long sitting are not kept.
#[test]
fn a_selection_needs_nothing_of_those_before_it() {
    let mut session = new_session();
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let mut next = session.start_selection(threads);
    while let Some(plan) = next {
        next = run(&mut session, plan);
    }
    let begins = |entry: &LogEntry| matches!(entry, LogEntry::Start(_));
    let later = session.log_entries().iter().rposition(begins).unwrap();
    let mut file = Vec::new();
    recording::write(session.setup(), &session.log_entries()[later..], &mut file).unwrap();
    let again = opened(&file).replay_session();
    let [run] = again.runs(threads) else { unreachable!("one mode is one run") };
    assert!(run.is_complete() && run.follower_count() == 3);
}

#[test]
fn what_is_no_recording_is_refused_in_a_sentence() {
    assert!(refused(b"").starts_with("run.jsonl is empty"));
    for foreign in [
        &b"\n"[..],
        b"{}",
        b"null\n",
        b"\xff\xfe\x00",
        b"[{\"name\":\"process_name\",\"ph\":\"M\"},\n",
        b"{\"format\":\"asciicast\",\"version\":1,\"events\":3,\"setup\":{}}\n",
    ] {
        let said = refused(foreign);
        assert!(said.starts_with("run.jsonl is not a threadline recording"), "{said}");
    }
    let header = r#"{"format":"threadline.recording","version":1,"events":3,"setup":{}}"#;
    assert!(refused(header.as_bytes()).starts_with("cannot use the header of run.jsonl"));
    assert!(refused(&race()[..90]).contains("it is cut off"));
    let folder = threadline::recording::open(&std::env::temp_dir()).unwrap_err();
    assert!(matches!(folder, ReadRecordingError::Unreadable { .. }), "{folder}");
}

#[test]
fn another_version_is_named() {
    for (from, to) in [("\"version\":1", "\"version\":9"), ("\"events\":3", "\"events\":9")] {
        let file = String::from_utf8(race()).unwrap().replacen(from, to, 1);
        let said = refused(file.as_bytes());
        assert!(said.contains("version 9") && said.contains("replay it with"), "{said}");
    }
    // Whatever else a later header may have, or lack.
    let later = refused(br#"{"format":"threadline.recording","version":2}"#);
    assert!(later.contains("version 2"), "{later}");
}

#[test]
fn a_key_that_is_not_known_is_left_out() {
    let file = String::from_utf8(race()).unwrap();
    let more = file.replace("{\"at\":", "{\"later\":[{}],\"at\":").replacen(
        "\"format\"",
        "\"host\":\"elsewhere\",\"format\"",
        1,
    );
    assert_eq!(opened(more.as_bytes()).entries(), opened(file.as_bytes()).entries());
}

#[test]
fn a_recording_opens_wherever_it_is_cut_off() {
    let file = race();
    let header = file.iter().position(|&byte| byte == b'\n').unwrap();
    let all = opened(&file).entries().len();
    let begun = header + 1 + file[header + 1..].iter().position(|&byte| byte == b'\n').unwrap();
    for cut in (begun..file.len()).step_by(97) {
        let (file, lines) = (&file[..cut], file[..cut].split(|&byte| byte == b'\n').count());
        let recording = read("run.jsonl", file).unwrap();
        let kept = recording.entries().len();
        assert!(kept <= all && kept + 1 >= lines - 1, "{kept} of {lines} lines");
        let RecordingDefect { why, line } = recording.defect().expect("it is not whole").clone();
        match why {
            DefectKind::Unfinished(_) => assert_eq!(line as usize, kept + 1),
            why => assert_eq!((why, line as usize), (DefectKind::Truncated, lines)),
        }
        recording.replay_session();
    }
}

#[test]
fn a_recording_is_opened_up_to_what_cannot_be() {
    let said = refused(&begun(1, br#"{"at":1,"lane":0,"event":"put","tasks":3}"#));
    assert_eq!(said, "run.jsonl contains no runs: line 2 comes before the first run");
    assert_eq!(refused(&begun(1, b"")), "run.jsonl contains no runs");
    let (line, why, _) = read_defect(&[begun(9, b""), race()].concat());
    assert_eq!((line, why), (10, DefectKind::SecondHeader));
    for bad in
        [&b"\xff\xfe\n"[..], b"\n", b"{\"at\":-1}\n", b"[[[[[[[\n", b"{\"begin\":\"race\"}\n"]
    {
        let (line, why, recording) = read_defect(&begun(5, bad));
        assert!(
            matches!((line, &why), (6, DefectKind::InvalidJson | DefectKind::Unknown)),
            "{line} {why:?}"
        );
        let said = RecordingDefect { line, why }.to_string();
        assert!(said.matches("line").count() == 1 && !said.contains("struct"), "{said}");
        assert_eq!(recording.entries().len(), 4);
    }
    let file = String::from_utf8(begun(2, b"")).unwrap();
    let beginning = file.lines().nth(1).unwrap();
    for (from, to) in
        [("\"per_page\":2", "\"per_page\":0"), ("\"tasks\":8", "\"tasks\":1000000000")]
    {
        let bad = beginning.replace(from, to);
        assert_eq!(read_defect(&begun(5, bad.as_bytes())).1, DefectKind::Impossible);
    }
}

#[test]
fn what_cannot_happen_changes_nothing() {
    let impossible = [
        r#"{"at":0,"lane":65535,"event":"started","task":1}"#,
        r#"{"at":0,"lane":0,"event":"queued","tasks":1000000000}"#,
        r#"{"at":9000000,"lane":0,"event":"started","task":4294967295}"#,
    ];
    let (.., recording) = read_defect(&begun(6, impossible.join("\n").as_bytes()));
    assert_eq!(recording.entries().len(), 8);
    recording.replay_session();
}

#[test]
fn what_a_file_says_is_safe_to_print() {
    let evil = r"\u001b[2J\u202e";
    let file = String::from_utf8(race()).unwrap();
    let file =
        file.replace("aaronlelevier", evil).replace("\"built-in server\"", &format!("\"{evil}\""));
    let failed = format!(
        r#"{{"at":9,"lane":0,"event":"run_finished","end":{{"failed":{{"kind":"server","message":"{evil}"}}}}}}"#
    );
    let recording =
        opened((file.lines().take(12).collect::<Vec<_>>().join("\n") + "\n" + &failed).as_bytes());
    let target = recording.setup().target.clone().unwrap();
    let safe = r"\u{1b}[2J\u{202e}";
    assert_eq!((target.user.as_str(), target.api.as_str()), (safe, safe));
    for entry in recording.entries() {
        let printed = match entry {
            LogEntry::Start(begun) => begun.setup.target.clone().unwrap().user,
            LogEntry::Event(event) => match &event.kind {
                EventKind::RunStarted { plan } => plan.work.target().unwrap().user.clone(),
                EventKind::RunFinished { outcome: RunOutcome::Failed(failure) } => {
                    failure.message.clone()
                }
                _ => continue,
            },
        };
        assert_eq!(printed, safe);
    }
}

/// The first so many lines of a race's recording, and the sentence on where it ends.
fn ends(lines: usize) -> String {
    let (line, why, _) = read_defect(&begun(lines, b""));
    assert!(matches!(why, DefectKind::Unfinished(_)), "{why:?}");
    RecordingDefect { line, why }.to_string()
}

#[test]
fn a_recording_that_ends_early_says_where() {
    let file = String::from_utf8(race()).unwrap();
    let ended: Vec<usize> = (1..)
        .zip(file.lines())
        .filter(|(_, line)| line.contains("\"run_finished\""))
        .map(|(number, _)| number)
        .collect();
    let [profile, sequential, threads] = ended.try_into().unwrap();
    for (lines, stage) in [
        (2, "before the first request"),
        (profile - 1, "during the first request"),
        (profile, "before sequential started"),
        (profile + 1, "during sequential"),
        (sequential - 1, "during sequential"),
        (sequential, "before threads started"),
        (threads - 1, "during threads"),
    ] {
        assert_eq!(ends(lines), format!("the recording ends here, {stage}"));
    }
}

#[test]
fn a_lane_never_goes_back_and_a_run_never_lasts_for_years() {
    let (year, day) = (365 * 86_400_000_000_000_u64, 86_400_000_000_000);
    let entered = |at: u64, lane: u16| {
        format!(r#"{{"at":{at},"lane":{lane},"event":"entered","state":"waiting"}}"#)
    };
    let lines = |lines: &[String]| read_defect(&begun(8, lines.join("\n").as_bytes()));
    let (line, why, recording) = lines(&[entered(day, 0), entered(day - 1, 0), entered(day, 0)]);
    assert_eq!((line, &why, recording.entries().len()), (10, &DefectKind::TimeReversed, 8));
    let said = RecordingDefect { line, why }.to_string();
    assert!(said.starts_with("line 10: its time is before the lane's previous event;"), "{said}");
    // Lanes tell at once, and any of them may be heard first.
    let (_, why, recording) = lines(&[entered(day, 0), entered(day - 1, 1), entered(year, 0)]);
    assert_eq!((recording.entries().len(), matches!(why, DefectKind::Unfinished(_))), (10, true));
    for at in [year + 1, u64::MAX] {
        assert_eq!(lines(&[entered(at, 0)]).1, DefectKind::TooLate);
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let file = [b"\xEF\xBB\xBF", race().as_slice()].concat();
    assert_eq!(opened(&file).entries(), opened(&race()).entries());
}

/// Says so many bytes that a line never ends with.
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
fn a_line_of_a_gigabyte_is_not_kept() {
    let file = begun(3, b"");
    let endless = BufReader::new(file.as_slice().chain(EndlessReader(1 << 30)));
    let recording = read("run.jsonl", endless).unwrap();
    let defect = recording.defect().unwrap();
    assert_eq!((defect.line, &defect.why), (4, &DefectKind::TooLong));
    assert_eq!(defect.to_string(), "line 4 is too long; showing what comes before it");
    assert!(refused(b"").len() > 1 && read("x", BufReader::new(EndlessReader(1 << 30))).is_err());
}
