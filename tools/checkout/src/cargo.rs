//! cargo and rustup: their flags, and what they have built.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::programs::{run, succeeds};

/// cargo, of the toolchain that runs this program.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The compiler of the toolchain that runs this program, by its version.
pub fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("starting rustc")?;
    Ok(String::from_utf8(output.stdout).context("rustc's version")?.trim().to_owned())
}

/// Whether `cargo NAME` runs in another toolchain: `miri` in `nightly`.
pub fn has_subcommand_in(toolchain: &str, name: &str) -> bool {
    succeeds(of_toolchain(toolchain, "cargo").args([name, "--version"]))
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

/// Lets a `cargo build` build, and returns where it put the program called `target`. What cargo
/// says goes to the file `log`, and into the error if it fails.
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
}
