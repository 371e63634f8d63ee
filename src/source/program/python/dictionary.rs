//! Looks up names in dictionaries and in the attributes of instances.

use std::io;

use super::layout::{
    AttributeStorage, DictKeysFormat, ObjectLayout, TP_DICTOFFSET, TPFLAGS_INLINE_VALUES,
    TPFLAGS_MANAGED_DICT,
};
use super::memory::{Block, Memory, field, invalid, read_bytes, read_word, word_at};
use super::text_object::is_text;

/// The maximum number of entries of a dictionary that is read.
const MAX_ENTRIES: u64 = 1 << 16;
/// The size of a pointer, in bytes.
const POINTER: u64 = 8;

/// Offsets in `struct _dictkeysobject`, and in its entries.
mod keys {
    /// `dk_size`, up to 3.10.
    pub(super) const SIZE: u64 = 8;
    /// `dk_nentries`, up to 3.10.
    pub(super) const SIZED_COUNT: u64 = 32;
    /// `dk_indices`, up to 3.10.
    pub(super) const SIZED_INDICES: u64 = 40;
    /// `dk_log2_index_bytes`, from 3.11 on.
    pub(super) const LOG2_INDEX_BYTES: u64 = 9;
    /// `dk_kind`, from 3.11 on.
    pub(super) const KIND: u64 = 10;
    /// `DICT_KEYS_GENERAL`.
    pub(super) const GENERAL: u8 = 0;
    /// `dk_nentries`, from 3.11 on.
    pub(super) const COUNT: u64 = 24;
    /// `dk_indices`, from 3.11 on.
    pub(super) const INDICES: u64 = 32;
    /// `sizeof(PyDictKeyEntry)`: hash, key, value.
    pub(super) const GENERAL_ENTRY: u64 = 24;
    /// `sizeof(PyDictUnicodeEntry)`: key, value.
    pub(super) const UNICODE_ENTRY: u64 = 16;
}

/// Offsets of the attributes of an instance from its address.
mod instance {
    /// The distance of the pointer to the dictionary before the object, 3.11 to 3.13: also the one
    /// with a tag in 3.12.
    pub(super) const DICT_BEFORE: u64 = 24;
    /// The distance of the pointer to the values before the object, 3.11.
    pub(super) const VALUES_BEFORE: u64 = 32;
    /// The values behind the object's header, 3.13.
    pub(super) const INLINE_VALUES: u64 = 16;
    /// `struct _dictvalues.valid`, 3.13.
    pub(super) const VALID: u64 = 3;
    /// `struct _dictvalues.values`, 3.13.
    pub(super) const VALUES: u64 = 8;
}

/// The entries of a dictionary: the addresses of keys and values. Deleted entries are left out.
pub(super) struct Entries(Vec<(u64, u64)>);

/// The memory of a process and the layout of its objects.
#[derive(Clone, Copy)]
pub(super) struct Objects<'a> {
    pub(super) memory: &'a dyn Memory,
    pub(super) layout: &'a ObjectLayout,
}

impl Objects<'_> {
    /// Reads the entries of the `dict` at an address.
    pub(super) fn dictionary(self, address: u64) -> io::Result<Entries> {
        let keys = read_word(self.memory, address, self.layout.ma_keys)?;
        let values = match read_word(self.memory, address, self.layout.ma_values)? {
            0 => None,
            values if self.layout.attributes == AttributeStorage::InlineValues => {
                Some(field(values, instance::VALUES)?)
            }
            values => Some(values),
        };
        self.entries(keys, values)
    }

    /// Returns the value of a name in the `dict` at an address.
    pub(super) fn item(self, dictionary: u64, name: &str) -> io::Result<Option<u64>> {
        self.find(self.dictionary(dictionary)?, name)
    }

    /// Returns the value of an attribute of the instance at an address.
    pub(super) fn attribute(self, object: u64, name: &str) -> io::Result<Option<u64>> {
        let entries = self.attributes(object)?;
        self.find(entries, name)
    }

    fn find(self, entries: Entries, name: &str) -> io::Result<Option<u64>> {
        for (key, value) in entries {
            if is_text(self.memory, self.layout, key, name)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Reads the attributes of an instance, which are values with the keys of its type, or a
    /// dictionary.
    fn attributes(self, object: u64) -> io::Result<Entries> {
        let kind = read_word(self.memory, object, self.layout.ob_type)?;
        let flags = read_word(self.memory, kind, self.layout.tp_flags)?;
        if self.layout.attributes == AttributeStorage::Dictionary
            || flags & TPFLAGS_MANAGED_DICT == 0
        {
            let offset = read_word(self.memory, kind, TP_DICTOFFSET)?;
            return self.dictionary(read_word(self.memory, object, offset)?);
        }
        match self.instance_values(object, flags)? {
            Some(values) => {
                let keys = read_word(self.memory, kind, self.layout.ht_cached_keys)?;
                self.entries(keys, Some(values))
            }
            None => self.dictionary(self.word_before(object, instance::DICT_BEFORE)?),
        }
    }

    /// Returns the address of the values of an instance with a managed dictionary, or `None` if the
    /// attributes are in that dictionary.
    fn instance_values(self, object: u64, flags: u64) -> io::Result<Option<u64>> {
        match self.layout.attributes {
            AttributeStorage::Dictionary => Ok(None),
            AttributeStorage::ValuesOrDictionary => {
                let values = self.word_before(object, instance::VALUES_BEFORE)?;
                Ok(Some(values).filter(|values| *values != 0))
            }
            AttributeStorage::TaggedPointer => {
                let pointer = self.word_before(object, instance::DICT_BEFORE)?;
                Ok(Some(pointer).filter(|one| one & 1 == 1).and_then(|one| one.checked_add(1)))
            }
            AttributeStorage::InlineValues => {
                if flags & TPFLAGS_INLINE_VALUES == 0 {
                    return Ok(None);
                }
                let values = field(object, instance::INLINE_VALUES)?;
                let header = Block::read(self.memory, values, POINTER)?;
                let is_valid = header.byte(instance::VALID)? != 0;
                Ok(is_valid.then_some(field(values, instance::VALUES)?))
            }
        }
    }

    fn word_before(self, object: u64, distance: u64) -> io::Result<u64> {
        let address = object.checked_sub(distance).ok_or_else(|| invalid("object too low"))?;
        read_word(self.memory, address, 0)
    }

    /// Reads the entries with the keys at an address, and with values of their own or those at
    /// `values`.
    fn entries(self, keys: u64, values: Option<u64>) -> io::Result<Entries> {
        let (first, count, has_hash) = match self.layout.dict_keys {
            DictKeysFormat::Sized => {
                let header = Block::read(self.memory, keys, keys::SIZED_INDICES)?;
                let size = header.word(keys::SIZE)?;
                let width = match size {
                    0..=0xff => 1,
                    0x100..=0xffff => 2,
                    _ => 4,
                };
                let indices = size.saturating_mul(width);
                let first = field(keys, keys::SIZED_INDICES.saturating_add(indices))?;
                (first, header.word(keys::SIZED_COUNT)?, true)
            }
            DictKeysFormat::Logarithmic => {
                let header = Block::read(self.memory, keys, keys::INDICES)?;
                let indices = 1_u64.checked_shl(u32::from(header.byte(keys::LOG2_INDEX_BYTES)?));
                let indices = indices.ok_or_else(|| invalid("dictionary with too many indices"))?;
                let first = field(keys, keys::INDICES.saturating_add(indices))?;
                let has_hash = header.byte(keys::KIND)? == keys::GENERAL;
                (first, header.word(keys::COUNT)?, has_hash)
            }
        };
        if count > MAX_ENTRIES {
            return Err(invalid("dictionary with too many entries"));
        }
        let size = if has_hash { keys::GENERAL_ENTRY } else { keys::UNICODE_ENTRY };
        let bytes = read_bytes(self.memory, first, (count * size) as usize)?;
        let own = values.map(|values| read_bytes(self.memory, values, (count * POINTER) as usize));
        let own = own.transpose()?;
        let entry = |index: u64| {
            let key = index * size + size - 2 * POINTER;
            let value = match &own {
                Some(own) => word_at(own, index * POINTER),
                None => word_at(&bytes, key + POINTER),
            };
            Some((word_at(&bytes, key)?, value?)).filter(|(key, value)| *key != 0 && *value != 0)
        };
        Ok(Entries((0..count).filter_map(entry).collect()))
    }
}

impl IntoIterator for Entries {
    type Item = (u64, u64);
    type IntoIter = std::vec::IntoIter<(u64, u64)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
