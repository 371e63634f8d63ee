//! Finds an interpreter in a process of Linux, by its mappings and the files of these (proc(5)).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

use super::elf::{RuntimeImage, X86_64};
use super::memory::{Memory, read_word};
use super::{Interpreter, PythonError, PythonVersion, RuntimeLocation};

/// The end of the path of a file that was deleted.
const DELETED: &str = " (deleted)";

/// The memory of a process, by `/proc/PID/mem`.
#[derive(Debug)]
pub struct ProcessMemory(FileMemory);

/// The bytes of a file.
#[derive(Debug)]
struct FileMemory(File);

impl Memory for FileMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, address)
    }
}

impl Memory for ProcessMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read(address, buffer)
    }
}

impl ProcessMemory {
    /// Opens the memory of a process.
    ///
    /// # Errors
    ///
    /// Returns the error of the system if the process is gone or its memory may not be read.
    pub fn open(pid: u32) -> io::Result<Self> {
        File::open(format!("/proc/{pid}/mem")).map(|file| Self(FileMemory(file)))
    }
}

/// Returns the identifiers of the threads of a process, by those in the innermost PID namespace that it
/// is in: the ones that CPython knows ([`PythonThread::tid`](super::PythonThread::tid)).
pub fn namespace_tids(pid: u32) -> BTreeMap<u32, u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    let tasks = tasks.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let depth = namespaces(&format!("/proc/{pid}/status")).map_or(1, |(depth, _)| depth);
    if depth == 1 {
        return tasks.map(|tid| (tid, tid)).collect();
    }
    let inner = |tid: u32| Some((namespaces(&format!("/proc/{pid}/task/{tid}/status"))?.1, tid));
    tasks.filter_map(inner).collect()
}

/// Returns the number of PID namespaces that a thread has an identifier in, and that in the
/// innermost one.
fn namespaces(status: &str) -> Option<(usize, u32)> {
    let status = fs::read_to_string(status).ok()?;
    let tids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    let tids: Vec<&str> = tids.split_whitespace().collect();
    Some((tids.len(), tids.last()?.parse().ok()?))
}

/// A file that is mapped into a process and may hold the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MappedFile {
    /// The path in the mount namespace of the process.
    path: String,
    /// The address of the file's first byte.
    start: u64,
    is_deleted: bool,
}

impl Interpreter {
    /// Returns the CPython of a process, or `None` if it has none, if it is not ready yet, or if
    /// there is no such process.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory of the process may not be read, or if its layout is unknown.
    pub fn find(pid: u32) -> Result<Option<Self>, PythonError> {
        let executable = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        let executable = executable.to_string_lossy();
        let executable = executable.strip_suffix(DELETED).unwrap_or(&executable);
        let maps = match fs::read_to_string(format!("/proc/{pid}/maps")) {
            Ok(maps) => maps,
            Err(error) => return error_of(pid, error).map_or(Ok(None), Err),
        };
        for file in mapped_files(&maps, executable) {
            let path = if file.path == executable {
                // Works for a deleted file, too.
                format!("/proc/{pid}/exe")
            } else if file.is_deleted {
                return Err(PythonError::Replaced { path: file.path });
            } else {
                format!("/proc/{pid}/root{}", file.path)
            };
            let Ok(opened) = File::open(&path) else { continue };
            if let Ok(Some(image)) = RuntimeImage::read(&FileMemory(opened)) {
                return Self::in_image(pid, &file, image);
            }
        }
        Ok(None)
    }

    /// Returns the runtime of a mapped file, once it is ready.
    fn in_image(
        pid: u32,
        file: &MappedFile,
        image: RuntimeImage,
    ) -> Result<Option<Self>, PythonError> {
        if image.machine != X86_64 {
            return Err(PythonError::UnknownMachine);
        }
        let memory = match ProcessMemory::open(pid) {
            Ok(memory) => memory,
            Err(error) => return error_of(pid, error).map_or(Ok(None), Err),
        };
        let loaded = |address: u64| address.wrapping_sub(image.base).wrapping_add(file.start);
        let version = match (image.py_version, image.minor) {
            (Some(symbol), _) => match read_word(&memory, loaded(symbol), 0) {
                Ok(hex) => Some(PythonVersion::from_hex(hex)),
                Err(_ending) => return Ok(None),
            },
            (None, Some(minor)) => Some(PythonVersion { major: 3, minor, micro: None }),
            (None, None) => version_of_path(&file.path),
        };
        let location = RuntimeLocation { address: loaded(image.runtime), version };
        Self::at(&memory, location, &|| namespace_tids(pid).into_keys().collect())
    }
}

/// Returns the error for a failed system call, or `None` if the process is gone.
fn error_of(pid: u32, source: io::Error) -> Option<PythonError> {
    const ESRCH: i32 = 3;
    match source.kind() {
        io::ErrorKind::NotFound => None,
        io::ErrorKind::PermissionDenied => Some(PythonError::NotPermitted { pid, source }),
        _ if source.raw_os_error() == Some(ESRCH) => None,
        _ => Some(PythonError::Unreadable { pid, source }),
    }
}

/// Returns the files that may hold the runtime: the library of CPython before the executable.
fn mapped_files(maps: &str, executable: &str) -> Vec<MappedFile> {
    let mut files: Vec<MappedFile> = Vec::new();
    for line in maps.lines() {
        let Some(file) = mapped_file(line) else { continue };
        let is_candidate = is_python(&file.path) || file.path == executable;
        if is_candidate && !files.iter().any(|known| known.path == file.path) {
            files.push(file);
        }
    }
    files.sort_by_key(|file| file.path == executable);
    files
}

/// Parses a line of `maps`. Returns `None` unless it maps the start of a file.
fn mapped_file(line: &str) -> Option<MappedFile> {
    let mut fields = line.splitn(6, ' ');
    let start = fields.next()?.split_once('-')?.0;
    let (_permissions, offset, _device, _inode) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let path = fields.next()?.trim_start();
    if u64::from_str_radix(offset, 16) != Ok(0) || !path.starts_with('/') {
        return None;
    }
    let kept = path.strip_suffix(DELETED);
    Some(MappedFile {
        path: kept.unwrap_or(path).to_owned(),
        start: u64::from_str_radix(start, 16).ok()?,
        is_deleted: kept.is_some(),
    })
}

/// Returns `true` if a file has the name of an executable or a library of CPython.
fn is_python(path: &str) -> bool {
    let name = file_name(path);
    name.starts_with("python") || name.starts_with("libpython")
}

/// Returns the version in the name of a file: `libpython3.10.so.1.0` is 3.10.
fn version_of_path(path: &str) -> Option<PythonVersion> {
    let version = file_name(path).split_once("python3.")?.1;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(PythonVersion { major: 3, minor: digits.parse().ok()?, micro: None })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{MappedFile, PythonVersion, mapped_files, version_of_path};

    #[test]
    fn files_that_may_hold_the_runtime_are_found_library_first() {
        let maps = "\
55d0c0000000-55d0c0001000 r--p 00000000 fe:00 1201   /srv/my app/server
55d0c0001000-55d0c0002000 r-xp 00001000 fe:00 1201   /srv/my app/server
55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0      [heap]
7f0000000000-7f0000100000 r--p 00000000 fe:00 1202   /usr/lib/libpython3.9.so.1.0 (deleted)
7f0000100000-7f0000200000 r-xp 00100000 fe:00 1202   /usr/lib/libpython3.9.so.1.0 (deleted)
7f0000300000-7f0000301000 r--p 00000000 fe:00 1203   /usr/lib/python3.9/_queue.cpython-39.so
7f0000400000-7f0000401000 rw-p 00000000 00:00 0
";
        let file =
            |path: &str, start, is_deleted| MappedFile { path: path.to_owned(), start, is_deleted };
        let expected = [
            file("/usr/lib/libpython3.9.so.1.0", 0x7f00_0000_0000, true),
            file("/srv/my app/server", 0x55d0_c000_0000, false),
        ];
        assert_eq!(mapped_files(maps, "/srv/my app/server"), expected);
    }

    #[test]
    fn version_is_read_from_the_file_name() {
        let version = |minor| Some(PythonVersion { major: 3, minor, micro: None });
        assert_eq!(version_of_path("/usr/lib/libpython3.10.so.1.0"), version(10));
        assert_eq!(version_of_path("/usr/bin/python3.9"), version(9));
        assert_eq!(version_of_path("/opt/python3.11/bin/python"), None);
        assert_eq!(version_of_path("/usr/lib/libpython3.so"), None);
        assert_eq!(version_of_path("/opt/app3.9"), None);
    }
}
