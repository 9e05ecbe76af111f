//! The loom models: building them in a copy of the tree, listing them, running one.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::copy::Copy;
use crate::verdict::{Ended, Verdict, judge};
use checkout::set_rustflags;

/// The library's lints are its own affair: a mutant may leave an import unused.
const RUSTFLAGS: &str = "--cfg ringway_loom --cap-lints warn";

/// A `#[test]` of loom-tests.
#[derive(Clone, Debug)]
pub struct Model {
    /// The file in loom-tests/tests.
    pub target: String,
    /// The function.
    pub name: String,
    /// How long it takes on the unchanged tree.
    pub time: Duration,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.target, self.name)
    }
}

/// What came of a build.
pub enum Build {
    /// Test programs by the names of their files in loom-tests/tests.
    Done(BTreeMap<String, PathBuf>),
    /// With the compiler's first complaint, and all that it said.
    Failed { first: String, output: String },
}

/// A copy of the tree and how it is worked with.
pub struct Bench {
    pub copy: Copy,
    /// Where the output of the last command goes.
    log: PathBuf,
    /// How many compilers may run at once.
    compilers: usize,
    /// How long a model may run.
    time_out: Duration,
}

impl Bench {
    pub fn new(copy: Copy, compilers: usize, time_out: Duration) -> Bench {
        let log = copy.target.with_extension("log");
        Bench { copy, log, compilers, time_out }
    }

    /// Builds the test programs, or one of them.
    pub fn build(&self, target: Option<&str>) -> Result<Build> {
        let mut cargo = checkout::cargo();
        cargo
            .current_dir(self.copy.models())
            .args(["test", "--release", "--no-run", "--message-format=json-render-diagnostics"])
            .args(["--test", target.unwrap_or("*")])
            .env("CARGO_TARGET_DIR", &self.copy.target)
            .env("CARGO_BUILD_JOBS", self.compilers.to_string());
        set_rustflags(&mut cargo, RUSTFLAGS);
        let built = checkout::run(&mut cargo, &self.log, None)?;
        if !built.success() {
            let first = built.output.lines().find(|line| line.starts_with("error"));
            let first = first.unwrap_or("cargo failed").to_owned();
            return Ok(Build::Failed { first, output: built.output });
        }
        let tests = checkout::executables(&built.output).into_iter().filter(|it| it.kind == "test");
        Ok(Build::Done(tests.map(|test| (test.target, test.path)).collect()))
    }

    /// The models in a test program, none of which has a time yet.
    pub fn list(&self, target: &str, program: &Path) -> Result<Vec<Model>> {
        let mut command = self.command(program);
        command.args(["--list", "--format", "terse"]);
        let listed = checkout::run(&mut command, &self.log, None)?;
        ensure!(listed.success(), "listing the models of {target}:\n{}", listed.output);
        let names = listed.output.lines().filter_map(|line| line.strip_suffix(": test"));
        let model = |name: &str| Model {
            target: target.to_owned(),
            name: name.to_owned(),
            time: Duration::ZERO,
        };
        Ok(names.map(model).collect())
    }

    /// Runs one model. Its output goes to a file of its own, since several may run at once.
    pub fn run(&self, model: &Model, program: &Path) -> Result<(Verdict, Duration)> {
        let name: String =
            model.name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        let log = self.copy.target.join("models").join(format!("{}-{name}.log", model.target));
        let mut command = self.command(program);
        command.args(["--exact", &model.name, "--nocapture"]);
        let finished = checkout::run(&mut command, &log, Some(self.time_out))?;
        Ok((judge(Ended::new(finished.status), &finished.output), finished.time))
    }

    fn command(&self, program: &Path) -> Command {
        let folder = self.copy.models();
        let mut command = Command::new(program);
        command.env("CARGO_MANIFEST_DIR", &folder).env("RUST_BACKTRACE", "0").current_dir(folder);
        // loom takes bounds from its environment, and a bound decides what a model finds.
        for (key, _) in env::vars_os() {
            if key.to_string_lossy().starts_with("LOOM_") {
                command.env_remove(key);
            }
        }
        command
    }
}

/// All models of the unchanged tree.
pub fn all(bench: &Bench) -> Result<Vec<(Model, PathBuf)>> {
    let programs = match bench.build(None)? {
        Build::Done(programs) => programs,
        Build::Failed { output, .. } => bail!("the unchanged tree does not build:\n{output}"),
    };
    let mut models = Vec::new();
    for (target, program) in programs {
        let found = bench.list(&target, &program).with_context(|| target.clone())?;
        models.extend(found.into_iter().map(|model| (model, program.clone())));
    }
    ensure!(!models.is_empty(), "there are no models in loom-tests/tests");
    Ok(models)
}
