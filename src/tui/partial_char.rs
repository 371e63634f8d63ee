//! Characters that take several bytes in UTF-8, put together byte by byte: RFC 3629, 3.

/// A character of which some bytes have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartialChar {
    /// Its bits so far.
    bits: u32,
    /// How many bytes are still to come.
    remaining: u8,
}

impl PartialChar {
    /// What a first byte begins, if it is one.
    pub(super) fn start(byte: u8) -> Option<Self> {
        let start = |bits: u8, remaining| Some(Self { bits: bits.into(), remaining });
        match byte {
            0xc2..0xe0 => start(byte & 0x1f, 1),
            0xe0..0xf0 => start(byte & 0x0f, 2),
            0xf0..0xf5 => start(byte & 0x07, 3),
            _ => None,
        }
    }

    /// Takes a byte from 0x80 to 0xbf: what is still to come, or the character. One that would be
    /// shorter must not come so, and controls are no keys.
    pub(super) fn push_byte(self, byte: u8) -> Result<Self, Option<char>> {
        let bits = self.bits << 6 | u32::from(byte & 0x3f);
        match self.remaining {
            2.. => Ok(Self { bits, remaining: self.remaining - 1 }),
            _ => Err(char::from_u32(bits).filter(|c| !c.is_ascii() && !c.is_control())),
        }
    }
}
