//! The boards, and what each needs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::setup::{Need, QEMU_ARM, QEMU_RISCV};
use checkout::{Finished, Project};

/// The longest that a program may run, on a machine that has other work too.
const TIME_OUT: Duration = Duration::from_secs(240);

/// One board, with one choice of features.
#[derive(Debug)]
pub struct Board {
    pub name: &'static str,
    pub target: &'static str,
    features: &'static str,
    qemu: Need,
}

/// All of them. The first has the aims.
pub static BOARDS: [Board; 6] = [
    Board { name: "cortex-m3", target: "thumbv7m-none-eabi", features: "", qemu: QEMU_ARM },
    Board { name: "cortex-m0", target: "thumbv6m-none-eabi", features: "", qemu: QEMU_ARM },
    Board {
        name: "cortex-m0-portable-atomic",
        target: "thumbv6m-none-eabi",
        features: "single-core",
        qemu: QEMU_ARM,
    },
    Board {
        name: "cortex-m0-critical-section",
        target: "thumbv6m-none-eabi",
        features: "critical-section",
        qemu: QEMU_ARM,
    },
    Board {
        name: "riscv32imac",
        target: "riscv32imac-unknown-none-elf",
        features: "",
        qemu: QEMU_RISCV,
    },
    Board {
        name: "riscv32imc",
        target: "riscv32imc-unknown-none-elf",
        features: "",
        qemu: QEMU_RISCV,
    },
];

impl Board {
    /// What it takes to build for it, and to run what was built.
    pub fn needs(&self) -> [Need; 2] {
        [Need::Target(self.target), self.qemu.clone()]
    }

    /// Lints for what is compiled for it.
    pub fn clippy(&self, project: &Project) -> Command {
        let mut cargo = project.cargo("tools/firmware");
        cargo.env("CARGO_TARGET_DIR", project.target.join("firmware"));
        cargo.args(["clippy", "--release", "--locked", "--target", self.target, "--lib", "--bins"]);
        cargo.args(["--features", self.features, "--", "-D", "warnings"]);
        cargo
    }

    /// QEMU and its arguments, from where cargo has them.
    fn runner(&self, project: &Project) -> Result<(String, Vec<String>)> {
        runner(&project.read("tools/firmware/.cargo/config.toml")?, self.target)
    }

    /// Builds a program.
    pub fn build(&self, project: &Project, program: &str, more_features: &str) -> Result<PathBuf> {
        let mut cargo = project.cargo("tools/firmware");
        // What cargo's configuration says of the linker would be replaced by flags of the caller's.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.args(["build", "--release", "--locked", "--target", self.target, "--bin", program]);
        // Programs of one name with other features lie at the same place, until the next build.
        let features = format!("{},{more_features}", self.features);
        cargo
            .env("CARGO_TARGET_DIR", project.target.join("firmware"))
            .args(["--features", &features]);
        checkout::build(cargo, program, &self.log(project, &format!("build-{program}")))
    }

    /// Runs a program to its end.
    pub fn run(&self, project: &Project, program: &Path) -> Result<Finished> {
        let (qemu, arguments) = self.runner(project)?;
        let mut command = Command::new(qemu);
        command.args(arguments).arg(program);
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        checkout::run(&mut command, &self.log(project, &format!("run-{name}")), Some(TIME_OUT))
    }

    fn log(&self, project: &Project, name: &str) -> PathBuf {
        project.target.join("xtask").join("firmware").join(format!("{}-{name}.log", self.name))
    }
}

fn runner(config: &str, target: &str) -> Result<(String, Vec<String>)> {
    let config: toml::Table = config.parse().context("tools/firmware/.cargo/config.toml")?;
    let target_table = config.get("target").and_then(|targets| targets.get(target));
    let runner = target_table.and_then(|table| table.get("runner")).and_then(toml::Value::as_str);
    let runner = runner.with_context(|| format!("no runner for {target}"))?;
    let mut words = runner.split_whitespace().map(str::to_owned);
    let qemu = words.next().context("an empty runner")?;
    let arguments: Vec<String> = words.collect();
    ensure!(arguments.last().is_some_and(|last| last == "-kernel"), "a runner ends with -kernel");
    Ok((qemu, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_board_needs_is_what_runs_its_programs() {
        let config = include_str!("../../../firmware/.cargo/config.toml");
        for board in &BOARDS {
            assert_eq!(runner(config, board.target).unwrap().0, board.qemu.name());
        }
    }

    #[test]
    fn the_runner_is_what_cargo_runs() {
        let config = "[target.thumbv7m-none-eabi]\nrunner = \"qemu-system-arm -M some -kernel\"\n";
        let (qemu, arguments) = runner(config, "thumbv7m-none-eabi").unwrap();
        assert_eq!(
            (qemu.as_str(), arguments.join(" ").as_str()),
            ("qemu-system-arm", "-M some -kernel")
        );
        assert!(runner(config, "thumbv6m-none-eabi").is_err());
    }
}
