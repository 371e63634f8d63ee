//! The layout of CPython's structures per version: offsets in bytes, each named by its field in C.
//!
//! The numbers are `offsetof` and `sizeof` of the structures in the header files of CPython 3.8.18,
//! 3.9.18, 3.10.13, 3.11.7 (the same in 3.11.2), 3.12.1 (the same in 3.12.10) and 3.13.0, on x86-64 with glibc:
//! `internal/pycore_runtime.h`, `pycore_interp.h` and `pycore_gil.h` (3.8: `pycore_pystate.h` and
//! `pycore_gil.h`), `pycore_frame.h`, `pycore_dict.h` (up to 3.10: `Objects/dict-common.h`),
//! `cpython/pystate.h`, `code.h`, `frameobject.h`, `unicodeobject.h`, `dictobject.h`, `object.h`.

/// The offsets that the reader needs of one version.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// `_PyRuntimeState.interpreters.head`.
    pub(super) interpreters_head: u64,
    pub(super) gil: GilLocation,
    pub(super) interpreter: InterpreterLayout,
    pub(super) thread: ThreadLayout,
    pub(super) frame: FrameLayout,
    pub(super) code: CodeLayout,
    pub(super) object: ObjectLayout,
}

/// The location of `struct _gil_runtime_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GilLocation {
    /// `_PyRuntimeState.ceval.gil`: one for all interpreters of the process.
    Runtime(u64),
    /// `PyInterpreterState.ceval.gil`: a pointer, equal in interpreters that share a GIL.
    Interpreter(u64),
}

/// `PyInterpreterState`.
#[derive(Clone, Copy, Debug)]
pub(super) struct InterpreterLayout {
    pub(super) next: u64,
    /// `threads.head`, up to 3.10 `tstate_head`.
    pub(super) threads_head: u64,
    /// `imports.modules`, up to 3.11 `modules`.
    pub(super) modules: u64,
}

/// `PyThreadState`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadLayout {
    pub(super) next: u64,
    pub(super) interp: u64,
    pub(super) thread_id: u64,
    /// `None` up to 3.10.
    pub(super) native_thread_id: Option<u64>,
    pub(super) current_frame: FramePointer,
}

/// The pointer to the innermost frame of a thread.
#[derive(Clone, Copy, Debug)]
pub(super) enum FramePointer {
    /// `PyThreadState.current_frame`, up to 3.10 `frame`.
    Direct(u64),
    /// `PyThreadState.cframe`, and in it `_PyCFrame.current_frame`.
    CFrame(u64, u64),
}

/// `_PyInterpreterFrame`, up to 3.10 `PyFrameObject`.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameLayout {
    /// `f_code`, in 3.13 `f_executable`.
    pub(super) code: u64,
    /// `previous`, up to 3.10 `f_back`.
    pub(super) previous: u64,
    /// `None` up to 3.10.
    pub(super) owner: Option<u64>,
    pub(super) instruction: InstructionPosition,
}

/// The position of a frame in its bytecode.
#[derive(Clone, Copy, Debug)]
pub(super) enum InstructionPosition {
    /// `f_lasti`, an `int`, in units of so many bytes.
    Index { f_lasti: u64, unit: u64 },
    /// `prev_instr` or `instr_ptr`, a pointer into `PyCodeObject.co_code_adaptive`.
    Pointer { instr: u64, co_code_adaptive: u64 },
}

/// The encoding of the line numbers of a code object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineTableFormat {
    /// `co_lnotab`, up to 3.9 (`Objects/lnotab_notes.txt`).
    Lnotab,
    /// `co_linetable` of 3.10 (PEP 626).
    Ranges,
    /// `co_linetable` from 3.11 on (`Objects/locations.md`).
    Locations,
}

/// `PyCodeObject`.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeLayout {
    pub(super) co_filename: u64,
    /// `co_qualname`, up to 3.10 `co_name`.
    pub(super) name: u64,
    pub(super) co_firstlineno: u64,
    /// `co_linetable`, up to 3.9 `co_lnotab`.
    pub(super) line_table: u64,
    pub(super) line_table_format: LineTableFormat,
}

/// Objects of the builtin types.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObjectLayout {
    /// `PyObject.ob_type`.
    pub(super) ob_type: u64,
    /// `PyTypeObject.tp_name`.
    pub(super) tp_name: u64,
    /// `PyTypeObject.tp_flags`.
    pub(super) tp_flags: u64,
    /// `PyASCIIObject.length`.
    pub(super) unicode_length: u64,
    /// `PyASCIIObject.state`.
    pub(super) unicode_state: u64,
    /// `sizeof(PyASCIIObject)`.
    pub(super) ascii_size: u64,
    /// `sizeof(PyCompactUnicodeObject)`.
    pub(super) compact_size: u64,
    /// `PyVarObject.ob_size` of a `PyBytesObject`.
    pub(super) bytes_size: u64,
    /// `PyBytesObject.ob_sval`.
    pub(super) bytes_value: u64,
    /// `PyDictObject.ma_keys`.
    pub(super) ma_keys: u64,
    /// `PyDictObject.ma_values`.
    pub(super) ma_values: u64,
    pub(super) dict_keys: DictKeysFormat,
    pub(super) attributes: AttributeStorage,
    pub(super) integer_size: IntegerSize,
    /// `PyHeapTypeObject.ht_cached_keys`.
    pub(super) ht_cached_keys: u64,
}

/// The form of `struct _dictkeysobject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DictKeysFormat {
    /// Up to 3.10: `dk_size`, and entries with a hash.
    Sized,
    /// From 3.11 on: `dk_log2_index_bytes` and `dk_kind`; entries with `str` keys have no hash.
    Logarithmic,
}

/// The place where an instance of a class keeps its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttributeStorage {
    /// Up to 3.10: a dictionary at `tp_dictoffset`.
    Dictionary,
    /// 3.11: values and a dictionary before the object.
    ValuesOrDictionary,
    /// 3.12: one pointer before the object, whose lowest bit says which of the two it is.
    TaggedPointer,
    /// 3.13: values behind the object's header, or a dictionary before it.
    InlineValues,
}

/// The field of a `PyLongObject` that holds the number of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IntegerSize {
    /// Up to 3.11: `ob_size`, negative for negative integers.
    ObSize,
    /// From 3.12 on: `lv_tag`, with the sign in its lowest bits.
    LvTag,
}

/// `struct _gil_runtime_state` from 3.8 on; `interval` is its first field.
pub(super) mod gil {
    /// `last_holder`.
    pub(in super::super) const LAST_HOLDER: u64 = 8;
    /// `locked`.
    pub(in super::super) const LOCKED: u64 = 16;
    /// `switch_number`.
    pub(in super::super) const SWITCH_NUMBER: u64 = 24;
    /// The end of `switch_number`: condition variables and mutexes follow.
    pub(in super::super) const FIELDS_SIZE: u64 = 32;
    /// The size of the structure: four fields, two `pthread_cond_t`, two `pthread_mutex_t`.
    pub(in super::super) const SIZE: u64 = 208;
}

/// The offset of `PyModuleObject.md_dict`.
pub(super) const MD_DICT: u64 = 16;
/// The offset of `PyTypeObject.tp_dictoffset`.
pub(super) const TP_DICTOFFSET: u64 = 288;
/// The offset of the digits of a `PyLongObject`: `ob_digit`.
pub(super) const OB_DIGIT: u64 = 24;
/// The offset of the number of digits of a `PyLongObject`: `ob_size`, later `lv_tag`.
pub(super) const INTEGER_SIZE: u64 = 16;
/// The bit of `tp_flags` of types whose instances keep their attributes before the object.
pub(super) const TPFLAGS_MANAGED_DICT: u64 = 1 << 4;
/// The bit of `tp_flags` of types whose instances keep their attributes behind their header.
pub(super) const TPFLAGS_INLINE_VALUES: u64 = 1 << 2;
/// `FRAME_OWNED_BY_CSTACK`: a frame without Python code (3.12 and 3.13).
pub(super) const FRAME_OWNED_BY_CSTACK: u8 = 3;

impl Layout {
    /// Returns the layout of Python 3.`minor`, or `None` if it is unknown or, from 3.13 on, stated
    /// by the runtime itself.
    pub(super) fn of_minor(minor: u8) -> Option<Self> {
        match minor {
            8 => Some(CPYTHON_3_8),
            9 => Some(CPYTHON_3_9),
            10 => Some(CPYTHON_3_10),
            11 => Some(CPYTHON_3_11),
            12 => Some(CPYTHON_3_12),
            _ => None,
        }
    }

    /// The first bytes of a `PyThreadState`, up to the last field that is read.
    pub(super) fn thread_size(&self) -> u64 {
        let thread = &self.thread;
        let last = [thread.next, thread.interp, thread.thread_id];
        last.into_iter().chain(thread.native_thread_id).max().unwrap_or(0).saturating_add(8)
    }

    /// The first bytes of a frame, up to the last field that is read.
    pub(super) fn frame_size(&self) -> u64 {
        let frame = &self.frame;
        let (InstructionPosition::Index { f_lasti: position, .. }
        | InstructionPosition::Pointer { instr: position, .. }) = frame.instruction;
        let last = [frame.code, frame.previous, position];
        last.into_iter().chain(frame.owner).max().unwrap_or(0).saturating_add(8)
    }

    /// The first bytes of a code object, up to the last field that is read.
    pub(super) fn code_size(&self) -> u64 {
        let code = &self.code;
        let last = [code.co_filename, code.name, code.co_firstlineno, code.line_table];
        last.into_iter().max().unwrap_or(0).saturating_add(8)
    }
}

const OBJECTS_3_8: ObjectLayout = ObjectLayout {
    ob_type: 8,
    tp_name: 24,
    tp_flags: 168,
    unicode_length: 16,
    unicode_state: 32,
    ascii_size: 48,
    compact_size: 72,
    bytes_size: 16,
    bytes_value: 32,
    ma_keys: 32,
    ma_values: 40,
    dict_keys: DictKeysFormat::Sized,
    attributes: AttributeStorage::Dictionary,
    integer_size: IntegerSize::ObSize,
    ht_cached_keys: 872,
};

const CPYTHON_3_8: Layout = Layout {
    interpreters_head: 32,
    gil: GilLocation::Runtime(1152),
    interpreter: InterpreterLayout { next: 0, threads_head: 8, modules: 56 },
    thread: ThreadLayout {
        next: 8,
        interp: 16,
        thread_id: 176,
        native_thread_id: None,
        current_frame: FramePointer::Direct(24),
    },
    frame: FrameLayout {
        code: 32,
        previous: 24,
        owner: None,
        instruction: InstructionPosition::Index { f_lasti: 104, unit: 1 },
    },
    code: CodeLayout {
        co_filename: 104,
        name: 112,
        co_firstlineno: 40,
        line_table: 120,
        line_table_format: LineTableFormat::Lnotab,
    },
    object: OBJECTS_3_8,
};

const CPYTHON_3_9: Layout = Layout {
    gil: GilLocation::Runtime(352),
    interpreter: InterpreterLayout { next: 0, threads_head: 8, modules: 856 },
    object: ObjectLayout { ht_cached_keys: 864, ..OBJECTS_3_8 },
    ..CPYTHON_3_8
};

const CPYTHON_3_10: Layout = Layout {
    frame: FrameLayout {
        instruction: InstructionPosition::Index { f_lasti: 96, unit: 2 },
        ..CPYTHON_3_9.frame
    },
    code: CodeLayout { line_table_format: LineTableFormat::Ranges, ..CPYTHON_3_9.code },
    object: OBJECTS_3_8,
    ..CPYTHON_3_9
};

const CPYTHON_3_11: Layout = Layout {
    interpreters_head: 40,
    gil: GilLocation::Runtime(360),
    interpreter: InterpreterLayout { next: 0, threads_head: 16, modules: 888 },
    thread: ThreadLayout {
        next: 8,
        interp: 16,
        thread_id: 152,
        native_thread_id: Some(160),
        current_frame: FramePointer::CFrame(56, 8),
    },
    frame: FrameLayout {
        code: 32,
        previous: 48,
        owner: Some(69),
        instruction: InstructionPosition::Pointer { instr: 56, co_code_adaptive: 184 },
    },
    code: CodeLayout {
        co_filename: 112,
        name: 128,
        co_firstlineno: 72,
        line_table: 136,
        line_table_format: LineTableFormat::Locations,
    },
    object: ObjectLayout {
        dict_keys: DictKeysFormat::Logarithmic,
        attributes: AttributeStorage::ValuesOrDictionary,
        ht_cached_keys: 872,
        ..OBJECTS_3_8
    },
};

const CPYTHON_3_12: Layout = Layout {
    interpreters_head: 40,
    gil: GilLocation::Interpreter(384),
    interpreter: InterpreterLayout { next: 0, threads_head: 72, modules: 944 },
    thread: ThreadLayout {
        next: 8,
        interp: 16,
        thread_id: 136,
        native_thread_id: Some(144),
        current_frame: FramePointer::CFrame(56, 0),
    },
    frame: FrameLayout {
        code: 0,
        previous: 8,
        owner: Some(70),
        instruction: InstructionPosition::Pointer { instr: 56, co_code_adaptive: 192 },
    },
    code: CodeLayout { co_firstlineno: 68, ..CPYTHON_3_11.code },
    object: ObjectLayout {
        ascii_size: 40,
        compact_size: 56,
        attributes: AttributeStorage::TaggedPointer,
        integer_size: IntegerSize::LvTag,
        ht_cached_keys: 880,
        ..CPYTHON_3_11.object
    },
};

/// The objects of 3.13, of which the runtime states only some offsets.
pub(super) const OBJECTS_3_13: ObjectLayout =
    ObjectLayout { attributes: AttributeStorage::InlineValues, ..CPYTHON_3_12.object };
