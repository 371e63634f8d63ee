//! Reads the names that the `threading` module keeps of its threads. Up to 3.13 the system does not
//! know them: all threads of a process are `python3` to it.

use std::collections::HashMap;
use std::io;

use super::dictionary::Objects;
use super::layout::{INTEGER_SIZE, IntegerSize, MD_DICT, OB_DIGIT};
use super::memory::{Block, BoundedMemory, Memory, invalid, read_word};
use super::text_object::{MAX_NAME_CHARS, read_text};
use super::{Interpreter, PythonThread};

/// The number of bits of a digit of an `int`: `PyLong_SHIFT`.
const DIGIT_BITS: u32 = 30;
/// The maximum number of digits of a thread's identifier.
const MAX_DIGITS: u64 = 3;

/// The maximum number of reads in a search for names: several for each of 10,000 modules and threads.
const MAX_READS: u32 = 100_000;

impl Interpreter {
    /// Returns the names of threads by [`PythonThread::tid`]. Threads that the `threading` module has not
    /// started are missing; so are all of them if it is not imported or if this is a free-threaded build.
    ///
    /// The modules of the process are searched, which takes a read or two for each: call this when
    /// there are new threads, not in each pass.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory cannot be read, or if the dictionaries change meanwhile.
    pub fn thread_names(
        &self,
        memory: &dyn Memory,
        threads: &[PythonThread],
    ) -> io::Result<HashMap<u32, String>> {
        let mut names = HashMap::new();
        if self.free_threaded {
            return Ok(names);
        }
        let memory = &BoundedMemory::new(memory, MAX_READS);
        let objects = Objects { memory, layout: &self.layout.object };
        for (index, interpreter) in self.interpreters(memory)?.into_iter().enumerate() {
            let Some(active) = self.active_threads(objects, interpreter)? else { continue };
            let own = threads.iter().filter(|thread| thread.interpreter == index);
            let tids: HashMap<u64, u32> = own.map(|thread| (thread.ident, thread.tid)).collect();
            for (key, thread) in objects.dictionary(active)? {
                // A thread that ends meanwhile is left out, the others keep their names.
                let name = || {
                    let tid = tids.get(&self.integer(memory, key).ok()?)?;
                    let name = objects.attribute(thread, "_name").ok()??;
                    let name = read_text(memory, objects.layout, name, MAX_NAME_CHARS);
                    Some((*tid, name.ok()?))
                };
                names.extend(name());
            }
        }
        Ok(names)
    }

    /// Returns the address of the dictionary `threading._active`, or `None` if the module is not
    /// imported.
    fn active_threads(&self, objects: Objects<'_>, interpreter: u64) -> io::Result<Option<u64>> {
        let modules = read_word(objects.memory, interpreter, self.layout.interpreter.modules)?;
        if modules == 0 {
            return Ok(None);
        }
        let Some(module) = objects.item(modules, "threading")? else { return Ok(None) };
        let variables = read_word(objects.memory, module, MD_DICT)?;
        // The module is listed before its variables are there.
        if variables == 0 { Ok(None) } else { objects.item(variables, "_active") }
    }

    /// Returns the value of the `int` at an address.
    fn integer(&self, memory: &dyn Memory, address: u64) -> io::Result<u64> {
        let size = read_word(memory, address, INTEGER_SIZE)?;
        let digits = match self.layout.object.integer_size {
            IntegerSize::ObSize => size,
            // Without the sign, which no identifier has.
            IntegerSize::LvTag => size >> 3,
        };
        if digits > MAX_DIGITS {
            return Err(invalid("integer too long"));
        }
        let block = Block::read(memory, address, OB_DIGIT + digits * 4)?;
        (0..digits).rev().try_fold(0_u64, |value, digit| {
            Ok((value << DIGIT_BITS) | u64::from(block.int(OB_DIGIT + digit * 4)?))
        })
    }
}
