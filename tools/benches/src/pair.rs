//! Two sides, each on a core of its own: two processes, or two threads of one.

use std::any::Any;
use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

/// The most figures that a side can report.
const FIGURES: usize = 1 << 18;

/// Where the two sides meet, in memory that both have.
#[repr(C, align(128))]
pub struct Meeting {
    arrived: Lone<AtomicU32>,
    over: Lone<AtomicU32>,
    reports: [Report; 2],
}

#[repr(C, align(128))]
struct Lone<T>(T);

#[repr(C, align(128))]
struct Report {
    len: AtomicU64,
    figures: [AtomicU64; FIGURES],
}

impl Meeting {
    /// Waits for the other side, which calls this as often as this one.
    pub fn meet(&self) {
        let mine = self.arrived.0.fetch_add(1, Ordering::AcqRel);
        // The first to come leaves an odd count, the second makes it even again.
        let both = (mine / 2 + 1) * 2;
        let mut spins = 0u32;
        while self.arrived.0.load(Ordering::Acquire) < both {
            std::hint::spin_loop();
            spins += 1;
            if spins.is_multiple_of(1 << 20) {
                std::thread::yield_now();
            }
        }
    }

    /// Says that the receiving side has all that it wants.
    pub fn end(&self) {
        self.over.0.store(1, Ordering::Release);
    }

    /// Whether the receiving side has all that it wants.
    pub fn is_over(&self) -> bool {
        self.over.0.load(Ordering::Relaxed) != 0
    }
}

/// A meeting, mapped into this process and its children.
struct Shared(NonNull<Meeting>);

impl Shared {
    fn new() -> Result<Shared> {
        let len = NonZeroUsize::new(size_of::<Meeting>()).context("a meeting has a size")?;
        let (prot, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping, anywhere.
        let memory = unsafe { mmap_anonymous(None, len, prot, flags) }.context("mmap")?;
        Ok(Shared(memory.cast()))
    }
}

impl std::ops::Deref for Shared {
    type Target = Meeting;

    fn deref(&self) -> &Meeting {
        // SAFETY: mapped until `self` is dropped; zeros are a meeting to which nobody has come.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and no reference to it outlives `self`.
        let outcome = unsafe { munmap(self.0.cast(), size_of::<Meeting>()) };
        debug_assert_eq!(outcome, Ok(()));
    }
}

/// The two cores that the sides run on.
#[derive(Clone, Copy, Debug)]
pub struct Cores(pub [usize; 2]);

impl Cores {
    /// The first two that this process may use.
    pub fn first_two() -> Result<Cores> {
        let allowed = sched_getaffinity(Pid::from_raw(0)).context("sched_getaffinity")?;
        let mut cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core) == Ok(true));
        match (cores.next(), cores.next()) {
            (Some(first), Some(second)) => Ok(Cores([first, second])),
            _ => bail!("this takes two cores, and there is one"),
        }
    }

    /// The first of them for both sides.
    pub fn shared(self) -> Cores {
        Cores([self.0[0]; 2])
    }

    /// Has this process run on one of them.
    pub fn pin(self, side: usize) -> Result<()> {
        let mut set = CpuSet::new();
        set.set(self.0[side]).context("a core's number")?;
        sched_setaffinity(Pid::from_raw(0), &set).context("pinning to a core")
    }
}

/// How two sides run.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub cores: Cores,
    /// Two threads of one process, for a transport that goes no further.
    pub threads: bool,
    /// When both are killed.
    pub limit: Duration,
}

/// What a side does. It returns figures, at most 2^18.
pub trait Side: FnOnce(&Meeting) -> Result<Vec<u64>> + Send {}

impl<F: FnOnce(&Meeting) -> Result<Vec<u64>> + Send> Side for F {}

/// Runs two sides to their ends and returns their figures.
pub fn run(setting: Setting, first: impl Side, second: impl Side) -> Result<[Vec<u64>; 2]> {
    let meeting = Shared::new()?;
    let cores = setting.cores;
    if setting.threads {
        let child = Child::start(|| {
            std::thread::scope(|scope| {
                let meeting: &Meeting = &meeting;
                let other = scope.spawn(move || meeting.side(cores, 1, second));
                let one = meeting.side(cores, 0, first);
                one.and(other.join().unwrap_or_else(|panic| Err(said(&*panic))))
            })
        })?;
        child.join(setting.limit)?;
    } else {
        let one = Child::start(|| meeting.side(cores, 0, first))?;
        let other = Child::start(|| meeting.side(cores, 1, second))?;
        join_both(one, other, setting.limit)?;
    }
    Ok([meeting.figures(0), meeting.figures(1)])
}

impl Meeting {
    fn side(&self, cores: Cores, side: usize, work: impl Side) -> Result<()> {
        cores.pin(side)?;
        let figures = work(self)?;
        let report = &self.reports[side];
        ensure!(figures.len() <= FIGURES, "{} figures are too many", figures.len());
        for (to, from) in report.figures.iter().zip(&figures) {
            to.store(*from, Ordering::Relaxed);
        }
        report.len.store(figures.len() as u64, Ordering::Release);
        Ok(())
    }

    fn figures(&self, side: usize) -> Vec<u64> {
        let report = &self.reports[side];
        let len = report.len.load(Ordering::Acquire) as usize;
        report.figures.iter().take(len).map(|f| f.load(Ordering::Relaxed)).collect()
    }
}

/// A process that was forked, killed and collected when it is dropped.
pub struct Child {
    pid: Option<Pid>,
    /// What it says if it fails; ends when the process does.
    words: PipeReader,
}

impl Child {
    /// Runs `work` in a child. This process must have one thread.
    pub fn start(work: impl FnOnce() -> Result<()>) -> Result<Child> {
        let (words, to_parent) = pipe().context("pipe")?;
        // SAFETY: this process has a single thread, so that the child is as good as its parent.
        match unsafe { fork() }.context("fork")? {
            ForkResult::Parent { child } => Ok(Child { pid: Some(child), words }),
            ForkResult::Child => {
                drop(words);
                Child::live(work, to_parent)
            }
        }
    }

    fn live(work: impl FnOnce() -> Result<()>, mut to_parent: PipeWriter) -> ! {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        let outcome = outcome.unwrap_or_else(|panic| Err(said(&*panic)));
        let code = match outcome {
            Ok(()) => 0,
            Err(error) => {
                // Should the parent be gone, nobody is left to be told.
                let _ = write!(to_parent, "{error:#}");
                1
            }
        };
        // SAFETY: ends the process without the parent's destructors and exit handlers.
        unsafe { nix::libc::_exit(code) }
    }

    /// Waits for its end, until `limit` is over.
    pub fn join(mut self, limit: Duration) -> Result<()> {
        self.wait_until(Instant::now() + limit)?;
        self.collect()
    }

    fn wait_until(&self, deadline: Instant) -> Result<()> {
        let mut ends = [PollFd::new(self.words.as_fd(), PollFlags::POLLIN)];
        poll_until(&mut ends, deadline)
    }

    /// The process has ended, or is about to.
    fn collect(&mut self) -> Result<()> {
        let Some(pid) = self.pid.take() else { return Ok(()) };
        let words = std::io::read_to_string(&self.words).context("reading what a child said")?;
        match waitpid(pid, None).context("waitpid")? {
            WaitStatus::Exited(_, 0) => Ok(()),
            _ if !words.is_empty() => Err(anyhow!("{words}")),
            status => Err(anyhow!("a side ended with {status:?}")),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(pid) = self.pid.take() {
            // Not collected yet, so the number is still this child's.
            let _ = kill(pid, Signal::SIGKILL);
            let _ = waitpid(pid, None);
        }
    }
}

fn join_both(mut one: Child, mut other: Child, limit: Duration) -> Result<()> {
    let deadline = Instant::now() + limit;
    let mut ends = [
        PollFd::new(one.words.as_fd(), PollFlags::POLLIN),
        PollFd::new(other.words.as_fd(), PollFlags::POLLIN),
    ];
    poll_until(&mut ends, deadline)?;
    let first_to_end = ends[0].any().unwrap_or(false);
    let (first, second) =
        if first_to_end { (&mut one, &mut other) } else { (&mut other, &mut one) };
    // If one fails the other would wait for it for ever, and is killed as it is dropped.
    first.collect()?;
    second.wait_until(deadline)?;
    second.collect()
}

fn poll_until(ends: &mut [PollFd<'_>], deadline: Instant) -> Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero(), "it took too long");
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(ends, left) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error).context("poll"),
        }
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> anyhow::Error {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
    anyhow!("panicked: {text}")
}
