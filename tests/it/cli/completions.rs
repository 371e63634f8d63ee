//! Shell completions, the manual page and the length of the short help.

use super::configuration::assert_rejected;
use super::{CliOutput, run_to_end, threadline};

#[test]
fn completions_exist_for_every_shell() {
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
    // An option that still lacks its value prints no error, so that its values are completed.
    assert!(fish.contains("-- $cmd value 2>/dev/null"), "{fish}");
    assert!(fish.contains("completions\" -f -a \"bash elvish fish powershell zsh\""), "{fish}");
    let zsh = run_to_end(threadline().args(["completions", "zsh"])).out;
    // The first word that is not an option is the command; after any other, the main options apply.
    assert!(zsh.contains("case $line[1] in") && !zsh.contains("$line[2]"), "{zsh}");
    assert_eq!(zsh.matches("(*)\n_arguments ").count(), 1, "{zsh}");
    assert_eq!(zsh.matches("'--mode=[").count(), 2, "{zsh}");
    assert_rejected(
        threadline().args(["completions", "tcl"]),
        "possible values: bash, elvish, fish",
    );
}

#[test]
fn manual_page_documents_commands_options_and_keys() {
    let CliOutput { code, out, err } = run_to_end(threadline().arg("man"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with(".ie") || out.starts_with(".TH threadline 1"), "{out}");
    for text in [
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
        assert!(out.contains(text), "{text}");
    }
    assert!(!out.contains("threadline worker"), "hidden");
    let lines: Vec<&str> = out.lines().collect();
    for entry in lines.windows(3).filter(|lines| lines[0] == ".TP") {
        assert!(!entry[2].starts_with('.'), "{} has no description", entry[1]);
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
fn short_help_fits_one_screen() {
    for (args, max_lines) in [
        (&["-h"][..], 23),
        (&["exec", "-h"], 23),
        (&["serve", "-h"], 23),
        (&["replay", "-h"], 23),
        (&["watch", "-h"], 23),
    ] {
        let help = run_to_end(threadline().args(args).env("COLUMNS", "80")).out;
        assert!(help.lines().count() <= max_lines, "{args:?} has {} lines", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{args:?}");
    }
}
