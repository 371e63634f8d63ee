//! Each recorded memory is read as the program printed it.

use threadline::source::program::python::{
    Interpreter, PythonError, PythonVersion, RuntimeLocation,
};

use super::recorded_memory::{RecordedMemory, RecordedProgram};

#[test]
fn recorded_programs_are_read_as_they_were() {
    let programs = RecordedProgram::all();
    let minors = programs.iter().map(|program| program.header.scene.version().minor);
    assert_eq!(minors.collect::<Vec<u8>>(), [8, 9, 10, 11, 12, 13]);
    for program in programs {
        let python = program.interpreter_in(&program.memory).unwrap().unwrap();
        program.header.scene.assert_is_read(&python, &program.memory);
        let gils = python.gils(&program.memory).unwrap();
        let [gil] = gils.as_slice() else { panic!("{gils:?}") };
        assert_eq!(gil.switch_interval_us, 5_000);
        assert_eq!(gil.interpreters, [0]);
        assert!(gil.hand_overs > 0 && !gil.is_torn, "{gil:?}");
        let holder = gil.holder.filter(|_| gil.is_locked);
        assert!(holder.is_some_and(|holder| program.header.scene.tids().contains(&holder)));
    }
}

#[test]
fn other_threads_of_the_system_mean_another_layout() {
    for program in RecordedProgram::all() {
        let other = Interpreter::at(&program.memory, program.location(), &|| vec![1, 2]);
        assert!(matches!(other, Err(PythonError::UnknownLayout { .. })), "{other:?}");
    }
}

#[test]
fn a_layout_of_another_version_is_not_believed() {
    for program in RecordedProgram::all() {
        let version = program.header.scene.version();
        // 3.9 and 3.10 differ in nothing that is checked, and 3.13 has its own offsets.
        let others = [8, 9, 11, 12].into_iter().filter(|other| {
            *other != version.minor && version.minor != 13 && (*other, version.minor) != (9, 10)
        });
        for minor in others {
            let version = Some(PythonVersion { minor, ..version });
            let location = RuntimeLocation { version, ..program.location() };
            let tids = || program.header.scene.tids();
            let other = Interpreter::at(&program.memory, location, &tids);
            assert!(
                !matches!(other, Ok(Some(_))),
                "{version:?} for {}",
                program.header.scene.version
            );
        }
    }
}

#[test]
fn versions_without_a_layout_are_said() {
    let memory = RecordedProgram::of_minor(8).memory;
    let address = *memory.blocks.keys().next().unwrap();
    for (minor, micro, text) in [
        (7, None, "CPython 3.7: unknown layout"),
        (14, Some(2), "CPython 3.14.2: unknown layout"),
        (15, None, "CPython 3.15: unknown layout"),
    ] {
        let version = Some(PythonVersion { major: 3, minor, micro });
        let error = Interpreter::at(&memory, RuntimeLocation { address, version }, &Vec::new);
        assert_eq!(error.unwrap_err().to_string(), text);
    }
}

#[test]
fn offsets_of_a_newer_runtime_are_not_read_as_those_of_3_13() {
    let mut program = RecordedProgram::of_minor(13);
    let version = program.header.runtime + 8;
    assert_eq!(program.memory.word(version) >> 16, 0x03_0d, "the major and the minor version");
    program.memory.patch(version + 2, &[14]);
    let error = program.interpreter_in(&program.memory).unwrap_err();
    assert_eq!(error.to_string(), "CPython 3.14.0: unknown layout");
}

#[test]
fn free_threaded_runtime_has_no_gil() {
    let mut program = RecordedProgram::of_minor(13);
    program.memory.patch(program.header.runtime + 16, &[1]);
    let python = program.interpreter_in(&program.memory).unwrap().unwrap();
    assert!(python.is_free_threaded());
    assert_eq!(python.gils(&program.memory).unwrap(), []);
    assert_eq!(python.threads(&program.memory).unwrap().len(), 6);
}

#[test]
fn runtime_without_an_interpreter_is_not_ready() {
    for mut program in RecordedProgram::all() {
        let head = match program.header.scene.version().minor {
            8..=10 => 32,
            11 | 12 => 40,
            _ => 632,
        };
        program.memory.patch(program.header.runtime + head, &[0; 8]);
        assert!(matches!(program.interpreter_in(&program.memory), Ok(None)));
    }
}

#[test]
fn process_that_ends_has_no_interpreter() {
    for program in RecordedProgram::all() {
        let ended = RecordedMemory::default();
        assert!(matches!(program.interpreter_in(&ended), Ok(None)));
    }
}
