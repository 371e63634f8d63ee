//! Arguments and environments that cannot be used: one sentence, exit 2, and nothing is asked.

use clap::CommandFactory as _;
use threadline::cli::{self, ApiSource, Cli, CliError};
use threadline::model::{ComputeSpec, Nanos, Workload};

use super::scripted_server::{ScriptedReply, ScriptedServer};
use super::{CliOutput, run_to_end, threadline};

/// Words of the parser that no user should read.
const PARSER: [&str; 8] = [
    "invalid digit",
    "..=",
    "cannot be used with",
    "subcommand",
    "tip:",
    "required arguments",
    "unrecognized",
    "For more information",
];

/// Asserts exit code 2, nothing on stdout, and on stderr `words` in a line with the problem, and up
/// to two lines with a hint and the usage.
#[track_caller]
fn refused(args: &[&str], words: &str) {
    let CliOutput { code, out, err } = run_to_end(threadline().args(args));
    assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {err}");
    assert!(err.starts_with("threadline: ") && err.ends_with('\n'), "{args:?}: {err:?}");
    let labels: Vec<&str> = err.lines().filter_map(|line| line.split(": ").next()).collect();
    let kinds: [&[&str]; 4] = [
        &["threadline"],
        &["threadline", "hint"],
        &["threadline", "usage"],
        &["threadline", "hint", "usage"],
    ];
    assert!(kinds.contains(&&*labels), "{args:?}: {err:?}");
    assert!(PARSER.iter().all(|words| !err.contains(words)), "{args:?}: {err:?}");
    assert!(err.contains(words), "{args:?}: {err:?}");
}

#[test]
fn a_username_that_github_would_not_give() {
    let long = "x".repeat(40);
    for name in ["", "a--b", "a-", "a b", "a/b", "../x", "\u{1b}[2J", &long] {
        refused(&[name], "is not a GitHub username");
        refused(&["--username", name], "is not a GitHub username");
    }
    refused(&["--username=-a"], "is not a GitHub username");
}

#[test]
fn usernames_and_commands_that_contradict_each_other() {
    refused(&["one", "--username", "other"], "two different users");
    refused(&["--plain", "serve"], "comes first");
    refused(&["--plain", "exec", "--", "true"], "exec is a command and comes first");
    refused(&["worker"], "to fetch the user named worker, use --username worker");
    for mode in ["sweep", "race", "threads", "gil"] {
        refused(&[mode], &format!("hint: use --mode {mode}, or --username {mode}"));
    }
    refused(&["--plain", "help"], "comes first");
    refused(&["--threads", "4", "exec", "--", "true"], "exec is a command and comes first");
    refused(&["--api-url", "http://127.0.0.1:9"], "--api-url needs a USERNAME");
}

#[test]
fn numbers_out_of_range() {
    for per_page in ["0", "101", "256", "-1", "x", ""] {
        refused(&["--per-page", per_page], "use a whole number from 1 to 100\n");
    }
    for threads in ["0", "1001", "70000"] {
        refused(&["--threads", threads], "use 1 to 1000");
        refused(
            &["octocat", "--api-url", "http://localhost:9", "--threads", threads],
            "use 1 to 1000",
        );
    }
    for threads in ["0", "101", "1001"] {
        refused(&["octocat", "--threads", threads], "use 1 to 100: GitHub allows 100");
    }
    for queue in ["0", "400001", "-1", "many", ""] {
        refused(&["--queue", queue], "use a whole number from 1 to 400000\n");
    }
    refused(&["--threads", "many"], "a whole number");
    refused(&["--threads", "-1"], "a whole number");
    for workload in ["cpu", "native", "mixed"] {
        let words = "use as many threads as this machine has cores";
        refused(&["--threads", "auto", "--workload", workload], words);
    }
    refused(&["exec", "--jobs", "auto"], "a whole number");
}

#[test]
fn an_address_that_is_none() {
    for url in ["nonsense", "ftp://host", "file:///etc/passwd", "https://", ""] {
        refused(&["octocat", "--api-url", url], "is not an API address");
    }
    for url in ["https://a:b@host", "https://host?x=1", "https://host#x"] {
        refused(&["octocat", "--api-url", url], "must not contain");
    }
}

#[test]
fn options_that_exclude_each_other() {
    refused(&["--plain", "--json"], "--plain and --json exclude each other");
    refused(&["--plain", "--plain"], "--plain is given twice");
    refused(&["--json", "-o", "-"], "both write to stdout");
    refused(&["serve", "--latency", "1ms", "--latency-profile", "x"], "exclude each other");
    refused(&["serve", "--jitter", "1ms"], "--latency");
    refused(&["serve", "--seed", "1"], "--latency");
    refused(&["serve", "--latency", "5h"], "use a duration such as");
    refused(&["serve", "--followers", "1000001"], "1000000");
    refused(&["--plane"], "unknown option --plane\nhint: did you mean --plain?\n");
    refused(
        &["--mode", "nogil"],
        "possible values: race, sequential, threads, gil, processes, sweep\n",
    );
    refused(&["-o", "followers.txt"], ".csv, .json or .ndjson");
    refused(&["-o", "followers"], ".csv, .json or .ndjson");
}

#[test]
fn an_option_that_needs_another_names_it() {
    for option in ["--cores", "--slow", "--seed"] {
        refused(&[option, "4"], &format!("{option} needs --simulate\nhint: add --simulate\n"));
    }
    for option in ["--jitter", "--seed"] {
        refused(&["serve", option, "1"], &format!("{option} needs --latency"));
    }
    refused(&["replay"], "missing FILE\nusage: threadline replay ");
    refused(&["completions"], "missing SHELL");
    refused(&["--mode"], "--mode needs a value");
}

#[test]
fn words_of_other_programs_get_a_hint() {
    let own = "hint: to run commands of your own, put each in quotes after --";
    refused(&["python", "script.py"], own);
    refused(&["exec", "sleep", "1"], own);
    refused(&["https://example.com/x"], "followers of a GitHub user only, not a URL");
    for option in ["-t", "-n", "-j"] {
        refused(&[option, "4"], "did you mean --threads?");
    }
    refused(&["-v"], "did you mean -V");
    refused(&["help", "threds"], "there is no topic threds\nhint: threadline help lists");
    refused(&["serve", "8080"], "unexpected argument \"8080\"\nhint: leave it out\n");
    refused(&["\u{1b}[2J", "x"], "unexpected argument");
    refused(&["--\u{1b}[2J"], "unknown option --\\u{1b}[2J");
}

#[test]
fn numbers_are_whole_and_in_range() {
    for (args, words) in [
        (&["--retries", "x"][..], "from 0 to 20\n"),
        (&["--retries", "-1"], "from 0 to 20\n"),
        (&["--simulate", "--seed", "-1"], "from 0 to 18446744073709551615\n"),
        (&["--simulate", "--cores", "100"], "from 1 to 64\n"),
        (&["serve", "--port", "99999"], "from 0 to 65535\n"),
        (&["serve", "--at-once", "0"], "from 1 to 65535\n"),
        (&["replay", "x", "--speed", "0"], "use a number from 0.1 to 1000\n"),
        (&["--timeout", "5"], "add the unit: 500ms, 30s or 5m\n"),
    ] {
        refused(args, words);
    }
}

#[test]
fn options_of_computed_workloads_name_the_workload_they_need() {
    for (option, value) in [("--tasks", "3"), ("--size", "1s"), ("--switch-interval", "1ms")] {
        refused(&[option, value], "add --workload cpu, native or mixed");
        refused(&["octocat", option, value], "add --workload cpu, native or mixed");
    }
    for workload in ["followers", "cpu", "native"] {
        refused(&["--workload", workload, "--share", "50"], "add --workload mixed");
    }
    refused(&["--workload", "io"], "possible values: followers, cpu, native, mixed\n");
    for (option, value, words) in [
        ("--tasks", "0", "from 1 to 400000\n"),
        ("--tasks", "400001", "from 1 to 400000\n"),
        ("--tasks", "-1", "from 1 to 400000\n"),
        ("--share", "101", "from 0 to 100\n"),
        ("--size", "150", "use 1ms to 10m, with the unit"),
        ("--size", "0s", "use 1ms to 10m, with the unit"),
        ("--switch-interval", "0", "a thread waits this long for the GIL"),
        ("--switch-interval", "0s", "a thread waits this long for the GIL"),
    ] {
        refused(&["--workload", "mixed", option, value], words);
    }
}

#[test]
fn whoever_computes_fetches_no_followers() {
    for workload in ["cpu", "native", "mixed"] {
        for (args, words) in [
            (&["octocat"][..], "leave out a USERNAME or --workload"),
            (&["--username", "octocat"], "leave out --username or"),
            (&["--api-url", "http://localhost:9"], "leave out --api-url or"),
            (&["-o", "f.csv"], "leave out --output or"),
        ] {
            refused(&[&["--workload", workload], args].concat(), words);
        }
    }
}

#[test]
fn a_process_takes_more_room_than_a_thread() {
    for args in [&["--mode", "processes"][..], &["--workload", "cpu"]] {
        refused(
            &[args, &["--threads", "101"]].concat(),
            "out of range for processes\nhint: use 1 to 100",
        );
        refused(&[args, &["--threads", "1001"]].concat(), "use 1 to 1000");
    }
    let args = ["--workload", "cpu", "--mode", "gil", "--threads", "1000"];
    assert!(parse(&args, &[]).is_ok());
}

#[test]
fn what_is_computed_is_as_was_asked_for() {
    let compute_options = |args: &[&str]| match parse(args, &[]).unwrap() {
        cli::Command::Followers(cli::FollowersCommand { compute_options, selection, .. }) => {
            assert_eq!(compute_options.workload, selection.workload);
            compute_options
        }
        _ => panic!("no sitting"),
    };
    let usual = compute_options(&["--workload", "cpu"]);
    assert_eq!((usual.workload, usual.tasks), (Workload::Cpu, 8));
    assert_eq!(usual.compute, ComputeSpec::default());
    let all = "--workload mixed --tasks 3 --size 1.5s --share 0 --switch-interval 200us";
    let asked = compute_options(&all.split(' ').collect::<Vec<_>>());
    let compute = ComputeSpec {
        size: Nanos::from_millis(1_500),
        share: 0,
        switch_interval: Nanos(200_000),
        ..ComputeSpec::default()
    };
    assert_eq!((asked.tasks, asked.compute), (3, compute));
}

#[test]
fn a_token_that_is_none_is_refused_and_never_printed() {
    for secret in ["ghp_se cret", "ghp_secret\n", "ghp_sécret"] {
        let CliOutput { code, out, err } =
            run_to_end(threadline().arg("octocat").env("GH_TOKEN", secret));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.starts_with("threadline: the token in GH_TOKEN "), "{err}");
        assert!(!err.contains("ghp_"), "{err}");
    }
}

#[test]
fn a_token_does_not_cross_the_network_in_the_clear() {
    let url = "http://api.example";
    let CliOutput { code, err, .. } = run_to_end(
        threadline().args(["octocat", "--api-url", url]).env("GITHUB_TOKEN", "ghp_secret"),
    );
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("GITHUB_TOKEN is not sent to api.example over plain http"), "{err}");
    assert!(!err.contains("ghp_"), "{err}");
}

/// The Authorization header that a server on this machine is sent.
fn sent(environment: &[(&str, &str)]) -> Option<String> {
    let server = ScriptedServer::start(|_| ScriptedReply::error(404, "Not Found"));
    let mut command = threadline();
    command.arg("octocat").env("GITHUB_API_URL", server.url()).envs(environment.iter().copied());
    assert_eq!(run_to_end(&mut command).code, Some(3));
    let asked = server.requests();
    assert_eq!(asked.len(), 1);
    let head = &asked.first()?.head;
    let mut lines = head.lines();
    lines.find_map(|line| line.strip_prefix("authorization: ")).map(str::to_owned)
}

#[test]
fn the_token_is_the_first_that_is_set() {
    assert_eq!(sent(&[]), None);
    assert_eq!(sent(&[("GH_TOKEN", "a"), ("GITHUB_TOKEN", "b")]).as_deref(), Some("Bearer a"));
    assert_eq!(sent(&[("GH_TOKEN", ""), ("GITHUB_TOKEN", "b")]).as_deref(), Some("Bearer b"));
    assert_eq!(sent(&[("GH_TOKEN", ""), ("GITHUB_TOKEN", "")]), None);
}

fn parse(args: &[&str], environment: &[(&str, &str)]) -> Result<cli::Command, CliError> {
    let args = ["threadline"].iter().chain(args).map(Into::into);
    cli::parse(args, &|name| {
        environment.iter().find(|(other, _)| *other == name).map(|(_, value)| value.into())
    })
}

fn host(args: &[&str], environment: &[(&str, &str)]) -> Option<String> {
    match parse(args, environment).unwrap() {
        cli::Command::Followers(cli::FollowersCommand {
            source: ApiSource::Api { api, .. },
            ..
        }) => Some(api.host()),
        _ => None,
    }
}

#[test]
fn the_address_is_the_options_else_the_environments_else_githubs() {
    let environment = [("GITHUB_API_URL", "https://env.example/api/v3")];
    let option = ["octocat", "--api-url", "https://option.example"];
    assert_eq!(host(&option, &environment).as_deref(), Some("option.example"));
    assert_eq!(host(&["octocat"], &environment).as_deref(), Some("env.example"));
    assert_eq!(host(&["octocat"], &[("GITHUB_API_URL", "")]).as_deref(), Some("api.github.com"));
    assert_eq!(host(&["--username", "octocat"], &[]).as_deref(), Some("api.github.com"));
}

#[test]
fn the_built_in_server_heeds_no_token_and_no_address() {
    let environment = [("GH_TOKEN", "not a token"), ("GITHUB_API_URL", "nonsense")];
    assert_eq!(host(&[], &environment), None);
    assert!(parse(&["octocat"], &environment).is_err());
}

#[test]
fn help_and_version_go_to_stdout() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["serve", "--help"],
        &["serve", "-h"],
        &["help", "serve"],
        &["help", "--help"],
        &["help", "-h"],
    ] {
        let CliOutput { code, out, err } =
            run_to_end(threadline().args(args).env("GH_TOKEN", "ghp_secret"));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{args:?}");
        assert!(out.contains("Usage: threadline"), "{args:?}: {out}");
        assert!(!out.contains("ghp_"), "{args:?}: {out}");
    }
    let version = format!("threadline {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run_to_end(threadline().arg("--version")).out, version);
}

/// Lines without the spaces that clap leaves at their ends.
fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_help_texts() {
    let mut command = Cli::command().term_width(100);
    insta::assert_snapshot!("help_short", run_to_end(threadline().arg("-h")).out);
    insta::assert_snapshot!("help_long", trimmed(&command.render_long_help().to_string()));
    command.build();
    let serve = command.find_subcommand_mut("serve").unwrap();
    insta::assert_snapshot!("help_serve", trimmed(&serve.render_long_help().to_string()));
}

#[test]
fn the_summary_names_options_and_commands_that_exist() {
    let summary = run_to_end(threadline().arg("-h")).out;
    let long = run_to_end(threadline().arg("--help")).out;
    for option in summary.split([' ', '(', ')', ',', ':']).filter(|word| word.starts_with("--")) {
        assert!(option == "--" || long.contains(option), "{option}");
    }
    for command in ["exec", "replay", "serve", "help", "completions", "man"] {
        assert!(
            summary.contains(command) && long.contains(&format!("\n  {command} ")),
            "{command}"
        );
    }
}
