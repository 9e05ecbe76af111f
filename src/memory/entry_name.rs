//! The name in an entry.

use super::layout::Entry;
use crate::name::{ConsumerName, MAX_NAME};
use ringway_shm::sync::Ordering;

impl Entry {
    /// Says that the entry's owner, which is the caller, has no name.
    pub(crate) fn set_unnamed(&self) {
        self.name_len.store(0, Ordering::Relaxed);
    }

    /// Writes the name of the entry's owner, which is the caller. It counts once the owner has
    /// joined.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    pub(crate) fn set_name(&self, name: &[u8]) {
        let mut bytes = name.chunks(4);
        for word in &self.name {
            let mut four = [0; 4];
            for (to, from) in four.iter_mut().zip(bytes.next().unwrap_or(&[])) {
                *to = *from;
            }
            word.store(u32::from_ne_bytes(four), Ordering::Relaxed);
        }
        self.name_len.store(name.len() as u32, Ordering::Relaxed);
    }

    /// Writes the name that the owner of another entry has.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(crate) fn copy_name(&self, from: &Entry) {
        for (to, from) in self.name.iter().zip(&from.name) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.name_len.store(from.name_len.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The name of the entry's owner, if it has one. The caller has seen that the owner has joined.
    pub(crate) fn consumer_name(&self) -> Option<ConsumerName> {
        let len = self.name_len.load(Ordering::Relaxed) as usize;
        if len == 0 {
            return None;
        }
        let mut bytes = [0; MAX_NAME];
        for (four, word) in bytes.chunks_exact_mut(4).zip(&self.name) {
            four.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        let name = ConsumerName::from_bytes(bytes.get(..len.min(MAX_NAME)).unwrap_or(&[]));
        (!name.as_str().is_empty()).then_some(name)
    }

    /// Whether that is the name.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    pub(crate) fn has_name(&self, name: &[u8]) -> bool {
        // Longer than any, it may be, where it was forged.
        self.name_len.load(Ordering::Relaxed) as usize == name.len()
            && self.name.iter().zip(name.chunks(4)).all(|(word, part)| {
                let bytes = word.load(Ordering::Relaxed).to_ne_bytes();
                bytes.iter().zip(part).all(|(a, b)| a == b)
            })
    }
}
