//! Landlock (Linux 5.13): rules about the file system that a thread makes for itself.

use super::{Failed, check};

/// The kernel's `landlock_ruleset_attr`, as its first version had it.
#[repr(C)]
struct Rules {
    handled_access_fs: u64,
}

/// Asks for the version instead of making rules.
const VERSION: u32 = 1;

/// Forbids all that Landlock knows of files, everywhere: rules that handle every right and give none.
pub(super) fn forbid_all() -> Result<(), Failed> {
    let none: *const Rules = std::ptr::null();
    // SAFETY: with this flag it reads nothing.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0, VERSION) };
    check("Landlock, of Linux 5.13", version)?;
    // The rights that each version has: a kernel refuses those that it does not know.
    let rights = match version {
        1 => 13,
        2 => 14,
        3 | 4 => 15,
        _ => 16,
    };
    let rules = Rules { handled_access_fs: (1 << rights) - 1 };
    let size = size_of::<Rules>();
    // SAFETY: the kernel reads as many bytes as said, which are ours.
    let rules = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &rules, size, 0) };
    check("landlock_create_ruleset", rules)?;
    // SAFETY: it takes numbers.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    check("prctl(PR_SET_NO_NEW_PRIVS)", done)?;
    // SAFETY: it takes numbers.
    let done = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules, 0) };
    // SAFETY: ours, and used by nothing else.
    unsafe { libc::close(rules as libc::c_int) };
    check("landlock_restrict_self", done)
}
