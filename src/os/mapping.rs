//! The memory of a ring that processes share. The only place in which it is mapped.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::string::String;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memmap2::{Advice, MmapMut, MmapOptions, MmapRaw};

use super::directory::Directory;
use super::lock::{self, Lock};
use crate::error::HeaderError;
use crate::geometry::{Geometry, Schema};
use crate::header::Instance;
use crate::storage::raw::{self, RawParts};
use crate::storage::{Claim, Owner, Storage};

/// The two mappings of a ring. They stay until the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The producer's, unless it keeps them.
    names: Mutex<Option<Names>>,
    here: Arc<Here>,
    files: Files,
    /// Whether this process can have descriptions of its own for its locks. If not, those who share
    /// this mapping share their locks too, and cannot tell from them who lives.
    own_locks: bool,
    /// Held with the registry's lock, which does not keep those apart who share one.
    registry: Mutex<()>,
    data: ManuallyDrop<MmapRaw>,
    control: Option<ManuallyDrop<MmapRaw>>,
}

/// Whether the mappings are in this process, or only in its parent: in a child that was forked there
/// is nothing where they were, or something else by now. The kernel tells, by a page that it clears
/// in such a child (`MADV_WIPEONFORK`, Linux 4.14).
#[derive(Debug)]
pub(super) struct Here(MmapMut);

/// The files that are mapped: to ask who holds a lock on them, and to open them once more. What is
/// mapped keeps a description alive, and so its locks: these have none.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) data: File,
    pub(super) control: Option<File>,
}

impl Here {
    fn new() -> io::Result<Here> {
        let mut page = MmapMut::map_anon(1)?;
        let (start, len) = (page.as_mut_ptr().cast(), page.len());
        // SAFETY: the page is ours, and what it does to its content is done in other processes.
        unsafe { rustix::mm::madvise(start, len, rustix::mm::Advice::LinuxWipeOnFork) }?;
        if let Some(byte) = page.first_mut() {
            *byte = 1;
        }
        Ok(Here(page))
    }

    pub(super) fn is_true(&self) -> bool {
        self.0.first() == Some(&1)
    }
}

/// Keeps others from making entries of names. First the lock goes, then what keeps those here apart.
#[derive(Debug)]
pub(crate) struct Registry<'a> {
    _lock: Lock,
    _here: MutexGuard<'a, ()>,
}

/// How often, a millisecond apart, the registry's lock is asked for.
const REGISTRY_ATTEMPTS: u32 = 1000;

/// The names of a ring that go when its producer goes.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) directory: Directory,
    /// The directory's path, for errors.
    pub(super) path: PathBuf,
    pub(super) data_name: String,
    pub(super) control_name: String,
}

/// What may be done through a mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All of the file is about to be written.
    Creating,
    ReadWrite,
    ReadOnly,
}

fn map(file: &File, len: usize, kind: Kind) -> io::Result<MmapRaw> {
    crash_point!();
    let mut options = MmapOptions::new();
    options.len(len);
    let memory = match kind {
        Kind::Creating => options.populate().map_raw(file),
        Kind::ReadWrite => options.map_raw(file),
        Kind::ReadOnly => options.map_raw_read_only(file),
    }?;
    // Else a child that forks without `exec` would be a second owner of every handle: dropped there,
    // a producer would close the ring of the parent's.
    memory.advise(Advice::DontFork)?;
    Ok(memory)
}

fn start(memory: &MmapRaw) -> io::Result<NonNull<u8>> {
    NonNull::new(memory.as_mut_ptr()).ok_or_else(|| io::Error::other("mapped at address 0"))
}

impl Mapping {
    /// Maps the two files of a new ring, which are as long as the geometry wants them.
    pub(super) fn create(files: Files, geometry: &Geometry) -> io::Result<Self> {
        Mapping::new(files, (geometry.data_len, geometry.control_len), Kind::Creating)
    }

    /// Maps the files of a ring that is there, in the lengths that they have, for its next producer.
    pub(super) fn take_over(files: Files, lengths: (usize, usize)) -> io::Result<Self> {
        Mapping::new(files, lengths, Kind::ReadWrite)
    }

    /// Maps the files of a ring that is there, in the lengths that they have, for consumers.
    pub(super) fn attach(files: Files, lengths: (usize, usize)) -> io::Result<Self> {
        Mapping::new(files, lengths, Kind::ReadOnly)
    }

    /// `kind` is what may be done with the data. Control is written by everybody who may.
    fn new(files: Files, (data_len, control_len): (usize, usize), kind: Kind) -> io::Result<Self> {
        let here = Here::new()?;
        let data = map(&files.data, data_len, kind)?;
        let kind = if kind == Kind::ReadOnly { Kind::ReadWrite } else { kind };
        let control = files.control.as_ref();
        let control = control.map(|file| map(file, control_len, kind)).transpose()?;
        Ok(Mapping {
            names: Mutex::new(None),
            here: Arc::new(here),
            own_locks: lock::reopen(&files.data, false)?.is_some(),
            registry: Mutex::new(()),
            files,
            data: ManuallyDrop::new(data),
            control: control.map(ManuallyDrop::new),
        })
    }

    /// Whether those who share this mapping's files can tell from locks who lives.
    pub(crate) fn has_own_locks(&self) -> bool {
        self.own_locks
    }

    /// Takes the lock that shows that the producer lives. `None`: somebody else has it.
    pub(super) fn lock_as_producer(&self) -> io::Result<Option<Lock>> {
        Lock::take(lock::again(&self.files.data, true)?, lock::PRODUCER, &self.here)
    }

    /// Shows that the ring is being made, until it is dropped.
    pub(super) fn lock_as_creator(&self) -> io::Result<Option<Lock>> {
        match &self.files.control {
            None => Ok(None),
            Some(control) => Lock::take(lock::again(control, true)?, lock::CREATOR, &self.here),
        }
    }

    /// Whether the producer lives, as far as can be told.
    pub(crate) fn producer_is_alive(&self) -> bool {
        lock::is_held(&self.files.data, lock::PRODUCER).unwrap_or(true)
    }

    /// The control file once more, for a lock. An error where locks have descriptions of their own, and `/proc`
    /// has gone since: with a shared one the living would be taken for dead.
    fn control_again(&self, control: &File) -> io::Result<File> {
        match lock::reopen(control, true)? {
            Some(file) => Ok(file),
            None if self.own_locks => Err(io::Error::from_raw_os_error(libc::ENOENT)),
            None => control.try_clone(),
        }
    }

    /// Asks for an entry.
    pub(crate) fn claim(&self, entry: usize) -> io::Result<Claim> {
        let Some(control) = &self.files.control else { return Ok(Claim::Open(None)) };
        let at = entry as u64;
        // Where locks are shared this may be that of another handle here: whoever does not get the
        // entry gives it back with `Lock::abandon`.
        if lock::is_held(control, at)? {
            return Ok(Claim::Taken);
        }
        let seat = Lock::take(self.control_again(control)?, at, &self.here)?;
        Ok(match seat {
            None => Claim::Taken,
            Some(seat) if self.own_locks => Claim::Ours(seat),
            shared => Claim::Open(shared),
        })
    }

    /// Calls `reset` if the entry's owner is dead, while nobody else can take the entry.
    pub(crate) fn reap(&self, entry: usize, reset: impl FnOnce()) {
        let (Some(control), true) = (&self.files.control, self.own_locks) else { return };
        let at = entry as u64;
        // Asking first: a lock that is held for a moment would keep others from what is theirs.
        if lock::is_held(control, at).unwrap_or(true) {
            return;
        }
        // With a description of its own: those who share one share its locks, and two threads here could
        // reap the same entry at once.
        let own = self.control_again(control);
        if let Ok(Some(_lock)) = own.and_then(|file| Lock::take(file, at, &self.here)) {
            reset();
        }
    }

    /// Whether nobody has an entry's lock, as far as can be told.
    pub(crate) fn is_dead(&self, entry: usize) -> bool {
        let control = self.files.control.as_ref().filter(|_| self.own_locks);
        control.is_some_and(|control| !lock::is_held(control, entry as u64).unwrap_or(true))
    }

    /// Waits for the lock of those who look for a name among the entries, but not for ever: its holder
    /// may be stopped.
    pub(crate) fn registry(&self) -> io::Result<Registry<'_>> {
        let here = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(control) = &self.files.control else {
            return Err(io::ErrorKind::PermissionDenied.into());
        };
        for _ in 0..REGISTRY_ATTEMPTS {
            let file = self.control_again(control)?;
            if let Some(lock) = Lock::take(file, lock::REGISTRY, &self.here)? {
                return Ok(Registry { _lock: lock, _here: here });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(io::Error::from_raw_os_error(libc::EAGAIN))
    }

    /// Whether it is this process that has it mapped, and not the one that forked this.
    pub(crate) fn is_here(&self) -> bool {
        self.here.is_true()
    }

    /// From now on the names go with the mapping.
    pub(super) fn own(&self, names: Names) {
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
    }

    /// Has the names go now, or stay when the mapping goes. The error says which has stayed that was
    /// to go.
    pub(crate) fn give_up_names(&self, remove: bool) -> Result<(), (PathBuf, io::Error)> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner).take();
        names.filter(|_| remove).map_or(Ok(()), |names| names.remove(&self.files.data))
    }

    /// Whether the data has a name, by which a successor could find it.
    pub(crate) fn has_name(&self) -> bool {
        // Of what cannot be asked more is not known than that it had one.
        rustix::fs::fstat(&self.files.data).map_or(true, |stat| stat.st_nlink > 0)
    }

    pub(super) fn data(&self) -> &File {
        &self.files.data
    }

    pub(super) fn control(&self) -> Option<&File> {
        self.files.control.as_ref()
    }

    fn parts(&self) -> io::Result<RawParts> {
        Ok(RawParts {
            data: start(&self.data)?,
            data_len: self.data.len(),
            control: self.control.as_deref().map(start).transpose()?,
            control_len: self.control.as_deref().map_or(0, MmapRaw::len),
        })
    }
}

/// Makes an empty ring of a mapping that nobody else has: of files that have no name yet, which are
/// zeros.
pub(super) fn create(
    mapping: &Arc<Mapping>,
    geometry: Geometry,
    instance: Instance,
) -> io::Result<Storage> {
    let parts = mapping.parts()?;
    // SAFETY: mapped for reading and writing; what the kernel maps is initialised; and nobody can
    // have opened files that have no name.
    let view = unsafe { raw::create(parts, geometry, instance) }.map_err(io::Error::other)?;
    // SAFETY: the mappings are there for as long as their owner.
    Ok(unsafe { Storage::new(view, owner(mapping)) })
}

/// Finds the ring that is in a mapping.
///
/// Other processes write there at any time, and no promise of theirs is relied on: this program's
/// memory model knows of atomic loads that return any values, and that is what every load through
/// the view is.
pub(super) fn attach(
    mapping: &Arc<Mapping>,
    expected: Schema,
    tag: u64,
) -> io::Result<Result<Storage, HeaderError>> {
    let parts = mapping.parts()?;
    // SAFETY: mapped for reading, control for writing too, and what the kernel maps is initialised.
    let (view, _) = match unsafe { raw::attach(parts, expected, tag) } {
        Ok(found) => found,
        Err(error) => return Ok(Err(error)),
    };
    // SAFETY: the mappings are there for as long as their owner.
    Ok(Ok(unsafe { Storage::new(view, owner(mapping)) }))
}

fn owner(mapping: &Arc<Mapping>) -> Owner {
    Owner::Mapped { mapping: mapping.clone() }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if !self.is_here() {
            // They are the parent's, and what they would unmap here is somebody else's.
            return;
        }
        // The names go before the memory does. An error is told by `Producer::close`; here it has
        // no one to go to, and `unlink` will say it.
        let _ = self.give_up_names(true);
        // SAFETY: not used again, the mapping being dropped.
        unsafe { ManuallyDrop::drop(&mut self.data) };
        if let Some(control) = &mut self.control {
            // SAFETY: as above.
            unsafe { ManuallyDrop::drop(control) };
        }
    }
}

impl Names {
    fn remove(&self, data: &File) -> Result<(), (PathBuf, io::Error)> {
        // First data: what has no data is no ring. If the name is another ring's by now, that one is
        // left alone; the control file's name has our instance in it and can only be ours.
        let first = self.directory.remove(&self.data_name, data);
        let second = self.directory.remove_name(&self.control_name);
        let failed = |name, errno: rustix::io::Errno| (self.path.join(name), errno.into());
        first.map_err(|errno| failed(&self.data_name, errno))?;
        second.map_err(|errno| failed(&self.control_name, errno))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::options::Options;

    fn mapping() -> Mapping {
        let geometry = Options::<u64>::new(8).geometry().unwrap();
        let directory = Directory::open(Path::new("/dev/shm")).unwrap();
        let file = |len: usize| {
            let file = directory.unnamed_file().unwrap();
            file.set_len(len as u64).unwrap();
            file
        };
        let files =
            Files { data: file(geometry.data_len), control: Some(file(geometry.control_len)) };
        Mapping::create(files, &geometry).unwrap()
    }

    #[test]
    fn of_two_threads_that_find_somebody_dead_one_clears_up() {
        let mapping = mapping();
        let cleared = AtomicU32::new(0);
        let clear = || {
            cleared.fetch_add(1, Ordering::Relaxed);
        };
        mapping.reap(0, || {
            clear();
            std::thread::scope(|scope| scope.spawn(|| mapping.reap(0, clear)).join().unwrap());
        });
        assert_eq!(cleared.load(Ordering::Relaxed), 1);
        mapping.reap(0, clear);
        assert_eq!(cleared.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn whose_lock_is_held_is_not_dead() {
        let mapping = mapping();
        let Ok(Claim::Ours(seat)) = mapping.claim(0) else { panic!("not to be had") };
        mapping.reap(0, || panic!("it lives"));
        drop(seat);
        let mut cleared = false;
        mapping.reap(0, || cleared = true);
        assert!(cleared);
    }
}
