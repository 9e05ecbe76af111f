//! The dumps in `dumps`: what the library writes, and what can be read from them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ringway::error::{RecvError, TryRecvError};
use ringway::{Options, Ring, Segment, Start, Worker};

use crate::Place;
use crate::by_bytes::{self, Found};

/// What stands in the dumps in place of the instance's random bits.
const INSTANCE: [u8; 16] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];
/// Where it lies.
const AT: std::ops::Range<usize> = 32..48;
/// What stands there in place of the number of a process that has joined.
const PROCESS: u32 = 4711;
/// Set, the dumps are written anew.
const WRITE: &str = "RINGWAY_WRITE_DUMPS";

const TAG: u64 = 0x1122_3344_5566_7788;

/// The segments of a ring, without what differs from run to run.
#[derive(Debug, PartialEq, Eq)]
struct Dump {
    data: Vec<u8>,
    control: Vec<u8>,
}

impl Dump {
    /// What a ring's files hold now.
    fn of(place: &Place) -> Dump {
        let mut dump = Dump { data: Vec::new(), control: Vec::new() };
        for file in fs::read_dir(place.path()).unwrap() {
            let path = file.unwrap().path();
            let is_control = path.extension().is_some_and(|extension| extension == "ctl");
            let bytes = if is_control { &mut dump.control } else { &mut dump.data };
            *bytes = fs::read(path).unwrap();
            bytes[AT].copy_from_slice(&INSTANCE);
        }
        for entry in dump.control[384..].chunks_exact_mut(256) {
            let process = &mut entry[148..152];
            if process != [0; 4] {
                process.copy_from_slice(&PROCESS.to_le_bytes());
            }
        }
        dump
    }

    fn path(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attach/dumps").join(name)
    }

    /// The one that is kept.
    fn read(name: &str) -> Dump {
        let read =
            |part| from_text(&fs::read_to_string(Dump::path(&format!("{name}.{part}"))).unwrap());
        Dump { data: read("data"), control: read("control") }
    }

    /// Compares with the one that is kept, or keeps this one.
    fn compare(&self, name: &str) {
        for (part, bytes) in [("data", &self.data), ("control", &self.control)] {
            let (path, text) = (Dump::path(&format!("{name}.{part}")), to_text(bytes));
            if std::env::var_os(WRITE).is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
                continue;
            }
            let kept = fs::read_to_string(&path).unwrap_or_default();
            let differ = || -> String {
                let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
                let (kept, text) = (lines(&kept), lines(&text));
                let gone = kept.iter().filter(|line| !text.contains(line));
                let come = text.iter().filter(|line| !kept.contains(line));
                gone.map(|line| format!("- {line}\n"))
                    .chain(come.map(|line| format!("+ {line}\n")))
                    .collect()
            };
            assert!(
                kept == text,
                "{} is not what the library writes; if the layout has changed, and its version, \
                 {WRITE}=1 writes the dumps anew:\n{}",
                path.display(),
                differ()
            );
        }
    }

    /// Makes files of it.
    fn lay_out(&self, place: &Place) {
        let words = INSTANCE.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
        let digits: String = words.map(|word| format!("{word:08x}")).collect();
        fs::write(place.ring(), &self.data).unwrap();
        fs::write(place.path().join(format!("ring.{digits}.ctl")), &self.control).unwrap();
    }
}

/// As `xxd` prints it, without lines of zeros.
fn to_text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, sixteen) in bytes.chunks(16).enumerate() {
        if sixteen.iter().all(|&byte| byte == 0) {
            continue;
        }
        write!(text, "{:08x}:", 16 * line).unwrap();
        for two in sixteen.chunks(2) {
            text.push(' ');
            two.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        }
        let letters = sixteen.iter().map(|&byte| match byte {
            b' '..=b'~' => char::from(byte),
            _ => '.',
        });
        text.push_str("  ");
        text.extend(letters);
        text.push('\n');
    }
    text
}

/// The other way round. The length is in the envelope.
fn from_text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 16];
    for line in text.lines() {
        let (at, rest) = line.split_once(": ").unwrap();
        let digits = rest.split_once("  ").unwrap().0.replace(' ', "");
        let at = usize::from_str_radix(at, 16).unwrap();
        for (i, two) in digits.as_bytes().chunks(2).enumerate() {
            bytes[at + i] = u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        }
    }
    let len = u64::from_le_bytes(bytes[48..56].try_into().unwrap());
    bytes.truncate(len as usize);
    bytes
}

/// A segment with the dumps' tag.
fn tagged(place: &Place) -> Segment {
    place.segment().expect_tag(TAG)
}

#[test]
fn the_dumps_of_messages_of_one_length_are_what_the_library_writes() {
    let place = Place::new("dump-fixed");
    let options = Options::<u64>::new(4).subscribers(1).groups(1).workers(1);
    let options = options.tag(TAG).text("price:u64").asymmetric_fences(false);
    let mut producer = options.create(place.segment()).unwrap();
    let ring = Ring::<u64>::open(tagged(&place)).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "jobs").unwrap();
    (10..14).for_each(|n| producer.try_send(&n).unwrap());
    (10..14).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    (10..12).for_each(|_| worker.try_recv().unwrap().done().unwrap());
    (14..16).for_each(|n| producer.try_send(&n).unwrap());
    let job = worker.try_recv().unwrap();
    assert_eq!(*job, 12);
    Dump::of(&place).compare("fixed");
}

#[test]
fn the_dumps_of_messages_of_all_lengths_are_what_the_library_writes() {
    let place = Place::new("dump-variable");
    let options = Options::bytes(4, 10).arena(256).subscribers(2).asymmetric_fences(false);
    let mut producer = options.create(place.segment().keep(true)).unwrap();
    let ring = Ring::<[u8]>::open(place.segment()).unwrap();
    let mut ledger = ring.subscribe_durable("ledger", Start::Next).unwrap();
    for message in MESSAGES {
        producer.try_send(message).unwrap();
    }
    assert_eq!(ledger.try_recv_into(&mut [0; 10]), Ok(0));
    drop((ledger, ring));
    drop(producer);
    Dump::of(&place).compare("variable");
}

/// What was sent to the ring of messages of all lengths.
const MESSAGES: [&[u8]; 4] = [b"", b"abc", b"0123456789", &[b'x'; 100]];

#[test]
fn the_library_reads_the_dumps() {
    let place = Place::new("read-fixed");
    Dump::read("fixed").lay_out(&place);
    let ring = Ring::<u64>::open(tagged(&place)).unwrap();
    let mut observer = ring.observe(Start::Oldest).unwrap();
    for n in 12..16 {
        assert_eq!(observer.try_recv(), Ok(n));
    }
    assert_eq!(observer.recv(), Err(RecvError::ProducerDied));
    let received: Vec<_> = ring.consumer_stats().unwrap().map(|stats| stats.received).collect();
    assert_eq!(received, [4, 2, 3], "of the subscriber, the group, the worker");

    let place = Place::new("read-variable");
    Dump::read("variable").lay_out(&place);
    let ring = Ring::<[u8]>::open(place.segment()).unwrap();
    let mut ledger = ring.subscribe_durable("ledger", Start::Next).unwrap();
    let mut buffer = [0; 128];
    for message in &MESSAGES[1..] {
        assert_eq!(ledger.try_recv_into(&mut buffer), Ok(message.len()));
        assert_eq!(&buffer[..message.len()], *message);
    }
    assert_eq!(ledger.try_recv_into(&mut buffer), Err(TryRecvError::Closed));
}

#[test]
fn the_bytes_say_of_the_dumps_what_the_page_says() {
    let place = Place::new("bytes-fixed");
    let dump = Dump::read("fixed");
    let field = |at: usize| u32::from_le_bytes(dump.data[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(&dump.data[field(24)..][..field(28)], b"price:u64");
    dump.lay_out(&place);
    let mut observer = by_bytes::Observer::open(&place.ring()).unwrap();
    // The head that is stored is one message old.
    assert_eq!(observer.try_recv().unwrap(), Found::Lost(1));
    for n in 12u64..16 {
        assert_eq!(observer.try_recv().unwrap(), Found::Message(n.to_le_bytes().to_vec()));
    }
    assert_eq!(observer.recv().unwrap(), None, "the producer has no lock");

    let place = Place::new("bytes-variable");
    Dump::read("variable").lay_out(&place);
    let mut observer = by_bytes::Observer::open(&place.ring()).unwrap();
    for message in MESSAGES {
        assert_eq!(observer.try_recv().unwrap(), Found::Message(message.to_vec()));
    }
    assert_eq!(observer.try_recv().unwrap(), Found::Closed);
}
