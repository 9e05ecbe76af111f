//! Segments with wrong bytes in them are attached, and used as far as that goes.
//!
//! A case is a valid ring with some of its words changed, and all of it follows from its number. Most
//! are in memory of the attacker's, whose end is followed by a page that must not be touched; one in a
//! hundred is in files, where a producer can also take over. What a call returns does not matter,
//! but it has to return: a process that ends or stands still is a fault, and its case is printed.

mod rings;
mod touch;

use std::time::{Duration, Instant};

use anyhow::Result;
use ringway::Ring;

use self::rings::{Memory, Template};
use self::touch::{Touched, take_over, use_ring};
use crate::Trial;
use crate::child::{Child, Task, Word};
use crate::figures::Figure;
use crate::payload::Seven;

const CASES: u64 = 1_000_000;
/// One case in so many is in files.
const IN_FILES: u64 = 100;
const ATTACKERS: u64 = 2;
/// No case takes nearly as long.
const STUCK: Duration = Duration::from_secs(10);

// What each attacker has in the page.
const CASE: usize = 0;
const BEGUN: usize = 1;
const PASSED: usize = 2;
const CALLS: usize = 3;
const TAKEN_OVER: usize = 4;
const WORDS: usize = 8;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let room = trial.room("", ATTACKERS as usize * WORDS)?;
    let page = room.page();
    let cases = trial.count(CASES);
    let end = |attacker: u64| cases * (attacker + 1) / ATTACKERS;
    let start = |attacker: u64, first: u64| {
        let role = "mutated::attacker";
        Child::start(&room, role, &[&attacker, &trial.seed, &first, &end(attacker)])
    };
    let mut attackers = Vec::new();
    for attacker in 0..ATTACKERS {
        attackers.push(Some(start(attacker, cases * attacker / ATTACKERS)?));
    }
    let (mut crashes, mut hangs) = (0, 0);
    let mut progress: Vec<_> = attackers.iter().map(|_| (0, Instant::now())).collect();
    while attackers.iter().any(Option::is_some) {
        for attacker in 0..ATTACKERS {
            let index = attacker as usize;
            let Some(child) = &mut attackers[index] else { continue };
            let words = &page[index * WORDS..][..WORDS];
            let begun = words[BEGUN].get();
            if begun != progress[index].0 {
                progress[index] = (begun, Instant::now());
            }
            match child.ended()? {
                Some(status) if status.success() => {
                    attackers[index] = None;
                    continue;
                }
                Some(status) => {
                    crashes += 1;
                    trial.note(format_args!("{status} in {}", case(words, trial)));
                }
                None if progress[index].1.elapsed() > STUCK => {
                    hangs += 1;
                    trial.note(format_args!("stuck in {}", case(words, trial)));
                }
                None => continue,
            }
            attackers[index] = None;
            if crashes + hangs < 10 && words[CASE].get() + 1 < end(attacker) {
                attackers[index] = Some(start(attacker, words[CASE].get() + 1)?);
                progress[index].1 = Instant::now();
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let sum =
        |word: usize| (0..ATTACKERS as usize).map(|i| page[i * WORDS + word].get()).sum::<u64>();
    let (begun, passed) = (sum(BEGUN), sum(PASSED));
    trial.note(format_args!(
        "{begun} cases, {passed} past validation, {} calls, {} taken over",
        sum(CALLS),
        sum(TAKEN_OVER),
    ));
    let share = 100.0 * passed as f64 / begun.max(1) as f64;
    Ok(vec![
        Figure::none("mutated_crashes", crashes, "crashes"),
        Figure::none("mutated_hangs", hangs, "hangs"),
        Figure::none("mutated_left_out", cases.saturating_sub(begun), "cases"),
        Figure::at_least("mutated_past_validation", share, "%", 50.0),
    ])
}

fn case(words: &[std::sync::atomic::AtomicU64], trial: &Trial) -> String {
    format!("case {} of seed {}", words[CASE].get(), trial.seed)
}

/// Arguments: its number, the seed, and its first case and the one after its last.
pub fn attacker(task: &Task) -> Result<()> {
    let index: usize = task.argument(0)?;
    let seed: u64 = task.argument(1)?;
    let cases = task.argument::<u64>(2)?..task.argument(3)?;
    let words = &task.page()[index * WORDS..][..WORDS];
    let numbers: Vec<Template<u64>> = rings::templates()?;
    let lines: Vec<Template<Seven>> = rings::templates()?;
    let bytes: Vec<Template<[u8]>> = rings::templates()?;
    for number in cases {
        words[CASE].set(number);
        words[BEGUN].add(1);
        let mut random = fastrand::Rng::with_seed(seed ^ number << 32);
        let case = Case { task, words, files: number % IN_FILES == 0, index };
        match random.u8(0..3) {
            0 => case.run(&numbers, &mut random)?,
            1 => case.run(&lines, &mut random)?,
            _ => case.run(&bytes, &mut random)?,
        }
    }
    Ok(())
}

struct Case<'a> {
    task: &'a Task,
    words: &'a [std::sync::atomic::AtomicU64],
    files: bool,
    index: usize,
}

impl Case<'_> {
    fn run<T: Touched + ?Sized>(
        &self,
        templates: &[Template<T>],
        random: &mut fastrand::Rng,
    ) -> Result<()> {
        let template = &templates[random.usize(0..templates.len())];
        let memory = &template.memory;
        template.mutate(random);
        let passed = if self.files {
            self.in_files::<T>(memory, random)?
        } else {
            // SAFETY: the memory stays until the template goes, after all handles; it is initialised;
            // and nobody accesses it until the next case, when they are gone.
            let ring = unsafe { Ring::<T>::open_raw(memory.parts(), 0) };
            ring.as_ref().is_ok_and(|ring| self.touch(ring, random))
        };
        self.words[PASSED].add(u64::from(passed));
        Ok(())
    }

    fn touch<T: Touched + ?Sized>(&self, ring: &Ring<T>, random: &mut fastrand::Rng) -> bool {
        self.words[CALLS].add(use_ring(ring, random));
        true
    }

    /// As two files that look like a ring's.
    fn in_files<T: Touched + ?Sized>(
        &self,
        memory: &Memory,
        random: &mut fastrand::Rng,
    ) -> Result<bool> {
        let name = format!("mutated-{}", self.index);
        let files = [name.clone(), format!("{name}.{}.ctl", "0".repeat(32))];
        for (file, bytes) in files.iter().zip(memory.bytes()) {
            let kept =
                if random.u8(0..20) == 0 { random.usize(0..=bytes.len()) } else { bytes.len() };
            std::fs::write(self.task.room().join(file), &bytes[..kept])?;
        }
        let segment = ringway::Segment::new(&name).directory(self.task.room());
        let mut passed = false;
        if random.bool()
            && let Ok(ring) = Ring::<T>::open(&segment)
        {
            passed = self.touch(&ring, random);
        }
        if random.bool() && take_over::<T>(&segment, random) {
            self.words[TAKEN_OVER].add(1);
            passed = true;
        }
        let _ = ringway::segment::unlink(&segment);
        for file in files {
            let _ = std::fs::remove_file(self.task.room().join(file));
        }
        Ok(passed)
    }
}
