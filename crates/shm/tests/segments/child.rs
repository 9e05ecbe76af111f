//! Processes that tests start, and a directory for what they share.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ringway_shm::envelope::Kind;
use ringway_shm::segment::{Claim, Place, Shared, Words};

/// What is shared.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Words64 {
    pub(crate) words: [AtomicU64; 8],
}
// SAFETY: atomics alone, of which any bytes are values.
unsafe impl Words for Words64 {}

pub(crate) const KIND: Kind = Kind::new(*b"TEST");

/// A directory in shared memory that is gone when its test ends.
#[derive(Debug)]
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = format!("/dev/shm/ringway-shm-test-{}-{number}", std::process::id());
        fs::create_dir(&path).unwrap();
        Directory(path.into())
    }

    pub(crate) fn place(&self, name: &str) -> Place {
        Place::new(name).directory(&self.0)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that plays a role.
#[derive(Debug)]
pub(crate) struct Player {
    child: Child,
    said: BufReader<ChildStdout>,
}

const ROLE: &str = "RINGWAY_SHM_ROLE";
const PATH: &str = "RINGWAY_SHM_DIRECTORY";

impl Player {
    /// Starts it, and waits until it is ready.
    pub(crate) fn start(directory: &Directory, role: &str) -> Player {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child::play", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(PATH, &directory.0)
            .stdout(Stdio::piped())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut player = Player { child, said };
        player.hears("ready");
        player
    }

    /// Waits until it says that.
    pub(crate) fn hears(&mut self, word: &str) {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "it ended before {word:?}");
        }
    }

    /// Lets it go on.
    pub(crate) fn goes_on(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn dies(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn waits() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// What processes do here. Nothing, where it is not one that a test has started.
#[test]
fn play() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let place = Place::new("segment").directory(std::env::var_os(PATH).unwrap());
    match role.as_str() {
        "owner" => {
            let shared = Shared::<Words64>::create(place, KIND, 1).unwrap();
            shared.words[0].store(7, Ordering::Relaxed);
            println!("ready");
            waits();
            drop(shared);
            println!("dropped");
            waits();
        }
        "peer" => {
            let shared = Shared::<Words64>::open(place, KIND, 1).unwrap();
            let claim = shared.seats().claim(3).unwrap();
            assert!(matches!(claim, Claim::Ours(_)));
            shared.words[1].store(1, Ordering::Relaxed);
            println!("ready");
            waits();
        }
        "watcher" => {
            let directory = ManuallyDrop::new(Directory(std::env::var_os(PATH).unwrap().into()));
            crate::news::watcher(&directory);
            println!("ready");
        }
        role => panic!("{role}"),
    }
}
