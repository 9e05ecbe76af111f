//! Running other programs: for how long, and what they printed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a program ended, with all that it printed, standard output and standard error as one text.
pub struct Finished {
    /// `None`: it was still running when its time was over, and was killed.
    pub status: Option<ExitStatus>,
    /// What it printed.
    pub output: String,
    /// How long it ran.
    pub time: Duration,
}

impl Finished {
    /// It ended by itself, and well.
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Runs a program to its end, or to the end of its time if that is limited. Its output goes
/// through the file `log`, which stays: a pipe would need a thread to empty it, and would mix the
/// two streams in another order.
pub fn run(command: &mut Command, log: &Path, limit: Option<Duration>) -> Result<Finished> {
    let start = Instant::now();
    let mut child = spawn_into(command, log)?;
    let status = match limit {
        None => Some(child.wait().context("waiting for a program")?),
        Some(limit) => wait_until(&mut child, start + limit)?,
    };
    let time = start.elapsed();
    Ok(Finished { status, output: read_lossy(log)?, time })
}

/// Starts a program whose output goes to the file `log`.
pub fn spawn_into(command: &mut Command, log: &Path) -> Result<Child> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    let out = File::create(log).with_context(|| format!("creating {}", log.display()))?;
    let err = out.try_clone().context("sharing a log file")?;
    command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .with_context(|| format!("starting {}", command.get_program().to_string_lossy()))
}

/// Waits for a child until `deadline`, then kills it. `None`: it had to be killed.
pub fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    // Most models end within milliseconds, some after minutes: ask often at first.
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().context("waiting for a program")? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            end(child)?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Kills a child and collects it.
pub fn end(child: &mut Child) -> Result<()> {
    child.kill().context("killing a child")?;
    child.wait().context("waiting for a killed child")?;
    Ok(())
}

/// A file as text, with replacement characters where it is not UTF-8: a killed program may leave
/// half a character behind.
pub fn read_lossy(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a program starts and ends well; its output is of no interest.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A time for people.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_program_that_takes_too_long_is_killed_and_its_output_kept() {
        let log = std::env::temp_dir().join(format!("xtask-tools-{}.log", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; exec sleep 60"]);
        let finished = run(&mut command, &log, Some(Duration::from_millis(300))).unwrap();
        fs::remove_file(&log).unwrap();
        assert!(finished.status.is_none());
        assert_eq!(finished.output, "begun\n");
        assert!(finished.time < Duration::from_secs(30));
    }
}
