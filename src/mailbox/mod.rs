//! Mailboxes: many send, one or several receive, and each message goes to one of these.
//!
//! ```
//! use ringway::mailbox::{self, Mailbox, Options};
//!
//! # let name = format!("doc-mailbox-{}", std::process::id());
//! # let name = name.as_str();
//! // Whichever process comes first.
//! let mailbox = Options::<u64>::new(256).create_or_open(name)?;
//!
//! // As many senders as like, in as many processes.
//! let mut sender = mailbox.sender_named("billing")?;
//! sender.send(&7)?;
//!
//! // Now or later: messages stay when their sender has gone, and while there is no receiver.
//! let mut receiver = mailbox.receiver()?;
//! let letter = receiver.recv()?;
//! assert_eq!((*letter, letter.sender().name()), (7, Some("billing")));
//! drop(letter); // it is done
//! # drop((receiver, sender, mailbox));
//! mailbox::unlink(name)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Lanes
//!
//! Every sender has a lane, which is a ring of its own. So a sender waits only for room in its
//! lane, and one that is stopped in the middle of a message is in the way of no other. A sender's
//! death ends its lane behind what it had sent. A sender of the same name goes on with what is left
//! there; a lane that was received to its end is removed, and made anew with positions from 0 on.
//!
//! Receivers visit the lanes in turn, and take at most 16 messages of one while others have
//! something. What one sender has sent comes in order, unless several receivers share it. There is
//! no order among senders: the example `sequencer` in the repository makes one.
//!
//! # Messages that come again
//!
//! A message is held until its [`Letter`] is dropped. It comes again, with a mark
//! ([`Letter::redelivered`]), if it was given back, by [`Letter::nack`] or a panic, or its receiver
//! died with it: within 150 ms, where receivers share the messages and one of them waits. Without a
//! mark it comes again only where there is one receiver, and its successor gets what it held.
//!
//! # In files
//!
//! A named mailbox is a directory, with a file for the door, on which receivers sleep, and two for
//! each lane. It stays until it is [removed](unlink). `docs/mailbox.md` in the repository has its
//! layout, what it costs, and who has to trust whom.

// The protocol has two parts: rings, which are used as they are, and the door.
//
// **A lane** is made with the entry for receivers in it, before its sender has sent anything
// (`inbox.rs`): a durable subscriber that is away, or a group without workers. So the ring holds
// for receivers whatever is sent, and what they have taken is known to it. Nothing of this module
// is in the way of a message.
//
// **The door** (`door`) has an event count, on which all receivers sleep, and a count of lanes that
// have come and gone. Each sender rings after each publication, if a receiver asks for it: the
// producer's `Wait` does it (`ringing.rs`), so that batches, loans, futures and the end of a ring
// all ring, and a call that waits for room has rung for what came before it waits. Why no wake-up
// is lost is told in `ringway_shm::event`, "Several notifiers that ask the flag": X, for which a
// receiver waits, is that any lane has something, or that the count has changed. The flag is raised
// once, and one heavy fence is run, however many lanes there are; the look behind it (W4) is at all
// lanes. A lane that the receiver has not opened yet is no matter: its sender counts it and then
// rings.
//
// - A sender publishes (N1), runs the door's light fence (N2) and looks at the flag (N3). That of
//   the lane, which comes in between, is for the lane's own flag, which no receiver raises.
// - A receiver that gives a message back makes that known in the claims of the lane (N1), and rings
//   in the same way, as its worker's `Wait` is the same.
// - What is made known seldom rings without a look at the flag (`EventCount::sound`): lanes that
//   come and go, and what the dead had.
//
// **Removing a lane** takes the lock by which a sender of that name would take it over. Who has it
// looks once more whether everything is done: no sender can send meanwhile, and one that comes
// after that finds no name, and makes a new lane. One that has opened the file before sees, when it
// gets the lock, that the file has no name any more. The lane was kept (`Segment::keep`) by its
// sender, so that the names never go with a process.
//
// **Two of one name.** A receiver knows a lane by its name and its file's number, which no other
// file has while this one is mapped. So it takes a lane of the same name for another one, and what
// is left in the old one is received, too.
//
// **Deaths.** Who shares a mailbox has a lock on its door, together with all others: who removes it
// takes that lock alone. A sender shows that it lives by the lock of its ring. A receiver has a
// seat in the door, and, where several share the messages, a worker's entry in each lane. Some
// others ask for the seats, every 50 ms while they wait, and not for all entries in all lanes
// (`receiver/watch.rs`); one that finds a seat without its lock gives back what the dead had in all
// lanes, and frees the seat last. A receiver that opens a lane gives back what the dead had there.
// So nothing is left if the one that cleans up dies, too. That a sender has died is no haste: a few
// lanes at a time are asked for.
//
// Arrows point down: senders and receivers use the door and rings; the door knows neither.

mod door;
#[cfg(not(ringway_loom))]
mod files;
#[cfg(feature = "async")]
mod future;
mod handle;
mod inbox;
mod letter;
mod made;
mod options;
mod receiver;
mod ringing;
mod seat;
mod sender;
mod sender_id;
mod shape;

#[cfg(not(ringway_loom))]
pub(crate) use door::files::Files;
#[cfg(not(ringway_loom))]
pub use files::{Inspection, LaneInspection, inspect, mailboxes, mailboxes_in, prune, unlink};
pub use handle::Mailbox;
pub use letter::{BytesLetter, Letter, Letters};
pub use options::Options;
pub use receiver::Receiver;
pub(crate) use receiver::TakenBytes;
pub use ringing::Ringing;
#[cfg(feature = "async")]
pub use sender::AsyncSender;
pub use sender::Sender;
pub use sender_id::SenderId;
pub(crate) use shape::LaneShape;
