//! Handles that tasks await, whatever their runtime.
//!
//! [`Async`] has a producer, a consumer or a worker in it, and its calls are futures where those of
//! the handle block. All that they need of a runtime is the task's
//! [`Waker`](core::task::Waker), which stays in its process.
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use ringway::future::Async;
//! use ringway::{Options, Start};
//!
//! let (producer, ring) = Options::<u64>::new(8).heap()?;
//! let mut producer = Async::new(producer);
//! let mut subscriber = Async::new(ring.subscribe(Start::Next)?);
//! let thread = std::thread::spawn(move || {
//!     futures_executor::block_on(async move {
//!         let first = subscriber.recv().await?;
//!         Ok::<u64, ringway::error::RecvError>(first + subscriber.recv().await?)
//!     })
//! });
//! futures_executor::block_on(async {
//!     producer.send(&3).await?;
//!     producer.send(&4).await
//! })?;
//! assert_eq!(thread.join().unwrap(), Ok(7));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cancel safety
//!
//! A message is taken in the poll that returns it, and sent in the poll that says so. A future that
//! is dropped before has taken nothing, sent nothing and keeps nothing: the next call goes on where
//! it began. `send_batch` says how far it came by the slice that it was given.
//!
//! # Who wakes the task
//!
//! 1. The handle's [`Wait`](crate::Wait), if it [registers](crate::Wait::register) tasks: those of
//!    [`Wakers`] do. It needs neither an allocator nor an operating system. Both sides have to have
//!    one of the same `Wakers`, in one program. A handle that finds no place there goes on with 2.
//! 2. Else, of a ring [on the heap](crate::Options::heap), **the other side**, which needs no
//!    operating system either: the tasks' wakers lie in the ring's memory. So `send` runs what the
//!    runtime does to wake a task, on the thread that sends, if a task waits; and what makes room
//!    does for a producer's. All tasks that wait for messages are woken, one after the other. With
//!    `std` a waker that panics harms its own task alone. Without, the panic goes on to the sender,
//!    and the tasks behind that one are woken with the next message. A handle's first pending poll
//!    allocates its place, or takes one that another handle has left. There can be any number; they
//!    go with the ring. Without `std`, the features `async` and `alloc` together cost each `send`, and
//!    each release, a full fence and a load, of any ring.
//! 3. Else, on Linux with the feature `std`, the **reactor**: a thread with the name
//!    `ringway-reactor`. A process starts it when a poll is pending for the first time, and another
//!    one for each 126 handles. It sleeps in the kernel on the words of all handles that have been
//!    awaited, and blocks all signals. It calls the tasks' wakers: one that blocks holds up the
//!    other handles of that thread. It stays for as long as the process. Where the kernel has no
//!    `futex_waitv` (before Linux 5.16, or forbidden), it looks at those words every millisecond
//!    while a task waits.
//! 4. Else nothing does: the task is woken at once, and so polled again and again. So it is
//!    without `std` or Linux, of a ring in a `static` say, and where the thread cannot be started,
//!    which each of these polls tries anew.
//!
//! The first two tell nothing of deaths, and not that time is over. For that there is the reactor,
//! besides: where the ring is in a segment, and for a producer that evicts after a time
//! ([`max_hold`](crate::Options::max_hold), [`max_away`](crate::Options::max_away)).
//!
//! In [memory of the caller's](crate::Options::create_raw) the reactor looks at no word: it cannot
//! know how long that stays. It wakes the task every millisecond. So it is for a consumer that may
//! not write the control segment.
//!
//! The reactor has a `DeathWatch`, whose thread the process has from
//! then on too (`ringway-deaths`): a task is told in about a millisecond that its producer was
//! killed. It takes two descriptors, and for each ring in a segment a watch of the user's. Where the
//! kernel tells no news, and besides, the reactor asks every 90 ms while a task waits whether its
//! producer lives. It wakes the tasks of workers, which look whether others live, and of producers,
//! which look after consumers that are dead or too slow.

mod handle;
#[cfg(feature = "alloc")]
mod in_ring;
mod looks;
mod side;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri))))]
mod source;
mod task;
mod wakers;

pub use handle::Async;
#[cfg(ringway_loom)]
#[doc(hidden)]
pub use ringway_shm::reactor::Reactor;
pub use side::Handle;
pub(crate) use side::sealed;
pub use wakers::{TaskWait, Wakers};
