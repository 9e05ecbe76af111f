//! Makes the corpora of the targets `header` and `region_header` anew: `cargo run --release --bin
//! seeds`, in this package, or with the name of one of them at the end.
//!
//! An input is a ring, or a region, and what is changed in it. Which header is refused, and why, follows from the
//! layout: inputs that were found with another layout reach less of the code than they did. So this
//! looks for inputs by what they bring about, from a seed that is always the same, and keeps the
//! shortest of each kind. It takes no fuzzer. What a fuzzer finds beyond that is kept by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs, io};

use ringway_fuzz::{header, region};

/// What an input brings about.
type Effects = fn(&[u8]) -> BTreeSet<String>;

/// The targets.
const TARGETS: [(&str, Effects); 2] =
    [("header", header::effects), ("region_header", region::header::effects)];

/// Inputs that are tried, and how long they are at most.
const TRIALS: u64 = 400_000;
const LONGEST: u64 = 360;
/// Inputs that are kept for each effect.
const KEPT: usize = 2;

/// Numbers that look random, and are the same each time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// The shortest inputs of each effect.
#[derive(Default)]
struct Found(BTreeMap<String, Vec<Vec<u8>>>);

impl Found {
    /// Keeps the input for what it brings about, where it is among the shortest.
    fn add(&mut self, effects: Effects, input: &[u8]) {
        for effect in effects(input) {
            let inputs = self.0.entry(effect).or_default();
            if inputs.iter().any(|other| other == input) {
                continue;
            }
            let at = inputs.partition_point(|other| other.len() <= input.len());
            if at < KEPT {
                inputs.insert(at, input.to_owned());
                inputs.truncate(KEPT);
            }
        }
    }

    /// One of them.
    fn any(&self, numbers: &mut Numbers) -> Option<&[u8]> {
        let at = numbers.below(self.0.len().max(1) as u64) as usize;
        let inputs = self.0.values().nth(at)?;
        inputs.get(numbers.below(KEPT as u64) as usize).map(Vec::as_slice)
    }
}

/// Bytes as they come, or what was found with some bytes changed, or its end cut off.
fn candidate(found: &Found, numbers: &mut Numbers) -> Vec<u8> {
    match (numbers.below(4), found.any(numbers)) {
        (1, Some(input)) => input[..numbers.below(input.len() as u64 + 1) as usize].to_vec(),
        (2 | 3, Some(input)) if !input.is_empty() => {
            let mut input = input.to_vec();
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(input.len() as u64) as usize;
                input[at] = numbers.next() as u8;
            }
            input
        }
        _ => (0..numbers.below(LONGEST)).map(|_| numbers.next() as u8).collect(),
    }
}

/// A name that says what is in a file and no more.
fn name(input: &[u8]) -> String {
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Makes the corpus of a target.
fn make(target: &str, effects: Effects) -> io::Result<()> {
    let (mut found, mut numbers) = (Found::default(), Numbers(1));
    for _ in 0..TRIALS {
        let input = candidate(&found, &mut numbers);
        found.add(effects, &input);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (effect, inputs) in &found.0 {
        println!("{effect}: {} bytes", inputs[0].len());
        for input in inputs {
            fs::write(folder.join(name(input)), input)?;
        }
    }
    let inputs = fs::read_dir(&folder)?.count();
    println!("{target}: {} effects, {inputs} inputs", found.0.len());
    Ok(())
}

fn main() -> io::Result<()> {
    let only = env::args().nth(1);
    for (target, effects) in TARGETS {
        if only.as_ref().is_none_or(|only| only == target) {
            make(target, effects)?;
        }
    }
    Ok(())
}
