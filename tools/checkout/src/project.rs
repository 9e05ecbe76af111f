//! Where things are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::cargo;

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
