//! The `--output` file: its formats, and its content after failures.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use threadline::server::Server;

use super::{CliOutput, command_for_server, command_for_url, run_to_end, start_server, threadline};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

/// Runs the program with `--output path`; returns the file's content.
fn write_list(server: &Server, path: &Path) -> String {
    let CliOutput { code, err, .. } = run_to_end(command_for_server(server).arg("-o").arg(path));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(err, format!("127 followers written to {}\n", path.display()));
    fs::read_to_string(path).unwrap()
}

fn file_names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_format_holds_the_same_followers() {
    let (server, folder) = (start_server(127), TempDir::new().unwrap());
    let csv = write_list(&server, &folder.path().join("f.csv"));
    let mut csv = csv.lines();
    assert_eq!(csv.next(), Some("id,login,html_url"));
    let csv: Vec<Vec<&str>> = csv.map(|line| line.split(',').collect()).collect();
    let json: Value =
        serde_json::from_str(&write_list(&server, &folder.path().join("f.json"))).unwrap();
    let ndjson = write_list(&server, &folder.path().join("f.NDJSON"));
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
fn list_to_stdout_moves_report_to_stderr() {
    let server = start_server(127);
    let CliOutput { code, out, err } = run_to_end(command_for_server(&server).args(["-o", "-"]));
    assert_eq!(code, Some(0));
    assert_eq!(out.lines().count(), 127);
    assert!(out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(err.starts_with("single_threaded time(sec): "), "{err}");
}

#[test]
fn json_report_and_output_file_can_be_combined() {
    let (server, folder) = (start_server(127), TempDir::new().unwrap());
    let path = folder.path().join("f.csv");
    let CliOutput { code, out, .. } =
        run_to_end(command_for_server(&server).arg("--json").arg("-o").arg(&path));
    assert_eq!(code, Some(0));
    assert!(serde_json::from_str::<Value>(&out).is_ok());
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 128);
}

#[test]
fn unwritable_output_path_is_reported_before_any_request() {
    let (server, folder) = (ScriptedServer::list(1, |_| None), TempDir::new().unwrap());
    let [missing, slash, long] = ["missing/f.csv", "f.csv/", &"f".repeat(300)]
        .map(|name| folder.path().join(name).with_extension("csv"));
    let slash = slash.join("");
    let elsewhere = Path::new("/dev/null/f.csv");
    for path in [&missing, &slash, &long, folder.path(), elsewhere] {
        let CliOutput { code, out, err } =
            run_to_end(command_for_url(server.url()).arg("-o").arg(path));
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.starts_with("threadline: "), "{err}");
        assert!(err.contains(path.to_str().unwrap()) && !err.contains(".threadline-"), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn failed_page_leaves_a_list_reported_as_partial() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("f.ndjson");
    let server = ScriptedServer::list(90, |page| {
        (page == 2).then(|| ScriptedReply::error(500, "Server Error"))
    });
    for mode in ["sequential", "threads", "race"] {
        let mut command = command_for_url(server.url());
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
fn failed_fetch_leaves_existing_file_untouched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("f.csv");
    fs::write(&path, "before").unwrap();
    let server = ScriptedServer::start(|_| ScriptedReply::error(404, "Not Found"));
    let CliOutput { code, err, .. } =
        run_to_end(command_for_url(server.url()).arg("-o").arg(&path));
    assert_eq!(code, Some(3));
    assert!(err.contains("was not written"), "{err}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    assert_eq!(file_names(folder.path()), ["f.csv"]);
}

/// Returns the path under which the followers were saved, from the message on stderr.
fn saved_path(err: &str) -> &Path {
    let (_, path) = err.trim_end().rsplit_once("the followers were saved to ").unwrap();
    Path::new(path)
}

/// A directory appears at the target's path during the run.
#[test]
fn blocked_output_path_saves_list_beside_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("f.csv");
    let blocked = path.clone();
    let server = ScriptedServer::list(30, move |_| {
        _ = fs::create_dir_all(&blocked);
        None
    });
    let CliOutput { code, err, .. } =
        run_to_end(command_for_url(server.url()).arg("-o").arg(&path));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains(&format!("cannot write {}: ", path.display())), "{err}");
    assert_eq!(saved_path(&err).parent(), Some(folder.path()));
    assert_eq!(fs::read_to_string(saved_path(&err)).unwrap().lines().count(), 31);
}

/// A server with 30 followers that removes `directory` on the first request for a page.
fn server_that_removes(directory: &Path) -> ScriptedServer {
    let directory = directory.to_owned();
    ScriptedServer::list(30, move |_| {
        _ = fs::remove_dir_all(&directory);
        None
    })
}

#[test]
fn removed_output_directory_saves_list_in_working_directory() {
    let folder = TempDir::new().unwrap();
    let [gone, here] = ["gone", "here"].map(|name| folder.path().join(name));
    fs::create_dir(&gone).unwrap();
    fs::create_dir(&here).unwrap();
    let (server, path) = (server_that_removes(&gone), gone.join("f.csv"));
    let mut command = command_for_url(server.url());
    let CliOutput { code, err, .. } = run_to_end(command.current_dir(&here).arg("-o").arg(&path));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains(&format!("cannot write {}: ", path.display())), "{err}");
    assert_eq!(saved_path(&err).parent().unwrap().file_name(), here.file_name());
    assert!(saved_path(&err).extension().is_some_and(|ending| ending == "csv"), "{err}");
    assert_eq!(fs::read_to_string(saved_path(&err)).unwrap().lines().count(), 31);
    assert!(!gone.exists(), "the removed directory was created again");
}

/// The program creates no file in the directory before the end of the run.
#[test]
fn file_is_written_to_a_directory_cleaned_during_the_run() {
    let folder = TempDir::new().unwrap();
    let cleaned = folder.path().to_owned();
    let server = ScriptedServer::list(30, move |_| {
        for name in file_names(&cleaned) {
            fs::remove_file(cleaned.join(name)).unwrap();
        }
        None
    });
    let path = folder.path().join("f.csv");
    let CliOutput { code, err, .. } =
        run_to_end(command_for_url(server.url()).arg("-o").arg(&path));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 31);
}

#[test]
fn list_that_cannot_be_saved_is_reported_as_lost() {
    let folder = TempDir::new().unwrap();
    let gone = folder.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let server = server_that_removes(&gone);
    let mut command = command_for_url(server.url());
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
    fn new_file_has_default_permissions_and_existing_file_keeps_its_own() {
        let (server, folder) = (start_server(127), TempDir::new().unwrap());
        let (new, ordinary) = (folder.path().join("new.csv"), folder.path().join("ordinary"));
        fs::write(&ordinary, "").unwrap();
        write_list(&server, &new);
        assert_eq!(mode(&new), mode(&ordinary));
        fs::set_permissions(&new, fs::Permissions::from_mode(0o640)).unwrap();
        write_list(&server, &new);
        assert_eq!(mode(&new), 0o640);
    }

    #[test]
    fn killed_program_leaves_no_file() {
        let folder = TempDir::new().unwrap();
        let server = ScriptedServer::list(30, |_| Some(ScriptedReply::never()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_threadline"));
        command.args(["octocat", "--api-url", server.url(), "-o"]).arg(folder.path().join("f.csv"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        server.wait_for_page(1);
        crate::cli::kill("-KILL", child.id());
        child.wait().unwrap();
        assert_eq!(file_names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn symbolic_link_is_followed_and_kept() {
        let (server, folder) = (start_server(127), TempDir::new().unwrap());
        let (old, new) = (folder.path().join("old.csv"), folder.path().join("new.csv"));
        fs::write(&old, "before").unwrap();
        for target in [&old, &new] {
            let link = folder.path().join("link.csv");
            _ = fs::remove_file(&link);
            symlink(target.file_name().unwrap(), &link).unwrap();
            write_list(&server, &link);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(target).unwrap().lines().count(), 128);
        }
        let circle = folder.path().join("circle.csv");
        symlink("circle.csv", &circle).unwrap();
        let CliOutput { code, err, .. } =
            run_to_end(command_for_server(&server).arg("-o").arg(&circle));
        assert_eq!(code, Some(1), "{err}");
    }

    #[test]
    fn device_is_written_to() {
        let server = start_server(127);
        let CliOutput { code, err, .. } =
            run_to_end(command_for_server(&server).args(["-o", "/dev/null"]));
        assert_eq!((code, err.as_str()), (Some(0), "127 followers written to /dev/null\n"));
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn full_disk_is_reported() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let server = start_server(127);
        let CliOutput { code, err, .. } =
            run_to_end(command_for_server(&server).args(["-o", "/dev/full"]));
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("cannot write /dev/full"), "{err}");
        for args in [&["--plain"][..], &["--json"], &["-o", "-"]] {
            let (code, err) = run_with_full_stdout(command_for_server(&server).args(args));
            assert_eq!(code, Some(1), "{args:?}: {err}");
            assert!(err.starts_with("threadline: cannot write to stdout: "), "{args:?}: {err}");
        }
        let (code, err) = run_with_full_stdout(threadline().arg("--help"));
        assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
    }

    fn run_with_full_stdout(command: &assert_cmd::Command) -> (Option<i32>, String) {
        let mut full = Command::new(command.get_program());
        full.args(command.get_args()).stdout(open_dev_full()).stderr(Stdio::piped());
        let output = full.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    fn open_dev_full() -> fs::File {
        fs::OpenOptions::new().write(true).open("/dev/full").unwrap()
    }

    /// The messages are lost; files, stdout and exit code are not.
    #[test]
    fn full_stderr_does_not_affect_files_or_stdout() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let (server, folder) = (start_server(127), TempDir::new().unwrap());
        let (path, url) = (folder.path().join("f.csv"), server.url());
        let run = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_threadline"));
            command.args(args).args(["--api-url", &url]).stderr(open_dev_full());
            let output = command.output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let (code, out) = run(&["aaronlelevier", "-o", path.to_str().unwrap()]);
        assert_eq!((code, fs::read_to_string(path).unwrap().lines().count()), (Some(0), 128));
        assert!(out.contains("both single_threaded and multi_threaded count: 127\n"), "{out}");
        let (code, out) = run(&["nobody", "--json"]);
        assert_eq!(code, Some(3));
        assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    }

    /// Left at its default, SIGXFSZ would kill the program silently and leave a truncated file.
    #[test]
    fn file_size_limit_is_reported_like_a_full_disk() {
        let (server, folder) = (start_server(3_000), TempDir::new().unwrap());
        let run = format!(
            "ulimit -f 1; exec {} aaronlelevier --api-url {} -o f.csv",
            env!("CARGO_BIN_EXE_threadline"),
            server.url()
        );
        let output = Command::new("sh").args(["-c", &run]).current_dir(folder.path()).output();
        let output = output.unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("cannot write f.csv: "), "{err}");
        assert_eq!(file_names(folder.path()), Vec::<String>::new());
    }
}

#[test]
fn closed_stdout_ends_the_program_silently() {
    let server = start_server(3_000);
    let mut child = Command::new(env!("CARGO_BIN_EXE_threadline"))
        .args(["aaronlelevier", "--api-url", &server.url(), "--per-page", "100", "-o", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    // The rest exceeds the pipe's buffer, so the program is writing when the reader closes.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
