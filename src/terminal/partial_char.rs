//! Decodes multi-byte UTF-8 characters byte by byte (RFC 3629, section 3).

/// A character received in part.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartialChar {
    /// The bits received so far.
    bits: u32,
    /// The number of bytes missing.
    remaining: u8,
}

impl PartialChar {
    /// Starts a character with its first byte, or returns `None` if no character starts with `byte`.
    pub(super) fn start(byte: u8) -> Option<Self> {
        let start = |bits: u8, remaining| Some(Self { bits: bits.into(), remaining });
        match byte {
            0xc2..0xe0 => start(byte & 0x1f, 1),
            0xe0..0xf0 => start(byte & 0x0f, 2),
            0xf0..0xf5 => start(byte & 0x07, 3),
            _ => None,
        }
    }

    /// Adds a byte from 0x80 to 0xbf. Returns `Ok` while bytes are missing, and the character as
    /// `Err` once it is complete; `Err(None)` if it is overlong or a control character.
    pub(super) fn push_byte(self, byte: u8) -> Result<Self, Option<char>> {
        let bits = self.bits << 6 | u32::from(byte & 0x3f);
        match self.remaining {
            2.. => Ok(Self { bits, remaining: self.remaining - 1 }),
            _ => Err(char::from_u32(bits).filter(|c| !c.is_ascii() && !c.is_control())),
        }
    }
}
