//! A blackboard: workers post what they are at. One of them is killed, its row is marked, and
//! another worker takes it over.
//!
//! ```sh
//! cargo run -p ringway-sync --example blackboard
//! ```

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ringway_sync::{Plan, Region, Table};

/// What a worker is at: the job's number, and how much of it is done.
type Progress = [u32; 2];

/// Does the jobs of a worker, and posts that in its row.
fn work(name: &str, number: u32) -> Result<(), Box<dyn Error>> {
    let mut row = Region::open(name)?.table::<u32, Progress>("workers")?.claim(&number, &[1, 0])?;
    if row.predecessor_died() {
        println!("worker {number} goes on at {:?}", row.get());
    }
    loop {
        std::thread::sleep(Duration::from_millis(5));
        row.update(|[job, done]| {
            *done = (*done + 10) % 100;
            *job += u32::from(*done == 0);
        });
    }
}

fn start(name: &str, number: u32) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([name, &number.to_string()]).stdin(Stdio::null()).spawn()
}

/// Prints the rows, and waits until that is so of one of them.
fn watch(
    workers: &Table<u32, Progress>,
    number: u32,
    wanted: impl Fn(Progress, bool) -> bool,
) -> Result<(), Box<dyn Error>> {
    let mut changes = workers.changes();
    loop {
        changes.wait_next()?;
        if let Some(entry) = workers.entry(&number)? {
            if wanted(entry.value, entry.is_stale()) {
                println!("{entry:?}");
                return Ok(());
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, number] = &arguments[..] {
        return work(name, number.parse()?);
    }
    let name = format!("blackboard-{}", std::process::id());
    let region = Plan::new().table::<u32, Progress>("workers", 8).create(&name)?;
    let workers = region.table::<u32, Progress>("workers")?;
    let [mut first, mut second] = [start(&name, 1)?, start(&name, 2)?];
    watch(&workers, 1, |[job, _], _| job == 2)?;
    first.kill()?;
    first.wait()?;
    watch(&workers, 1, |_, is_stale| is_stale)?;
    let mut third = start(&name, 1)?;
    watch(&workers, 1, |[job, _], _| job == 3)?;
    for child in [&mut second, &mut third] {
        child.kill()?;
        child.wait()?;
    }
    drop((workers, region));
    ringway_sync::unlink(&name)?;
    Ok(())
}
