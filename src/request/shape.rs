//! What a service's creator chose, as all its processes have it.

use super::buffer::ALIGN;
use super::header::HEADER;
use crate::error::ConfigError;
use crate::mailbox::{self, LaneShape};
use crate::memory::geometry::{ARENA_UNIT, Schema, whole_capacity};

/// Reply lanes in a box for each server that there can be: servers die, and others come, before the
/// client has received what the dead have sent.
const LANES_FOR_SERVER: usize = 4;
/// And so many more.
const MORE_LANES: usize = 4;

/// The first word of the note in a service's door: that it is a service's, of this version.
const MARK: u32 = u32::from_le_bytes(*b"REQ1");
/// In the note: messages of one direction have each their own length.
const VARIABLE: u32 = 1 << 7;
/// The largest window: it has 16 bits in the note.
const MAX_WINDOW: usize = u16::MAX as usize;

/// Requests that a lane holds though its client's window is smaller, and bytes that these may take.
/// A producer looks at the gates of its consumers at every eighth of a ring: in a lane of 8, for
/// each message, which takes longer than the message does.
const ROOMY: usize = 64;
const ROOMY_BYTES: usize = 16 << 10;

/// Messages of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) schema: Schema,
    /// Bytes of each lane's arena.
    pub(crate) arena: usize,
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServiceShape {
    /// Calls that a client can have outstanding.
    pub(crate) window: usize,
    /// Requests that its lane holds: a power of two, no less than that.
    pub(crate) capacity: usize,
    pub(crate) request: Body,
    pub(crate) reply: Body,
    pub(crate) clients: usize,
    pub(crate) servers: usize,
    pub(crate) tag: u64,
    pub(crate) asymmetric: bool,
}

impl ServiceShape {
    /// The mailbox of requests.
    pub(crate) fn requests(&self) -> mailbox::Options<[u8]> {
        let options = self.options(self.capacity, self.request);
        options.receivers(self.servers).senders(self.clients).note(self.note())
    }

    /// The reply box of a client.
    pub(crate) fn replies(&self) -> mailbox::Options<[u8]> {
        let lanes = self.servers.saturating_mul(LANES_FOR_SERVER).saturating_add(MORE_LANES);
        self.options(self.capacity.saturating_mul(2), self.reply).senders(lanes)
    }

    fn options(&self, capacity: usize, body: Body) -> mailbox::Options<[u8]> {
        let len = body.schema.max_len.saturating_add(HEADER);
        let options = mailbox::Options::bytes(capacity, len);
        let options = if body.arena > 0 { options.arena(body.arena) } else { options };
        options.tag(self.tag).asymmetric_fences(self.asymmetric)
    }

    /// The same with lanes that are as large as they should be for their messages and the window.
    pub(crate) fn with_lanes(self) -> ServiceShape {
        let longest = self.request.schema.max_len.max(self.reply.schema.max_len);
        let fit = ROOMY_BYTES / longest.saturating_add(HEADER);
        let roomy = if cfg!(ringway_loom) { 0 } else { fit.min(ROOMY) };
        // A window of 0 is refused as the capacity that it is.
        let wanted = if self.window == 0 { 0 } else { self.window.max(roomy) };
        let capacity = whole_capacity(wanted);
        ServiceShape { capacity, ..self }
    }

    /// What its door says, beside what it says of requests:
    ///
    /// | word | says |
    /// |---:|---|
    /// | 0 | `REQ1` |
    /// | 1 | the window in the low half; then 8 bits of requests, and as many of replies |
    /// | 2 | the longest reply in bytes, in a slot |
    /// | 3 | the arena of reply lanes, in units of 128 bytes |
    ///
    /// The 8 bits are the logarithm of the alignment, and 128 more if each message has its own
    /// length.
    fn note(&self) -> [u32; 4] {
        let kind = |schema: Schema| {
            let variable = if schema.variable { VARIABLE } else { 0 };
            schema.align.trailing_zeros() | variable
        };
        let reply = self.reply;
        let arena = reply.arena.div_ceil(ARENA_UNIT);
        [
            MARK,
            self.window as u32 | kind(self.request.schema) << 16 | kind(reply.schema) << 24,
            u32::try_from(reply.schema.max_len).unwrap_or(u32::MAX),
            u32::try_from(arena).unwrap_or(u32::MAX),
        ]
    }

    /// What a mailbox is, if it is a service's. What lies in a door may be anything: the boxes that
    /// are made of it are checked when they are.
    pub(crate) fn of(lanes: &LaneShape) -> Option<ServiceShape> {
        let [mark, kinds, reply_len, reply_arena] = lanes.note;
        let schema = |kind: u32, max_len: usize| Schema {
            variable: kind & VARIABLE != 0,
            max_len,
            align: 1usize.checked_shl(kind & (VARIABLE - 1)).unwrap_or(0),
        };
        let request_len = lanes.schema.max_len.checked_sub(HEADER)?;
        let arena = (reply_arena as usize).checked_mul(ARENA_UNIT)?;
        (mark == MARK).then_some(ServiceShape {
            window: (kinds & 0xffff) as usize,
            capacity: lanes.capacity,
            request: Body { schema: schema(kinds >> 16 & 0xff, request_len), arena: lanes.arena },
            reply: Body { schema: schema(kinds >> 24, reply_len as usize), arena },
            clients: lanes.lanes,
            servers: lanes.receivers,
            tag: lanes.tag,
            asymmetric: lanes.asymmetric,
        })
    }

    /// Whether there can be such a service.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.window > MAX_WINDOW {
            let (capacity, max) = (self.window, MAX_WINDOW);
            return Err(ConfigError::CapacityTooLarge { capacity, max });
        }
        for Body { schema, .. } in [self.request, self.reply] {
            if schema.align > ALIGN {
                return Err(ConfigError::AlignTooLarge { align: schema.align, max: ALIGN });
            }
            if schema.max_len > u32::MAX as usize - HEADER {
                let max = u32::MAX as usize - HEADER;
                return Err(ConfigError::MessageTooLarge { len: schema.max_len, max });
            }
        }
        self.requests().check()?;
        self.replies().check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Options;

    #[test]
    fn a_door_says_what_its_service_is() {
        let bytes = Options::<[u8], [u8]>::new(5).longest_reply(77).reply_arena(1000).servers(3);
        for shape in [bytes.tag(9).shape, Options::<u32, [u16; 5]>::new(1).clients(7).shape] {
            let shape = shape.with_lanes();
            assert!(shape.capacity == 64 && shape.window < 6);
            let lanes = shape.requests().shape();
            let mut told = ServiceShape::of(&lanes).unwrap();
            assert!((shape.reply.arena..shape.reply.arena + 128).contains(&told.reply.arena));
            told.reply.arena = shape.reply.arena;
            assert_eq!(told, shape);
        }
        let mailbox = crate::mailbox::Options::bytes(8, 100).shape();
        assert_eq!(ServiceShape::of(&mailbox), None);
    }
}
