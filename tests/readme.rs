//! The README says what the program does: its keys and its options.

use assert_cmd::Command;
use threadline::app::keymap::BINDINGS;

const README: &str = include_str!("../README.md");

#[test]
fn the_keys_are_those_of_the_table() {
    let rows: Vec<String> = BINDINGS
        .iter()
        .map(|binding| {
            let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
            format!("| {} | {} |\n", keys.join(" "), binding.help)
        })
        .collect();
    let table = format!("| keys | what they do |\n| --- | --- |\n{}", rows.concat());
    assert!(README.contains(&table), "the README's table of keys should be\n{table}");
}

#[test]
fn every_option_that_it_names_exists() {
    let help = |arguments: &[&str]| {
        let out = Command::cargo_bin("threadline").unwrap().args(arguments).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    // Cargo's own, in the commands that build, test and install.
    let cargos = ["--release", "--locked", "--path"];
    let commands: [&[&str]; 4] = [&[], &["serve"], &["exec"], &["replay"]];
    let helps: String = commands.map(|words| help(&[words, &["--help"]].concat())).concat();
    let options = README.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
    for option in options.filter(|word| word.starts_with("--") && word.len() > 4) {
        assert!(
            cargos.contains(&option) || helps.contains(option),
            "the README names {option}, which is no option"
        );
    }
}

#[test]
fn its_report_of_the_laboratory_is_the_programs() {
    let args = ["--workload", "cpu", "--simulate", "--plain"];
    let out = Command::cargo_bin("threadline").unwrap().args(args).output().unwrap();
    let report =
        format!("$ threadline {}\n{}```\n", args.join(" "), String::from_utf8_lossy(&out.stdout));
    assert!(README.contains(&report), "the README should have\n{report}");
}

#[test]
fn its_configuration_is_one() {
    let (_, rest) = README.split_once("```toml\n").expect("a configuration");
    let (text, _) = rest.split_once("```").expect("its end");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, text).unwrap();
    let args = ["--print-keys", "--config", file.path().to_str().unwrap()];
    let out = Command::cargo_bin("threadline").unwrap().args(args).output().unwrap();
    let (keys, error) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!((out.status.code(), &*error), (Some(0), ""));
    let lines = [
        "next-mode = [\"Tab\", \"m\"]",
        "quit = \"Q\"",
        "pause = [\"Space\", \"l\"]",
        "pan-right = \"Right\"",
        "export = []",
    ];
    for line in lines {
        assert!(keys.contains(line), "{line}: {keys}");
    }
}
