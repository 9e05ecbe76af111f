//! What the compiler says to a program that depends on ringway alone: its messages compile, and of a
//! type that cannot be one it says what to write.
#![cfg(all(feature = "std", feature = "derive", not(ringway_loom), not(miri)))]

use std::path::Path;
use std::process::Command;

/// What the compiler says of a part of the program in `tests/user`; `None`: that it is right.
fn refusal(part: &[&str]) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/user");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("user");
    let mut check = Command::new(env!("CARGO"));
    check.current_dir(folder).args(["check", "--quiet", "--locked", "--target-dir"]).arg(target);
    // It is built as a user would, and not as this test is.
    check.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").args(part);
    let output = check.output().unwrap();
    (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
}

/// Where the repository is not whole, as in the published crate, there is no such program.
fn is_there() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/user/Cargo.toml").exists()
}

#[test]
fn a_program_that_depends_on_ringway_alone_has_messages() {
    if is_there() {
        assert_eq!(refusal(&["--lib"]), None);
    }
}

#[test]
fn a_type_that_cannot_be_a_message_is_told_what_to_write() {
    if !is_there() {
        return;
    }
    let expected: [(&str, &[&str]); 5] = [
        ("bare", &["`Quote` is not plain data", "write `#[ringway::message]` above a struct"]),
        ("number", &["`bool` is not plain data", "a `u8` for a `bool`"]),
        ("padded", &["`Padded` has 3 total byte(s) of padding", "adding explicit fields"]),
        ("flag", &["`bool` is not plain data", "flag.rs:4:10", "a `u8` for a `bool`"]),
        ("side", &["an enum cannot be a message", "send a number"]),
    ];
    for (example, texts) in expected {
        let said = refusal(&["--example", example]).expect("it does not compile");
        for text in texts {
            assert!(said.contains(text), "{example}: no {text:?} in\n{said}");
        }
    }
}
