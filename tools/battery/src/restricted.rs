//! What a group's processes lose: whether it can be taken from them here.

use std::fs::{self, File};
use std::io::Write;

use anyhow::{Context, Result};
use ringway::Options;

use crate::Trial;
use crate::child::{Child, LONG, Task};
use crate::restrict::Unrestricted;

/// The role of a process that only tries the restriction.
pub const PROBE: &str = "restricted::probe";

/// Where it says what is missing.
const MISSING: &str = "missing";

/// What is missing here for the trial's restriction. `None`: nothing, or it has none.
pub fn missing(trial: &Trial) -> Result<Option<String>> {
    if trial.restriction.is_none() {
        return Ok(None);
    }
    let room = trial.room("-probe", 1)?;
    Child::start_under(trial.restriction, &room, PROBE, &[])?.ends(LONG)?;
    let missing = fs::read_to_string(room.path().join(MISSING)).context("asking the probe")?;
    Ok((!missing.is_empty()).then_some(missing))
}

pub fn probe(task: &Task) -> Result<()> {
    let mut says = File::create(task.room().join(MISSING))?;
    let _producer = Options::<u64>::new(8).create(task.segment())?;
    match task.restrict() {
        Err(error) => match error.downcast()? {
            Unrestricted::Missing(what) => Ok(says.write_all(what.as_bytes())?),
            void => Err(void.into()),
        },
        Ok(()) => Ok(()),
    }
}
