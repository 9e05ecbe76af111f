//! A producer whose ring grows: when it goes on in another segment, and in which. The switch itself
//! is in `protocol/chain.rs`, and what is done in which order, and why, in docs/chain.md.

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use alloc::collections::VecDeque;

use super::Producer;
use super::arena::Arena;
use super::clean_up::ASKED_AT_A_TIME;
use super::need::Need;
use super::segments::Segments;
use super::stuck::Stuck;
use crate::error::ConfigError;
use crate::memory::Storage;
use crate::memory::geometry::{Geometry, Schema, Shape, whole_capacity};
use crate::message::Message;
use crate::protocol::chain;
use crate::protocol::credit::Credit;
use crate::protocol::limits::Limits;
use crate::protocol::wake;
use ringway_shm::sync::{Instant, Ordering};
use ringway_shm::wait::{CHECK_INTERVAL, Wait};

/// The largest part of the limit that one segment may have.
const LARGEST_PART: u64 = 4;
/// A segment is too large in which no consumer lags by more than this part of it.
const TOO_LARGE: usize = 16;
/// One that is smaller has room for so many times the largest lag.
const SPARE_ROOM: usize = 4;

/// A name that could not be removed, and why.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
type NotRemoved = (std::path::PathBuf, std::io::Error);
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
type NotRemoved = core::convert::Infallible;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// The same producer with those segments before the newest one.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn behind(mut self, before: VecDeque<Storage>) -> Self {
        if let Some(segments) = &mut self.chain.0 {
            segments.before = before;
        }
        self
    }

    /// Segments that the ring has now, in the last of which the producer sends. More than one only
    /// if it is [unbounded](crate::Options::unbounded) and has not been drained since it last grew.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).unbounded(1 << 20).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.try_send_batch(&[0; 30]), 30);
    /// assert_eq!(producer.segments(), 3); // of 8, 16 and 32 messages
    /// ```
    pub fn segments(&self) -> usize {
        1 + self.chain.0.as_ref().map_or(0, |segments| segments.before.len())
    }

    /// Bytes of all segments that the ring has now: what the limit of an
    /// [unbounded](crate::Options::unbounded) ring is about. Of other rings, those of the one.
    pub fn bytes(&self) -> u64 {
        #[cfg(all(feature = "std", not(ringway_loom)))]
        if let Some(orders) = self.orders() {
            return self.used() + orders.bytes();
        }
        self.used()
    }

    /// The same without a segment that has been made ahead.
    pub(super) fn used(&self) -> u64 {
        let before = self.chain.0.iter().flat_map(|segments| &segments.before);
        before.chain([&self.storage]).map(|storage| self.bytes_of(storage)).sum()
    }

    fn bytes_of(&self, storage: &Storage) -> u64 {
        let measures = storage.measures();
        let shape = measures.shape(Schema::of::<T>(measures.max_len), 0);
        Geometry::new(shape).map_or(0, |geometry| Storage::bytes_of(&geometry))
    }

    /// Goes on in a segment of at least `capacity` messages now, also if this one is not full: for a
    /// program that knows how much is about to come, or that it is over. Rounded up to a power of two;
    /// more than a quarter of the limit is possible, more than what is left of it is not. Later the
    /// ring grows and shrinks as ever. Takes as long as it takes to make the memory. Consumers follow,
    /// and nothing is lost.
    ///
    /// The error is [`NotGrowing`](ConfigError::NotGrowing) of a ring that is not
    /// [unbounded](crate::Options::unbounded), [`LimitTooSmall`](ConfigError::LimitTooSmall) where its
    /// limit leaves too little, and [`OutOfMemory`](ConfigError::OutOfMemory) where the segment could
    /// not be made; or the capacity is impossible.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).unbounded(1 << 20).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// producer.resize(1000).unwrap();
    /// assert_eq!((producer.capacity(), producer.segments()), (1024, 2));
    /// producer.send(&2).unwrap();
    /// assert_eq!((subscriber.recv(), subscriber.recv()), (Ok(1), Ok(2)));
    /// ```
    pub fn resize(&mut self, capacity: usize) -> Result<(), ConfigError> {
        self.retire();
        let Some(segments) = &self.chain.0 else { return Err(ConfigError::NotGrowing) };
        let limit = segments.plan.limit;
        let capacity = whole_capacity(capacity);
        let measures = self.storage.measures();
        let shape = measures.shape(Schema::of::<T>(measures.max_len), 0);
        let needed = Storage::bytes_of(&Geometry::new(Shape { capacity, ..shape })?);
        if needed > limit.saturating_sub(self.used()) {
            return Err(ConfigError::LimitTooSmall { limit, needed: needed + self.used() });
        }
        let bytes = usize::try_from(needed).unwrap_or(usize::MAX);
        // Made here: one that was made ahead has another size.
        let new = self.geometry(capacity).and_then(|geometry| self.storage.make_next(geometry));
        let new = new.ok_or(ConfigError::OutOfMemory { bytes })?;
        if self.go_on_in(new) { Ok(()) } else { Err(ConfigError::OutOfMemory { bytes }) }
    }

    /// The segment that would have that capacity, and begin at the next position.
    pub(super) fn geometry(&self, capacity: usize) -> Option<Geometry> {
        let measures = self.storage.measures();
        let shape =
            measures.shape(Schema::of::<T>(measures.max_len), self.storage.producer().tag());
        let origin = self.credit.next().number();
        Geometry::new(Shape { capacity, origin, ..shape }).ok()
    }

    /// Whether there is such room, in a ring that grows: for a producer that has found none at a
    /// first look, or that has not looked.
    #[cold]
    #[inline(never)]
    pub(super) fn grows(&mut self, need: Need) -> bool {
        if self.chain.0.is_none() {
            return false;
        }
        if self.is_time_to_ask() {
            self.look_behind();
        }
        self.retire();
        if self.has_room_for(need, |_, _| false) {
            self.shrink(need);
            return true;
        }
        if self.larger(need).is_none() || self.has_just_failed() {
            return false;
        }
        // It is the dead who may be in the way: that is asked where else the ring would grow.
        if self.storage.can_die() && self.storage.entries().len() <= ASKED_AT_A_TIME {
            self.look_behind();
            let too_far = self.too_far(need);
            // What cannot be told is told when there is no room in the end.
            let _ = self.reap(too_far, ASKED_AT_A_TIME);
            self.retire();
            if self.has_room_for(need, |_, _| false) {
                return true;
            }
        }
        let Some(capacity) = self.larger(need) else { return false };
        self.go_on(capacity, Some(need.messages)) && self.has_room_for(need, |_, _| false)
    }

    /// Whether there was no memory for a segment a moment ago.
    fn has_just_failed(&self) -> bool {
        let failed = self.chain.0.as_ref().and_then(|segments| segments.failed);
        failed
            .is_some_and(|failed| Instant::now().saturating_duration_since(failed) < CHECK_INTERVAL)
    }

    /// Whether it is some time since it was asked which consumers in segments before the newest live.
    fn is_time_to_ask(&mut self) -> bool {
        let can_die = self.storage.can_die();
        let Some(segments) = self.chain.0.as_mut().filter(|s| can_die && !s.before.is_empty())
        else {
            return false;
        };
        let now = Instant::now();
        let is_due =
            segments.asked.is_none_or(|last| now.saturating_duration_since(last) >= CHECK_INTERVAL);
        if is_due {
            segments.asked = Some(now);
        }
        is_due
    }

    /// The capacity of the next segment, if one is allowed.
    pub(super) fn larger(&self, need: Need) -> Option<usize> {
        let Segments { plan, before, .. } = &**self.chain.0.as_ref()?;
        let capacities = before.iter().map(|storage| storage.measures().capacity());
        let now = capacities.fold(self.capacity(), usize::max);
        let bytes = |capacity| self.geometry(capacity).map_or(u64::MAX, |g| Storage::bytes_of(&g));
        let left = plan.limit.saturating_sub(self.used());
        let twice = now.saturating_mul(2);
        let mut capacity = if bytes(twice) <= plan.limit / LARGEST_PART { twice } else { now };
        let least = plan.first.max(need.messages.next_power_of_two());
        while capacity > least && bytes(capacity) > left {
            capacity /= 2;
        }
        (capacity >= least && bytes(capacity) <= left).then_some(capacity)
    }

    /// Goes on in a smaller segment, if this one has been too large for all of a lap, and there is
    /// no other.
    fn shrink(&mut self, need: Need) {
        let (next, capacity) = (self.credit.next(), self.capacity());
        let lag = next.since(self.credit.released(&self.storage)).max(0) as usize;
        let Some(segments) = &mut self.chain.0 else { return };
        segments.largest = segments.largest.max(lag);
        if capacity <= segments.plan.first || (next.since(segments.since) as usize) < capacity {
            return;
        }
        let largest = core::mem::take(&mut segments.largest);
        segments.since = next;
        if largest > capacity / TOO_LARGE || !segments.before.is_empty() {
            return;
        }
        let smaller = (largest * SPARE_ROOM).max(need.messages).next_power_of_two();
        let smaller = smaller.max(segments.plan.first);
        if smaller < capacity && self.go_on(smaller, None) {
            // There is room: nothing has been sent there.
            let has_room = self.has_room_for(need, |_, _| false);
            debug_assert!(has_room);
        }
    }

    /// Goes on in a new segment of that capacity, or in one that was made ahead, if it has room
    /// for so many messages; `None`: not in that. `false`: there is none.
    fn go_on(&mut self, capacity: usize, needed: Option<usize>) -> bool {
        let Some(new) = self.make(capacity, needed) else {
            if let Some(segments) = &mut self.chain.0 {
                segments.failed = Some(Instant::now());
            }
            return false;
        };
        self.go_on_in(new)
    }

    /// Goes on in that segment, which begins at the next position. `false`: it could not be named.
    fn go_on_in(&mut self, new: Storage) -> bool {
        // 1, 2
        let end = self.credit.next();
        self.credit.publish_head(&self.storage);
        let limits = self.limits_in(new.measures().capacity());
        limits.write(&new);
        new.producer().mode.store(self.fences.mode(), Ordering::Relaxed);
        new.producer().guarded.store(u32::from(new.has_seat()), Ordering::Relaxed);
        chain::prepare(&self.storage, &new);
        // 3
        let Some(instance) = self.storage.link_to(&new) else { return false };
        // 4 to 6
        chain::seal(&self.storage, instance);
        chain::copy_entries(&self.storage, &new);
        chain::close(&self.storage);
        wake::wake_consumers_slowly(&self.storage);
        self.wait.notify();
        // 7
        self.credit = Credit::new(&new, end, limits);
        self.arena = Arena::find(&new, end);
        let clock = self.stuck.clock;
        self.stuck = Stuck::default();
        self.stuck.clock = clock;
        let old = core::mem::replace(&mut self.storage, new);
        if let Some(segments) = &mut self.chain.0 {
            segments.before.push_back(old);
            (segments.since, segments.largest) = (end, 0);
        }
        self.retire();
        #[cfg(all(feature = "std", not(ringway_loom)))]
        self.order();
        true
    }

    #[cfg(ringway_loom)]
    pub(super) fn make(&self, capacity: usize, _needed: Option<usize>) -> Option<Storage> {
        self.storage.make_next(self.geometry(capacity)?)
    }

    /// What the limits are in a segment of that capacity: a lag of a capacity is none.
    fn limits_in(&self, capacity: usize) -> Limits {
        let limits = Limits::read(&self.storage);
        let max_lag = if limits.max_lag >= self.capacity() { capacity } else { limits.max_lag };
        Limits { max_lag: max_lag.min(capacity), ..limits }
    }

    /// Retires segments in which there is no entry left, the oldest first.
    fn retire(&mut self) {
        let Some(segments) = &mut self.chain.0 else { return };
        while let Some(oldest) = segments.before.front() {
            let next = segments.before.get(1).unwrap_or(&self.storage);
            if !chain::clear(oldest, next) {
                return;
            }
            oldest.retire(next);
            let _retired = segments.before.pop_front();
            #[cfg(all(feature = "std", not(ringway_loom)))]
            if let Some((orders, retired)) = segments.orders.as_ref().zip(_retired) {
                orders.give(retired);
            }
        }
    }

    /// Looks for the dead in segments before the newest.
    pub(super) fn look_behind(&mut self) {
        let Some(segments) = &self.chain.0 else { return };
        let before = || segments.before.iter();
        for (old, new) in before().zip(before().skip(1).chain([&self.storage])) {
            chain::reap(old);
            chain::sweep(old, new);
        }
    }

    /// Consumers that have not released everything in segments before the newest.
    pub(super) fn laggards_behind(&self) -> usize {
        let Some(segments) = &self.chain.0 else { return 0 };
        let before = || segments.before.iter();
        let ends = before().skip(1).chain([&self.storage]).map(|new| new.measures().origin());
        before().zip(ends).map(|(old, end)| chain::laggards(old, end)).sum()
    }

    /// The producer has closed the ring. The names of a chain that is not kept go now, or, as consumers
    /// in earlier segments still need them, with the last of these.
    pub(super) fn end_chain(&mut self) -> Result<(), NotRemoved> {
        self.retire();
        let Some(segments) = &self.chain.0 else { return Ok(()) };
        self.storage.end_chain(self.credit.next());
        if self.storage.producer().kept.load(Ordering::Relaxed) != 0 {
            for storage in &segments.before {
                // A process that looks at the name alone is not to take the ring for a dead one.
                storage.producer().kept.store(1, Ordering::Relaxed);
            }
            return Ok(());
        }
        match segments.before.is_empty() {
            true => self.storage.remove_chain_names(),
            false => Ok(()),
        }
    }
}
