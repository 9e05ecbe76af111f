//! Processes that tests start, and a directory for what they share.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
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
/// The test in which roles are told here.
const PLAY: &str = "child::play";

impl Player {
    /// Starts it, and waits until it is ready.
    pub(crate) fn start(directory: &Directory, role: &str) -> Player {
        Player::start_with(directory, role, |_| {})
    }

    /// The same of a role that is told in that test, which does nothing where there is no [`role`].
    pub(crate) fn start_in(test: &str, directory: &Directory, role: &str) -> Player {
        let command = Command::new(std::env::current_exe().unwrap());
        Player::of(command, test, directory, role)
    }

    /// Of a role that is told here, by a command that is prepared by the caller.
    pub(crate) fn start_with(
        directory: &Directory,
        role: &str,
        prepare: impl FnOnce(&mut Command),
    ) -> Player {
        let mut command = Command::new(std::env::current_exe().unwrap());
        prepare(&mut command);
        Player::of(command, PLAY, directory, role)
    }

    /// The same in a pid namespace of its own, where its number is 1. `None`: this user may not make
    /// one.
    pub(crate) fn start_apart(directory: &Directory, role: &str) -> Option<Player> {
        let may = Command::new("unshare").args(["--pid", "--fork", "true"]).output();
        if !may.is_ok_and(|ran| ran.status.success()) {
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child"]).arg(std::env::current_exe().unwrap());
        Some(Player::of(command, PLAY, directory, role))
    }

    fn of(mut command: Command, test: &str, directory: &Directory, role: &str) -> Player {
        command
            .args([test, "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(PATH, &directory.0)
            .stdout(Stdio::piped())
            .stdin(Stdio::piped());
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

    /// Waits until it has ended, and says how.
    pub(crate) fn ends(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn dies(mut self) {
        // Closed later: one that reads to the end goes on, and this is to be its death.
        let _stdin = self.child.stdin.take();
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

/// The role that this process plays, and the region that it plays it in. `None`: it is not one that a
/// test has started.
pub(crate) fn role() -> Option<(String, Region)> {
    let role = std::env::var(ROLE).ok()?;
    let place = Place::new("region").directory(std::env::var_os(PATH).unwrap());
    Some((role, Region::open(place).unwrap()))
}

/// Says that it is ready, and waits until it may go on.
pub(crate) fn is_ready() {
    println!("ready");
    waits();
}

/// The directory of a role that is played. `None`: it is not one that a test has started.
pub(crate) fn directory_of_role() -> Option<std::ffi::OsString> {
    std::env::var_os(ROLE).and(std::env::var_os(PATH))
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

/// How often a process adds.
pub(crate) const ADDS: u64 = 5000;

/// The locks of a process that takes many.
pub(crate) const MANY: usize = 3000;

fn hoards() {
    let place = Place::new("region").directory(std::env::var_os(PATH).unwrap());
    let region = Region::open(place).unwrap();
    let locks = (0..MANY).map(|number| region.lock(&number.to_string()).unwrap());
    let locks: Vec<_> = locks.collect();
    let _guards: Vec<_> = locks.iter().map(|lock| lock.lock().unwrap()).collect();
    println!("ready");
    waits();
}

/// What processes do here. Nothing, where it is not one that a test has started.
#[test]
fn play() {
    let Ok(role) = std::env::var(ROLE) else { return };
    match role.as_str() {
        "heir" => return inherits(),
        "hoarder" => return hoards(),
        _ => {}
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
        "adder" => {
            println!("ready {}", std::process::id());
            waits();
            for _ in 0..ADDS {
                pair.lock().unwrap().iter_mut().for_each(|number| *number += 1);
            }
            println!("added");
            waits();
            let _guard = pair.lock_timeout(std::time::Duration::from_secs(10));
            println!("holds");
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
