//! Arguments and environment variables, valid and rejected; help and version.

use clap::CommandFactory as _;
use threadline::cli::{self, ApiSource, Cli, CliError};
use threadline::model::{ComputeSpec, Nanos, Workload};

use super::{CliOutput, run_to_end, threadline};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

/// Phrases of clap's own messages, which must not reach a user.
const CLAP_PHRASES: [&str; 8] = [
    "invalid digit",
    "..=",
    "cannot be used with",
    "subcommand",
    "tip:",
    "required arguments",
    "unrecognized",
    "For more information",
];

/// Asserts exit code 2, no stdout, and on stderr a line with the error, optionally a hint and the
/// usage, and `message` in them.
#[track_caller]
fn assert_rejected(args: &[&str], message: &str) {
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
    assert!(CLAP_PHRASES.iter().all(|phrase| !err.contains(phrase)), "{args:?}: {err:?}");
    assert!(err.contains(message), "{args:?}: {err:?}");
}

#[test]
fn invalid_usernames_are_rejected() {
    let long = "x".repeat(40);
    for name in ["", "a--b", "a-", "a b", "a/b", "../x", "\u{1b}[2J", &long] {
        assert_rejected(&[name], "is not a GitHub username");
        assert_rejected(&["--username", name], "is not a GitHub username");
    }
    assert_rejected(&["--username=-a"], "is not a GitHub username");
}

#[test]
fn contradictory_usernames_and_commands_are_rejected() {
    assert_rejected(&["one", "--username", "other"], "two different users");
    assert_rejected(&["--plain", "serve"], "comes first");
    assert_rejected(&["--plain", "exec", "--", "true"], "exec is a command and comes first");
    assert_rejected(&["worker"], "to fetch the user named worker, use --username worker");
    assert_rejected(&["--plain", "help"], "comes first");
    assert_rejected(&["--plain", "sweep"], "sweep is a command and comes first");
    assert_rejected(&["--threads", "4", "exec", "--", "true"], "exec is a command and comes first");
    assert_rejected(&["--api-url", "http://127.0.0.1:9"], "--api-url needs a USERNAME");
}

#[test]
fn words_likelier_meant_as_commands_are_not_taken_for_users() {
    for (word, meant) in [
        ("race", "threadline --mode race"),
        ("gil", "threadline --mode gil"),
        ("cpu", "threadline --workload cpu"),
        ("demo", "threadline without arguments"),
        ("lesson", "threadline learn"),
        ("teach", "threadline learn"),
        ("guide", "threadline help guide"),
        ("attach", "threadline watch -p PID"),
        ("profile", "threadline watch -- COMMAND"),
    ] {
        let hint = format!("hint: did you mean {meant}");
        assert_rejected(&[word], &hint);
        assert_rejected(&[word, "--plain"], &format!("For the user: --username {word}"));
        assert_eq!(host(&["--username", word], &[]).as_deref(), Some("api.github.com"));
    }
}

#[test]
fn sweep_is_the_mode_of_that_name() {
    let sweep = |args: &[&str]| match parse(args, &[]).unwrap() {
        cli::Command::Followers(cli::FollowersCommand { selection, sweep, .. }) => {
            (selection, sweep.counts)
        }
        other => panic!("{other:?}"),
    };
    let options = ["octocat", "--threads", "1..3", "--yes"];
    let long = [&["--mode", "sweep"], &options[..]].concat();
    assert_eq!(sweep(&[&["sweep"], &options[..]].concat()), sweep(&long));
    assert_eq!(sweep(&["sweep"]), sweep(&["--mode", "sweep"]));
    assert_rejected(&["sweep", "--mode", "race"], "--mode is given twice");
    assert_rejected(&["sweep", "-t", "4"], "did you mean --threads?");
}

#[test]
fn page_of_a_user_gets_the_name_of_the_user() {
    for url in ["https://github.com/octocat", "https://www.github.com/octocat/"] {
        assert_rejected(&[url], "hint: use the name of the user: threadline octocat\n");
    }
}

#[test]
fn out_of_range_counts_are_rejected() {
    for per_page in ["0", "101", "256", "-1", "x", ""] {
        assert_rejected(&["--per-page", per_page], "use a whole number from 1 to 100\n");
    }
    for threads in ["0", "1001", "70000"] {
        assert_rejected(&["--threads", threads], "use 1 to 1000");
        assert_rejected(
            &["octocat", "--api-url", "http://localhost:9", "--threads", threads],
            "use 1 to 1000",
        );
    }
    for threads in ["0", "101", "1001"] {
        assert_rejected(&["octocat", "--threads", threads], "use 1 to 100: GitHub allows 100");
    }
    assert_rejected(&["--threads", "many"], "a whole number");
    assert_rejected(&["--threads", "-1"], "a whole number");
    for workload in ["cpu", "native", "mixed"] {
        let message = "use as many threads as this machine has cores";
        assert_rejected(&["--threads", "auto", "--workload", workload], message);
    }
    assert_rejected(&["exec", "--jobs", "auto"], "a whole number");
}

#[test]
fn invalid_api_addresses_are_rejected() {
    for url in ["nonsense", "ftp://host", "file:///etc/passwd", "https://", ""] {
        assert_rejected(&["octocat", "--api-url", url], "is not an API address");
    }
    for url in ["https://a:b@host", "https://host?x=1", "https://host#x"] {
        assert_rejected(&["octocat", "--api-url", url], "must not contain");
    }
}

#[test]
fn conflicting_and_invalid_options_are_rejected() {
    assert_rejected(&["--plain", "--json"], "--plain and --json exclude each other");
    assert_rejected(&["--plain", "--plain"], "--plain is given twice");
    assert_rejected(&["--json", "-o", "-"], "both write to stdout");
    assert_rejected(&["serve", "--latency", "1ms", "--latency-profile", "x"], "exclude each other");
    assert_rejected(&["serve", "--jitter", "1ms"], "--latency");
    assert_rejected(&["serve", "--seed", "1"], "--latency");
    assert_rejected(&["serve", "--latency", "5h"], "use a duration such as");
    assert_rejected(&["serve", "--followers", "1000001"], "1000000");
    assert_rejected(&["--plane"], "unknown option --plane\nhint: did you mean --plain?\n");
    assert_rejected(
        &["--mode", "nogil"],
        "possible values: race, sequential, threads, gil, processes, sweep\n",
    );
    assert_rejected(&["-o", "followers.txt"], ".csv, .json or .ndjson");
    assert_rejected(&["-o", "followers"], ".csv, .json or .ndjson");
}

#[test]
fn option_without_its_prerequisite_names_it() {
    for option in ["--cores", "--slow", "--seed"] {
        assert_rejected(
            &[option, "4"],
            &format!("{option} needs --simulate\nhint: add --simulate\n"),
        );
    }
    for option in ["--jitter", "--seed"] {
        assert_rejected(&["serve", option, "1"], &format!("{option} needs --latency"));
    }
    assert_rejected(&["replay"], "missing FILE\nusage: threadline replay ");
    assert_rejected(&["completions"], "missing SHELL");
    assert_rejected(&["--mode"], "--mode needs a value");
}

#[test]
fn arguments_of_other_programs_get_a_hint() {
    let hint = "hint: to run a command of your own, put it in quotes after --: threadline exec -- ";
    let watch = "hint: to watch a program of your own, put it after --: threadline watch -- ";
    assert_rejected(&["python", "script.py"], &format!("{watch}python script.py\n"));
    assert_rejected(&["watch", "--plain", "./a b", "c"], &format!("{watch}'./a b' c\n"));
    assert_rejected(&["exec", "sleep", "1"], &format!("{hint}'sleep 1'\n"));
    assert_rejected(&["one", "two", "--", "x"], &format!("{hint}'COMMAND'\n"));
    for option in ["-t", "-n", "-j"] {
        assert_rejected(&[option, "4"], "did you mean --threads?");
    }
    assert_rejected(&["-v"], "did you mean -V");
    assert_rejected(&["help", "threds"], "there is no topic threds\nhint: threadline help lists");
    assert_rejected(&["serve", "8080"], "unexpected argument \"8080\"\nhint: leave it out\n");
    assert_rejected(&["\u{1b}[2J", "x"], "unexpected argument");
    assert_rejected(&["--\u{1b}[2J"], "unknown option --\\u{1b}[2J");
}

#[test]
fn invalid_numbers_name_the_valid_range() {
    for (args, message) in [
        (&["--retries", "x"][..], "from 0 to 20\n"),
        (&["--retries", "-1"], "from 0 to 20\n"),
        (&["--simulate", "--seed", "-1"], "from 0 to 18446744073709551615\n"),
        (&["--simulate", "--cores", "100"], "from 1 to 64\n"),
        (&["serve", "--port", "99999"], "from 0 to 65535\n"),
        (&["serve", "--at-once", "0"], "from 1 to 65535\n"),
        (&["replay", "x", "--speed", "0"], "use a number from 0.00001 to 1000\n"),
        (&["--timeout", "5"], "add the unit: 500ms, 30s or 5m\n"),
    ] {
        assert_rejected(args, message);
    }
}

#[test]
fn options_of_computed_workloads_name_the_workload_they_need() {
    for (option, value) in [("--tasks", "3"), ("--size", "1s"), ("--switch-interval", "1ms")] {
        assert_rejected(&[option, value], "add --workload cpu, native or mixed");
        assert_rejected(&["octocat", option, value], "add --workload cpu, native or mixed");
    }
    for workload in ["followers", "cpu", "native"] {
        assert_rejected(&["--workload", workload, "--share", "50"], "add --workload mixed");
    }
    assert_rejected(&["--workload", "io"], "possible values: followers, cpu, native, mixed\n");
    for (option, value, message) in [
        ("--tasks", "0", "from 1 to 1000000\n"),
        ("--tasks", "1000001", "from 1 to 1000000\n"),
        ("--tasks", "-1", "from 1 to 1000000\n"),
        ("--share", "101", "from 0 to 100\n"),
        ("--size", "150", "use 1ms to 10m, with the unit"),
        ("--size", "0s", "use 1ms to 10m, with the unit"),
        ("--switch-interval", "0", "a thread waits this long for the GIL"),
        ("--switch-interval", "0s", "a thread waits this long for the GIL"),
    ] {
        assert_rejected(&["--workload", "mixed", option, value], message);
    }
}

#[test]
fn computed_workloads_reject_follower_options() {
    for workload in ["cpu", "native", "mixed"] {
        for (args, message) in [
            (&["octocat"][..], "leave out a USERNAME or --workload"),
            (&["--username", "octocat"], "leave out --username or"),
            (&["--api-url", "http://localhost:9"], "leave out --api-url or"),
            (&["-o", "f.csv"], "leave out --output or"),
        ] {
            assert_rejected(&[&["--workload", workload], args].concat(), message);
        }
    }
}

#[test]
fn process_modes_allow_fewer_workers_than_threads() {
    for args in [&["--mode", "processes"][..], &["--workload", "cpu"]] {
        assert_rejected(
            &[args, &["--threads", "101"]].concat(),
            "out of range for processes\nhint: use 1 to 100",
        );
        assert_rejected(&[args, &["--threads", "1001"]].concat(), "use 1 to 1000");
    }
    let args = ["--workload", "cpu", "--mode", "gil", "--threads", "1000"];
    assert!(parse(&args, &[]).is_ok());
}

#[test]
fn compute_options_are_parsed_into_the_spec() {
    let compute_options = |args: &[&str]| match parse(args, &[]).unwrap() {
        cli::Command::Followers(cli::FollowersCommand { compute_options, selection, .. }) => {
            assert_eq!(compute_options.workload, selection.workload);
            compute_options
        }
        _ => panic!("not a followers command"),
    };
    let defaults = compute_options(&["--workload", "cpu"]);
    assert_eq!((defaults.workload, defaults.tasks), (Workload::Cpu, 8));
    assert_eq!(defaults.compute, ComputeSpec::default());
    let all = "--workload mixed --tasks 3 --size 1.5s --share 0 --switch-interval 200us";
    let custom = compute_options(&all.split(' ').collect::<Vec<_>>());
    let compute = ComputeSpec {
        size: Nanos::from_millis(1_500),
        share: 0,
        switch_interval: Nanos(200_000),
        ..ComputeSpec::default()
    };
    assert_eq!((custom.tasks, custom.compute), (3, compute));
}

#[test]
fn malformed_token_is_rejected_and_not_printed() {
    for secret in ["ghp_se cret", "ghp_secret\n", "ghp_sécret"] {
        let CliOutput { code, out, err } =
            run_to_end(threadline().arg("octocat").env("GH_TOKEN", secret));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.starts_with("threadline: the token in GH_TOKEN "), "{err}");
        assert!(!err.contains("ghp_"), "{err}");
    }
}

#[test]
fn token_is_not_sent_over_plain_http() {
    let url = "http://api.example";
    let CliOutput { code, err, .. } = run_to_end(
        threadline().args(["octocat", "--api-url", url]).env("GITHUB_TOKEN", "ghp_secret"),
    );
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("GITHUB_TOKEN is not sent to api.example over plain http"), "{err}");
    assert!(!err.contains("ghp_"), "{err}");
}

/// Returns the Authorization header that a local server receives.
fn sent_authorization(environment: &[(&str, &str)]) -> Option<String> {
    let server = ScriptedServer::start(|_| ScriptedReply::error(404, "Not Found"));
    let mut command = threadline();
    command.arg("octocat").env("GITHUB_API_URL", server.url()).envs(environment.iter().copied());
    assert_eq!(run_to_end(&mut command).code, Some(3));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let head = &requests.first()?.head;
    let mut lines = head.lines();
    lines.find_map(|line| line.strip_prefix("authorization: ")).map(str::to_owned)
}

#[test]
fn first_nonempty_token_variable_is_used() {
    assert_eq!(sent_authorization(&[]), None);
    assert_eq!(
        sent_authorization(&[("GH_TOKEN", "a"), ("GITHUB_TOKEN", "b")]).as_deref(),
        Some("Bearer a")
    );
    assert_eq!(
        sent_authorization(&[("GH_TOKEN", ""), ("GITHUB_TOKEN", "b")]).as_deref(),
        Some("Bearer b")
    );
    assert_eq!(sent_authorization(&[("GH_TOKEN", ""), ("GITHUB_TOKEN", "")]), None);
}

fn parse(args: &[&str], environment: &[(&str, &str)]) -> Result<cli::Command, CliError> {
    let args = ["threadline"].iter().chain(args).map(Into::into);
    let variable = |name: &str| {
        environment.iter().find(|(other, _)| *other == name).map(|(_, value)| value.into())
    };
    cli::parse(args, &variable, cli::Terminals::default())
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
fn api_address_comes_from_option_then_environment_then_default() {
    let environment = [("GITHUB_API_URL", "https://env.example/api/v3")];
    let option = ["octocat", "--api-url", "https://option.example"];
    assert_eq!(host(&option, &environment).as_deref(), Some("option.example"));
    assert_eq!(host(&["octocat"], &environment).as_deref(), Some("env.example"));
    assert_eq!(host(&["octocat"], &[("GITHUB_API_URL", "")]).as_deref(), Some("api.github.com"));
    assert_eq!(host(&["--username", "octocat"], &[]).as_deref(), Some("api.github.com"));
}

#[test]
fn built_in_server_ignores_token_and_address() {
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

/// Removes the trailing spaces that clap leaves.
fn trim_lines(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn help_matches_its_snapshots() {
    let mut command = Cli::command().term_width(100);
    insta::assert_snapshot!("help_short", run_to_end(threadline().arg("-h")).out);
    insta::assert_snapshot!("help_long", trim_lines(&command.render_long_help().to_string()));
    command.build();
    let serve = command.find_subcommand_mut("serve").unwrap();
    insta::assert_snapshot!("help_serve", trim_lines(&serve.render_long_help().to_string()));
}

#[test]
fn short_help_names_only_existing_options_and_commands() {
    let summary = run_to_end(threadline().arg("-h")).out;
    let long = run_to_end(threadline().arg("--help")).out;
    for option in summary.split([' ', '(', ')', ',', ':']).filter(|word| word.starts_with("--")) {
        assert!(option == "--" || long.contains(option), "{option}");
    }
    for command in ["exec", "watch", "replay", "serve", "help", "completions", "man"] {
        assert!(
            summary.contains(command) && long.contains(&format!("\n  {command} ")),
            "{command}"
        );
    }
}
