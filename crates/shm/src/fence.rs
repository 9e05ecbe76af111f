//! A pair of fences, one cheap and one dear.
//!
//! The side that sleeps and the side that wakes run the two halves of a store-then-load pattern:
//! each stores its own word and then looks at the other's, and at least one of them has to see the
//! other's store. That takes a full fence on both sides. The side that runs for every message can
//! have its fence reduced to one for the compiler if the other side, about to sleep anyway, asks
//! the kernel to run the missing fence on it: `membarrier`, whose promise (membarrier(2)) is that
//! every running thread that it [reaches](Reach) passes a full barrier between the call's start and
//! its return; a thread that is not running passes one when it is scheduled.
//!
//! **The rule.** For any two, the owner and a peer, that use a segment at the same time: where the
//! light fence of one is free, the heavy fence of the other reaches out. The two are not made at
//! the same time, and the segment may be taken over by another owner, which the kernel answers
//! otherwise. So the segment has a mode, which the owner writes and peers read as they join:
//!
//! | mode | the owner's fences | a peer's that joins now |
//! |---|---|---|
//! | [`MODE_FULL`] | both full | both full |
//! | [`MODE_ASYMMETRIC`] | light free, heavy reaches out | light free if it can register, heavy reaches out |
//! | [`MODE_FULL_REACHING`] | light full, heavy reaches out | light full, heavy reaches out |
//!
//! A segment that began in `MODE_FULL` stays there: its peers do not reach out. Any other moves
//! between the last two, by what each successor wants and gets from the kernel. In both of them
//! every heavy fence reaches out: the owner's for peers that joined when light fences were free,
//! the peers' for a successor whose light fence will be. A test below tries all sequences.
//!
//! Under loom both are `fence(SeqCst)`. In models in which no thread sleeps the light one is
//! nothing.

use core::sync::atomic::compiler_fence;

use crate::reach::Reach;
use crate::sync::{Ordering, barrier, fence, register_barrier};

/// The header's word for "a full fence on both sides".
pub const MODE_FULL: u32 = 0;
/// The header's word for "the light fences of the owner and of registered peers are free".
pub const MODE_ASYMMETRIC: u32 = 1;
/// The header's word for "the owner's light fence is full, but one before it had a free one, and
/// one after it may": both sides' heavy fences reach out.
pub const MODE_FULL_REACHING: u32 = 2;

/// The fences of one handle. What they are is decided once, when the handle is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fences {
    /// The kernel runs the light fence of this side, when the other side asks it to.
    light_is_free: bool,
    /// Where the other side may be whose light fence may be free, so that the heavy fence of this
    /// side has to reach it.
    heavy: Option<Reach>,
}

/// What the kernel is asked when fences are chosen.
trait Kernel {
    /// Lets barriers reach this process from now on.
    fn register(&self, reach: Reach) -> bool;
    /// Whether there are barriers that reach.
    fn reaches(&self, reach: Reach) -> bool;
}

/// The one that there is.
struct Here;

impl Kernel for Here {
    fn register(&self, reach: Reach) -> bool {
        register_barrier(reach)
    }

    fn reaches(&self, reach: Reach) -> bool {
        barrier(reach)
    }
}

impl Fences {
    /// Full fences, for a side that has no kernel to ask.
    pub const FULL: Fences = Fences { light_is_free: false, heavy: None };

    /// Those of the owner that makes a segment: asymmetric if that is wanted and the kernel agrees.
    pub fn for_owner(asymmetric: bool, reach: Reach) -> Fences {
        Fences::of_owner(None, asymmetric, reach, &Here)
    }

    /// Those of an owner that takes over a segment in `mode`.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub fn for_successor(mode: u32, asymmetric: bool, reach: Reach) -> Fences {
        Fences::of_owner(Some(mode), asymmetric, reach, &Here)
    }

    /// A peer's, of a segment in `mode`. A process that the kernel refuses to register keeps its
    /// light fence full; one that may not call the barrier is told so by [`heavy`](Self::heavy).
    pub fn for_peer(mode: u32, reach: Reach) -> Fences {
        Fences::of_peer(mode, reach, &Here)
    }

    /// `found`: the mode of the segment that it takes over. It asks the kernel for nothing that it
    /// has no use for: registering exposes the process to the barriers of others, for as long as it
    /// lives.
    fn of_owner(found: Option<u32>, wanted: bool, reach: Reach, kernel: &impl Kernel) -> Fences {
        // Peers of a full mode do not reach out.
        let may = found != Some(MODE_FULL);
        if wanted && may && kernel.register(reach) && kernel.reaches(reach) {
            return Fences { light_is_free: true, heavy: Some(reach) };
        }
        // Peers that have joined before may rely on being reached.
        let relied_on = found.is_some() && may;
        Fences { light_is_free: false, heavy: relied_on.then_some(reach) }
    }

    fn of_peer(mode: u32, reach: Reach, kernel: &impl Kernel) -> Fences {
        match mode {
            MODE_FULL => Fences::FULL,
            MODE_ASYMMETRIC => Fences { light_is_free: kernel.register(reach), heavy: Some(reach) },
            // What no owner writes is taken for this, too: it is right whatever comes next.
            _ => Fences { light_is_free: false, heavy: Some(reach) },
        }
    }

    /// What the owner writes into the segment.
    pub fn mode(self) -> u32 {
        match (self.light_is_free, self.heavy) {
            (true, _) => MODE_ASYMMETRIC,
            (false, Some(_)) => MODE_FULL_REACHING,
            (false, None) => MODE_FULL,
        }
    }

    /// Whether the light fence is one for the compiler alone.
    #[inline]
    pub fn light_is_free(self) -> bool {
        self.light_is_free
    }

    /// The same fences, for a caller that has [found](Self::light_is_free) the light one to be free
    /// when it made its handle: the compiler need not ask again.
    #[inline(always)]
    pub fn known_to_be_free(self) -> Fences {
        debug_assert!(self.light_is_free);
        Fences { light_is_free: true, ..self }
    }

    /// The fence of the side that publishes or releases. Pairs with the other side's
    /// [`heavy`](Self::heavy).
    #[inline(always)]
    pub fn light(self) {
        if self.light_is_free {
            compiler_fence(Ordering::SeqCst);
        } else {
            // SYNC fences: one of two sides that store and then look sees the other's store: see
            // `heavy`.
            fence(Ordering::SeqCst);
        }
    }

    /// The fence of the side that is about to sleep. Pairs with the other side's
    /// [`light`](Self::light). `false`: the fence did not reach the other side, so that a wake-up
    /// may be missed and the sleep has to be short.
    pub fn heavy(self) -> bool {
        // SYNC fences: as in `light`. Where that is free, the kernel's barrier stands for it.
        fence(Ordering::SeqCst);
        self.heavy.is_none_or(barrier)
    }

    /// One heavy fence for all the counts on which a waiter is about to sleep: at most one call of
    /// the kernel for each [`Reach`]. Says of which of these fences it reached the other side, as
    /// [`heavy`](Self::heavy) does of one.
    pub fn heavy_of_all(all: impl IntoIterator<Item = Fences>) -> impl Fn(Fences) -> bool {
        let (mut process, mut everywhere) = (false, false);
        for fences in all {
            match fences.heavy {
                None => {}
                Some(Reach::Process) => process = true,
                Some(Reach::Everywhere) => everywhere = true,
            }
        }
        // SYNC fences: as in `heavy`.
        fence(Ordering::SeqCst);
        let process = process && barrier(Reach::Process);
        let everywhere = everywhere && barrier(Reach::Everywhere);
        move |fences| match fences.heavy {
            None => true,
            Some(Reach::Process) => process,
            Some(Reach::Everywhere) => everywhere,
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use core::cell::RefCell;
    use std::vec;
    use std::vec::Vec;

    /// A kernel that gives these answers, and remembers what it was asked.
    struct Answers {
        registers: bool,
        reaches: bool,
        asked: RefCell<Vec<(&'static str, Reach)>>,
    }

    impl Answers {
        fn new(registers: bool, reaches: bool) -> Answers {
            Answers { registers, reaches, asked: RefCell::default() }
        }

        fn all() -> [Answers; 4] {
            [(true, true), (true, false), (false, true), (false, false)]
                .map(|(registers, reaches)| Answers::new(registers, reaches))
        }

        fn was_asked(&self) -> Vec<(&'static str, Reach)> {
            self.asked.take()
        }
    }

    impl Kernel for Answers {
        fn register(&self, reach: Reach) -> bool {
            self.asked.borrow_mut().push(("register", reach));
            self.registers
        }

        fn reaches(&self, reach: Reach) -> bool {
            self.asked.borrow_mut().push(("reaches", reach));
            self.reaches
        }
    }

    /// All sequences of up to four owners of one segment, each of which wants its light fence to be
    /// free or not, under a kernel that registers it or not and has barriers or not.
    fn sequences() -> Vec<Vec<Fences>> {
        let (mut all, mut longest) = (Vec::new(), vec![Vec::<Fences>::new()]);
        for _ in 0..4 {
            let mut next = Vec::new();
            for before in &longest {
                let found = before.last().map(|fences| fences.mode());
                for wanted in [true, false] {
                    for kernel in Answers::all() {
                        let reach = Reach::Everywhere;
                        let fences = Fences::of_owner(found, wanted, reach, &kernel);
                        assert!(!fences.light_is_free || wanted, "free though not wanted");
                        let registered = kernel.was_asked().contains(&("register", reach));
                        assert!(!fences.light_is_free || (registered && kernel.registers));
                        next.push(before.iter().copied().chain([fences]).collect());
                    }
                }
            }
            all.extend(next.iter().cloned());
            longest = next;
        }
        all
    }

    /// Whether of these two, at work on a segment at the same time, one sees the other's store.
    fn agree(owner: Fences, peer: Fences) -> bool {
        (!owner.light_is_free || peer.heavy == Some(Reach::Everywhere))
            && (!peer.light_is_free || owner.heavy == Some(Reach::Everywhere))
    }

    #[test]
    fn after_any_takeovers_one_of_two_sides_reaches_the_other() {
        let (mut pairs, mut free) = (0, 0);
        for owners in sequences() {
            for (joined, before) in owners.iter().enumerate() {
                for kernel in Answers::all() {
                    let reach = Reach::Everywhere;
                    let peer = Fences::of_peer(before.mode(), reach, &kernel);
                    assert!(!peer.light_is_free || kernel.registers);
                    for (at, &owner) in owners.iter().enumerate().skip(joined) {
                        let modes: Vec<_> = owners.iter().map(|fences| fences.mode()).collect();
                        assert!(
                            agree(owner, peer),
                            "modes {modes:?}: a peer that joined in the {joined}th has \
                             {peer:?}, the {at}th owner {owner:?}"
                        );
                        pairs += 1;
                        free += u32::from(owner.light_is_free || peer.light_is_free);
                    }
                }
            }
        }
        assert!(pairs > 10_000 && free > 1_000, "{pairs} pairs, {free} with a free fence");
    }

    #[test]
    fn a_segment_that_began_with_full_fences_keeps_them() {
        for kernel in Answers::all() {
            let reach = Reach::Everywhere;
            let first = Fences::of_owner(None, false, reach, &kernel);
            assert_eq!((first, first.mode()), (Fences::FULL, MODE_FULL));
            for wanted in [true, false] {
                let next = Fences::of_owner(Some(MODE_FULL), wanted, reach, &kernel);
                assert_eq!(next, Fences::FULL);
            }
            assert_eq!(Fences::of_peer(MODE_FULL, reach, &kernel), Fences::FULL);
            assert_eq!(kernel.was_asked(), [], "full fences ask the kernel for nothing");
        }
    }

    #[test]
    fn a_side_that_needs_no_free_fence_does_not_register() {
        let kernel = Answers::new(true, true);
        let reach = Reach::Everywhere;
        for found in [None, Some(MODE_FULL), Some(MODE_ASYMMETRIC), Some(MODE_FULL_REACHING)] {
            let fences = Fences::of_owner(found, false, reach, &kernel);
            assert_eq!(kernel.was_asked(), [], "{found:?}");
            assert!(!fences.light_is_free);
        }
        let _ = Fences::of_peer(MODE_FULL_REACHING, reach, &kernel);
        assert_eq!(kernel.was_asked(), []);
    }

    #[test]
    fn a_successor_that_wants_no_free_fence_has_none_and_still_reaches_out() {
        let kernel = Answers::new(true, true);
        for found in [MODE_ASYMMETRIC, MODE_FULL_REACHING] {
            let fences = Fences::of_owner(Some(found), false, Reach::Everywhere, &kernel);
            assert_eq!(fences.mode(), MODE_FULL_REACHING);
        }
    }

    #[test]
    fn barriers_reach_no_further_than_the_segment() {
        for reach in [Reach::Process, Reach::Everywhere] {
            let kernel = Answers::new(true, true);
            let owner = Fences::of_owner(None, true, reach, &kernel);
            let peer = Fences::of_peer(owner.mode(), reach, &kernel);
            assert_eq!((owner.heavy, peer.heavy), (Some(reach), Some(reach)));
            assert!(kernel.was_asked().iter().all(|&(_, asked)| asked == reach));
        }
    }

    #[test]
    fn fences_take_two_bytes_in_a_handle() {
        assert_eq!(size_of::<Fences>(), 2);
    }
}
