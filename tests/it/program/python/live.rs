//! The program is read as it prints, while it runs, on each CPython that is installed.

use std::collections::BTreeSet;
use std::process::Command;

use threadline::source::program::python::{
    CodeCache, Interpreter, ProcessMemory, PythonError, namespace_tids,
};

use super::target_program::{InstalledPython, TargetProgram, installed_pythons};

/// The versions that can be read.
const MINORS: std::ops::RangeInclusive<u8> = 8..=13;

/// The number of readings of the GIL: some switch intervals.
const READINGS: usize = 2_000;

#[test]
fn installed_pythons_are_read() {
    let pythons = installed_pythons();
    let minors: BTreeSet<u8> = pythons.iter().map(|python| python.minor).collect();
    for minor in MINORS.filter(|minor| !minors.contains(minor)) {
        eprintln!("skipped: CPython 3.{minor} is not installed");
    }
    for python in pythons {
        let target = TargetProgram::start(&python.path);
        if MINORS.contains(&python.minor) {
            assert_target_is_read(&target);
        } else {
            assert_layout_is_unknown(&target, &python);
        }
    }
}

fn assert_target_is_read(target: &TargetProgram) {
    let scene = &target.scene;
    let python = Interpreter::find(scene.pid).unwrap().unwrap();
    let memory = ProcessMemory::open(scene.pid).unwrap();
    scene.assert_is_read(&python, &memory);
    let (mut locked, mut hand_overs) = (0, 0);
    for _ in 0..READINGS {
        let gils = python.gils(&memory).unwrap();
        let [gil] = gils.as_slice() else { panic!("{gils:?}") };
        assert_eq!(gil.switch_interval_us, 5_000);
        assert!(gil.hand_overs >= hand_overs, "{gil:?} after {hand_overs}");
        hand_overs = gil.hand_overs;
        if gil.is_locked && !gil.is_torn {
            locked += 1;
            assert!(gil.holder.is_some_and(|tid| scene.tids().contains(&tid)), "{gil:?}");
        }
    }
    // Two threads compute without end.
    assert!(locked > 0);
}

/// Versions that are newer than this reader are said, with their number.
fn assert_layout_is_unknown(target: &TargetProgram, python: &InstalledPython) {
    let error = Interpreter::find(target.scene.pid).unwrap_err();
    let PythonError::UnknownLayout { version } = error else { panic!("{error}") };
    assert_eq!(version.minor, python.minor);
}

#[test]
fn other_programs_have_no_interpreter() {
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    assert!(matches!(Interpreter::find(child.id()), Ok(None)));
    child.kill().unwrap();
    // A zombie, whose memory is gone.
    assert!(matches!(Interpreter::find(child.id()), Ok(None)));
    child.wait().unwrap();
    assert!(matches!(Interpreter::find(child.id()), Ok(None)));
}

#[test]
fn threads_of_this_process_are_those_of_the_system() {
    let pid = std::process::id();
    let tids = namespace_tids(pid);
    assert!(tids.len() > 1);
    assert!(tids.values().any(|tid| *tid == pid));
    assert!(namespace_tids(u32::MAX).is_empty());
}

/// Prints the costs of a pass over each CPython, in CPU time of this thread.
#[test]
#[ignore = "measures"]
fn cost_of_a_pass() {
    use rustix::time::{ClockId, clock_gettime};
    const PASSES: u32 = 2_000;
    let cpu_us = |pass: &mut dyn FnMut()| {
        let now = || {
            let time = clock_gettime(ClockId::ThreadCPUTime);
            time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
        };
        let start = now();
        (0..PASSES).for_each(|_| pass());
        (now() - start) / f64::from(PASSES)
    };
    for python in installed_pythons() {
        let target = TargetProgram::start(&python.path);
        let Ok(Some(python)) = Interpreter::find(target.scene.pid) else { continue };
        let memory = ProcessMemory::open(target.scene.pid).unwrap();
        let threads = python.threads(&memory).unwrap();
        let mut cache = CodeCache::default();
        let gils = cpu_us(&mut || _ = python.gils(&memory));
        let states = cpu_us(&mut || _ = python.threads(&memory));
        let names = cpu_us(&mut || _ = python.thread_names(&memory, &threads));
        let functions = cpu_us(&mut || {
            for thread in &threads {
                _ = python.innermost_function(&memory, thread, &mut cache);
            }
        }) / threads.len() as f64;
        eprintln!(
            "CPython {}: GIL {gils:.1} us, {} threads {states:.1} us, function {functions:.1} us a \
             thread, names {names:.0} us",
            python.version(),
            threads.len()
        );
    }
}
