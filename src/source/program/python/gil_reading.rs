//! Reads who holds the GIL, or the GILs: since 3.12 a sub-interpreter may have its own.

use std::io;
use std::ops::Range;

use super::layout::{GilLocation, gil};
use super::memory::{Block, Memory, field, read_word};
use super::thread_states::MAX_TRIES;
use super::{Interpreter, PythonError};

/// The values of `interval` that are believed, in microseconds.
const INTERVALS: std::ops::RangeInclusive<u64> = 1..=10_000_000;

/// The state of a GIL at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GilReading {
    /// The addresses of the GIL's structure: a thread that waits at a futex in this range waits
    /// for the GIL.
    pub addresses: Range<u64>,
    /// The positions of the interpreters that share the GIL, oldest first.
    pub interpreters: Vec<usize>,
    /// `true` if a thread holds it.
    pub is_locked: bool,
    /// The identifier of the thread that holds it. `None` if it is not locked, or if the thread is
    /// unknown.
    pub holder: Option<u32>,
    /// The identifier of the thread that holds it or held it last, if that thread is known.
    pub last_holder: Option<u32>,
    /// The time after which a waiting thread asks for the GIL, in microseconds.
    pub switch_interval_us: u64,
    /// The number of times that it went to another thread since the start of the process.
    pub hand_overs: u64,
    /// `true` if the GIL changed hands during each of three tries to read it: the holder is then one
    /// of those that had it meanwhile.
    pub is_torn: bool,
}

/// The fields of `struct _gil_runtime_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GilFields {
    interval: u64,
    last_holder: u64,
    locked: i32,
    switch_number: u64,
}

impl Interpreter {
    /// Returns the state of each GIL of the process: none in a free-threaded build.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory cannot be read.
    pub fn gils(&self, memory: &dyn Memory) -> io::Result<Vec<GilReading>> {
        let gils = self.gil_addresses(memory)?.into_iter();
        gils.map(|(gil, sharers)| self.read_gil(memory, gil, sharers)).collect()
    }

    /// Returns the address of each GIL, and the positions of its interpreters.
    fn gil_addresses(&self, memory: &dyn Memory) -> io::Result<Vec<(u64, Vec<usize>)>> {
        if self.free_threaded {
            return Ok(Vec::new());
        }
        let interpreters = self.interpreters(memory)?;
        let offset = match self.layout.gil {
            GilLocation::Runtime(offset) => {
                let gil = field(self.runtime, offset)?;
                return Ok(vec![(gil, (0..interpreters.len()).collect())]);
            }
            GilLocation::Interpreter(offset) => offset,
        };
        let mut gils: Vec<(u64, Vec<usize>)> = Vec::new();
        for (index, interpreter) in interpreters.into_iter().enumerate() {
            let gil = read_word(memory, interpreter, offset)?;
            match gils.iter_mut().find(|(known, _)| *known == gil) {
                Some((_, sharers)) => sharers.push(index),
                // An interpreter that is just being made has none yet.
                None if gil == 0 => {}
                None => gils.push((gil, vec![index])),
            }
        }
        Ok(gils)
    }

    fn read_gil(
        &self,
        memory: &dyn Memory,
        address: u64,
        interpreters: Vec<usize>,
    ) -> io::Result<GilReading> {
        let mut fields = GilFields::read(memory, address)?;
        let mut last_holder = None;
        let mut is_torn = true;
        for _ in 0..MAX_TRIES {
            let state = Some(fields.last_holder).filter(|&state| state != 0);
            last_holder = state.and_then(|state| self.tid_of(memory, state));
            let again = GilFields::read(memory, address)?;
            is_torn = again != fields;
            if !is_torn {
                break;
            }
            fields = again;
        }
        Ok(GilReading {
            addresses: address..field(address, gil::SIZE)?,
            interpreters,
            is_locked: fields.locked == 1,
            holder: last_holder.filter(|_| fields.locked == 1),
            last_holder,
            switch_interval_us: fields.interval,
            hand_overs: fields.switch_number,
            is_torn,
        })
    }

    /// Checks that the GILs look like some. Returns `false` if they are not made yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory holds something else, so that the layout must be another.
    pub(super) fn check_gils(&self, memory: &dyn Memory) -> Result<bool, PythonError> {
        let unknown = || PythonError::UnknownLayout { version: self.version };
        let gils = self.gil_addresses(memory).map_err(|_unreadable| unknown())?;
        let mut is_ready = self.free_threaded || !gils.is_empty();
        for (address, _) in gils {
            let fields = GilFields::read(memory, address).map_err(|_unreadable| unknown())?;
            // -1 until the first thread takes it.
            is_ready &= fields.locked >= 0;
            if !INTERVALS.contains(&fields.interval) || !(-1..=1).contains(&fields.locked) {
                return Err(unknown());
            }
        }
        Ok(is_ready)
    }
}

impl GilFields {
    fn read(memory: &dyn Memory, address: u64) -> io::Result<Self> {
        let block = Block::read(memory, address, gil::FIELDS_SIZE)?;
        Ok(Self {
            interval: block.word(0)?,
            last_holder: block.word(gil::LAST_HOLDER)?,
            locked: block.int(gil::LOCKED)?.cast_signed(),
            switch_number: block.word(gil::SWITCH_NUMBER)?,
        })
    }
}
