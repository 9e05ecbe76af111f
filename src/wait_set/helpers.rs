//! Threads that sleep on what is too much for one.
//!
//! The kernel lets a thread sleep on 128 words at once. A set with more has helpers, each of which
//! sleeps on 127 words and on one by which it is given others. One that wakes rings the set's bell,
//! and then has nothing to sleep on until the set waits again. The words of which none has rung
//! stay its own from one wait to the next, so that a wait costs nothing for them.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;
use std::sync::PoisonError;

use super::roll::Roll;
use super::sleep::OWN_WORDS;
use super::slept::Slept;
use ringway_shm::kernel::MOST_WORDS;
use ringway_shm::sync::{AtomicBool, Futex, Mutex, MutexGuard, Ordering, spawn};

/// Words of one helper.
const EACH: usize = MOST_WORDS - 1;
/// How long a helper sleeps at a time: it looks for no death, and has no other reason to wake.
const SLICE: Duration = Duration::from_millis(500);

/// What a helper sleeps on.
#[derive(Debug)]
struct Job {
    list: Arc<Vec<Slept>>,
    words: Range<usize>,
    expected: Vec<(u32, u64)>,
}

/// Where a helper finds its job.
#[derive(Debug)]
struct Desk {
    job: Mutex<Option<Job>>,
    /// Changes with the job.
    word: Futex,
    is_over: AtomicBool,
    /// The set's.
    bell: Arc<Futex>,
}

impl Desk {
    fn job(&self) -> MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // SYNC desk: the helper that sees the new count sees that there is a job, or that it is over.
        self.word.fetch_add(1, Ordering::Release);
        self.word.wake_all();
    }

    /// What a helper does until it is over.
    fn run(&self) {
        loop {
            // SYNC desk: what is told after this look ends the sleep.
            let seen = self.word.load(Ordering::Acquire);
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            // Taken from the desk while the helper sleeps: the set may want to give it another.
            let mut job = self.job();
            let Some(Job { list, words, expected }) = &*job else {
                drop(job);
                self.word.wait(seen, SLICE);
                continue;
            };
            let mine = list.get(words.clone()).unwrap_or(&[]);
            let rung = |(slept, &(expected, _)): (&Slept, &(u32, u64))| {
                slept.word().is_none_or(|word| word.load(Ordering::Relaxed) != expected)
            };
            if mine.iter().zip(expected).any(rung) {
                *job = None;
                drop(job);
                // Relaxed: a set that does not see the word gives the job to the helper again, which
                // by the desk's lock has seen it, and rings again.
                self.bell.fetch_add(1, Ordering::Relaxed);
                self.bell.wake_all();
                continue;
            }
            let (list, words) = (list.clone(), words.clone());
            let expected: Vec<u32> = expected.iter().map(|&(expected, _)| expected).collect();
            drop(job);
            let slept = || list.get(words.clone()).unwrap_or(&[]).iter().zip(&expected);
            let mine = slept().filter_map(|(slept, &expected)| Some((slept.word()?, expected)));
            if !Futex::wait_any([(&self.word, seen)].into_iter().chain(mine), SLICE) {
                // The set finds out by itself, and waits in slices.
                self.word.wait(seen, SLICE);
                continue;
            }
            slept().for_each(|(slept, &expected)| slept.lets_go(expected));
        }
    }
}

/// The helpers of a set.
#[derive(Debug, Default)]
pub(super) struct Helpers(Vec<Arc<Desk>>);

impl Helpers {
    /// Has each of the words that are too many for one thread slept on. `false`: there are words
    /// that are not, as no thread could be started for them.
    pub(super) fn sleep_on_the_rest(&mut self, roll: &Roll, bell: &Arc<Futex>) -> bool {
        let list = roll.list();
        let chunks = list.len().saturating_sub(OWN_WORDS).div_ceil(EACH);
        while self.0.len() < chunks {
            let desk = Desk {
                job: Mutex::new(None),
                word: Futex::new(0),
                is_over: AtomicBool::new(false),
                bell: bell.clone(),
            };
            let desk = Arc::new(desk);
            let its = desk.clone();
            if spawn("ringway-set", move || its.run()).is_err() {
                return false;
            }
            self.0.push(desk);
        }
        if self.0.is_empty() {
            return true;
        }
        let expected: Box<[(u32, u64)]> = roll.expected().collect();
        for (chunk, desk) in self.0.iter().enumerate() {
            let first = (OWN_WORDS + chunk * EACH).min(list.len());
            let words = first..(first + EACH).min(list.len());
            let expected = expected.get(words.clone()).unwrap_or(&[]);
            let mut job = desk.job();
            let same = job
                .as_ref()
                .is_some_and(|job| Arc::ptr_eq(&job.list, list) && job.expected == expected);
            if same || (words.is_empty() && job.is_none()) {
                continue;
            }
            let new = Job { list: list.clone(), words: words.clone(), expected: expected.to_vec() };
            *job = Some(new).filter(|_| !words.is_empty());
            drop(job);
            desk.wake();
        }
        true
    }

    /// Ends them.
    pub(super) fn end(&mut self) {
        for desk in self.0.drain(..) {
            desk.is_over.store(true, Ordering::Relaxed);
            desk.wake();
        }
    }
}
