//! What the C library has, in memory that the processes inherit: mutexes that several processes may
//! use, robust or not, semaphores, condition variables, barriers.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail, ensure};
use nix::libc;

use crate::shared::Words;
use crate::sync::work::{Exclusion, Meeting, Section, Turns};

/// Where the objects lie, and the number: in different pairs of cache lines.
const OBJECT: usize = 0;
const SECOND: usize = 16;
const NUMBER: usize = 32;
const WORDS: usize = 48;

fn words() -> Result<Arc<Words>> {
    ensure!(size_of::<libc::pthread_cond_t>() <= 8 * SECOND, "the objects are larger");
    Ok(Arc::new(Words::new(WORDS)?))
}

/// An object of the C library that lies there.
fn at<T>(words: &Words, place: usize) -> *mut T {
    words[place].as_ptr().cast()
}

fn check(code: i32) -> Result<()> {
    if code != 0 {
        bail!("{}", std::io::Error::from_raw_os_error(code));
    }
    Ok(())
}

/// Prepares a mutex for several processes.
fn init_mutex(words: &Words, robust: bool) -> Result<()> {
    // SAFETY: zeros are a valid, if not an initialised, set of attributes.
    let mut attributes: libc::pthread_mutexattr_t = unsafe { std::mem::zeroed() };
    // SAFETY: attributes of this function's own.
    check(unsafe { libc::pthread_mutexattr_init(&mut attributes) })?;
    let shared = libc::PTHREAD_PROCESS_SHARED;
    // SAFETY: initialised above.
    check(unsafe { libc::pthread_mutexattr_setpshared(&mut attributes, shared) })?;
    if robust {
        let robust = libc::PTHREAD_MUTEX_ROBUST;
        // SAFETY: initialised above.
        check(unsafe { libc::pthread_mutexattr_setrobust(&mut attributes, robust) })?;
    }
    // SAFETY: memory that is large enough, and that no other uses yet.
    check(unsafe { libc::pthread_mutex_init(at(words, OBJECT), &attributes) })
}

/// An object between whose two calls a section is.
pub trait Kind {
    fn init(words: &Words) -> Result<()>;
    fn lock(words: &Words);
    fn unlock(words: &Words);
}

/// That kind of object.
pub struct Of<K>(PhantomData<K>);

pub struct Side<K> {
    words: Arc<Words>,
    kind: PhantomData<K>,
}

impl<K: Kind> Exclusion for Of<K> {
    type Link = Arc<Words>;
    type Side = Side<K>;

    fn link() -> Result<Arc<Words>> {
        let words = words()?;
        K::init(&words)?;
        Ok(words)
    }

    fn side(words: &Arc<Words>) -> Result<Side<K>> {
        Ok(Side { words: words.clone(), kind: PhantomData })
    }
}

impl<K: Kind> Section for Side<K> {
    #[inline(always)]
    fn add(&mut self) -> u64 {
        K::lock(&self.words);
        let number = &self.words[NUMBER];
        let next = number.load(Ordering::Relaxed) + 1;
        number.store(next, Ordering::Relaxed);
        K::unlock(&self.words);
        next
    }
}

/// A mutex.
pub struct Mutex<const ROBUST: bool>;
pub type Robust = Mutex<true>;
pub type Shared = Mutex<false>;

impl<const ROBUST: bool> Kind for Mutex<ROBUST> {
    fn init(words: &Words) -> Result<()> {
        init_mutex(words, ROBUST)
    }

    #[inline(always)]
    fn lock(words: &Words) {
        // SAFETY: initialised by `init`, and mapped as long as `words`.
        let code = unsafe { libc::pthread_mutex_lock(at(words, OBJECT)) };
        assert_eq!(code, 0, "no owner dies");
    }

    #[inline(always)]
    fn unlock(words: &Words) {
        // SAFETY: as above; this thread has locked it.
        let code = unsafe { libc::pthread_mutex_unlock(at(words, OBJECT)) };
        assert_eq!(code, 0, "this thread has locked it");
    }
}

/// A semaphore of one.
pub struct Semaphore;

impl Kind for Semaphore {
    fn init(words: &Words) -> Result<()> {
        // SAFETY: memory that is large enough, and that no other uses yet.
        let code = unsafe { libc::sem_init(at(words, OBJECT), 1, 1) };
        ensure!(code == 0, "{}", std::io::Error::last_os_error());
        Ok(())
    }

    #[inline(always)]
    fn lock(words: &Words) {
        // SAFETY: initialised by `init`, and mapped as long as `words`.
        while unsafe { libc::sem_wait(at(words, OBJECT)) } != 0 {}
    }

    #[inline(always)]
    fn unlock(words: &Words) {
        // SAFETY: as above.
        let code = unsafe { libc::sem_post(at(words, OBJECT)) };
        assert_eq!(code, 0, "there is one");
    }
}

/// A mutex with a condition variable: whose turn it is.
pub struct Monitor;

pub struct Monitored {
    words: Arc<Words>,
    process: u64,
}

impl Meeting for Monitor {
    type Link = Arc<Words>;
    type Side = Monitored;

    fn link() -> Result<Arc<Words>> {
        let words = words()?;
        init_mutex(&words, false)?;
        // SAFETY: zeros are a valid, if not an initialised, set of attributes.
        let mut attributes: libc::pthread_condattr_t = unsafe { std::mem::zeroed() };
        // SAFETY: attributes of this function's own.
        check(unsafe { libc::pthread_condattr_init(&mut attributes) })?;
        let shared = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: initialised above.
        check(unsafe { libc::pthread_condattr_setpshared(&mut attributes, shared) })?;
        // SAFETY: memory that is large enough, and that no other uses yet.
        check(unsafe { libc::pthread_cond_init(at(&words, SECOND), &attributes) })?;
        Ok(words)
    }

    fn side(words: &Arc<Words>, process: u64) -> Result<Monitored> {
        Ok(Monitored { words: words.clone(), process })
    }
}

impl Turns for Monitored {
    fn turn(&mut self) {
        <Shared as Kind>::lock(&self.words);
        let number = &self.words[NUMBER];
        while number.load(Ordering::Relaxed) % 2 != self.process {
            let (condition, mutex) = (at(&self.words, SECOND), at(&self.words, OBJECT));
            // SAFETY: both initialised by `link`; this thread has locked the mutex.
            let code = unsafe { libc::pthread_cond_wait(condition, mutex) };
            assert_eq!(code, 0, "it waits");
        }
        number.store(number.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        // SAFETY: as above.
        let code = unsafe { libc::pthread_cond_signal(at(&self.words, SECOND)) };
        assert_eq!(code, 0, "it signals");
        <Shared as Kind>::unlock(&self.words);
    }
}

/// A barrier of two.
pub struct Barrier(Arc<Words>);

impl Meeting for Barrier {
    type Link = Arc<Words>;
    type Side = Barrier;

    fn link() -> Result<Arc<Words>> {
        let words = words()?;
        // SAFETY: zeros are a valid, if not an initialised, set of attributes.
        let mut attributes: libc::pthread_barrierattr_t = unsafe { std::mem::zeroed() };
        // SAFETY: attributes of this function's own.
        check(unsafe { libc::pthread_barrierattr_init(&mut attributes) })?;
        let shared = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: initialised above.
        check(unsafe { libc::pthread_barrierattr_setpshared(&mut attributes, shared) })?;
        // SAFETY: memory that is large enough, and that no other uses yet.
        check(unsafe { libc::pthread_barrier_init(at(&words, OBJECT), &attributes, 2) })?;
        Ok(words)
    }

    fn side(words: &Arc<Words>, _: u64) -> Result<Barrier> {
        Ok(Barrier(words.clone()))
    }
}

impl Turns for Barrier {
    fn turn(&mut self) {
        // SAFETY: initialised by `link`, and mapped as long as the words.
        let code = unsafe { libc::pthread_barrier_wait(at(&self.0, OBJECT)) };
        assert!(code == 0 || code == libc::PTHREAD_BARRIER_SERIAL_THREAD, "it waits");
    }
}
