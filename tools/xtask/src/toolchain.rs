//! What is installed: components, targets, toolchains. A check whose tool is missing is skipped
//! and says how to get it, so each of these comes with that advice.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use checkout::{Project, of_toolchain, succeeds};

/// Whether `cargo NAME` exists: `fmt`, `clippy`.
pub fn has_subcommand(project: &Project, name: &str) -> bool {
    succeeds(project.cargo("").args([name, "--version"]))
}

/// Whether the standard library of a target is there to compile against.
pub fn has_target(target: &str) -> Result<bool> {
    let sysroot = printed(Command::new("rustc").args(["--print", "sysroot"]))?;
    let library = PathBuf::from(sysroot.trim()).join("lib/rustlib").join(target).join("lib");
    Ok(library.is_dir())
}

/// The full name of an installed toolchain for a Rust version: `1.85` may stand for
/// `1.85.0-x86_64-unknown-linux-gnu`.
pub fn of_version(version: &str) -> Result<Option<String>> {
    let list = match printed(Command::new("rustup").args(["toolchain", "list"])) {
        Ok(list) => list,
        // Rust from a distribution comes without rustup, and with one version.
        Err(_) => return Ok(None),
    };
    Ok(matching(&list, version))
}

/// Whether a component's command runs in another toolchain: `miri` in `nightly`.
pub fn has_subcommand_in(toolchain: &str, name: &str) -> bool {
    succeeds(of_toolchain(toolchain, "cargo").args([name, "--version"]))
}

fn matching(list: &str, version: &str) -> Option<String> {
    list.lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| match name.strip_prefix(version) {
            Some(rest) => rest.is_empty() || rest.starts_with('-') || rest.starts_with('.'),
            None => false,
        })
        .map(str::to_owned)
}

fn printed(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("starting {program}"))?;
    ensure!(output.status.success(), "{program} failed");
    String::from_utf8(output.stdout).with_context(|| format!("what {program} printed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_finds_its_toolchain_whatever_its_patch_level_and_host() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\n\
                    1.8.0-x86_64-unknown-linux-gnu\n\
                    1.85.0-x86_64-unknown-linux-gnu\n";
        let found = matching(list, "1.85");
        assert_eq!(found.as_deref(), Some("1.85.0-x86_64-unknown-linux-gnu"));
        assert_eq!(matching(list, "1.8").as_deref(), Some("1.8.0-x86_64-unknown-linux-gnu"));
        assert_eq!(matching(list, "1.9"), None);
    }
}
