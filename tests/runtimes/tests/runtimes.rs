//! The same futures on tokio, smol, and a runtime by hand.

use std::future::Future;
use std::pin::pin;
use std::process::id;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use ringway::error::RecvError;
use ringway::future::{Async, Wakers};
use ringway::{Options, Producer, Ring, Start, Subscriber, Worker};
use ringway_runtimes::*;

/// No test: it is what the processes run that the tests start.
#[test]
fn child() {
    let Some((role, ring)) = role() else { return };
    match role.as_str() {
        "sender" => {
            // Takes over what the one before left, or makes the ring.
            let mut producer = Options::<u64>::new(64).create(ring.as_str()).unwrap();
            producer.wait_for_consumers(1, Duration::from_secs(20)).unwrap();
            for message in 0.. {
                if producer.send_timeout(&message, Duration::from_secs(20)).is_err() {
                    return;
                }
            }
        }
        "idler" => {
            let mut producer = Options::<u64>::new(64).groups(1).create(ring.as_str()).unwrap();
            producer.send(&7).unwrap();
            thread::sleep(Duration::from_secs(30));
        }
        "without_waitv" => without_waitv(),
        "without_threads" => without_threads(),
        "same_number" => same_number(&ring),
        "job" => {
            let mut worker = Worker::join(&open(&ring), "group").unwrap();
            let job = worker.recv().unwrap();
            println!("{}", *job);
            thread::sleep(Duration::from_secs(30));
        }
        "holder" => {
            let mut subscriber = open(&ring).subscribe(Start::Next).unwrap();
            println!("{}", subscriber.recv().unwrap());
            thread::sleep(Duration::from_secs(30));
        }
        role => panic!("no role {role}"),
    }
}

/// One end sends, the other receives, and looks at the order.
async fn consume(mut subscriber: Async<Subscriber<u64>>, messages: u64) {
    for expected in 0..messages {
        assert_eq!(subscriber.recv().await, Ok(expected));
    }
    assert_eq!(subscriber.recv().await, Err(RecvError::Closed));
}

async fn produce(mut producer: Async<Producer<u64>>, messages: u64) {
    for message in 0..messages {
        producer.send(&message).await.unwrap();
    }
    producer.flush().await.unwrap();
}

fn pair(name: &str) -> (Async<Producer<u64>>, Async<Subscriber<u64>>) {
    let name = format!("runtimes-{name}-{}", id());
    let producer = Options::<u64>::new(16).create(name.as_str()).unwrap();
    let subscriber = Ring::open(name.as_str()).unwrap().subscribe(Start::Next).unwrap();
    (producer.into_async(), subscriber.into_async())
}

#[test]
fn the_same_future_runs_on_every_runtime() {
    const MESSAGES: u64 = 20_000;
    type Run = fn(Async<Subscriber<u64>>);
    let all: [(&str, Run); 4] = [
        ("hand", |subscriber| by_hand(consume(subscriber, MESSAGES))),
        ("tokio", |subscriber| on_tokio(consume(subscriber, MESSAGES))),
        ("threads", |subscriber| on_tokio_threads(consume(subscriber, MESSAGES))),
        ("smol", |subscriber| on_smol(consume(subscriber, MESSAGES))),
    ];
    for (name, run) in all {
        let (producer, subscriber) = pair(name);
        let thread = thread::spawn(move || run(subscriber));
        match name {
            "hand" => on_smol(produce(producer, MESSAGES)),
            "tokio" => by_hand(produce(producer, MESSAGES)),
            _ => on_tokio_threads(produce(producer, MESSAGES)),
        }
        thread.join().unwrap();
    }
}

#[test]
fn streams_and_sinks_pass_everything_on() {
    let (producer, subscriber) = pair("streams");
    let (relay, last) = pair("relayed");
    let thread = thread::spawn(move || by_hand(produce(producer, 5000)));
    let passing = thread::spawn(move || {
        let messages = subscriber.map(|message| Ok(message.unwrap()));
        on_smol(messages.forward(relay)).unwrap();
    });
    let received: Vec<u64> = on_tokio(last.map(Result::unwrap).collect());
    assert!(received.into_iter().eq(0..5000));
    thread.join().unwrap();
    passing.join().unwrap();
    let (mut producer, mut last) = pair("feed");
    on_tokio(async {
        producer.feed(7).await.unwrap();
        SinkExt::flush(&mut producer).await.unwrap();
        assert_eq!(last.recv().await, Ok(7));
    });
}

#[test]
fn tasks_of_one_runtime_share_a_thread() {
    let (producer, subscriber) = pair("one-thread");
    on_tokio(async {
        let ((), ()) = tokio::join!(produce_and_drop(producer), consume(subscriber, 10_000));
    });
}

async fn produce_and_drop(producer: Async<Producer<u64>>) {
    produce(producer, 10_000).await;
}

/// Polls a future once or twice with a waker of nothing's, and drops it. `None`: it was pending.
fn once<R>(future: impl Future<Output = R>, polls: u64) -> Option<R> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let std::task::Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return Some(outcome);
        }
    }
    None
}

/// Receives all of it, and drops most of the futures when they have waited for a random time.
async fn consume_with_time_outs(mut subscriber: Async<Subscriber<u64>>, messages: u64, seed: u64) {
    let mut random = Random(seed);
    let mut expected = 0;
    while expected < messages {
        let most = Duration::from_micros(random.below(200));
        if let Ok(received) = tokio::time::timeout(most, subscriber.recv()).await {
            assert_eq!(received, Ok(expected));
            expected += 1;
        }
    }
}

#[test]
fn time_outs_under_load_lose_nothing() {
    let (producer, first) = pair("time-outs");
    let name = format!("runtimes-time-outs-{}", id());
    let second = Ring::open(name.as_str()).unwrap().subscribe(Start::Next).unwrap().into_async();
    let sender = thread::spawn(move || by_hand(produce(producer, 20_000)));
    let other = thread::spawn(|| on_tokio(consume_with_time_outs(second, 20_000, 5)));
    on_tokio_threads(consume_with_time_outs(first, 20_000, 3));
    other.join().unwrap();
    sender.join().unwrap();
}

fn open(name: &str) -> Ring<u64> {
    let start = Instant::now();
    loop {
        match Ring::open(name) {
            Ok(ring) => return ring,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(20), "{error}"),
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Kills senders at a random time, and has tasks of tokio's receive what they sent. Returns how long
/// after each kill the task was told, sorted.
fn kills(times: u64, seed: u64) -> Vec<Duration> {
    let mut random = Random(seed);
    let mut told = Vec::new();
    for time in 0..times {
        let name = format!("runtimes-killed-{seed}-{time}-{}", id());
        let mut child = start("sender", &name);
        let mut subscriber = open(&name).subscribe(Start::Next).unwrap().into_async();
        let receiving = thread::spawn(move || {
            on_tokio(async move {
                let mut expected = 0;
                loop {
                    match subscriber.recv().await {
                        Ok(message) => assert_eq!(message, expected),
                        Err(error) => return (error, expected, Instant::now()),
                    }
                    expected += 1;
                }
            })
        });
        thread::sleep(Duration::from_micros(random.below(3000)));
        let killed = Instant::now();
        child.kill().unwrap();
        child.wait().unwrap();
        let (error, _, then) = receiving.join().unwrap();
        assert_eq!(error, RecvError::ProducerDied);
        told.push(then.saturating_duration_since(killed));
        ringway::segment::unlink(name.as_str()).unwrap();
    }
    told.sort();
    let last = told.len() - 1;
    let (median, p99, worst) = (told[last / 2], told[last * 99 / 100], told[last]);
    println!("{times} kills: median {median:?}, p99 {p99:?}, worst {worst:?}");
    told
}

#[test]
fn killed_producers_are_told_of_behind_all_that_they_sent() {
    let told = kills(30, 11);
    // 150 ms, and what a loaded machine adds.
    assert!(told[told.len() / 2] < Duration::from_millis(150), "{told:?}");
}

/// Prints how soon: `cargo test --release killed -- --ignored --nocapture`.
#[test]
#[ignore = "long"]
fn a_hundred_killed_producers() {
    kills(100, 17);
}

#[test]
#[ignore = "long"]
fn a_thousand_killed_producers() {
    kills(1000, 13);
}

#[test]
fn a_worker_is_told_of_a_death_too_and_every_later_call_is() {
    let name = format!("runtimes-worker-{}", id());
    let mut child = start("idler", &name);
    let ring = open(&name);
    let mut worker = Worker::join(&ring, "group").unwrap().into_async();
    let mut subscriber = ring.subscribe(Start::Oldest).unwrap().into_async();
    on_tokio(async {
        // It may have been sent before the worker joined.
        assert_eq!(subscriber.recv().await, Ok(7));
        let killing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let of_worker = async {
            loop {
                match worker.recv().await {
                    Ok(job) => drop(job),
                    Err(error) => return error,
                }
            }
        };
        let told = tokio::join!(of_worker, subscriber.recv());
        assert_eq!(told, (RecvError::ProducerDied, Err(RecvError::ProducerDied)));
        assert_eq!(worker.recv().await.map(|job| *job), Err(RecvError::ProducerDied));
        assert_eq!(subscriber.recv().await, Err(RecvError::ProducerDied));
        killing.join().unwrap();
    });
    ringway::segment::unlink(name.as_str()).unwrap();
}

/// In a process of its own: the system call is refused from the first on.
fn without_waitv() {
    refuse_waitv();
    let (producer, subscriber) = pair("no-waitv");
    let thread = thread::spawn(move || on_tokio(consume(subscriber, 300)));
    on_tokio(async move {
        let mut producer = producer;
        for message in 0..300 {
            producer.send(&message).await.unwrap();
            if message % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        producer.flush().await.unwrap();
    });
    thread.join().unwrap();
    std::process::exit(7);
}

/// In a process of its own: no thread can be started from the first on.
fn without_threads() {
    let name = format!("runtimes-no-threads-{}", id());
    let producer = Options::<u64>::new(8).create(name.as_str()).unwrap();
    let mut subscriber = open(&name).subscribe(Start::Next).unwrap().into_async();
    refuse(&[libc::SYS_clone, libc::SYS_clone3], libc::EAGAIN);
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    // SAFETY: it looks at the allocator.
    let allocated = || unsafe { libc::mallinfo2() }.uordblks;
    assert!(once(subscriber.recv(), 10).is_none());
    let before = (descriptors(), allocated());
    for _ in 0..2000 {
        assert!(once(subscriber.recv(), 1).is_none());
    }
    assert_eq!(descriptors(), before.0);
    let more = allocated().saturating_sub(before.1);
    assert!(more < 16 << 10, "{more} bytes are kept by 2000 polls");
    producer.detach();
    assert_eq!(by_hand(subscriber.recv()), Err(RecvError::ProducerDied));
    ringway::segment::unlink(name.as_str()).unwrap();
    std::process::exit(7);
}

#[test]
fn where_no_thread_can_be_started_polls_keep_nothing_and_deaths_are_told() {
    let status = start("without_threads", "none").wait().unwrap();
    assert_eq!(status.code(), Some(7));
}

/// In a process of its own: a child of it has the same process number, in another namespace.
fn same_number(of: &str) {
    // SAFETY: it takes numbers.
    if unsafe { libc::unshare(libc::CLONE_NEWPID) } != 0 {
        println!("not checked: this user may make no namespace");
        std::process::exit(7);
    }
    let first = fork_and_wait(|| {
        let (_producer, mut subscriber) = pair(&format!("number-{of}"));
        assert!(once(subscriber.recv(), 1).is_none());
        // SAFETY: it takes numbers.
        assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWPID) }, 0);
        let number = id();
        fork_and_wait(|| {
            assert_eq!(id(), number);
            // The first process of a namespace is not ended by a signal that it does not handle.
            extern "C" fn end(_signal: i32) {
                // SAFETY: it ends the process at once.
                unsafe { libc::_exit(9) };
            }
            // SAFETY: the handler may be called at any time.
            unsafe { libc::signal(libc::SIGALRM, end as extern "C" fn(i32) as usize) };
            // SAFETY: it takes a number.
            unsafe { libc::alarm(10) };
            let (mut producer, mut subscriber) = pair(&format!("again-{of}"));
            let sending = thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                by_hand(producer.send(&7)).unwrap();
                producer
            });
            assert_eq!(by_hand(subscriber.recv()), Ok(7));
            drop(sending.join().unwrap());
            7
        })
    });
    std::process::exit(first);
}

/// Has a child run that, and returns what the child does; of one that was killed, a number from
/// 100 on.
fn fork_and_wait(run: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child has one thread, and ends itself.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        // SAFETY: it ends the child at once.
        unsafe { libc::_exit(outcome.unwrap_or(1)) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes the status.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 100 + libc::WTERMSIG(status) }
}

#[test]
fn a_child_with_its_parents_number_makes_a_reactor_of_its_own() {
    let status = start("same_number", &id().to_string()).wait().unwrap();
    assert_eq!(status.code(), Some(7));
}

/// Starts a process in that role, and waits until it has received a message.
fn start_and_wait(role: &str, ring: &str) -> std::process::Child {
    let mut child = start_piped(role, ring);
    let lines = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut lines = std::io::BufRead::lines(lines);
    assert!(lines.any(|line| line.unwrap().ends_with('7')), "the process has received nothing");
    child
}

/// Wakers of the program's own, of which the processes that die have none.
#[test]
fn tasks_of_wakers_are_told_of_peers_that_are_killed() {
    let name = format!("runtimes-wakers-{}", id());
    let wakers = Wakers::<4>::new();
    let options = Options::<u64>::new(1).groups(1).workers(4).subscribers(2);
    let mut producer = options.create(name.as_str()).unwrap().with_wait(wakers.wait());
    let mut worker =
        Worker::join(&open(&name), "group").unwrap().with_wait(wakers.wait()).into_async();
    // Both are of other processes, and have the message.
    let started = ["job", "holder"].map(|role| {
        let name = name.clone();
        thread::spawn(move || start_and_wait(role, &name))
    });
    producer.wait_for_consumers(2, Duration::from_secs(20)).unwrap();
    producer.send(&7).unwrap();
    for child in started {
        let mut child = child.join().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
    on_tokio(async {
        let job = worker.recv().await.unwrap();
        assert!(job.redelivered());
        drop(job);
        // The subscriber that was killed keeps no room.
        let mut producer = producer.into_async();
        producer.send(&8).await.unwrap();
    });
}

/// A filter that refuses `futex_waitv`, as the filters of containers may.
fn refuse_waitv() {
    refuse(&[libc::SYS_futex_waitv], libc::EPERM);
}

/// A filter that refuses those system calls.
fn refuse(calls: &[i64], error: i32) {
    const fn instruction(code: u32, value: u32, otherwise: u8) -> libc::sock_filter {
        libc::sock_filter { code: code as u16, jt: 0, jf: otherwise, k: value }
    }
    let mut filter = vec![instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for &call in calls {
        let refused = libc::SECCOMP_RET_ERRNO | error as u32;
        filter.extend([
            instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32, 1),
            instruction(libc::BPF_RET | libc::BPF_K, refused, 0),
        ]);
    }
    filter.push(instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: it takes numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the kernel reads the program, whose instructions are as many as it says.
    let done = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
    assert_eq!(done, 0);
}

#[test]
fn where_the_kernel_refuses_futex_waitv_tasks_are_woken_all_the_same() {
    let status = start("without_waitv", "none").wait().unwrap();
    assert_eq!(status.code(), Some(7));
}

#[test]
fn a_forked_child_leaves_the_reactor_alone_and_makes_its_own() {
    let (_producer, mut subscriber) = pair("forked");
    let (of_heap, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut on_heap = ring.subscribe(Start::Next).unwrap().into_async();
    assert!(once(subscriber.recv(), 1).is_none() && once(on_heap.recv(), 1).is_none());
    // SAFETY: the child has one thread, and ends itself.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(subscriber);
        drop(on_heap);
        drop(of_heap);
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let sending = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            producer.send(&7).unwrap();
            producer
        });
        let received = by_hand(subscriber.recv());
        drop(sending);
        // SAFETY: it ends the child at once.
        unsafe { libc::_exit(if received == Ok(7) { 7 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes the status.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 7));
}
