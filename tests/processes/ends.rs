//! What ends a wait, a poll and an iterator, where the producer was killed.

use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{RecvError, RecvTimeoutError, TryRecvError};
use ringway::segment::unlink;
use ringway::{Anonymous, Observer, Options, Producer, Ring, Start, Subscriber, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::death::sends_when_told;
use crate::place::Place;

/// Creates the ring `ring` of 8 messages for every kind of consumer, and the group `a`. Sends as many as
/// the argument says when it is told to, and waits to be killed.
pub(crate) fn producer(task: &Task) {
    let options = Options::<u64>::new(8).groups(1);
    let mut producer = options.create(task.segment("ring")).unwrap();
    sends_when_told(task, &mut producer);
}

/// The same of bytes, at once.
pub(crate) fn bytes(task: &Task) {
    let options = Options::<[u8]>::bytes(8, 16).groups(1);
    let _producer = options.create(task.segment("ring")).unwrap();
    task.say("created");
    task.wait();
}

/// Creates a ring without a name, hands it to the socket `socket`, and waits to be killed.
pub(crate) fn anonymous(task: &Task) {
    let (mut producer, files) = Options::<u64>::new(8).anonymous().unwrap();
    producer.send(&0).unwrap();
    files.hand_off(&UnixStream::connect(task.argument()).unwrap()).unwrap();
    task.say("handed off");
    task.wait();
}

#[cfg(target_pointer_width = "64")]
const FCNTL: libc::c_long = libc::SYS_fcntl;
#[cfg(not(target_pointer_width = "64"))]
const FCNTL: libc::c_long = libc::SYS_fcntl64;

/// Has every question whether a lock is held answered with `action` from now on.
pub(crate) fn filter_questions(action: u32) {
    let statement = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let unless = |k, skip| libc::sock_filter {
        code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
        jt: 0,
        jf: skip,
        k,
    };
    let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    let answer = (libc::BPF_RET | libc::BPF_K) as u16;
    // The system call's number, and the lower half of its second argument, as `seccomp_data` has them.
    let low = if cfg!(target_endian = "big") { 4 } else { 0 };
    let mut filter = [
        statement(load, 0),
        unless(FCNTL as u32, 3),
        statement(load, 16 + 8 + low),
        unless(libc::F_OFD_GETLK as u32, 1),
        statement(answer, action),
        statement(answer, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: reads the filter, which is there.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
    assert_eq!(set, 0);
}

/// Joins, may not ask about locks any more, and says what its calls say.
pub(crate) fn unasked(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut patient = ring.subscribe(Start::Next).unwrap().wait_for_successor(true);
    let mut observer = ring.observe(Start::Next).unwrap();
    filter_questions(libc::SECCOMP_RET_ERRNO | libc::ENOLCK as u32);
    let told = |error: RecvTimeoutError| match error {
        RecvTimeoutError::Liveness(error) => error.os_error(),
        error => panic!("{error}"),
    };
    let mut all = vec![
        told(subscriber.recv().unwrap_err().into()),
        told(subscriber.recv_timeout(LONG).unwrap_err()),
        told(patient.recv().unwrap_err().into()),
        told(observer.recv().unwrap_err().into()),
        subscriber.is_producer_alive().unwrap_err().os_error(),
    ];
    for consumer in [&mut subscriber, &mut patient] {
        match poll(|| consumer.try_recv()) {
            Err(TryRecvError::Liveness(error)) => all.push(error.os_error()),
            outcome => panic!("{outcome:?}"),
        }
    }
    let error = subscriber.recv().unwrap_err();
    assert!(format!("{error:#}").contains("No locks available"));
    let ended: Vec<_> = subscriber.iter().take(5).collect();
    assert!(matches!(ended[..], [Err(RecvError::Liveness(_))]), "{ended:?}");
    assert_eq!(all, [libc::ENOLCK; 7]);
    // What is sent comes all the same.
    task.say("told");
    assert_eq!(poll(|| observer.try_recv().or(Err(TryRecvError::Empty))), Ok(7));
    assert_eq!(subscriber.try_recv(), Ok(7));
    task.say("received");
}

/// How often this process has asked whether a lock is held.
#[cfg(target_arch = "x86_64")]
static ASKED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// The handler of a trap in place of a question: counts it, and answers that the lock is held.
#[cfg(target_arch = "x86_64")]
extern "C" fn count(_signal: i32, _info: *const libc::siginfo_t, context: *mut libc::c_void) {
    ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    // SAFETY: the kernel hands a handler of this kind the context that it returns to.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    // The call succeeds, and has left its argument, a lock, as it was.
    context.uc_mcontext.gregs[libc::REG_RAX as usize] = 0;
}

/// Joins, polls for half a second, first in vain and then with messages in between, and says how often
/// the kernel was asked.
#[cfg(target_arch = "x86_64")]
pub(crate) fn counting(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let handler = count as extern "C" fn(i32, *const libc::siginfo_t, *mut libc::c_void);
    // SAFETY: of numbers and an address, all of which may be 0.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the handler touches nothing but an atomic and its context.
    let set = unsafe { libc::sigaction(libc::SIGSYS, &action, std::ptr::null_mut()) };
    assert_eq!(set, 0);
    filter_questions(libc::SECCOMP_RET_TRAP);
    let asked = || ASKED.load(std::sync::atomic::Ordering::Relaxed);
    let (begin, mut looks) = (Instant::now(), 0u64);
    while begin.elapsed() < Duration::from_millis(500) {
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(observer.try_recv(), Err(TryRecvError::Empty));
        looks += 2;
    }
    // Each of the two, every 20 ms.
    let most = 2 * (begin.elapsed().as_millis() as u64 / 20 + 1);
    assert!((1..=most).contains(&asked()), "{} of at most {most} in {looks} looks", asked());
    task.say("in vain");
    let (before, begin) = (asked(), Instant::now());
    let (mut received, mut vain) = (0, 0);
    while received < 2000 {
        match subscriber.try_recv() {
            Ok(_) => received += 1,
            Err(error) => {
                assert_eq!(error, TryRecvError::Empty);
                vain += 1;
            }
        }
    }
    let most = begin.elapsed().as_millis() as u64 / 20 + 1;
    assert!(asked() - before <= most, "{} for {vain} looks in vain", asked() - before);
    task.say("in between");
}

/// Where a handler would have to know other registers.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn counting(_task: &Task) {}

fn open(place: &Place) -> Ring<u64> {
    Ring::open(place.segment("ring")).unwrap()
}

/// One consumer of each kind, and a producer of the role above that has sent so many messages.
fn everyone(place: &Place, messages: u64) -> (Child, Subscriber<u64>, Observer<u64>, Worker<u64>) {
    let mut child = Child::start(place, "ends::producer", &messages.to_string());
    child.hears("created");
    let ring = open(place);
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let observer = ring.observe(Start::Next).unwrap();
    let worker = Worker::join(&ring, "a").unwrap();
    child.go();
    child.hears("sent");
    (child, subscriber, observer, worker)
}

/// What a poll, a millisecond apart, says first that is not `Empty`.
fn poll<R>(mut attempt: impl FnMut() -> Result<R, TryRecvError>) -> Result<R, TryRecvError> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match attempt() {
            Err(TryRecvError::Empty) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(1));
            }
            outcome => return outcome,
        }
    }
}

#[test]
fn who_polls_gets_all_that_a_killed_producer_sent_and_then_learns_of_its_death() {
    let place = Place::new("polls");
    let (child, mut subscriber, mut observer, mut worker) = everyone(&place, 5);
    child.dies();
    for n in 0..5 {
        assert_eq!(subscriber.try_recv(), Ok(n));
        assert_eq!(observer.try_recv(), Ok(n));
        assert_eq!(*worker.try_recv().unwrap(), n);
    }
    let died = TryRecvError::ProducerDied;
    assert_eq!(poll(|| subscriber.try_recv()), Err(died));
    assert_eq!(poll(|| observer.try_recv()), Err(died));
    assert_eq!(poll(|| worker.try_recv().map(drop)), Err(died));
    // From then on at once, in every way to ask.
    for _ in 0..3 {
        assert_eq!(subscriber.try_recv(), Err(died));
        assert_eq!(subscriber.try_recv_batch(&mut [0; 4]), Err(died));
        assert_eq!(subscriber.recv(), Err(RecvError::ProducerDied));
        assert_eq!(observer.try_recv(), Err(died));
        assert_eq!(observer.try_recv_batch(&mut [0; 4]), Err(died));
        let at_once = observer.recv_timeout(Duration::from_millis(1));
        assert_eq!(at_once, Err(RecvTimeoutError::ProducerDied));
        assert_eq!(worker.try_recv().unwrap_err(), died);
        assert_eq!(worker.try_recv_batch(&mut [0; 4]).unwrap_err(), died);
        assert_eq!(worker.recv().unwrap_err(), RecvError::ProducerDied);
        let at_once = worker.recv_timeout(Duration::from_millis(1)).unwrap_err();
        assert_eq!(at_once, RecvTimeoutError::ProducerDied);
    }
}

#[test]
fn whatever_call_polls_first_learns_of_a_death() {
    let place = Place::new("first polls");
    let (child, mut first, mut observer, mut worker) = everyone(&place, 0);
    let ring = open(&place);
    let died = Err(TryRecvError::ProducerDied);
    let mut batch = ring.subscribe(Start::Next).unwrap();
    // SAFETY: all who may write the ring are of this library.
    let mut peek = unsafe { ring.subscribe(Start::Next).unwrap().assume_protocol() };
    // SAFETY: all who may write the ring are of this library.
    let mut in_place = unsafe { ring.subscribe(Start::Next).unwrap().assume_protocol() };
    // SAFETY: all who may write the ring are of this library.
    let mut run = unsafe { ring.subscribe(Start::Next).unwrap().assume_protocol() };
    child.dies();
    assert_eq!(poll(|| batch.try_recv_batch(&mut [0; 4]).map(drop)), died);
    assert_eq!(poll(|| peek.peek().map(drop)), died);
    assert_eq!(poll(|| in_place.try_recv_ref().map(drop)), died);
    assert_eq!(poll(|| run.try_recv_refs(4).map(drop)), died);
    assert_eq!(poll(|| observer.try_recv_batch(&mut [0; 4]).map(drop)), died);
    assert_eq!(poll(|| worker.try_recv_batch(&mut [0; 4]).map(drop)), died);
    drop(worker);
    // SAFETY: all who may write the ring are of this library.
    let mut trusting = unsafe { Worker::join(&ring, "a").unwrap().assume_protocol() };
    assert_eq!(poll(|| trusting.try_recv_ref().map(drop)), died);
    // Looking as fast as it can is no way not to learn of it.
    let deadline = Instant::now() + Duration::from_secs(5);
    while first.try_recv() == Err(TryRecvError::Empty) && Instant::now() < deadline {}
    assert_eq!(first.try_recv(), Err(TryRecvError::ProducerDied));
}

#[test]
fn who_polls_for_bytes_learns_of_a_death() {
    let place = Place::new("polls for bytes");
    let child = Child::start(&place, "ends::bytes", "");
    child.hears("created");
    let ring = Ring::<[u8]>::open(place.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    child.dies();
    let died = Err(TryRecvError::ProducerDied);
    assert_eq!(poll(|| subscriber.try_recv_into(&mut [0; 16]).map(drop)), died);
    assert_eq!(poll(|| observer.try_recv_into(&mut [0; 16]).map(drop)), died);
    assert_eq!(poll(|| worker.try_recv_into(&mut [0; 16]).map(drop)), died);
}

#[test]
fn a_slow_poll_is_told_by_the_second_look_in_vain() {
    let place = Place::new("slow polls");
    let (child, mut subscriber, ..) = everyone(&place, 0);
    child.dies();
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    thread::sleep(Duration::from_millis(25));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::ProducerDied));
}

#[test]
fn a_worker_that_polls_is_told_of_a_death_once_nothing_can_come_back() {
    let place = Place::new("polls and others");
    let (child, _, _, mut first) = everyone(&place, 1);
    let mut second = Worker::join(&open(&place), "a").unwrap();
    let job = first.try_recv().unwrap();
    child.dies();
    let a_while = Instant::now() + Duration::from_millis(200);
    while Instant::now() < a_while {
        assert_eq!(second.try_recv().unwrap_err(), TryRecvError::Empty);
        thread::sleep(Duration::from_millis(1));
    }
    job.nack().unwrap();
    assert_eq!(*second.try_recv().unwrap(), 0);
    assert_eq!(poll(|| second.try_recv().map(drop)), Err(TryRecvError::ProducerDied));
}

#[test]
fn who_polls_goes_on_with_a_successor() {
    let place = Place::new("polls and a successor");
    let (child, mut subscriber, mut observer, mut worker) = everyone(&place, 0);
    child.dies();
    let died = TryRecvError::ProducerDied;
    assert_eq!(poll(|| subscriber.try_recv()), Err(died));
    assert_eq!(poll(|| observer.try_recv()), Err(died));
    assert_eq!(poll(|| worker.try_recv().map(drop)), Err(died));
    let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(observer.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::Empty);
    successor.send(&7).unwrap();
    assert_eq!((subscriber.try_recv(), observer.try_recv()), (Ok(7), Ok(7)));
    assert_eq!(*worker.try_recv().unwrap(), 7);
    let a_while = Instant::now() + Duration::from_millis(100);
    while Instant::now() < a_while {
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits in a thread for as long as it takes, but not for ever.
fn waits<R: Send + 'static>(
    mut attempt: impl FnMut() -> Result<R, RecvTimeoutError> + Send + 'static,
) -> thread::JoinHandle<Option<RecvTimeoutError>> {
    thread::spawn(move || attempt().err())
}

#[test]
fn who_waits_for_a_successor_learns_that_none_can_come() {
    let place = Place::new("no successor");
    let (child, subscriber, observer, worker) = everyone(&place, 0);
    let polling = open(&place).subscribe(Start::Next).unwrap();
    let mut subscriber = subscriber.wait_for_successor(true);
    let mut observer = observer.wait_for_successor(true);
    let mut worker = worker.wait_for_successor(true);
    let mut polling = polling.wait_for_successor(true);
    child.dies();
    // As long as the ring has its name one can come.
    let a_while = Duration::from_millis(200);
    assert_eq!(subscriber.recv_timeout(a_while), Err(RecvTimeoutError::Timeout));
    assert_eq!(observer.recv_timeout(a_while), Err(RecvTimeoutError::Timeout));
    assert_eq!(worker.recv_timeout(a_while).unwrap_err(), RecvTimeoutError::Timeout);
    let end = Instant::now() + a_while;
    while Instant::now() < end {
        assert_eq!(polling.try_recv(), Err(TryRecvError::Empty));
        thread::sleep(Duration::from_millis(1));
    }
    let waiting = [
        waits(move || subscriber.recv_timeout(Duration::from_secs(5))),
        waits(move || observer.recv_timeout(Duration::from_secs(5))),
        waits(move || worker.recv_timeout(Duration::from_secs(5)).map(|job| *job)),
    ];
    // Another ring under the name is none of theirs.
    assert!(unlink(place.segment("ring")).unwrap());
    let _anew = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    for waiter in waiting {
        assert_eq!(waiter.join().unwrap(), Some(RecvTimeoutError::ProducerDied));
    }
    assert_eq!(poll(|| polling.try_recv()), Err(TryRecvError::ProducerDied));
}

#[test]
fn a_ring_without_a_name_has_no_successor() {
    let place = Place::new("no name");
    let socket = place.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let child = Child::start(&place, "ends::anonymous", socket.to_str().unwrap());
    let (stream, _) = listener.accept().unwrap();
    let ring = Anonymous::receive(&stream).unwrap().ring::<u64>(0).unwrap();
    child.hears("handed off");
    let mut subscriber = ring.subscribe(Start::Oldest).unwrap().wait_for_successor(true);
    child.dies();
    assert_eq!(subscriber.recv(), Ok(0));
    let ended = subscriber.recv_timeout(Duration::from_secs(5));
    assert_eq!(ended, Err(RecvTimeoutError::ProducerDied));
}

#[test]
fn an_iterator_tells_of_a_death_once() {
    let place = Place::new("iterator");
    let (child, mut subscriber, mut observer, _) = everyone(&place, 2);
    child.dies();
    let all = [Ok(0), Ok(1), Err(RecvError::ProducerDied)];
    assert!(subscriber.iter().take(5).eq(all));
    assert!(observer.iter().take(5).eq(all));
    // Asking anew is a new look.
    let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
    successor.send(&2).unwrap();
    assert_eq!(subscriber.iter().next(), Some(Ok(2)));
}

#[test]
fn who_waits_for_a_ring_finds_it_in_a_directory_that_was_made_anew() {
    let place = Place::new("directory");
    let directory = place.path().join("rings");
    fs::create_dir(&directory).unwrap();
    let segment = ringway::Segment::new("ring").directory(&directory);
    let waiting = segment.clone();
    let waiter = thread::spawn(move || Ring::<u64>::open_wait(waiting, Duration::from_secs(5)));
    thread::sleep(Duration::from_millis(50));
    fs::remove_dir(&directory).unwrap();
    // Looks find none meanwhile, which is no end of the waiting either.
    thread::sleep(Duration::from_millis(50));
    fs::create_dir(&directory).unwrap();
    let _producer = Options::<u64>::new(8).create(segment).unwrap();
    let opened = waiter.join().unwrap();
    assert!(opened.is_ok(), "{opened:?}");
    let nowhere = ringway::Segment::new("ring").directory(place.path().join("nowhere"));
    let started = Instant::now();
    let refused = Ring::<u64>::open_wait(nowhere, LONG).unwrap_err();
    assert!(matches!(refused, ringway::error::OpenError::Directory { .. }), "{refused:?}");
    assert!(started.elapsed() < LONG);
}

#[test]
fn who_cannot_ask_whether_the_producer_lives_is_told_that() {
    let place = Place::new("unasked");
    let mut producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "ends::unasked", "");
    child.hears("told");
    producer.send(&7).unwrap();
    child.hears("received");
    child.ends();
}

#[cfg(target_arch = "x86_64")]
#[test]
fn who_polls_asks_the_kernel_every_20_ms_at_most() {
    let place = Place::new("counting");
    let mut producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "ends::counting", "");
    child.hears("in vain");
    for n in 0..2000 {
        producer.send(&n).unwrap();
    }
    child.hears("in between");
    child.ends();
}
