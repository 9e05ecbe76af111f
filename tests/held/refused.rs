//! The kernel refuses to say who lives: an error, and no sign of life.

use std::thread;
use std::time::Duration;

use ringway::error::{
    BatchError, FlushError, SendError, SendTimeoutError, TrySendError, WaitError,
};
use ringway::{Options, Producer, Start};

use crate::directory::Directory;
use crate::parts::{LONG, Part, file, open, say, segment, waits};

/// Subscribes, and waits to be killed.
pub(crate) fn holder() {
    let _subscriber = open().subscribe(Start::Next).unwrap();
    say("joined");
    waits();
}

/// The same under a name.
pub(crate) fn durable_holder() {
    let _subscriber = open().subscribe_durable("name", Start::Next).unwrap();
    say("joined");
    waits();
}

/// Makes the kernel refuse all that is about locks of open files, in this process.
fn forbid_locks() {
    const DENY: u32 = 0x0005_0000 | libc::EPERM as u32;
    const ALLOW: u32 = 0x7fff_0000;
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let mut filter = [
        // The number is the first word of what a filter sees.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(equal, 0, 5, libc::SYS_fcntl as u32),
        // The second argument's low half.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 24),
        step(equal, 2, 0, libc::F_OFD_GETLK as u32),
        step(equal, 1, 0, libc::F_OFD_SETLK as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, ALLOW),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, DENY),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: reads the filter, which is there.
    let set = unsafe { libc::syscall(libc::SYS_seccomp, 1, 1, &program) };
    // With the flag that gives it to all threads of this process: the test harness has some.
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

/// A ring with a dead subscriber that fills it up, seen by a producer whose kernel says nothing.
fn full_for_a_dead_one(options: Options<u64>) -> Producer<u64> {
    let mut producer = options.create(segment()).unwrap();
    say("created");
    while producer.consumers() == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    say("joined");
    while !file("killed").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    forbid_locks();
    assert_eq!(producer.try_send_batch(&[0; 20]), 8);
    producer
}

pub(crate) fn producer_without_locks() {
    let mut producer = full_for_a_dead_one(Options::new(8));
    let error = producer.send(&8).unwrap_err();
    let SendError::Liveness(why) = error else { panic!("{error:?}") };
    assert_eq!(why.os_error(), libc::EPERM);
    let says = format!("{error:#}");
    assert!(says.contains("no room") && says.contains("Operation not permitted"), "{says}");
    assert_eq!(producer.send_timeout(&8, LONG), Err(SendTimeoutError::Liveness(why)));
    // A call that does not wait says what the last look has come to.
    assert_eq!(producer.try_send(&8), Err(TrySendError::Liveness(why)));
    assert_eq!(producer.try_send_batch(&[8, 9]), 0);
    assert_eq!(producer.send_batch(&[8, 9]), Err(BatchError { sent: 0, error }));
    assert_eq!(producer.send_iter(8..10), Err(BatchError { sent: 0, error }));
    assert_eq!(producer.reserve().unwrap_err(), error);
    assert_eq!(producer.try_reserve().unwrap_err(), TrySendError::Liveness(why));
    assert_eq!(producer.flush(LONG), Err(FlushError::Liveness(why)));
    assert_eq!(producer.flush(Duration::ZERO), Err(FlushError::Liveness(why)));
    let wait = producer.wait_for_consumers(1, LONG);
    assert_eq!(wait, Err(WaitError::Liveness(why)));
}

pub(crate) fn patient_producer_without_locks() {
    let mut producer = full_for_a_dead_one(Options::new(8).max_hold(Duration::from_millis(200)));
    // What cannot be learned is told, and the time that passes counts all the same.
    while matches!(producer.send(&8), Err(SendError::Liveness(_))) {}
    assert_eq!(producer.head(), 9);
    assert_eq!(producer.consumers(), 0);
}

fn plays(part: &str, holder: &str) {
    let directory = Directory::new();
    let mut producer = Part::start(&directory, part, "ring");
    assert_eq!(producer.hear(), "created");
    let mut holder = Part::start(&directory, holder, "ring");
    assert_eq!(holder.hear(), "joined");
    assert_eq!(producer.hear(), "joined");
    holder.dies();
    std::fs::write(directory.file("killed"), "").unwrap();
    producer.ends();
}

#[test]
fn a_producer_that_cannot_learn_who_is_dead_is_told_and_does_not_hang() {
    plays("producer without locks", "holder");
}

#[test]
fn the_limit_for_the_living_counts_for_the_dead_of_whom_the_kernel_does_not_tell() {
    plays("patient producer without locks", "holder");
    plays("patient producer without locks", "durable holder");
}
