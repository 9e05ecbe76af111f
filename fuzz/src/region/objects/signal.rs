//! A signal, and a struct of atomics.

use std::sync::atomic::{AtomicU32, Ordering};

use arbitrary::{Result, Unstructured};
use ringway_sync::{Plan, PostError, SignalError};

use super::super::kept::How;
use super::super::party::Turn;

const NAME: &str = "signal";
const ATOMICS: &str = "atomics";

#[derive(Default)]
pub(in super::super) struct Numbers {
    tokens: u32,
    atomics: [u32; 3],
}

impl Numbers {
    pub(in super::super) fn plan(plan: Plan) -> Plan {
        plan.signal(NAME).atomics::<[AtomicU32; 3]>(ATOMICS)
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let signal = turn.party.region.signal(NAME).expect("it was declared");
        match input.int_in_range(0..=5u8)? {
            0 | 1 => match signal.post() {
                Ok(()) => self.tokens = self.tokens.saturating_add(1),
                Err(PostError::Full) => turn.claim(false, "a signal that is full"),
                Err(error) => panic!("{error}"),
            },
            2 | 3 => self.take(turn, input.arbitrary()?),
            n => {
                let (at, by) = (usize::from(n) % 3, input.arbitrary::<u8>()?.into());
                let atomics = turn.party.region.atomics::<[AtomicU32; 3]>(ATOMICS);
                let before = atomics.expect("it was declared")[at].fetch_add(by, Ordering::Relaxed);
                turn.same(before, self.atomics[at], "what an atomic was");
                self.atomics[at] = before.wrapping_add(by);
            }
        }
        turn.same(signal.tokens(), self.tokens, "how many tokens there are");
        Ok(())
    }

    fn take(&mut self, turn: Turn<'_>, how: How) {
        let signal = turn.party.region.signal(NAME).expect("it was declared");
        let signal = signal.interrupted_by(turn.interrupt(how));
        let taken = match how {
            How::Try => Ok(signal.try_wait()),
            How::Interrupted => signal.wait().map(|()| true),
            _ => signal.wait_timeout(how.time()).map(|()| true),
        };
        let taken = taken.unwrap_or_else(|error| {
            let interrupted = error == SignalError::Interrupted;
            assert_eq!(interrupted, how == How::Interrupted, "{error}");
            false
        });
        turn.same(taken, self.tokens > 0, "whether there was a token");
        self.tokens = self.tokens.saturating_sub(taken.into());
    }
}
