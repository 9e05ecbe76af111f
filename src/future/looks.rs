//! How long a poll that finds nothing looks, before its task waits.
//!
//! Asking to be woken costs a fence on all processors, and being woken two switches of threads. In a
//! stream the next message is there before that. So a poll looks for about as long as the fence
//! takes, and for half as long after each time that it has looked in vain.

use ringway_shm::sync::spin_loop;

/// Looks of one poll at the most: about a microsecond. A task alone on its processor has nothing to
/// look for; and in a model each look is one more way to go.
const MOST: u8 = if cfg!(all(feature = "std", not(any(miri, ringway_loom)))) { 32 } else { 0 };

/// How often the next poll looks.
#[derive(Debug)]
pub(crate) struct Looks(u8);

impl Default for Looks {
    fn default() -> Looks {
        Looks(MOST)
    }
}

impl Looks {
    /// Calls `attempt` until it brings something, as often as is worth it.
    pub(crate) fn look<R>(&mut self, mut attempt: impl FnMut() -> Option<R>) -> Option<R> {
        for _ in 0..self.0 {
            spin_loop();
            if let Some(found) = attempt() {
                self.0 = MOST;
                return Some(found);
            }
        }
        if self.0 > 1 {
            self.0 /= 2;
        }
        None
    }
}

#[cfg(all(test, feature = "std", not(any(miri, ringway_loom))))]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_vain_is_done_half_as_often_and_what_was_not_as_often_as_at_first() {
        let mut looks = Looks::default();
        let in_vain = |looks: &mut Looks| {
            let mut count = 0;
            assert_eq!(
                looks.look(|| -> Option<()> {
                    count += 1;
                    None
                }),
                None
            );
            count
        };
        let counts: [u8; 8] = core::array::from_fn(|_| in_vain(&mut looks));
        assert_eq!(counts, [32, 16, 8, 4, 2, 1, 1, 1]);
        assert_eq!(looks.look(|| Some(7)), Some(7));
        assert_eq!(in_vain(&mut looks), 32);
    }
}
