//! Reads `str` and `bytes` objects.

use std::io;

use super::layout::ObjectLayout;
use super::memory::{Block, Memory, field, invalid, read_bytes, read_word};
use crate::model::printable::printable_up_to;

/// The maximum number of characters of a name.
pub(super) const MAX_NAME_CHARS: usize = 200;
/// The maximum number of characters of a path.
pub(super) const MAX_PATH_CHARS: usize = 1_000;
/// The maximum length of a `bytes` object, in bytes.
const MAX_BYTES: u64 = 1 << 16;

/// The bit of `PyASCIIObject.state` of strings whose characters follow the structure.
const COMPACT: u32 = 1 << 5;
/// The bit of `PyASCIIObject.state` of strings of ASCII characters.
const ASCII: u32 = 1 << 6;

/// Reads a `str`, made safe to print and truncated to `max_chars`.
///
/// # Errors
///
/// Returns an error if there is no readable `str` at the address.
pub(super) fn read_text(
    memory: &dyn Memory,
    layout: &ObjectLayout,
    address: u64,
    max_chars: usize,
) -> io::Result<String> {
    let header = Block::read(memory, address, layout.ascii_size)?;
    let state = header.int(layout.unicode_state)?;
    let width = match (state >> 2) & 7 {
        _ if state & COMPACT == 0 => return Err(invalid("string without compact characters")),
        width @ (1 | 2 | 4) => width as usize,
        _ => return Err(invalid("string with characters of unknown width")),
    };
    // One more than the maximum, so that the truncation is visible.
    let length = usize::try_from(header.word(layout.unicode_length)?).unwrap_or(usize::MAX);
    let length = length.min(max_chars.saturating_add(1));
    let offset = if state & ASCII == 0 { layout.compact_size } else { layout.ascii_size };
    let bytes = read_bytes(memory, field(address, offset)?, length.saturating_mul(width))?;
    let characters = bytes.chunks_exact(width).map(character);
    Ok(printable_up_to(&characters.collect::<String>(), max_chars))
}

/// Returns the character of one, two or four bytes. A lone surrogate has none of its own.
fn character(bytes: &[u8]) -> char {
    let code = bytes.iter().rev().fold(0, |code, byte| (code << 8) | u32::from(*byte));
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Returns `true` if the `str` at an address is an ASCII `text`, read with as few bytes as possible.
pub(super) fn is_text(
    memory: &dyn Memory,
    layout: &ObjectLayout,
    address: u64,
    text: &str,
) -> io::Result<bool> {
    let length = read_word(memory, address, layout.unicode_length)?;
    if length != text.len() as u64 {
        return Ok(false);
    }
    let bytes = read_bytes(memory, field(address, layout.ascii_size)?, text.len())?;
    Ok(bytes == text.as_bytes())
}

/// Reads a `bytes` object of at most 64 KiB.
pub(super) fn read_bytes_object(
    memory: &dyn Memory,
    layout: &ObjectLayout,
    address: u64,
) -> io::Result<Vec<u8>> {
    let size = read_word(memory, address, layout.bytes_size)?;
    if size > MAX_BYTES {
        return Err(invalid("bytes object too long"));
    }
    read_bytes(memory, field(address, layout.bytes_value)?, size as usize)
}
