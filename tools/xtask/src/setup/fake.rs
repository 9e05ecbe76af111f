//! A machine for tests: it has what it was given, and writes down what is run.

use std::collections::BTreeSet;
use std::path::Path;

use super::machine::Machine;
use super::needs::Need;

#[derive(Default)]
pub struct Fake {
    /// The commands that work, and the files that exist.
    pub has: BTreeSet<String>,
    pub toolchains: String,
    /// What `id -u` prints.
    pub user: &'static str,
    /// Words of commands that fail.
    pub fails: Vec<&'static str>,
    /// What comes with a package besides what it was installed for.
    pub brings: Vec<(&'static str, Need)>,
    /// Commands end well and change nothing.
    pub brings_nothing: bool,
    /// What was run, without options that are the same for all.
    pub ran: Vec<String>,
}

impl Fake {
    /// One with rustup and apt-get, run by root.
    pub fn root() -> Fake {
        let has = ["rustup --version", "apt-get --version"].map(str::to_owned);
        Fake { has: has.into(), user: "0\n", ..Fake::default() }
    }

    /// Makes a need met.
    pub fn add(&mut self, need: &Need) {
        let has = match need {
            Need::Component { command, .. } => format!("cargo {command} --version"),
            Need::Target(target) => format!("/rust/lib/rustlib/{target}/lib"),
            Need::Toolchain(version) => {
                self.toolchains += &format!("{version}.0-host\n");
                return;
            }
            Need::Program { name, version, .. } => format!("{name} {version}"),
            Need::File { name, .. } => format!("/usr/lib/{name}"),
        };
        self.has.insert(has);
    }
}

/// All that the commands of the tests may bring.
fn all() -> Vec<Need> {
    use super::needs::*;
    let target = Need::Target("thumbv7m-none-eabi");
    let toolchain = Need::Toolchain("1.85".into());
    vec![CLIPPY, target, toolchain, STRACE, VALGRIND, CC_32, LIBC_32]
}

impl Machine for Fake {
    fn succeeds(&self, program: &str, arguments: &[&str]) -> bool {
        self.has.contains(&format!("{program} {}", arguments.join(" ")))
    }

    fn printed(&self, program: &str, arguments: &[&str]) -> Option<String> {
        match (program, arguments) {
            ("rustc", ["--print", "sysroot"]) => Some("/rust\n".into()),
            ("rustup", ["toolchain", "list"]) => Some(self.toolchains.clone()),
            ("id", ["-u"]) => Some(self.user.into()),
            ("i686-linux-gnu-gcc", [asked]) => {
                let name = asked.strip_prefix("-print-file-name=")?;
                let full = format!("/usr/lib/{name}");
                Some(if self.has.contains(&full) { full } else { name.into() })
            }
            _ => None,
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.has.contains(path.to_str().unwrap())
    }

    fn install(&mut self, command: &[&str]) -> Result<(), String> {
        let common = |word: &&str| super::APT_OPTIONS.contains(word);
        let words: Vec<&str> = command.iter().copied().filter(|word| !common(word)).collect();
        let line = words.join(" ");
        self.ran.push(line.clone());
        if self.fails.iter().any(|part| line.contains(part)) {
            return Err("no network".into());
        }
        if self.brings_nothing {
            return Ok(());
        }
        for need in all() {
            if need.command().iter().all(|word| words.contains(word)) {
                self.add(&need);
            }
        }
        for (package, need) in self.brings.clone() {
            if words.contains(&package) {
                self.add(&need);
            }
        }
        Ok(())
    }
}
