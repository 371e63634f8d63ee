//! Reads the memory of another process. It changes while it is read, and may hold anything: each
//! address is added with checks, and each read has a bounded length.

use std::cell::Cell;
use std::io;

/// The memory of a process, or the bytes of a file.
pub trait Memory {
    /// Fills a buffer with the bytes at an address.
    ///
    /// # Errors
    ///
    /// Returns the error of the system if any of the bytes cannot be read.
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// The memory of a process, of which a bounded number of reads is allowed: searches in garbage end.
pub(super) struct BoundedMemory<'a> {
    memory: &'a dyn Memory,
    reads_left: Cell<u32>,
}

impl<'a> BoundedMemory<'a> {
    pub(super) const fn new(memory: &'a dyn Memory, max_reads: u32) -> Self {
        Self { memory, reads_left: Cell::new(max_reads) }
    }
}

impl Memory for BoundedMemory<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        let left = self.reads_left.get().checked_sub(1);
        self.reads_left.set(left.ok_or_else(|| invalid("too many reads"))?);
        self.memory.read(address, buffer)
    }
}

/// The maximum length of a structure that is read as a whole, in bytes.
pub(super) const MAX_BLOCK: usize = 384;

/// The bytes of a structure in the memory of a process, read at once.
pub(super) struct Block {
    bytes: [u8; MAX_BLOCK],
    length: usize,
}

impl Block {
    /// Reads the first `length` bytes of the structure at an address.
    pub(super) fn read(memory: &dyn Memory, address: u64, length: u64) -> io::Result<Self> {
        let mut block = Self { bytes: [0; MAX_BLOCK], length: 0 };
        let length = usize::try_from(length).map_err(|_too_long| invalid("structure too long"))?;
        let buffer = block.bytes.get_mut(..length);
        memory.read(non_null(address)?, buffer.ok_or_else(|| invalid("structure too long"))?)?;
        block.length = length;
        Ok(block)
    }

    /// Returns the 64-bit word at an offset.
    pub(super) fn word(&self, offset: u64) -> io::Result<u64> {
        self.array(offset).map(u64::from_le_bytes)
    }

    /// Returns the 32-bit integer at an offset.
    pub(super) fn int(&self, offset: u64) -> io::Result<u32> {
        self.array(offset).map(u32::from_le_bytes)
    }

    /// Returns the byte at an offset.
    pub(super) fn byte(&self, offset: u64) -> io::Result<u8> {
        self.array(offset).map(u8::from_le_bytes)
    }

    fn array<const N: usize>(&self, offset: u64) -> io::Result<[u8; N]> {
        let read = self.bytes.get(..self.length).unwrap_or_default();
        array_at(read, offset).ok_or_else(|| invalid("field outside of its structure"))
    }
}

/// Returns the `N` bytes at an offset, or `None` if they are not all there.
pub(super) fn array_at<const N: usize>(bytes: &[u8], offset: u64) -> Option<[u8; N]> {
    let offset = usize::try_from(offset).ok()?;
    bytes.get(offset..)?.first_chunk().copied()
}

/// Returns the 64-bit word at an offset, or `None` if it is not all there.
pub(super) fn word_at(bytes: &[u8], offset: u64) -> Option<u64> {
    array_at(bytes, offset).map(u64::from_le_bytes)
}

/// Reads the word at an offset from an address.
pub(super) fn read_word(memory: &dyn Memory, address: u64, offset: u64) -> io::Result<u64> {
    let mut bytes = [0; 8];
    memory.read(field(address, offset)?, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads the 32-bit integer at an offset from an address.
pub(super) fn read_int(memory: &dyn Memory, address: u64, offset: u64) -> io::Result<u32> {
    let mut bytes = [0; 4];
    memory.read(field(address, offset)?, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Reads `length` bytes at an address.
pub(super) fn read_bytes(memory: &dyn Memory, address: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    if length > 0 {
        memory.read(non_null(address)?, &mut bytes)?;
    }
    Ok(bytes)
}

/// Returns the address of the field at an offset from the address of a structure.
pub(super) fn field(address: u64, offset: u64) -> io::Result<u64> {
    let sum = non_null(address)?.checked_add(offset);
    sum.ok_or_else(|| invalid("address out of range"))
}

/// Returns an error for memory that does not hold what its layout says.
pub(super) fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn non_null(address: u64) -> io::Result<u64> {
    if address == 0 { Err(invalid("null pointer")) } else { Ok(address) }
}
