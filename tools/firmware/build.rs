//! Gives the linker the memory of the board that goes with the target.

use std::path::PathBuf;
use std::{env, fs};

/// From the folder of this package, and from that of others beside it which are built by this too.
const MEMORY: &str = "../firmware/memory";

fn main() {
    let target = env::var("TARGET").expect("cargo says what it builds for");
    let board = match target.as_str() {
        "thumbv7m-none-eabi" => "lm3s6965evb",
        "thumbv6m-none-eabi" => "microbit",
        "riscv32imac-unknown-none-elf" | "riscv32imc-unknown-none-elf" => "virt",
        // Nothing is linked for others; formatting and documentation need no board.
        _ => return,
    };
    let memory = [format!("{MEMORY}/{board}.x"), format!("{MEMORY}/shared.x")];
    let script: String =
        memory.iter().map(|part| fs::read_to_string(part).expect("a linker script")).collect();
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo says where to"));
    fs::write(out.join("memory.x"), script).expect("writing the linker script");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rerun-if-changed={MEMORY}");
}
