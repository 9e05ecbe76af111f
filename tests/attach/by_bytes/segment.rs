//! "Opening": files, mappings, headers, locks, sleeping.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::{acquire, full};

/// Flags of a ring's header.
pub(crate) mod flags {
    pub(crate) const VARIABLE: u32 = 1;
    pub(crate) const OVERWRITE: u32 = 2;
    pub(crate) const NO_OBSERVERS: u32 = 8;
    pub(crate) const HOLD_IN_PLACE: u32 = 16;
    pub(crate) const KNOWN: u32 = 31;
}

/// Words of the data segment.
pub(crate) mod data {
    pub(crate) const HEAD: u64 = 128;
    pub(crate) const CLOSED: u64 = 136;
    pub(crate) const LAPPED: u64 = 140;
    pub(crate) const EPOCH: u64 = 144;
    pub(crate) const WAKE: u64 = 148;
    pub(crate) const MODE: u64 = 152;
    pub(crate) const GUARDED: u64 = 156;
    pub(crate) const MAX_LAG: u64 = 160;
    pub(crate) const KEPT: u64 = 176;
    pub(crate) const RECLAIMED: u64 = 184;
    pub(crate) const EVICTIONS: u64 = 256;
}

/// Words of the control segment.
pub(crate) mod control {
    pub(crate) const SLEEPERS: u64 = 128;
    pub(crate) const WAITING: u64 = 256;
}

/// Words of an entry.
pub(crate) mod entry {
    pub(crate) const OWNER: u64 = 0;
    pub(crate) const JOINED: u64 = 4;
    pub(crate) const GENERATION: u64 = 8;
    pub(crate) const DURABLE: u64 = 12;
    pub(crate) const GATE: u64 = 16;
    pub(crate) const NAME_LEN: u64 = 24;
    pub(crate) const NAME: u64 = 28;
    pub(crate) const PINNED: u64 = 108;
    pub(crate) const AT_MOST_ONCE: u64 = 112;
    pub(crate) const RETURNS: u64 = 116;
    pub(crate) const BELL: u64 = 120;
    pub(crate) const START: u64 = 128;
    pub(crate) const RECEIVED: u64 = 136;
    pub(crate) const REDELIVERED: u64 = 144;
    pub(crate) const PROCESS: u64 = 148;
}

/// A file that is mapped whole.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) file: File,
    path: PathBuf,
    base: NonNull<u8>,
    len: u64,
}

// SAFETY: what is mapped is reached by atomic operations alone.
unsafe impl Send for Mapped {}

impl Mapped {
    /// Steps 1 and 2.
    fn open(path: &Path, writable: bool) -> io::Result<Mapped> {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = File::options().read(true).write(writable).custom_flags(flags).open(path)?;
        let stat = file.metadata()?;
        if !stat.is_file() || stat.len() < 256 {
            return Err(io::Error::other("no segment"));
        }
        let protection =
            if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let (len, at) = (stat.len() as usize, std::ptr::null_mut());
        // SAFETY: a new mapping, wherever the kernel puts it, of a file that is so long.
        let base =
            unsafe { libc::mmap(at, len, protection, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        let base = NonNull::new(base.cast()).filter(|_| base != libc::MAP_FAILED);
        let base = base.ok_or_else(io::Error::last_os_error)?;
        Ok(Mapped { file, path: path.into(), base, len: stat.len() })
    }

    /// A word of 32 bits.
    pub(crate) fn u32(&self, at: u64) -> &AtomicU32 {
        assert!(at % 4 == 0 && at + 4 <= self.len, "{at} of {}", self.len);
        // SAFETY: within the mapping, which lives as long as `self`, and aligned.
        unsafe { AtomicU32::from_ptr(self.base.as_ptr().wrapping_add(at as usize).cast()) }
    }

    /// A word of 64 bits.
    pub(crate) fn u64(&self, at: u64) -> &AtomicU64 {
        assert!(at % 8 == 0 && at + 8 <= self.len, "{at} of {}", self.len);
        // SAFETY: within the mapping, which lives as long as `self`, and aligned.
        unsafe { AtomicU64::from_ptr(self.base.as_ptr().wrapping_add(at as usize).cast()) }
    }

    /// A field of the header that does not change.
    fn field(&self, at: u64) -> u64 {
        u64::from(self.u32(at).load(Ordering::Relaxed))
    }

    fn wide(&self, at: u64) -> u64 {
        self.field(at) | self.field(at + 4) << 32
    }

    /// Step 3, of a segment of that kind. Returns the instance.
    fn check_envelope(&self, kind: &[u8; 4]) -> io::Result<[u32; 4]> {
        let mut first = [0; 16];
        self.file.read_exact_at(&mut first, 0)?;
        let holds = &first[..8] == b"RINGWAY\0"
            && self.field(8) == 0x0102_0304
            && &first[12..] == kind
            && self.field(16) == 2
            && self.field(20) == 8
            && self.wide(48) <= self.len;
        match holds {
            true => Ok([32, 36, 40, 44].map(|at| self.field(at) as u32)),
            false => Err(io::Error::other("not a segment of this kind, version and word size")),
        }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: it is ours, and no reference to it is left.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len as usize) };
    }
}

/// What a ring's header says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) flags: u32,
    pub(crate) capacity: u64,
    pub(crate) max_len: u64,
    pub(crate) origin: u64,
    pub(crate) stride: u64,
    pub(crate) payload: u64,
    pub(crate) slots: u64,
    pub(crate) arena: u64,
    pub(crate) arena_len: u64,
    pub(crate) subscribers: u64,
    pub(crate) groups: u64,
    pub(crate) workers: u64,
    entries: u64,
    entry_size: u64,
}

/// A ring that is open. `control` only for those who do more than look on.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) data: Mapped,
    pub(crate) control: Option<Mapped>,
    pub(crate) shape: Shape,
    pub(crate) mode: u32,
}

/// What a role wants of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Observer,
    Consumer,
    Producer,
}

impl Ring {
    pub(crate) fn open(path: &Path, role: Role) -> io::Result<Ring> {
        let data = Mapped::open(path, role == Role::Producer)?;
        let instance = data.check_envelope(b"RDAT")?;
        let shape = Shape::read(&data)?;
        let control = match role {
            Role::Observer => None,
            Role::Consumer | Role::Producer => {
                // Steps 5 and 6.
                let digits: String = instance.iter().map(|word| format!("{word:08x}")).collect();
                let name = format!("{}.{digits}.ctl", path.display());
                let control = Mapped::open(Path::new(&name), true)?;
                if control.check_envelope(b"RCTL")? != instance || control.len < shape.control_len()
                {
                    return Err(io::Error::other("another ring's control segment"));
                }
                Some(control)
            }
        };
        let mode = data.u32(data::MODE).load(Ordering::Relaxed);
        Ok(Ring { data, control, shape, mode })
    }

    pub(crate) fn control(&self) -> &Mapped {
        self.control.as_ref().expect("a role with a control segment")
    }

    /// Where the slot of a position begins.
    pub(crate) fn slot(&self, position: u64) -> u64 {
        self.shape.slots + (position & (self.shape.capacity - 1)) * self.shape.stride
    }

    /// The state of a position's slot.
    pub(crate) fn state(&self, position: u64) -> u64 {
        self.data.u64(self.slot(position)).load(Ordering::Relaxed)
    }

    pub(crate) fn head(&self) -> u64 {
        let head = self.data.u64(data::HEAD).load(Ordering::Relaxed);
        acquire();
        head
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.data.u32(data::CLOSED).load(Ordering::Relaxed) == 1
    }

    /// Messages that the producer sends between two looks at its consumers.
    pub(crate) fn credit(&self) -> u64 {
        (self.shape.capacity / 8).max(1)
    }

    pub(crate) fn evicted(&self, entry: u64) -> u32 {
        self.data.u32(data::EVICTIONS + 4 * entry).load(Ordering::Relaxed)
    }

    /// A word of 32 bits of an entry.
    pub(crate) fn entry(&self, index: u64, field: u64) -> &AtomicU32 {
        self.control().u32(self.shape.entries + index * self.shape.entry_size + field)
    }

    /// The same of 64 bits.
    pub(crate) fn entry_wide(&self, index: u64, field: u64) -> &AtomicU64 {
        self.control().u64(self.shape.entries + index * self.shape.entry_size + field)
    }

    /// A group's claim on the slot of a position.
    pub(crate) fn claim(&self, group: u64, position: u64) -> &AtomicU64 {
        let at = self.shape.claims() + group * self.shape.claims_stride();
        self.control().u64(at + 8 * (position & (self.shape.capacity - 1)))
    }

    /// The light fence of every mode, for a program that has not registered for `membarrier`.
    pub(crate) fn light(&self) {
        full();
    }

    /// The heavy fence. `false`: a sleep has to be short.
    pub(crate) fn heavy(&self) -> bool {
        const GLOBAL_EXPEDITED: libc::c_int = 1 << 1;
        full();
        // SAFETY: a call without pointers.
        self.mode == 0
            || unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL_EXPEDITED, 0, 0) } == 0
    }

    /// Wakes the producer, if it sleeps, behind the light fence.
    pub(crate) fn wake_producer(&self) {
        self.light();
        let waiting = self.control().u32(control::WAITING);
        if waiting.load(Ordering::Relaxed) != 0 {
            waiting.store(0, Ordering::Relaxed);
            futex_wake(waiting);
        }
    }

    /// Opens the control file anew and locks one byte of it.
    pub(crate) fn lock_control(&self, byte: u64) -> io::Result<Option<File>> {
        lock_anew(&self.control().path, byte)
    }

    /// The same of the data file.
    pub(crate) fn lock_data(&self, byte: u64) -> io::Result<Option<File>> {
        lock_anew(&self.data.path, byte)
    }

    /// Whether a process that may write the data file holds the producer's lock.
    pub(crate) fn producer_lives(&self) -> io::Result<bool> {
        let mut lock = byte_lock(libc::F_RDLCK, 0);
        control(&self.data.file, libc::F_OFD_GETLK, &mut lock)?;
        Ok(lock.l_type == libc::F_WRLCK as libc::c_short)
    }

    /// Whether the ring's name still leads to the file that is mapped.
    pub(crate) fn has_name(&self) -> bool {
        let (named, here) = (std::fs::metadata(&self.data.path), self.data.file.metadata());
        matches!((named, here), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
    }

    /// Removes both names.
    pub(crate) fn remove_names(&self) -> io::Result<()> {
        std::fs::remove_file(&self.data.path)?;
        std::fs::remove_file(&self.control().path)
    }
}

impl Shape {
    /// Step 4.
    fn read(data: &Mapped) -> io::Result<Shape> {
        let (entries, groups) = (data.field(120), data.field(124));
        let shape = Shape {
            flags: data.field(64) as u32,
            capacity: data.wide(72),
            max_len: data.field(80),
            origin: data.wide(88),
            stride: data.field(96),
            payload: data.field(100),
            slots: data.field(104),
            arena: data.wide(112),
            arena_len: 128 * data.field(108),
            subscribers: data.field(68),
            groups: groups & 0xffff,
            workers: groups >> 16,
            entries: entries & 0xffff,
            entry_size: entries >> 16,
        };
        let slots_end = shape.capacity.checked_mul(shape.stride).map(|all| shape.slots + all);
        let holds = shape.flags & !flags::KNOWN == 0
            && shape.capacity.is_power_of_two()
            && shape.stride % 8 == 0
            && shape.slots % 8 == 0
            && shape.payload + shape.max_len <= shape.stride
            && slots_end.is_some_and(|end| end <= data.len)
            && shape.arena.checked_add(shape.arena_len).is_some_and(|end| end <= data.len);
        if holds { Ok(shape) } else { Err(io::Error::other("a header that cannot be")) }
    }

    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Entries that have gates.
    pub(crate) fn gates(&self) -> u64 {
        self.subscribers + self.groups
    }

    /// Where the first group's claims are.
    fn claims(&self) -> u64 {
        let entries = self.gates() + self.workers;
        (self.entries + entries * self.entry_size).next_multiple_of(128)
    }

    fn claims_stride(&self) -> u64 {
        (8 * self.capacity).next_multiple_of(128)
    }

    fn control_len(&self) -> u64 {
        match self.groups {
            0 => self.entries + (self.gates() + self.workers) * self.entry_size,
            groups => self.claims() + groups * self.claims_stride(),
        }
    }
}

fn byte_lock(kind: libc::c_int, byte: u64) -> libc::flock {
    // SAFETY: a structure of numbers, of which 0 is one.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = byte as libc::off_t;
    lock.l_len = 1;
    lock
}

fn control(file: &File, command: libc::c_int, lock: &mut libc::flock) -> io::Result<()> {
    // SAFETY: a lock is what these commands take, and it lives through the call.
    match unsafe { libc::fcntl(file.as_raw_fd(), command, lock) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `None`: another description has the lock. It is given up when the file is dropped.
fn lock_anew(path: &Path, byte: u64) -> io::Result<Option<File>> {
    let file = File::options().read(true).write(true).open(path)?;
    match control(&file, libc::F_OFD_SETLK, &mut byte_lock(libc::F_WRLCK, byte)) {
        Ok(()) => Ok(Some(file)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn futex_wait(word: &AtomicU32, expected: u32, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: limit.as_secs() as libc::time_t,
        tv_nsec: limit.subsec_nanos() as libc::c_long,
    };
    // SAFETY: the word and the limit live through the call.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, &raw const limit)
    };
}

pub(crate) fn futex_wake(word: &AtomicU32) {
    // SAFETY: the word lives through the call.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}
