//! A door in a segment, and lanes that are the rings of its directory.
//!
//! | file | is |
//! |---|---|
//! | `door` | the door: a segment of kind `RDOR`, which all that share the mailbox write |
//! | `s.<name>` | the ring of the sender of that name |
//! | `a.<16 digits>` | the ring of a sender without a name |
//!
//! Bytes of the door's file that are locked:
//!
//! | byte | by | for |
//! |---:|---|---|
//! | 0 | all that have it open, together; a process that removes it, alone | it stays while used |
//! | 1 to 4096 | receivers, each its seat | that it lives |
//! | 4099 | a process that makes a lane | lanes are counted, and none comes meanwhile |

mod header;
mod lanes;
mod place;
mod seats;

pub(in crate::mailbox) use header::{MOST_RECEIVERS, SEATS_AT, decode, encode, len};
pub(in crate::mailbox) use lanes::names;
pub(crate) use place::Files;
pub(in crate::mailbox) use place::{
    DOOR, DOOR_FILE, MAKING, SEATS, VERSION, keep_name, number_of,
};
pub(in crate::mailbox) use seats::Taken;
