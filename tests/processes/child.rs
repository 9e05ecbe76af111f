//! Processes, from both sides: the test's `Child` and the process's own `Task`.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use ringway::Segment;
use rustix::process::{Pid, Signal, WaitOptions};

use crate::LONG;
use crate::account::Account;
use crate::place::Place;

const ROLE: &str = "RINGWAY_TEST_ROLE";
const PLACE: &str = "RINGWAY_TEST_PLACE";
const ARGUMENT: &str = "RINGWAY_TEST_ARGUMENT";

/// What lines for the test begin with. All others on standard error are for the reader.
const MARK: &str = "say: ";

/// A process that a test has started. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Child {
    role: String,
    process: std::process::Child,
    lines: Receiver<String>,
    /// All that was on its standard error.
    log: RefCell<Vec<String>>,
    deadline: Instant,
}

impl Child {
    pub(crate) fn start(place: &Place, role: &str, argument: &str) -> Child {
        Child::start_as(&std::env::current_exe().unwrap(), place, role, argument)
    }

    /// The same in another build of this program.
    pub(crate) fn start_as(program: &Path, place: &Place, role: &str, argument: &str) -> Child {
        Child::start_with(program, place, role, argument, |_| {})
    }

    /// The same, having been given more.
    pub(crate) fn start_with(
        program: &Path,
        place: &Place,
        role: &str,
        argument: &str,
        give: impl FnOnce(&mut Command),
    ) -> Child {
        let mut command = Command::new(program);
        give(&mut command);
        let mut process = command
            .args(["child", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(PLACE, place.path())
            .env(ARGUMENT, argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Child {
            role: role.to_owned(),
            process,
            lines,
            log: RefCell::default(),
            deadline: Instant::now() + LONG,
        }
    }

    /// The next line that the process says.
    pub(crate) fn hear(&self) -> String {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.hear_within(left) {
            Ok(said) => said,
            Err(RecvTimeoutError::Timeout) => self.fail("says nothing for too long"),
            Err(RecvTimeoutError::Disconnected) => self.fail("ended too soon"),
        }
    }

    fn hear_within(&self, timeout: Duration) -> Result<String, RecvTimeoutError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left)?;
            let said = line.strip_prefix(MARK).map(str::to_owned);
            self.log.borrow_mut().push(line);
            if let Some(said) = said {
                return Ok(said);
            }
        }
    }

    /// Waits until the process says just that.
    pub(crate) fn hears(&self, expected: &str) {
        let said = self.hear();
        if said != expected {
            self.fail(&format!("says {said:?} where {expected:?} was due"));
        }
    }

    /// What the process has counted.
    pub(crate) fn account(&self) -> Account {
        Account::parse(&self.hear())
    }

    /// Fails if the process says anything in that time.
    pub(crate) fn is_silent_for(&self, time: Duration) {
        match self.hear_within(time) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(said) => self.fail(&format!("says {said:?} too soon")),
            Err(RecvTimeoutError::Disconnected) => self.fail("ended too soon"),
        }
    }

    /// Tells the process to go on.
    pub(crate) fn go(&mut self) {
        self.process.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// Waits for the process to end, which it has to do well.
    pub(crate) fn ends(mut self) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.hear_within(left) {
            Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => self.fail("does not end"),
            Ok(said) => self.fail(&format!("says {said:?} where its end was due")),
        }
        // It has closed its standard error: there is nothing left that it could wait for.
        let status = self.process.wait().unwrap();
        if !status.success() {
            self.fail(&format!("ended with {status}"));
        }
    }

    /// Kills the process, and waits until it is gone.
    pub(crate) fn dies(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Stops the process until it [`continues`](Self::continues), and waits until it stands still.
    pub(crate) fn stops(&mut self) {
        self.signal(Signal::STOP);
        let options = WaitOptions::UNTRACED;
        rustix::process::waitpid(Some(self.pid()), options).unwrap();
    }

    pub(crate) fn continues(&mut self) {
        self.signal(Signal::CONT);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    fn fail(&self, what: &str) -> ! {
        // What is on its way may say why.
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100)) {
            self.log.borrow_mut().push(line);
        }
        let log = self.log.borrow().join("\n    ");
        panic!("{} {what}:\n    {log}", self.role);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What this process was started for.
#[derive(Debug)]
pub(crate) struct Task {
    role: String,
    place: PathBuf,
    argument: String,
    told: Receiver<()>,
}

impl Task {
    /// `None`: for nothing, it is the test program itself.
    pub(crate) fn given() -> Option<Task> {
        let role = std::env::var(ROLE).ok()?;
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            for line in io::stdin().lines() {
                if line.is_err() || tell.send(()).is_err() {
                    break;
                }
            }
            // The test is no more.
            std::process::exit(1);
        });
        Some(Task {
            role,
            place: std::env::var_os(PLACE)?.into(),
            argument: std::env::var(ARGUMENT).ok()?,
            told,
        })
    }

    pub(crate) fn role(&self) -> &str {
        &self.role
    }

    pub(crate) fn argument(&self) -> &str {
        &self.argument
    }

    pub(crate) fn segment(&self, name: &str) -> Segment {
        Segment::new(name).directory(&self.place)
    }

    /// The path of something in the place of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Says something to the test.
    pub(crate) fn say(&self, what: impl Display) {
        eprintln!("{MARK}{what}");
    }

    /// Waits until the test says to go on.
    pub(crate) fn wait(&self) {
        self.told.recv().unwrap();
    }

    /// Whether the test has said to go on since this was last asked.
    pub(crate) fn told(&self) -> bool {
        self.told.try_recv().is_ok()
    }
}
