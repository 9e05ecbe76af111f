//! News of deaths: a thread to which the kernel tells at once that a writer's file was closed.
//!
//! Who waits for another process asks for its lock now and then, every 20 ms, say. The kernel can
//! tell sooner when that is worth while: when a descriptor that could write a file of the segment's
//! has been closed (`inotify`, `IN_CLOSE_WRITE`), which happens to all descriptors of a process that
//! dies. It also happens when one is closed in good health. So this is news and no proof: it says to
//! ask now. The lock decides, and what waits goes on asking as before.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::MaybeUninit;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Mutex;
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::mapping::Mapping;
use super::means::locked;
use crate::fork::{Descriptor, Here};
use crate::signals::without_signals;
use crate::sync::{AtomicU32, Futex, Ordering};

/// Room for events. They have no names, so that each takes 16 bytes.
const BUFFER: usize = 1024;

/// A thread that learns of deaths as they happen, for the handles that it was given to. It sleeps
/// until a file is closed that a process could write.
///
/// A process that is killed is noticed within 150 ms without it, and with it as soon as the kernel
/// has closed the process's files. Clones share the thread. It ends when the last clone is dropped,
/// and the last handle that has one; that drop waits for it, for as long as it takes to run once.
///
/// It takes two descriptors, and for each segment that is watched a watch of the user's
/// (`fs.inotify.max_user_watches`). All signals are blocked in it. In a child that was forked there
/// is no such thread: what the child has inherited does nothing, and can be dropped.
///
/// ```
/// use ringway_shm::segment::DeathWatch;
///
/// let watch = DeathWatch::start()?;
/// drop(watch.clone());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct DeathWatch {
    thread: Arc<Thread>,
}

/// The thread, from outside.
#[derive(Debug)]
struct Thread {
    shared: Arc<Shared>,
    handle: Option<JoinHandle<()>>,
}

/// What the thread has, and those who add to it.
#[derive(Debug)]
struct Shared {
    inotify: Descriptor,
    /// Readable when the thread is to end.
    end: Descriptor,
    /// Who waits for news of each file, by the number that the kernel gave to its watch.
    files: Mutex<BTreeMap<i32, Vec<Arc<News>>>>,
}

/// What a waiter is told by.
#[derive(Debug)]
struct News {
    word: Arc<Futex>,
    count: AtomicU32,
}

/// One that waits for news of a file of a segment's, until this is dropped. By [`DeathWatch::add`]
/// and [`DeathWatch::add_seats`].
#[derive(Debug)]
pub struct Watched {
    watch: DeathWatch,
    number: i32,
    news: Arc<News>,
}

impl DeathWatch {
    /// Starts the thread.
    ///
    /// An error: there are too many descriptors, threads or instances of `inotify`
    /// (`fs.inotify.max_user_instances`, 128 of each user as a rule), or the process may not use it.
    /// Deaths are then noticed as they are without.
    pub fn start() -> io::Result<DeathWatch> {
        let flags = CreateFlags::CLOEXEC | CreateFlags::NONBLOCK;
        let inotify = Descriptor::open(|| Ok(File::from(inotify::init(flags)?)))?;
        let end = Descriptor::open(|| Ok(File::from(eventfd(0, EventfdFlags::CLOEXEC)?)))?;
        let shared = Arc::new(Shared { inotify, end, files: Mutex::default() });
        let of_thread = shared.clone();
        let run = move || of_thread.run();
        let handle =
            without_signals(|| thread::Builder::new().name("ringway-deaths".into()).spawn(run))?;
        Ok(DeathWatch { thread: Arc::new(Thread { shared, handle: Some(handle) }) })
    }

    /// From now on until what this returns is dropped, `word` is added to, and who sleeps on it is
    /// woken, when a process closes a descriptor that could write the segment's main file: it is
    /// time to ask whether the owner lives ([`Mapping::owner_is_alive`]). One that had died before
    /// is not told of. One word may be added for many segments: [`Watched::count`] tells for which
    /// there is news.
    ///
    /// It works for segments without a name. The file is found by `/proc`. An error: there is none,
    /// the process may not read the file any more, or has as many watches as it may have
    /// (`ENOSPC`); or this is a child that was forked (`ESTALE`).
    pub fn add(&self, mapping: &Mapping, word: Arc<Futex>) -> io::Result<Watched> {
        self.watch(mapping, mapping.main_file(), word)
    }

    /// The same for those that have seats: when a process closes a descriptor that could write the
    /// file on which the seats are locked, it is time to ask who of them lives.
    pub fn add_seats(&self, mapping: &Mapping, word: Arc<Futex>) -> io::Result<Watched> {
        let file = match mapping.means.bytes.in_companion {
            true => mapping.companion_file().ok_or(io::ErrorKind::NotFound)?,
            false => mapping.main_file(),
        };
        self.watch(mapping, file, word)
    }

    fn watch(&self, mapping: &Mapping, file: &File, word: Arc<Futex>) -> io::Result<Watched> {
        if !self.is_here() {
            return Err(io::Error::from_raw_os_error(libc::ESTALE));
        }
        mapping.check()?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let shared = &self.thread.shared;
        // Before the watch is there: the thread finds who is to be told of its first event.
        let mut files = locked(&shared.files);
        // The kernel gives the number that the file has already, if it has one.
        let number = inotify::add_watch(&*shared.inotify, path, WatchFlags::CLOSE_WRITE)?;
        let news = Arc::new(News { word, count: AtomicU32::new(0) });
        files.entry(number).or_default().push(news.clone());
        drop(files);
        Ok(Watched { watch: self.clone(), number, news })
    }

    /// Whether this process started it, and not the one that forked this.
    fn is_here(&self) -> bool {
        self.thread.here().is_true()
    }
}

impl Thread {
    fn here(&self) -> Here {
        self.shared.end.here()
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let handle = self.handle.take();
        if !self.here().is_true() {
            // The thread is the parent's, and so is what would end it.
            return core::mem::forget(handle);
        }
        // Fails only if it is to end already.
        let _ = rustix::io::write(&*self.shared.end, &1u64.to_ne_bytes());
        let _ = handle.map(JoinHandle::join);
    }
}

impl Shared {
    /// What the thread does. If the kernel gives nothing more there will be no news, and those who
    /// wait for it ask as often as without.
    fn run(&self) {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        loop {
            let mut ready = [
                PollFd::new(&*self.end, PollFlags::IN),
                PollFd::new(&*self.inotify, PollFlags::IN),
            ];
            match poll(&mut ready, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            let [end, _] = &ready;
            if !end.revents().is_empty() || !self.tell_all(&mut buffer) {
                return;
            }
        }
    }

    /// Tells what there is. `false`: there will be no more.
    fn tell_all(&self, buffer: &mut [MaybeUninit<u8>]) -> bool {
        let mut events = inotify::Reader::new(&*self.inotify, buffer);
        loop {
            match events.next() {
                Ok(event) => self.tell(event.wd(), event.events()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return true,
                Err(_) => return false,
            }
        }
    }

    fn tell(&self, number: i32, events: ReadFlags) {
        let files = locked(&self.files);
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            // Some were lost: of which files is not known.
            files.values().flatten().for_each(|news| news.tell());
        } else if events.contains(ReadFlags::CLOSE_WRITE) {
            files.get(&number).into_iter().flatten().for_each(|news| news.tell());
        }
    }
}

impl News {
    fn tell(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        // SYNC news: who sees the word sees the count, in `Watched::count`, or asks for the lock.
        self.word.fetch_add(1, Ordering::Release);
        self.word.wake_all();
    }
}

impl Watched {
    /// The word that is added to.
    pub fn word(&self) -> &Futex {
        &self.news.word
    }

    /// How often there has been news of this file. With [`word`](Self::word) loaded (Acquire)
    /// before, all is counted that had been added to the word by then.
    pub fn count(&self) -> u32 {
        self.news.count.load(Ordering::Relaxed)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.watch.is_here() {
            return;
        }
        let shared = &self.watch.thread.shared;
        let mut files = locked(&shared.files);
        let Some(waiters) = files.get_mut(&self.number) else { return };
        waiters.retain(|news| !Arc::ptr_eq(news, &self.news));
        if waiters.is_empty() {
            files.remove(&self.number);
            // The kernel may have given the watch up, with its file system.
            let _ = inotify::remove_watch(&*shared.inotify, self.number);
        }
    }
}
