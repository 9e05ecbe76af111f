//! What a service's creator chose, as all its processes have it.

use super::buffer::ALIGN;
use super::header::HEADER;
use crate::error::ConfigError;
use crate::mailbox::{self, LaneShape};
use crate::memory::geometry::{ARENA_UNIT, Schema};

/// Reply lanes in a box for each server that there can be: servers die, and others come, before the
/// client has received what the dead have sent.
const LANES_FOR_SERVER: usize = 4;
/// And so many more.
const MORE_LANES: usize = 4;

/// The first word of the note in a service's door: that it is a service's, of this version.
const MARK: u32 = u32::from_le_bytes(*b"REQ1");
/// In the note: messages of one direction have each their own length.
const VARIABLE: u32 = 1 << 15;

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
    /// Calls that a client can have outstanding: a power of two.
    pub(crate) window: usize,
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
        let options = self.options(self.window, self.request);
        options.receivers(self.servers).senders(self.clients).note(self.note())
    }

    /// The reply box of a client.
    pub(crate) fn replies(&self) -> mailbox::Options<[u8]> {
        let lanes = self.servers.saturating_mul(LANES_FOR_SERVER).saturating_add(MORE_LANES);
        self.options(self.window.saturating_mul(2), self.reply).senders(lanes)
    }

    fn options(&self, capacity: usize, body: Body) -> mailbox::Options<[u8]> {
        let len = body.schema.max_len.saturating_add(HEADER);
        let options = mailbox::Options::bytes(capacity, len);
        let options = if body.arena > 0 { options.arena(body.arena) } else { options };
        options.tag(self.tag).asymmetric_fences(self.asymmetric)
    }

    /// What its door says, beside what it says of requests:
    ///
    /// | word | says |
    /// |---:|---|
    /// | 0 | `REQ1` |
    /// | 1 | kinds: of requests in the low half, of replies in the high one. Each is the alignment, and 2^15 more if each message has its own length |
    /// | 2 | the longest reply in bytes, in a slot |
    /// | 3 | the arena of reply lanes, in units of 128 bytes |
    fn note(&self) -> [u32; 4] {
        let kind = |schema: Schema| {
            let variable = if schema.variable { VARIABLE } else { 0 };
            schema.align as u32 | variable
        };
        let reply = self.reply;
        let arena = reply.arena.div_ceil(ARENA_UNIT);
        [
            MARK,
            kind(self.request.schema) | kind(reply.schema) << 16,
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
            align: (kind & (VARIABLE - 1)) as usize,
        };
        let request_len = lanes.schema.max_len.checked_sub(HEADER)?;
        let arena = (reply_arena as usize).checked_mul(ARENA_UNIT)?;
        (mark == MARK).then_some(ServiceShape {
            window: lanes.capacity,
            request: Body { schema: schema(kinds & 0xffff, request_len), arena: lanes.arena },
            reply: Body { schema: schema(kinds >> 16, reply_len as usize), arena },
            clients: lanes.lanes,
            servers: lanes.receivers,
            tag: lanes.tag,
            asymmetric: lanes.asymmetric,
        })
    }

    /// Whether there can be such a service.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
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
