//! The lock under which names are looked for, while another process keeps it.

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::JoinError;
use ringway::{Options, Ring, Start};

use crate::directory::Directory;

/// Byte of the control file that is locked by those who look for a name.
const REGISTRY: u16 = 4096;

/// Five threads of one process wait for a second together, and not for a second each after the other.
#[test]
fn threads_that_wait_for_a_stopped_process_to_let_go_of_the_names_wait_at_the_same_time() {
    let directory = Directory::new();
    let _producer = Options::<u64>::new(8).create(directory.segment("ring")).unwrap();
    let control = OpenOptions::new().read(true).write(true).open(directory.control_file()).unwrap();
    let lock = libc::flock {
        l_type: libc::F_WRLCK as _,
        l_whence: libc::SEEK_SET as _,
        l_start: REGISTRY.into(),
        l_len: 1,
        l_pid: 0,
    };
    // SAFETY: the kernel reads the one structure.
    assert_eq!(unsafe { libc::fcntl(control.as_raw_fd(), libc::F_OFD_SETLK, &lock) }, 0);

    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let begun = Instant::now();
    thread::scope(|scope| {
        for name in ["a", "b", "c", "d", "e"] {
            let ring = &ring;
            scope.spawn(move || {
                let late = JoinError::Lock { os_error: libc::EAGAIN };
                assert_eq!(ring.subscribe_durable(name, Start::Next).unwrap_err(), late);
            });
        }
    });
    // One after the other it takes five and a half.
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());

    // Once it is free, all of them get it.
    drop(control);
    thread::scope(|scope| {
        for name in ["a", "b", "c", "d", "e"] {
            let ring = &ring;
            scope.spawn(move || ring.subscribe_durable(name, Start::Next).unwrap());
        }
    });
}
