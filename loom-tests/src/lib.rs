//! What the models share: how they are run, and how they wait.

pub mod tasks;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ringway::{Options, Overflow, Plain, SpinThenSleep};

/// Just below the place where the numbers of positions start again from 0, so that every model
/// crosses it.
pub const ORIGIN: ringway::Position = (ringway::Position::MAX >> 1) - 1;

/// The position `n` messages after [`ORIGIN`].
pub fn position(n: u64) -> ringway::Position {
    ORIGIN.wrapping_add(n as ringway::Position) & (ringway::Position::MAX >> 1)
}

/// Goes to sleep as soon as there is nothing. In a model of three threads, waiting that is not
/// sleeping has no end: two of them can give way to each other for ever.
pub const SLEEPY: SpinThenSleep = SpinThenSleep { spins: 0 };

/// Options of a ring that holds `capacity` messages, in a model in which nobody sleeps: without the
/// fences that sleeping takes, every other one is on its own.
pub fn awake<T: Plain>(capacity: usize) -> Options<T> {
    Options::new(capacity).origin(ORIGIN).asymmetric_fences(true)
}

/// The same for a ring that overwrites, and so has observers only.
pub fn overwriting<T: Plain>(capacity: usize) -> Options<T> {
    awake(capacity).overflow(Overflow::Overwrite).subscribers(0)
}

/// Runs every execution of a model that loom can tell from the others: all of them, or those with at
/// most `preemptions` switches away from a thread that could have gone on. Prints a row of the table
/// in the README.
pub fn check(name: &str, preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // An environment variable may ask for more.
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder.max_branches = 20_000;
    let executions = Arc::new(AtomicU64::new(0));
    let counter = executions.clone();
    let start = Instant::now();
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let bound = builder.preemption_bound.map_or("none".into(), |n| n.to_string());
    println!(
        "| `{name}` | {bound} | {} | {:.1} s |",
        executions.load(Ordering::Relaxed),
        start.elapsed().as_secs_f64()
    );
}
