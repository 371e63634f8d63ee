//! Walks the frames of a thread, and names the functions that run in them.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::layout::{FRAME_OWNED_BY_CSTACK, FramePointer, InstructionPosition, Layout};
use super::line_table::line_at;
use super::memory::{Block, Memory, invalid, read_bytes, read_word};
use super::text_object::{MAX_NAME_CHARS, MAX_PATH_CHARS, read_bytes_object, read_text};
use super::{Interpreter, PythonThread};

/// The maximum number of frames of a thread that are walked.
const MAX_FRAMES: usize = 1_000;
/// The maximum number of code objects that are remembered. Then all are forgotten: programs that
/// make functions without end are rare.
const MAX_CODE_OBJECTS: usize = 20_000;

/// A function of a Python program, with the place that it has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonFunction {
    /// The name within its module: `Worker.run`. Up to 3.10 without the class.
    pub name: Arc<str>,
    /// The path of the file as the program has it.
    pub file: Arc<str>,
    /// The line that runs, or `None` if the bytecode has none or its table cannot be decoded.
    pub line: Option<u32>,
    /// The line of the definition.
    pub first_line: u32,
    /// `true` if the file belongs neither to the standard library nor to an installed package.
    pub is_own_code: bool,
}

/// The code objects that have been seen, by address.
#[derive(Debug, Default)]
pub struct CodeCache {
    entries: HashMap<u64, CodeObject>,
    /// The address of the type of code objects.
    code_type: Option<u64>,
}

/// A code object. Its memory may be used for another one later: its pointers tell the two apart.
#[derive(Clone, Debug)]
struct CodeObject {
    pointers: CodePointers,
    name: Arc<str>,
    file: Arc<str>,
    /// `None` if it cannot be read.
    line_table: Option<Arc<[u8]>>,
    is_own: bool,
}

/// The fields of a code object that identify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CodePointers {
    file: u64,
    name: u64,
    line_table: u64,
    first_line: u32,
}

/// A frame on the stack of a thread.
struct StackFrame {
    code: u64,
    previous: u64,
    /// The offset of the instruction in the bytecode, in bytes; `None` before the first one.
    instruction: Option<u64>,
    has_code: bool,
}

/// The end of a stack that a function is looked for from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StackEnd {
    Innermost,
    Outermost,
}

impl Interpreter {
    /// Returns the innermost function of the user's own code that a thread is in, or if it is in
    /// none, the innermost function. `None` if the thread runs no Python code, or if its stack
    /// changed while it was read.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory of the thread cannot be read.
    pub fn innermost_function(
        &self,
        memory: &dyn Memory,
        thread: &PythonThread,
        cache: &mut CodeCache,
    ) -> io::Result<Option<PythonFunction>> {
        self.find_function(memory, thread, cache, StackEnd::Innermost)
    }

    /// Returns the outermost function of the user's own code that a thread is in: a label for a thread
    /// without a name. `None` as for [`Interpreter::innermost_function`], and for stacks of more than 1000 frames.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory of the thread cannot be read.
    pub fn outermost_function(
        &self,
        memory: &dyn Memory,
        thread: &PythonThread,
        cache: &mut CodeCache,
    ) -> io::Result<Option<PythonFunction>> {
        self.find_function(memory, thread, cache, StackEnd::Outermost)
    }

    fn find_function(
        &self,
        memory: &dyn Memory,
        thread: &PythonThread,
        cache: &mut CodeCache,
        end: StackEnd,
    ) -> io::Result<Option<PythonFunction>> {
        let mut address = self.innermost_frame(memory, thread)?;
        let (mut own, mut innermost, mut outermost) = (None, None, None);
        for _ in 0..MAX_FRAMES {
            if address == 0 {
                let any = if end == StackEnd::Innermost { innermost } else { outermost };
                return Ok(own.or(any));
            }
            let Ok(frame) = StackFrame::read(memory, &self.layout, address) else {
                return Ok(None);
            };
            address = frame.previous;
            if !frame.has_code {
                continue;
            }
            let Ok(code) = self.code_object(memory, frame.code, cache) else {
                return Ok(None);
            };
            // CPython puts such frames of its own between those of a class and its `__init__`.
            if code.pointers.first_line == 0 && code.file == code.name {
                continue;
            }
            let function = || code.function(&self.layout, frame.instruction);
            if code.is_own && end == StackEnd::Innermost {
                return Ok(Some(function()));
            }
            if code.is_own {
                own = Some(function());
            }
            if innermost.is_none() {
                innermost = Some(function());
            }
            outermost = Some(function());
        }
        Ok(innermost.filter(|_| end == StackEnd::Innermost))
    }

    /// Returns the address of the innermost frame of a thread, or 0.
    fn innermost_frame(&self, memory: &dyn Memory, thread: &PythonThread) -> io::Result<u64> {
        match self.layout.thread.current_frame {
            FramePointer::Direct(offset) => read_word(memory, thread.state, offset),
            FramePointer::CFrame(cframe, current_frame) => {
                let cframe = read_word(memory, thread.state, cframe)?;
                if cframe == 0 { Ok(0) } else { read_word(memory, cframe, current_frame) }
            }
        }
    }

    /// Returns the code object at an address, read anew unless it is the one that was there before.
    fn code_object<'a>(
        &self,
        memory: &dyn Memory,
        address: u64,
        cache: &'a mut CodeCache,
    ) -> io::Result<&'a CodeObject> {
        let layout = &self.layout;
        let block = Block::read(memory, address, layout.code_size())?;
        let object_type = block.word(layout.object.ob_type)?;
        if cache.code_type != Some(object_type) {
            self.check_code_type(memory, object_type)?;
            cache.code_type = Some(object_type);
        }
        let pointers = CodePointers {
            file: block.word(layout.code.co_filename)?,
            name: block.word(layout.code.name)?,
            line_table: block.word(layout.code.line_table)?,
            first_line: block.int(layout.code.co_firstlineno)?,
        };
        let is_known = cache.entries.get(&address).is_some_and(|known| known.pointers == pointers);
        if !is_known {
            if cache.entries.len() >= MAX_CODE_OBJECTS {
                cache.entries.clear();
            }
            let code = self.read_code(memory, pointers)?;
            cache.entries.insert(address, code);
        }
        cache.entries.get(&address).ok_or_else(|| invalid("code object not remembered"))
    }

    /// Returns an error unless the type at an address is that of code objects. A frame that was freed
    /// while it was read leads to any object.
    fn check_code_type(&self, memory: &dyn Memory, object_type: u64) -> io::Result<()> {
        let name = read_word(memory, object_type, self.layout.object.tp_name)?;
        let is_code = read_bytes(memory, name, 5)? == b"code\0";
        is_code.then_some(()).ok_or_else(|| invalid("no code object"))
    }

    fn read_code(&self, memory: &dyn Memory, pointers: CodePointers) -> io::Result<CodeObject> {
        let objects = &self.layout.object;
        let name = read_text(memory, objects, pointers.name, MAX_NAME_CHARS)?;
        let file = read_text(memory, objects, pointers.file, MAX_PATH_CHARS)?;
        let line_table = read_bytes_object(memory, objects, pointers.line_table);
        Ok(CodeObject {
            pointers,
            name: short_name(&name).into(),
            is_own: is_own_code(&file, self.version.minor),
            file: file.into(),
            line_table: line_table.ok().map(Arc::from),
        })
    }
}

impl StackFrame {
    fn read(memory: &dyn Memory, layout: &Layout, address: u64) -> io::Result<Self> {
        let block = Block::read(memory, address, layout.frame_size())?;
        let frame = &layout.frame;
        let code = block.word(frame.code)?;
        let owner = frame.owner.map(|owner| block.byte(owner)).transpose()?;
        let instruction = match frame.instruction {
            InstructionPosition::Index { f_lasti, unit } => {
                // -1 before the first instruction.
                let index = u64::try_from(block.int(f_lasti)?.cast_signed()).ok();
                index.and_then(|index| index.checked_mul(unit))
            }
            InstructionPosition::Pointer { instr, co_code_adaptive } => {
                let start = code.checked_add(co_code_adaptive);
                start.and_then(|start| block.word(instr).ok()?.checked_sub(start))
            }
        };
        Ok(Self {
            code,
            previous: block.word(frame.previous)?,
            instruction,
            has_code: owner != Some(FRAME_OWNED_BY_CSTACK),
        })
    }
}

impl CodeObject {
    fn function(&self, layout: &Layout, instruction: Option<u64>) -> PythonFunction {
        let first_line = self.pointers.first_line;
        let line = self.line_table.as_ref().zip(instruction).and_then(|(table, offset)| {
            line_at(layout.code.line_table_format, table, first_line, offset)
        });
        let (name, file) = (Arc::clone(&self.name), Arc::clone(&self.file));
        PythonFunction { name, file, line, first_line, is_own_code: self.is_own }
    }
}

/// Returns a qualified name without the functions around it: `main.<locals>.work` is `work`.
fn short_name(name: &str) -> &str {
    name.rsplit_once("<locals>.").map_or(name, |(_, last)| last)
}

/// Returns `true` if a file belongs neither to the standard library of Python 3.`minor` nor to an
/// installed package, nor is it compiled into the interpreter. Code of `-c`, of standard input and of
/// `eval` is the user's own.
fn is_own_code(file: &str, minor: u8) -> bool {
    if file.starts_with('<') {
        return matches!(file, "<string>" | "<stdin>");
    }
    let version = format!("python3.{minor}");
    let archive = format!("python3{minor}.zip");
    let mut above = "";
    for part in file.split('/') {
        let is_library = part == version && above.starts_with("lib");
        if is_library || part == archive || matches!(part, "site-packages" | "dist-packages") {
            return false;
        }
        above = part;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{is_own_code, short_name};

    #[test]
    fn own_code_is_neither_library_nor_package() {
        let own = ["/srv/app/main.py", "app.py", "<string>", "<stdin>", "/home/python3.11/x.py"];
        for file in own {
            assert!(is_own_code(file, 11), "{file}");
        }
        let foreign = [
            "/usr/lib/python3.11/queue.py",
            "/opt/lib64/python3.11/threading.py",
            "/srv/.venv/lib/python3.11/site-packages/flask/app.py",
            "/usr/lib/python3/dist-packages/yaml/__init__.py",
            "/usr/lib/python311.zip/queue.py",
            "<frozen importlib._bootstrap>",
            "<attrs generated init app.Point>",
        ];
        for file in foreign {
            assert!(!is_own_code(file, 11), "{file}");
        }
    }

    #[test]
    fn nested_functions_have_short_names() {
        assert_eq!(short_name("main.<locals>.Worker.run"), "Worker.run");
        assert_eq!(short_name("main.<locals>.make.<locals>.work"), "work");
        assert_eq!(short_name("<module>"), "<module>");
    }
}
