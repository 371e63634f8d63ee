//! Memory that changes, is damaged or was made to confuse: no panic, and no search without end.

use std::cell::{Cell, RefCell};
use std::io;

use threadline::source::program::python::{CodeCache, Interpreter, Memory, PythonThread};

use super::recorded_memory::{BLOCK, RecordedMemory, RecordedProgram};

/// The number of damaged memories per recorded program.
const DAMAGES: u64 = 250;

/// The maximum number of reads of a pass over six threads: three tries for 20,000 threads, 1,000
/// frames per thread, and 100,000 for the names.
const MAX_READS: u32 = 400_000;

/// A recorded memory with damage.
struct HostileMemory {
    recorded: RecordedMemory,
    addresses: Vec<u64>,
    random: RefCell<fastrand::Rng>,
    /// The contents of memory that was not recorded.
    elsewhere: Elsewhere,
    /// Some reads return other bytes than the ones before.
    is_changing: bool,
    reads: Cell<u32>,
}

#[derive(Clone, Copy)]
enum Elsewhere {
    Unreadable,
    Random,
    /// Pointers to what was recorded.
    Pointers,
}

impl HostileMemory {
    fn new(program: &RecordedProgram, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let addresses: Vec<u64> = program.memory.blocks.keys().copied().collect();
        let mut recorded = program.memory.clone();
        for _ in 0..random.usize(..60) {
            let block = *random.choice(&addresses).unwrap();
            let offset = random.usize(..BLOCK / 8) * 8;
            let word = match random.u8(..6) {
                0 => 0,
                1 => u64::MAX,
                2 => random.u64(..300),
                3 => random.u64(..),
                4 => block,
                _ => random.choice(&addresses).unwrap() + random.u64(..BLOCK as u64),
            };
            let bytes = recorded.blocks.get_mut(&block).unwrap();
            bytes[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
        }
        let elsewhere = [Elsewhere::Unreadable, Elsewhere::Random, Elsewhere::Pointers];
        let elsewhere = *random.choice(&elsewhere).unwrap();
        let is_changing = random.bool();
        let random = RefCell::new(random);
        Self { recorded, addresses, random, elsewhere, is_changing, reads: Cell::new(0) }
    }
}

impl Memory for HostileMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.reads.set(self.reads.get() + 1);
        let mut random = self.random.borrow_mut();
        if let Err(error) = self.recorded.read(address, buffer) {
            match self.elsewhere {
                Elsewhere::Unreadable => return Err(error),
                Elsewhere::Random => random.fill(buffer),
                Elsewhere::Pointers => {
                    for word in buffer.chunks_mut(8) {
                        let pointer = random.choice(&self.addresses).unwrap().to_le_bytes();
                        word.copy_from_slice(&pointer[..word.len()]);
                    }
                }
            }
        }
        if self.is_changing && !buffer.is_empty() && random.u8(..20) == 0 {
            let index = random.usize(..buffer.len());
            buffer[index] = random.u8(..);
        }
        Ok(())
    }
}

#[test]
fn damaged_memory_is_read_to_an_end() {
    for program in RecordedProgram::all() {
        let python = program.interpreter_in(&program.memory).unwrap().unwrap();
        let threads = python.threads(&program.memory).unwrap();
        for seed in 0..DAMAGES {
            let memory = HostileMemory::new(&program, seed);
            if let Ok(Some(other)) = program.interpreter_in(&memory) {
                read_all(&other, &memory, &threads);
            }
            memory.reads.set(0);
            read_all(&python, &memory, &threads);
            let reads = memory.reads.get();
            assert!(reads < MAX_READS, "{reads} reads with seed {seed}");
        }
    }
}

/// Reads all that there is, and checks that texts are bounded and printable.
fn read_all(python: &Interpreter, memory: &HostileMemory, threads: &[PythonThread]) {
    _ = python.gils(memory);
    _ = python.threads(memory);
    let names = python.thread_names(memory, threads).unwrap_or_default();
    let mut texts: Vec<String> = names.into_values().collect();
    let mut cache = CodeCache::default();
    for thread in threads {
        let inner = python.innermost_function(memory, thread, &mut cache);
        let outer = python.outermost_function(memory, thread, &mut cache);
        for function in [inner, outer].into_iter().filter_map(|function| function.ok().flatten()) {
            texts.extend([function.name.to_string(), function.file.to_string()]);
        }
    }
    for text in texts {
        assert!(text.len() < 20_000 && !text.contains(char::is_control), "{text:?}");
    }
}

/// A memory that counts its reads.
struct CountedMemory {
    memory: RecordedMemory,
    reads: Cell<u32>,
}

impl Memory for CountedMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.reads.set(self.reads.get() + 1);
        self.memory.read(address, buffer)
    }
}

/// Offsets of CPython 3.8.
mod offsets {
    pub(super) const RUNTIME_HEAD: u64 = 32;
    pub(super) const INTERPRETER_NEXT: u64 = 0;
    pub(super) const THREAD_NEXT: u64 = 8;
    pub(super) const THREAD_FRAME: u64 = 24;
    pub(super) const FRAME_BACK: u64 = 24;
}

/// Replaces a pointer in the memory of CPython 3.8 by one to its own structure, reads it, and returns
/// the number of reads.
fn count_reads<T>(
    structure: impl FnOnce(&RecordedMemory, u64, &PythonThread) -> u64,
    offset: u64,
    read: impl FnOnce(&Interpreter, &CountedMemory, &PythonThread) -> T,
) -> (T, u32) {
    let program = RecordedProgram::of_minor(8);
    let python = program.interpreter_in(&program.memory).unwrap().unwrap();
    let thread = python.threads(&program.memory).unwrap()[0];
    let mut memory = program.memory;
    let structure = structure(&memory, program.header.runtime, &thread);
    memory.patch(structure + offset, &structure.to_le_bytes());
    let memory = CountedMemory { memory, reads: Cell::new(0) };
    let result = read(&python, &memory, &thread);
    (result, memory.reads.get())
}

#[test]
fn list_of_threads_without_an_end_is_an_error() {
    let (threads, reads) = count_reads(
        |_, _, thread| thread.state,
        offsets::THREAD_NEXT,
        |python, memory, _| python.threads(memory),
    );
    assert!(threads.is_err() && reads < 100, "{threads:?}, {reads} reads");
}

#[test]
fn list_of_interpreters_without_an_end_is_cut() {
    let (gils, reads) = count_reads(
        |memory, runtime, _| memory.word(runtime + offsets::RUNTIME_HEAD),
        offsets::INTERPRETER_NEXT,
        |python, memory, _| python.gils(memory),
    );
    assert_eq!(gils.unwrap()[0].interpreters.len(), 64);
    assert!(reads < 100, "{reads} reads");
}

#[test]
fn stack_without_an_end_has_no_outermost_function() {
    let (function, reads) = count_reads(
        |memory, _, thread| memory.word(thread.state + offsets::THREAD_FRAME),
        offsets::FRAME_BACK,
        |python, memory, thread| {
            python.outermost_function(memory, thread, &mut CodeCache::default())
        },
    );
    assert_eq!(function.unwrap(), None);
    assert!(reads < 3_000, "{reads} reads");
}
