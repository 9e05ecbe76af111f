//! Waiting until any of many handles is ready.
//!
//! See [`WaitSet`].

#[cfg_attr(ringway_loom, path = "descriptor_model.rs")]
mod descriptor;
mod fd;
mod helpers;
mod inner;
#[allow(private_interfaces, reason = "the trait is sealed: no other crate calls its methods")]
mod member;
mod roll;
mod shadow;
mod sleep;
mod slept;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
#[cfg(not(ringway_loom))]
use std::io;
#[cfg(not(ringway_loom))]
use std::os::fd::{AsFd, BorrowedFd};

use self::inner::Inner;
use crate::error::WaitSetError;
use crate::message::Message;
use crate::producer::{Producer, Room};
use crate::wait::{Deadline, DeathWatch, Interrupt, Wait};

use self::member::OfRing;

pub use self::member::Member;

/// Handles of which a thread waits until any is ready: subscribers, observers, workers, and
/// producers that wait for room, of rings of any message type and any way to wait.
///
/// The handles stay with their users. [`add`](Self::add) has the set follow a handle, under a key of
/// the caller's choice; [`wait`](Self::wait) returns the keys of all that are ready, and the caller
/// then uses these handles by calls that do not block.
///
/// ```
/// use ringway::{Options, Start, WaitSet};
///
/// let (mut prices, ring) = Options::<f64>::new(8).heap()?;
/// let mut price = ring.subscribe(Start::Next)?;
/// let (mut texts, ring) = Options::<[u8]>::bytes(8, 64).heap()?;
/// let mut text = ring.observe(Start::Next)?;
///
/// let set = WaitSet::new();
/// set.add(&mut price, 0)?;
/// set.add(&mut text, 1)?;
///
/// texts.send(b"opened")?;
/// let mut ready = Vec::new();
/// set.wait(&mut ready)?;
/// assert_eq!(ready, [1]);
/// let mut buffer = [0; 64];
/// assert_eq!(text.try_recv_into(&mut buffer)?, 6);
///
/// prices.send(&12.5)?;
/// drop(texts);
/// set.wait(&mut ready)?;
/// ready.sort();
/// // The end of a ring is something to be told of, too.
/// assert_eq!(ready, [0, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What ready means
///
/// A member is ready when its next call that does not block would say something else than that
/// there is nothing: a message, that messages were lost, that the ring is closed, that its producer
/// has died, that it was evicted. It stays so, and is returned by every wait, until that has been
/// dealt with: a set is level-triggered. So a member at its end has to be [removed](Self::remove),
/// or dropped.
///
/// What is returned is exact if the handle's owner alone uses it: its next `try_` call does not say
/// `Empty`, or `Full`. There are three exceptions:
///
/// - Of a group's workers another may be faster.
/// - A producer that asks for room for a message in the arena may be told once too often.
/// - A producer without room is also returned when it has something to do about that: a consumer in
///   the way has died, or the ring limits for how long one may be in the way
///   ([`max_hold`](crate::Options::max_hold), [`max_away`](crate::Options::max_away)), which only
///   the producer's own calls do. On a ring with such a limit that is every 20 ms, or a quarter of
///   the limit, while it is full.
///
/// All that are ready are returned, beginning with another member each time. So a ring that is never
/// empty keeps none of the others from being returned.
///
/// # Threads and processes
///
/// A set is shared by reference, or cloned: clones are the same set. Several threads may wait in it,
/// and each is told of all that are ready. Members are added and removed while others wait. A
/// handle may be used while a thread waits. One that is dropped is removed: its ring's memory stays
/// until the set next looks.
///
/// A handle is in one set at a time. While it is in one, its calls cost an instruction or two more;
/// and those of a heap ring's subscriber check each copy, as those of named rings do.
///
/// In a child that was forked a set of the parent's that has had a member in files says
/// [`Forked`](WaitSetError::Forked). Any can be dropped there.
///
/// # What it costs
///
/// Each wait looks at every member of which something is not known. It makes no system call while
/// there is a ready one, but a question every 20 ms for each member of a ring in files that has
/// nothing then: whether its producer lives. Where none is ready it asks the members' other sides to
/// wake it, by one fence for all of them, and sleeps. For them it is as any one that sleeps: the
/// first message that follows costs its producer a system call, which counts in
/// [`wakes`](crate::stats::Stats::wakes).
///
/// One thread sleeps on the words of up to 126 rings itself. With more, the set starts a thread for
/// each 127 of the others when it first sleeps, which do nothing but sleep on them, and end with
/// the set; a wake-up then takes that of a second thread. Where the kernel has no `futex_waitv`
/// (before Linux 5.16, or a filter of system calls refuses it), a set looks every 64 µs, and less
/// and less often, down to every millisecond.
///
/// Every sleep is 50 ms at most, because of deaths. A look that comes 20 ms or more after the last
/// question asks at once for the producers of all consumers in the set that have nothing. So a death
/// is told within 150 ms, as long as a thread waits; and in the next look after news of it, if the
/// set has a [watch](Self::watched_by).
#[derive(Clone)]
#[doc(alias = "select")]
#[doc(alias = "poll")]
#[doc(alias = "epoll")]
pub struct WaitSet(Arc<User>);

/// The part of a set that its users have, and its own threads do not.
struct User(Arc<Inner>);

impl Drop for User {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Default for WaitSet {
    fn default() -> WaitSet {
        WaitSet::new()
    }
}

impl WaitSet {
    /// A set without members.
    pub fn new() -> WaitSet {
        WaitSet(Arc::new(User(Inner::new())))
    }

    fn inner(&self) -> &Arc<Inner> {
        &self.0.0
    }

    /// Has the set follow that handle, whose readiness is told by that key. Several may have the
    /// same key. Threads that wait in the set look at it at once.
    ///
    /// A producer waits for room for one message; for more, [`add_room`](Self::add_room).
    ///
    /// [`InASet`](WaitSetError::InASet): the handle is in a set already.
    /// [`CallersMemory`](WaitSetError::CallersMemory): its ring is [raw](crate::Options::create_raw).
    ///
    /// ```
    /// use ringway::{Options, Start, WaitSet};
    /// use ringway::error::WaitSetError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(1).heap()?;
    /// let mut subscriber = ring.subscribe(Start::Next)?;
    /// let set = WaitSet::new();
    /// set.add(&mut subscriber, 1)?;
    /// set.add(&mut producer, 2)?;
    /// assert_eq!(set.add(&mut producer, 3), Err(WaitSetError::InASet));
    ///
    /// let mut ready = Vec::new();
    /// assert_eq!((set.try_wait(&mut ready)?, &ready[..]), (1, &[2][..]));
    /// producer.send(&7)?;
    /// assert_eq!((set.try_wait(&mut ready)?, &ready[..]), (1, &[1][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add<M: Member>(&self, member: &mut M, key: u64) -> Result<(), WaitSetError> {
        member.enter(self.inner(), key)
    }

    /// As [`add`](Self::add) for a producer that waits for so much room: a number of messages, or
    /// one of so many bytes.
    ///
    /// [`Room`](WaitSetError::Room): it can never have that.
    ///
    /// ```
    /// use ringway::{Options, Start, WaitSet};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(4).heap()?;
    /// let mut subscriber = ring.subscribe(Start::Next)?;
    /// let set = WaitSet::new();
    /// set.add_room(&mut producer, 2, 7)?;
    /// producer.send_batch(&[1, 2, 3])?;
    /// let mut ready = Vec::new();
    /// assert_eq!(set.try_wait(&mut ready)?, 0);
    /// subscriber.recv()?;
    /// assert_eq!(set.wait(&mut ready)?, 1);
    /// assert_eq!(producer.try_send_batch(&[4, 5]), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_room<T: Message + ?Sized, W: Wait>(
        &self,
        producer: &mut Producer<T, W>,
        room: impl Into<Room>,
        key: u64,
    ) -> Result<(), WaitSetError> {
        let room = room.into();
        producer
            .enter_as(self.inner(), key, |producer, bell| member::of_producer(producer, room, bell))
    }

    /// Has the set no longer follow that handle. `false`: it did not. Waits for nothing but other
    /// threads that look at the members.
    ///
    /// ```
    /// # use ringway::{Options, Start, WaitSet};
    /// let (mut producer, ring) = Options::<u64>::new(4).heap()?;
    /// let mut subscriber = ring.subscribe(Start::Next)?;
    /// let set = WaitSet::new();
    /// set.add(&mut subscriber, 1)?;
    /// assert!(set.remove(&mut subscriber));
    /// assert!(!set.remove(&mut subscriber));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove<M: Member>(&self, member: &mut M) -> bool {
        member.leave(self.inner())
    }

    /// Members that are in the set.
    pub fn len(&self) -> usize {
        self.inner().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until a member is ready, as long as it takes. `ready` is emptied first, and then has
    /// the keys of all members that are ready, one at least, whose number is returned. It allocates
    /// only if it has no room for them: one with a capacity of as many as there are members never
    /// does.
    ///
    /// Ends when a member is ready, or with [`Interrupted`](WaitSetError::Interrupted). In a set
    /// without members it waits until another thread adds one.
    pub fn wait(&self, ready: &mut Vec<u64>) -> Result<usize, WaitSetError> {
        ready.clear();
        self.inner().wait(ready, Deadline::Never)
    }

    /// As [`wait`](Self::wait), for at most `timeout`: a duration, or the instant until which to
    /// wait ([`Deadline`]).
    ///
    /// ```
    /// # use ringway::{Options, Start, WaitSet};
    /// # use ringway::error::WaitSetError;
    /// # use std::time::Duration;
    /// let timeout = Duration::from_millis(5);
    /// assert_eq!(WaitSet::new().wait_timeout(&mut vec![], timeout), Err(WaitSetError::Timeout));
    /// ```
    pub fn wait_timeout(
        &self,
        ready: &mut Vec<u64>,
        timeout: impl Into<Deadline>,
    ) -> Result<usize, WaitSetError> {
        ready.clear();
        self.inner().wait(ready, timeout.into())
    }

    /// As [`wait`](Self::wait) without waiting: 0 if no member is ready.
    pub fn try_wait(&self, ready: &mut Vec<u64>) -> Result<usize, WaitSetError> {
        ready.clear();
        self.inner().look(ready)
    }

    /// Has the set's waits end with [`Interrupted`](WaitSetError::Interrupted) while that is raised,
    /// also those that wait already. What is ready is returned all the same, first. It takes the
    /// place of the interrupt that the set had.
    ///
    /// ```
    /// use ringway::WaitSet;
    /// use ringway::error::WaitSetError;
    /// use ringway::wait::Interrupt;
    ///
    /// let (set, interrupt) = (WaitSet::new(), Interrupt::new());
    /// set.interrupted_by(&interrupt)?;
    /// let waiting = set.clone();
    /// let thread = std::thread::spawn(move || waiting.wait(&mut vec![]));
    /// interrupt.raise();
    /// assert_eq!(thread.join().unwrap(), Err(WaitSetError::Interrupted));
    /// # Ok::<(), WaitSetError>(())
    /// ```
    pub fn interrupted_by(&self, interrupt: &Interrupt) -> Result<(), WaitSetError> {
        self.inner().set_interrupt(interrupt)
    }

    /// From now on the set learns of deaths as soon as the kernel has closed the files of a process:
    /// those of its members' producers, of the other workers of a worker, whose messages come back,
    /// and of a producer's consumers. It goes for those that are members, and for those that will be.
    /// It takes the place of the watch that the set had.
    ///
    /// Where the kernel does not tell (a ring is no files, there is no `/proc`, the user has no watch
    /// left), deaths are noticed as before. It costs nothing while no file is closed. A file that is
    /// closed, also by one that leaves in good health, has the set look and ask for 6 milliseconds.
    ///
    /// [`Forked`](WaitSetError::Forked) in a child that was forked.
    ///
    /// ```
    /// use ringway::{Options, Ring, Start, WaitSet};
    /// use ringway::error::TryRecvError;
    /// use ringway::wait::DeathWatch;
    ///
    /// # let name = format!("doc-set-watched-{}", std::process::id());
    /// # let name = name.as_str();
    /// let producer = Options::<u64>::new(8).create(name)?;
    /// let mut subscriber = Ring::<u64>::open(name)?.subscribe(Start::Next)?;
    /// let set = WaitSet::new();
    /// set.watched_by(&DeathWatch::start()?)?;
    /// set.add(&mut subscriber, 1)?;
    /// producer.detach();
    /// let mut ready = Vec::new();
    /// assert_eq!(set.wait(&mut ready)?, 1);
    /// assert_eq!(subscriber.try_recv(), Err(TryRecvError::ProducerDied));
    /// # ringway::segment::unlink(name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watched_by(&self, watch: &DeathWatch) -> Result<(), WaitSetError> {
        self.inner().set_watch(watch)
    }

    /// A descriptor that is readable while a member is ready (level-triggered): for `poll`, `select`,
    /// `epoll`, and what is made of them. To be waited for, and not to be read. When it is readable,
    /// call [`try_wait`](Self::try_wait) and deal with what that returns, until it returns 0: by that
    /// look the descriptor is no longer readable.
    ///
    /// The first call starts a thread, which waits in the set, and ends when the last clone of the
    /// set is dropped. From a message to a readable descriptor takes the wake-up of that thread. It
    /// costs nothing else while the descriptor is readable.
    ///
    /// The error is the operating system's, which has no descriptor or no thread to give; `ESTALE`
    /// in a child that was forked.
    ///
    /// ```
    /// use ringway::{Options, Start, WaitSet};
    /// use std::os::fd::AsRawFd;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(4).heap()?;
    /// let mut subscriber = ring.subscribe(Start::Next)?;
    /// let set = WaitSet::new();
    /// set.add(&mut subscriber, 1)?;
    /// let mut poll = libc::pollfd { fd: set.as_fd()?.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    /// producer.send(&7)?;
    /// // SAFETY: one structure, which is there while the call runs.
    /// assert_eq!(unsafe { libc::poll(&mut poll, 1, 10_000) }, 1);
    ///
    /// let mut ready = Vec::new();
    /// while set.try_wait(&mut ready)? > 0 {
    ///     assert_eq!(subscriber.try_recv()?, 7);
    /// }
    /// // SAFETY: one structure, which is there while the call runs.
    /// assert_eq!(unsafe { libc::poll(&mut poll, 1, 0) }, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(not(ringway_loom))]
    pub fn as_fd(&self) -> io::Result<BorrowedFd<'_>> {
        let inner = self.inner();
        inner.check().map_err(|_| io::Error::from_raw_os_error(libc::ESTALE))?;
        Ok(inner.fed()?.fd.as_fd())
    }

    /// Starts the descriptor's thread.
    #[cfg(ringway_loom)]
    #[doc(hidden)]
    pub fn open_fd(&self) {
        let _ = self.inner().fed();
    }

    /// Sleeps until the descriptor is readable.
    #[cfg(ringway_loom)]
    #[doc(hidden)]
    pub fn poll_fd(&self) {
        if let Ok(feed) = self.inner().fed() {
            feed.fd.poll();
        }
    }
}

impl fmt::Debug for WaitSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitSet").finish_non_exhaustive()
    }
}
