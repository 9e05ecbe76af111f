//! What is there to run out of, or not there at all.

use std::process::Command;
use std::time::Duration;

use ringway::error::{CreateError, JoinError, RecvError};
use ringway::{Options, Producer, Ring, Segment, Start, Subscriber};

use crate::children::{part, succeeds};
use crate::directory::{CREATIONS, Directory};

const PATH: &str = "RINGWAY_TEST_PATH";

/// The ring `ring` in the directory of a part.
fn segment() -> Segment {
    Segment::new("ring").directory(std::env::var_os(PATH).unwrap())
}

fn plays(name: &str, directory: &Directory) {
    succeeds(part(name).env(PATH, directory.path()));
}

pub(crate) fn limit(resource: libc::__rlimit_resource_t, most: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: it reads the one structure.
    assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0);
}

#[test]
fn files_that_a_process_may_not_make_are_an_error_and_no_signal() {
    let directory = Directory::new();
    plays("short of file size", &directory);
    assert!(directory.names().is_empty());
}

pub(crate) fn short_of_file_size() {
    limit(libc::RLIMIT_FSIZE, 1 << 16);
    let large = || Options::<u64>::new(1 << 16);
    for error in [large().create(segment()).err(), large().anonymous().err()] {
        let error = error.unwrap();
        assert!(
            matches!(error, CreateError::FileSizeLimit { needed, limit: 65536 } if needed > 65536),
            "{error:?}"
        );
    }
    assert!(Options::<u64>::new(1 << 10).create(segment()).is_ok());
}

#[test]
fn no_more_descriptors_are_an_error_and_nothing_is_left() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    plays("short of descriptors", &directory);
    // Nobody holds anything back.
    assert_eq!(producer.consumers(), 0);
    assert_eq!(producer.try_send_batch(&[0; 100]), 100);
    assert_eq!(directory.names().len(), 2);
}

pub(crate) fn short_of_descriptors() {
    let ring = Ring::<u64>::open(segment()).unwrap();
    // As many as there are.
    limit(libc::RLIMIT_NOFILE, 64);
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    let refused = JoinError::Lock { os_error: libc::EMFILE };
    for left in 0..files.len().min(12) {
        match ring.subscribe(Start::Next) {
            Ok(_) => assert!(left > 0),
            Err(error) => assert_eq!((error, left), (refused, 0)),
        }
        let other = segment().directory(std::env::var_os(PATH).unwrap());
        assert!(Options::<u64>::new(16).create(other).is_err());
        assert!(Producer::<u64>::resume(segment()).is_err());
        files.pop();
    }
    assert!(ring.subscribe(Start::Next).is_ok());
}

/// Makes a system call fail as on a kernel that does not have it.
pub(crate) fn forbid(number: libc::c_long) {
    const ERRNO: u32 = 0x0005_0000;
    const ALLOW: u32 = 0x7fff_0000;
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    install(&mut [
        // The number is the first word of what a filter sees.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, number as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, ERRNO | libc::ENOSYS as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, ALLOW),
    ]);
}

/// Has every system call of this process filtered so.
fn install(filter: &mut [libc::sock_filter]) {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: reads the filter, which is there.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
    assert_eq!(set, 0);
}

/// Has the kernel say that there is no room for what a file is to be allocated beyond that length at
/// once, as where memory is short.
pub(crate) fn no_files_longer_than(most: u32) {
    const ERRNO: u32 = 0x0005_0000;
    const ALLOW: u32 = 0x7fff_0000;
    // The low half of the fourth argument of a filtered call (`struct seccomp_data`).
    let length = 16 + 3 * 8 + if cfg!(target_endian = "little") { 0 } else { 4 };
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    install(&mut [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 3, libc::SYS_fallocate as u32),
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, length),
        step(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, 0, 1, most),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, ERRNO | libc::ENOSPC as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, ALLOW),
    ]);
}

/// Messages with pauses in which whoever receives them goes to sleep, and the end.
fn send_a_hundred(mut producer: Producer<u64>) {
    for n in 0..100 {
        if n % 10 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        producer.send(&n).unwrap();
    }
}

fn receive_a_hundred(mut subscriber: Subscriber<u64>) {
    for n in 0..100 {
        assert_eq!(subscriber.recv(), Ok(n));
    }
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
}

#[test]
fn without_membarrier_fences_are_full_and_sleepers_are_woken() {
    plays("without membarrier", &Directory::new());
}

pub(crate) fn without_membarrier() {
    forbid(libc::SYS_membarrier);
    let producer = Options::<u64>::new(2).create(segment()).unwrap();
    assert!(!producer.has_asymmetric_fences());
    let subscriber = Ring::<u64>::open(segment()).unwrap().subscribe(Start::Next).unwrap();
    let receiver = std::thread::spawn(move || receive_a_hundred(subscriber));
    send_a_hundred(producer);
    receiver.join().unwrap();
}

/// A process of another kind than the producer's: its own fence may not reach, and it sleeps in slices.
#[test]
fn a_consumer_without_membarrier_misses_nothing() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    let mut child =
        part("consumer without membarrier").env(PATH, directory.path()).spawn().unwrap();
    producer.wait_for_consumers(1, Duration::from_secs(60)).unwrap();
    send_a_hundred(producer);
    assert!(child.wait().unwrap().success());
}

pub(crate) fn consumer_without_membarrier() {
    forbid(libc::SYS_membarrier);
    let subscriber = Ring::<u64>::open(segment()).unwrap().subscribe(Start::Next).unwrap();
    receive_a_hundred(subscriber);
}

/// Gives this process mounts of its own, if it may: what it mounts, no other sees.
pub(crate) fn own_mounts() -> bool {
    // SAFETY: takes numbers only.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return false;
    }
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    let (none, root) = (std::ptr::null(), c"/".as_ptr());
    // SAFETY: reads a string that is there, and no others.
    unsafe { libc::mount(none, root, none, flags, none.cast()) == 0 }
}

/// Takes `/proc` from this process, if it may.
fn without_proc() -> bool {
    // SAFETY: reads a string that is there.
    own_mounts() && unsafe { libc::umount2(c"/proc".as_ptr(), libc::MNT_DETACH) } == 0
}

#[test]
fn a_directory_of_huge_pages_is_refused_by_its_name() {
    plays("hugetlbfs", &Directory::new());
}

pub(crate) fn hugetlbfs() {
    let path = std::ffi::CString::new(std::env::var(PATH).unwrap()).unwrap();
    let kind = c"hugetlbfs".as_ptr();
    // SAFETY: reads strings that are there, and no options.
    let mounted =
        own_mounts() && unsafe { libc::mount(kind, path.as_ptr(), kind, 0, std::ptr::null()) } == 0;
    if !mounted {
        println!("skipped: no hugetlbfs can be mounted here");
        return;
    }
    for create in CREATIONS {
        let error = create(Options::new(16), segment()).unwrap_err();
        let CreateError::UnsupportedDirectory { file_system, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(file_system.name(), Some("hugetlbfs"));
        assert!(error.to_string().contains("use a directory on a tmpfs"), "{error}");
    }
    println!("hugetlbfs was there");
}

#[test]
fn without_proc_there_are_rings_all_the_same() {
    plays("without proc", &Directory::new());
}

pub(crate) fn without_proc_part() {
    if !without_proc() {
        eprintln!("not permitted to take /proc away: nothing tested");
        return;
    }
    let mut producer = Options::<u64>::new(8).subscribers(2).create(segment()).unwrap();
    let ring = Ring::<u64>::open(segment()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let second = ring.subscribe(Start::Next).unwrap();
    assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::NoFreeEntry { entries: 2 });
    assert!(subscriber.is_producer_alive().unwrap());
    assert!(Producer::<u64>::resume(segment()).is_err());
    producer.send(&1).unwrap();
    assert_eq!(subscriber.recv(), Ok(1));
    drop(second);
    drop(ring.subscribe(Start::Next).unwrap());

    // A memory file cannot be opened once more, for a lock by which peers could tell that it lives.
    let error = Options::<u64>::new(8).anonymous().unwrap_err();
    let said = format!("{error:#}");
    assert!(said.contains("there is no /proc"), "{said}");
}

/// Two living subscribers of a process without `/proc`, of a ring with room for two, are not taken for
/// dead by a producer that has it: not after a third one was refused, and whoever gave them the files.
fn holds_its_own(directory: &Directory, mut producer: Producer<u64>, mut command: Command) {
    let said = directory.file("said");
    let mut child = command.env(PATH, directory.path()).spawn().unwrap();
    while !said.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    if !said.exists() {
        // Not permitted to take /proc away.
        assert!(child.wait().unwrap().success());
        return;
    }
    assert_eq!(producer.try_send_batch(&[0; 40]), 8);
    assert!(producer.send_timeout(&0, Duration::from_millis(200)).is_err());
    assert_eq!(producer.consumers(), 2);
    std::fs::remove_file(&said).unwrap();
    assert!(child.wait().unwrap().success());
    producer.send(&0).unwrap();
}

#[test]
fn who_has_no_proc_is_not_taken_for_dead() {
    let directory = Directory::new();
    let options = || Options::<u64>::new(8).subscribers(2);
    let producer = options().create(directory.segment("ring")).unwrap();
    holds_its_own(&directory, producer, part("two subscribers without proc"));
}

const PASSED: &str = "RINGWAY_TEST_PASSED";

/// With a lock on the description that all share who were given the files, a subscriber could be taken
/// for dead, and a dead one for living. Observing takes no lock.
#[test]
fn without_proc_no_subscriber_joins_an_anonymous_ring_whose_death_would_not_show() {
    let directory = Directory::new();
    let (mut producer, files) = Options::<u64>::new(8).groups(1).anonymous().unwrap();
    let mut command = part("observer without proc");
    files.pass_to(&mut command, PASSED).unwrap();
    let mut child = command.env(PATH, directory.path()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        producer.send(&7).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
}

pub(crate) fn observer_without_proc() {
    if !without_proc() {
        eprintln!("not permitted to take /proc away: nothing tested");
        return;
    }
    // SAFETY: the parent has set it, and this is the only call.
    let files = unsafe { ringway::Anonymous::from_env(PASSED) }.unwrap();
    let ring = files.ring::<u64>(0).unwrap();
    let refused = JoinError::Lock { os_error: libc::ENOENT };
    assert_eq!(ring.subscribe(Start::Next).unwrap_err(), refused);
    assert_eq!(ring.subscribe_durable("a", Start::Next).unwrap_err(), refused);
    assert_eq!(ringway::Worker::join(&ring, "a").unwrap_err(), refused);
    let mut observer = ring.observe(Start::Next).unwrap();
    // It may have lagged meanwhile.
    assert!(matches!((observer.recv(), observer.recv()), (Ok(7), _) | (_, Ok(7))));
    assert!(observer.is_producer_alive().unwrap());
    let (here, _there) = std::os::unix::net::UnixStream::pair().unwrap();
    assert!(files.hand_off(&here).is_err());
}

pub(crate) fn two_subscribers_without_proc() {
    if !without_proc() {
        eprintln!("not permitted to take /proc away: nothing tested");
        return;
    }
    let ring = Ring::<u64>::open(segment()).unwrap();
    let subscribers = [ring.subscribe(Start::Next).unwrap(), ring.subscribe(Start::Next).unwrap()];
    let refused = ring.subscribe(Start::Next).unwrap_err();
    assert_eq!(refused, JoinError::NoFreeEntry { entries: 2 });
    let said = std::path::Path::new(&std::env::var_os(PATH).unwrap()).join("said");
    std::fs::write(&said, "").unwrap();
    while said.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    for mut subscriber in subscribers {
        for _ in 0..8 {
            assert_eq!(subscriber.recv(), Ok(0));
        }
    }
}

/// What it takes to notice a death, to clean up after it and to remove the names is kept: a process that
/// has used up its descriptors does so.
#[test]
fn without_a_free_descriptor_the_dead_are_found_and_names_removed() {
    let directory = Directory::new();
    plays("no more descriptors", &directory);
    assert!(directory.names().is_empty(), "{:?}", directory.names());
}

pub(crate) fn no_more_descriptors() {
    let mut producer = Options::<u64>::new(8).create(segment()).unwrap();
    // A subscriber that dies: in a child, by its exit.
    // SAFETY: this process has no other thread that does anything.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let subscriber = Ring::<u64>::open(segment()).unwrap().subscribe(Start::Next);
        // SAFETY: ends the process, and drops nothing.
        unsafe { libc::_exit(i32::from(subscriber.is_err())) };
    }
    let mut status = 0;
    // SAFETY: writes the one number.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0);
    assert_eq!(producer.consumers(), 1);
    limit(libc::RLIMIT_NOFILE, 64);
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    assert_eq!(producer.try_send_batch(&[0; 20]), 8);
    assert_eq!(producer.send_timeout(&0, Duration::from_secs(5)), Ok(()));
    assert_eq!(producer.consumers(), 0);
    drop(producer);
    drop(files);
}
