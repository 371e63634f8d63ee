//! Finds the runtime of CPython in an executable or a library (elf(5)), also in a stripped one.

use std::io;

use super::memory::{Memory, array_at, invalid, word_at};

/// `e_machine` of x86-64, the machine of the layouts.
pub(super) const X86_64: u16 = 62;

/// The maximum size of a table that is read, in bytes.
const MAX_TABLE: u64 = 1 << 25;
const SECTION_SIZE: usize = 64;
const PROGRAM_HEADER_SIZE: usize = 56;
const SYMBOL_SIZE: usize = 24;
const PT_LOAD: u32 = 1;
const SHT_DYNSYM: u32 = 11;

/// The symbols that first came with a version, newest first, for versions without `Py_Version`.
const FIRST_SYMBOLS: [(&str, u8); 3] =
    [("Py_NewRef", 10), ("PyInterpreterState_Get", 9), ("PyConfig_Read", 8)];

/// A file that holds the runtime of CPython. Addresses are those of the file, before it is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RuntimeImage {
    pub(super) machine: u16,
    /// The address of the first loaded page.
    pub(super) base: u64,
    /// The address of `_PyRuntime`.
    pub(super) runtime: u64,
    /// The address of `Py_Version`, which 3.11 and later have.
    pub(super) py_version: Option<u64>,
    /// The minor version by which symbols there are, up to 3.10.
    pub(super) minor: Option<u8>,
}

impl RuntimeImage {
    /// Reads a file. Returns `None` if it is no 64-bit ELF file, or holds no runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or ends early.
    pub(super) fn read(file: &dyn Memory) -> io::Result<Option<Self>> {
        let mut header = [0; 64];
        if file.read(0, &mut header).is_err() || !header.starts_with(b"\x7fELF\x02\x01") {
            return Ok(None);
        }
        let half = |offset| array_at(&header, offset).map_or(0, u16::from_le_bytes);
        let word = |offset| word_at(&header, offset).unwrap_or(0);
        let programs = u64::from(half(56)) * PROGRAM_HEADER_SIZE as u64;
        let base = base_address(&read_table(file, word(32), programs)?);
        let sections = u64::from(half(60)) * SECTION_SIZE as u64;
        let sections = Sections::parse(&read_table(file, word(40), sections)?);
        let mut image = Self { machine: half(18), base: base.unwrap_or(0), ..Self::default() };
        let mut runtime = sections.address_of(file, half(62), b".PyRuntime\0")?;
        if let Some(symbols) = sections.symbols(file)? {
            // Up to 3.9 there is no section of that name.
            runtime = runtime.or_else(|| symbols.address_of("_PyRuntime"));
            image.py_version = symbols.address_of("Py_Version");
            let first = FIRST_SYMBOLS.iter().find(|(name, _)| symbols.address_of(name).is_some());
            image.minor = first.map(|(_, minor)| *minor);
        }
        Ok(runtime.map(|runtime| Self { runtime, ..image }))
    }
}

/// The section headers of a file.
struct Sections(Vec<Section>);

#[derive(Clone, Copy)]
struct Section {
    name: u32,
    kind: u32,
    address: u64,
    offset: u64,
    size: u64,
    link: u32,
}

impl Sections {
    fn parse(table: &[u8]) -> Self {
        let section = |bytes: &[u8]| {
            let int = |offset| array_at(bytes, offset).map(u32::from_le_bytes);
            let word = |offset| word_at(bytes, offset);
            Some(Section {
                name: int(0)?,
                kind: int(4)?,
                address: word(16)?,
                offset: word(24)?,
                size: word(32)?,
                link: int(40)?,
            })
        };
        Self(table.chunks_exact(SECTION_SIZE).filter_map(section).collect())
    }

    /// Returns the address of the section with a name that ends with a zero.
    fn address_of(&self, file: &dyn Memory, names: u16, name: &[u8]) -> io::Result<Option<u64>> {
        let Some(names) = self.0.get(usize::from(names)) else { return Ok(None) };
        let names = read_table(file, names.offset, names.size)?;
        let is_named = |section: &&Section| {
            names.get(section.name as usize..).is_some_and(|rest| rest.starts_with(name))
        };
        Ok(self.0.iter().find(is_named).map(|section| section.address))
    }

    fn symbols(&self, file: &dyn Memory) -> io::Result<Option<Symbols>> {
        let table = self.0.iter().find(|section| section.kind == SHT_DYNSYM);
        let names = table.and_then(|table| self.0.get(table.link as usize));
        let Some((table, names)) = table.zip(names) else { return Ok(None) };
        let names = read_table(file, names.offset, names.size)?;
        Ok(Some(Symbols { table: read_table(file, table.offset, table.size)?, names }))
    }
}

/// The symbols that a file exports or imports.
struct Symbols {
    table: Vec<u8>,
    names: Vec<u8>,
}

impl Symbols {
    /// Returns the address of an exported symbol.
    fn address_of(&self, name: &str) -> Option<u64> {
        let is_named = |symbol: &&[u8]| {
            let start = array_at(symbol, 0).map_or(u32::MAX, u32::from_le_bytes);
            let rest = self.names.get(start as usize..).unwrap_or_default();
            let is_imported = array_at(symbol, 6) == Some([0, 0]);
            !is_imported
                && rest.strip_prefix(name.as_bytes()).is_some_and(|end| end.starts_with(&[0]))
        };
        word_at(self.table.chunks_exact(SYMBOL_SIZE).find(is_named)?, 8)
    }
}

/// Returns the page of the lowest address that is loaded.
fn base_address(program_headers: &[u8]) -> Option<u64> {
    let is_loaded = |header: &&[u8]| array_at(header, 0) == Some(PT_LOAD.to_le_bytes());
    let headers = program_headers.chunks_exact(PROGRAM_HEADER_SIZE).filter(is_loaded);
    headers.filter_map(|header| word_at(header, 16)).min().map(|address| address & !0xfff)
}

fn read_table(file: &dyn Memory, offset: u64, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_TABLE {
        return Err(invalid("table of an ELF file too long"));
    }
    let mut table = vec![0; size as usize];
    file.read(offset, &mut table)?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Memory, RuntimeImage, X86_64};

    /// The bytes of a file.
    struct Bytes(Vec<u8>);

    impl Memory for Bytes {
        fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
            let start = usize::try_from(address).unwrap_or(usize::MAX);
            let bytes = self.0.get(start..).and_then(|rest| rest.get(..buffer.len()));
            buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }
    }

    /// Writes numbers at offsets.
    fn put(file: &mut [u8], offset: usize, bytes: &[u8]) {
        file[offset..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Returns a file with one loaded segment at 0x400000, and a section for names, one for symbols,
    /// and `.PyRuntime` at 0x5000 if asked for.
    fn elf(section: &[u8], symbols: &[(&str, u16, u64)]) -> Vec<u8> {
        let [names, symbol_table, section_table] = [0x100, 0x200, 0x300];
        let mut file = vec![0; 0x400];
        put(&mut file, 0, b"\x7fELF\x02\x01");
        put(&mut file, 18, &X86_64.to_le_bytes());
        put(&mut file, 32, &64_u64.to_le_bytes());
        put(&mut file, 40, &(section_table as u64).to_le_bytes());
        put(&mut file, 56, &1_u16.to_le_bytes());
        put(&mut file, 60, &3_u16.to_le_bytes());
        put(&mut file, 64, &1_u32.to_le_bytes());
        put(&mut file, 64 + 16, &0x40_0123_u64.to_le_bytes());
        let mut name = names + 1;
        put(&mut file, name, section);
        name += section.len() + 1;
        for (index, (symbol, home, value)) in symbols.iter().enumerate() {
            put(&mut file, name, symbol.as_bytes());
            let entry = symbol_table + index * 24;
            put(&mut file, entry, &((name - names) as u32).to_le_bytes());
            put(&mut file, entry + 6, &home.to_le_bytes());
            put(&mut file, entry + 8, &value.to_le_bytes());
            name += symbol.len() + 1;
        }
        let sections =
            [(0, 3, 0, names, 0x100), (0, 11, 0, symbol_table, 0x100), (1, 1, 0x5000, 0, 0)];
        for (index, (name, kind, address, offset, size)) in sections.into_iter().enumerate() {
            let header = section_table + index * 64;
            put(&mut file, header, &u32::to_le_bytes(name));
            put(&mut file, header + 4, &u32::to_le_bytes(kind));
            put(&mut file, header + 16, &u64::to_le_bytes(address));
            put(&mut file, header + 24, &(offset as u64).to_le_bytes());
            put(&mut file, header + 32, &u64::to_le_bytes(size));
        }
        file
    }

    fn read(file: &[u8]) -> Option<RuntimeImage> {
        RuntimeImage::read(&Bytes(file.to_vec())).unwrap()
    }

    #[test]
    fn runtime_is_found_by_its_section() {
        let file = elf(b".PyRuntime", &[("Py_NewRef", 1, 0x10), ("Py_Version", 1, 0x20)]);
        let image = RuntimeImage {
            machine: X86_64,
            base: 0x40_0000,
            runtime: 0x5000,
            py_version: Some(0x20),
            minor: Some(10),
        };
        assert_eq!(read(&file), Some(image));
        assert_eq!(read(&elf(b".PyRuntime", &[])).unwrap().runtime, 0x5000);
    }

    #[test]
    fn runtime_is_found_by_its_symbol_unless_that_is_imported() {
        let image = read(&elf(b".data", &[("_PyRuntime", 1, 0x6000), ("PyConfig_Read", 1, 1)]));
        assert_eq!(image.map(|image| (image.runtime, image.minor)), Some((0x6000, Some(8))));
        assert_eq!(read(&elf(b".data", &[("_PyRuntime", 0, 0x6000)])), None);
        assert_eq!(read(&elf(b".data", &[("_PyRuntimeState", 1, 0x6000)])), None);
        assert_eq!(read(b"#!/bin/sh"), None);
    }

    #[test]
    fn damaged_files_are_read_or_refused() {
        let file = elf(b".PyRuntime", &[("Py_Version", 1, 0x20)]);
        let mut random = fastrand::Rng::with_seed(16);
        for _ in 0..20_000 {
            let mut damaged = file.clone();
            for _ in 0..random.usize(1..8) {
                damaged[random.usize(..0x400)] = random.u8(..);
            }
            damaged.truncate(random.usize(..0x1000));
            _ = RuntimeImage::read(&Bytes(damaged));
        }
    }
}
