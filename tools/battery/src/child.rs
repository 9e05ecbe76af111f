//! Processes, from both sides: the judge's `Child` and the process's own `Task`.
//!
//! A child is this program again, with a role to play and a room to play it in. What it knows, it
//! writes into the room's page, where it stays if it is killed. It is told to go on by a line on
//! its standard input, and dies with the judge. Where its group has a restriction, it loses
//! something once it has made its handle.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use ringway::Segment;
use rustix::process::{Pid, Signal, WaitOptions};

use crate::memory::Words;
use crate::place::{self, Room};
use crate::restrict::Restriction;

/// The first argument of a process that has a role; then come the role, the judge's number, the
/// room what the process is to lose, and what the role is given.
pub const ROLE: &str = "role";

/// The argument of a process that loses nothing.
const NOTHING: &str = "nothing";

/// Far longer than anything takes that is not stuck.
pub const LONG: Duration = Duration::from_secs(30);

/// This program, also if it was built anew since it was started.
pub fn program() -> String {
    format!("/proc/{}/exe", std::process::id())
}

/// A process that the judge has started. Dropped, it is killed.
#[derive(Debug)]
pub struct Child {
    role: String,
    process: std::process::Child,
}

impl Child {
    pub fn start(room: &Room, role: &str, arguments: &[&dyn ToString]) -> Result<Child> {
        Child::start_under(None, room, role, arguments)
    }

    /// Starts a process that is to lose something: its role has to call [`Task::restrict`].
    pub fn start_under(
        restriction: Option<Restriction>,
        room: &Room,
        role: &str,
        arguments: &[&dyn ToString],
    ) -> Result<Child> {
        let command = &mut Command::new(program());
        Child::start_with(command, restriction, room, role, arguments)
    }

    /// Starts a command that ends in this program, under strace say.
    pub fn start_with(
        command: &mut Command,
        restriction: Option<Restriction>,
        room: &Room,
        role: &str,
        arguments: &[&dyn ToString],
    ) -> Result<Child> {
        let process = command
            .args([ROLE, role, &std::process::id().to_string()])
            .arg(room.path())
            .arg(restriction.map_or(NOTHING, Restriction::name))
            .args(arguments.iter().map(|argument| argument.to_string()))
            .env("RUST_BACKTRACE", "0")
            // Where a core goes.
            .current_dir(room.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {role}"))?;
        Ok(Child { role: role.to_owned(), process })
    }

    /// Tells the process to go on.
    pub fn go(&mut self) -> Result<()> {
        let stdin = self.process.stdin.as_mut().context("a child without standard input")?;
        let told = stdin.write_all(b"go\n");
        told.with_context(|| format!("telling {} to go on", self.role))
    }

    pub fn send(&self, signal: Signal) -> Result<()> {
        rustix::process::kill_process(Pid::from_child(&self.process), signal)
            .with_context(|| format!("sending {signal:?} to {}", self.role))
    }

    /// Kills the process, and waits until it is gone. That it had ended by itself is an error.
    pub fn kill(self) -> Result<()> {
        self.end_by(Signal::KILL).map(drop)
    }

    /// Ends the process by a signal, and waits until it is gone. That it had ended by itself is an
    /// error.
    pub fn end_by(mut self, signal: Signal) -> Result<ExitStatus> {
        self.send(signal)?;
        let status = self.process.wait().context("waiting for a child")?;
        ensure!(status.signal() == Some(signal.as_raw()), "{} ended too soon: {status}", self.role);
        Ok(status)
    }

    /// Stops the process, and waits until it stands still.
    pub fn stop(&self) -> Result<()> {
        self.send(Signal::STOP)?;
        let pid = Some(Pid::from_child(&self.process));
        let stopped = rustix::process::waitpid(pid, WaitOptions::UNTRACED);
        let status = stopped.context("waiting for a child to stop")?;
        match status {
            Some((_, status)) if status.stopped() => Ok(()),
            status => bail!("{} did not stop: {status:?}", self.role),
        }
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.try_wait().context("looking at a child")
    }

    /// An error if it has ended.
    pub fn lives(&mut self) -> Result<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => bail!("{} ended too soon: {status}", self.role),
        }
    }

    /// Waits for it to end, which it has to do well.
    pub fn ends(mut self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("{} failed: {status}", self.role),
                None if Instant::now() >= deadline => {
                    bail!("{} was still running after {timeout:?}", self.role)
                }
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until `done`. An error after too long, or if one of the children ends meanwhile.
pub fn wait_until<'a>(
    what: &str,
    children: impl IntoIterator<Item = &'a mut Child>,
    mut done: impl FnMut() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + LONG;
    let mut children: Vec<&mut Child> = children.into_iter().collect();
    let mut round = 0u32;
    while !done() {
        if round % 64 == 63 {
            for child in &mut children {
                child.lives().with_context(|| format!("while waiting for {what}"))?;
            }
            ensure!(Instant::now() < deadline, "waited in vain for {what}");
        }
        thread::sleep(Duration::from_micros(50));
        round += 1;
    }
    Ok(())
}

/// What this process was started for.
#[derive(Debug)]
pub struct Task {
    pub role: String,
    room: PathBuf,
    restriction: Option<Restriction>,
    /// Whether it has lost what it was to lose.
    restricted: Cell<bool>,
    arguments: Vec<String>,
    page: Words,
}

impl Task {
    /// From the arguments that follow [`ROLE`].
    pub fn new(mut arguments: impl Iterator<Item = OsString>) -> Result<Task> {
        let mut next = || arguments.next().context("a role lacks an argument");
        let text = |argument: OsString| {
            argument.into_string().map_err(|argument| anyhow!("{argument:?} is not text"))
        };
        let role = text(next()?)?;
        let judge = text(next()?)?;
        let room = PathBuf::from(next()?);
        let restriction = match text(next()?)?.as_str() {
            NOTHING => None,
            name => Some(name.parse().map_err(|error: String| anyhow!(error))?),
        };
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .context("asking to die with the judge")?;
        let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
        ensure!(parent.is_some_and(|parent| parent == judge), "the judge is no more");
        let page = place::page(&room)?;
        let arguments = arguments.map(text).collect::<Result<_>>()?;
        let restricted = Cell::new(false);
        Ok(Task { role, room, restriction, restricted, arguments, page })
    }

    /// An argument of the role's own.
    pub fn argument<T: FromStr>(&self, index: usize) -> Result<T> {
        let argument = self.arguments.get(index);
        let value = argument.and_then(|argument| argument.parse().ok());
        value.with_context(|| format!("{} lacks its argument {index}", self.role))
    }

    pub fn segment(&self) -> Segment {
        place::segment(&self.room)
    }

    pub fn room(&self) -> &Path {
        &self.room
    }

    pub fn word(&self, index: usize) -> &AtomicU64 {
        &self.page[index]
    }

    /// The whole page.
    pub fn page(&self) -> &[AtomicU64] {
        &self.page
    }

    /// Loses what the process is to lose, if anything: once it has made its handle, and before it
    /// does anything with it.
    pub fn restrict(&self) -> Result<()> {
        let Some(restriction) = self.restriction else { return Ok(()) };
        let empty = self.room.join("empty");
        fs::create_dir_all(&empty)?;
        restriction.apply(&self.room.join(place::RING), &empty)?;
        self.restricted.set(true);
        Ok(())
    }

    /// An error if the role has not let the process lose what it was to.
    pub fn was_restricted(&self) -> Result<()> {
        let done = self.restriction.is_none() || self.restricted.get();
        ensure!(done, "{} has not lost what it was to: {:?}", self.role, self.restriction);
        Ok(())
    }

    /// Waits until the judge says to go on.
    pub fn wait(&self) -> Result<()> {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line)?;
        ensure!(read > 0, "the judge is no more");
        Ok(())
    }
}

/// Short names for what is done with the words of a page: they are counters and marks, which one
/// process stores and others look at.
pub trait Word {
    fn get(&self) -> u64;
    fn set(&self, value: u64);
    fn add(&self, value: u64);
    /// Makes it at least that.
    fn raise(&self, value: u64);
}

impl Word for AtomicU64 {
    fn get(&self) -> u64 {
        self.load(Ordering::Acquire)
    }

    fn set(&self, value: u64) {
        self.store(value, Ordering::Release);
    }

    fn add(&self, value: u64) {
        self.fetch_add(value, Ordering::AcqRel);
    }

    fn raise(&self, value: u64) {
        self.fetch_max(value, Ordering::AcqRel);
    }
}
