//! One process feeds four others, through one named segment.
//!
//! ```text
//! cargo run --release --example fanout [FILE]
//! ```
//!
//! A producer sends a file, over and over, in messages of mixed sizes. Three subscribers get all of
//! it and hash it; an observer gets what it is fast enough for, and has to know exactly how much it
//! was not. This process, the parent, starts the five (each is this program again, with another
//! role), hashes the file itself and compares. If anything differs, the exit status says so.
//!
//! | file | subject |
//! |---|---|
//! | `mix.rs` | how long each message is |
//! | `source.rs` | what is in it |
//! | `roles.rs` | the producer, the subscribers, the observer: all that uses the ring |
//! | `report.rs` | what they say to the parent |
//! | `crew.rs` | starting processes, and ending them whatever happens |
//! | `run.rs` | the parent: from the start to five reports |
//! | `verdict.rs` | what has to hold, and the table |

#[cfg(target_os = "linux")]
mod arguments;
#[cfg(target_os = "linux")]
mod crew;
#[cfg(target_os = "linux")]
mod mix;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod roles;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod source;
#[cfg(target_os = "linux")]
mod verdict;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use clap::Parser;

    let arguments = arguments::Arguments::parse();
    match (arguments.role, &arguments.segment) {
        (Some(role), Some(segment)) => roles::run(role, segment, &arguments),
        _ => run::run(&arguments),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("shared-memory segments take Linux");
    std::process::exit(1);
}
