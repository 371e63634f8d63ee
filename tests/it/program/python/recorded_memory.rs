//! Memory of a process in a file: the parts of it that a reader touches.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use threadline::source::program::python::{Interpreter, Memory, PythonError, RuntimeLocation};

use super::{Scene, fixtures};

/// The unit of what is recorded, in bytes.
pub(super) const BLOCK: usize = 64;

/// The recorded parts of a memory, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordedMemory {
    pub(super) blocks: BTreeMap<u64, [u8; BLOCK]>,
}

/// The memory of a CPython that runs the program, with what the program printed.
#[derive(Clone, Debug)]
pub(super) struct RecordedProgram {
    pub(super) header: RecordedHeader,
    pub(super) memory: RecordedMemory,
}

/// The first line of a recording.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct RecordedHeader {
    pub(super) scene: Scene,
    /// The address of `_PyRuntime`.
    pub(super) runtime: u64,
}

impl Memory for RecordedMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut rest = buffer;
        let mut address = address;
        while !rest.is_empty() {
            let offset = address % BLOCK as u64;
            let block = self.blocks.get(&(address - offset));
            let bytes = &block.ok_or(io::ErrorKind::UnexpectedEof)?[offset as usize..];
            let (part, after) = rest.split_at_mut(bytes.len().min(rest.len()));
            part.copy_from_slice(&bytes[..part.len()]);
            address = address.checked_add(part.len() as u64).ok_or(io::ErrorKind::InvalidInput)?;
            rest = after;
        }
        Ok(())
    }
}

impl RecordedMemory {
    /// Returns the word at an address.
    pub(super) fn word(&self, address: u64) -> u64 {
        let mut word = [0; 8];
        self.read(address, &mut word).unwrap();
        u64::from_le_bytes(word)
    }

    /// Replaces the bytes at an address, which are in one block.
    pub(super) fn patch(&mut self, address: u64, bytes: &[u8]) {
        let offset = address % BLOCK as u64;
        let block = self.blocks.get_mut(&(address - offset)).unwrap();
        block[offset as usize..][..bytes.len()].copy_from_slice(bytes);
    }
}

impl RecordedProgram {
    /// Reads all recordings, sorted by version.
    pub(super) fn all() -> Vec<Self> {
        let files = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|one| one == "gz"));
        let mut programs: Vec<Self> = files.map(|path| Self::load(&path)).collect();
        programs.sort_by_key(|program| program.header.scene.version().minor);
        programs
    }

    /// Reads the recording of a version.
    pub(super) fn of_minor(minor: u8) -> Self {
        Self::load(&fixtures().join(format!("python-3.{minor}.gz")))
    }

    fn load(path: &Path) -> Self {
        let mut file = BufReader::new(GzDecoder::new(File::open(path).unwrap()));
        let mut header = String::new();
        file.read_line(&mut header).unwrap();
        let mut blocks = Vec::new();
        file.read_to_end(&mut blocks).unwrap();
        let block = |bytes: &[u8]| {
            let (address, bytes) = bytes.split_at(8);
            (u64::from_le_bytes(address.try_into().unwrap()), bytes.try_into().unwrap())
        };
        Self {
            header: serde_json::from_str(&header).unwrap(),
            memory: RecordedMemory { blocks: blocks.chunks(8 + BLOCK).map(block).collect() },
        }
    }

    /// Writes the recording to the file of its version.
    pub(super) fn save(&self) {
        let version = self.header.scene.version();
        let name = format!("python-3.{}.gz", version.minor);
        let file = File::create(fixtures().join(name)).unwrap();
        let mut file = GzEncoder::new(file, Compression::best());
        writeln!(file, "{}", serde_json::to_string(&self.header).unwrap()).unwrap();
        for (address, block) in &self.memory.blocks {
            file.write_all(&address.to_le_bytes()).unwrap();
            file.write_all(block).unwrap();
        }
        file.finish().unwrap();
    }

    pub(super) fn location(&self) -> RuntimeLocation {
        let RecordedHeader { scene, runtime } = &self.header;
        RuntimeLocation { address: *runtime, version: Some(scene.version()) }
    }

    /// Returns the interpreter in a memory, with the threads that the program had.
    pub(super) fn interpreter_in(
        &self,
        memory: &dyn Memory,
    ) -> Result<Option<Interpreter>, PythonError> {
        Interpreter::at(memory, self.location(), &|| self.header.scene.tids())
    }
}
