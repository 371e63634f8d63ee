//! A person's own configuration, keys and shell: the file, what it may say, and what is printed for
//! a shell and for man.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

use super::{CliOutput, quick, run_to_end, threadline};

/// A folder for `XDG_CONFIG_HOME`, and the file in it.
fn configured(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("threadline/config.toml");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn at(folder: &Path, args: &[&str]) -> Command {
    let mut command = threadline();
    command.env("XDG_CONFIG_HOME", folder).args(args);
    command
}

/// The report's line on the runs with several threads, for two pages or ten.
fn report(command: &mut Command) -> String {
    let server = quick(100);
    let asked = command.args(["aaronlelevier", "--plain", "--api-url", &server.url()]);
    let CliOutput { code, out, err } = run_to_end(asked);
    assert_eq!(code, Some(0), "{err}");
    out
}

#[test]
fn the_file_decides_where_the_command_line_says_nothing() {
    let (folder, file) = configured("threads = 2\nper-page = 50\n");
    let whole = report(&mut at(folder.path(), &[]));
    assert!(whole.contains("2 pages of 50") && whole.contains("threads x2"), "{whole}");
    let said = report(&mut at(folder.path(), &["--threads", "3", "--per-page", "10"]));
    assert!(said.contains("10 pages of 10") && said.contains("threads x3"), "{said}");
    let none = report(&mut at(folder.path(), &["--config", "/dev/null"]));
    assert!(none.contains("4 pages of 30") && none.contains("threads x4"), "{none}");
    let named = report(threadline().arg("--config").arg(&file));
    assert!(named.contains("2 pages of 50"), "{named}");
    let below_home = tempfile::tempdir().unwrap();
    std::fs::create_dir(below_home.path().join(".config")).unwrap();
    std::fs::rename(folder.path().join("threadline"), below_home.path().join(".config/threadline"))
        .unwrap();
    let home = report(threadline().env_remove("XDG_CONFIG_HOME").env("HOME", below_home.path()));
    assert!(home.contains("2 pages of 50"), "{home}");
}

#[track_caller]
fn refused(command: &mut Command, words: &str) {
    let CliOutput { code, out, err } = run_to_end(command);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.starts_with("threadline: ") && err.lines().count() <= 3, "{err:?}");
    assert!(err.contains(words), "{err}");
}

#[test]
fn what_is_wrong_in_it_ends_before_anything_is_done() {
    for (text, words) in [
        ("# mine\nthem = 'dark'\n", "line 2: unknown setting \"them\"\nhint: did you mean theme?"),
        ("[keys]\nquit = 'F1'\n", "line 2: quit: \"F1\" is not a key"),
        ("[keys]\nquit = 'x'\nstop = 'x'\n", "x is bound to both stop and quit"),
        ("theme = \n", "line 1: "),
        ("threads = 5000\n", "threads: use a whole number"),
    ] {
        let (folder, file) = configured(text);
        for args in [&["--plain"][..], &["--print-keys"], &["exec", "--plain", "--", "true"]] {
            refused(&mut at(folder.path(), args), words);
        }
        refused(&mut at(folder.path(), &["--plain"]), file.to_str().unwrap());
    }
}

#[test]
fn an_unreadable_file_is_reported_and_a_missing_one_is_none() {
    let (folder, file) = configured("");
    refused(
        threadline().args(["--plain", "--config", "/nowhere/mine.toml"]),
        "/nowhere/mine.toml: No such",
    );
    std::fs::remove_file(&file).unwrap();
    assert_eq!(run_to_end(&mut at(folder.path(), &["--print-keys"])).code, Some(0));
    std::fs::create_dir(&file).unwrap();
    refused(&mut at(folder.path(), &["--print-keys"]), "cannot read the configuration in");
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, b"\xff").unwrap();
    refused(&mut at(folder.path(), &["--print-keys"]), "UTF-8");
    refused(threadline().args(["--plain", "--config", "/dev/zero"]), "longer than 1 MiB");
}

#[test]
fn the_keys_are_printed_as_the_file_has_them() {
    let CliOutput { code, out, err } = run_to_end(threadline().arg("--print-keys"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    insta::assert_snapshot!("print_keys", out);
    let (folder, _) = configured(&out);
    assert_eq!(run_to_end(&mut at(folder.path(), &["--print-keys"])).out, out, "pasted");
    let (folder, _) = configured("[keys]\nrun = [\"r\", \"Enter\"]\nquit = []\n");
    let own = run_to_end(&mut at(folder.path(), &["--print-keys"])).out;
    for line in ["run = [\"r\", \"Enter\"]", "inspect = []", "quit = []"] {
        assert!(own.contains(line), "{line}: {own}");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let CliOutput { code, out, err } = run_to_end(threadline().args(["completions", shell]));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{shell}");
        for word in ["--per-page", "--reduced-motion", "exec", "serve", "completions"] {
            assert!(
                out.contains(word)
                    || shell == "fish" && out.contains(word.trim_start_matches("--")),
                "{shell}: {word}"
            );
        }
        assert!(!out.contains("worker "), "{shell}: hidden");
    }
    let fish = run_to_end(threadline().args(["completions", "fish"])).out;
    // An option without its value yet is no error, so that its values are completed.
    assert!(fish.contains("-- $cmd value 2>/dev/null"), "{fish}");
    assert!(fish.contains("completions\" -f -a \"bash elvish fish powershell zsh\""), "{fish}");
    let zsh = run_to_end(threadline().args(["completions", "zsh"])).out;
    // The command is the first word that is no option; behind another, there are the main options.
    assert!(zsh.contains("case $line[1] in") && !zsh.contains("$line[2]"), "{zsh}");
    assert_eq!(zsh.matches("(*)\n_arguments ").count(), 1, "{zsh}");
    assert_eq!(zsh.matches("'--mode=[").count(), 2, "{zsh}");
    refused(threadline().args(["completions", "tcl"]), "possible values: bash, elvish, fish");
}

#[test]
fn the_manual_tells_of_every_command_and_option() {
    let CliOutput { code, out, err } = run_to_end(threadline().arg("man"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with(".ie") || out.starts_with(".TH threadline 1"), "{out}");
    for words in [
        "\"threadline exec\"",
        "\"threadline serve\"",
        "\"threadline man\"",
        "\\-\\-print\\-keys",
        "GH_TOKEN",
        ".SH \"EXIT CODES\"",
        ".SH KEYS\n.TP\nTab\nnext mode\n",
        ".SH CONFIGURATION\n.PP\nDefaults are read",
        "[\\-\\-mode MODE]",
    ] {
        assert!(out.contains(words), "{words}");
    }
    assert!(!out.contains("threadline worker"), "hidden");
    let lines: Vec<&str> = out.lines().collect();
    for entry in lines.windows(3).filter(|lines| lines[0] == ".TP") {
        assert!(!entry[2].starts_with('.'), "nothing is said of {}", entry[1]);
    }
    let requests = out.lines().filter(|line| line.starts_with('.'));
    for request in requests {
        let known = [
            ".SH", ".SS", ".TP", ".PP", ".nf", ".fi", ".TH", ".RS", ".RE", ".ie", ".el", ".IP",
            ".br", ".sp",
        ];
        assert!(known.iter().any(|name| request.starts_with(name)), "{request}");
    }
}

#[test]
fn the_short_help_is_short() {
    for (args, most) in
        [(&["-h"][..], 23), (&["exec", "-h"], 23), (&["serve", "-h"], 23), (&["replay", "-h"], 23)]
    {
        let help = run_to_end(threadline().args(args).env("COLUMNS", "80")).out;
        assert!(help.lines().count() <= most, "{args:?} has {} lines", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{args:?}");
    }
}
