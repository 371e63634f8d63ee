//! The program that is read, and the builds of CPython that can run it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Scene, fixtures};

/// A CPython that is installed here.
pub(super) struct InstalledPython {
    pub(super) path: PathBuf,
    pub(super) minor: u8,
}

/// The running program. It ends when this is dropped.
pub(super) struct TargetProgram {
    child: Child,
    pub(super) scene: Scene,
}

impl TargetProgram {
    /// Starts the program, and waits for the line that it prints when all its threads are in place.
    pub(super) fn start(python: &Path) -> Self {
        let mut command = Command::new(python);
        // Compiled with a relative path, so that recordings name no directory of this machine.
        let code =
            "exec(compile(open('threads.py', encoding='utf-8').read(), 'threads.py', 'exec'))";
        command.args(["-c", code]).current_dir(fixtures());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let scene = serde_json::from_str(&line);
        Self {
            child,
            scene: scene.unwrap_or_else(|error| panic!("{}: {error}: {line}", python.display())),
        }
    }

    /// Waits until all threads of the program are stopped.
    pub(super) fn wait_until_stopped(&self) {
        let is_stopped = |tid: &u32| {
            let stat = fs::read_to_string(format!("/proc/{}/task/{tid}/stat", self.child.id()));
            stat.unwrap().rsplit(") ").next().unwrap().starts_with('T')
        };
        while !self.scene.tids.values().all(is_stopped) {}
    }
}

impl Drop for TargetProgram {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Returns the installed builds of CPython from 3.8 on: those on the PATH, and those of pyenv, each once.
pub(super) fn installed_pythons() -> Vec<InstalledPython> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = env::split_paths(&path).collect();
    if let Some(pyenv) = env::var_os("PYENV_ROOT") {
        let versions = fs::read_dir(Path::new(&pyenv).join("versions")).into_iter().flatten();
        directories.extend(versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))));
    }
    let files = directories.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten();
    let mut found = BTreeMap::new();
    for file in files.flatten().map(|file| file.path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let minor = name.strip_prefix("python3.").and_then(|minor| minor.parse().ok());
        if let (Some(minor @ 8..), Ok(real)) = (minor, file.canonicalize())
            && is_elf(&real)
        {
            // Run by the path that was found, which leads to its library.
            found.entry(real).or_insert(InstalledPython { path: file, minor });
        }
    }
    found.into_values().collect()
}

/// Returns `false` for a script that chooses one of several versions.
fn is_elf(path: &Path) -> bool {
    let mut start = [0; 4];
    let file = fs::File::open(path);
    file.and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"\x7fELF"
}
