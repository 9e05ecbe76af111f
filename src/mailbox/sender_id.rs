//! Who has sent a message.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// What the names of lanes begin with whose senders have names, and have none.
pub(super) const NAMED: &str = "s.";
pub(super) const UNNAMED: &str = "a.";

/// The name of the lane of a sender that has that name, or of one without a name, by a number that
/// no other has.
pub(super) fn lane_name(name: Option<&str>, number: u64) -> String {
    match name {
        Some(name) => format!("{NAMED}{name}"),
        None => format!("{UNNAMED}{number:016x}"),
    }
}

/// Which sender a message is from.
///
/// In a mailbox of files that is told by the lane's file: only its owner can write it.
///
/// ```
/// use ringway::mailbox::Options;
///
/// let mailbox = Options::<u64>::new(64).heap()?;
/// let mut receiver = mailbox.receiver()?;
/// mailbox.sender_named("billing")?.send(&7)?;
/// let letter = receiver.recv()?;
/// assert_eq!(letter.sender().to_string(), "billing");
/// assert_eq!(letter.sender().uid(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SenderId {
    lane: Arc<str>,
    uid: Option<u32>,
}

impl SenderId {
    pub(super) fn of_lane(lane: &str, uid: Option<u32>) -> SenderId {
        SenderId { lane: lane.into(), uid }
    }

    /// The sender's name; `None`: it has none.
    pub fn name(&self) -> Option<&str> {
        self.lane.strip_prefix(NAMED)
    }

    /// The user to whom the lane belongs; `None`: the mailbox is on the heap of this process.
    pub fn uid(&self) -> Option<u32> {
        self.uid
    }

    /// The lane's name, which is its file's.
    pub fn lane(&self) -> &str {
        &self.lane
    }
}

/// The sender's name, or its lane's if it has none.
impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name().unwrap_or(&self.lane))
    }
}
