//! A value that is made once.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use arbitrary::{Result, Unstructured};
use ringway_sync::{Once, OnceError, Plan};

use super::super::kept::How;
use super::super::party::Turn;
use super::super::value::Value;

const NAME: &str = "once";

pub(in super::super) struct Made<V> {
    value: Option<V>,
}

/// How making it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Making {
    Well,
    /// Another asks for it meanwhile.
    Again,
    Fails,
    Panics,
}

impl<V: Value> Made<V> {
    pub(in super::super) fn plan(plan: Plan) -> Plan {
        plan.once::<V>(NAME)
    }

    pub(in super::super) fn new() -> Made<V> {
        Made { value: None }
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let once = turn.party.region.once::<V>(NAME).expect("it was declared");
        turn.same(once.get(), self.value, "the value of a once");
        let makings = [Making::Well, Making::Again, Making::Fails, Making::Panics];
        let (making, how) = (*input.choose(&makings)?, input.arbitrary()?);
        let first = V::of(input.arbitrary()?);
        let once = once.interrupted_by(turn.interrupt(how));
        let mut made = false;
        let again = once.clone();
        let make = || {
            made = true;
            match making {
                // It would wait for itself.
                Making::Again => {
                    let other = again.try_get_or_init(|| V::of(0));
                    turn.same(other, Err(OnceError::WouldBlock), "one at a time makes it");
                }
                Making::Panics => resume_unwind(Box::new(())),
                Making::Well | Making::Fails => {}
            }
            first
        };
        let asked = AssertUnwindSafe(|| ask(&once, how, making, make));
        match (catch_unwind(asked), self.value) {
            (Ok(Ok(Some(value))), expected) => {
                turn.claim(made == expected.is_none(), "whether it was made");
                turn.same(value, expected.unwrap_or(first), "the value that was made");
                self.value = Some(value);
            }
            // In honest memory no other is making it.
            (Ok(Err(error)), _) => turn.claim(false, &error.to_string()),
            (Ok(Ok(None)) | Err(_), expected) => {
                let fails = matches!(making, Making::Fails | Making::Panics);
                turn.claim(fails && expected.is_none(), "whether there is a value");
            }
        }
        Ok(())
    }
}

/// Asks for the value: `None`: making it failed.
fn ask<V: Value>(
    once: &Once<V>,
    how: How,
    making: Making,
    make: impl FnOnce() -> V,
) -> std::result::Result<Option<V>, OnceError> {
    match (making, how) {
        (Making::Fails, How::Interrupted) => {
            let failed = once.get_or_try_init(|| {
                make();
                Err::<V, ()>(())
            });
            failed.map(std::result::Result::ok)
        }
        (_, How::Try) => once.try_get_or_init(make).map(Some),
        (_, How::Interrupted) => once.get_or_init(make).map(Some),
        _ => once.get_or_init_timeout(make, how.time()).map(Some),
    }
}
