//! Characters that take several bytes in UTF-8, put together byte by byte: RFC 3629, 3.

/// A character of which some bytes have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partial {
    /// Its bits so far.
    bits: u32,
    /// How many bytes are still to come.
    left: u8,
}

impl Partial {
    /// What a first byte begins, if it is one.
    pub(super) fn begun(byte: u8) -> Option<Self> {
        let begun = |bits: u8, left| Some(Self { bits: bits.into(), left });
        match byte {
            0xc2..0xe0 => begun(byte & 0x1f, 1),
            0xe0..0xf0 => begun(byte & 0x0f, 2),
            0xf0..0xf5 => begun(byte & 0x07, 3),
            _ => None,
        }
    }

    /// Takes a byte from 0x80 to 0xbf: what is still to come, or the character. One that would be
    /// shorter must not come so, and controls are no keys.
    pub(super) fn take(self, byte: u8) -> Result<Self, Option<char>> {
        let bits = self.bits << 6 | u32::from(byte & 0x3f);
        match self.left {
            2.. => Ok(Self { bits, left: self.left - 1 }),
            _ => Err(char::from_u32(bits).filter(|c| !c.is_ascii() && !c.is_control())),
        }
    }
}
