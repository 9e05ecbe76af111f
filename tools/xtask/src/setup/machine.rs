//! The machine, as far as the set-up looks at it and changes it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use checkout::Project;

/// The longest that one command may take to install something.
const TIME_OUT: Duration = Duration::from_secs(600);

/// What there is, and a way to change it. Tests have one that installs nothing.
pub trait Machine {
    /// Whether a program starts and ends well.
    fn succeeds(&self, program: &str, arguments: &[&str]) -> bool;
    /// What a program prints, if it starts and ends well.
    fn printed(&self, program: &str, arguments: &[&str]) -> Option<String>;
    /// Whether there is a file or folder.
    fn exists(&self, path: &Path) -> bool;
    /// Runs a command that installs something. The error is one line that says how it failed.
    fn install(&mut self, command: &[&str]) -> Result<(), String>;
}

/// The machine on which this runs.
#[derive(Default)]
pub struct Here {
    /// The folder for what the commands say.
    logs: PathBuf,
    installs: usize,
}

impl Here {
    pub fn new(project: &Project) -> Here {
        Here { logs: project.target.join("xtask").join("setup"), installs: 0 }
    }
}

impl Machine for Here {
    fn succeeds(&self, program: &str, arguments: &[&str]) -> bool {
        checkout::succeeds(command(program).args(arguments))
    }

    fn printed(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = command(program).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn install(&mut self, words: &[&str]) -> Result<(), String> {
        self.installs += 1;
        let log = self.logs.join(format!("{:02}-{}.log", self.installs, words[0]));
        let mut command = command(words[0]);
        command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive");
        let finished = checkout::run(&mut command, &log, Some(TIME_OUT))
            .map_err(|error| format!("{error:#}"))?;
        match finished.status {
            Some(status) if status.success() => Ok(()),
            Some(_) => Err(complaint(&finished.output)),
            None => Err(format!("it was still running after {} s", TIME_OUT.as_secs())),
        }
    }
}

/// cargo is the one of the toolchain that runs this program.
fn command(program: &str) -> Command {
    if program == "cargo" { checkout::cargo() } else { Command::new(program) }
}

/// The line that says what is wrong: apt-get's begin with `E:`, rustup's with `error:`. A long one
/// is cut; the log has all of it.
fn complaint(output: &str) -> String {
    const MOST: usize = 160;
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines().find(|line| line.starts_with("E:") || line.starts_with("error:"));
    let line = first.or(lines().next_back()).unwrap_or("it failed, and said nothing");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_the_line_that_says_what_is_wrong() {
        let apt = "Reading package lists...\nE: Unable to locate package valgrind\nE: more\n";
        assert_eq!(complaint(apt), "E: Unable to locate package valgrind");
        let rustup = "info: syncing\nerror: could not download file\nCaused by: dns\n";
        assert_eq!(complaint(rustup), "error: could not download file");
        assert_eq!(complaint("one\ntwo\n\n"), "two");
        assert_eq!(complaint(""), "it failed, and said nothing");
        assert_eq!(complaint(&"é".repeat(200)), "é".repeat(160) + "…");
    }

    #[test]
    fn what_is_installed_here_is_found() {
        let here = Here::default();
        assert!(here.succeeds("cargo", &["--version"]));
        assert!(here.printed("rustc", &["--version"]).unwrap().starts_with("rustc "));
        assert!(!here.succeeds("a-program-that-does-not-exist", &[]));
        assert_eq!(here.printed("a-program-that-does-not-exist", &[]), None);
    }
}
