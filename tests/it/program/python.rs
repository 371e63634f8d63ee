//! The reader of CPython, on the program of `tests/fixtures/program/threads.py`: live on every CPython
//! that is installed, and from recorded memory on every system.

mod hostile;
#[cfg(target_os = "linux")]
mod live;
mod recorded;
mod recorded_memory;
#[cfg(target_os = "linux")]
mod recorder;
#[cfg(target_os = "linux")]
mod target_program;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use threadline::source::program::python::{
    CodeCache, Interpreter, Memory, PythonFunction, PythonThread, PythonVersion,
};

/// The function that each thread of the program is in, and the outermost one of its own.
const FUNCTIONS: [(&str, &str, &str); 6] = [
    ("cpu-a", "Worker.count", "Worker.count"),
    ("cpu-b", "größe", "größe"),
    ("Schläfer", "doze", "doze"),
    ("読み手", "take", "<lambda>"),
    ("🧵", "recurse", "<lambda>"),
    ("MainThread", "watch", "<module>"),
];

/// Returns the directory of the program and of its recordings.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/program")
}

/// The program's own account of its threads.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Scene {
    pid: u32,
    version: String,
    /// The identifiers of its threads by name.
    tids: BTreeMap<String, u32>,
    /// The lines that its threads are at, by name.
    lines: BTreeMap<String, u32>,
}

impl Scene {
    fn version(&self) -> PythonVersion {
        let numbers: Vec<u8> = self.version.split('.').map(|one| one.parse().unwrap()).collect();
        PythonVersion { major: numbers[0], minor: numbers[1], micro: Some(numbers[2]) }
    }

    fn tids(&self) -> Vec<u32> {
        self.tids.values().copied().collect()
    }

    /// Asserts that the interpreter, its threads, their names and their functions are those of the
    /// program.
    fn assert_is_read(&self, python: &Interpreter, memory: &dyn Memory) {
        let PythonVersion { minor, micro, .. } = python.version();
        assert_eq!(minor, self.version().minor);
        assert!(micro.is_none_or(|_| micro == self.version().micro), "{micro:?}");
        assert!(!python.is_free_threaded());
        let threads = python.threads(memory).unwrap();
        let names = python.thread_names(memory, &threads).unwrap();
        let names: BTreeMap<String, u32> =
            names.into_iter().map(|(tid, name)| (name, tid)).collect();
        assert_eq!(names, self.tids);
        let mut tids: Vec<u32> = threads.iter().map(|thread| thread.tid).collect();
        let mut expected = self.tids();
        tids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(tids, expected);
        let mut cache = CodeCache::default();
        // The second time from the cache.
        for _ in 0..2 {
            for (name, innermost, outermost) in FUNCTIONS {
                let is_at = |thread: &&PythonThread| thread.tid == self.tids[name];
                let thread = threads.iter().find(is_at).unwrap();
                let inner = python.innermost_function(memory, thread, &mut cache);
                self.assert_function(&inner.unwrap().unwrap(), innermost, Some(self.lines[name]));
                let outer = python.outermost_function(memory, thread, &mut cache);
                self.assert_function(&outer.unwrap().unwrap(), outermost, None);
            }
        }
    }

    fn assert_function(&self, function: &PythonFunction, name: &str, line: Option<u32>) {
        // Up to 3.10 without the class. The main thread is on its way to its last function.
        let short =
            if self.version().minor < 11 { name.replace("Worker.", "") } else { name.into() };
        if name == "watch" && &*function.name == "main" {
            return;
        }
        assert_eq!(*function.name, *short);
        // The module is run by `-c`.
        let file = if name == "<module>" { "<string>" } else { "threads.py" };
        assert_eq!(*function.file, *file);
        assert!(function.is_own_code, "{function:?}");
        let known = function.line.unwrap();
        assert!(known >= function.first_line, "{function:?}");
        assert!(line.is_none_or(|line| line == known), "{function:?} {line:?}");
    }
}
