//! A barrier in a `static`, for the contexts of one program: loads and stores alone.
//!
//! Each place has a word, which only its party stores: how many phases that has come to. A phase is
//! over for a party when it sees that all places have come to it. There is no word that says so for
//! all, as in a region: a party that waits looks at all places.
//!
//! # Why a phase ends, and none is mistaken for another
//!
//! Each party sees at some time what the others have stored, and a word only grows. While one is not
//! through with phase `p`, no other has come to more than phase `p + 1`: for that phase to be over it
//! waits for this one. So the words of all places differ by two at most, and comparing them modulo
//! 2^32 tells which is ahead.
//!
//! Models: `loom-tests/tests/sync_static.rs`.

use ringway_shm::sync::{AtomicU32, CasU32, Ordering, fence};
use ringway_shm::wait::{Pause, SpinThenSleep, Wait};

use crate::context::DEFAULT_WAIT;

/// The words of a place.
#[derive(Debug)]
struct Place {
    /// Phases that it has come to, modulo 2^32. Its party stores it.
    phase: AtomicU32,
    /// 1: there is a party. Only where there is compare-and-swap.
    taken: CasU32,
}

impl Place {
    #[cfg(not(ringway_loom))]
    const fn new() -> Place {
        Place { phase: AtomicU32::new(0), taken: CasU32::new(0) }
    }

    #[cfg(ringway_loom)]
    fn new() -> Place {
        Place { phase: AtomicU32::new(0), taken: CasU32::new(0) }
    }
}

/// So many parties, which wait until all have come, phase after phase, in a `static`: for the
/// threads, cores, tasks and interrupt handlers of one program, without an allocator, and without an
/// operating system. What each did before is seen by all others after. It is to them what a
/// [`Barrier`](crate::Barrier) is to processes, but none of them can die.
///
/// All is loads and stores, so that it works on processors without compare-and-swap, such as the
/// Cortex-M0. A look at a phase costs a load for each of the `PARTIES`.
///
/// # Waiting
///
/// [`StaticParty::wait`] looks, and as long as one has not come asks `W`, a [`Wait`] of which each
/// call makes a copy. The default looks some thousand times and then gives way to other threads;
/// without an operating system it goes on looking. To save power, give a way to wait of yours
/// ([`with_wait`](Self::with_wait)): its `pause` may be a `WFE`, and its `notify`, which is called
/// when a party comes, a `DSB` and a `SEV`.
///
/// # Interrupt handlers
///
/// A handler that waits for a context that it has interrupted waits for ever. So a party that is a
/// handler uses [`StaticParty::try_wait`], each time that it is called: it has come then, and goes
/// on with the next phase when it is called again and finds this one over.
///
/// # A party that ends
///
/// One that is dropped, or whose task or core is stopped, and has not come, keeps the others waiting
/// until another takes its place and comes: nothing tells of it. A reset of all cores makes the
/// `static` anew.
///
/// ```
/// use ringway_sync::StaticBarrier;
///
/// static START: StaticBarrier<2> = StaticBarrier::new();
///
/// let mut mine = START.party().unwrap();
/// let mut theirs = START.party().unwrap();
/// assert!(START.party().is_none());
/// std::thread::scope(|scope| {
///     scope.spawn(move || assert_eq!([theirs.wait(), theirs.wait()], [0, 1]));
///     assert_eq!([mine.wait(), mine.wait()], [0, 1]);
/// });
/// ```
///
/// One without parties does not compile:
///
/// ```compile_fail,E0080
/// static NONE: ringway_sync::StaticBarrier<0> = ringway_sync::StaticBarrier::new();
/// ```
#[derive(Debug)]
pub struct StaticBarrier<const PARTIES: usize, W = SpinThenSleep> {
    places: [Place; PARTIES],
    wait: W,
}

impl<const PARTIES: usize> StaticBarrier<PARTIES> {
    /// A barrier to which no party has come.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> Self {
        StaticBarrier::with_wait(DEFAULT_WAIT)
    }

    /// A barrier to which no party has come. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new() -> Self {
        StaticBarrier::with_wait(DEFAULT_WAIT)
    }
}

impl<const PARTIES: usize> Default for StaticBarrier<PARTIES> {
    fn default() -> Self {
        StaticBarrier::new()
    }
}

impl<const PARTIES: usize, W: Wait + Copy> StaticBarrier<PARTIES, W> {
    /// As [`new`](StaticBarrier::new), and parties wait in that way.
    #[cfg(not(ringway_loom))]
    pub const fn with_wait(wait: W) -> Self {
        const { assert!(PARTIES > 0, "a barrier has 1 party at least") };
        StaticBarrier { places: [const { Place::new() }; PARTIES], wait }
    }

    /// As [`new`](StaticBarrier::new), and parties wait in that way. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn with_wait(wait: W) -> Self {
        StaticBarrier { places: [(); PARTIES].map(|()| Place::new()), wait }
    }

    /// A party, at the first place of which `take` takes the word.
    pub(crate) fn party_by(
        &self,
        take: impl Fn(&CasU32) -> bool,
    ) -> Option<StaticParty<'_, PARTIES, W>> {
        let place = self.places.iter().position(|place| take(&place.taken))?;
        Some(StaticParty { gives_back: true, ..StaticParty::new(self, place) })
    }

    /// All parties, on any target: that there are no others is what the exclusive reference says.
    ///
    /// ```
    /// let mut barrier = ringway_sync::StaticBarrier::<2>::new();
    /// let [mut first, mut second] = barrier.split();
    /// assert_eq!(first.try_wait(), None);
    /// assert_eq!(second.try_wait(), Some(0));
    /// assert_eq!(first.try_wait(), Some(0));
    /// ```
    pub fn split(&mut self) -> [StaticParty<'_, PARTIES, W>; PARTIES] {
        for place in &mut self.places {
            // A party that was leaked is gone: its borrow has ended.
            place.taken = CasU32::new(0);
        }
        let barrier = &*self;
        core::array::from_fn(|place| StaticParty::new(barrier, place))
    }

    /// The party at that place, on any target, by the caller's promise. `None`: there is no such
    /// place.
    ///
    /// # Safety
    ///
    /// As long as this party is there, there is no other one at that place.
    pub unsafe fn assume_party(&self, place: usize) -> Option<StaticParty<'_, PARTIES, W>> {
        (place < PARTIES).then(|| StaticParty::new(self, place))
    }
}

/// A party of a [`StaticBarrier`].
#[derive(Debug)]
pub struct StaticParty<'a, const PARTIES: usize, W: Wait + Copy = SpinThenSleep> {
    barrier: &'a StaticBarrier<PARTIES, W>,
    place: usize,
    /// The phase that it is in.
    phase: u32,
    /// Whether it has come to it.
    come: bool,
    /// Whether the place was taken by the word.
    gives_back: bool,
}

impl<'a, const PARTIES: usize, W: Wait + Copy> StaticParty<'a, PARTIES, W> {
    fn new(barrier: &'a StaticBarrier<PARTIES, W>, place: usize) -> Self {
        let come_to = barrier.places.get(place).map_or(0, |own| own.phase.load(Ordering::Relaxed));
        // The last party may have come to a phase, and not have seen its end.
        let phase = come_to.wrapping_sub(1);
        let mut party = StaticParty { barrier, place, phase, come: true, gives_back: false };
        party.go_on();
        party
    }

    /// The number of its place, below `PARTIES`.
    pub fn place(&self) -> usize {
        self.place
    }

    /// Comes to the phase, if it has not yet, and returns its number. Waits for nothing: whether all
    /// have come is asked by [`is_over`](Self::is_over), or [`try_wait`](Self::try_wait).
    #[inline]
    pub fn arrive(&mut self) -> u32 {
        if !self.come {
            self.come = true;
            if let Some(own) = self.barrier.places.get(self.place) {
                // SYNC static-phase: what this party did before is seen by all for which the phase is
                // over, in `is_over`.
                own.phase.store(self.phase.wrapping_add(1), Ordering::Release);
            }
            let mut wait = self.barrier.wait;
            wait.notify();
        }
        self.phase
    }

    /// Whether this party and all others have come to the phase. Then what they did before is seen.
    #[inline]
    pub fn is_over(&self) -> bool {
        let mut places = self.barrier.places.iter().enumerate();
        let over = self.come
            && places.all(|(place, words)| {
                let come_to = || words.phase.load(Ordering::Relaxed);
                place == self.place || come_to().wrapping_sub(self.phase) as i32 > 0
            });
        if over {
            // SYNC static-phase: what the parties did before they came is seen, from `arrive`.
            fence(Ordering::Acquire);
        }
        over
    }

    /// Goes on to the next phase, if this one is over. The number of that which is.
    fn go_on(&mut self) -> Option<u32> {
        let over = self.phase;
        self.is_over().then(|| {
            self.phase = over.wrapping_add(1);
            self.come = false;
            over
        })
    }

    /// Comes to the phase, if it has not yet, and returns its number if it is over. Waits for
    /// nothing: `None`, another has not come, and this call is to be made again.
    #[inline]
    pub fn try_wait(&mut self) -> Option<u32> {
        self.arrive();
        self.go_on()
    }

    /// Comes to the phase, waits until all have come, and returns its number: 0 for the first. Not in
    /// a handler that may interrupt another party.
    pub fn wait(&mut self) -> u32 {
        let (mut wait, mut round) = (self.barrier.wait, 0u32);
        loop {
            if let Some(over) = self.try_wait() {
                return over;
            }
            if wait.pause(round) == Pause::Sleep {
                give_way();
            }
            round = round.saturating_add(1);
        }
    }
}

/// In place of a sleep: there is no word to sleep on.
fn give_way() {
    #[cfg(all(feature = "std", not(ringway_loom)))]
    std::thread::yield_now();
    #[cfg(not(all(feature = "std", not(ringway_loom))))]
    ringway_shm::sync::spin_loop();
}

impl<const PARTIES: usize, W: Wait + Copy> Drop for StaticParty<'_, PARTIES, W> {
    fn drop(&mut self) {
        let own = self.barrier.places.get(self.place).filter(|_| self.gives_back);
        if let Some(own) = own {
            // SYNC static-taken: the next party at this place, in `take`, sees what this one has
            // stored.
            own.taken.store(0, Ordering::Release);
        }
    }
}
