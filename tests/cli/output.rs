//! The followers' file: every format, whole or not at all.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use threadline::github::server::Server;

use super::scripted_server::{ScriptedReply, ScriptedServer};
use super::{CliOutput, asking_quick, command_for, quick, run_to_end, threadline};

fn written(server: &Server, path: &Path) -> String {
    let CliOutput { code, err, .. } = run_to_end(asking_quick(server).arg("-o").arg(path));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(err, format!("127 followers written to {}\n", path.display()));
    fs::read_to_string(path).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_format_holds_the_same_followers() {
    let (server, place) = (quick(127), TempDir::new().unwrap());
    let csv = written(&server, &place.path().join("f.csv"));
    let mut csv = csv.lines();
    assert_eq!(csv.next(), Some("id,login,html_url"));
    let csv: Vec<Vec<&str>> = csv.map(|line| line.split(',').collect()).collect();
    let json: Value =
        serde_json::from_str(&written(&server, &place.path().join("f.json"))).unwrap();
    let ndjson = written(&server, &place.path().join("f.NDJSON"));
    let ndjson: Vec<Value> =
        ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(csv.len(), 127);
    assert_eq!(json.as_array(), Some(&ndjson));
    for (cells, object) in csv.iter().zip(&ndjson) {
        assert_eq!(cells[0], object["id"].to_string());
        assert_eq!(
            (cells[1], cells[2]),
            (object["login"].as_str().unwrap(), object["html_url"].as_str().unwrap())
        );
    }
}

#[test]
fn a_dash_is_stdout_and_the_report_goes_to_stderr() {
    let server = quick(127);
    let CliOutput { code, out, err } = run_to_end(asking_quick(&server).args(["-o", "-"]));
    assert_eq!(code, Some(0));
    assert_eq!(out.lines().count(), 127);
    assert!(out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(err.starts_with("single_threaded time(sec): "), "{err}");
}

#[test]
fn the_json_report_and_a_file_go_together() {
    let (server, place) = (quick(127), TempDir::new().unwrap());
    let path = place.path().join("f.csv");
    let CliOutput { code, out, .. } =
        run_to_end(asking_quick(&server).arg("--json").arg("-o").arg(&path));
    assert_eq!(code, Some(0));
    assert!(serde_json::from_str::<Value>(&out).is_ok());
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 128);
}

#[test]
fn an_unwritable_file_is_reported_before_any_request() {
    let (server, place) = (ScriptedServer::list(1, 1, |_| None), TempDir::new().unwrap());
    let [missing, slash, long] = ["missing/f.csv", "f.csv/", &"f".repeat(300)]
        .map(|name| place.path().join(name).with_extension("csv"));
    let slash = slash.join("");
    let elsewhere = Path::new("/dev/null/f.csv");
    for path in [&missing, &slash, &long, place.path(), elsewhere] {
        let CliOutput { code, out, err } =
            run_to_end(command_for(server.url()).arg("-o").arg(path));
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.starts_with("threadline: "), "{err}");
        assert!(err.contains(path.to_str().unwrap()) && !err.contains(".threadline-"), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_failed_page_leaves_a_partial_list_that_is_said_to_be_one() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("f.ndjson");
    let server = ScriptedServer::list(90, 90, |page| {
        (page == 2).then(|| ScriptedReply::error(500, "Server Error"))
    });
    for mode in ["sequential", "threads", "race"] {
        let mut command = command_for(server.url());
        let CliOutput { code, err, .. } =
            run_to_end(command.args(["--mode", mode, "-o"]).arg(&path));
        assert_eq!(code, Some(6), "{err}");
        let partial = format!("{} is partial: 60 followers, 2 of 3 pages\n", path.display());
        assert!(err.contains(&partial), "{err}");
        assert!(err.contains("answered page 2 with 500: Server Error"), "{err}");
        let list = fs::read_to_string(&path).unwrap();
        let ids: Vec<Value> = list
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
            .collect();
        assert_eq!(ids, (1..=30).chain(61..=90).map(Value::from).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_fetched_touches_nothing() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("f.csv");
    fs::write(&path, "before").unwrap();
    let server = ScriptedServer::start(|_| ScriptedReply::error(404, "Not Found"));
    let CliOutput { code, err, .. } = run_to_end(command_for(server.url()).arg("-o").arg(&path));
    assert_eq!(code, Some(3));
    assert!(err.contains("was not written"), "{err}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    assert_eq!(names(place.path()), ["f.csv"]);
}

/// The file that a sentence says the followers are in.
fn kept(err: &str) -> &Path {
    let (_, kept) = err.trim_end().rsplit_once("the followers were saved to ").unwrap();
    Path::new(kept)
}

/// What takes the place of the target meanwhile must not cost the list.
#[test]
fn a_list_that_cannot_have_its_name_is_kept_under_another() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("f.csv");
    let taken = path.clone();
    let server = ScriptedServer::list(30, 30, move |_| {
        _ = fs::create_dir_all(&taken);
        None
    });
    let CliOutput { code, err, .. } = run_to_end(command_for(server.url()).arg("-o").arg(&path));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains(&format!("cannot write {}: ", path.display())), "{err}");
    assert_eq!(kept(&err).parent(), Some(place.path()));
    assert_eq!(fs::read_to_string(kept(&err)).unwrap().lines().count(), 31);
}

/// A server of 30 followers; once a page is asked for, the directory is gone.
fn removing(directory: &Path) -> ScriptedServer {
    let directory = directory.to_owned();
    ScriptedServer::list(30, 30, move |_| {
        _ = fs::remove_dir_all(&directory);
        None
    })
}

#[test]
fn a_list_whose_directory_vanished_is_kept_in_the_working_directory() {
    let place = TempDir::new().unwrap();
    let [gone, here] = ["gone", "here"].map(|name| place.path().join(name));
    fs::create_dir(&gone).unwrap();
    fs::create_dir(&here).unwrap();
    let (server, path) = (removing(&gone), gone.join("f.csv"));
    let mut command = command_for(server.url());
    let CliOutput { code, err, .. } = run_to_end(command.current_dir(&here).arg("-o").arg(&path));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains(&format!("cannot write {}: ", path.display())), "{err}");
    assert_eq!(kept(&err).parent().unwrap().file_name(), here.file_name());
    assert!(kept(&err).extension().is_some_and(|ending| ending == "csv"), "{err}");
    assert_eq!(fs::read_to_string(kept(&err)).unwrap().lines().count(), 31);
    assert!(!gone.exists(), "a directory that was removed is made anew");
}

/// Other files in the directory may go: the program puts nothing there before the end.
#[test]
fn a_directory_that_is_cleaned_during_the_run_takes_the_file_in_the_end() {
    let place = TempDir::new().unwrap();
    let cleaned = place.path().to_owned();
    let server = ScriptedServer::list(30, 30, move |_| {
        for name in names(&cleaned) {
            fs::remove_file(cleaned.join(name)).unwrap();
        }
        None
    });
    let path = place.path().join("f.csv");
    let CliOutput { code, err, .. } = run_to_end(command_for(server.url()).arg("-o").arg(&path));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 31);
}

#[test]
fn a_list_that_nothing_takes_is_said_to_be_lost() {
    let place = TempDir::new().unwrap();
    let gone = place.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let server = removing(&gone);
    let mut command = command_for(server.url());
    command.current_dir(&gone).env("TMPDIR", "/no/such/directory");
    let CliOutput { code, err, .. } = run_to_end(command.args(["-o", "f.csv"]));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("cannot write f.csv: "), "{err}");
    assert!(err.contains("the followers were lost"), "{err}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_has_ordinary_permissions_and_an_old_one_keeps_its_own() {
        let (server, place) = (quick(127), TempDir::new().unwrap());
        let (new, ordinary) = (place.path().join("new.csv"), place.path().join("ordinary"));
        fs::write(&ordinary, "").unwrap();
        written(&server, &new);
        assert_eq!(mode(&new), mode(&ordinary));
        fs::set_permissions(&new, fs::Permissions::from_mode(0o640)).unwrap();
        written(&server, &new);
        assert_eq!(mode(&new), 0o640);
    }

    #[test]
    fn a_program_that_is_killed_leaves_no_file_behind() {
        let place = TempDir::new().unwrap();
        let server = ScriptedServer::list(30, 30, |_| Some(ScriptedReply::never()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_threadline"));
        command.args(["octocat", "--api-url", server.url(), "-o"]).arg(place.path().join("f.csv"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        server.wait_for_page(1);
        crate::kill("-KILL", child.id());
        child.wait().unwrap();
        assert_eq!(names(place.path()), Vec::<String>::new());
    }

    #[test]
    fn a_link_stays_a_link() {
        let (server, place) = (quick(127), TempDir::new().unwrap());
        let (old, new) = (place.path().join("old.csv"), place.path().join("new.csv"));
        fs::write(&old, "before").unwrap();
        for target in [&old, &new] {
            let link = place.path().join("link.csv");
            _ = fs::remove_file(&link);
            symlink(target.file_name().unwrap(), &link).unwrap();
            written(&server, &link);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(target).unwrap().lines().count(), 128);
        }
        let circle = place.path().join("circle.csv");
        symlink("circle.csv", &circle).unwrap();
        let CliOutput { code, err, .. } = run_to_end(asking_quick(&server).arg("-o").arg(&circle));
        assert_eq!(code, Some(1), "{err}");
    }

    #[test]
    fn a_device_is_written_into() {
        let server = quick(127);
        let CliOutput { code, err, .. } =
            run_to_end(asking_quick(&server).args(["-o", "/dev/null"]));
        assert_eq!((code, err.as_str()), (Some(0), "127 followers written to /dev/null\n"));
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_full_disk_is_reported() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let server = quick(127);
        let CliOutput { code, err, .. } =
            run_to_end(asking_quick(&server).args(["-o", "/dev/full"]));
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("cannot write /dev/full"), "{err}");
        for args in [&["--plain"][..], &["--json"], &["-o", "-"]] {
            let (code, err) = with_full_stdout(asking_quick(&server).args(args));
            assert_eq!(code, Some(1), "{args:?}: {err}");
            assert!(err.starts_with("threadline: cannot write to stdout: "), "{args:?}: {err}");
        }
        let (code, err) = with_full_stdout(threadline().arg("--help"));
        assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
    }

    fn with_full_stdout(command: &assert_cmd::Command) -> (Option<i32>, String) {
        let mut full = Command::new(command.get_program());
        full.args(command.get_args()).stdout(full_disk()).stderr(Stdio::piped());
        let ended = full.output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    }

    fn full_disk() -> fs::File {
        fs::OpenOptions::new().write(true).open("/dev/full").unwrap()
    }

    /// Where nobody can be told, everything else is as it was to be.
    #[test]
    fn a_full_stderr_changes_nothing_else() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let (server, place) = (quick(127), TempDir::new().unwrap());
        let (whole, url) = (place.path().join("f.csv"), server.url());
        let run = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_threadline"));
            command.args(args).args(["--api-url", &url]).stderr(full_disk());
            let ended = command.output().unwrap();
            (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
        };
        let (code, out) = run(&["aaronlelevier", "-o", whole.to_str().unwrap()]);
        assert_eq!((code, fs::read_to_string(whole).unwrap().lines().count()), (Some(0), 128));
        assert!(out.contains("both single_threaded and multi_threaded count: 127\n"), "{out}");
        let (code, out) = run(&["nobody", "--json"]);
        assert_eq!(code, Some(3));
        assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    }

    /// SIGXFSZ would end it without a word, and leave half a file.
    #[test]
    fn a_limit_on_files_is_a_full_disk() {
        let (server, place) = (quick(3_000), TempDir::new().unwrap());
        let run = format!(
            "ulimit -f 1; exec {} aaronlelevier --api-url {} -o f.csv",
            env!("CARGO_BIN_EXE_threadline"),
            server.url()
        );
        let ended = Command::new("sh").args(["-c", &run]).current_dir(place.path()).output();
        let ended = ended.unwrap();
        let err = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{err}");
        assert!(err.contains("cannot write f.csv: "), "{err}");
        assert_eq!(names(place.path()), Vec::<String>::new());
    }
}

#[test]
fn a_reader_that_has_had_enough_ends_it_quietly() {
    let server = quick(3_000);
    let mut child = Command::new(env!("CARGO_BIN_EXE_threadline"))
        .args(["aaronlelevier", "--api-url", &server.url(), "--per-page", "100", "-o", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    // More than a pipe holds is still to come, so the program is writing when its reader goes.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    assert_eq!(ended.status.code(), Some(141));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}
