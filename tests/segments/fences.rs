//! Which barriers of the kernel a process asks for, and which reach it.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use ringway::error::RecvTimeoutError;
use ringway::{Options, Producer, Ring, Segment, Start, Static, Subscriber, Worker};

use crate::children::part;
use crate::directory::Directory;
use crate::scarce::forbid;

const PATH: &str = "RINGWAY_TEST_PATH";

// What membarrier(2) is asked for, by the numbers of <linux/membarrier.h>.
const GLOBAL_EXPEDITED: u32 = 1 << 1;
const REGISTER_GLOBAL_EXPEDITED: u32 = 1 << 2;

pub(crate) fn segment() -> Segment {
    Segment::new("ring").directory(std::env::var_os(PATH).unwrap())
}

fn file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(&std::env::var_os(PATH).unwrap()).join(name)
}

/// Ends this process by `SIGSYS` as soon as it makes one of these two calls of membarrier.
fn die_of_membarrier(commands: [u32; 2]) {
    const KILL_PROCESS: u32 = 0x8000_0000;
    const ALLOW: u32 = 0x7fff_0000;
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let load = |at| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at);
    let equals = |k, jt, jf| step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, jt, jf, k);
    // The first argument's low half is where that of the machine's byte order is.
    let argument = if cfg!(target_endian = "little") { 16 } else { 20 };
    let mut filter = [
        load(0),
        equals(libc::SYS_membarrier as u32, 0, 4),
        load(argument),
        equals(commands[0], 1, 0),
        equals(commands[1], 0, 1),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, KILL_PROCESS),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // A core of it is of no use.
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: it reads the one structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) }, 0);
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: reads the filter, which is there.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
    assert_eq!(set, 0);
}

fn plays(name: &str, directory: &Directory) -> ExitStatus {
    let output = part(name).env(PATH, directory.path()).output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    output.status
}

/// A process that plays a part until it is told to end, or killed: which it is in any case.
pub(crate) struct Player(Child);

impl Player {
    /// Starts it, and waits until it has said that it is ready.
    pub(crate) fn start(name: &str, directory: &Directory) -> Player {
        let said = directory.file("ready");
        let mut command = part(name);
        command.env(PATH, directory.path()).stdin(Stdio::piped());
        let mut player = Player(command.spawn().unwrap());
        while !said.exists() {
            assert_eq!(player.0.try_wait().unwrap(), None, "{name} ended too soon");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::fs::remove_file(said).unwrap();
        player
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Tells it to go on, and waits for its end.
    pub(crate) fn end(mut self) -> ExitStatus {
        drop(self.0.stdin.take());
        self.0.wait().unwrap()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Says that a part has come so far, and waits until it is to go on.
pub(crate) fn ready() {
    std::fs::write(file("ready"), "").unwrap();
    let _ = std::io::Read::read(&mut std::io::stdin(), &mut [0]);
}

/// Whether this machine's kernel has the barriers.
fn kernel_has_barriers(directory: &Directory) -> bool {
    let producer = Options::<u64>::new(2).create(directory.segment("probe")).unwrap();
    producer.has_asymmetric_fences()
}

fn subscribe() -> Subscriber<u64> {
    Ring::open(segment()).unwrap().subscribe(Start::Next).unwrap()
}

/// Sleeps, and receives nothing.
fn sleeps(subscriber: &mut Subscriber<u64>) {
    let soon = Duration::from_millis(20);
    assert_eq!(subscriber.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
}

#[test]
fn a_consumer_that_joined_between_two_asymmetric_producers_reaches_the_second() {
    let directory = Directory::new();
    if !kernel_has_barriers(&directory) {
        eprintln!("no membarrier here: nothing tested");
        return;
    }
    Player::start("creator until killed", &directory).kill();
    let second = Player::start("successor without membarrier", &directory);
    // One that would be killed if it asked the kernel to reach the producer, and it is: the next
    // one may have no fence of its own.
    let probed = plays("sleeper that must not reach out", &directory);
    assert_eq!(probed.signal(), Some(libc::SIGSYS), "{probed}");
    let receiver = Player::start("receiver", &directory);
    second.kill();
    let mut third = Producer::<u64>::resume(directory.segment("ring")).unwrap();
    assert!(third.has_asymmetric_fences());
    for n in 0..100 {
        if n % 10 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        third.send(&n).unwrap();
    }
    third.flush(Duration::from_secs(60)).unwrap();
    drop(third);
    assert!(receiver.end().success());
}

pub(crate) fn creator_until_killed() {
    let producer = Options::<u64>::new(16).create(segment()).unwrap();
    assert!(producer.has_asymmetric_fences());
    ready();
}

pub(crate) fn successor_without_membarrier() {
    forbid(libc::SYS_membarrier);
    let producer = Producer::<u64>::resume(segment()).unwrap();
    assert!(!producer.has_asymmetric_fences());
    ready();
}

pub(crate) fn sleeper_that_must_not_reach_out() {
    let mut subscriber = subscribe();
    die_of_membarrier([GLOBAL_EXPEDITED, GLOBAL_EXPEDITED]);
    sleeps(&mut subscriber);
}

pub(crate) fn receiver() {
    let mut subscriber = subscribe().wait_for_successor(true);
    std::fs::write(file("ready"), "").unwrap();
    for n in 0..100 {
        assert_eq!(subscriber.recv(), Ok(n));
    }
}

#[test]
fn a_ring_that_was_asymmetric_is_taken_over_with_full_fences_if_these_are_wanted() {
    let directory = Directory::new();
    if !kernel_has_barriers(&directory) {
        eprintln!("no membarrier here: nothing tested");
        return;
    }
    Player::start("creator until killed", &directory).kill();
    Player::start("successor with full fences", &directory).kill();
    // A successor that takes it over as it is has what its producers had before.
    let last = Producer::<u64>::resume(directory.segment("ring")).unwrap();
    assert_eq!((last.epoch(), last.has_asymmetric_fences()), (2, true));
}

pub(crate) fn successor_with_full_fences() {
    // It does not register either.
    die_of_membarrier([REGISTER_GLOBAL_EXPEDITED, REGISTER_GLOBAL_EXPEDITED]);
    let options = Options::<u64>::new(16).asymmetric_fences(false);
    let producer = options.create_or_resume(segment()).unwrap();
    assert_eq!((producer.epoch(), producer.has_asymmetric_fences()), (1, false));
    ready();
}

#[test]
fn rings_of_one_process_do_not_let_others_interrupt_it() {
    let directory = Directory::new();
    let status = plays("private rings", &directory);
    assert!(status.success(), "{status}");
}

static RING: Static<u64, 2> = Static::new();

pub(crate) fn private_rings() {
    // A process that registers for the barriers of others can be interrupted by them.
    die_of_membarrier([REGISTER_GLOBAL_EXPEDITED, GLOBAL_EXPEDITED]);
    let (producer, ring) = Options::<u64>::new(2).groups(1).heap().unwrap();
    let asymmetric = producer.has_asymmetric_fences();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let worker = Worker::join(&ring, "group").unwrap();
    let parts = RING.split().unwrap();
    assert_eq!(parts.producer.has_asymmetric_fences(), asymmetric);
    let [of_static] = parts.subscribers;
    std::thread::scope(|scope| {
        for mut producer in [producer, parts.producer] {
            scope.spawn(move || {
                for n in 0..100 {
                    if n % 10 == 0 {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    producer.send(&n).unwrap();
                }
            });
        }
        for mut subscriber in [subscriber, of_static] {
            scope.spawn(move || (0..100).for_each(|n| assert_eq!(subscriber.recv(), Ok(n))));
        }
        let mut worker = worker;
        scope.spawn(move || (0..100).for_each(|n| assert_eq!(*worker.recv().unwrap(), n)));
    });
    // The filter is at work: a ring that other processes can have takes the barriers that reach
    // them.
    if asymmetric {
        let child = part("shared ring").env(PATH, file("")).output().unwrap();
        assert_eq!(child.status.signal(), Some(libc::SIGSYS), "{child:?}");
    }
}

pub(crate) fn shared_ring() {
    let _ = Options::<u64>::new(2).anonymous();
}

#[test]
fn rings_with_full_fences_do_not_let_others_interrupt_their_processes() {
    let directory = Directory::new();
    let status = plays("rings with full fences", &directory);
    assert!(status.success(), "{status}");
}

pub(crate) fn rings_with_full_fences() {
    die_of_membarrier([REGISTER_GLOBAL_EXPEDITED, GLOBAL_EXPEDITED]);
    let options = || Options::<u64>::new(4).asymmetric_fences(false);
    let mut named = options().create(segment()).unwrap();
    let mut subscriber = subscribe();
    sleeps(&mut subscriber);
    named.send(&1).unwrap();
    assert_eq!(subscriber.recv(), Ok(1));
    let observer = Ring::<u64>::open(segment()).unwrap().observe(Start::Next).unwrap();
    drop((named, subscriber, observer));

    let (mut anonymous, files) = options().anonymous().unwrap();
    let mut subscriber = files.ring::<u64>(0).unwrap().subscribe(Start::Next).unwrap();
    sleeps(&mut subscriber);
    anonymous.send(&1).unwrap();
    assert_eq!(subscriber.recv(), Ok(1));
}
