//! What the processes say to the parent, in lines on their standard output.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// One line.
#[derive(Debug)]
pub(crate) enum Line {
    /// It is attached to the ring: nothing that is sent from now on escapes it.
    Ready,
    /// It has done its part.
    Done(Report),
    /// It cannot do its part. Why, in one line.
    Failed(String),
}

/// What a process has counted and measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Messages that it sent or received.
    pub(crate) messages: u64,
    /// The bytes in them.
    pub(crate) bytes: u64,
    /// Messages that were overwritten before it got to them.
    pub(crate) lagged: u64,
    /// From the first message to the last, or to the end of the stream.
    pub(crate) time: Duration,
    /// Subscribers: the hash of all that it received.
    pub(crate) hash: u64,
    /// The observer: messages that were not what the file has at their positions.
    pub(crate) wrong: u64,
}

impl Line {
    /// Says it to the parent.
    pub(crate) fn say(&self) -> io::Result<()> {
        writeln!(io::stdout(), "{self}")
    }

    /// `None`: no process says such things.
    pub(crate) fn parse(line: &str) -> Option<Line> {
        let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
        match what {
            "ready" => Some(Line::Ready),
            "done" => Report::parse(rest).map(Line::Done),
            "failed" => Some(Line::Failed(rest.to_owned())),
            _ => None,
        }
    }
}

impl Report {
    fn parse(text: &str) -> Option<Report> {
        let numbers: Result<Vec<u64>, _> = text.split(' ').map(str::parse).collect();
        let [messages, bytes, lagged, nanos, hash, wrong] = numbers.ok()?.try_into().ok()?;
        Some(Report { messages, bytes, lagged, time: Duration::from_nanos(nanos), hash, wrong })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Ready => f.write_str("ready"),
            Line::Done(report) => write!(
                f,
                "done {} {} {} {} {} {}",
                report.messages,
                report.bytes,
                report.lagged,
                report.time.as_nanos(),
                report.hash,
                report.wrong
            ),
            Line::Failed(why) => write!(f, "failed {}", why.replace('\n', " ")),
        }
    }
}
