//! What the program says of every class of fault, which exit code it has, and what it keeps.

use std::thread::{self, Builder};

use threadline::github::server::Server;

use super::builtin_server::faulty;
use super::{CliOutput, asking_quick, run_to_end};

/// How a fault ends that is met in the list's third page.
struct ExitCase {
    fault: &'static str,
    args: &'static [&'static str],
    code: i32,
    words: &'static str,
}

const fn case(fault: &'static str, code: i32, words: &'static str) -> ExitCase {
    ExitCase { fault, args: &["--retries", "0", "--max-wait", "0s"], code, words }
}

const AGAIN: &[&str] = &["--retries", "1"];

/// The faults that cost a page, or nothing.
const PAGES: [ExitCase; 19] = [
    ExitCase { args: AGAIN, ..case(r#""status","status":502"#, 0, "") },
    ExitCase { args: AGAIN, ..case(r#""reset_in_body""#, 0, "") },
    ExitCase {
        args: AGAIN,
        ..case(
            r#""truncated_json","times":0"#,
            6,
            "gave up after 2 attempts: 127.0.0.1:PORT sent an unexpected answer for \
             page 3 (",
        )
    },
    case(r#""status","status":500"#, 6, "answered page 3 with 500: Server Error; try again later"),
    case(r#""status","status":451"#, 6, "answered page 3 with 451: Unavailable For Legal Reasons"),
    case(r#""close""#, 6, "the connection to 127.0.0.1:PORT broke during page 3 ("),
    case(r#""reset""#, 6, "broke during page 3 (Connection reset by peer"),
    case(r#""garbage""#, 6, "broke during page 3 ("),
    case(r#""endless_headers""#, 6, "broke during page 3 ("),
    case(r#""html""#, 6, "sent an unexpected answer for page 3 (expected value"),
    case(r#""wrong_type","of":"id""#, 6, "for page 3 (invalid type: string"),
    case(r#""deep""#, 6, "for page 3 ("),
    case(r#""huge""#, 6, "for page 3 (it is larger than 16 MB); check --api-url"),
    case(
        r#""link","to":"https://evil.example/?page=4""#,
        6,
        "for page 3 (its Link header points to another server); check --api-url",
    ),
    case(
        r#""redirect","to":"https://evil.example/""#,
        6,
        "does not answer for page 3: it redirects to another server; check --api-url",
    ),
    case(r#""redirect""#, 0, ""),
    case(r#""escapes""#, 0, ""),
    case(r#""no_links""#, 0, ""),
    ExitCase {
        args: &["--retries", "0", "--timeout", "1s"],
        ..case(r#""stall""#, 6, "did not send page 3 within 1 s; it may be busy")
    },
];

/// The faults that end a run.
const ENDS: [ExitCase; 5] = [
    case(r#""status","status":404"#, 3, "knows no user \"aaronlelevier\"; check the spelling"),
    case(r#""status","status":401"#, 4, "requires a token (Bad credentials); set GH_TOKEN"),
    case(r#""status","status":403"#, 4, "refuses page 3: Resource not accessible by personal"),
    case(
        r#""primary_limit""#,
        5,
        " UTC, for 61 s, and --max-wait is 0 s; come back then, \
         or set GH_TOKEN for a larger quota",
    ),
    case(
        r#""secondary_limit","retry_after":120"#,
        5,
        " UTC, for 2 min, and --max-wait is 0 s; come \
         back then",
    ),
];

/// The program on a server with 127 followers, one of whose answers goes wrong.
fn run(case: &ExitCase, place: &str, mode: &str) -> (CliOutput, Server) {
    let server = faulty(127, &format!(r#"{{"page":{place},"fault":{}}}"#, case.fault));
    let args = ["--mode", mode, "-o", "-"];
    let mut ended = run_to_end(asking_quick(&server).args(args).args(case.args));
    ended.err = ended.err.replace(&server.address().port().to_string(), "PORT");
    (ended, server)
}

/// What is said first, if anything is wrong.
fn trouble(err: &str) -> &str {
    let first = err.lines().next().and_then(|line| line.strip_prefix("threadline: "));
    first.unwrap_or_default()
}

#[test]
fn a_fault_in_a_page_costs_that_page_or_nothing() {
    let check = |case: &ExitCase, mode: &str| {
        let (CliOutput { code, out, err }, _server) = run(case, "3", mode);
        let name = format!("{} in {mode}: {err}", case.fault);
        assert_eq!(code, Some(case.code), "{name}");
        let kept = if code == Some(0) { 127 } else { 97 };
        assert_eq!(out.lines().count(), kept, "{name}");
        if code == Some(0) {
            assert_eq!(trouble(&err), "", "{name}");
            return;
        }
        let lost = format!("{mode}: 4 of 5 pages fetched; ");
        assert!(trouble(&err).starts_with(&lost) && trouble(&err).contains(case.words), "{name}");
        let partial = "\nthreadline: stdout is partial: 97 followers, 4 of 5 pages\n";
        assert!(err.contains(partial), "{name}");
    };
    thread::scope(|scope| {
        for mode in ["sequential", "threads"] {
            let all = move || PAGES.iter().for_each(|case| check(case, mode));
            Builder::new().spawn_scoped(scope, all).unwrap();
        }
    });
}

#[test]
fn a_fault_that_ends_the_run_leaves_what_was_fetched() {
    for case in &ENDS {
        let (CliOutput { code, out, err }, server) = run(case, "3", "sequential");
        assert_eq!((code, out.lines().count()), (Some(case.code), 60), "{}: {err}", case.fault);
        let said = trouble(&err).strip_prefix("sequential: 2 of 5 pages fetched; ").unwrap();
        assert!(said.contains(case.words), "{said}");
        assert_eq!(server.request_counts().requests, 4, "{}", case.fault);
        let (CliOutput { code, out, err }, _server) = run(case, "3", "threads");
        assert_eq!(code, Some(case.code), "{}: {err}", case.fault);
        assert!(matches!(out.lines().count() % 30, 0 | 7), "a page is not whole: {err}");
        assert!(trouble(&err).contains(case.words), "{err}");
    }
}

/// Where the profile already fails, nothing is fetched, and nothing else asked for.
#[test]
fn a_fault_in_the_profile_ends_it_all() {
    let nothing = [(r#""status","status":500"#, "with 500"), (r#""html""#, "(expected value")];
    let nothing = nothing.map(|(fault, words)| case(fault, 1, words));
    for case in nothing.iter().chain(&ENDS) {
        let (CliOutput { code, out, err }, server) = run(case, "\"profile\"", "race");
        assert_eq!((code, out.as_str()), (Some(case.code), ""), "{}: {err}", case.fault);
        assert!(trouble(&err).contains(&case.words.replace("page 3", "the profile")), "{err}");
        assert!(err.ends_with("nothing was fetched, so stdout was not written\n"), "{err}");
        assert_eq!(server.request_counts().requests, 1, "{}", case.fault);
    }
}

/// Pages 3 to 5 are not shown, which is no failure.
#[test]
fn a_list_that_is_not_shown_to_its_end_is_whole() {
    let server = faulty(127, r#"{"from":3,"times":0,"fault":"status","status":422}"#);
    let CliOutput { code, out, err } = run_to_end(asking_quick(&server).args(["-o", "-"]));
    assert_eq!((code, out.lines().count(), trouble(&err)), (Some(0), 60, ""), "{err}");
}

/// On the machine's own clock: whoever comes while the limit lasts came too early.
#[test]
fn a_limit_is_waited_for_by_all() {
    let server = faulty(3_000, r#"{"page":20,"fault":"secondary_limit","retry_after":1}"#);
    let args = ["--mode", "threads", "--threads", "8", "--max-wait", "9s", "--retries", "0"];
    let CliOutput { code, out, err } = run_to_end(asking_quick(&server).args(args));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\nmulti_threaded count: 3000\n"), "{out}");
    assert!(
        out.contains("\nrate limits  1 in threads x8: requests were paused meanwhile\n"),
        "{out}"
    );
    let counts = server.request_counts();
    assert_eq!(counts.early, 0);
    // At the most, each of the other workers met it, too.
    assert!((102..=109).contains(&counts.requests), "{}", counts.requests);
}
