//! Tasks that a thread wakes, by the protocol of `src/future/reactor`: no wake-up is lost, and no
//! memory goes under the thread.
//!
//! The event counts are the library's. The thread, the task and the cell of its waker are made of
//! loom's parts here: a mutex stands for `atomic-waker`, whose contract is the same, that of
//! `register` and `wake` each is ordered before or behind the other, and the later sees the earlier.
//! A park has no end of its own, so that a lost wake-up is a deadlock, which loom reports.

use std::time::Duration;

use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use loom_tests::check;
use ringway_shm::event::{EventCount, SoleWaiter, Token};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, RaceCell, fence};

/// Means nothing in a model.
const LIMIT: Duration = Duration::from_secs(1);

/// A task's thread: 1, it is to poll.
struct Park(Futex);

impl Park {
    fn wake(&self) {
        self.0.store(1, Ordering::Release);
        self.0.wake_all();
    }

    fn park(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            self.0.wait(0, LIMIT);
        }
        self.0.store(0, Ordering::Relaxed);
    }
}

/// The words of a ring, and what a source shares with its thread.
struct Shared {
    bell: Futex,
    flag: AtomicU32,
    number: AtomicU32,
    waker: Mutex<Option<Arc<Park>>>,
    ticket: AtomicU32,
    armed: AtomicBool,
    gone: AtomicBool,
    kicks: Futex,
    done: AtomicBool,
    memory: RaceCell,
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared {
            bell: Futex::new(0),
            flag: AtomicU32::new(0),
            number: AtomicU32::new(0),
            waker: Mutex::new(None),
            ticket: AtomicU32::new(0),
            armed: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            kicks: Futex::new(0),
            done: AtomicBool::new(false),
            memory: RaceCell::default(),
        })
    }

    fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(&self.bell, &self.flag)
    }

    fn has(&self, wanted: u32) -> bool {
        self.number.load(Ordering::Relaxed) >= wanted
    }

    fn register(&self, park: &Arc<Park>) {
        *self.waker.lock().unwrap() = Some(park.clone());
    }

    fn wake(&self) {
        self.armed.swap(false, Ordering::AcqRel);
        let waker = self.waker.lock().unwrap().take();
        if let Some(park) = waker {
            park.wake();
        }
    }

    fn kick(&self) {
        self.kicks.fetch_add(1, Ordering::Release);
        self.kicks.wake_all();
    }

    /// A poll of a consumer's task. A token whose bell has not changed is good for the next number,
    /// too.
    fn poll(&self, wanted: u32, park: &Arc<Park>, seen: &mut Option<Token>) -> bool {
        if self.has(wanted) {
            return true;
        }
        self.register(park);
        if seen.is_none_or(|token| self.count().has_rung(token)) {
            *seen = Some(self.count().arm(Fences::FULL));
        }
        self.has(wanted)
    }

    /// What the thread does for a consumer, until it is told to end.
    fn reactor(&self, mut acted: u32) {
        loop {
            let now = self.bell.load(Ordering::Acquire);
            if self.done.load(Ordering::Relaxed) {
                return;
            }
            if core::mem::replace(&mut acted, now) != now {
                self.wake();
            }
            self.bell.wait(acted, LIMIT);
        }
    }

    fn end(&self) {
        self.done.store(true, Ordering::Release);
        self.count().wake();
        self.kick();
    }
}

#[test]
fn no_lost_wakeup_of_a_task_that_polls_against_two_publications() {
    let name = "no_lost_wakeup_of_a_task_that_polls_against_two_publications";
    check(name, Some(3), || {
        let shared = Shared::new();
        let reactor = shared.clone();
        let reactor = thread::spawn(move || reactor.reactor(0));
        let task = shared.clone();
        let task = thread::spawn(move || {
            let (park, mut seen) = (Arc::new(Park(Futex::new(0))), None);
            for wanted in 1..=2 {
                while !task.poll(wanted, &park, &mut seen) {
                    park.park();
                }
            }
        });
        for number in 1..=2 {
            shared.number.store(number, Ordering::Relaxed);
            shared.count().notify(Fences::FULL);
        }
        task.join().unwrap();
        shared.end();
        reactor.join().unwrap();
    });
}

/// The first future is dropped while it is pending, and another task polls the handle.
#[test]
fn no_lost_wakeup_of_the_task_that_polls_after_a_future_was_dropped() {
    let name = "no_lost_wakeup_of_the_task_that_polls_after_a_future_was_dropped";
    check(name, Some(3), || {
        let shared = Shared::new();
        let reactor = shared.clone();
        let reactor = thread::spawn(move || reactor.reactor(0));
        let task = shared.clone();
        let task = thread::spawn(move || {
            let mut seen = None;
            task.poll(1, &Arc::new(Park(Futex::new(0))), &mut seen);
            let park = Arc::new(Park(Futex::new(0)));
            while !task.poll(1, &park, &mut seen) {
                park.park();
            }
        });
        shared.number.store(1, Ordering::Relaxed);
        shared.count().notify(Fences::FULL);
        task.join().unwrap();
        shared.end();
        reactor.join().unwrap();
    });
}

/// A producer's word is 0, a ticket and 0 again: the thread sleeps on it only while a task waits.
#[test]
fn no_lost_wakeup_of_a_producers_task() {
    check("no_lost_wakeup_of_a_producers_task", Some(2), || {
        let shared = Shared::new();
        let reactor = shared.clone();
        let reactor = thread::spawn(move || {
            loop {
                let kicks = reactor.kicks.load(Ordering::Acquire);
                if reactor.done.load(Ordering::Relaxed) {
                    return;
                }
                let ticket = || reactor.ticket.load(Ordering::Relaxed);
                let now = reactor.bell.load(Ordering::Acquire);
                if reactor.armed.load(Ordering::Acquire) && now != ticket() {
                    reactor.wake();
                }
                if reactor.armed.load(Ordering::Acquire) {
                    reactor.bell.wait(ticket(), LIMIT);
                } else {
                    reactor.kicks.wait(kicks, LIMIT);
                }
            }
        });
        let task = shared.clone();
        let task = thread::spawn(move || {
            let (park, mut seen) = (Arc::new(Park(Futex::new(0))), None::<Token>);
            for wanted in 1..=2 {
                while !task.has(wanted) {
                    task.register(&park);
                    let word = SoleWaiter::new(&task.bell);
                    if seen.is_none_or(|token| word.has_rung(token)) {
                        let token = word.arm(Fences::FULL);
                        task.ticket.store(token.expected(), Ordering::Relaxed);
                        seen = Some(token);
                    }
                    if !task.armed.swap(true, Ordering::AcqRel) {
                        task.kick();
                    }
                    if task.has(wanted) {
                        break;
                    }
                    park.park();
                }
            }
        });
        for number in 1..=2 {
            shared.number.store(number, Ordering::Relaxed);
            SoleWaiter::new(&shared.bell).notify(Fences::FULL);
        }
        task.join().unwrap();
        // In this order: the thread that is woken goes to sleep for a kick, if it has missed it.
        shared.done.store(true, Ordering::Release);
        shared.kick();
        shared.bell.store(0, Ordering::Relaxed);
        shared.bell.wake_all();
        reactor.join().unwrap();
    });
}

/// The wakers of `Wakers`: one flag, which the notifier lowers by a store.
#[test]
fn no_lost_wakeup_of_two_tasks_that_share_wakers() {
    check("no_lost_wakeup_of_two_tasks_that_share_wakers", Some(3), || {
        let number = Arc::new(AtomicU32::new(0));
        let flag = Arc::new(AtomicU32::new(0));
        let cells: Arc<[Mutex<Option<Arc<Park>>>; 2]> =
            Arc::new([Mutex::new(None), Mutex::new(None)]);
        let tasks = [0, 1].map(|place| {
            let (number, flag, cells) = (number.clone(), flag.clone(), cells.clone());
            thread::spawn(move || {
                let park = Arc::new(Park(Futex::new(0)));
                let wanted = place as u32 + 1;
                while number.load(Ordering::Relaxed) < wanted {
                    *cells[place].lock().unwrap() = Some(park.clone());
                    flag.store(1, Ordering::Relaxed);
                    fence(Ordering::SeqCst);
                    if number.load(Ordering::Relaxed) >= wanted {
                        break;
                    }
                    park.park();
                }
            })
        });
        for wanted in 1..=2 {
            number.store(wanted, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            if flag.load(Ordering::Relaxed) == 0 {
                continue;
            }
            flag.store(0, Ordering::Relaxed);
            for cell in cells.iter() {
                let waker = cell.lock().unwrap().take();
                if let Some(park) = waker {
                    park.wake();
                }
            }
        }
        for task in tasks {
            task.join().unwrap();
        }
    });
}

/// The handle goes while the thread sleeps on its word, or is about to.
#[test]
fn no_memory_goes_under_the_thread() {
    struct Memory(Arc<Shared>);
    impl Drop for Memory {
        fn drop(&mut self) {
            self.0.memory.write();
        }
    }
    check("no_memory_goes_under_the_thread", None, || {
        let shared = Shared::new();
        let memory = Arc::new(Memory(shared.clone()));
        let (thread_has, reactor) = (memory.clone(), shared.clone());
        let reactor = thread::spawn(move || {
            loop {
                let kicks = reactor.kicks.load(Ordering::Acquire);
                if reactor.gone.load(Ordering::Acquire) {
                    return drop(thread_has);
                }
                // The kernel looks at the word.
                thread_has.0.memory.read();
                reactor.kicks.wait(kicks, LIMIT);
            }
        });
        // The handle's own last access.
        memory.0.memory.read();
        shared.gone.store(true, Ordering::Release);
        drop(memory);
        shared.kick();
        reactor.join().unwrap();
    });
}
