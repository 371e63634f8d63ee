//! Decodes the line tables of code objects: from a position in the bytecode to a line of the file.

use super::layout::LineTableFormat;

/// The number of bytes of a code unit.
const UNIT: u64 = 2;

/// The line delta of PEP 626 that stands for bytecode without a line.
const NO_LINE: i8 = -128;

/// Returns the line of the bytecode at `offset` (in bytes), or `None` if it has none.
pub(super) fn line_at(
    format: LineTableFormat,
    table: &[u8],
    first_line: u32,
    offset: u64,
) -> Option<u32> {
    let first_line = i64::from(first_line);
    let line = match format {
        LineTableFormat::Lnotab => lnotab(table, first_line, offset),
        LineTableFormat::Ranges => ranges(table, first_line, offset),
        LineTableFormat::Locations => locations(table, first_line, offset),
    };
    u32::try_from(line?).ok().filter(|line| *line > 0)
}

/// Pairs of an increment of the position and a signed increment of the line
/// (`Objects/lnotab_notes.txt` of CPython 3.9).
fn lnotab(table: &[u8], first_line: i64, offset: u64) -> Option<i64> {
    let (mut position, mut line) = (0, first_line);
    for (step, delta) in pairs(table) {
        position += u64::from(step);
        if position > offset {
            break;
        }
        line += i64::from(delta);
    }
    Some(line)
}

/// Pairs of the length of a range and the signed increment of the line at its start (PEP 626).
fn ranges(table: &[u8], first_line: i64, offset: u64) -> Option<i64> {
    let (mut end, mut line) = (0, first_line);
    for (length, delta) in pairs(table) {
        end += u64::from(length);
        line += if delta == NO_LINE { 0 } else { i64::from(delta) };
        if offset < end {
            return (delta != NO_LINE).then_some(line);
        }
    }
    None
}

fn pairs(table: &[u8]) -> impl Iterator<Item = (u8, i8)> {
    let pairs = table.chunks_exact(2).filter_map(|pair| pair.first_chunk().copied());
    pairs.map(|[step, delta]| (step, delta.cast_signed()))
}

/// Entries of variable length, the first byte of each with its highest bit set
/// (`Objects/locations.md` of CPython 3.11).
fn locations(table: &[u8], first_line: i64, offset: u64) -> Option<i64> {
    let mut bytes = table.iter().copied();
    let (mut end, mut line) = (0, first_line);
    while let Some(first) = bytes.next() {
        // What was not consumed of the entry before: columns.
        if first & 0x80 == 0 {
            continue;
        }
        end += (u64::from(first & 7) + 1) * UNIT;
        let code = (first >> 3) & 15;
        line += match code {
            10..=12 => i64::from(code) - 10,
            13 | 14 => signed_varint(&mut bytes)?,
            _ => 0,
        };
        if offset < end {
            return (code != 15).then_some(line);
        }
    }
    None
}

/// Reads an integer of six bits per byte, lowest first, whose lowest bit is the sign.
fn signed_varint(bytes: &mut impl Iterator<Item = u8>) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..36).step_by(6) {
        let byte = bytes.next()?;
        value |= u64::from(byte & 0x3f) << shift;
        if byte & 0x40 == 0 {
            let magnitude = i64::try_from(value >> 1).ok()?;
            return Some(if value & 1 == 1 { -magnitude } else { magnitude });
        }
    }
    None
}
