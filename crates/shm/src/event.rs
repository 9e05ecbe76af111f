//! Event counts: sleeping until another side has done something, without losing a wake-up.
//!
//! An event count is a word, the *bell*, that changes when there may be something new, and on which
//! waiters sleep; and, where a notifier must not pay a system call for nothing, a *flag* that
//! waiters raise before they sleep. The two may lie in different segments.
//!
//! A waiter goes through phases, so that what comes between is its own: one count or many, a sleep
//! in the kernel, or a look at the token later.
//!
//! 1. [`arm`](EventCount::arm) reads the bell, raises the flag and runs the heavy fence. Several
//!    counts are armed with one heavy fence: [`prepare`](EventCount::prepare) each, run the fence,
//!    [`confirm`](Token::confirm) each token.
//! 2. The waiter looks once more at what it waits for. If it is there, the waiter does not sleep.
//! 3. [`wait`](EventCount::wait) sleeps until the bell changes, or
//!    [`has_rung`](EventCount::has_rung) says whether it has.
//!
//! A notifier first makes known what there is, by a store, and then calls
//! [`notify`](EventCount::notify). Where there is one notifier at a time, it stores the bell; where
//! several may sound it at once, they add to it ([`sound`](EventCount::sound)). A bell is changed
//! in one of the two ways, or by the one storing notifier's additions.
//!
//! ```
//! use core::time::Duration;
//! use ringway_shm::event::EventCount;
//! use ringway_shm::fence::Fences;
//! use ringway_shm::sync::{AtomicU32, Futex, Ordering};
//! # #[cfg(feature = "std")]
//! # {
//! let (bell, flag, message) = (Futex::new(0), AtomicU32::new(0), AtomicU32::new(0));
//! std::thread::scope(|scope| {
//!     scope.spawn(|| {
//!         let count = EventCount::with_flag(&bell, &flag);
//!         while message.load(Ordering::Acquire) == 0 {
//!             let token = count.arm(Fences::FULL);
//!             if message.load(Ordering::Acquire) == 0 {
//!                 count.wait(token, Duration::from_secs(1));
//!             }
//!         }
//!     });
//!     message.store(7, Ordering::Release);
//!     EventCount::with_flag(&bell, &flag).notify(Fences::FULL);
//! });
//! # }
//! ```
//!
//! # Why no wake-up is lost
//!
//! Waiter W is about to sleep until X is so; notifier N makes it so.
//!
//! ```text
//! notifier                              waiter
//! N1  X = so                            W1  e = bell; fence(Acquire)
//! N2  light                             W2  flag = 1
//! N3  if flag == 0: done                W3  heavy
//! N4  flag = 0                          W4  if X is so: done
//! N5  bell = b + 1  (Release)           W5  futex_wait(bell, e)
//! N6  futex_wake(bell, all)
//! ```
//!
//! N2 and W3 are a pair of full fences ([`Fences`]), so that N3 sees W2 or W4 sees N1 (or what came
//! after it). If W4 does, W does not sleep. If N3 sees the flag, N5 and N6 follow. The kernel
//! compares and goes to sleep in one step: either W5 sees N5 and returns, or it is asleep before N6
//! and is woken.
//!
//! Remains the flag that N4 clears. Say that W2 came before N4, and N3 saw the flag of another
//! waiter. Then W's e was loaded before N5 (else W1's fence had ordered N4 before W2), so that W5
//! returns or N6 wakes W: the bell is stored after the flag is cleared, and loaded before it is
//! set. A waiter that N6 wakes looks again, and raises the flag again if it has to. It must not
//! clear the flag on its way out: the flag may be another waiter's. All are woken, because all look
//! at the same flag.
//!
//! A notifier that asks no flag (`sound`) makes X so and then adds to the bell (Release). Either W1
//! is behind that addition, and W4 sees X; or W5 finds another bell, or is woken. It needs no
//! fence.
//!
//! A notifier that is stopped or killed between N1 and N6 leaves waiters to the end of their sleep:
//! so a sleep has an end.
//!
//! # Several notifiers that ask the flag
//!
//! Many senders ring for the receivers of one mailbox, and none of them pays for a wake-up that no
//! waiter asks for. Each runs N1 to N6 by itself
//! ([`sound_if_awaited`](EventCount::sound_if_awaited)); N5 is an addition, so that no two bells
//! are the same. Notifier N makes X so, for which W waits:
//!
//! - N3 sees the flag: N5 and N6 follow, and the proof above holds as it stands.
//! - N3 reads 0 from before W2: N2 and W3 are full fences, so that W4 sees N1.
//! - N3 reads the 0 of another notifier's N4, which came after W2. Call that one M. W1 was before
//!   M's N5: had W1 read it, or a later bell, W1's fence had ordered M's N4 before W2. So W5 finds
//!   another bell, or M's N6 wakes W. Then W begins again at W1, and what it looks for by W4 is any
//!   X, not the one that M had made so: N1 is seen by this W4, or N3 would have had to see this W2.
//!
//! M clears the flag first and then changes the bell. In the other order W could read the new bell,
//! raise the flag, look in vain, and have its flag cleared by M's N4, of which no bell tells: N3
//! would read 0, and W would sleep over X.
//!
//! A notifier that is stopped or killed between N4 and N6 has taken the flag down and wakes no
//! waiter, and until a waiter raises it again no other notifier rings either. Waiters raise it at
//! the end of their slice. So it costs those that are asleep one slice at most, once.
//!
//! # A sole waiter
//!
//! Where those that sleep are threads of one process, flag and bell are one word: see
//! [`SoleWaiter`]. It holds a *ticket* while one of them sleeps, or is about to: a number that is
//! not 0, and that the process has not used before (in the last 2^32 - 1 tickets).
//!
//! ```text
//! notifier                              waiter
//! N1  X = so                            W1  t = word; if t == 0: word = t = a new ticket
//! N2  light                             W2  heavy
//! N3  if word == 0: done                W3  if X is so: done
//! N4  word = 0                          W4  futex_wait(word, t)
//! N5  futex_wake(word, all)
//! ```
//!
//! N3 sees the ticket of W1 or what came after it in the word, or W3 sees N1: W1 has stored the
//! ticket or read it, and either is before the fence at W2. If N3 reads 0, and not from before that
//! ticket, another notifier's N4 stored it after the ticket, and either W4 sees that the ticket has
//! gone or that notifier's N5 wakes the waiter; then it starts again at W1, and N1 is seen by W3,
//! or W1 by N3.
//!
//! That goes for each of several waiters, whatever the others do. Once its ticket has gone from the
//! word it never comes back. So a waiter that has not slept by then does not sleep, though another
//! has put a new ticket there meanwhile; with one and the same number for all it would sleep, and
//! what N4 was for would be lost to it. A waiter that sleeps by then is woken by N5: a ticket
//! leaves the word by N4, by which all are woken, or is overwritten by another one, of a waiter
//! that had read 0 at W1; then those asleep stay so, and the next N3 finds the other ticket, and
//! wakes all. Two that read a ticket at W1 share it, and disturb each other no more.
//!
//! What would take a wake-up from others is to lower the word without N5. So a waiter that does not
//! sleep after all does that only where it is alone ([`SoleWaiter::disarm`]). Else the word stays
//! up, at the cost of one needless wake-up.
//!
//! Models: `loom-tests/tests/event.rs`, and of what is made of them `loom-tests/tests/wakeup.rs`.

use core::time::Duration;

use crate::fence::Fences;
use crate::sync::{AtomicU32, Futex, Ordering, fence, spin_loop};
pub use crate::token::Token;

/// Whether there are waiters that sleep, and notifiers that can wake them: threads, or tasks whose
/// wakers lie on the heap. Without an operating system or such tasks there are none: flags are
/// neither raised nor looked at, and what there is to wait for is told by
/// [`Wait::notify`](crate::wait::Wait::notify).
pub const SLEEPS: bool =
    cfg!(any(feature = "std", ringway_loom, all(feature = "tasks", feature = "alloc")));

/// How waiters ask to be woken.
#[derive(Clone, Copy, Debug)]
enum Flag<'a> {
    /// Notifiers sound the bell in any case.
    None,
    Word(&'a AtomicU32),
    /// There is one, which this process may not write.
    OutOfReach,
}

/// A bell, and the flag of those who sleep on it, if there is one.
#[derive(Clone, Copy, Debug)]
pub struct EventCount<'a> {
    bell: &'a Futex,
    flag: Flag<'a>,
}

impl<'a> EventCount<'a> {
    /// One without a flag: notifiers [sound](Self::sound) the bell in any case.
    #[inline(always)]
    pub fn new(bell: &'a Futex) -> Self {
        EventCount { bell, flag: Flag::None }
    }

    /// One whose notifiers sound the bell only if the flag is up.
    #[inline(always)]
    pub fn with_flag(bell: &'a Futex, flag: &'a AtomicU32) -> Self {
        EventCount { bell, flag: Flag::Word(flag) }
    }

    /// One with a flag that this process may not write. A waiter here cannot ask to be woken: it
    /// sleeps for a millisecond at most at a time.
    #[inline(always)]
    pub fn out_of_reach(bell: &'a Futex) -> Self {
        EventCount { bell, flag: Flag::OutOfReach }
    }

    /// What the bell is now, for [`prepare_since`](Self::prepare_since).
    #[inline(always)]
    pub fn seen(&self) -> u32 {
        self.bell.load(Ordering::Relaxed)
    }

    /// Reads the bell and raises the flag. The heavy fence and [`Token::confirm`] are the caller's.
    #[inline(always)]
    pub fn prepare(&self) -> Token {
        self.prepare_since(self.seen())
    }

    /// As [`prepare`](Self::prepare), `seen` being what the bell was at some time before.
    #[inline(always)]
    pub fn prepare_since(&self, seen: u32) -> Token {
        if !SLEEPS {
            return Token { seen, reached: true };
        }
        // SYNC bell: after the load of the bell, W1. What `wake` or `sound` did before it changed
        // the bell is seen.
        fence(Ordering::Acquire);
        match self.flag {
            Flag::None => Token { seen, reached: true },
            Flag::OutOfReach => Token { seen, reached: false },
            Flag::Word(flag) => {
                flag.store(1, Ordering::Relaxed);
                Token { seen, reached: true }
            }
        }
    }

    /// Announces that the caller is about to sleep. It looks at what it waits for once more after
    /// this.
    #[inline(always)]
    pub fn arm(&self, fences: Fences) -> Token {
        self.arm_since(self.seen(), fences)
    }

    /// As [`arm`](Self::arm), `seen` being what the bell was at some time before.
    #[inline(always)]
    pub fn arm_since(&self, seen: u32, fences: Fences) -> Token {
        let token = self.prepare_since(seen);
        match self.flag {
            // SYNC awaited, last-done: a notifier sees the flag, after its fence in `is_awaited`,
            // or the waiter's next look sees what the notifier made known. So does a look at what a
            // notifier did before another full fence.
            Flag::Word(_) if SLEEPS => token.confirm(fences.heavy()),
            _ => token,
        }
    }

    /// Sleeps until the bell has rung since the token was made, or `limit` is over, or for no
    /// reason. Where nothing sleeps, it is a hint to the processor.
    #[inline(always)]
    pub fn wait(&self, token: Token, limit: Duration) {
        if !SLEEPS {
            return spin_loop();
        }
        self.bell.wait(token.seen, token.limit(limit));
    }

    /// Whether the bell has rung since the token was made. What it was rung for is seen then.
    pub fn has_rung(&self, token: Token) -> bool {
        let rung = self.seen() != token.seen;
        // SYNC bell: what the bell was rung for is seen, with the bell of `wake` or `sound`.
        fence(Ordering::Acquire);
        rung
    }

    /// Wakes the waiters, if there are any, to look at what the caller has just made known. By the
    /// one notifier that stores the bell.
    #[inline(always)]
    pub fn notify(&self, fences: Fences) {
        if self.is_awaited(fences) {
            self.wake();
        }
    }

    /// Whether waiters ask to be woken, or may. What the caller stored before this is seen by those
    /// who do not.
    #[inline(always)]
    pub fn is_awaited(&self, fences: Fences) -> bool {
        if !SLEEPS {
            return false;
        }
        // SYNC awaited: this side sees the flag, or the waiter sees what was made known, after its
        // heavy fence in `arm_since`.
        fences.light();
        self.is_awaited_fenced()
    }

    /// As [`is_awaited`](Self::is_awaited), after a light fence of the caller's: one will do for
    /// several counts.
    #[inline(always)]
    pub fn is_awaited_fenced(&self) -> bool {
        match self.flag {
            Flag::None => SLEEPS,
            Flag::Word(flag) => SLEEPS && flag.load(Ordering::Relaxed) != 0,
            Flag::OutOfReach => false,
        }
    }

    /// Wakes all waiters: clears the flag, changes the bell by a store and asks the kernel. Only by
    /// the one notifier that stores the bell.
    pub fn wake(&self) {
        if let Flag::Word(flag) = self.flag {
            flag.store(0, Ordering::Relaxed);
        }
        let next = self.bell.load(Ordering::Relaxed).wrapping_add(1);
        // SYNC bell: a waiter that sees the new bell, in `prepare_since` or `has_rung`, sees the
        // flag cleared.
        self.bell.store(next, Ordering::Release);
        self.bell.wake_all();
    }
}

#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
impl EventCount<'_> {
    /// Wakes all waiters, to look at what the caller has just made known, without a look at a flag:
    /// adds to the bell and asks the kernel. By any of several notifiers.
    pub fn sound(&self) {
        // SYNC bell: a waiter that sees the new bell, in `prepare_since` or `has_rung`, sees what
        // it is rung for, and the flag cleared if the notifier cleared it.
        self.bell.fetch_add(1, Ordering::Release);
        self.bell.wake_all();
    }

    /// Wakes the waiters, if there are any, to look at what the caller has just made known. By any
    /// of several notifiers.
    #[inline(always)]
    pub fn sound_if_awaited(&self, fences: Fences) {
        if self.is_awaited(fences) {
            self.sound_for_all();
        }
    }

    /// Clears the flag, adds to the bell and wakes all waiters. By any of several notifiers.
    #[cold]
    pub fn sound_for_all(&self) {
        // Before the bell: see "Several notifiers that ask the flag".
        if let Flag::Word(flag) = self.flag {
            flag.store(0, Ordering::Relaxed);
        }
        self.sound();
    }

    /// Clears the flag, adds to the bell and wakes one waiter, which passes the wake-up on: it
    /// raises the flag again before it goes to sleep, when it has got what it waited for, and when
    /// it gives up. By any of several notifiers.
    pub fn sound_for_one(&self) {
        if let Flag::Word(flag) = self.flag {
            flag.store(0, Ordering::Relaxed);
        }
        // SYNC bell: as in `sound`.
        self.bell.fetch_add(1, Ordering::Release);
        self.bell.wake_one();
    }
}

/// A number that no waiter of this process has had for long: not 0.
#[cfg(any(feature = "std", ringway_loom))]
fn ticket() -> u32 {
    use core::sync::atomic::AtomicU32;
    // It orders nothing, and is no part of a model: which number it is makes no difference.
    static LAST: AtomicU32 = AtomicU32::new(0);
    let next = || LAST.fetch_add(1, core::sync::atomic::Ordering::Relaxed).wrapping_add(1);
    match next() {
        0 => next(),
        ticket => ticket,
    }
}

/// Where nothing sleeps there are none.
#[cfg(not(any(feature = "std", ringway_loom)))]
fn ticket() -> u32 {
    1
}

/// A word on which threads of one process sleep, that of the one waiter: a ticket while one of them
/// does, or is about to; else 0.
#[derive(Clone, Copy, Debug)]
pub struct SoleWaiter<'a>(&'a Futex);

impl<'a> SoleWaiter<'a> {
    /// The waiter of that word.
    #[inline(always)]
    pub fn new(word: &'a Futex) -> Self {
        SoleWaiter(word)
    }

    /// Announces that the caller, a thread of the waiter's, is about to sleep. It looks at what it
    /// waits for once more after this; if it is there, it may call [`disarm`](Self::disarm).
    pub fn arm(&self, fences: Fences) -> Token {
        let token = self.prepare();
        // SYNC sole-waiter: a notifier sees the word, after its light fence (`notify`), or the
        // waiter sees what the notifier made known.
        if SLEEPS { token.confirm(fences.heavy()) } else { token }
    }

    /// The same without the heavy fence, which is the caller's, as is [`Token::confirm`].
    pub fn prepare(&self) -> Token {
        let mut seen = if SLEEPS { self.0.load(Ordering::Relaxed) } else { 0 };
        if seen == 0 {
            seen = ticket();
            if SLEEPS {
                self.0.store(seen, Ordering::Relaxed);
            }
        }
        Token { seen, reached: true }
    }

    /// Whether the waiter has been notified since the token was made.
    pub fn has_rung(&self, token: Token) -> bool {
        self.0.load(Ordering::Relaxed) != token.seen
    }

    /// The caller does not sleep after all, and no other thread may sleep on the word, or be about
    /// to: that would be woken by no notifier. Left up, the word costs a needless wake-up.
    pub fn disarm(&self) {
        if SLEEPS {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    /// Sleeps until the waiter is notified, or `limit` is over, or for no reason.
    pub fn wait(&self, token: Token, limit: Duration) {
        if !SLEEPS {
            return spin_loop();
        }
        self.0.wait(token.seen, token.limit(limit));
    }

    /// Wakes the waiter, if it sleeps, to look at what the caller has just made known. By any of
    /// several notifiers.
    #[inline(always)]
    pub fn notify(&self, fences: Fences) {
        if !SLEEPS {
            return;
        }
        // SYNC sole-waiter: this side sees the word, or the waiter sees what was made known, after
        // its heavy fence in `arm`.
        fences.light();
        self.notify_fenced();
    }

    /// As [`notify`](Self::notify), after a light fence of the caller's: one will do for several
    /// waiters. Whether it sleeps, or is about to.
    #[inline(always)]
    pub fn notify_fenced(&self) -> bool {
        let waits = SLEEPS && self.0.load(Ordering::Relaxed) != 0;
        if waits {
            self.0.store(0, Ordering::Relaxed);
            self.0.wake_all();
        }
        waits
    }
}
