//! The values of options, as the arguments and the configuration are parsed into them.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::CommandFactory as _;
use threadline::app::Action;
use threadline::app::keymap::Keymap;
use threadline::app::playback::DEFAULT_SLOWDOWN;
use threadline::cli::{
    self, ApiSource, Cli, Command, FollowersCommand, LatencyArg, OutputMode, Progress, Terminals,
    ThemeArg, split_hint,
};
use threadline::http::RetryPolicy;
use threadline::model::plan::MAX_TASKS;
use threadline::model::setup::DEFAULT_COMPUTE_TASKS;
use threadline::model::{ComputeSpec, Nanos, Simulation, SweepSetup};

const NO_VARIABLES: &[(&str, &str)] = &[];

const TERMINALS: Terminals = Terminals { stdin: true, stdout: true, stderr: true };

fn parse_in(
    args: &[&str],
    variables: &[(&str, &str)],
    terminals: Terminals,
) -> Result<Command, String> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let args = ["threadline"].iter().chain(args).map(OsString::from);
    cli::parse(args, &variable, terminals).map_err(|error| error.to_string())
}

fn parse(args: &[&str]) -> Result<Command, String> {
    parse_in(args, NO_VARIABLES, TERMINALS)
}

fn followers(command: Command) -> FollowersCommand {
    match command {
        Command::Followers(followers) => followers,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_help_states_the_defaults() {
    let command = Cli::command();
    let ComputeSpec { size, share, switch_interval, .. } = ComputeSpec::default();
    let RetryPolicy { retries, timeout, max_wait } = RetryPolicy::default();
    let Simulation { seed, cores } = Simulation::default();
    let millis = |time: Nanos| time.0 / 1_000_000;
    for (option, text) in [
        ("tasks", format!("[default: {DEFAULT_COMPUTE_TASKS}]")),
        ("size", format!("[default: {}ms]", millis(size))),
        ("share", format!("[default: {share}]")),
        ("switch_interval", format!("[default: {}ms]", millis(switch_interval))),
        ("retries", format!("[default: {retries}]")),
        ("timeout", format!("[default: {}s]", timeout.as_secs())),
        ("max_wait", format!("[default: {}m]", max_wait.as_secs() / 60)),
        ("seed", format!("machine [default: {seed}]")),
        ("cores", format!("1 to 64 [default: {cores}]")),
        ("slow", format!("[default: {DEFAULT_SLOWDOWN}; 1 for a sweep]")),
        ("repeats", format!("[default: {}]", SweepSetup::default().repeats)),
    ] {
        let argument = command.get_arguments().find(|one| one.get_id() == option).unwrap();
        let help = argument.get_help().unwrap().to_string();
        assert!(help.contains(&text), "{option}: {text} {help}");
    }
    assert!(parse(&["--simulate", "--cores", "64"]).is_ok());
    assert!(parse(&["--simulate", "--cores", "65"]).is_err());
}

fn latency(text: &str) -> Result<Duration, String> {
    match parse(&["serve", &format!("--latency={text}")])? {
        Command::Serve(serve) => match serve.latency {
            LatencyArg::Uniform { latency, .. } => Ok(latency),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_duration_has_any_unit_or_none() {
    for (text, micros) in [
        ("50ms", 50_000),
        ("50", 50_000),
        ("1.5s", 1_500_000),
        ("200us", 200),
        ("0", 0),
        (".5ms", 500),
        ("86400s", 86_400_000_000),
    ] {
        assert_eq!(latency(text), Ok(Duration::from_micros(micros)), "{text}");
    }
}

#[test]
fn anything_else_is_no_duration() {
    for text in
        ["ms", "-5ms", "+5", "5 ms", "5h", "1e3", "inf", "NaN", "1.2.3s", ".", "5µs", "5ms "]
    {
        let error = latency(text).unwrap_err();
        assert!(error.ends_with("; use a duration such as 50ms, 1.5s, 5m or 200us, up to a day"));
    }
    assert!(latency("").is_err());
    for text in ["86401s", "99999999999999999999999999s"] {
        assert!(latency(text).unwrap_err().ends_with("; use at most a day: 1440m"), "{text:?}");
    }
}

#[test]
fn a_time_out_needs_a_unit() {
    let timeout = |text: &str| parse(&[&format!("--timeout={text}")]);
    for text in ["30", "0s", "0", "0.5us", "-1s", "x"] {
        assert!(timeout(text).is_err(), "{text}");
    }
    let policy = followers(timeout("1.5m").unwrap()).retry_policy;
    assert_eq!(policy.timeout, Duration::from_secs(90));
}

#[test]
fn times_of_tasks_have_a_unit_and_bounds() {
    let compute = |option: &str, text: &str| {
        let args = ["--workload", "cpu", &format!("{option}={text}")];
        parse(&args).map(|command| followers(command).compute_options.compute)
    };
    for text in ["0", "0ms", "5", "0.9us", "10.1s", "1m", "-5ms", "x"] {
        let refused = compute("--switch-interval", text).unwrap_err();
        assert!(refused.contains("for the GIL"), "{text}: {refused}");
    }
    assert!(compute("--switch-interval", "").is_err());
    for (text, nanos) in [("1us", 1_000), ("10s", 10_000_000_000)] {
        assert_eq!(compute("--switch-interval", text).unwrap().switch_interval, Nanos(nanos));
    }
    for text in ["0.9ms", "11m", "150", "0"] {
        assert!(compute("--size", text).is_err(), "{text}");
    }
    for (text, millis) in [("1ms", 1), ("10m", 600_000)] {
        assert_eq!(compute("--size", text).unwrap().size, Nanos::from_millis(millis));
    }
}

#[test]
fn a_speed_is_a_number_within_bounds() {
    let speed = |text: &str| match parse(&["replay", "x", &format!("--speed={text}")])? {
        Command::Replay(replay) => Ok(replay.speed.to_string()),
        other => Err(format!("{other:?}")),
    };
    for text in ["0", "0.000009", "1001", "-1", "NaN", "inf", "", "fast", "x"] {
        assert!(speed(text).is_err(), "{text:?}");
    }
    for (text, said) in
        [("0.00001", "0.00001x"), ("0.1", "0.1x"), ("2", "2x"), ("2.5x", "2.5x"), ("1e3", "1000x")]
    {
        assert_eq!(speed(text).as_deref(), Ok(said));
    }
}

#[test]
fn a_username_is_one_that_github_gives() {
    let user = |name: &str| match followers(parse(&[&format!("--username={name}")])?).source {
        ApiSource::Api { user, .. } => Ok(user),
        ApiSource::BuiltIn | ApiSource::List(_) => Err("none".to_owned()),
    };
    for name in ["a", "aaronlelevier", "a-b-c", "0", "octocat_acme", &"x".repeat(39)] {
        assert_eq!(user(name).as_deref(), Ok(name));
    }
    let long = "x".repeat(40);
    for name in ["", "-a", "a-", "a--b", "a b", "a/b", "..", "@a", "é", "a\n", "\u{1b}[2J", &long]
    {
        assert!(user(name).is_err(), "{name:?}");
    }
    let message = user("\u{1b}[2J").unwrap_err();
    assert!(message.starts_with(r#""\u{1b}[2J" is not a GitHub username"#), "{message}");
}

#[test]
fn pages_hold_1_to_100() {
    for per_page in [1, 100] {
        let command = parse(&["--per-page", &per_page.to_string()]).unwrap();
        assert_eq!(followers(command).per_page, per_page);
    }
}

fn counts(text: &str) -> Result<Vec<u16>, String> {
    let command = parse(&["--mode", "sweep", &format!("--threads={text}")])?;
    Ok(followers(command).sweep.counts.unwrap_or_default())
}

#[test]
fn lists_and_ranges_are_put_in_order_and_each_count_is_taken_once() {
    assert_eq!(counts("1,2,4,8,16"), Ok(vec![1, 2, 4, 8, 16]));
    assert_eq!(counts("1..5"), Ok(vec![1, 2, 3, 4, 5]));
    assert_eq!(counts("16, 2..4 ,3,1"), Ok(vec![1, 2, 3, 4, 16]));
    assert_eq!(counts("2..9"), Ok((2..=9).collect()));
    assert_eq!(counts("1..32"), Ok(vec![1, 2, 4, 8, 16, 32]));
    assert_eq!(counts("3,3..20"), Ok(vec![3, 6, 12, 20]));
}

#[test]
fn an_invalid_count_is_reported() {
    for text in ["", ",", "1,", "1..", "..4", "1...4", "x,2", "1.5", "-1,2", "5..1"] {
        let error = counts(text).unwrap_err();
        assert!(error.contains("--threads"), "{text:?}: {error}");
    }
    for (text, words) in [
        ("0..4", "--threads 0 is out of range; use 1 to 1000"),
        ("1..4294967295", "--threads 4294967295 is out of range; use 1 to 1000"),
        ("7", "--threads 7 is a single count; "),
        ("7", "such as 1,2,4,8 or 1..7"),
        ("0", "such as 1,2,4,8 or 1..8"),
        ("1", "such as 1,2,4,8 or 1..8"),
        ("7,7", "--threads 7 is a single count; "),
    ] {
        let error = counts(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

fn commands(args: &[&str]) -> Result<Vec<String>, String> {
    match parse(&[&["exec"], args].concat())? {
        Command::Exec(exec) => Ok(exec.commands.to_vec()),
        other => panic!("{other:?}"),
    }
}

fn commands_in_list(text: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    std::fs::write(&list, text).unwrap();
    commands(&["--from", list.to_str().unwrap()])
}

#[test]
fn a_line_is_a_command() {
    let text = "#!/usr/bin/env list\n\n  make a \r\n\t\n # not this\nmake b # but this\necho 'é'";
    assert_eq!(commands_in_list(text).unwrap(), ["make a", "make b # but this", "echo 'é'"]);
}

#[test]
fn more_commands_than_a_run_has_room_for_are_refused() {
    let error = commands_in_list(&"a\n".repeat(MAX_TASKS as usize + 1)).unwrap_err();
    assert!(error.starts_with("more than "), "{error}");
}

#[test]
fn an_argument_is_a_command_with_its_lines() {
    let arguments = ["--", "true", " make\nmake test "];
    assert_eq!(commands(&arguments).unwrap(), ["true", " make\nmake test "]);
}

fn mode(args: &[&str], variables: &[(&str, &str)], terminals: Terminals) -> OutputMode {
    followers(parse_in(args, variables, terminals).unwrap()).output.mode
}

#[test]
fn the_screen_needs_a_terminal_and_no_report() {
    assert_eq!(mode(&[], &[], TERMINALS), OutputMode::Screen);
    for (args, variables, terminals) in [
        (&["--plain"][..], NO_VARIABLES, TERMINALS),
        (&["--report", "-"], &[], TERMINALS),
        (&[], &[("TERM", "dumb")], TERMINALS),
        (&[], &[], Terminals { stdin: false, ..TERMINALS }),
        (&[], &[], Terminals { stdout: false, ..TERMINALS }),
    ] {
        let plain = OutputMode::Plain(Progress::Line);
        assert_eq!(mode(args, variables, terminals), plain, "{args:?}");
    }
    assert_eq!(mode(&["--json"], &[], TERMINALS), OutputMode::Json(Progress::Line));
}

#[test]
fn sentences_are_for_those_who_ask_and_accessible_ones_for_a_terminal() {
    let accessible = [("ACCESSIBLE", "1")];
    let files = Terminals::default();
    for (args, variables, terminals, progress) in [
        (&["--narrate"][..], NO_VARIABLES, files, Progress::Sentences),
        (&[], &accessible, TERMINALS, Progress::Sentences),
        (&[], &accessible, files, Progress::None),
        (&[], &[("ACCESSIBLE", "0")], files, Progress::None),
    ] {
        assert_eq!(mode(args, variables, terminals), OutputMode::Plain(progress), "{args:?}");
    }
    let both = mode(&["--json", "--narrate"], &[], TERMINALS);
    assert_eq!(both, OutputMode::Json(Progress::Sentences));
}

#[test]
fn a_hint_follows_the_first_semicolon_outside_of_quotes() {
    assert_eq!(split_hint("a: b; c; d"), ("a: b", Some("c; d")));
    assert_eq!(split_hint("no \"a; b\"; c"), ("no \"a; b\"", Some("c")));
    assert_eq!(split_hint("no \"a; b\""), ("no \"a; b\"", None));
}

/// Parses arguments with this text as the configuration `c`.
fn configured(args: &[&str], text: &str) -> Result<Command, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    parse(&[&["--config", file], args].concat()).map_err(|error| error.replace(file, "c"))
}

fn configured_keys(text: &str) -> Keymap {
    match configured(&["--print-keys"], text).unwrap() {
        Command::PrintKeys(keys) => keys,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_setting_is_applied() {
    let text = "theme = \"light\"\nascii = true\nmouse = false\nreduced-motion = true\n\
                threads = 12\nper-page = 100\n[keys]\n\"next-mode\" = [\"Tab\", \"m\"]\nquit = 'Q'\n";
    let command = followers(configured(&[], text).unwrap());
    let display = command.output.display;
    assert_eq!((display.theme, command.per_page), (ThemeArg::Light, 100));
    assert_eq!(command.workers, Some(12));
    assert!(display.ascii && !display.mouse && display.reduced_motion);
    let keys = display.keys;
    assert_eq!(
        (keys.key_of(Action::NextMode), keys.key_of(Action::Quit)),
        ("Tab".into(), "Q".into())
    );
    let usual = followers(configured(&[], "").unwrap());
    let none = followers(parse(&[]).unwrap());
    assert_eq!(usual.output.display, none.output.display);
    assert_eq!((usual.per_page, usual.workers), (none.per_page, none.workers));
    let error = configured(&["octocat"], "\nthreads = 101").unwrap_err();
    assert!(error.starts_with("threads in c, line 2: "), "{error}");
}

#[test]
fn what_is_wrong_in_a_configuration_has_its_line() {
    for (text, error) in [
        (
            "theme = \"dark\"\n\ncolour = 1",
            "c, line 3: unknown setting \"colour\"; use one of theme",
        ),
        ("them = \"dark\"", "c, line 1: unknown setting \"them\"; did you mean theme?"),
        ("theme = \"blue\"", "c, line 1: theme: use \"auto\", \"dark\" or \"light\""),
        ("theme = 3", "theme: use \"auto\""),
        ("ascii = \"yes\"", "ascii: use true or false"),
        ("threads = \"4\"", "threads: use a whole number from 1 to 1000"),
        ("threads = 0", "c, line 1: threads: use a whole number from 1 to 1000"),
        ("threads = 100000", "c, line 1: threads: use a whole number from 1 to 1000"),
        ("threads = 4\nthreads = 5", "c, line 2: duplicate key threads; keep one of them"),
        ("[keys]\nquit = 'q'\nquit = 'Q'", "c, line 3: duplicate key quit"),
        (
            "[keys]\nquit = 'PageUp'",
            "c, line 2: quit: \"PageUp\" is not a key; did you mean Page Up?",
        ),
        ("per-page = 101", "per-page: use a whole number from 1 to 100"),
        ("keys = 1", "keys: is a table; write [keys] on a line of its own"),
        ("theme = ", "c, line 1: "),
        ("\n[keys]\nquti = \"q\"", "c, line 3: unknown action \"quti\"; did you mean quit?"),
        ("[keys]\nquit = 1", "c, line 2: quit: use a key in quotes, or a list of keys"),
        (
            "[keys]\nquit = [\n\"q\",\n\"F1\"]",
            "c, line 4: quit: \"F1\" is not a key; use a character",
        ),
        ("[keys]\nrun = \"x\"\nstop = \"x\"", "line 2: x is bound to both stop and run"),
        ("[keys]\ninterrupt = []", "c, line 2: Ctrl-C is reserved for interrupt"),
    ] {
        let message = configured(&[], text).unwrap_err();
        assert!(message.contains(error), "{text:?}: {message}");
    }
}

#[test]
fn printed_keys_can_be_pasted() {
    let own = configured_keys("[keys]\nquit = []\nrun = ['\"', '\\', \"'\", \"Space\"]\n");
    assert_eq!(configured_keys(&own.to_string()), own);
    let usual = Keymap::default();
    assert_eq!(configured_keys(&usual.to_string()), usual);
}

#[test]
fn the_default_configuration_follows_xdg() {
    let folder = tempfile::tempdir().unwrap();
    let write = |place: &Path, per_page: u8| {
        std::fs::create_dir_all(place.join("threadline")).unwrap();
        let text = format!("per-page = {per_page}");
        std::fs::write(place.join("threadline/config.toml"), text).unwrap();
    };
    let (home, xdg) = (folder.path().join("me"), folder.path().join("mine"));
    write(&home.join(".config"), 11);
    write(&xdg, 22);
    let [home, xdg] = [&home, &xdg].map(|path| path.to_str().unwrap());
    let per_page = |variables: &[(&str, &str)]| {
        followers(parse_in(&[], variables, TERMINALS).unwrap()).per_page
    };
    assert_eq!(per_page(&[("HOME", home)]), 11);
    assert_eq!(per_page(&[("HOME", home), ("XDG_CONFIG_HOME", xdg)]), 22);
    for nowhere in ["", "relative"] {
        assert_eq!(per_page(&[("HOME", home), ("XDG_CONFIG_HOME", nowhere)]), 11);
    }
    assert_eq!(per_page(&[]), 30);
}
