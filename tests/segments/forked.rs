//! What a child that is forked, and has not called `exec`, does to its parent's rings.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use ringway::error::{RecvTimeoutError, TrySendError};
use ringway::{Options, Producer, Ring, Segment, Start};
use rustix::process::{Pid, Signal};

use crate::children::{part, succeeds};
use crate::directory::Directory;

const PATH: &str = "RINGWAY_TEST_PATH";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(10);

/// Forks, runs `child` there, and reports how it went. What `child` owns stays here too.
pub(crate) fn in_a_forked_child(
    child: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) -> Command {
    let mut command = Command::new("true");
    // SAFETY: it frees memory and maps some, after a fork by the C library, which takes care of its
    // allocator's locks.
    unsafe { command.pre_exec(child) };
    assert!(command.status().expect("the child gets to its exec").success());
    command
}

#[test]
fn handles_that_a_forked_child_drops_are_still_the_parents() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let mut producer = Options::<u64>::new(8).create(&segment).unwrap();
    let ring = Ring::<u64>::open(&segment).unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let second = Options::<u64>::new(8).create(directory.segment("second")).unwrap();

    let (again, handles) = (segment.clone(), Mutex::new(Some((subscriber, second, ring))));
    let _kept_by_the_parent = in_a_forked_child(move || {
        // Takes the place in memory that the parent's mapping has.
        let own = Ring::<u64>::open(&again).map_err(io::Error::other)?;
        let full: Vec<_> = (0..64).map(|n| vec![n; 4096]).collect();
        drop(handles.lock().unwrap().take());
        let whole = full.iter().enumerate().all(|(n, page)| page.iter().all(|&byte| byte == n));
        assert!(whole && own.capacity() == 8);
        Ok(())
    });

    // Nobody released anything, and nobody closed or removed anything.
    assert_eq!(producer.try_send_batch(&[0; 20]), 8);
    assert_eq!(producer.try_send(&0), Err(TrySendError::Full));
    assert_eq!(producer.consumers(), 1);
    let second = Ring::<u64>::open(directory.segment("second")).unwrap();
    assert!(!second.observe(Start::Next).unwrap().is_closed());
}

/// Waits until there is a file of that name, and says so if there is none after long enough.
fn wait_for(path: &Path) -> io::Result<()> {
    let deadline = Instant::now() + LONG;
    while !path.exists() {
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("waited in vain for {}", path.display())));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A child that was forked does not keep its parent alive in the eyes of its peers, though it keeps the
/// handles that it was given.
#[test]
fn a_parents_death_is_told_while_its_forked_child_lives_and_keeps_the_handles() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let [pid, forked, drop_it, dropped, end] =
        ["pid", "forked", "drop", "dropped", "end"].map(|name| directory.file(name));

    let handles = Arc::new(Mutex::new(None::<Producer<u64>>));
    let mut grandchild = Command::new("true");
    let its = (handles.clone(), forked.clone(), drop_it.clone(), dropped.clone(), end.clone());
    // SAFETY: as above.
    unsafe {
        grandchild.pre_exec(move || {
            let (handles, forked, drop_it, dropped, end) = &its;
            fs::write(forked, "")?;
            wait_for(drop_it)?;
            drop(handles.lock().unwrap().take());
            fs::write(dropped, "")?;
            wait_for(end)
        })
    };
    let mut child = Command::new("true");
    let (its_segment, its_pid, grandchild) = (segment.clone(), pid.clone(), Mutex::new(grandchild));
    // SAFETY: as above.
    unsafe {
        child.pre_exec(move || {
            let created = Options::<u64>::new(8).create(&its_segment);
            let mut producer = created.map_err(io::Error::other)?;
            producer.send(&1).map_err(io::Error::other)?;
            *handles.lock().unwrap() = Some(producer);
            fs::write(&its_pid, std::process::id().to_string())?;
            // It waits in here until the grandchild ends, and is killed meanwhile.
            grandchild.lock().unwrap().status().map(drop)
        })
    };
    let child = thread::spawn(move || child.status());

    wait_for(&forked).unwrap();
    let mut observer = Ring::<u64>::open(&segment).unwrap().observe(Start::Oldest).unwrap();
    assert_eq!(observer.recv_timeout(LONG), Ok(1));
    let pid = fs::read_to_string(&pid).unwrap().parse().unwrap();
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();

    assert_eq!(observer.recv_timeout(LONG), Err(RecvTimeoutError::ProducerDied));
    let mut successor = Producer::<u64>::resume(&segment).unwrap();
    // What the child drops is not the successor's.
    fs::write(&drop_it, "").unwrap();
    wait_for(&dropped).unwrap();
    successor.send(&2).unwrap();
    assert_eq!(observer.recv_timeout(LONG), Ok(2));
    assert!(observer.is_producer_alive().unwrap());

    fs::write(&end, "").unwrap();
    let _killed = child.join().unwrap();
}

/// What a panic in a child drops first is a guard.
#[test]
fn a_message_that_a_forked_child_drops_is_still_the_parents() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    // SAFETY: nobody else knows of the ring.
    let subscriber = unsafe { ring.subscribe(Start::Next).unwrap().assume_protocol() };
    // For ever: a child could not borrow it for less.
    let subscriber = Box::leak(Box::new(subscriber));
    producer.send(&1).unwrap();
    let message = Mutex::new(Some(subscriber.recv_ref().unwrap()));
    let _kept_by_the_parent = in_a_forked_child(move || {
        drop(message.lock().unwrap().take());
        Ok(())
    });
    assert_eq!(producer.len(), 1);
}

/// Runs this in a child made by the C library's `fork`, and says how that ended.
fn forked(child: impl FnOnce()) -> ExitStatus {
    ends(fork(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).is_ok()))
}

/// Memory as the child's allocator gets it from the kernel, which puts it where the parent's mapping was.
fn more_memory() -> *mut libc::c_void {
    let (len, flags) = (64 << 10, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: new memory, wherever the kernel has room for it.
    unsafe { libc::mmap(std::ptr::null_mut(), len, access, flags, -1, 0) }
}

fn fill_the_holes() {
    for _ in 0..512 {
        assert_ne!(more_memory(), libc::MAP_FAILED);
    }
}

#[test]
fn a_handle_that_a_forked_child_uses_is_a_fault_and_writes_into_nothing() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    // So large that the child's allocator has use for its place.
    let mut producer = Options::<u64>::new(1 << 16).create(&segment).unwrap();
    let ring = Ring::<u64>::open(&segment).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&1).unwrap();
    type Use<'a> = Box<dyn FnMut() + 'a>;
    let uses: [Use<'_>; 3] = [
        Box::new(|| _ = producer.try_send(&7)),
        Box::new(|| _ = subscriber.try_recv()),
        Box::new(|| drop(ring.subscribe(Start::Next))),
    ];
    for mut call in uses {
        let status = forked(|| {
            fill_the_holes();
            // A fault is wanted, and no core.
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: reads the one structure.
            unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
            call();
        });
        assert_eq!(status.signal(), Some(libc::SIGSEGV), "{status}");
    }
    // The parent's are as they were.
    assert_eq!(subscriber.try_recv(), Ok(1));
}

#[test]
fn a_forked_child_can_ask_whether_a_handle_is_usable_and_open_the_ring_by_itself() {
    let directory = Directory::new();
    let producer = directory.ring();
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let observer = ring.observe(Start::Next).unwrap();
    assert!(producer.is_usable() && ring.is_usable());
    assert!(subscriber.is_usable() && observer.is_usable());
    let segment = directory.segment("ring");
    let status = forked(|| {
        assert!(!producer.is_usable() && !ring.is_usable());
        assert!(!subscriber.is_usable() && !observer.is_usable());
        let own = Ring::<u64>::open(&segment).unwrap();
        assert!(own.is_usable());
        let second = own.subscribe(Start::Next).unwrap();
        // What its own child inherits is the grandchild's as little.
        assert!(forked(|| assert!(!second.is_usable() && !own.is_usable())).success());
        assert!(second.is_usable());
    });
    assert!(status.success(), "{status}");
}

/// The same without the C library's handlers: the child gives up what it inherited by a call.
#[test]
fn a_child_of_the_bare_system_call_gives_up_what_it_inherited_by_a_call() {
    let directory = Directory::new();
    succeeds(part("bare clone").env(PATH, directory.path()));
}

pub(crate) fn bare_clone() {
    let path = PathBuf::from(std::env::var_os(PATH).unwrap());
    let segment = Segment::new("ring").directory(&path);
    let producer = Options::<u64>::new(16).create(&segment).unwrap();
    let subscriber = Ring::<u64>::open(&segment).unwrap().subscribe(Start::Next).unwrap();
    let of_the_ring = || {
        let open = fs::read_dir("/proc/self/fd").unwrap();
        let links = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        links.filter(|link| link.is_file() && link.starts_with(&path)).count()
    };
    assert!(of_the_ring() > 2);
    ringway::segment::release_inherited();
    assert!(of_the_ring() > 2, "what is this process's own stays");
    let pid = bare_fork();
    if pid == 0 {
        let inherited = of_the_ring() > 2 && !producer.is_usable();
        ringway::segment::release_inherited();
        let whole = inherited && of_the_ring() == 0 && !subscriber.is_usable();
        drop((producer, subscriber));
        exit(whole);
    }
    assert!(ends(pid).success());
    assert!(subscriber.is_producer_alive().unwrap() && producer.is_usable());
}

/// Waits for a forked child, and says how it ended; kills it after long enough.
fn ends(pid: libc::pid_t) -> ExitStatus {
    let deadline = Instant::now() + LONG;
    loop {
        let mut status = 0;
        // SAFETY: writes the one number.
        match unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) } {
            0 if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
            0 => {
                // SAFETY: it is this process's child, which was not waited for.
                unsafe { libc::kill(pid, libc::SIGKILL) };
                // SAFETY: writes the one number.
                assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
                panic!("a child that hangs");
            }
            _ => return ExitStatus::from_raw(status),
        }
    }
}

/// Runs this in a child made by the C library's `fork`, which ends by itself after long enough.
fn fork(child: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: the child calls what follows and ends; the C library takes care of its allocator's locks.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "no fork");
    if pid == 0 {
        exit(child());
    }
    pid
}

/// Makes a child past the C library, as by `fork` but without its handlers. The caller is the only thread of
/// its process that runs.
fn bare_fork() -> libc::pid_t {
    // SAFETY: it shares no memory with its parent, and no other thread had a lock of the allocator's.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    assert!(pid >= 0, "no clone");
    pid.try_into().unwrap()
}

/// Ends a child; its exit code says whether all went well.
fn exit(well: bool) -> ! {
    // SAFETY: ends the process, and runs nothing of the parent's.
    unsafe { libc::_exit(i32::from(!well)) }
}

fn own_segment() -> Segment {
    Segment::new("ring").directory(std::env::var_os(PATH).unwrap())
}

/// The list of what children must not keep is made with the first ring: a child that is forked at that
/// moment can still make rings of its own.
#[test]
fn a_child_that_is_forked_while_its_parent_makes_the_first_ring_can_make_its_own() {
    for _ in 0..8 {
        let directory = Directory::new();
        succeeds(part("first ring while others fork").env(PATH, directory.path()));
    }
}

pub(crate) fn first_ring_while_others_fork() {
    let maker = thread::spawn(|| Options::<u64>::new(16).create(own_segment()).unwrap());
    let children: Vec<_> = (0..40)
        .map(|n| {
            fork(move || {
                let name = format!("child-{n}");
                let segment = own_segment();
                drop(segment);
                let own = Segment::new(name).directory(std::env::var_os(PATH).unwrap());
                Options::<u64>::new(16).create(own).is_ok()
            })
        })
        .collect();
    for child in children {
        assert!(ends(child).success());
    }
    drop(maker.join().unwrap());
}

/// A process may lower its limit of descriptors, so that those it has are beyond it.
#[test]
fn a_child_of_a_process_with_a_low_limit_of_descriptors_keeps_none_of_its_parents() {
    let directory = Directory::new();
    succeeds(part("few descriptors").env(PATH, directory.path()));
}

pub(crate) fn few_descriptors() {
    let producer = Options::<u64>::new(16).create(own_segment()).unwrap();
    let mut observer = Ring::<u64>::open(own_segment()).unwrap().observe(Start::Next).unwrap();
    let no_more = libc::rlimit { rlim_cur: 3, rlim_max: 3 };
    // SAFETY: reads the one structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &no_more) }, 0);
    let child = fork(|| {
        thread::sleep(Duration::from_secs(60));
        true
    });
    // As a death would: its descriptors are closed, and it says nothing.
    producer.detach();
    let told = observer.recv_timeout(Duration::from_secs(2));
    // SAFETY: it is this process's child.
    unsafe { libc::kill(child, libc::SIGKILL) };
    ends(child);
    assert_eq!(told, Err(RecvTimeoutError::ProducerDied));
}

static LEFT_TO_HANDLERS: Mutex<Option<Producer<u64>>> = Mutex::new(None);
static BUFFER: Mutex<Vec<usize>> = Mutex::new(Vec::new());

extern "C" fn maps_memory_and_drops_what_it_inherited() {
    for _ in 0..64 {
        BUFFER.lock().unwrap().push(more_memory() as usize);
    }
    drop(LEFT_TO_HANDLERS.lock().unwrap().take());
    let own = Segment::new("own").directory(std::env::var_os(PATH).unwrap());
    *LEFT_TO_HANDLERS.lock().unwrap() = Options::<u64>::new(16).create(own).ok();
}

/// Handlers that a program registered before its first ring run in the child before the library's: what
/// they map takes no ring's place, and they may drop rings and make some.
#[test]
fn handlers_of_a_program_run_before_those_of_the_library_and_do_as_they_like() {
    let directory = Directory::new();
    succeeds(part("handlers of others").env(PATH, directory.path()));
}

pub(crate) fn handlers_of_others() {
    let child = Some(maps_memory_and_drops_what_it_inherited as unsafe extern "C" fn());
    // SAFETY: a function of this program, for every fork.
    assert_eq!(unsafe { libc::pthread_atfork(None, None, child) }, 0);
    let mut producer = Options::<u64>::new(1 << 16).create(own_segment()).unwrap();
    let other = Segment::new("other").directory(std::env::var_os(PATH).unwrap());
    *LEFT_TO_HANDLERS.lock().unwrap() = Some(Options::<u64>::new(16).create(other).unwrap());
    let made = fork(|| {
        let mut own = LEFT_TO_HANDLERS.lock().unwrap().take();
        own.as_mut().is_some_and(|own| own.send(&1).is_ok() && own.is_usable())
    });
    assert!(ends(made).success());
    let faults = fork(|| {
        drop(LEFT_TO_HANDLERS.lock().unwrap().take());
        producer.try_send(&7).is_ok()
    });
    assert_eq!(ends(faults).signal(), Some(libc::SIGSEGV));
    assert!(LEFT_TO_HANDLERS.lock().unwrap().as_ref().unwrap().is_usable());
    drop(LEFT_TO_HANDLERS.lock().unwrap().take());
}

/// Where the child may have no more memory, what it inherited is made inaccessible all the same.
#[test]
fn a_child_that_may_have_no_more_memory_has_no_access_to_its_parents_rings() {
    let directory = Directory::new();
    succeeds(part("little memory").env(PATH, directory.path()));
}

pub(crate) fn little_memory() {
    let mut producer = Options::<u64>::new(1 << 16).create(own_segment()).unwrap();
    let none = libc::rlimit { rlim_cur: 1 << 20, rlim_max: 1 << 20 };
    // SAFETY: reads the one structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &none) }, 0);
    let child = fork(|| producer.try_send(&7).is_ok());
    assert_eq!(ends(child).signal(), Some(libc::SIGSEGV));
    producer.try_send(&8).unwrap();
}

/// A child of the bare system call that makes a ring has given up what it had inherited before, and
/// what it has made is its own.
#[test]
fn what_a_bare_child_has_made_is_not_given_up_with_what_it_inherited() {
    let directory = Directory::new();
    succeeds(part("late release").env(PATH, directory.path()));
}

pub(crate) fn late_release() {
    let _producer = Options::<u64>::new(16).create(own_segment()).unwrap();
    let pid = bare_fork();
    if pid == 0 {
        let own = || Segment::new("own").directory(std::env::var_os(PATH).unwrap());
        let mut producer = Options::<u64>::new(16).create(own()).unwrap();
        let mut observer = Ring::<u64>::open(own()).unwrap().observe(Start::Next).unwrap();
        ringway::segment::release_inherited();
        producer.send(&1).unwrap();
        let whole = producer.is_usable()
            && observer.recv() == Ok(1)
            && observer.is_producer_alive() == Ok(true);
        drop(producer);
        exit(whole);
    }
    assert!(ends(pid).success());
}

/// The descriptors of a bare child may have been closed, and be others by the time at which it
/// gives up what it had inherited: those are its own.
#[test]
fn what_a_bare_child_has_opened_in_place_of_what_it_inherited_is_not_closed() {
    let directory = Directory::new();
    succeeds(part("descriptors of its own").env(PATH, directory.path()));
}

pub(crate) fn descriptors_of_its_own() {
    let mut producer = Options::<u64>::new(16).create(own_segment()).unwrap();
    let pid = bare_fork();
    if pid == 0 {
        for number in 3..64 {
            // SAFETY: nothing of this child uses them.
            unsafe { libc::close(number) };
        }
        // SAFETY: reads a string that is there.
        while unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) } < 40 {}
        ringway::segment::release_inherited();
        // SAFETY: asks about a number.
        let whole = (3..40).all(|number| unsafe { libc::fcntl(number, libc::F_GETFD) } != -1);
        exit(whole);
    }
    assert!(ends(pid).success());
    producer.send(&1).unwrap();
}

/// A thread that is slow to fork, by a handler of the program's.
static SLOW: AtomicBool = AtomicBool::new(false);

extern "C" fn is_slow_once() {
    if SLOW.swap(false, Ordering::SeqCst) {
        thread::sleep(Duration::from_secs(4));
    }
}

/// For the moment of a fork the mappings are inherited. A child of another thread, that does not
/// wait for that fork to end, is kept from them all the same.
#[test]
fn a_child_that_is_forked_during_a_slow_fork_has_no_access_to_its_parents_rings() {
    let directory = Directory::new();
    succeeds(part("slow fork").env(PATH, directory.path()));
}

pub(crate) fn slow_fork() {
    let slow = Some(is_slow_once as unsafe extern "C" fn());
    // Before the library's, and so called after them.
    // SAFETY: a function of this program, for every fork.
    assert_eq!(unsafe { libc::pthread_atfork(slow, None, None) }, 0);
    let mut producer = Options::<u64>::new(1 << 16).create(own_segment()).unwrap();
    SLOW.store(true, Ordering::SeqCst);
    let first = thread::spawn(|| fork(|| true));
    while SLOW.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(1));
    }
    let child = fork(|| producer.try_send(&7).is_ok());
    assert_eq!(ends(child).signal(), Some(libc::SIGSEGV));
    assert!(ends(first.join().unwrap()).success());
    producer.try_send(&8).unwrap();
    assert_eq!(producer.head(), 1);
}
