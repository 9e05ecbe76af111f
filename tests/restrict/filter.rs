//! Filters of system calls (seccomp) that refuse some.

use std::io;

use super::{Failed, check};

/// One instruction of the kernel's filter machine.
const fn instruction(code: u32, value: u32, otherwise: u8) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: otherwise, k: value }
}

/// Refuses a call with `EPERM`, as the filters of containers do. Filters add up.
pub(super) fn refuse(call: libc::c_long) -> Result<(), Failed> {
    // The number of the call is the first word of what a filter is shown.
    let mut filter = [
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32, 1),
        instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0),
        instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // Without it a filter takes a capability.
    // SAFETY: it takes numbers.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    check("prctl(PR_SET_NO_NEW_PRIVS)", done)?;
    // SAFETY: the kernel reads the program, whose instructions are there and as many as it says.
    let done = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
    check("prctl(PR_SET_SECCOMP)", done)
}

/// Asks the kernel which barriers it has.
pub(super) fn ask_for_membarrier() -> io::Result<()> {
    // SAFETY: it takes numbers: the query, and no flags.
    let answer = unsafe { libc::syscall(libc::SYS_membarrier, 0, 0, 0) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sleeps on no word.
pub(super) fn ask_for_waitv() -> io::Result<()> {
    // SAFETY: it takes numbers: no words, and no time.
    let answer = unsafe { libc::syscall(libc::SYS_futex_waitv, 0, 0, 0, 0, 0) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes an instance of it.
pub(super) fn ask_for_inotify() -> io::Result<()> {
    // SAFETY: it takes a number.
    let made = unsafe { libc::inotify_init1(libc::IN_CLOEXEC) };
    if made < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: ours, and used by nothing else.
    unsafe { libc::close(made) };
    Ok(())
}
