//! The observer in C, beside a ring that lives.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ringway::{Options, Overflow, Position};

use crate::Place;

/// The observer's program. `None`, with a reason on standard error: there is no C compiler.
fn observer() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| build("attach-observer", &[])).clone()
}

/// One that gives way to the producer before each word that it loads, so that there is time for the
/// message to be overwritten while it is copied.
fn slow_observer() -> Option<PathBuf> {
    const LOAD: &str = "-D__atomic_load_n(word, order)=\
        (syscall(SYS_sched_yield), *(volatile __typeof__(*(word)) *)(word))";
    build("attach-slow-observer", &[LOAD])
}

fn build(name: &str, flags: &[&str]) -> Option<PathBuf> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    if Command::new(&compiler).arg("--version").output().is_err() {
        eprintln!("skipped: no C compiler `{compiler}`; `apt-get install gcc libc6-dev` gets one");
        return None;
    }
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/attach/observer.c");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (ours, program) =
        (folder.join(format!("{name}-{}", std::process::id())), folder.join(name));
    let mut compile = Command::new(compiler);
    compile.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&ours);
    let output = compile.args(flags).arg(source).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Another run of these tests may be about to start its own.
    std::fs::rename(ours, &program).unwrap();
    Some(program)
}

/// What an observer printed.
#[derive(Debug, Default)]
struct Printed {
    start: Position,
    messages: Vec<(Position, Vec<u8>)>,
    lost: u64,
    died: bool,
}

struct Observer {
    child: Child,
    output: BufReader<ChildStdout>,
    start: Position,
}

impl Observer {
    /// Starts one, and waits until it has begun to look.
    fn start(program: &PathBuf, place: &Place) -> Observer {
        let mut command = Command::new(program);
        let mut child = command.arg(place.ring()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let start = line.trim().strip_prefix("from ").expect(&line).parse().unwrap();
        Observer { child, output, start }
    }

    /// What it has printed when it ends.
    fn end(mut self) -> Printed {
        let mut text = String::new();
        self.output.read_to_string(&mut text).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {text}");
        let mut printed = Printed { start: self.start, ..Printed::default() };
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["received", received, "lost", lost, end] => {
                    assert_eq!(received, printed.messages.len().to_string());
                    printed.lost = lost.parse().unwrap();
                    printed.died = end == "died";
                }
                [position, bytes] => {
                    let digits =
                        bytes.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
                    let bytes = digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect();
                    printed.messages.push((position.parse().unwrap(), bytes));
                }
                _ => panic!("{line}"),
            }
        }
        printed
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the message at a position is, of a ring of any lengths up to `longest`.
fn message(position: u64, longest: u64) -> Vec<u8> {
    let len = position.wrapping_mul(2_654_435_761) % (longest + 1);
    (0..len).map(|i| (position.wrapping_mul(31) + i) as u8).collect()
}

fn check(printed: &Printed, sent: u64, expected: impl Fn(u64) -> Vec<u8>) {
    let mut next = printed.start;
    for (position, bytes) in &printed.messages {
        assert!(*position >= next, "{position} after {next}");
        assert!(*bytes == expected(*position), "message {position} is torn");
        next = position + 1;
    }
    assert_eq!(printed.messages.len() as u64 + printed.lost, sent - printed.start);
}

#[test]
fn an_observer_in_c_receives_messages_of_one_length_and_counts_what_it_lost() {
    let Some(program) = observer() else { return };
    let place = Place::new("c-fixed");
    let options = Options::<[u64; 3]>::new(256).overflow(Overflow::Overwrite).subscribers(0);
    let mut producer = options.create(place.segment()).unwrap();
    let observer = Observer::start(&program, &place);
    const SENT: u64 = 100_000;
    for n in 0..SENT {
        producer.send(&[n, !n, n << 32]).unwrap();
        if n % 1000 == 0 {
            std::thread::yield_now();
        }
    }
    drop(producer);
    let printed = observer.end();
    assert!(!printed.died && !printed.messages.is_empty());
    check(&printed, SENT, |n| [n, !n, n << 32].iter().flat_map(|n| n.to_ne_bytes()).collect());
}

#[test]
fn an_observer_in_c_receives_messages_of_all_lengths_also_from_the_arena() {
    let Some(program) = observer() else { return };
    let place = Place::new("c-variable");
    let options = Options::bytes(64, 40).arena(8192).overflow(Overflow::Overwrite).subscribers(0);
    let mut producer = options.create(place.segment()).unwrap();
    let observer = Observer::start(&program, &place);
    const SENT: u64 = 50_000;
    for n in 0..SENT {
        producer.send(&message(n, 300)).unwrap();
        if n % 100 == 0 {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
    drop(producer);
    let printed = observer.end();
    assert!(printed.messages.iter().any(|(_, bytes)| bytes.len() > 40), "none from the arena");
    check(&printed, SENT, |n| message(n, 300));
}

#[test]
fn an_observer_in_c_throws_away_a_message_that_was_overwritten_while_it_was_copied() {
    let Some(program) = slow_observer() else { return };
    let place = Place::new("c-torn");
    let options = Options::<[u64; 64]>::new(2).overflow(Overflow::Overwrite).subscribers(0);
    let mut producer = options.create(place.segment()).unwrap();
    let observer = Observer::start(&program, &place);
    let sender = std::thread::spawn(move || {
        let begun = Instant::now();
        let mut sent = 0;
        while begun.elapsed() < Duration::from_millis(500) {
            producer.send(&[sent; 64]).unwrap();
            sent += 1;
        }
        sent
    });
    let printed = observer.end();
    let sent = sender.join().unwrap();
    check(&printed, sent, |n| [n; 64].iter().flat_map(|n| n.to_ne_bytes()).collect());
}

#[test]
fn an_observer_in_c_is_told_that_the_producer_is_gone_after_what_it_sent() {
    let Some(program) = observer() else { return };
    let place = Place::new("c-died");
    let mut producer = Options::<u64>::new(64).create(place.segment()).unwrap();
    let observer = Observer::start(&program, &place);
    for n in 0..10 {
        producer.send(&n).unwrap();
    }
    producer.detach(); // for those that are attached, as if it had died
    let printed = observer.end();
    assert!(printed.died);
    assert_eq!(printed.messages.len(), 10);
    check(&printed, 10, |n| n.to_ne_bytes().to_vec());
}

#[test]
fn an_observer_in_c_refuses_what_is_no_ring() {
    let Some(program) = observer() else { return };
    let place = Place::new("c-refused");
    std::fs::write(place.ring(), vec![b'R'; 4096]).unwrap();
    let output = Command::new(&program).arg(place.ring()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a ring"));
    let options = Options::<u64>::new(64).observers(false);
    std::fs::remove_file(place.ring()).unwrap();
    let _producer = options.create(place.segment()).unwrap();
    let output = Command::new(&program).arg(place.ring()).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("no observers"));
}
