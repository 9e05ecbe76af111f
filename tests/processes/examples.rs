//! The examples, as programs of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::place::MEMORY;

/// Runs a short example to its end, and returns what it and the processes that it starts printed.
fn run(example: &str, count: &str) -> String {
    let mut command = Command::new(program(example));
    let output = command.arg(count).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    let left = std::fs::read_dir(MEMORY).unwrap().map(|entry| entry.unwrap().file_name());
    let begin = format!("ringway-{example}-");
    let mut left = left.filter(|name| name.to_string_lossy().starts_with(&begin));
    assert!(left.next().is_none(), "{text}");
    text
}

#[test]
fn market_keeps_every_quote_and_counts_what_a_display_misses() {
    let text = run("market", "100000");
    let turnover = |side: &str| {
        let line = text.lines().find(|line| line.starts_with(side)).unwrap();
        line.split("turnover ").nth(1).unwrap().split(',').next().unwrap().to_owned()
    };
    assert_eq!(turnover("feed"), turnover("keeper"), "{text}");
    assert!(text.contains("missed, 100000 in all"), "{text}");
}

#[test]
fn frames_are_whole_wherever_they_are_looked_at() {
    let text = run("frames", "12");
    assert!(text.contains("keeper: 12 frames, all whole"), "{text}");
    let line = text.lines().find(|line| line.starts_with("viewer")).unwrap();
    let numbers = line.split(' ').filter_map(|word| word.parse::<u64>().ok());
    assert_eq!(numbers.sum::<u64>(), 12, "{text}");
}

#[test]
fn one_thread_looks_after_two_rings_and_a_socket() {
    let text = run("wait_set", "20000");
    assert!(text.contains("service: 20000 prices, 20000 orders, 70 bytes of commands"), "{text}");
}

#[test]
fn workers_do_all_jobs_though_one_is_killed() {
    let text = run("workers", "3000");
    assert!(text.contains("office: 3000 jobs, all done, one of 3 workers killed"), "{text}");
    // What the other two did; the rest, and what was done twice, was the one's that was killed.
    let done = text.lines().filter_map(|line| line.strip_prefix("worker: "));
    let done: Vec<u64> = done.map(|line| line.trim_end_matches(" jobs").parse().unwrap()).collect();
    assert_eq!(done.len(), 2, "{text}");
    assert!((2000..=3000).contains(&done.iter().sum::<u64>()), "{text}");
}

#[test]
fn calculator_answers_every_sum_though_a_server_is_killed() {
    let text = run("calculator", "3000");
    assert!(text.contains("client: 3000 sums, "), "{text}");
    assert!(text.contains(" declined, one of 2 servers killed"), "{text}");
    let numbers = text.split(' ').filter_map(|word| word.parse::<u64>().ok());
    // Every fourth sum divides, and every 101st right side is 0: from 303 on every 404th.
    assert_eq!(numbers.take(3).collect::<Vec<_>>(), [3000, 2993, 7], "{text}");
}

#[test]
fn interrupt_ends_at_ctrl_c_and_counts_all_that_was_sent() {
    let text = run("interrupt", "20");
    let last = text.lines().last().unwrap();
    let numbers: Vec<u64> = last.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(matches!(numbers[..], [counted, sent] if counted == sent && sent >= 20), "{text}");
}

/// An example's program, beside the one of this test. It is built, because a test that is run alone
/// comes without the examples, or with old ones.
pub(crate) fn program(example: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    // A build that failed has left nothing half done.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(example.to_owned()).or_insert_with(|| build(example)).clone()
}

fn build(example: &str) -> PathBuf {
    // target/debug/deps/processes-0123456789abcdef
    let this = std::env::current_exe().unwrap();
    let directory = this.ancestors().nth(2).unwrap();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("{} is no profile's", directory.display()),
    };
    let built = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--package", "ringway", "--example", example, "--profile", profile])
        .output()
        .unwrap();
    let program = directory.join("examples").join(example);
    assert!(
        built.status.success() && program.is_file(),
        "{} was not built: {}",
        program.display(),
        String::from_utf8_lossy(&built.stderr)
    );
    program
}
