//! Reads `_Py_DebugOffsets`, which CPython 3.13 and later keep at the start of their runtime state
//! so that other processes find the fields of its structures.
//!
//! The order of the offsets is stable within a minor version only: 3.14 has further ones in between.
//! So this reads those of 3.13 (`internal/pycore_runtime.h` of 3.13.0).

use super::layout::{
    CodeLayout, FrameLayout, FramePointer, GilLocation, InstructionPosition, InterpreterLayout,
    Layout, LineTableFormat, OBJECTS_3_13, ObjectLayout, ThreadLayout, gil,
};
use super::memory::{Memory, read_bytes, word_at};
use super::{PythonError, PythonVersion};

/// The first bytes of the structure.
const COOKIE: &[u8] = b"xdebugpy";
/// The size of the structure up to the last offset that is read, in words.
const WORDS: u64 = 71;
/// The maximum offset that is believed.
const MAX_OFFSET: u64 = 1 << 20;

/// Positions in the structure of 3.13, in words.
mod position {
    pub(super) const VERSION: u64 = 1;
    pub(super) const FREE_THREADED: u64 = 2;
    pub(super) const INTERPRETERS_HEAD: u64 = 5;
    /// The first position of `interpreter_state`.
    pub(super) const INTERPRETER: u64 = 6;
    /// The first position of `thread_state`.
    pub(super) const THREAD: u64 = 19;
    /// The first position of `interpreter_frame`.
    pub(super) const FRAME: u64 = 28;
    /// The first position of `code_object`.
    pub(super) const CODE: u64 = 34;
    pub(super) const OB_TYPE: u64 = 45;
    /// The first position of `type_object`.
    pub(super) const TYPE: u64 = 46;
    /// The first position of `dict_object`.
    pub(super) const DICT: u64 = 56;
    /// The first position of `bytes_object`.
    pub(super) const BYTES: u64 = 64;
    /// The first position of `unicode_object`.
    pub(super) const UNICODE: u64 = 67;
}

/// The version and the layout that a runtime states.
pub(super) struct DebugOffsets {
    pub(super) version: PythonVersion,
    pub(super) free_threaded: bool,
    pub(super) layout: Layout,
}

impl DebugOffsets {
    /// Reads the offsets at the start of a runtime state. Returns `None` if it has none, as those up
    /// to 3.12.
    pub(super) fn read(memory: &dyn Memory, runtime: u64) -> Result<Option<Self>, PythonError> {
        let bytes = read_bytes(memory, runtime, WORDS as usize * 8).unwrap_or_default();
        if !bytes.starts_with(COOKIE) {
            return Ok(None);
        }
        let word = |position: u64| word_at(&bytes, position * 8).unwrap_or(u64::MAX);
        let version = PythonVersion::from_hex(word(position::VERSION));
        let offset = |position| Some(word(position)).filter(|offset| *offset < MAX_OFFSET);
        let is_known = (version.major, version.minor) == (3, 13);
        let layout = if is_known { layout_of(&offset) } else { None };
        let layout = layout.ok_or(PythonError::UnknownLayout { version })?;
        Ok(Some(Self { version, free_threaded: word(position::FREE_THREADED) == 1, layout }))
    }
}

/// Returns the layout that the offsets at the positions of 3.13 describe.
fn layout_of(offset: &dyn Fn(u64) -> Option<u64>) -> Option<Layout> {
    use position::{
        BYTES, CODE, DICT, FRAME, INTERPRETER, INTERPRETERS_HEAD, OB_TYPE, THREAD, TYPE, UNICODE,
    };
    let ascii_size = offset(UNICODE + 3)?;
    let gil_base = offset(INTERPRETER + 9)?;
    let is_known_gil = offset(INTERPRETER + 11)?.checked_sub(gil_base)? == gil::LOCKED
        && offset(INTERPRETER + 12)?.checked_sub(gil_base)? == gil::LAST_HOLDER;
    let layout = Layout {
        interpreters_head: offset(INTERPRETERS_HEAD)?,
        gil: GilLocation::Interpreter(offset(INTERPRETER + 8)?),
        interpreter: InterpreterLayout {
            next: offset(INTERPRETER + 2)?,
            threads_head: offset(INTERPRETER + 3)?,
            modules: offset(INTERPRETER + 5)?,
        },
        thread: ThreadLayout {
            next: offset(THREAD + 2)?,
            interp: offset(THREAD + 3)?,
            thread_id: offset(THREAD + 5)?,
            native_thread_id: Some(offset(THREAD + 6)?),
            current_frame: FramePointer::Direct(offset(THREAD + 4)?),
        },
        frame: FrameLayout {
            code: offset(FRAME + 2)?,
            previous: offset(FRAME + 1)?,
            owner: Some(offset(FRAME + 5)?),
            instruction: InstructionPosition::Pointer {
                instr: offset(FRAME + 3)?,
                co_code_adaptive: offset(CODE + 9)?,
            },
        },
        code: CodeLayout {
            co_filename: offset(CODE + 1)?,
            name: offset(CODE + 3)?,
            co_firstlineno: offset(CODE + 5)?,
            line_table: offset(CODE + 4)?,
            line_table_format: LineTableFormat::Locations,
        },
        object: ObjectLayout {
            ob_type: offset(OB_TYPE)?,
            tp_name: offset(TYPE + 1)?,
            tp_flags: offset(TYPE + 3)?,
            unicode_length: offset(UNICODE + 2)?,
            unicode_state: offset(UNICODE + 1)?,
            ascii_size,
            // The length and the address of the UTF-8 form follow the fields of an ASCII string.
            compact_size: ascii_size.checked_add(16)?,
            bytes_size: offset(BYTES + 1)?,
            bytes_value: offset(BYTES + 2)?,
            ma_keys: offset(DICT + 1)?,
            ma_values: offset(DICT + 2)?,
            ..OBJECTS_3_13
        },
    };
    is_known_gil.then_some(layout)
}
