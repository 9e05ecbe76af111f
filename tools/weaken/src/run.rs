//! Trying the mutants: first the unchanged tree, then one change at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::killers::Killers;
use crate::listed::Listed;
use crate::models::{self, Bench, Build, Model};
use crate::report::{Fate, Report, Tried};
use crate::sites::Mutant;
use crate::verdict::Verdict;
use checkout::seconds;
use checkout::source::Reach;

/// Runs the models on the unchanged tree: all, or those with one of `only` in their names. `None`: one does not pass, so that nothing can be said
/// about any mutant. Else the models, those that take the least time first.
pub fn baseline(
    benches: &[Bench],
    only: &[String],
    report: &Mutex<Report>,
) -> Result<Option<Vec<Model>>> {
    let mut models = models::all(&benches[0])?;
    if !only.is_empty() {
        models.retain(|(model, _)| only.iter().any(|part| model.to_string().contains(part)));
        ensure!(!models.is_empty(), "no model has {} in its name", only.join(" or "));
    }
    let run = |_: &Bench, (model, program): &(Model, PathBuf)| {
        // All of them from the first copy: the others have nothing built yet.
        let (verdict, time) = benches[0].run(model, program)?;
        let said = match &verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Killed(message) => format!("FAILED ({message})"),
            Verdict::Inconclusive(why) => format!("FAILED (inconclusive: {why})"),
        };
        lock(report).line(format_args!("unchanged: {model}  {said}  {}", seconds(time)))?;
        let passed = verdict == Verdict::Passed;
        Ok(passed.then(|| Model { time, ..model.clone() }))
    };
    let passed: Option<Vec<Model>> = for_each(benches, &models, run)?.into_iter().collect();
    Ok(passed.map(|mut models| {
        models.sort_by_key(|model| model.time);
        models
    }))
}

/// Tries all mutants, several at a time, those in the list last.
pub fn mutants<'a>(
    benches: &[Bench],
    mutants: &'a [Mutant],
    texts: &HashMap<&str, &str>,
    models: &[Model],
    listed: &Listed,
    killers: &Mutex<Killers>,
    report: &Mutex<Report>,
) -> Result<Vec<Tried<'a>>> {
    let mut mutants: Vec<&Mutant> = mutants.iter().collect();
    // All models look at those in the list. So they come last: a run that is broken off has asked
    // the others.
    mutants.sort_by_key(|mutant| listed.reason(&mutant.name).is_some());
    for_each(benches, &mutants, |bench, &mutant| {
        let start = Instant::now();
        let last = lock(killers).of(&mutant.name).map(str::to_owned);
        let text = texts.get(mutant.file.as_str()).context("a mutant of no file")?;
        let mut fate = attempt(bench, mutant, text, models, last.as_deref())
            .with_context(|| mutant.name.clone())?;
        let reason = listed.reason(&mutant.name);
        let mut stale = false;
        match (&fate, reason) {
            (Fate::Killed { model, .. }, _) => {
                stale = reason.is_some();
                lock(killers).note(&mutant.name, model)?;
            }
            (_, Some(reason)) => fate = Fate::Listed(reason.to_owned()),
            (_, None) => {}
        }
        let tried = Tried { mutant, fate, stale, time: start.elapsed() };
        lock(report).line(&tried)?;
        Ok(tried)
    })
}

/// Applies one mutant to a copy, lets the models look at it, and undoes it.
fn attempt(
    bench: &Bench,
    mutant: &Mutant,
    text: &str,
    models: &[Model],
    last: Option<&str>,
) -> Result<Fate> {
    if mutant.reach == Reach::Unmodelled {
        return Ok(Fate::Survived(vec!["loom builds do not compile it".into()]));
    }
    bench.copy.write(&mutant.file, &mutant.apply(text))?;
    let fate = ask(bench, models, last);
    bench.copy.write(&mutant.file, text)?;
    fate
}

/// Asks the models, first the one that killed the mutant the last time, then the quick ones. What
/// is not asked need not be built.
fn ask(bench: &Bench, models: &[Model], last: Option<&str>) -> Result<Fate> {
    // By its file and name, or by its name alone, as a page has it.
    let is_last =
        |model: &&Model| last.is_some_and(|last| last == model.to_string() || last == model.name);
    let (first, rest): (Vec<&Model>, Vec<&Model>) = models.iter().partition(is_last);
    let mut programs = HashMap::new();
    let mut notes = Vec::new();
    for model in first.into_iter().chain(rest) {
        let program = match programs.entry(model.target.as_str()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => match bench.build(Some(&model.target))? {
                Build::Done(mut built) => {
                    let program = built.remove(&model.target);
                    entry.insert(program.with_context(|| format!("no program for {model}"))?)
                }
                // Only the library has changed: the other targets would not build either.
                Build::Failed { first, .. } => {
                    return Ok(Fate::Survived(vec![format!("does not build: {first}")]));
                }
            },
        };
        match bench.run(model, program)?.0 {
            Verdict::Passed => {}
            Verdict::Killed(message) => {
                return Ok(Fate::Killed { model: model.to_string(), message });
            }
            Verdict::Inconclusive(why) => notes.push(format!("{model}: {why}")),
        }
    }
    Ok(Fate::Survived(notes))
}

/// Does something with each item, on one thread per bench. The results come in the order of the
/// items. After an error no further item is begun.
fn for_each<I: Sync, R: Send>(
    benches: &[Bench],
    items: &[I],
    work: impl Fn(&Bench, &I) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for bench in benches {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = work(bench, item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    lock(&results).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A panic elsewhere ends the run anyway; it need not be told twice.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
