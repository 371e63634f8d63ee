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
        LineTableFormat::Lnotab => Some(lnotab(table, first_line, offset)),
        LineTableFormat::Ranges => ranges(table, first_line, offset),
        LineTableFormat::Locations => locations(table, first_line, offset),
    };
    u32::try_from(line?).ok().filter(|line| *line > 0)
}

/// Pairs of an increment of the position and a signed increment of the line
/// (`Objects/lnotab_notes.txt` of CPython 3.9).
fn lnotab(table: &[u8], first_line: i64, offset: u64) -> i64 {
    let (mut position, mut line) = (0, first_line);
    for (step, delta) in pairs(table) {
        position += u64::from(step);
        if position > offset {
            break;
        }
        line += i64::from(delta);
    }
    line
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

#[cfg(test)]
mod tests {
    use super::{LineTableFormat, line_at};

    /// The function of the tables, at line 2 of its file, with 300 empty lines after the first
    /// statement: a loop with a call over four lines, and a `finally` block.
    const FIRST_LINE: u32 = 2;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
        digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
    }

    /// Checks the line of every position in ranges of start, end and line, where 0 is no line.
    fn assert_lines(format: LineTableFormat, hex: &str, ranges: &[(u64, u64, u32)]) {
        let table = bytes(hex);
        for &(start, end, line) in ranges {
            for offset in start..end {
                let expected = Some(line).filter(|line| *line > 0);
                assert_eq!(line_at(format, &table, FIRST_LINE, offset), expected, "at {offset}");
            }
        }
    }

    #[test]
    fn lnotab_of_3_9_is_decoded() {
        let table = "0002047f007f002f08010401020102fe08040201040208fe0202";
        let ranges = [
            (0, 4, 4),
            (4, 12, 305),
            (12, 16, 306),
            (16, 18, 307),
            (18, 20, 308),
            (20, 28, 306),
            (28, 30, 310),
            (30, 34, 311),
            (34, 42, 313),
            (42, 44, 311),
            (44, 58, 313),
        ];
        assert_lines(LineTableFormat::Lnotab, table, &ranges);
    }

    #[test]
    fn ranges_of_3_10_are_decoded() {
        let table = "0402007f007f082f04010201020108fe020404011402";
        let ranges = [
            (0, 4, 4),
            (4, 12, 305),
            (12, 16, 306),
            (16, 18, 307),
            (18, 20, 308),
            (20, 28, 306),
            (28, 30, 310),
            (30, 34, 311),
            (34, 54, 313),
            (54, 60, 0),
        ];
        assert_lines(LineTableFormat::Ranges, table, &ranges);
    }

    #[test]
    fn locations_of_3_13_are_decoded() {
        let table = "8000e00c0d8045f35a090011168804d8080d9413d80c10d80c0df30503120af10003090a8a05f1030011\
                     16f00a030516d80f14e0080d8f0b890b8d0df888058f0b890b8d0dfa";
        let ranges = [
            (0, 2, 2),
            (2, 6, 4),
            (6, 16, 305),
            (16, 28, 306),
            (28, 30, 307),
            (30, 32, 308),
            (32, 50, 306),
            (50, 54, 305),
            (54, 56, 310),
            (56, 58, 311),
            (58, 92, 313),
            (92, 94, 0),
            (94, 128, 313),
            (128, 140, 0),
        ];
        assert_lines(LineTableFormat::Locations, table, &ranges);
    }

    #[test]
    fn bytecode_without_a_line_has_none() {
        let table = "8000e00c0d8045f35a090011168804d8080d9413d80c10d80c0df30503120af10003090a8a05f1030011\
                     16f00a030516d80f14e0080d8f0b890b8d0df888058f0b890b8d0dfa";
        assert_lines(LineTableFormat::Locations, table, &[(92, 94, 0), (1_000, 1_001, 0)]);
        assert_lines(LineTableFormat::Ranges, "04020480", &[(0, 4, 4), (4, 8, 0)]);
    }

    #[test]
    fn random_tables_are_decoded_to_something() {
        let mut random = fastrand::Rng::with_seed(16);
        for _ in 0..20_000 {
            let length = random.usize(..40);
            let table: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
            for format in
                [LineTableFormat::Lnotab, LineTableFormat::Ranges, LineTableFormat::Locations]
            {
                _ = line_at(format, &table, random.u32(..), random.u64(..400));
            }
        }
    }
}
