//! A clock that two processes share: `clock` ticks, and `clock watch` reads it until the first one
//! is dead.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{env, thread, time::Duration};

use ringway_shm::envelope::Kind;
use ringway_shm::segment::{Claim, Shared, Words};

#[repr(C)]
struct Clock {
    ticks: AtomicU64,
}
// SAFETY: one atomic, of which any bytes are a value.
unsafe impl Words for Clock {}
const KIND: Kind = Kind::new(*b"CLCK");

fn main() -> Result<(), Box<dyn Error>> {
    let name = env::var("CLOCK").unwrap_or("clock".into());
    match env::args().nth(1).as_deref() {
        Some("watch") => watch(Shared::open(name, KIND, 1)?),
        _ => tick(Shared::create(name, KIND, 1)?),
    }
}

fn tick(clock: Shared<Clock>) -> Result<(), Box<dyn Error>> {
    let mut watched = false;
    while !watched || !clock.seats().is_dead(0)? {
        watched |= !clock.seats().is_dead(0)?;
        clock.ticks.fetch_add(1, Relaxed);
        thread::sleep(Duration::from_millis(10));
    }
    println!("the watcher is dead");
    Ok(())
}

fn watch(clock: Shared<Clock>) -> Result<(), Box<dyn Error>> {
    let Claim::Ours(_seat) = clock.seats().claim(0)? else { return Err("it is watched".into()) };
    while clock.owner_is_alive()? {
        println!("{} ticks", clock.ticks.load(Relaxed));
        thread::sleep(Duration::from_millis(100));
    }
    println!("the clock is dead");
    Ok(())
}
