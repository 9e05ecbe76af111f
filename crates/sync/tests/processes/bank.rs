//! The program that the README shows.

use std::env;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = include_str!("../../examples/bank.rs");

#[test]
fn the_readme_shows_the_example_as_it_stands() {
    let readme = include_str!("../../README.md");
    let code = readme.split("```rust,no_run\n").nth(1).unwrap().split("```").next().unwrap();
    // Without its head, which the text around it says.
    let (_, program) = SOURCE.split_once("\n\n").unwrap();
    assert_eq!(code, program);
}

#[test]
fn in_the_bank_the_sum_is_right_and_deaths_are_told() {
    let here = env::current_exe().unwrap();
    let profile = here.parent().and_then(Path::parent).unwrap();
    // A test that is run alone comes without the examples.
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "ringway-sync", "--example", "bank"])
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.unwrap().success());
    let ran = Command::new(profile.join("examples/bank")).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("sum 64000 at each"), "{said}");
    assert!(!said.contains(", 0 of them"), "{said}");
}
