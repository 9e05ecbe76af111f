//! Processes that tests start, and a directory for what they share.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use ringway_sync::{Anonymous, Place, Region};

/// A directory in shared memory that is gone when its test ends.
#[derive(Debug)]
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = format!("/dev/shm/ringway-sync-test-{}-{number}", std::process::id());
        fs::create_dir(&path).unwrap();
        Directory(path.into())
    }

    pub(crate) fn place(&self, name: &str) -> Place {
        Place::new(name).directory(&self.0)
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

const ROLE: &str = "RINGWAY_SYNC_ROLE";
const PATH: &str = "RINGWAY_SYNC_DIRECTORY";

impl Player {
    /// Starts it, and waits until it is ready.
    pub(crate) fn start(directory: &Directory, role: &str) -> Player {
        Player::start_with(directory, role, |_| {})
    }

    /// The same, of a command that is prepared by the caller.
    pub(crate) fn start_with(
        directory: &Directory,
        role: &str,
        prepare: impl FnOnce(&mut Command),
    ) -> Player {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["child::play", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(PATH, &directory.0)
            .stdout(Stdio::piped())
            .stdin(Stdio::piped());
        prepare(&mut command);
        let mut child = command.spawn().unwrap();
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

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
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

pub(crate) fn waits() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

fn inherits() {
    // SAFETY: the parent has set the variable, and nothing else here uses its descriptor.
    let file = unsafe { Anonymous::from_env("RINGWAY_SYNC_REGION") }.unwrap();
    let region = file.open().unwrap();
    let pair = region.mutex::<[u64; 8]>("pair").unwrap();
    let mut guard = pair.lock().unwrap();
    guard.fill(6);
    guard.commit();
    println!("ready");
    waits();
}

/// What processes do here. Nothing, where it is not one that a test has started.
#[test]
fn play() {
    let Ok(role) = std::env::var(ROLE) else { return };
    if role == "heir" {
        return inherits();
    }
    let place = Place::new("region").directory(std::env::var_os(PATH).unwrap());
    let region = Region::open(place).unwrap();
    if crate::cell::plays(&role, &region) || crate::table::plays(&role, &region) {
        return;
    }
    let pair = region.mutex::<[u64; 8]>("pair").unwrap();
    match role.as_str() {
        "holder" => {
            let mut guard = pair.lock().unwrap();
            guard.fill(1);
            guard.commit();
            guard[0] = 2;
            let lock = region.lock("lock").unwrap();
            let _lock = lock.lock().unwrap();
            println!("ready");
            waits();
        }
        "seated" => {
            println!("ready");
            waits();
            drop(pair);
            drop(region);
            println!("left");
            waits();
        }
        "writer" => {
            println!("ready");
            for number in 0.. {
                let mut guard = match pair.lock() {
                    Err(ringway_sync::LockError::OwnerDied(guard)) => guard,
                    guard => guard.unwrap(),
                };
                guard.iter_mut().for_each(|place| *place = number);
            }
        }
        role => panic!("{role}"),
    }
}
