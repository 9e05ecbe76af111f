//! Processes that play a part, and say lines on their standard output.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ringway::{Ring, Segment};
use rustix::process::{Pid, Signal};

use crate::directory::Directory;

const PART: &str = "RINGWAY_TEST_HELD_PART";
const PATH: &str = "RINGWAY_TEST_HELD_PATH";
const RING: &str = "RINGWAY_TEST_HELD_RING";

/// Far longer than anything takes that is not stuck.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// What lines for the test begin with: the test harness writes to standard output too.
const MARK: &str = "say: ";

/// A process. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Part {
    process: std::process::Child,
    lines: BufReader<ChildStdout>,
}

impl Part {
    /// Starts a process that plays `part` with the ring of that name in `directory`.
    pub(crate) fn start(directory: &Directory, part: &str, ring: &str) -> Part {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "parts::child", "--nocapture"])
            .env(PART, part)
            .env(PATH, directory.path())
            .env(RING, ring)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Part { process, lines }
    }

    /// The next line that the process says. Fails if it ends before.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "it ended and said nothing");
            // The harness begins a line that it goes on with later.
            if let Some((_, said)) = line.split_once(MARK) {
                return said.trim_end().to_owned();
            }
        }
    }

    /// Waits for the process to end, which it has to do well, and soon.
    #[track_caller]
    pub(crate) fn ends(&mut self) {
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn stops(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn continues(&self) {
        self.signal(Signal::CONT);
    }

    /// Kills the process, and waits until it is gone.
    pub(crate) fn dies(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.process.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The ring that a part is about.
pub(crate) fn segment() -> Segment {
    let directory = std::env::var_os(PATH).unwrap();
    Segment::new(std::env::var(RING).unwrap()).directory(directory)
}

/// A file of that name in the directory of a part.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(&std::env::var_os(PATH).unwrap()).join(name)
}

pub(crate) fn open() -> Ring<u64> {
    Ring::open(segment()).unwrap()
}

pub(crate) fn say(line: &str) {
    println!("{MARK}{line}");
}

/// Waits to be killed.
pub(crate) fn waits() -> ! {
    loop {
        thread::sleep(LONG);
    }
}

/// No test: it is what the processes run that the tests start.
#[test]
fn child() {
    let Ok(part) = std::env::var(PART) else { return };
    match part.as_str() {
        "holder" => crate::refused::holder(),
        "durable holder" => crate::refused::durable_holder(),
        "producer without locks" => crate::refused::producer_without_locks(),
        "patient producer without locks" => crate::refused::patient_producer_without_locks(),
        "sender" => crate::paused::sender(),
        "slow receiver" => crate::paused::slow_receiver(),
        "crowd" => crate::counted::crowd(),
        "drain" => crate::counted::drain(),
        "worker" => crate::counted::worker(),
        part => panic!("there is no part {part}"),
    }
}
