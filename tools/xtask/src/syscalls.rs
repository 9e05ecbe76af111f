//! `cargo xtask syscalls`: when data flows there are no system calls.
//!
//! A producer and a subscriber, each a process of its own under strace, stream ten million
//! messages with the default waiting. What is counted includes starting the process, opening the
//! segment and a few sleeps while the other side is not there yet; what the limit rules out is a
//! call per message, per batch or per lap.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use checkout::Project;

use crate::flow;
use crate::setup::{Here, STRACE};

const MESSAGES: u64 = 10_000_000;
/// Runs of which the one in the middle counts, where only the flow does.
const FLOWS: usize = 3;
/// Runs that are made before one has to be within the limit. A side that has no core, because the
/// machine is busy with something else, keeps the other from flowing, and that one sleeps.
const RUNS: u32 = 3;
/// Most calls that a side may make.
const LIMIT: u64 = 500;
/// Both sides have to be through by then. They take seconds.
const TIME_OUT: Duration = Duration::from_secs(300);
/// How long strace may take to write its table after the traced process has ended.
const TABLE_TIME_OUT: Duration = Duration::from_secs(10);

/// The system calls of one side.
#[derive(Debug)]
pub struct Figure {
    side: &'static str,
    calls: u64,
}

impl Figure {
    /// Whether it is within the limit.
    pub fn holds(&self) -> bool {
        self.calls <= LIMIT
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "figure syscalls_{} {} calls <= {LIMIT}", self.side, self.calls)
    }
}

/// Builds the example `stream`, runs both of its sides, and counts.
pub fn measure(project: &Project) -> Result<Vec<Figure>> {
    let streaming = Streaming::prepare(project)?;
    let mut run = 1;
    loop {
        let figures = streaming.run(MESSAGES, Counting::All)?;
        if run == RUNS || figures.iter().all(Figure::holds) {
            return Ok(figures);
        }
        for figure in &figures {
            eprintln!("run {run} of {RUNS}: {figure}");
        }
        run += 1;
    }
}

/// System calls of both sides together while data flows: from the first lap, in which a side may have
/// slept until the other was there, to the last message. The median of a few runs.
pub fn while_data_flows(project: &Project) -> Result<u64> {
    let streaming = Streaming::prepare(project)?;
    let mut totals = Vec::new();
    for _ in 0..FLOWS {
        let figures = streaming.run(MESSAGES, Counting::Flow)?;
        totals.push(figures.iter().map(|figure| figure.calls).sum::<u64>());
    }
    totals.sort_unstable();
    Ok(totals[FLOWS / 2])
}

/// Which calls count.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Counting {
    /// All, from the start of the process to its end.
    All,
    /// Those while data flows.
    Flow,
}

/// A run of both sides that is ready to be made.
struct Streaming {
    program: PathBuf,
    folder: PathBuf,
    name: String,
}

impl Streaming {
    fn prepare(project: &Project) -> Result<Streaming> {
        ensure!(STRACE.is_met(&Here::new(project)), STRACE.how());
        let folder = project.target.join("xtask").join("syscalls");
        let mut cargo = project.cargo("");
        cargo.args(["build", "--release", "--example", "stream"]);
        let program = checkout::build(cargo, "stream", &folder.join("build.log"))?;
        // A name that no other run uses, so that this one neither meets nor removes another's
        // segment.
        let name = format!("ringway-syscalls-{}", std::process::id());
        Ok(Streaming { program, folder, name })
    }

    fn run(&self, messages: u64, counting: Counting) -> Result<Vec<Figure>> {
        let figures = self.sides(messages, counting);
        if figures.is_err() {
            // A side that was killed could not remove the segment.
            remove_segment(&self.name);
        }
        figures
    }

    fn sides(&self, messages: u64, counting: Counting) -> Result<Vec<Figure>> {
        let mut sides = Vec::new();
        let mut cores = cores().into_iter();
        for side in ["subscriber", "producer"] {
            sides.push(Side::start(self, side, cores.next(), messages, counting)?);
        }
        let deadline = Instant::now() + TIME_OUT;
        if let Err(error) = wait_for_all(&mut sides, deadline) {
            for side in &mut sides {
                // Ends only what still runs; a child that is gone already is no error.
                side.child.kill().ok();
                side.child.wait().ok();
            }
            return Err(error);
        }
        sides.reverse();
        sides.iter().map(Side::figure).collect()
    }
}

/// A traced process. strace is told to run as its grandchild (`-D`), so that the child that we
/// hold is the traced process itself: killing it leaves nothing behind, where killing strace would
/// let the process run on.
struct Side {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// What strace writes: a table, or each call.
    calls: PathBuf,
    counting: Counting,
}

impl Side {
    fn start(
        streaming: &Streaming,
        name: &'static str,
        core: Option<usize>,
        messages: u64,
        counting: Counting,
    ) -> Result<Side> {
        let log = streaming.folder.join(format!("{name}.log"));
        let calls = streaming.folder.join(format!("{name}.strace"));
        match fs::remove_file(&calls) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", calls.display()));
            }
            _ => {}
        }
        let mut strace = match core {
            Some(core) => {
                let mut taskset = Command::new("taskset");
                taskset.args(["-c", &core.to_string(), "strace"]);
                taskset
            }
            None => Command::new("strace"),
        };
        let how = if counting == Counting::All { "-c" } else { "-ttt" };
        strace.args(["-D", how, "-f", "-q", "-o"]).arg(&calls).arg(&streaming.program);
        strace.args([name, &streaming.name, &messages.to_string()]);
        let child = checkout::spawn_into(&mut strace, &log)?;
        Ok(Side { name, child, log, calls, counting })
    }

    /// The calls that count, if strace has written all of them.
    fn count(&self) -> Result<u64> {
        let calls = checkout::read_lossy(&self.calls)?;
        match self.counting {
            Counting::All => total_calls(&calls),
            Counting::Flow => {
                flow::calls_within(&calls, flow::interval(&checkout::read_lossy(&self.log)?)?)
            }
        }
    }

    fn figure(&self) -> Result<Figure> {
        // strace outlives the process that we waited for by the time it takes to write its table.
        let deadline = Instant::now() + TABLE_TIME_OUT;
        loop {
            match self.count() {
                Ok(calls) => {
                    return Ok(Figure { side: self.name, calls });
                }
                Err(error) if Instant::now() >= deadline => {
                    return Err(error).with_context(|| format!("counting the {}'s", self.name));
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// Two cores to pin the sides to, if there are two and there is a way. On one core only one side
/// runs at a time, so that each goes to sleep once a lap; a scheduler may well choose that, since a
/// side that sleeps so much does not look as if it needed a core of its own.
fn cores() -> Vec<usize> {
    let status = checkout::read_lossy(Path::new("/proc/self/status")).unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let cores: Vec<usize> = allowed.map(|list| first_cores(list.trim())).unwrap_or_default();
    let can_pin = checkout::succeeds(Command::new("taskset").arg("-V"));
    if can_pin && cores.len() == 2 { cores } else { Vec::new() }
}

/// The first two numbers of a list like `0-3,8`.
fn first_cores(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().take(2).collect()
}

fn wait_for_all(sides: &mut [Side], deadline: Instant) -> Result<()> {
    let mut running = true;
    while running {
        running = false;
        for side in &mut *sides {
            match side.child.try_wait().context("waiting for a side")? {
                None => running = true,
                Some(status) if status.success() => {}
                Some(status) => {
                    let said = checkout::read_lossy(&side.log)?;
                    bail!("the {} failed ({status}):\n{}", side.name, said.trim_end());
                }
            }
        }
        ensure!(
            !running || Instant::now() < deadline,
            "the messages were not through after {TIME_OUT:?}"
        );
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Removes what a killed run leaves in the folder of the named segments.
fn remove_segment(name: &str) {
    let Ok(entries) = fs::read_dir("/dev/shm") else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(name) {
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// The sum of the `calls` column of `strace -c`, which has to agree with the table's last line.
///
/// That line alone is not enough: the columns `errors` and, in older versions, `usecs/call` are
/// left blank there, so that the place of a number does not say which column it is in. A table
/// without the line is not complete.
fn total_calls(table: &str) -> Result<u64> {
    let mut sum = 0;
    let mut total: Option<Vec<&str>> = None;
    for line in table.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            continue;
        };
        // Neither the heading nor the rulers begin with a number.
        if first.parse::<f64>().is_err() {
            continue;
        }
        if *last == "total" {
            total = Some(words);
        } else {
            let calls = words.get(3).and_then(|calls| calls.parse::<u64>().ok());
            sum += calls.with_context(|| format!("a line without calls: {line}"))?;
        }
    }
    let total = total.ok_or_else(|| anyhow!("strace's table has no total"))?;
    ensure!(
        total.contains(&sum.to_string().as_str()),
        "the calls in strace's table add up to {sum}, which its total does not say: {}",
        total.join(" ")
    );
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cores_are_read_from_a_list() {
        assert_eq!(first_cores("0-3,8"), [0, 1]);
        assert_eq!(first_cores("2,5-6"), [2, 5]);
        assert_eq!(first_cores("7"), [7]);
        assert_eq!(first_cores("nonsense"), [] as [usize; 0]);
    }

    const TABLE: &str = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 62.03    0.004000          95        42         3 futex
 37.97    0.000030           7         4           mmap
  0.00    0.000000           0         1         1 access
------ ----------- ----------- --------- --------- ----------------
100.00    0.004030          85        47         4 total
";

    #[test]
    fn calls_are_summed_and_errors_are_not() {
        assert_eq!(total_calls(TABLE).unwrap(), 47);
    }

    #[test]
    fn an_older_strace_leaves_a_column_of_the_total_blank() {
        let older = TABLE.replace("0.004030          85 ", "0.004030             ");
        assert_eq!(total_calls(&older).unwrap(), 47);
    }

    #[test]
    fn a_table_that_is_cut_off_or_does_not_add_up_is_an_error() {
        let cut = TABLE.split("100.00").next().unwrap();
        assert!(total_calls(cut).is_err());
        assert!(total_calls("").is_err());
        assert!(
            total_calls(&TABLE.replace("         4           mmap", "         5 mmap")).is_err()
        );
    }

    #[test]
    fn a_figure_says_its_limit() {
        let figure = Figure { side: "producer", calls: 501 };
        assert_eq!(figure.to_string(), "figure syscalls_producer 501 calls <= 500");
        assert!(!figure.holds());
        assert!(Figure { side: "producer", calls: 500 }.holds());
    }
}
