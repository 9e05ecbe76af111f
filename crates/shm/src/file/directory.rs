//! Files in a directory: made without a name, given one, opened, and their names removed.

use std::format;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags};
use rustix::io::{Errno, Result};

use super::kind::{FileKind, FileSystem};
use crate::fork::Descriptor;

/// A directory, held by its descriptor: what becomes of its path does not matter any more.
#[derive(Debug)]
pub struct Directory(OwnedFd);

/// Why there is no file to read.
#[derive(Debug)]
pub enum NotOpened {
    /// What has the name is no file. It was not opened.
    NotAFile(FileKind),
    /// What the operating system says.
    Os(Errno),
}

impl From<Errno> for NotOpened {
    fn from(errno: Errno) -> Self {
        NotOpened::Os(errno)
    }
}

/// How often a name is looked at that is another file's by the time it is opened.
const LOOKS: u32 = 16;

/// How often, a millisecond apart, a lock that another process holds is asked for.
const LOCK_ATTEMPTS: u32 = 100;

impl Directory {
    /// Opens the directory at a path.
    pub fn open(path: &Path) -> std::io::Result<Directory> {
        crash_point!();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Directory(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// The same directory, held once more.
    pub fn again(&self) -> Result<Directory> {
        Ok(Directory(rustix::io::fcntl_dupfd_cloexec(&self.0, 0)?))
    }

    /// A new file that has no name and is gone when it is closed, unless it is linked.
    pub fn unnamed_file(&self) -> Result<File> {
        crash_point!();
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, c".", flags, Mode::RUSR | Mode::WUSR).map(File::from)
    }

    /// Opens a file of that name, and nothing else: to open a FIFO lets go of a writer that waits
    /// at its other end, and to open a device can do anything. So what has the name is looked at
    /// first, and what was opened is compared with that. Never waits.
    pub fn open_file(&self, name: &str, writable: bool) -> std::result::Result<File, NotOpened> {
        let access = if writable { OFlags::RDWR } else { OFlags::RDONLY };
        // Nonblocking, for what may have taken the name since: it means nothing to a file.
        let careful = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        for _ in 0..LOOKS {
            let handle = self.handle(name)?;
            let (kind, looked_at) = kind_and_identity(&handle)?;
            if let Some(kind) = kind {
                return Err(NotOpened::NotAFile(kind));
            }
            crash_point!();
            let file = match rustix::fs::openat(&self.0, name, access | careful, Mode::empty()) {
                // No longer the file that was looked at: a link, a socket, a directory.
                Err(Errno::LOOP | Errno::NXIO | Errno::NODEV | Errno::ISDIR) => continue,
                file => file?,
            };
            // While the handle is there, the file's number is not given to another.
            if kind_and_identity(&file)?.1 == looked_at {
                return Ok(file.into());
            }
        }
        Err(Errno::AGAIN.into())
    }

    /// To whom what has that name belongs. Takes no descriptor.
    pub fn owner(&self, name: &str) -> Result<u32> {
        Ok(rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?.st_uid)
    }

    /// How many bytes the file of that name has. Takes no descriptor.
    pub fn len(&self, name: &str) -> Result<u64> {
        let stat = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(u64::try_from(stat.st_size).unwrap_or(0))
    }

    /// What the directory is on.
    pub fn file_system(&self) -> Result<FileSystem> {
        // Its number is signed on some targets, and has 32 bits.
        rustix::fs::fstatfs(&self.0).map(|found| FileSystem(found.f_type as u64 & 0xffff_ffff))
    }

    /// The same for a handle, whose forked children must not keep it.
    pub fn open_kept(
        &self,
        name: &str,
        writable: bool,
    ) -> std::result::Result<Descriptor, NotOpened> {
        kept(|| self.open_file(name, writable))
    }

    /// As [`unnamed_file`](Self::unnamed_file), for a handle, whose forked children must not keep
    /// it.
    pub fn unnamed_kept(&self) -> Result<Descriptor> {
        kept(|| self.unnamed_file())
    }

    /// Gives the file a name, in one step: `EXIST` if it is taken.
    pub fn link(&self, file: &File, name: &str) -> Result<()> {
        crash_point!();
        // The thread's own: a thread can have descriptors that the process's first one has not.
        let unnamed = format!("/proc/thread-self/fd/{}", file.as_raw_fd());
        match rustix::fs::linkat(CWD, unnamed, &self.0, name, AtFlags::SYMLINK_FOLLOW) {
            // No /proc. The other way takes a capability, or a newer kernel.
            Err(Errno::NOENT) => rustix::fs::linkat(file, c"", &self.0, name, AtFlags::EMPTY_PATH),
            outcome => outcome,
        }
    }

    /// Gives what has the one name the other instead, in one step, and takes that from what has it.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        crash_point!();
        rustix::fs::renameat(&self.0, from, &self.0, to)
    }

    /// As [`rename`](Self::rename), if `file` has the other name: as in [`remove`](Self::remove).
    pub fn replace(&self, from: &str, to: &str, file: &File) -> Result<bool> {
        let locked = lock(file, LOCK_ATTEMPTS);
        let outcome = self.names(to, file).and_then(|is_named| {
            if is_named {
                self.rename(from, to)?;
            }
            Ok(is_named)
        });
        if locked {
            // It cannot fail; if it did, closing the file would end the lock.
            let _ = rustix::fs::flock(file, FlockOperation::Unlock);
        }
        outcome
    }

    /// Whether there is anything of that name. Takes no descriptor.
    pub fn has(&self, name: &str) -> Result<bool> {
        crash_point!();
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Whether `file` is what that names. Takes no descriptor: a process may have used up its own.
    pub fn names(&self, name: &str, file: &File) -> Result<bool> {
        crash_point!();
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(false),
            named => {
                // While `file` is open, no other file is given its number.
                let (named, file) = (named?, rustix::fs::fstat(file)?);
                Ok((named.st_dev, named.st_ino) == (file.st_dev, file.st_ino))
            }
        }
    }

    /// Removes the name if `file` is what it names. `false`: it does not, or not any more.
    ///
    /// Another process may remove the name, and give it to another file, between the comparison and
    /// the removal. So a process that removes a name holds a lock on the file itself: no other that
    /// does so too removes this one meanwhile, and while it is there it cannot be given to another.
    pub fn remove(&self, name: &str, file: &File) -> Result<bool> {
        self.remove_patiently(name, file, LOCK_ATTEMPTS)
    }

    fn remove_patiently(&self, name: &str, file: &File, attempts: u32) -> Result<bool> {
        let locked = lock(file, attempts);
        let outcome = self.remove_compared(name, file);
        if locked {
            // It cannot fail; if it did, closing the file would end the lock.
            let _ = rustix::fs::flock(file, FlockOperation::Unlock);
        }
        outcome
    }

    fn remove_compared(&self, name: &str, file: &File) -> Result<bool> {
        Ok(self.names(name, file)? && self.remove_name(name)?)
    }

    /// Removes a name, whatever it names. `false`: there is none.
    pub fn remove_name(&self, name: &str) -> Result<bool> {
        crash_point!();
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A handle that can only be asked what it is: having it takes no permission.
    fn handle(&self, name: &str) -> Result<File> {
        crash_point!();
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, name, flags, Mode::empty()).map(File::from)
    }
}

fn kept<E: From<Errno>>(
    open: impl FnOnce() -> std::result::Result<File, E>,
) -> std::result::Result<Descriptor, E> {
    let mut failed = None;
    let kept = Descriptor::open(|| {
        open().map_err(|error| {
            failed = Some(error);
            std::io::ErrorKind::Other.into()
        })
    });
    let other = |error: &_| Errno::from_io_error(error).unwrap_or(Errno::IO).into();
    kept.map_err(|error| failed.unwrap_or_else(|| other(&error)))
}

/// What it is, unless it is a file, and which one.
fn kind_and_identity(opened: impl AsFd) -> Result<(Option<FileKind>, (u64, u64))> {
    let stat = rustix::fs::fstat(opened)?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some(FileKind::Directory),
        FileType::Symlink => Some(FileKind::SymbolicLink),
        FileType::Fifo => Some(FileKind::Fifo),
        FileType::Socket => Some(FileKind::Socket),
        FileType::CharacterDevice | FileType::BlockDevice => Some(FileKind::Device),
        FileType::Unknown => Some(FileKind::Unknown),
    };
    // Narrower on some targets.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
    Ok((kind, (stat.st_dev as u64, stat.st_ino as u64)))
}

/// Locks the file against others that remove its name. Gives up after a while: a user who may only
/// read the file can hold such a lock too, and must not keep its owner from removing it.
fn lock(file: &File, attempts: u32) -> bool {
    (0..attempts).any(|attempt| {
        if attempt > 0 {
            thread::sleep(Duration::from_millis(1));
        }
        rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own, gone with the test.
    struct Temporary(std::path::PathBuf);

    impl Temporary {
        fn new(name: &str) -> (Temporary, Directory) {
            let path = format!("/dev/shm/ringway-unit-{}-{name}", std::process::id());
            std::fs::create_dir(&path).unwrap();
            let directory = Directory::open(Path::new(&path)).unwrap();
            (Temporary(path.into()), directory)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// A file of that name, and a second opening of it, for a lock that keeps the first one out.
    fn file(directory: &Directory, name: &str) -> (File, File) {
        let file = directory.unnamed_file().unwrap();
        directory.link(&file, name).unwrap();
        (file, directory.open_file(name, false).unwrap())
    }

    #[test]
    fn a_name_is_removed_only_from_the_file_that_was_meant() {
        let (_temporary, directory) = Temporary::new("meant");
        let (first, _) = file(&directory, "a");
        let (second, _) = file(&directory, "b");
        assert_eq!(directory.remove("b", &first), Ok(false));
        assert_eq!(directory.remove("c", &first), Ok(false));
        assert_eq!(directory.remove("b", &second), Ok(true));
        assert_eq!(directory.remove("b", &second), Ok(false));
        assert_eq!(directory.has("a"), Ok(true));
        assert_eq!(directory.has("b"), Ok(false));
        assert!(directory.has("a/b").is_err(), "a file has no names in it");
    }

    #[test]
    fn a_remover_waits_for_another_and_leaves_the_successor_alone() {
        let (_temporary, directory) = Temporary::new("waits");
        let (first, other_opening) = file(&directory, "a");
        rustix::fs::flock(&other_opening, FlockOperation::LockExclusive).unwrap();
        thread::scope(|scope| {
            let remover = scope.spawn(|| directory.remove_patiently("a", &first, u32::MAX));
            thread::sleep(Duration::from_millis(20));
            assert_eq!(directory.remove_name("a"), Ok(true));
            let successor = file(&directory, "a");
            rustix::fs::flock(&other_opening, FlockOperation::Unlock).unwrap();
            assert_eq!(remover.join().unwrap(), Ok(false));
            assert_eq!(directory.remove("a", &successor.0), Ok(true));
        });
    }

    #[test]
    fn a_lock_that_is_held_for_ever_keeps_no_process_from_removing() {
        let (_temporary, directory) = Temporary::new("for-ever");
        let (file, other_opening) = file(&directory, "a");
        rustix::fs::flock(&other_opening, FlockOperation::LockShared).unwrap();
        assert_eq!(directory.remove_patiently("a", &file, 3), Ok(true));
    }
}
