//! Exit code, error message and partial output for every class of fault.

use std::thread::{self, Builder};

use super::{CliOutput, command_for_default_user, command_for_server, run_to_end};
use crate::builtin_server::faulty;
use crate::fault_relay::FaultRelay;

/// A fault on page 3, and the exit code and the message that it causes.
struct ExitCase {
    fault: &'static str,
    args: &'static [&'static str],
    code: i32,
    message: &'static str,
}

const fn case(fault: &'static str, code: i32, message: &'static str) -> ExitCase {
    ExitCase { fault, args: &["--retries", "0", "--max-wait", "0s"], code, message }
}

const ONE_RETRY: &[&str] = &["--retries", "1"];

/// Faults that lose page 3 or that the client recovers from.
const PAGE_FAULTS: [ExitCase; 19] = [
    ExitCase { args: ONE_RETRY, ..case(r#""status","status":502"#, 0, "") },
    ExitCase { args: ONE_RETRY, ..case(r#""reset_in_body""#, 0, "") },
    ExitCase {
        args: ONE_RETRY,
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

/// Faults that end the run.
const FATAL_FAULTS: [ExitCase; 4] = [
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

/// Runs the program against a server with 127 followers and the fault on `page`. The port in stderr
/// becomes `PORT`.
fn run(case: &ExitCase, page: &str, mode: &str) -> (CliOutput, FaultRelay) {
    let relay = FaultRelay::start(127, &format!(r#"{{"page":{page},"fault":{}}}"#, case.fault));
    let args = ["--mode", mode, "-o", "-"];
    let mut output = run_to_end(command_for_default_user(&relay.url()).args(args).args(case.args));
    output.err = output.err.replace(&relay.port().to_string(), "PORT");
    (output, relay)
}

/// Returns the first error without its prefix, or an empty string.
fn first_error(err: &str) -> &str {
    let first = err.lines().next().and_then(|line| line.strip_prefix("threadline: "));
    first.unwrap_or_default()
}

#[test]
fn page_fault_loses_at_most_that_page() {
    let check = |case: &ExitCase, mode: &str| {
        let (CliOutput { code, out, err }, _server) = run(case, "3", mode);
        let name = format!("{} in {mode}: {err}", case.fault);
        assert_eq!(code, Some(case.code), "{name}");
        let expected = if code == Some(0) { 127 } else { 97 };
        assert_eq!(out.lines().count(), expected, "{name}");
        if code == Some(0) {
            assert_eq!(first_error(&err), "", "{name}");
            return;
        }
        let mode = if mode == "threads" { "threads (no GIL)" } else { mode };
        let summary = format!("{mode}: 4 of 5 pages fetched; ");
        assert!(
            first_error(&err).starts_with(&summary) && first_error(&err).contains(case.message),
            "{name}"
        );
        let partial = "\nthreadline: stdout is partial: 97 followers, 4 of 5 pages\n";
        assert!(err.contains(partial), "{name}");
    };
    thread::scope(|scope| {
        for mode in ["sequential", "threads"] {
            let check_all = move || PAGE_FAULTS.iter().for_each(|case| check(case, mode));
            Builder::new().spawn_scoped(scope, check_all).unwrap();
        }
    });
}

#[test]
fn fatal_fault_keeps_fetched_pages() {
    for case in &FATAL_FAULTS {
        let (CliOutput { code, out, err }, server) = run(case, "3", "sequential");
        assert_eq!((code, out.lines().count()), (Some(case.code), 60), "{}: {err}", case.fault);
        let error = first_error(&err).strip_prefix("sequential: 2 of 5 pages fetched; ").unwrap();
        assert!(error.contains(case.message), "{error}");
        assert_eq!(server.request_counts().requests, 3, "{}", case.fault);
        let (CliOutput { code, out, err }, _server) = run(case, "3", "threads");
        assert_eq!(code, Some(case.code), "{}: {err}", case.fault);
        assert!(matches!(out.lines().count() % 30, 0 | 7), "a page is incomplete: {err}");
        assert!(first_error(&err).contains(case.message), "{err}");
    }
}

/// No other page is requested, and stdout stays empty.
#[test]
fn fault_of_the_first_page_ends_the_race_after_one_request() {
    let unknown =
        case(r#""status","status":404"#, 3, "knows no user \"aaronlelevier\"; check the spelling");
    let failures = [
        case(r#""status","status":500"#, 1, "with 500"),
        case(r#""html""#, 1, "(expected value"),
        unknown,
    ];
    for case in failures.iter().chain(&FATAL_FAULTS) {
        let (CliOutput { code, out, err }, server) = run(case, "1", "race");
        assert_eq!((code, out.as_str()), (Some(case.code), ""), "{}: {err}", case.fault);
        assert!(first_error(&err).contains(&case.message.replace("page 3", "page 1")), "{err}");
        assert!(err.ends_with("nothing was fetched, so stdout was not written\n"), "{err}");
        assert_eq!(server.request_counts().requests, 1, "{}", case.fault);
    }
}

/// In a first wave, the answer for another page may arrive before that for page 1.
#[test]
fn missing_later_page_is_no_unknown_user() {
    let missing = case(r#""status","status":404"#, 6, "has no page 3; request larger pages");
    for mode in ["sequential", "threads"] {
        let (CliOutput { code, err, .. }, _server) = run(&missing, "3", mode);
        assert_eq!(code, Some(6), "{err}");
        assert!(first_error(&err).contains(missing.message), "{err}");
    }
    let server = faulty(127, r#"{"times":0,"fault":"status","status":404}"#);
    let mut command = command_for_server(&server);
    let CliOutput { code, out, err } = run_to_end(command.args(["--mode", "threads"]));
    assert_eq!((code, out.as_str()), (Some(3), ""), "{err}");
    assert!(first_error(&err).contains("knows no user"), "{err}");
}

/// The server answers 422 from page 3 on, as GitHub does for pages that it does not show.
#[test]
fn list_that_the_server_truncates_counts_as_complete() {
    let server = faulty(127, r#"{"from":3,"times":0,"fault":"status","status":422}"#);
    let CliOutput { code, out, err } = run_to_end(command_for_server(&server).args(["-o", "-"]));
    assert_eq!((code, out.lines().count(), first_error(&err)), (Some(0), 60, ""), "{err}");
}

/// Runs on the system clock. The server counts the requests during the limit as early.
#[test]
fn all_workers_wait_for_a_rate_limit() {
    let server = faulty(3_000, r#"{"page":20,"fault":"secondary_limit","retry_after":1}"#);
    let args = ["--mode", "threads", "--threads", "8", "--max-wait", "9s", "--retries", "0"];
    let CliOutput { code, out, err } = run_to_end(command_for_server(&server).args(args));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\nmulti_threaded count: 3000\n"), "{out}");
    assert!(
        out.contains("\nrate limits  1 in threads (no GIL) x8: requests were paused meanwhile\n"),
        "{out}"
    );
    let counts = server.request_counts();
    assert_eq!(counts.early, 0);
    // 100 requests and the repeated one, plus at most one for each of the other workers.
    assert!((101..=108).contains(&counts.requests), "{}", counts.requests);
}
