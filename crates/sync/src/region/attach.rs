//! A seat that is taken: by it a process, or a part of one, is known to the others of a region.

use alloc::sync::Arc;
use core::time::Duration;

use ringway_shm::LivenessError;
use ringway_shm::event::Token;
use ringway_shm::fence::Fences;
use ringway_shm::sync::Futex;

use super::memory::Memory;
use crate::alarm::Alarm;
use crate::error::SeatError;
use crate::owner::Owner;
use crate::party::{Party, Sleeps};

/// A seat that this has, and the memory of the region that it is in. All handles of one attachment
/// share it; it is given back with the last of them.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) memory: Arc<Memory>,
    pub(crate) seat: usize,
    me: Owner,
    hold: Hold,
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) watched: std::sync::OnceLock<ringway_shm::segment::Watched>,
}

/// What shows that the owner of a seat is there.
#[derive(Debug)]
pub(crate) enum Hold {
    /// The seat's own word.
    Word,
    /// A lock of the kernel's.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    #[expect(dead_code, reason = "it is held until it is dropped")]
    Lock(ringway_shm::file::lock::Lock),
}

impl Attachment {
    /// Takes a free seat of a region that is no file.
    pub(crate) fn by_word(memory: &Arc<Memory>) -> Result<Attachment, SeatError> {
        let seats = memory.seats();
        let seat = seats.iter().position(|seat| seat.take());
        let seat = seat.ok_or(SeatError::Full { seats: seats.len() })?;
        Self::new(memory, seat, Hold::Word)
    }

    /// The owner of a seat that has just been taken.
    pub(crate) fn new(
        memory: &Arc<Memory>,
        seat: usize,
        hold: Hold,
    ) -> Result<Attachment, SeatError> {
        let seats = memory.seats();
        let words = seats.get(seat).ok_or(SeatError::Full { seats: seats.len() })?;
        #[cfg(feature = "std")]
        let pid = std::process::id();
        #[cfg(not(feature = "std"))]
        let pid = 0;
        Ok(Attachment {
            memory: memory.clone(),
            seat,
            me: words.own(seat, pid),
            hold,
            #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
            watched: std::sync::OnceLock::new(),
        })
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if let (Hold::Word, Some(seat)) = (&self.hold, self.memory.seats().get(self.seat)) {
            seat.leave();
        }
    }
}

impl Party for Attachment {
    #[inline(always)]
    fn me(&self) -> Owner {
        self.me
    }

    fn is_gone(&self, owner: Owner) -> Result<bool, LivenessError> {
        self.memory.is_gone(owner)
    }

    #[inline(always)]
    fn fences(&self) -> Fences {
        self.memory.fences
    }
}

impl Sleeps for Attachment {
    fn news(&self) -> u32 {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if let Some(watched) = self.watched.get() {
            // SYNC news: the question that follows is asked after the death that there is news of.
            return watched.word().load(ringway_shm::sync::Ordering::Acquire);
        }
        0
    }

    fn sleep(&self, bell: &Futex, token: Token, news: u32, alarm: &Alarm, limit: Duration) {
        #[cfg(all(feature = "std", not(ringway_loom)))]
        {
            let interrupt = alarm.0.as_ref().map(|interrupt| (interrupt.word(), 0));
            #[cfg(target_os = "linux")]
            let watched = self.watched.get().map(|watched| (watched.word(), news));
            #[cfg(not(target_os = "linux"))]
            let watched = None;
            if interrupt.is_some() || watched.is_some() {
                let others = interrupt.into_iter().chain(watched);
                let bell = (bell, token.expected());
                return ringway_shm::interrupt::sleep_on_any(bell, others, limit);
            }
        }
        let _ = (news, alarm);
        bell.wait(token.expected(), limit);
    }
}
