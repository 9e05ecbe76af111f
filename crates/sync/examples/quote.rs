//! The latest price, of a process that is killed. A second process takes its place.
//!
//! ```sh
//! cargo run -p ringway-sync --example quote
//! ```

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::Duration;

use ringway_sync::{ChangeError, Plan, Region};
use zerocopy::{FromBytes, Immutable, IntoBytes};

#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Quote {
    bid: u32,
    ask: u32,
}

/// Opens the region, and sets the price that is there up by one, again and again.
fn sell(name: &str) -> Result<(), Box<dyn Error>> {
    let mut last = Region::open(name)?.cell::<Quote>("last")?.claim()?;
    loop {
        last.update(|quote| *quote = Quote { bid: quote.bid + 1, ask: quote.bid + 3 });
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    if let Some(name) = arguments.next() {
        return sell(&name);
    }
    let name = format!("quote-{}", std::process::id());
    let region = Plan::new().cell("last", Quote { bid: 100, ask: 102 }).create(&name)?;
    let mut changes = region.cell::<Quote>("last")?.changes();
    for _ in 0..2 {
        let mut seller =
            Command::new(std::env::current_exe()?).arg(&name).stdin(Stdio::null()).spawn()?;
        for _ in 0..5 {
            println!("{:?}", changes.wait_next()?);
        }
        seller.kill()?;
        seller.wait()?;
        loop {
            match changes.wait_next() {
                Ok(quote) => println!("{quote:?}, set before it died"),
                Err(ChangeError::WriterDied) => break,
                Err(error) => return Err(error.into()),
            }
        }
        println!("the seller died");
    }
    drop((changes, region));
    ringway_sync::unlink(&name)?;
    Ok(())
}
