//! The envelope: the 64 bytes with which every segment begins, whatever is in it.
//!
//! It says what kind of segment this is, in which version of that kind's format, and which instance
//! of it. So a program that knows nothing of a kind can still list, check and remove its segments.
//! Every segment has 128 bytes at least: the envelope, and 64 bytes of its kind's own.
//!
//! | byte | bytes | field |
//! |---:|---:|---|
//! | 0 | 8 | magic: `RINGWAY` and a zero byte, as two words whose first letter is the low byte |
//! | 8 | 4 | byte order: `0x01020304` |
//! | 12 | 4 | kind: four letters, as a word whose first letter is the low byte |
//! | 16 | 4 | version of that kind's format |
//! | 20 | 4 | word size in bytes: 4 or 8 |
//! | 24 | 4 | text: bytes from the segment's start to it; 0: there is none |
//! | 28 | 4 | text: its length in bytes, at most 4,000, of UTF-8 |
//! | 32 | 16 | instance: 128 random bits |
//! | 48 | 8 | length of the segment in bytes |
//! | 56 | 8 | tag: a number of the creator's choice |
//!
//! All are words of 32 bits in the creator's byte order; of 64 bits the low half comes first.
//!
//! Every version of this crate keeps the magic, the byte order, the kind, the version and the
//! instance where they are, and that the owner of a segment holds a lock on byte 0 of its file
//! for as long as it lives. Listing and removing need no more.

use core::fmt;

use crate::sync::WORD;

/// Words of 32 bits in an envelope.
pub const ENVELOPE_WORDS: usize = 16;
/// Bytes in an envelope.
pub const ENVELOPE_BYTES: usize = 4 * ENVELOPE_WORDS;
/// The shortest segment, in bytes: an envelope, and as much of its kind's own.
pub const HEADER_BYTES: usize = 2 * ENVELOPE_BYTES;
/// The longest text, in bytes.
pub const MAX_TEXT: usize = 4000;

const MAGIC: [u32; 2] = [u32::from_le_bytes(*b"RING"), u32::from_le_bytes(*b"WAY\0")];
/// Reads differently on a machine of the other byte order.
const BYTE_ORDER: u32 = 0x0102_0304;

/// An envelope's words, as they lie in memory.
pub type EnvelopeWords = [u32; ENVELOPE_WORDS];

/// Where each field lies, in words.
mod field {
    pub(super) const MAGIC: usize = 0; // 2 words
    pub(super) const BYTE_ORDER: usize = 2;
    pub(super) const KIND: usize = 3;
    pub(super) const VERSION: usize = 4;
    pub(super) const WORD_SIZE: usize = 5;
    pub(super) const TEXT: usize = 6; // 2 words: offset and length
    pub(super) const INSTANCE: usize = 8; // 4 words
    pub(super) const LEN: usize = 12; // 2 words
    pub(super) const TAG: usize = 14; // 2 words
}

// The documented bytes.
const _: () = {
    assert!(4 * field::BYTE_ORDER == 8 && 4 * field::KIND == 12 && 4 * field::VERSION == 16);
    assert!(4 * field::WORD_SIZE == 20 && 4 * field::TEXT == 24 && 4 * field::INSTANCE == 32);
    assert!(4 * field::LEN == 48 && 4 * field::TAG == 56 && ENVELOPE_BYTES == 64);
};

/// What is in a segment: four letters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kind([u8; 4]);

impl Kind {
    /// The kind of those letters, which are ASCII.
    pub const fn new(letters: [u8; 4]) -> Kind {
        Kind(letters)
    }

    /// Its letters.
    pub const fn letters(self) -> [u8; 4] {
        self.0
    }

    const fn word(self) -> u32 {
        u32::from_le_bytes(self.0)
    }

    const fn of_word(word: u32) -> Kind {
        Kind(word.to_le_bytes())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Another process chose the bytes.
        self.0.iter().try_for_each(|&byte| {
            let letter = if byte.is_ascii_graphic() { byte } else { b'?' };
            fmt::Write::write_char(f, letter.into())
        })
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({self})")
    }
}

/// Random bits that tell one segment from any other, also from its successor of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance(pub [u32; 4]);

/// Where a segment's text lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextPlace {
    /// Bytes from the segment's start; 0: there is none.
    pub offset: u32,
    /// Its length in bytes.
    pub len: u32,
}

/// What an envelope says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What is in the segment.
    pub kind: Kind,
    /// Version of that kind's format.
    pub version: u32,
    /// Bytes in a word of the creator's: 4 or 8.
    pub word_size: u32,
    /// Where the owner's text lies.
    pub text: TextPlace,
    /// Which segment it is.
    pub instance: Instance,
    /// Length of the segment in bytes.
    pub len: u64,
    /// A number of the creator's choice.
    pub tag: u64,
}

/// Why an envelope is not one that this build can go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// It does not begin with the magic.
    NotASegment,
    /// A machine of the other byte order made it.
    ByteOrder,
    /// It is a segment of another kind.
    Kind {
        /// The kind that it is.
        found: Kind,
        /// The kind that was expected.
        expected: Kind,
    },
    /// Its kind's format has another version.
    Version {
        /// The version that it has.
        found: u32,
        /// The version that this build reads.
        supported: u32,
    },
    /// Its words have another size.
    WordSize {
        /// Their size in bytes.
        found: u32,
        /// The size that this build has.
        supported: u32,
    },
    /// The segment is shorter than its envelope says, or than an envelope is.
    TooShort {
        /// Its length in bytes.
        len: u64,
        /// The length that is needed.
        needed: u64,
    },
    /// A field holds what no creator writes there.
    Corrupt {
        /// The field.
        what: &'static str,
    },
}

impl core::error::Error for EnvelopeError {}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASegment => f.write_str("it is not a shared segment of this library's"),
            Self::ByteOrder => f.write_str(
                "it was made on a machine of the other byte order: open it there, or recreate it",
            ),
            Self::Kind { found, expected } => {
                write!(f, "it is a segment of kind {found}, not {expected}: choose another name")
            }
            Self::Version { found, supported } => write!(
                f,
                "its layout has version {found}, and this build knows {supported}: use builds of \
                 one version on both sides"
            ),
            Self::WordSize { found, supported } => write!(
                f,
                "its words have {found} bytes, and this build's have {supported}: use builds of one \
                 word size on both sides"
            ),
            Self::TooShort { len, needed } => {
                write!(f, "it has {len} bytes and needs {needed}: it was cut short; recreate it")
            }
            Self::Corrupt { what } => {
                write!(f, "its header is corrupt ({what}): unlink it and recreate it")
            }
        }
    }
}

impl Envelope {
    /// The envelope of a segment that this build makes.
    pub const fn new(kind: Kind, version: u32, instance: Instance, len: u64) -> Envelope {
        let text = TextPlace { offset: 0, len: 0 };
        Envelope { kind, version, word_size: WORD as u32, text, instance, len, tag: 0 }
    }

    /// Its words, in this machine's byte order.
    pub fn encode(&self) -> EnvelopeWords {
        let mut words = [0; ENVELOPE_WORDS];
        words[field::MAGIC] = MAGIC[0];
        words[field::MAGIC + 1] = MAGIC[1];
        words[field::BYTE_ORDER] = BYTE_ORDER;
        words[field::KIND] = self.kind.word();
        words[field::VERSION] = self.version;
        words[field::WORD_SIZE] = self.word_size;
        words[field::TEXT] = self.text.offset;
        words[field::TEXT + 1] = self.text.len;
        words[field::INSTANCE..field::INSTANCE + 4].copy_from_slice(&self.instance.0);
        words[field::LEN] = self.len as u32;
        words[field::LEN + 1] = (self.len >> 32) as u32;
        words[field::TAG] = self.tag as u32;
        words[field::TAG + 1] = (self.tag >> 32) as u32;
        words
    }

    /// Reads the envelope of a segment of that kind and version, of `len` bytes. The order of the
    /// checks matters: each one makes the next readable.
    pub fn decode(
        words: &EnvelopeWords,
        len: u64,
        kind: Kind,
        version: u32,
    ) -> Result<Envelope, EnvelopeError> {
        let identity = Identity::of(words)?;
        if identity.swapped || words[field::BYTE_ORDER] != BYTE_ORDER {
            return Err(EnvelopeError::ByteOrder);
        }
        if identity.kind != kind {
            return Err(EnvelopeError::Kind { found: identity.kind, expected: kind });
        }
        if identity.version != version {
            let found = identity.version;
            return Err(EnvelopeError::Version { found, supported: version });
        }
        let word_size = words[field::WORD_SIZE];
        if word_size != WORD as u32 {
            return Err(match word_size {
                4 | 8 => EnvelopeError::WordSize { found: word_size, supported: WORD as u32 },
                _ => EnvelopeError::Corrupt { what: "word size" },
            });
        }
        let wide = |at: usize| u64::from(words[at]) | u64::from(words[at + 1]) << 32;
        let envelope = Envelope {
            kind,
            version,
            word_size,
            text: TextPlace { offset: words[field::TEXT], len: words[field::TEXT + 1] },
            instance: identity.instance,
            len: wide(field::LEN),
            tag: wide(field::TAG),
        };
        if len < envelope.len {
            return Err(EnvelopeError::TooShort { len, needed: envelope.len });
        }
        envelope.check_text()?;
        Ok(envelope)
    }

    /// Whether the text lies in the segment, behind the header.
    fn check_text(&self) -> Result<(), EnvelopeError> {
        let TextPlace { offset, len } = self.text;
        let fits = match offset {
            0 => len == 0,
            _ => {
                offset as usize >= HEADER_BYTES
                    && len as usize <= MAX_TEXT
                    && u64::from(offset) + u64::from(len) <= self.len
            }
        };
        if fits { Ok(()) } else { Err(EnvelopeError::Corrupt { what: "text" }) }
    }
}

/// What a segment says of itself in every version of every kind, whatever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What is in it.
    pub kind: Kind,
    /// Version of that kind's format.
    pub version: u32,
    /// Which segment it is: as numbers, which are the same in both byte orders.
    pub instance: Instance,
    /// Its words are in the other byte order.
    pub swapped: bool,
}

impl Identity {
    /// Which segment it is. The only error is that it is none.
    pub fn of(words: &EnvelopeWords) -> Result<Identity, EnvelopeError> {
        let swapped = match [words[field::MAGIC], words[field::MAGIC + 1]] {
            MAGIC => false,
            other if other == MAGIC.map(u32::swap_bytes) => true,
            _ => return Err(EnvelopeError::NotASegment),
        };
        let native = |at: usize| if swapped { words[at].swap_bytes() } else { words[at] };
        Ok(Identity {
            kind: Kind::of_word(native(field::KIND)),
            version: native(field::VERSION),
            instance: Instance(core::array::from_fn(|i| native(field::INSTANCE + i))),
            swapped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind::new(*b"TEST");

    fn envelope() -> Envelope {
        let text = TextPlace { offset: 128, len: 5 };
        let instance = Instance([1, 2, 3, 4]);
        let tag = 0x1234_5678_9abc_def0;
        Envelope { text, tag, ..Envelope::new(KIND, 7, instance, 1 << 33) }
    }

    #[test]
    fn what_was_written_is_read() {
        let words = envelope().encode();
        assert_eq!(Envelope::decode(&words, 1 << 33, KIND, 7), Ok(envelope()));
        let bytes: std::vec::Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(&bytes[..8], b"RINGWAY\0");
        assert_eq!(&bytes[12..16], b"TEST");
    }

    #[test]
    fn every_order_and_version_says_which_segment_it_is() {
        let words = envelope().encode();
        let identity = |swapped| {
            let Envelope { kind, version, instance, .. } = envelope();
            Ok(Identity { kind, version, instance, swapped })
        };
        assert_eq!(Identity::of(&words), identity(false));
        assert_eq!(Identity::of(&words.map(u32::swap_bytes)), identity(true));
        assert_eq!(Identity::of(&[0; ENVELOPE_WORDS]), Err(EnvelopeError::NotASegment));
    }

    #[test]
    fn each_mistake_has_its_error() {
        let good = envelope().encode();
        let decode = |words: &EnvelopeWords| Envelope::decode(words, 1 << 33, KIND, 7).unwrap_err();
        let with = |at: usize, value: u32| {
            let mut words = good;
            words[at] = value;
            decode(&words)
        };
        assert_eq!(with(field::MAGIC, 0), EnvelopeError::NotASegment);
        assert_eq!(with(field::BYTE_ORDER, 0x0403_0201), EnvelopeError::ByteOrder);
        assert_eq!(decode(&good.map(u32::swap_bytes)), EnvelopeError::ByteOrder);
        let (found, expected) = (Kind::new(*b"ELSE"), KIND);
        assert_eq!(with(field::KIND, found.word()), EnvelopeError::Kind { found, expected });
        let version = EnvelopeError::Version { found: 8, supported: 7 };
        assert_eq!(with(field::VERSION, 8), version);
        let found = 12 - WORD as u32;
        let size = EnvelopeError::WordSize { found, supported: WORD as u32 };
        assert_eq!(with(field::WORD_SIZE, found), size);
        for (at, value) in [(field::WORD_SIZE, 5), (field::TEXT, 64), (field::TEXT + 1, 4001)] {
            assert!(matches!(with(at, value), EnvelopeError::Corrupt { .. }), "{at}");
        }
        let short = Envelope::decode(&good, 1000, KIND, 7);
        assert_eq!(short, Err(EnvelopeError::TooShort { len: 1000, needed: 1 << 33 }));
    }
}
