//! The example `fanout`, as a whole.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::LONG;
use crate::account::Pattern;
use crate::examples::program;
use crate::place::{MEMORY, Place};

const AMOUNT: &str = "16777216";

/// Enough to be in the middle of for seconds.
const TOO_MUCH: &str = if cfg!(debug_assertions) { "150000000" } else { "20000000000" };

#[test]
fn fanout_sends_a_file_to_four_processes() {
    let place = Place::new("fanout");
    let file = file(&place);
    let (status, output) = fanout(&place, &["--bytes", AMOUNT], &file).ends();
    assert_eq!(status.code(), Some(0), "{output}");
    assert_eq!(output.matches("hash ok").count(), 3, "{output}");
    assert_eq!(output.matches("each message ok").count(), 1, "{output}");
    assert!(output.contains("16,777,216 bytes"), "{output}");
}

#[test]
fn fanout_notices_a_flipped_bit() {
    let place = Place::new("flipped");
    let file = file(&place);
    let (status, output) = fanout(&place, &["--flip-bit", "--bytes", AMOUNT], &file).ends();
    assert_eq!(status.code(), Some(1), "{output}");
    assert_eq!(output.matches("hash DIFFERS").count(), 3, "{output}");
    assert_eq!(output.matches("hash ok").count(), 0, "{output}");
}

#[test]
fn fanout_says_what_is_wrong_with_a_file() {
    let place = Place::new("bad-files");
    let (missing, empty) = (place.path().join("missing"), place.path().join("empty"));
    fs::write(&empty, []).unwrap();
    for bad in [missing.as_path(), &empty, place.path()] {
        let (status, output) = fanout(&place, &[], bad).ends();
        assert_eq!(status.code(), Some(1), "{output}");
        assert!(output.contains(bad.to_str().unwrap()), "{output}");
    }
}

#[test]
fn fanout_that_is_interrupted_leaves_nothing() {
    let place = Place::new("interrupted");
    let file = file(&place);
    // As soon as there is something to leave, and when everything is under way.
    for pause in [Duration::ZERO, Duration::from_millis(100)] {
        let mut fanout = fanout(&place, &["--bytes", TOO_MUCH], &file);
        let deadline = Instant::now() + LONG;
        while fanout.segments().is_empty() {
            assert!(fanout.process.try_wait().unwrap().is_none(), "ended too soon");
            assert!(Instant::now() < deadline, "there is no segment");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(pause);
        let pid = Pid::from_child(&fanout.process);
        kill_process(pid, Signal::INT).unwrap();
        let (status, output) = fanout.ends();
        assert_eq!(status.code(), Some(130), "{output}");
    }
}

fn file(place: &Place) -> PathBuf {
    let path = place.path().join("file");
    // Not a multiple of anything.
    fs::write(&path, Pattern::new(1_000_003).message(0, 1_000_003)).unwrap();
    path
}

/// The example, running. Dropped, it is killed, and ends the processes that it has started.
struct Fanout {
    process: Child,
    /// Where its output goes: no pipe, so that nobody has to read it meanwhile.
    output: PathBuf,
}

fn fanout(place: &Place, options: &[&str], file: &Path) -> Fanout {
    let output = place.path().join("output");
    let stdout = File::create(&output).unwrap();
    let stderr = stdout.try_clone().unwrap();
    let process = Command::new(program("fanout"))
        .args(options)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap();
    Fanout { process, output }
}

impl Fanout {
    /// The files in memory that have its number.
    fn segments(&self) -> Vec<PathBuf> {
        let begin = format!("ringway-fanout-{}-", self.process.id());
        let names = fs::read_dir(MEMORY).unwrap().map(|entry| entry.unwrap());
        names
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&begin))
            .map(|entry| entry.path())
            .collect()
    }

    /// Waits for its end, and sees that it has left nothing. Returns all that it printed, too.
    fn ends(&mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + LONG;
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(5));
        };
        let mut output = String::new();
        File::open(&self.output).unwrap().read_to_string(&mut output).unwrap();
        assert_eq!(self.segments(), [] as [&Path; 0], "{output}");
        (status, output)
    }
}

impl Drop for Fanout {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
