//! An entry of a region's directory: as it lies in memory, and as a process keeps it.

use alloc::string::String;
use core::str;

use ringway_shm::envelope::Kind;

use super::object::{OBJECT_ALIGN, Shape};

/// Words of 32 bits in an entry.
pub(crate) const ENTRY_WORDS: usize = 32;
/// Bytes in an entry.
pub(crate) const ENTRY_BYTES: usize = 4 * ENTRY_WORDS;
/// The longest name of an object, in bytes.
pub(crate) const MAX_OBJECT_NAME: usize = 64;

/// Where each field lies, in words.
mod field {
    pub(super) const KIND: usize = 0;
    pub(super) const NAME_LEN: usize = 1;
    pub(super) const OFFSET: usize = 2; // 2 words
    pub(super) const LEN: usize = 4; // 2 words
    pub(super) const SIZE: usize = 6;
    pub(super) const ALIGN: usize = 7;
    pub(super) const TAG: usize = 8; // 2 words
    pub(super) const COUNT: usize = 10;
    pub(super) const VARIANT: usize = 11;
    pub(super) const WIDTHS: usize = 12; // 2 words
    pub(super) const NAME: usize = 16; // 16 words
}

const _: () = assert!(4 * field::NAME + MAX_OBJECT_NAME == ENTRY_BYTES);

/// What a region's directory says of an object. A copy of this process's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Bytes from the segment's start to the object.
    pub(crate) offset: usize,
    /// Bytes of the object.
    pub(crate) len: usize,
    pub(crate) shape: Shape,
}

/// The entry's words, each loaded once.
pub(crate) type EntryWords = [u32; ENTRY_WORDS];

impl Entry {
    pub(crate) fn encode(&self) -> EntryWords {
        let mut words = [0; ENTRY_WORDS];
        words[field::KIND] = u32::from_le_bytes(self.kind.letters());
        words[field::NAME_LEN] = self.name.len() as u32;
        let wide = [
            (field::OFFSET, self.offset as u64),
            (field::LEN, self.len as u64),
            (field::TAG, self.shape.tag),
            (field::WIDTHS, self.shape.widths),
        ];
        for (at, value) in wide {
            words[at] = value as u32;
            words[at + 1] = (value >> 32) as u32;
        }
        words[field::SIZE] = self.shape.size;
        words[field::ALIGN] = self.shape.align;
        words[field::COUNT] = self.shape.count;
        words[field::VARIANT] = self.shape.variant;
        for (word, four) in words[field::NAME..].iter_mut().zip(self.name.as_bytes().chunks(4)) {
            let mut bytes = [0; 4];
            bytes[..four.len()].copy_from_slice(four);
            *word = u32::from_ne_bytes(bytes);
        }
        words
    }

    /// Reads an entry. Its object has to begin at `begin`, where the one before it ends, and to lie
    /// in the first `end` bytes. The error says what no creator writes.
    pub(crate) fn decode(
        words: &EntryWords,
        begin: usize,
        end: usize,
    ) -> Result<Entry, &'static str> {
        let wide = |at: usize| u64::from(words[at]) | u64::from(words[at + 1]) << 32;
        let offset = usize::try_from(wide(field::OFFSET)).ok().filter(|&at| at == begin);
        let offset = offset.ok_or("an object's place")?;
        let len = usize::try_from(wide(field::LEN)).ok();
        let len = len.filter(|&len| len > 0 && len % OBJECT_ALIGN == 0);
        let len = len.filter(|&len| end.checked_sub(begin).is_some_and(|room| len <= room));
        let shape = Shape {
            size: words[field::SIZE],
            align: words[field::ALIGN],
            tag: wide(field::TAG),
            count: words[field::COUNT],
            variant: words[field::VARIANT],
            widths: wide(field::WIDTHS),
        };
        Ok(Entry {
            kind: Kind::new(words[field::KIND].to_le_bytes()),
            name: name(words).ok_or("an object's name")?,
            offset,
            len: len.ok_or("an object's length")?,
            shape,
        })
    }
}

fn name(words: &EntryWords) -> Option<String> {
    let mut bytes = [0; MAX_OBJECT_NAME];
    for (four, word) in bytes.chunks_mut(4).zip(&words[field::NAME..]) {
        four.copy_from_slice(&word.to_ne_bytes());
    }
    let len = words[field::NAME_LEN] as usize;
    let (name, rest) = bytes.split_at_checked(len).filter(|_| len > 0)?;
    let filled = rest.iter().all(|&byte| byte == 0);
    str::from_utf8(name).ok().filter(|_| filled).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let (tag, widths) = (1 << 40 | 7, 1 << 50 | 9);
        let shape = Shape { size: 12, align: 4, tag, count: 3, variant: 2, widths };
        Entry { kind: Kind::new(*b"TEST"), name: "größe".into(), offset: 1024, len: 256, shape }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(Entry::decode(&entry().encode(), 1024, 1280), Ok(entry()));
    }

    #[test]
    fn what_no_creator_writes_is_refused() {
        let with = |at: usize, value: u32| {
            let mut words = entry().encode();
            words[at] = value;
            Entry::decode(&words, 1024, 1280).is_err()
        };
        for (at, value) in [
            (field::OFFSET, 1152),
            (field::OFFSET + 1, 1),
            (field::LEN, 0),
            (field::LEN, 255),
            (field::LEN, 384),
            (field::LEN + 1, u32::MAX),
            (field::NAME_LEN, 0),
            (field::NAME_LEN, 4),
            (field::NAME_LEN, 65),
            (field::NAME_LEN, u32::MAX),
            (field::NAME, u32::MAX),
        ] {
            assert!(with(at, value), "{at}: {value}");
        }
    }
}
