//! Envelopes, whatever is in them.

use ringway_shm::envelope::{
    ENVELOPE_WORDS, Envelope, EnvelopeError, Identity, Instance, Kind, MAX_TEXT, TextPlace,
};
use ringway_shm::sync::WORD;

use proptest::prelude::*;

fn envelopes() -> impl Strategy<Value = Envelope> {
    let text = prop_oneof![
        Just(TextPlace::default()),
        (128..1000u32, 0..=MAX_TEXT as u32).prop_map(|(offset, len)| TextPlace { offset, len }),
    ];
    let numbers = (any::<u32>(), any::<[u32; 4]>(), 5000u64.., any::<u64>());
    (any::<[u8; 4]>(), numbers, text).prop_map(|(kind, (version, instance, len, tag), text)| {
        let envelope = Envelope::new(Kind::new(kind), version, Instance(instance), len);
        Envelope { tag, text, ..envelope }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(envelope in envelopes()) {
        let Envelope { kind, version, len, .. } = envelope;
        let read = Envelope::decode(&envelope.encode(), len, kind, version);
        prop_assert_eq!(read, Ok(envelope));
    }

    #[test]
    fn every_byte_order_version_and_kind_says_who_it_is(envelope in envelopes()) {
        let words = envelope.encode();
        for swapped in [false, true] {
            let words = if swapped { words.map(u32::swap_bytes) } else { words };
            let Envelope { kind, version, instance, .. } = envelope;
            let identity = Identity { kind, version, instance, swapped };
            prop_assert_eq!(Identity::of(&words), Ok(identity));
        }
    }

    #[test]
    fn a_segment_that_is_too_short_is_refused(envelope in envelopes(), less in 1..5000u64) {
        let Envelope { kind, version, len, .. } = envelope;
        let read = Envelope::decode(&envelope.encode(), len - less, kind, version);
        prop_assert_eq!(read, Err(EnvelopeError::TooShort { len: len - less, needed: len }));
    }

    #[test]
    fn any_words_are_an_error_or_a_text_that_lies_in_the_segment(
        mut words in any::<[u32; ENVELOPE_WORDS]>(),
        good in envelopes(),
        keep in any::<u16>(),
        len in any::<u64>(),
    ) {
        // Some of a good one's words.
        for (at, word) in good.encode().into_iter().enumerate() {
            if keep & (1 << at) != 0 {
                words[at] = word;
            }
        }
        if let Ok(read) = Envelope::decode(&words, len, good.kind, good.version) {
            let TextPlace { offset, len: text } = read.text;
            prop_assert!(offset == 0 || offset >= 128);
            prop_assert!(text as usize <= MAX_TEXT && u64::from(offset + text) <= read.len);
            prop_assert!(read.len <= len && read.word_size as usize == WORD);
        }
    }
}
