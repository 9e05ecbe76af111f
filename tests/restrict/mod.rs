//! Things that a thread loses for good: for trials in which a handle has been made before.
//!
//! A service often gives up privileges, its root or system calls once it is set up, and every
//! process can run out of descriptors. What it has opened before stays. Each restriction here is
//! applied for real, and then tried: what must not be possible any more is done, and has to fail.
//!
//! The tests and the battery both have this module, so that it needs no more than `std` and `libc`.

mod filter;
mod landlock;

use std::ffi::CString;
use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::str::FromStr;

/// What a thread loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restriction {
    /// Its privileges: it becomes a user who may open none of its files.
    Setuid,
    /// The root directory, and with it every path.
    Chroot,
    /// `/proc`.
    NoProc,
    /// The descriptors that it could still have had.
    NoDescriptors,
    /// The system call `membarrier`.
    NoMembarrier,
    /// The system call `futex_waitv`.
    NoWaitv,
    /// The system calls of `inotify`.
    NoInotify,
    /// The file system, by rules that the kernel enforces.
    Landlock,
}

/// Why a restriction is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unrestricted {
    /// This machine, or this user, cannot have it. What is missing for it.
    Missing(String),
    /// It was applied, and something can be done that it should forbid. What that is.
    Void(String),
}

impl fmt::Display for Unrestricted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unrestricted::Missing(what) => write!(f, "missing: {what}"),
            Unrestricted::Void(what) => write!(f, "no restriction: {what}"),
        }
    }
}

impl std::error::Error for Unrestricted {}

/// A user to whom nothing belongs.
const STRANGER: libc::uid_t = 65533;

impl Restriction {
    pub(crate) const ALL: [Restriction; 8] = [
        Restriction::Setuid,
        Restriction::Chroot,
        Restriction::NoProc,
        Restriction::NoDescriptors,
        Restriction::NoMembarrier,
        Restriction::NoWaitv,
        Restriction::NoInotify,
        Restriction::Landlock,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Restriction::Setuid => "setuid",
            Restriction::Chroot => "chroot",
            Restriction::NoProc => "no_proc",
            Restriction::NoDescriptors => "emfile",
            Restriction::NoMembarrier => "no_membarrier",
            Restriction::NoWaitv => "no_waitv",
            Restriction::NoInotify => "no_inotify",
            Restriction::Landlock => "landlock",
        }
    }

    /// Applies it to the calling thread, to some kinds of it also to the others of the process, and
    /// tries what it forbids. It cannot be taken back.
    ///
    /// `ring` is a file of a ring, which only its owner may open; `empty` a directory with nothing
    /// in it.
    pub(crate) fn apply(self, ring: &Path, empty: &Path) -> Result<(), Unrestricted> {
        open(ring).map_err(|error| Unrestricted::Void(format!("{}: {error}", ring.display())))?;
        match self {
            Restriction::Setuid => become_a_stranger(),
            Restriction::Chroot => chroot(empty),
            Restriction::NoProc => hide_proc(),
            Restriction::NoDescriptors => forbid_descriptors(),
            Restriction::NoMembarrier => filter::refuse(libc::SYS_membarrier),
            Restriction::NoWaitv => filter::refuse(libc::SYS_futex_waitv),
            Restriction::NoInotify => filter::refuse(libc::SYS_inotify_init1)
                .and_then(|()| filter::refuse(libc::SYS_inotify_add_watch)),
            Restriction::Landlock => landlock::forbid_all(),
        }
        .map_err(|(what, error)| Unrestricted::Missing(format!("{what}: {error}")))?;
        self.holds(ring).map_err(Unrestricted::Void)
    }

    /// Tries what must not be possible any more.
    fn holds(self, ring: &Path) -> Result<(), String> {
        let own = Path::new("/proc/self/status");
        match self {
            Restriction::Setuid => fails("opening the ring's file", open(ring), libc::EACCES),
            Restriction::Chroot => {
                fails("opening the ring's file", open(ring), libc::ENOENT)?;
                fails("looking at /proc/self", own.metadata().map(drop), libc::ENOENT)
            }
            Restriction::NoProc => {
                fails("looking at /proc/self", own.metadata().map(drop), libc::ENOENT)
            }
            Restriction::NoDescriptors => {
                fails("opening the ring's file", open(ring), libc::EMFILE)?;
                fails("opening /dev/null", open(Path::new("/dev/null")), libc::EMFILE)
            }
            Restriction::NoMembarrier => {
                fails("membarrier", filter::ask_for_membarrier(), libc::EPERM)
            }
            Restriction::NoWaitv => fails("futex_waitv", filter::ask_for_waitv(), libc::EPERM),
            Restriction::NoInotify => fails("inotify", filter::ask_for_inotify(), libc::EPERM),
            Restriction::Landlock => {
                fails("opening the ring's file", open(ring), libc::EACCES)?;
                fails("opening /proc/self", open(own), libc::EACCES)
            }
        }
    }
}

impl FromStr for Restriction {
    type Err = String;

    fn from_str(name: &str) -> Result<Restriction, String> {
        let mut all = Restriction::ALL.into_iter();
        all.find(|restriction| restriction.name() == name)
            .ok_or_else(|| format!("there is no restriction called {name}"))
    }
}

/// A step that failed, by its name, and why.
type Failed = (&'static str, io::Error);

/// What a system call returned.
fn check(what: &'static str, returned: impl Into<i64>) -> Result<(), Failed> {
    if returned.into() < 0 { Err((what, io::Error::last_os_error())) } else { Ok(()) }
}

/// Fails unless an outcome is just that error.
fn fails(what: &str, outcome: io::Result<()>, due: i32) -> Result<(), String> {
    match outcome {
        Err(error) if error.raw_os_error() == Some(due) => Ok(()),
        Err(error) => Err(format!("{what} failed otherwise than it should: {error}")),
        Ok(()) => Err(format!("{what} still works")),
    }
}

/// Opens a file as a peer of its ring would.
fn open(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).open(path).map(drop)
}

fn path(path: &Path) -> Result<CString, Failed> {
    let path = CString::new(path.as_os_str().as_bytes());
    path.map_err(|error| ("a path without zeros", error.into()))
}

fn become_a_stranger() -> Result<(), Failed> {
    // The kernel forgets it when a process changes its user.
    let mut dies_with_parent: libc::c_int = 0;
    // SAFETY: the kernel writes one `int`, which is ours.
    let asked = unsafe { libc::prctl(libc::PR_GET_PDEATHSIG, &raw mut dies_with_parent) };
    check("prctl(PR_GET_PDEATHSIG)", asked)?;
    // SAFETY: no groups, so that nothing is read.
    check("setgroups", unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: it takes a number.
    check("setgid", unsafe { libc::setgid(STRANGER) })?;
    // SAFETY: it takes a number. A user other than root has no capabilities after that.
    check("setuid", unsafe { libc::setuid(STRANGER) })?;
    // SAFETY: it takes a number.
    let asked = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, dies_with_parent) };
    check("prctl(PR_SET_PDEATHSIG)", asked)
}

fn chroot(empty: &Path) -> Result<(), Failed> {
    let empty = path(empty)?;
    // SAFETY: a string that ends.
    check("chroot", unsafe { libc::chroot(empty.as_ptr()) })?;
    std::env::set_current_dir("/").map_err(|error| ("chdir", error))
}

/// In a mount namespace of the thread's own, so that nothing else loses it.
fn hide_proc() -> Result<(), Failed> {
    // SAFETY: no memory is involved.
    check("unshare(CLONE_NEWNS)", unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    let mount = |what, source: &std::ffi::CStr, target: &std::ffi::CStr, flags| {
        let source = source.as_ptr();
        // SAFETY: strings that end; and no data.
        let mounted =
            unsafe { libc::mount(source, target.as_ptr(), source, flags, std::ptr::null()) };
        check(what, mounted)
    };
    // What is mounted here must not be seen outside.
    mount("making / private", c"none", c"/", libc::MS_REC | libc::MS_PRIVATE)?;
    mount("mounting over /proc", c"tmpfs", c"/proc", libc::MS_RDONLY)
}

/// Also those that become free later.
fn forbid_descriptors() -> Result<(), Failed> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel reads one `rlimit`, which is ours.
    check("setrlimit(RLIMIT_NOFILE)", unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &none) })
}
