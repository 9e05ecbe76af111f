//! The calls of a client that have not ended.
//!
//! A table by position: the calls at p and p + C share a place, and the second one is not made
//! before the first has ended. So a look-up is one comparison.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::position::Pos;
use crate::request::header::Status;
use ringway_shm::wait::Deadline;

/// What is known of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It has ended, or there was none.
    None,
    /// There is no reply yet.
    Waiting,
    /// The reply came while the client waited for another one, and is kept here.
    Kept(Status),
}

/// A place of the table.
#[derive(Debug)]
struct Place {
    position: Pos,
    state: State,
    retry: bool,
    until: Deadline,
    reply: Vec<u8>,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Window {
    places: Box<[Place]>,
    /// Calls that have not ended.
    outstanding: usize,
    /// Those whose replies are kept, in the order in which these came. Some of them may have ended.
    kept: VecDeque<Pos>,
}

/// A call that has no reply yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) position: Pos,
    pub(crate) retry: bool,
    pub(crate) until: Deadline,
}

impl Place {
    fn waiting(&self) -> Option<Waiting> {
        let Place { position, retry, until, .. } = *self;
        (self.state == State::Waiting).then_some(Waiting { position, retry, until })
    }
}

impl Window {
    /// Room for so many calls: a power of two.
    pub(crate) fn new(calls: usize) -> Window {
        let place = || Place {
            position: Pos::new(0),
            state: State::None,
            retry: false,
            until: Deadline::Never,
            reply: Vec::new(),
        };
        let places = core::iter::repeat_with(place).take(calls.max(1)).collect();
        Window { places, outstanding: 0, kept: VecDeque::with_capacity(calls) }
    }

    /// How many calls it has room for.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many calls have not ended.
    pub(crate) fn outstanding(&self) -> usize {
        self.outstanding
    }

    fn index(&self, position: Pos) -> usize {
        // Of a power of two, as the ring's capacity is.
        position.number() as usize & (self.places.len() - 1)
    }

    fn place(&self, position: Pos) -> Option<&Place> {
        self.places
            .get(self.index(position))
            .filter(|place| place.state != State::None && place.position == position)
    }

    fn place_mut(&mut self, position: Pos) -> Option<&mut Place> {
        let index = self.index(position);
        self.places
            .get_mut(index)
            .filter(|place| place.state != State::None && place.position == position)
    }

    /// Whether a call at that position can begin.
    pub(crate) fn has_room(&self, position: Pos) -> bool {
        self.places.get(self.index(position)).is_some_and(|place| place.state == State::None)
    }

    /// A call begins, for which there is room.
    pub(crate) fn begin(&mut self, position: Pos, retry: bool, until: Deadline) {
        let index = self.index(position);
        if let Some(place) = self.places.get_mut(index) {
            let reply = core::mem::take(&mut place.reply);
            *place = Place { position, state: State::Waiting, retry, until, reply };
            self.outstanding += 1;
        }
    }

    /// Whether the call at that position has not ended.
    pub(crate) fn has(&self, position: Pos) -> bool {
        self.place(position).is_some()
    }

    /// The call at that position, if there is no reply to it yet.
    pub(crate) fn waiting(&self, position: Pos) -> Option<Waiting> {
        self.place(position).and_then(Place::waiting)
    }

    /// The call at that place of the table, if there is no reply to it yet.
    pub(crate) fn waiting_at(&self, place: usize) -> Option<Waiting> {
        self.places.get(place).and_then(Place::waiting)
    }

    /// All calls that have not ended.
    pub(crate) fn all(&self) -> impl Iterator<Item = Pos> {
        let are_there = self.places.iter().filter(|place| place.state != State::None);
        are_there.map(|place| place.position)
    }

    /// All calls to which there is no reply yet.
    pub(crate) fn all_waiting(&self) -> impl Iterator<Item = Waiting> {
        self.places.iter().filter_map(Place::waiting)
    }

    /// Keeps the reply to a call, for a later call of the client's. The memory is used again for
    /// the next reply that is kept at this place.
    pub(crate) fn keep(&mut self, position: Pos, status: Status, reply: &[u8]) {
        if let Some(place) = self.place_mut(position) {
            place.state = State::Kept(status);
            place.reply.clear();
            place.reply.extend_from_slice(reply);
            self.kept.push_back(position);
        }
    }

    /// The reply to that call, if it is kept.
    pub(crate) fn kept(&self, position: Pos) -> Option<(Status, &[u8])> {
        let place = self.place(position)?;
        match place.state {
            State::Kept(status) => Some((status, &place.reply)),
            State::None | State::Waiting => None,
        }
    }

    /// The call whose reply has been kept for the longest time.
    pub(crate) fn first_kept(&mut self) -> Option<Pos> {
        while let Some(&position) = self.kept.front() {
            if self.kept(position).is_some() {
                return Some(position);
            }
            self.kept.pop_front();
        }
        None
    }

    /// A call ends. `false`: it had ended.
    pub(crate) fn end(&mut self, position: Pos) -> bool {
        let Some(place) = self.place_mut(position) else { return false };
        let was_kept = place.state != State::Waiting;
        place.state = State::None;
        self.outstanding -= 1;
        if was_kept {
            self.kept.retain(|&kept| kept != position);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u32) -> Pos {
        Pos::new(number.into())
    }

    #[test]
    fn a_place_is_for_one_call_at_a_time() {
        let mut window = Window::new(2);
        window.begin(at(0), false, Deadline::Never);
        window.begin(at(1), true, Deadline::Never);
        assert!(!window.has_room(at(2)) && !window.has_room(at(3)));
        assert!(window.end(at(1)) && !window.end(at(1)));
        assert!(!window.has_room(at(2)) && window.has_room(at(3)));
        window.begin(at(3), false, Deadline::Never);
        // What comes for the one that had the place before is not taken for the new one's.
        assert!(!window.has(at(1)) && window.waiting(at(1)).is_none());
        assert_eq!(window.outstanding(), 2);
    }

    #[test]
    fn replies_are_kept_in_the_order_in_which_they_came() {
        let mut window = Window::new(4);
        (0..4).for_each(|number| window.begin(at(number), false, Deadline::Never));
        for number in [2, 0, 3] {
            window.keep(at(number), Status::Answered, &[number as u8]);
        }
        assert_eq!(window.kept(at(0)), Some((Status::Answered, &[0][..])));
        assert!(window.end(at(0)));
        assert_eq!(window.first_kept(), Some(at(2)));
        assert!(window.end(at(2)));
        assert_eq!(window.first_kept(), Some(at(3)));
        assert!(window.end(at(3)));
        assert_eq!((window.first_kept(), window.outstanding()), (None, 1));
        assert_eq!(window.all_waiting().map(|call| call.position).next(), Some(at(1)));
    }
}
