//! The program that the README shows, as two processes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const SOURCE: &str = include_str!("../../examples/clock.rs");

#[test]
fn the_readme_shows_the_example_as_it_stands() {
    let readme = include_str!("../../README.md");
    let code = readme.split("```rust,no_run\n").nth(1).unwrap().split("```").next().unwrap();
    // Without its head, which the text around it says.
    let (_, program) = SOURCE.split_once("\n\n").unwrap();
    assert_eq!(code, program);
}

/// The example's program, built: a test that is run alone comes without the examples.
fn program() -> PathBuf {
    let here = env::current_exe().unwrap();
    let profile = here.parent().and_then(Path::parent).unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "ringway-shm", "--example", "clock"])
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.unwrap().success());
    profile.join("examples/clock")
}

fn start(program: &Path, name: &str, role: Option<&str>) -> Child {
    let mut command = Command::new(program);
    command.args(role).env("CLOCK", name).stdout(Stdio::piped());
    command.spawn().unwrap()
}

fn said(child: Child) -> String {
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn two_processes_share_a_clock_and_each_learns_that_the_other_has_died() {
    let program = program();
    for killed in ["clock", "watcher"] {
        let name = format!("readme-{killed}-{}", std::process::id());
        let path = format!("/dev/shm/{name}");
        let mut clock = start(&program, &name, None);
        while fs::metadata(&path).is_err() {
            thread::sleep(Duration::from_millis(1));
        }
        let mut watcher = start(&program, &name, Some("watch"));
        thread::sleep(Duration::from_millis(300));
        let said = if killed == "clock" {
            clock.kill().unwrap();
            clock.wait().unwrap();
            let said = said(watcher);
            assert!(ringway_shm::segment::unlink(&(&*name).into()).unwrap());
            assert!(said.contains(" ticks\n"), "{said}");
            said
        } else {
            watcher.kill().unwrap();
            watcher.wait().unwrap();
            said(clock)
        };
        assert!(said.contains(&format!("the {killed} is dead")), "{said}");
        assert!(fs::metadata(&path).is_err());
    }
}
