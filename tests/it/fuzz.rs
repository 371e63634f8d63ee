//! Fuzzes the parsers of external input: Link headers, bodies, event lines, recordings, and the
//! bytes of a terminal.
//!
//! Every mutated input must be read or refused without a panic. Run more cases than the default
//! with `FUZZ_CASES=10000000 cargo test --release --test it fuzz::`; a failure shows its seed, and
//! `FUZZ_SEED` sets the first one.

mod recordings;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use threadline::run::read_recording;

use fastrand::Rng;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reqwest::header::{HeaderMap, HeaderValue, LINK};
use threadline::app::playback::PlaybackSpeed;
use threadline::app::{App, Msg, Options, Session};
use threadline::github::page_links;
use threadline::model::plan::MAX_TASKS;
use threadline::model::printable::printable;
use threadline::model::{
    ComputeSpec, Event, EventKind, FollowerPage, LaneId, LogEntry, Mode, Nanos, Plan, Run, RunId,
    RunOutcome, Selection, SelectionStart, Setup, Target, WorkSpec, Workload,
};
use threadline::source::recording;
#[cfg(unix)]
use threadline::terminal::TerminalInput;
use threadline::terminal::decoder::Decoder;
use url::Url;

use crate::samples;

/// Returns the number in an environment variable, or the default.
fn number_from_env(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Calls `check` with a mutated text for each case: one of `texts`, with `tokens` inserted.
fn fuzz(texts: &[&str], tokens: &[&str], check: impl Fn(&[u8])) {
    let first = number_from_env("FUZZ_SEED", 0);
    for seed in first..first + number_from_env("FUZZ_CASES", 20_000) {
        let mut random = Rng::with_seed(seed);
        let text = mutate(random.choice(texts).unwrap(), tokens, &mut random);
        let checked = catch_unwind(AssertUnwindSafe(|| check(&text)));
        assert!(checked.is_ok(), "FUZZ_SEED={seed}: {}", String::from_utf8_lossy(&text));
    }
}

/// Returns a text with up to eight mutations.
fn mutate(text: &str, tokens: &[&str], random: &mut Rng) -> Vec<u8> {
    let mut text = text.as_bytes().to_vec();
    for _ in 0..random.u8(0..=8) {
        let start = random.usize(0..=text.len());
        let end = random.usize(start..=text.len().min(start + 40));
        let from = random.usize(0..=text.len());
        let copied = text[from..text.len().min(from + 40)].to_vec();
        let replacement = match random.u8(0..5) {
            0 => Vec::new(),
            1 => random.choice(tokens).unwrap().as_bytes().to_vec(),
            2 => copied,
            3 => text[start..end].repeat(2),
            _ => (0..random.u8(1..9)).map(|_| random.u8(..)).collect(),
        };
        text.splice(start..end, replacement);
    }
    text
}

#[test]
fn mutated_link_header_is_refused_or_has_valid_page_numbers() {
    let base = Url::parse("https://api.github.com/").unwrap();
    let texts = [
        "<https://api.github.com/user/48685/followers?page=1>; rel=\"prev\", \
         <https://api.github.com/user/48685/followers?page=3>; rel=\"next\", \
         <https://api.github.com/user/48685/followers?page=29>; rel=\"last\", \
         <https://api.github.com/user/48685/followers?page=1>; rel=\"first\"",
        "<https://api.github.com/user/1/followers?per_page=30&page=9>; rel=last,\
         </user/1/followers?page=2&per_page=30>; title=\"a,b\"; REL=\"next\"",
    ];
    let tokens = [
        "<",
        ">",
        ";",
        ",",
        "\"",
        "rel=",
        "rel=\"next last\"",
        "page=",
        "&page=400001",
        "page=-1",
        "?",
        "https://evil.example/",
        "//",
        "javascript:",
        "@evil.example",
        ":444",
        "%",
        "\u{202e}",
        "[::1]",
    ];
    fuzz(&texts, &tokens, |text| {
        let text = String::from_utf8_lossy(text);
        let Ok(header) = HeaderValue::from_str(&text) else { return };
        let headers = HeaderMap::from_iter([(LINK, header)]);
        let Ok(links) = page_links::parse_links(&headers, &base) else { return };
        for page in [links.next, links.last].into_iter().flatten() {
            assert!((1..=MAX_TASKS).contains(&page));
        }
    });
}

#[test]
fn mutated_body_is_refused_or_round_trips() {
    let texts = [
        r#"[{"login":"a","id":1,"html_url":"https://github.com/a","type":"User","x":[{},null,1e9]}]"#,
        r#"[{"id":18446744073709551615,"login":"\u001b[2J\u202e\ud83e\udd80","html_url":""},
            {"html_url":"https://github.com/b","login":"b","id":0,"site_admin":false}]"#,
        "[]",
    ];
    let tokens = [
        "[",
        "]",
        "{",
        "}",
        "\"",
        ",",
        ":",
        "\\u",
        "\\ud800",
        "null",
        "-1",
        "1e400",
        "id",
        "\"id\":",
        "99999999999999999999",
        "\"login\":",
        "\0",
        "\u{9b}",
        "<html>",
        "[[[[[[[[",
        "{\"a\":",
    ];
    fuzz(&texts, &tokens, |text| {
        let Ok(page) = serde_json::from_slice::<FollowerPage>(text) else { return };
        assert_eq!(page.iter().count(), page.len());
        for follower in page.iter() {
            assert!(!printable(&follower.login).chars().any(char::is_control));
        }
        let again = serde_json::to_vec(&page).unwrap();
        let again: FollowerPage = serde_json::from_slice(&again).unwrap();
        assert!(page.iter().eq(again.iter()));
    });
}

/// The tokens of event lines.
const EVENT_TOKENS: [&str; 22] = [
    "18446744073709551615",
    "-1",
    "65535",
    "4294967295",
    "400000",
    "\"event\":\"started\"",
    "{",
    "}",
    "\"",
    "null",
    "stopped",
    "failed",
    "error",
    ":",
    "no_more",
    "idle",
    "[]",
    "\"lane\":2",
    "computing",
    "gil",
    "processes",
    "\"tasks\":0",
];

#[test]
fn mutated_event_line_is_refused_or_applies_to_any_run() {
    let target = Target {
        user: "octocat".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let commands = WorkSpec::Commands { commands: vec!["true".to_owned(); 4].into() };
    let compute = ComputeSpec::default();
    let plans = [
        Plan::new(WorkSpec::Followers(target), Mode::Threads, 3, 4),
        Plan::new(WorkSpec::Mixed(compute), Mode::Gil, 3, 4),
        Plan::new(WorkSpec::Cpu(compute), Mode::Processes, 3, 4),
        Plan::new(commands, Mode::Threads, 3, 4),
    ];
    let lines: Vec<String> =
        samples::events().iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let started = EventKind::TaskStarted { task: samples::TASK };
    let before = Event { at: Nanos(7), lane: LaneId(1), kind: started };
    fuzz(&lines, &EVENT_TOKENS, |text| {
        let Ok(event) = serde_json::from_slice::<Event>(text) else { return };
        for plan in &plans {
            let mut run = Run::opened(plan.clone());
            for event in [&before, &event, &event, &before] {
                run.apply(event);
                assert!(
                    run.timing().in_flight() <= 3
                        && run.progress().done_tasks() <= run.progress().known_tasks()
                );
                assert!(run.queued_tasks() <= run.progress().known_tasks());
            }
            assert_run_invariants(&run);
        }
    });
}

/// Asserts the invariants of a run.
fn assert_run_invariants(run: &Run) {
    let until = run.elapsed(Nanos(100));
    for lane in run.lanes() {
        assert!(lane.cells(Nanos::ZERO, Nanos(5), 40, until).count() <= 40);
        assert_eq!(lane.state_times_between(Nanos::ZERO, until).total(), until.0);
    }
    assert_eq!(run.followers().count() as u64, run.progress().result_count());
    assert_eq!(run.tasks().iter().count() as u32, run.started_tasks());
    let shares =
        run.gil().map(|gil| [gil.held_share(until), gil.share_between(Nanos(3), until).share]);
    assert!(shares.into_iter().flatten().all(|share| (0.0..=1.0).contains(&share)));
}

/// Returns recordings that together have every kind of event; each has a run under a GIL, then a
/// run of followers.
fn recordings_of_every_kind() -> Vec<String> {
    let is_start_or_end = |kind: &EventKind| {
        matches!(kind, EventKind::RunStarted { .. } | EventKind::RunFinished { .. })
    };
    let kinds: Vec<EventKind> =
        samples::kinds().into_iter().filter(|kind| !is_start_or_end(kind)).collect();
    kinds.chunks(6).map(recording_of).collect()
}

fn recording_of(kinds: &[EventKind]) -> String {
    let setup = Setup { workers: Some(3), ..Setup::commands(samples::commands(), 3) };
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let followers = Selection::race(Workload::Followers);
    let logged = |run, event| LogEntry::Event { run, event };
    let event = |at, kind| Event { at: Nanos(at), lane: LaneId(1), kind };
    let mut entries = Vec::new();
    for (selection, mode) in [(gil, Mode::Gil), (followers, Mode::Threads)] {
        let start = SelectionStart { selection, setup: setup.clone(), pages: Some(3) };
        let fits = |plan: &Plan| plan.workload() == selection.workload && plan.mode == mode;
        let plan = samples::plans().into_iter().find(fits).unwrap();
        entries.push(LogEntry::Start(Arc::new(start)));
        let opening = plan.opening().map(|(lane, kind)| Event { at: Nanos::ZERO, lane, kind });
        let run = RunId(u16::from(mode == Mode::Threads));
        entries.extend(opening.map(|event| logged(run, event)));
        entries.push(logged(run, event(1, EventKind::TaskStarted { task: samples::TASK })));
        entries.extend((2..).zip(kinds).map(|(at, kind)| logged(run, event(at, kind.clone()))));
        let end = EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None };
        entries.push(logged(run, event(90, end)));
    }
    let mut file = Vec::new();
    recording::write(&setup, &entries, &mut file).unwrap();
    String::from_utf8(file).unwrap()
}

#[test]
fn mutated_recording_is_refused_or_round_trips_and_replays() {
    let tokens =
        ["\n", "\"begin\":", "\"race\"", "\"sequential\"", "\"pages\":400000", "\"workers\":1000"];
    let tokens: Vec<&str> = tokens.into_iter().chain(EVENT_TOKENS).collect();
    let recordings = recordings_of_every_kind();
    for text in &recordings {
        let read = read_recording("a file", text.as_bytes()).unwrap();
        assert_eq!((read.entries().len(), read.defect()), (text.lines().count() - 1, None));
    }
    let recordings: Vec<&str> = recordings.iter().map(String::as_str).collect();
    fuzz(&recordings, &tokens, |text| {
        let Ok(recording) = read_recording("a file", text) else { return };
        let session = Session::from_log(recording.setup(), recording.entries());
        session.all_runs().for_each(assert_run_invariants);
        let mut again = Vec::new();
        recording::write(recording.setup(), recording.entries(), &mut again).unwrap();
        let copy = read_recording("a file", again.as_slice()).unwrap();
        assert_eq!(copy.entries(), recording.entries());
        let (setup, entries) = recording.into_parts();
        let mut app = App::for_replay(
            setup,
            entries,
            Options { speed: PlaybackSpeed::default(), ..Options::default() },
        );
        app.start();
        for (now, key) in (0..).zip(" ))))((]]][[r3>1w((".chars()) {
            app.update(Msg::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)));
            app.update(Msg::Frame { now: Nanos(now), columns: 80 });
        }
    });
}

/// The byte sequences that terminals send, and their keys as characters.
#[cfg(unix)]
const TERMINAL_INPUT: [(&str, &str); 22] = [
    ("q", "q"),
    ("[", "["),
    ("\\", "\\"),
    ("11;rgb:?c", "11;rgb:?c"),
    ("\u{e9}\u{65e5}\u{1f600}", "\u{e9}\u{65e5}\u{1f600}"),
    ("\t\r\u{7f}", "⇥⏎⌫"),
    ("\x03", "c"),
    ("\x1b[A\x1bOB\x1b[1;5C", "↑↓→"),
    ("\x1b[5~\x1b[H\x1b[Z", "⇞⇱⇤"),
    ("\x1bq", ""),
    ("\x1b[15~\x1b[[A\x1b[97;5u", ""),
    ("\x1b]11;rgb:1e1e/1e1e/1e1e\x07", ""),
    ("\x1b]11;rgba:f/f/f/f\x1b\\", ""),
    ("\x1b]0;q\x07", ""),
    ("\x1bPq\x1b\\", ""),
    ("\x1b[?62;22c", ""),
    ("\x1b[>0;276;0c", ""),
    ("\x1b[10;10R\x1b[8;36;120t", ""),
    ("\x1b[<0;10;10M\x1b[<64;5;6M", ""),
    ("\x1b[Mqqq", ""),
    ("\x1b[I\x1b[O", ""),
    ("\x1b[200~q\x03x\x1b[A\x1b]q\x1b[201~", ""),
];

/// Returns the character that stands for a key.
#[cfg(unix)]
fn key_char(input: TerminalInput) -> Option<char> {
    let TerminalInput::Key(key) = input else { return None };
    Some(match key.code {
        KeyCode::Char(c) => c,
        KeyCode::Tab => '⇥',
        KeyCode::BackTab => '⇤',
        KeyCode::Enter => '⏎',
        KeyCode::Backspace => '⌫',
        KeyCode::Esc => '⎋',
        KeyCode::Up => '↑',
        KeyCode::Down => '↓',
        KeyCode::Right => '→',
        KeyCode::PageUp => '⇞',
        KeyCode::Home => '⇱',
        _ => '?',
    })
}

/// Returns a decoder, which expects replies from the terminal or not.
#[cfg(unix)]
fn decoder(expects_answers: bool) -> Decoder {
    let mut decoder = Decoder::default();
    if expects_answers {
        decoder.expect_answers();
    }
    decoder
}

#[cfg(unix)]
#[test]
fn terminal_input_decodes_the_same_in_pieces_and_never_swallows_ctrl_c() {
    let texts = TERMINAL_INPUT
        .chunks(4)
        .map(|sequences| sequences.iter().map(|(bytes, _)| *bytes).collect::<String>());
    let texts: Vec<String> = texts.collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let tokens =
        ["\x1b", "\x1b[", "\x1b]11;", "\x1b[200~", "\x1b\\", "\x07", ";", "65535", "[M", "\0"];
    fuzz(&texts, &tokens, |bytes| {
        for expects_answers in [false, true] {
            let mut whole_decoder = decoder(expects_answers);
            let inputs = whole_decoder.decode(bytes);
            for size in [1, 5] {
                let mut piece_decoder = decoder(expects_answers);
                let decoded = bytes.chunks(size).flat_map(|piece| piece_decoder.decode(piece));
                assert!(decoded.eq(inputs.iter().copied()), "in pieces of {size}");
            }
            let mut last = whole_decoder.decode(b"\x03");
            last.extend(whole_decoder.flush());
            let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
            assert_eq!(last.last(), Some(&TerminalInput::Key(interrupt)));
            assert_eq!(whole_decoder.decode(b"q"), [TerminalInput::Key(KeyCode::Char('q').into())]);
        }
    });
}

/// Each sequence is split at a random position, and may be followed by the Escape key and a pause.
#[cfg(unix)]
#[test]
fn complete_sequences_decode_to_exactly_their_keys() {
    let first = number_from_env("FUZZ_SEED", 0);
    for seed in first..first + number_from_env("FUZZ_CASES", 20_000) {
        let mut random = Rng::with_seed(seed);
        let mut decoder = decoder(random.bool());
        let (mut inputs, mut sent, mut expected) = (Vec::new(), String::new(), String::new());
        for _ in 0..random.u8(1..20) {
            let (bytes, keys) = random.choice(&TERMINAL_INPUT).unwrap();
            let (before, after) = bytes.as_bytes().split_at(random.usize(0..=bytes.len()));
            inputs.extend([decoder.decode(before), decoder.decode(after)].concat());
            sent.push_str(bytes);
            expected.push_str(keys);
            assert_eq!(decoder.timeout(), None, "FUZZ_SEED={seed}: {sent:?}");
            if random.bool() {
                inputs.extend(decoder.decode(b"\x1b"));
                while decoder.timeout().is_some() {
                    inputs.extend(decoder.flush());
                }
                sent.push_str("\x1b ");
                expected.push('⎋');
            }
        }
        let pressed: String = inputs.into_iter().filter_map(key_char).collect();
        assert_eq!(pressed, expected, "FUZZ_SEED={seed}: {sent:?}");
    }
}
