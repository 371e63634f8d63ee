//! Records the memory that a reader touches, as a fixture.

use std::cell::RefCell;
use std::io;

use rustix::process::{Pid, Signal, kill_process};
use threadline::source::program::python::{CodeCache, Interpreter, Memory, ProcessMemory};

use super::recorded_memory::{BLOCK, RecordedHeader, RecordedMemory, RecordedProgram};
use super::target_program::{TargetProgram, installed_pythons};

/// A memory that keeps what is read of another one.
struct MemoryRecorder<'a> {
    memory: &'a dyn Memory,
    recorded: RefCell<RecordedMemory>,
}

impl Memory for MemoryRecorder<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.memory.read(address, buffer)?;
        let first = address - address % BLOCK as u64;
        for start in (first..address + buffer.len() as u64).step_by(BLOCK) {
            let mut block = [0; BLOCK];
            self.memory.read(start, &mut block)?;
            self.recorded.borrow_mut().blocks.insert(start, block);
        }
        Ok(())
    }
}

/// Records each CPython on the PATH. The paths of its library are in the recording.
#[test]
#[ignore = "writes the fixtures"]
fn record_fixtures() {
    for python in installed_pythons() {
        let target = TargetProgram::start(&python.path);
        let process = Pid::from_raw(target.scene.pid.cast_signed()).unwrap();
        let location = Interpreter::find(target.scene.pid).unwrap().unwrap().location();
        let memory = ProcessMemory::open(target.scene.pid).unwrap();
        // Stopped while it holds the GIL, so that the memory does not change.
        let recorder = loop {
            kill_process(process, Signal::STOP).unwrap();
            target.wait_until_stopped();
            let recorder = MemoryRecorder { memory: &memory, recorded: RefCell::default() };
            let scene = &target.scene;
            let python = Interpreter::at(&recorder, location, &|| scene.tids()).unwrap().unwrap();
            let threads = python.threads(&recorder).unwrap();
            let is_held = python.gils(&recorder).unwrap()[0].holder.is_some();
            let mut cache = CodeCache::default();
            let mut is_waiting = false;
            for thread in &threads {
                let inner = python.innermost_function(&recorder, thread, &mut cache).unwrap();
                is_waiting |= inner.is_some_and(|function| &*function.name == "watch");
                python.outermost_function(&recorder, thread, &mut cache).unwrap();
            }
            python.thread_names(&recorder, &threads).unwrap();
            if is_held && is_waiting {
                break recorder;
            }
            kill_process(process, Signal::CONT).unwrap();
        };
        let header = RecordedHeader { scene: target.scene.clone(), runtime: location.address };
        RecordedProgram { header, memory: recorder.recorded.into_inner() }.save();
        kill_process(process, Signal::CONT).unwrap();
    }
}
