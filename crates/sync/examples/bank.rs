//! Eight processes move money between the accounts of a bank, and are killed at random: at every
//! look the sum is right.

use std::error::Error;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, thread};

use ringway_sync::{LockError, Plan, Region};
use zerocopy::{FromBytes, Immutable, IntoBytes};

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Bank {
    accounts: [u64; 64],
    transfers: u64,
    deaths: u64,
}

const TELLERS: usize = 8;
const MONEY: u64 = 64 * 1000;

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        Some(name) => tell(&name),
        None => watch(&format!("bank-{}", std::process::id())),
    }
}

/// A teller, until it is killed.
fn tell(name: &str) -> Result<(), Box<dyn Error>> {
    let region = Region::open(name)?;
    let bank = region.mutex::<Bank>("bank")?;
    let parent = std::os::unix::process::parent_id();
    let mut dice = 88172645463325252 ^ u64::from(std::process::id()) << 20;
    while std::os::unix::process::parent_id() == parent {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let mut bank = match bank.lock() {
            Err(LockError::OwnerDied(mut bank)) => {
                // A teller was killed in here. What it was about to do, it has not done.
                bank.deaths += 1;
                bank
            }
            bank => bank?,
        };
        let (from, to) = (dice as usize % 64, (dice >> 8) as usize % 64);
        let amount = bank.accounts[from].min(dice >> 16 & 63);
        bank.accounts[from] -= amount;
        // It counts the notes: here it is often killed, with the money in its hands.
        thread::sleep(Duration::from_micros(20));
        bank.accounts[to] += amount;
        bank.transfers += 1;
    }
    Ok(())
}

fn watch(name: &str) -> Result<(), Box<dyn Error>> {
    let empty = Bank { accounts: [1000; 64], transfers: 0, deaths: 0 };
    let region = Plan::new().seats(TELLERS + 1).mutex("bank", empty).create(name)?;
    let bank = region.mutex::<Bank>("bank")?;
    let teller = || Command::new(env::current_exe()?).arg(name).spawn();
    let mut tellers = (0..TELLERS).map(|_| teller()).collect::<Result<Vec<Child>, _>>()?;
    let (begun, mut looks, mut killed) = (Instant::now(), 0, 0);
    while begun.elapsed() < Duration::from_secs(2) {
        let pause = Instant::now();
        while pause.elapsed() < Duration::from_millis(10) {
            // Without the lock: a look keeps no teller waiting.
            assert_eq!(bank.peek()?.accounts.iter().sum::<u64>(), MONEY);
            looks += 1;
        }
        tellers[killed % TELLERS].kill()?;
        tellers[killed % TELLERS].wait()?;
        tellers[killed % TELLERS] = teller()?;
        killed += 1;
    }
    for mut teller in tellers {
        teller.kill()?;
        teller.wait()?;
    }
    let Bank { transfers, deaths, .. } = bank.peek()?;
    println!("{transfers} transfers, {looks} looks, sum {MONEY} at each");
    println!("{killed} tellers killed, {deaths} of them in the middle of a transfer");
    drop((bank, region));
    ringway_sync::unlink(name)?;
    Ok(())
}
