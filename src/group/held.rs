//! What the messages of a group are doing, for those who look after it.

use super::claim_word::ClaimState;
use super::claims::Claims;
use crate::memory::View;
use crate::position::Pos;

/// Messages of a group that have been sent and are not done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    /// A worker has them.
    pub(crate) in_flight: u64,
    /// A worker had them and gave them back, and none has them now.
    pub(crate) returned: u64,
}

/// The same of a group, counted from 0: of what is before that head. Looks at each message once.
pub(crate) fn held(view: &View, group: usize, gate: Pos, head: Pos) -> Held {
    let mut held = Held::default();
    let Some(claims) = Claims::of(view, group) else { return held };
    // A gate that was forged may say anything.
    let sent = usize::try_from(head.since(gate)).unwrap_or(0).min(claims.capacity());
    for ahead in 0..sent {
        match claims.state(gate.plus(ahead)) {
            ClaimState::Claimed { .. } => held.in_flight += 1,
            ClaimState::Returned => held.returned += 1,
            _ => {}
        }
    }
    held
}
