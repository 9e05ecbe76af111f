//! A thread that may not sleep on several words at once waits in slices.

use std::thread;
use std::time::{Duration, Instant};

use ringway::error::WaitSetError;
use ringway::{Options, Start, WaitSet};

use crate::LONG;

/// Has the kernel refuse this thread `futex_waitv`, with `EPERM` as the filters of containers do.
fn refuse_waitv() {
    let instruction =
        |code: u32, k: u32, jf: u8| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let mut filter = [
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_futex_waitv as u32, 1),
        instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0),
        instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: it takes numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: the kernel reads the program, whose instructions are there.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &program) }, 0);
    // SAFETY: it takes numbers: no words, and no time.
    let answer = unsafe { libc::syscall(libc::SYS_futex_waitv, 0, 0, 0, 0, 0) };
    assert_eq!((answer, std::io::Error::last_os_error().raw_os_error()), (-1, Some(libc::EPERM)));
}

/// Processor time of this thread.
fn worked() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes one structure.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn without_the_call_that_sleeps_on_many_words_it_waits_in_slices() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let (_silence, silent) = Options::<u64>::new(8).heap().unwrap();
    let mut silent = silent.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut silent, 2).unwrap();
    let waiter = set.clone();
    let thread = thread::spawn(move || {
        refuse_waitv();
        let mut ready = Vec::new();
        let (begin, before) = (Instant::now(), worked());
        let short = Duration::from_millis(300);
        assert_eq!(waiter.wait_timeout(&mut ready, short), Err(WaitSetError::Timeout));
        let (took, cost) = (begin.elapsed(), worked() - before);
        // Slices of a millisecond: far less than a loop that looks without an end.
        assert!(took >= short && cost < took / 5, "{cost:?} of {took:?}");
        (waiter.wait_timeout(&mut ready, LONG), ready)
    });
    thread::sleep(Duration::from_millis(500));
    producer.send(&1).unwrap();
    assert_eq!(thread.join().unwrap(), (Ok(1), vec![1]));
}
