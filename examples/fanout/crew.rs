//! The processes: starting them, hearing them, and ending them whatever happens.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::arguments::{Arguments, Role};
use crate::report::Line;
use crate::roles::SUBSCRIBERS;

/// How long a process has to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// What the parent waits for.
#[derive(Debug)]
pub(crate) enum Event {
    /// The file has been read and has this hash, or cannot be read.
    Hashed(Result<u64, String>),
    /// A process has said something.
    Said(usize, Line),
    /// A process has ended, or at least closed its standard output.
    Ended(usize),
    /// This process was sent a signal.
    Signal(i32),
}

/// Five processes and one segment. Dropped, it leaves neither behind.
#[derive(Debug)]
pub(crate) struct Crew {
    segment: String,
    members: Vec<Member>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) role: Role,
    child: Child,
}

impl Crew {
    /// Starts the processes, the producer last: it does not matter, and so shows that it does not.
    pub(crate) fn start(
        segment: &str,
        arguments: &Arguments,
        events: &Sender<Event>,
    ) -> Result<Crew, Box<dyn Error>> {
        let mut crew = Crew { segment: segment.to_owned(), members: Vec::new() };
        for n in 1..=SUBSCRIBERS {
            crew.add(format!("subscriber {n}"), Role::Subscriber, arguments, events)?;
        }
        crew.add("observer".into(), Role::Observer, arguments, events)?;
        crew.add("producer".into(), Role::Producer, arguments, events)?;
        Ok(crew)
    }

    fn add(
        &mut self,
        name: String,
        role: Role,
        arguments: &Arguments,
        events: &Sender<Event>,
    ) -> Result<(), Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        let value = role.to_possible_value();
        command
            .arg("--role")
            .arg(value.as_ref().map_or("", |value| value.get_name()))
            .args(["--segment", &self.segment])
            .args(["--bytes", &arguments.total().to_string()])
            .args(arguments.flip_bit.then_some("--flip-bit"))
            .arg("--")
            .arg(arguments.file()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the parent, which then ends the others in good order.
            .process_group(0);
        let mut child = command.spawn().map_err(|error| format!("starting {name}: {error}"))?;
        let stdout = child.stdout.take();
        let index = self.members.len();
        self.members.push(Member { name, role, child });

        let events = events.clone();
        thread::spawn(move || {
            let lines = stdout.into_iter().flat_map(|out| BufReader::new(out).lines());
            for line in lines.map_while(Result::ok) {
                let said =
                    Line::parse(&line).unwrap_or_else(|| Line::Failed(format!("says {line:?}")));
                if events.send(Event::Said(index, said)).is_err() {
                    return;
                }
            }
            let _ = events.send(Event::Ended(index));
        });
        Ok(())
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Lets the producer begin.
    pub(crate) fn go(&mut self) -> Result<(), Box<dyn Error>> {
        for member in self.members.iter_mut().filter(|m| m.role == Role::Producer) {
            if let Some(stdin) = &mut member.child.stdin {
                stdin.write_all(b"go\n")?;
            }
        }
        Ok(())
    }

    /// Waits for the end of a process that has closed its standard output. The error says how it
    /// died, if it did.
    pub(crate) fn wait(&mut self, index: usize) -> Result<(), Box<dyn Error>> {
        let member = &mut self.members[index];
        let status = member.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("{} died: {status}", member.name).into())
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // This is what ends them: see `tie_to_parent`.
        for member in &mut self.members {
            member.child.stdin = None;
        }
        let deadline = Instant::now() + GRACE;
        for member in &mut self.members {
            while let Ok(None) = member.child.try_wait() {
                if Instant::now() > deadline {
                    let _ = member.child.kill();
                    let _ = member.child.wait();
                    break;
                }
                thread::sleep(Duration::from_millis(2));
            }
        }
        // The producer has removed it, unless it was killed.
        if let Err(error) = ringway::segment::unlink(&self.segment) {
            eprintln!("{error}");
        }
    }
}
