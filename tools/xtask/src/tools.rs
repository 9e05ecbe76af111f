//! Running other programs: where, with which environment, for how long, and what they printed.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Where the checkout is, and where its build products go.
pub struct Project {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// The target folder: `CARGO_TARGET_DIR` if that is set, else `target` in the root. Builds that
    /// would otherwise throw each other's products away get folders of their own below it.
    pub target: PathBuf,
}

impl Project {
    /// From what cargo tells the program that it runs.
    pub fn find() -> Result<Project> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .context("CARGO_MANIFEST_DIR is not set: run this as `cargo xtask`")?;
        let root = Path::new(&manifest)
            .ancestors()
            .nth(2)
            .context("xtask's folder is not in `tools` of a checkout")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            // cargo resolves it against the current folder, which is not the same for every
            // command below.
            Some(dir) => std::path::absolute(dir).context("CARGO_TARGET_DIR")?,
            None => root.join("target"),
        };
        Ok(Project { root, target })
    }

    /// cargo, of the toolchain that runs this program, in a folder of the checkout.
    pub fn cargo(&self, folder: impl AsRef<Path>) -> Command {
        let mut command = cargo();
        command.current_dir(self.root.join(folder)).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// The whole of a text file of the checkout.
    pub fn read(&self, path: &str) -> Result<String> {
        let full = self.root.join(path);
        fs::read_to_string(&full).with_context(|| format!("reading {}", full.display()))
    }
}

/// cargo, of the toolchain that runs this program.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program of another toolchain. `rustup run`, because the `+toolchain` notation is understood
/// only by rustup's proxies, and `CARGO` names the program behind the proxy.
pub fn of_toolchain(toolchain: &str, program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, program]).env_remove("CARGO");
    command
}

/// The caller's `RUSTFLAGS` with some more at the end, as the environment of one command.
pub fn add_rustflags(command: &mut Command, more: &str) {
    let mut flags = env::var_os("RUSTFLAGS").unwrap_or_default();
    if !flags.is_empty() {
        flags.push(" ");
    }
    flags.push(more);
    set_rustflags(command, flags);
}

/// `RUSTFLAGS`, whatever the caller's are.
pub fn set_rustflags(command: &mut Command, flags: impl Into<OsString>) {
    // The encoded form, if there is one, would win.
    command.env("RUSTFLAGS", flags.into()).env_remove("CARGO_ENCODED_RUSTFLAGS");
}

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

/// A program that cargo has built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable {
    /// `test`, `example`, `bin`, …
    pub kind: String,
    /// The name of its target in Cargo.toml.
    pub target: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The executables in the output of a cargo that ran with `--message-format=json`. Lines that are
/// not such messages are passed over.
pub fn executables(messages: &str) -> Vec<Executable> {
    let artifact = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        if message["reason"] != "compiler-artifact" {
            return None;
        }
        Some(Executable {
            kind: message["target"]["kind"][0].as_str()?.to_owned(),
            target: message["target"]["name"].as_str()?.to_owned(),
            path: message["executable"].as_str()?.into(),
        })
    };
    messages.lines().filter_map(artifact).collect()
}

/// Lets a `cargo build` build, and returns where it put the program called `target`. What cargo says
/// goes to the file `log`, and into the error if it fails.
pub fn build(mut cargo: Command, target: &str, log: &Path) -> Result<PathBuf> {
    cargo.arg("--message-format=json-render-diagnostics");
    let built = run(&mut cargo, log, None)?;
    if !built.success() {
        let text: Vec<&str> = built.output.lines().filter(|line| !line.starts_with('{')).collect();
        bail!("`{target}` does not build:\n{}", text.join("\n"));
    }
    let program = executables(&built.output).into_iter().find(|built| built.target == target);
    Ok(program.with_context(|| format!("cargo built no program called `{target}`"))?.path)
}

/// A time for people.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_among_other_messages() {
        let messages = concat!(
            "   Compiling something\n",
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"a"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"kind":["test"],"name":"wrap"},"executable":"/t/wrap-1"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let found = executables(messages);
        assert_eq!(
            found,
            [Executable { kind: "test".into(), target: "wrap".into(), path: "/t/wrap-1".into() }]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_takes_too_long_is_killed_and_its_output_kept() {
        let log = env::temp_dir().join(format!("xtask-tools-{}.log", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; exec sleep 60"]);
        let finished = run(&mut command, &log, Some(Duration::from_millis(300))).unwrap();
        fs::remove_file(&log).unwrap();
        assert!(finished.status.is_none());
        assert_eq!(finished.output, "begun\n");
        assert!(finished.time < Duration::from_secs(30));
    }
}
